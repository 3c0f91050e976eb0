"""What the tests of the alerts share: the metrics of a sidecar to which everything has happened."""

import socket

import pytest

from tests.support.raw_client import RawClient
from tests.support.scripted_provider import Peer, ScriptedProvider
from tests.support.sidecar_process import SidecarProcess


def provider(peer: Peer) -> None:
    """``/p/status/404`` answers so, ``/p/hang`` not at all, ``/p/cut`` by closing the connection."""
    while True:
        request = peer.read_request()
        what = request.target.rpartition(b"/")[2]
        if what == b"hang":
            peer.hold()
        if not what.isdigit():
            return
        peer.send(b"HTTP/1.1 %b x\r\nContent-Length: 0\r\n\r\n" % what)


def config(url: str) -> dict[str, object]:
    """A provider for each thing that may become of a call."""
    retry = {"attempts": 2, "backoff": {"base": "1ms", "cap": "1ms"}, "budget": {"ratio": 0, "floor": "1/s"}}
    limits = {"breaker": {"consecutive": 1}, "rate": {"limit": "1000/s"}, "concurrency": {"limit": 5}}
    return {
        "providers": {
            "plain": {"base_url": url, "timeouts": {"head": "200ms"}},
            "tries": {"base_url": url, "retry": retry},
            "guarded": {"base_url": url, **limits},
            "faulty": {"base_url": url, "faults": {"percent": "100%", "abort": 503}},
        }
    }


@pytest.fixture(scope="session")
def metrics() -> bytes:
    """What a sidecar says when everything has happened to it that the rules speak of."""
    with ScriptedProvider(provider) as there, SidecarProcess(config(there.url), quiet_stderr=False) as sidecar:
        for status in (200, 401, 404, 429, 500):
            assert call(sidecar, f"/plain/status/{status}") == status
        assert call(sidecar, "/plain/cut?token=kept-out-of-the-log/404") == 404
        assert call(sidecar, "/plain/cut") == 502
        assert call(sidecar, "/plain/hang") == 504
        leave(sidecar, there, "/guarded/hang")
        assert {call(sidecar, "/tries/status/503") for _ in range(5)} == {503}
        assert [call(sidecar, "/guarded/status/500") for _ in range(2)] == [500, 503]
        assert call(sidecar, "/faulty/status/200") == 503
        sidecar.requests(17)
        status, text = sidecar.get("/metrics")
        assert status == 200
        there.let_go()
    return text


def call(sidecar: SidecarProcess, path: str) -> int:
    return sidecar.get(path, sidecar.port)[0]


def leave(sidecar: SidecarProcess, there: ScriptedProvider, path: str) -> None:
    """An app that goes away while the provider works on its call."""
    before = len(there.requests)
    with RawClient(sidecar.port) as app:
        app.send(f"GET {path} HTTP/1.1\r\nHost: app\r\n\r\n".encode())
        there.wait_requests(before + 1)
        app.sock.shutdown(socket.SHUT_RDWR)
