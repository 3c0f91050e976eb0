"""A new configuration while calls go on: signals, changed files, mounted ConfigMaps, secrets, bad files."""

import asyncio
import json
import os
from typing import Any

import pytest
import trustme

import sidecar.reloading
from tests.chaos.provider_script import OK, Wire, answer
from tests.chaos.scene import Scene, eventually


@pytest.fixture
def quick_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the files every 10 ms."""
    monkeypatch.setattr(sidecar.reloading, "POLL_FILES", 0.01)


def named(name: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name)


async def two(scene: Scene) -> tuple[dict[str, Any], dict[str, Any]]:
    """Settings of ``p`` that lead to provider one, and to provider two."""
    found = []
    for name in (b"one", b"two"):
        provider = await scene.provider(answer(named(name)))
        found.append({"p": {"base_url": f"http://127.0.0.1:{provider.port}"}})
    return found[0], found[1]


async def body(scene: Scene, path: str = "/p/x") -> bytes:
    got = await scene.get(path)
    await scene.call()
    return got.body


def events(scene: Scene, name: str) -> list[dict[str, Any]]:
    return [line for line in scene.events() if line["event"] == name]


async def test_another_provider(scene: Scene) -> None:
    first, second = await two(scene)
    await scene.start(first)
    assert await body(scene) == b"one"
    old = scene.pool()
    scene.write(second)
    assert await scene.runtime.reload() == []
    assert await body(scene) == b"two"
    assert scene.pool() is not old
    assert old.closed
    await eventually(lambda: not old.open_connections)
    assert (await scene.metrics())['sidecar_config_reloads_total{result="success"}'] == 1
    await eventually(lambda: events(scene, "reloaded"))
    assert not events(scene, "restart_needed")


async def test_unchanged_pool_is_kept(scene: Scene) -> None:
    first, second = await two(scene)
    await scene.start(first)
    await body(scene)
    old = scene.pool()
    scene.write(first | {"q": second["p"]})
    await scene.runtime.reload()
    assert scene.pool() is old
    assert (await scene.get("/q/x")).body == b"two"
    await scene.call()
    await scene.get("/p/x")
    assert (await scene.call())["attempts"][0]["connection"] == "reused"


async def test_call_in_flight_ends_on_the_old_connection(scene: Scene) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        asked.set()
        await go.wait()
        await wire.send(named(b"slow"))
        await wire.gone()

    slow = await scene.provider(script)
    _, second = await two(scene)
    await scene.start({"p": {"base_url": f"http://127.0.0.1:{slow.port}"}})
    old = scene.pool()
    app = await scene.app()
    app.get("/p/slow")
    await asked.wait()
    scene.write(second)
    await scene.runtime.reload()
    go.set()
    assert (await app.answer()).body == b"slow"
    await scene.call()
    await eventually(lambda: not old.open_connections)
    app.get("/p/next")
    assert (await app.answer()).body == b"two"
    await scene.call()


@pytest.mark.usefixtures("quick_look")
async def test_changed_file(scene: Scene) -> None:
    first, second = await two(scene)
    await scene.start(first)
    scene.write(second)
    await eventually(lambda: scene.runtime.stats.reloads["success"])
    assert await body(scene) == b"two"


@pytest.mark.usefixtures("quick_look")
async def test_mounted_config_map(scene: Scene) -> None:
    """Kubernetes writes a new folder and swaps the ``..data`` symlink; the file itself is a symlink through it."""
    first, second = await two(scene)
    mount = scene.folder / "mount"
    mount.mkdir()
    scene.config = mount / "sidecar.yaml"
    for number, providers in enumerate((first, second)):
        folder = mount / f"..{number}"
        folder.mkdir()
        scene.config = folder / "sidecar.yaml"
        scene.write(providers)
        os.utime(scene.config, (1, 1))
    (mount / "..data").symlink_to("..0")
    scene.config = mount / "sidecar.yaml"
    scene.config.symlink_to("..data/sidecar.yaml")
    written = scene.write
    scene.write = lambda *args, **kwargs: None  # type: ignore[method-assign,assignment]
    await scene.start({})
    scene.write = written  # type: ignore[method-assign]
    assert await body(scene) == b"one"
    (mount / "..data_tmp").symlink_to("..1")
    (mount / "..data_tmp").rename(mount / "..data")
    await eventually(lambda: scene.runtime.stats.reloads["success"])
    assert await body(scene) == b"two"


@pytest.mark.usefixtures("quick_look")
async def test_secret_rotates(scene: Scene) -> None:
    seen: list[bytes] = []

    async def script(wire: Wire) -> None:
        while True:
            seen.append(await wire.head())
            await wire.send(OK)

    secret = scene.folder / "key"
    secret.write_text("first-secret\n")
    await scene.serve(script, headers={"set": {"Authorization": f"Bearer ${{file:{secret}}}"}})
    await body(scene)
    assert b"Authorization: Bearer first-secret\r\n" in seen[-1]
    pool = scene.pool()
    secret.write_text("second-secret\n")
    await eventually(lambda: scene.runtime.stats.reloads["success"])
    await body(scene)
    assert b"Authorization: Bearer second-secret\r\n" in seen[-1]
    assert scene.pool() is pool
    log = scene.log.read_text()
    assert "first-secret" not in log
    assert "second-secret" not in log


@pytest.mark.usefixtures("quick_look")
@pytest.mark.parametrize("bad", ["version: 1\nproviders: {p: {base_urll: x}}", "{", "", "\xff", None])
async def test_bad_file_keeps_the_old_one(scene: Scene, bad: str | None) -> None:
    first, second = await two(scene)
    await scene.start(first)
    if bad is None:
        scene.config.unlink()
    else:
        scene.config.write_bytes(bad.encode("latin-1"))
    await eventually(lambda: scene.runtime.stats.reloads["failure"])
    assert await body(scene) == b"one"
    await eventually(lambda: events(scene, "reload_failed"))
    (event,) = events(scene, "reload_failed")
    assert event["level"] == "error"
    assert event["problems"]
    assert (await scene.metrics())['sidecar_config_reloads_total{result="failure"}'] == 1
    scene.write(second)
    await eventually(lambda: scene.runtime.stats.reloads["success"])
    assert await body(scene) == b"two"


async def test_removed_provider_has_no_idle_connections_in_the_metrics(scene: Scene) -> None:
    first, second = await two(scene)
    await scene.start(first | {"q": second["p"]})
    await body(scene, "/q/x")
    sample = 'sidecar_pool_connections{provider="q",state="idle"}'
    assert (await scene.metrics())[sample] == 1
    scene.write(first)
    await scene.runtime.reload()
    assert (await scene.metrics())[sample] == 0


async def test_what_needs_a_restart_is_said(scene: Scene) -> None:
    first, _ = await two(scene)
    await scene.start(first)
    scene.write(first, listen="127.0.0.1:1", limits={"headers": 100})
    assert await scene.runtime.reload() == []
    await eventually(lambda: events(scene, "restart_needed"))
    (event,) = events(scene, "restart_needed")
    assert event["keys"] == ["listen", "limits"]
    assert await body(scene) == b"one"


async def test_own_listener_of_a_removed_provider_refuses(scene: Scene) -> None:
    first, second = await two(scene)
    first["p"]["listen"] = "127.0.0.1:0"
    await scene.start(first | {"q": second["p"]})
    scene.write({"q": second["p"]})
    await scene.runtime.reload()
    app = await scene.app("providers.p.listen")
    app.get("/x")
    assert (await app.answer()).problem["code"] == "no_route"
    await scene.call()
    await eventually(lambda: events(scene, "restart_needed"))
    assert events(scene, "restart_needed")[0]["keys"] == ["providers.p.listen"]


async def test_failed_reload_leaves_no_connections(scene: Scene) -> None:
    """Pools of the new table were opened before it was known to be good, and nobody closed them."""
    first, second = await two(scene)
    await scene.start(first)
    fresh = second["p"] | {"pool": {"prewarm": 2}}
    bad = scene.folder / "bad.pem"
    bad.write_text("-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----\n")
    broken = {"base_url": "https://127.0.0.1:1", "tls": {"ca": str(bad)}}
    scene.write(first | {"fresh": fresh, "x": broken})
    before = {task for task in asyncio.all_tasks() if task.get_name() == "prewarm"}
    assert await scene.runtime.reload() != []
    assert {task for task in asyncio.all_tasks() if task.get_name() == "prewarm"} == before
    assert scene.runtime.stats.provider("fresh").connections_opened == 0
    assert await body(scene) == b"one"


async def test_renewed_ca_is_picked_up(scene: Scene) -> None:
    first, _ = await two(scene)
    ca = scene.folder / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(ca))
    await scene.start(first | {"t": {"base_url": "https://127.0.0.1:1", "tls": {"ca": str(ca)}}})
    old = scene.pool("t")
    trustme.CA().cert_pem.write_to_path(str(ca))
    os.utime(ca, ns=(1, 1))
    await scene.runtime.reload()
    assert scene.pool("t") is not old


async def test_under_load_no_call_fails(scene: Scene) -> None:
    first, second = await two(scene)
    await scene.start(first)
    going = True
    count = 0

    async def load() -> None:
        nonlocal count
        app = await scene.app()
        while going:
            app.get("/p/x")
            got = await app.answer()
            assert (got.status, got.headers["sidecar-outcome"]) == (200, "success")
            count += 1

    tasks = [asyncio.ensure_future(load()) for _ in range(8)]
    for number in range(12):
        goal = count + 40
        await eventually(lambda goal=goal: count >= goal)
        scene.write((second, first)[number % 2])
        assert await scene.runtime.reload() == []
    going = False
    await asyncio.gather(*tasks)
    await eventually(lambda: len(scene.requests()) == count)
    scene.calls = count


async def test_reload_by_the_admin_api(scene: Scene) -> None:
    first, second = await two(scene)
    await scene.start(first)
    scene.write(second)
    app = await scene.app("admin.listen")
    lines = ["Authorization: Bearer chaos-token", "Content-Type: application/json"]
    address = scene.runtime.addresses["admin.listen"]
    head = ["POST /reload HTTP/1.1", f"Host: {address}", "Content-Length: 2", *lines]
    app.send(("\r\n".join(head) + "\r\n\r\n{}").encode())
    got = await app.answer()
    assert (got.status, json.loads(got.body)) == (200, {"result": "success"})
    assert await body(scene) == b"two"
