"""Two sidecars that a real Prometheus scrapes: to one everything has happened, the other just began."""

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.prometheus import Prometheus
from tests.support.raw_client import RawClient
from tests.support.scripted_provider import OK, Peer, ScriptedProvider
from tests.support.sidecar_process import SidecarProcess

SCRAPES_NEEDED = 4
"""One before anything happens, and enough after it for a rate."""


@dataclass(frozen=True)
class Scene:
    """``metrics``: the text of the busy sidecar's ``/metrics``, after everything has happened."""

    prometheus: Prometheus
    metrics: str


class Moody:
    """A provider whose answer is said by the last part of the path."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: set[bytes] = set()
        self._hedged = threading.Barrier(2)

    def __call__(self, peer: Peer) -> None:
        while True:
            peer.send(self._answer(peer.read_request().target))

    def _answer(self, target: bytes) -> bytes:
        word = target.rpartition(b"/")[2]
        if word == b"hedged":
            self._hedged.wait(10)  # both sends of the call
        if word == b"once":
            with self._lock:
                word = b"200" if target in self._seen else b"503"
                self._seen.add(target)
        return b"HTTP/1.1 %b X\r\nContent-Length: 2\r\n\r\nno" % word if word.isdigit() and word != b"200" else OK


def _config(url: str) -> dict[str, Any]:
    """One provider for each thing that may happen; ``all`` has every policy whose gauges would be missing else."""
    quick = {"base": "1ms", "cap": "1ms"}
    return {
        "log": {"bodies": "always"},
        "providers": {
            "all": {
                "base_url": url,
                "retry": {"attempts": 2, "backoff": quick},
                "breaker": {"consecutive": 5},
                "rate": {"limit": "1000/s", "burst": 100},
                "concurrency": {"limit": 10},
                "fallback": {"status": 503, "json": {"available": False}},
                "routes": [{"name": "orders", "match": {"path": "/orders/**"}}],
            },
            "hedged": {"base_url": url, "retry": {"attempts": 2, "hedge": {"after": "10ms"}}},
            "watched": {"base_url": url, "breaker": {"consecutive": 1, "mode": "observe"}},
            "faulty": {"base_url": url, "faults": {"percent": "100%", "abort": 503}},
            "killed": {"base_url": url, "enabled": False},
            "idle": {"base_url": url},
        },
    }


def _provoke(sidecar: SidecarProcess) -> None:
    """Make everything happen that has a series only once it did."""
    with sidecar.client() as app:
        for path in (
            "/all/orders/200", "/all/orders/1/once", "/all/401", "/all/orders/404", "/all/500", *["/all/503"] * 4,
            "/watched/503", "/watched/503", "/faulty/200", "/killed/200", "/nobody/200", "/hedged/hedged",
        ):  # fmt: skip
            _call(app, path)
    sidecar.send_signal(signal.SIGHUP)
    sidecar.wait_event("reloaded")


def _call(app: RawClient, path: str) -> None:
    key = "Authorization: Bearer an-example-token-0123456789abcdef"
    app.ask(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{key}\r\n\r\n".encode())


def _scraped(prometheus: Prometheus) -> bool:
    counted = prometheus.api("query", query="count_over_time(sidecar_build_info[1m])")["result"]
    return [int(one["value"][1]) >= SCRAPES_NEEDED for one in counted] == [True, True]


@pytest.fixture(scope="package")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("prometheus")
    (folder / "rules.yaml").write_text("groups: []\n")
    with (
        ScriptedProvider(Moody()) as provider,
        SidecarProcess(_config(provider.url), quiet_stderr=False) as busy,
        SidecarProcess({"providers": {"calm": {"base_url": provider.url}}}) as calm,
    ):
        targets = {
            busy.ops_port: {"job": "shop", "namespace": "shop", "pod": "busy"},
            calm.ops_port: {"job": "shop", "namespace": "shop", "pod": "calm"},
        }
        with Prometheus(folder, targets, folder / "rules.yaml") as prometheus:
            prometheus.wait(lambda: len(prometheus.api("query", query="up == 1")["result"]) == 2, "first scrapes")
            _provoke(busy)
            prometheus.wait(lambda: _scraped(prometheus), "scrapes")
            yield Scene(prometheus, busy.get("/metrics")[1].decode())
