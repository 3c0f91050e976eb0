"""``sidecar run`` in a pod: reloads and its end while an app sends, and Jobs that end."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.support.child import child
from tests.support.kubelet import Volume
from tests.support.raw_client import Answer, RawClient
from tests.support.scripted_provider import OK, ScriptedProvider, answer
from tests.support.sidecar_process import ROOT, SidecarProcess, complete

GET = b"GET /p/x HTTP/1.1\r\nHost: app\r\n\r\n"
POST = b"POST /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\nbody"
APPS = 6
TOKEN = "lifecycle-token"


class Apps:
    """Apps that send call after call, each on its kept-alive connection, until told to stop.

    A connection is left when its answer says ``Connection: close``. Whatever else ends one is a failure.
    """

    def __init__(self, port: int) -> None:
        self._port = port
        self._changed = threading.Condition()
        self._stopped = False
        self.answers: list[Answer] = []
        self.failures: list[BaseException] = []
        self._threads = [threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(APPS)]
        for thread in self._threads:
            thread.start()

    def _send(self, number: int) -> None:
        request = POST if number % 2 else GET
        try:
            client = RawClient(self._port)
            while not self._stopped:
                got = client.ask(request)
                with self._changed:
                    self.answers.append(got)
                    self._changed.notify_all()
                if got.get("connection") == b"close":
                    client.close()
                    client = RawClient(self._port)
            client.close()
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            with self._changed:
                self.failures.append(error)
                self._changed.notify_all()

    def wait_more(self, count: int) -> None:
        """Wait for so many more answers."""
        with self._changed:
            goal = len(self.answers) + count
            assert self._changed.wait_for(lambda: len(self.answers) >= goal or self.failures, 20), (
                "the apps stand still"
            )
            assert not self.failures

    def stop(self) -> None:
        """Let each finish its call."""
        self._stopped = True
        for thread in self._threads:
            thread.join(20)
        assert self.failures == []


@contextmanager
def apps(port: int) -> Iterator[Apps]:
    running = Apps(port)
    try:
        yield running
    finally:
        running.stop()


def settings(provider: ScriptedProvider, generation: int = 0) -> str:
    headers = {"set": {"X-Generation": str(generation), "Authorization": "Bearer ${file:../secret/key}"}}
    providers = {"p": {"base_url": provider.url, "headers": headers}}
    # Every second one gets another pool too, while calls are on its connections.
    providers["p"]["pool"] = {"max_idle": 10 + generation // 2}  # type: ignore[dict-item]
    return json.dumps(complete({"providers": providers, "admin": {"token": "${file:../secret/admin}"}}))


def reload(sidecar: SidecarProcess) -> int:
    """``POST /reload``: its status."""
    head = f"POST /reload HTTP/1.1\r\nHost: 127.0.0.1:{sidecar.admin_port}\r\nAuthorization: Bearer {TOKEN}\r\n"
    with RawClient(sidecar.admin_port) as client:
        return client.ask(f"{head}Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}".encode()).status


def carried(provider: ScriptedProvider) -> tuple[bytes | None, bytes | None]:
    """What the configuration and the secret put into the last call."""
    last = provider.requests[-1]
    return last.get("X-Generation"), last.get("Authorization")


def test_every_way_to_reload_fails_no_call(tmp_path: Any) -> None:
    secret = Volume(tmp_path / "secret", {"admin": TOKEN, "key": "key-0"})
    folder = tmp_path / "config"
    with ScriptedProvider(answer(OK)) as provider:
        volume = Volume(folder, {"sidecar.yaml": settings(provider)})
        sidecar = SidecarProcess(None, folder=folder)
        with sidecar, apps(sidecar.port) as load:
            for number in range(1, 7):
                load.wait_more(60)
                if number % 3 == 0:
                    secret.write({"admin": TOKEN, "key": f"key-{number}"})
                else:
                    volume.write({"sidecar.yaml": settings(provider, number)})
                if number % 3 == 1:
                    sidecar.send_signal(signal.SIGHUP)
                elif number % 3 == 2:
                    assert reload(sidecar) == 200
                wanted = (b"%d" % (number - (number % 3 == 0)), b"Bearer key-%d" % (number - number % 3))
                provider.wait_for(lambda wanted=wanted: carried(provider) == wanted, f"{wanted}")  # type: ignore[misc]
            load.wait_more(60)
            load.stop()
            assert {(got.status, got.body) for got in load.answers} == {(200, b"ok")}
            lines = sidecar.requests(len(load.answers))
            assert {(line["outcome"], line["status"]) for line in lines} == {("success", 200)}


def test_drain_under_load_fails_no_call(tmp_path: Any) -> None:
    with ScriptedProvider(answer(OK)) as provider:
        with SidecarProcess({"providers": {"p": {"base_url": provider.url}}}) as sidecar:
            with apps(sidecar.port) as load:
                load.wait_more(200)
                sidecar.send_signal(signal.SIGTERM)
                sidecar.wait_event("draining")
                load.wait_more(APPS)
                before = len(load.answers)
                load.wait_more(200)
            assert sidecar.process.wait(20) == 0
        assert {got.status for got in load.answers} == {200}
        assert {got.get("connection") for got in load.answers[before:]} == {b"close"}
        assert len(sidecar.requests()) == len(load.answers)
        assert sidecar.lines[-1]["cut"] == 0


def test_idle_connection_still_carries_a_call_after_sigterm() -> None:
    """It was closed at once: an app whose next request was on its way to it lost that call."""
    with (
        ScriptedProvider(answer(OK)) as provider,
        SidecarProcess({"providers": {"p": {"base_url": provider.url}}}) as sidecar,
        sidecar.client() as app,
    ):
        assert app.ask(GET).get("connection") is None
        sidecar.send_signal(signal.SIGTERM)
        sidecar.wait_event("draining")
        got = app.ask(GET)
        assert (got.status, got.get("connection")) == (200, b"close")
        app.assert_closed()
        assert sidecar.process.wait(20) == 0


JOB = """
import sys, urllib.request
base, admin = sys.argv[1:]
for _ in range(3):
    with urllib.request.urlopen(base + "/p/x", timeout=10) as answer:
        assert answer.read() == b"ok"
if admin:
    request = urllib.request.Request(admin + "/shutdown", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 202
"""


@pytest.mark.parametrize("cluster", ["native sidecars", "old"])
def test_a_job_and_its_sidecar_both_end(cluster: str) -> None:
    """In an old cluster the app itself ends the sidecar; a newer one does so when the app has exited."""
    with ScriptedProvider(answer(OK)) as provider:
        drain = {"drain": {"timeout": "10m"}}
        with SidecarProcess({"providers": {"p": {"base_url": provider.url}}, **drain}) as sidecar:
            admin = f"http://127.0.0.1:{sidecar.admin_port}" if cluster == "old" else ""
            command = [sys.executable, "-c", JOB, sidecar.url, admin]
            with child(command, env=os.environ | {"PYTHONPATH": str(ROOT)}) as app:
                assert app.wait(20) == 0
            if cluster != "old":
                sidecar.send_signal(signal.SIGTERM)
            assert sidecar.process.wait(20) == 0
        stopped = sidecar.lines[-1]
        assert (stopped["event"], stopped["cut"], len(sidecar.requests())) == ("stopped", 0, 3)
