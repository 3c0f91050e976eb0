"""The kill switch in the whole program: by the file, by hand, over reloads and restarts."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.provider_script import OK, Wire, answer, hang
from tests.chaos.scene import Scene, eventually
from tests.integration.admin_api import admin, events
from tests.support.raw_client import RawClient
from tests.support.scripted_provider import ScriptedProvider
from tests.support.scripted_provider import answer as answers
from tests.support.sidecar_process import ROOT, SidecarProcess, complete

KILL = {"reason": "refunds run twice", "who": "ana"}
GAUGE = 'sidecar_kill_switch{provider="p"}'


# ---- by the file ----


async def test_a_provider_that_the_file_switches_off_is_never_called(scene: Scene) -> None:
    provider = await scene.serve(answer(), enabled=False)
    got = await scene.get()
    assert (got.status, got.problem["code"]) == (503, "killed")
    assert got.problem["detail"] == "p is switched off in the configuration (enabled: false)"
    assert got.headers["sidecar-outcome"] == "refused; sent=nothing"
    assert got.headers["proxy-status"].startswith("sidecar; error=http_request_denied")
    assert "retry-after" not in got.headers
    assert (await scene.call())["error"] == "killed"
    assert provider.opened == 0
    metrics = await scene.metrics()
    assert metrics[GAUGE] == 1
    assert metrics['sidecar_rejected_total{provider="p",code="killed"}'] == 1
    assert (await admin(scene, "GET", "/providers/p"))[1]["enabled"] is False


async def test_a_route_can_be_switched_off_alone(scene: Scene) -> None:
    provider = await scene.serve(answer(), routes=[{"name": "w", "match": {"methods": ["POST"]}, "enabled": False}])
    assert (await scene.get("/p/x", "Content-Length: 0", method="POST")).status == 503
    assert (await scene.get("/p/x")).status == 200
    assert [(await scene.call())["route"] for _ in range(2)] == ["w", "default"]
    assert provider.opened == 1
    assert (await scene.metrics())[GAUGE] == 0
    routes = (await admin(scene, "GET", "/providers/p"))[1]["routes"]
    assert routes == {"w": {"enabled": False, "faults": None}, "default": {"enabled": True, "faults": None}}


async def test_a_reload_turns_it(scene: Scene) -> None:
    provider = await scene.serve(answer())
    settings = {"base_url": f"http://127.0.0.1:{provider.port}"}
    for enabled, status in ((False, 503), (True, 200)):
        scene.write({"p": settings | {"enabled": enabled}})
        assert await scene.runtime.reload() == []
        assert (await scene.get()).status == status
        await scene.call()


# ---- by hand ----


async def test_by_hand_and_back(scene: Scene) -> None:
    provider = await scene.serve(answer())
    status, shown = await admin(scene, "PUT", "/providers/p/kill", KILL | {"expires": "10m"})
    assert status == 200
    assert (shown["kill"]["who"], shown["kill"]["reason"]) == ("ana", "refunds run twice")
    got = await scene.get()
    assert (got.status, got.problem["code"]) == (503, "killed")
    assert got.problem["detail"].startswith("switched off by ana: refunds run twice; until 2")
    assert 595 <= int(got.headers["retry-after"]) <= 600
    assert got.problem["retry_after"] == int(got.headers["retry-after"])
    await scene.call()
    assert (await scene.metrics())[GAUGE] == 1
    assert (await admin(scene, "DELETE", "/providers/p/kill"))[0] == 200
    assert (await scene.get()).status == 200
    await scene.call()
    assert (await scene.metrics())[GAUGE] == 0
    assert provider.opened == 1
    await eventually(lambda: events(scene, "kill_switch_off"))
    (on,), (off,) = events(scene, "kill_switch_on"), events(scene, "kill_switch_off")
    assert (on["level"], on["provider"], on["who"], on["client"]) == ("warning", "p", "ana", "127.0.0.1")
    assert (off["level"], off["reason"]) == ("info", "refunds run twice")


async def test_secrets_in_a_reason_are_masked_wherever_it_shows(scene: Scene) -> None:
    await scene.serve(answer())
    order = KILL | {"reason": "leaked token=s3cr3t-value-123"}
    _, shown = await admin(scene, "PUT", "/providers/p/kill", order)
    got = await scene.get()
    await scene.call()
    await eventually(lambda: events(scene, "kill_switch_on"))
    assert "s3cr3t" not in json.dumps(shown) + got.body.decode() + json.dumps(got.headers) + scene.log.read_text()


async def test_it_ends_by_itself(scene: Scene) -> None:
    await scene.serve(answer())
    await admin(scene, "PUT", "/providers/p/kill", KILL | {"expires": "50ms"})
    await eventually(lambda: events(scene, "kill_switch_expired"))
    assert (await scene.get()).status == 200
    await scene.call()
    assert (await scene.metrics())[GAUGE] == 0


async def test_a_reload_does_not_end_it(scene: Scene) -> None:
    provider = await scene.serve(answer())
    settings = {"base_url": f"http://127.0.0.1:{provider.port}"}
    await admin(scene, "PUT", "/providers/p/kill", KILL)
    for providers in ({"p": settings | {"timeouts": {"head": "1s"}}}, {"q": settings}, {"p": settings}):
        scene.write(providers)
        assert await scene.runtime.reload() == []
    assert (await scene.get()).problem["code"] == "killed"
    await scene.call()
    assert (await scene.metrics())[GAUGE] == 1


async def test_calls_in_flight_end_as_they_would(scene: Scene) -> None:
    """The provider may be acting on them: to cut them would only hide what it did."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        asked.set()
        await go.wait()
        await wire.send(OK)
        await wire.gone()

    await scene.serve(script)
    app = await scene.app()
    app.get("/p/slow")
    await asked.wait()
    await admin(scene, "PUT", "/providers/p/kill", KILL)
    go.set()
    assert (await app.answer()).status == 200
    await scene.call()


async def test_a_retry_that_waits_is_not_sent_any_more(scene: Scene) -> None:
    heads: list[bytes] = []

    async def script(wire: Wire) -> None:
        while True:
            heads.append(await wire.head())
            await wire.send(b"HTTP/1.1 503 Down\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\ndown")

    await scene.serve(script, retry={"attempts": 3})
    app = await scene.app()
    app.get("/p/x")
    await eventually(lambda: heads)
    await admin(scene, "PUT", "/providers/p/kill", KILL)
    got = await app.answer()
    assert (got.status, got.body) == (503, b"down")
    line = await scene.call()
    assert len(heads) == len(line["attempts"]) == 1


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_the_provider_is_not_even_connected_to(scene: Scene, method: str) -> None:
    provider = await scene.serve(hang)
    await admin(scene, "PUT", "/providers/p/kill", KILL)
    assert (await scene.get(method=method)).status == 503
    await scene.call()
    assert provider.opened == 0


# ---- over a restart ----


def sidecar(folder: Path, provider: ScriptedProvider, **more: Any) -> SidecarProcess:
    """A process with its configuration, and its state, in this folder."""
    settings = {"providers": {"p": {"base_url": provider.url}}, "admin": {"token": "${ADMIN_TOKEN}"}, **more}
    return SidecarProcess(settings, folder=folder, env={"ADMIN_TOKEN": "admin-token"})


def order(process: SidecarProcess, method: str, body: Any = None) -> int:
    content = b"" if body is None else json.dumps(body).encode()
    lines = [
        f"{method} /providers/p/kill HTTP/1.1", "Host: 127.0.0.1", "Authorization: Bearer admin-token",
        "Content-Type: application/json", f"Content-Length: {len(content)}", "Connection: close",
    ]  # fmt: skip
    with RawClient(process.admin_port) as client:
        return client.ask("\r\n".join(lines).encode() + b"\r\n\r\n" + content).status


def get(process: SidecarProcess) -> tuple[int, bytes]:
    with process.client() as app:
        got = app.ask(b"GET /p/x HTTP/1.1\r\nHost: app\r\nConnection: close\r\n\r\n")
        return got.status, got.body


def test_it_survives_even_a_crash(tmp_path: Path) -> None:
    with ScriptedProvider(answers(OK)) as provider:
        first = sidecar(tmp_path, provider, state_dir="state")
        assert order(first, "PUT", KILL) == 200
        first.kill()
        assert (tmp_path / "state" / "switches.json").stat().st_mode & 0o777 == 0o600
        with sidecar(tmp_path, provider, state_dir="state") as second:
            assert second.wait_event("kill_switch_restored")["who"] == "ana"
            status, body = get(second)
            assert (status, json.loads(body)["detail"]) == (503, "switched off by ana: refunds run twice")
            assert order(second, "DELETE") == 200
        with sidecar(tmp_path, provider, state_dir="state") as third:
            assert get(third)[0] == 200


def test_without_a_folder_a_restart_ends_it(tmp_path: Path) -> None:
    with ScriptedProvider(answers(OK)) as provider:
        with sidecar(tmp_path, provider) as first:
            assert order(first, "PUT", KILL) == 200
            assert get(first)[0] == 503
        with sidecar(tmp_path, provider) as second:
            assert get(second)[0] == 200
        assert [file.name for file in tmp_path.iterdir()] == ["sidecar.yaml"]


def test_switches_that_cannot_be_read_stop_the_start(tmp_path: Path) -> None:
    """A kill that nobody can read must not silently be off."""
    (tmp_path / "state").mkdir()
    file = tmp_path / "state" / "switches.json"
    file.write_text('{"version": 1, "kills": {"p"')
    settings = complete({"providers": {"p": {"base_url": "http://127.0.0.1:9"}}, "state_dir": "state"})
    (tmp_path / "sidecar.yaml").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "sidecar.cli.main", "run", "-c", str(tmp_path / "sidecar.yaml")]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, env=environ, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines()[-3:] == [
        "error: the kill switches of the last run cannot be read",
        f"where: {file}: its content is not what the sidecar writes",
        "do:    mend the file, or remove it: then no provider is switched off by hand",
    ]
    (line,) = [json.loads(line) for line in done.stdout.splitlines()]
    assert (line["event"], line["level"]) == ("kill_switches_unreadable", "error")
    assert file.read_text() == '{"version": 1, "kills": {"p"'
