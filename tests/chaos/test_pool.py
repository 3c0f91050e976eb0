"""The pool of one provider: how many, how old, in which order, and who waits."""

import asyncio

import pytest

from tests.chaos.app import App
from tests.chaos.provider_script import OK, Wire, answer
from tests.chaos.scene import Scene, eventually


class Gate:
    """A provider that answers when told; ``order`` are the connections that were asked."""

    def __init__(self) -> None:
        self.order: list[int] = []
        self.go = asyncio.Semaphore(0)

    async def script(self, wire: Wire) -> None:
        while True:
            await wire.head()
            self.order.append(wire.number)
            await self.go.acquire()
            await wire.send(OK)


async def open_calls(scene: Scene, gate: Gate, count: int) -> list[App]:
    """That many calls in flight, each on its own connection."""
    apps = []
    for number in range(count):
        app = await scene.app()
        app.get(f"/p/{number}")
        apps.append(app)
        await eventually(lambda number=number: len(gate.order) > number)
    return apps


async def finish(scene: Scene, gate: Gate, apps: list[App]) -> None:
    for _ in apps:
        gate.go.release()
    for app in apps:
        assert (await app.answer()).status == 200
        await scene.call()


async def test_exhausted(scene: Scene) -> None:
    gate = Gate()
    await scene.serve(gate.script, pool={"max_connections": 2}, timeouts={"pool": "40ms"})
    apps = await open_calls(scene, gate, 2)
    got = await scene.get("/p/third")
    assert (got.status, got.problem["code"], got.problem["sent"]) == (503, "pool_exhausted", "nothing")
    assert got.headers["retry-after"] == "1"
    assert got.headers["sidecar-outcome"] == "refused; sent=nothing"
    assert "all 2 connections were busy for 40ms (timeouts.pool)" in got.problem["detail"]
    line = await scene.call()
    assert (line["error"], line["outcome"]) == ("pool_exhausted", "refused")
    assert line["attempts"][0]["wait_ms"] >= 39
    samples = await scene.metrics()
    assert samples['sidecar_rejected_total{provider="p",code="pool_exhausted"}'] == 1
    assert samples['sidecar_pool_connections{provider="p",state="active"}'] == 2
    assert samples['sidecar_in_flight{provider="p"}'] == 2
    assert samples["sidecar_client_connections"] >= 2
    await finish(scene, gate, apps)


async def test_no_wait_at_all(scene: Scene) -> None:
    gate = Gate()
    await scene.serve(gate.script, pool={"max_connections": 1}, timeouts={"pool": 0})
    apps = await open_calls(scene, gate, 1)
    assert (await scene.get("/p/second")).problem["code"] == "pool_exhausted"
    await scene.call()
    await finish(scene, gate, apps)


async def test_who_waits_gets_what_is_freed_first_come_first_served(scene: Scene) -> None:
    gate = Gate()
    provider = await scene.serve(gate.script, pool={"max_connections": 1}, timeouts={"pool": "30s"})
    apps = await open_calls(scene, gate, 1)
    for number in (1, 2, 3):
        app = await scene.app()
        app.get(f"/p/{number}")
        apps.append(app)
        await eventually(lambda number=number: len(scene.pool()._waiters) == number)
    assert scene.runtime.stats.providers["p"].waiting == 3
    await finish(scene, gate, apps)
    assert [line["path"] for line in scene.requests()] == ["/p/0", "/p/1", "/p/2", "/p/3"]
    assert provider.opened == 1


async def test_last_used_is_used_next(scene: Scene) -> None:
    gate = Gate()
    await scene.serve(gate.script)
    apps = await open_calls(scene, gate, 3)
    await finish(scene, gate, apps)
    gate.go.release()
    last = scene.pool()._idle[-1].addr
    freed = gate.order[-1]
    got = await scene.get("/p/again")
    assert got.status == 200
    assert (await scene.call())["attempts"][0]["addr"] == last
    assert gate.order[-1] == freed


async def test_no_more_idle_than_max_idle(scene: Scene) -> None:
    gate = Gate()
    provider = await scene.serve(gate.script, pool={"max_idle": 1})
    apps = await open_calls(scene, gate, 3)
    await finish(scene, gate, apps)
    await eventually(lambda: scene.pool().open_connections == 1)
    assert scene.pool().idle == 1
    assert provider.opened == 3


async def test_idle_connections_end_after_idle_ttl(scene: Scene) -> None:
    provider = await scene.serve(answer(), pool={"idle_ttl": "60ms"})
    await scene.get()
    await scene.call()
    assert scene.pool().idle == 1
    await eventually(lambda: not scene.pool().open_connections)
    await scene.get()
    await scene.call()
    assert provider.opened == 2


async def test_connections_end_after_max_age_in_use_or_not(scene: Scene) -> None:
    provider = await scene.serve(answer(), pool={"max_age": "120ms", "idle_ttl": "10s"})
    app = await scene.app()
    while provider.opened < 3:
        app.get("/p/x")
        assert (await app.answer()).status == 200
        await scene.call()
        await asyncio.sleep(0.01)
    await eventually(lambda: not scene.pool().open_connections)


async def test_prewarmed_connections_are_there_and_are_kept(scene: Scene) -> None:
    provider = await scene.serve(answer(), pool={"prewarm": 3, "idle_ttl": "200ms"})
    await eventually(lambda: scene.pool().idle == 3)
    assert (await scene.get()).status == 200
    line = await scene.call()
    assert line["attempts"][0]["ms"] >= 0
    assert provider.opened == 3
    await eventually(lambda: provider.opened > 4)


async def test_prewarming_a_dead_provider_is_silent(scene: Scene) -> None:
    provider = await scene.provider(answer())
    port = provider.port
    assert provider._server is not None
    provider._server.close()
    await scene.start({"p": {"base_url": f"http://127.0.0.1:{port}", "pool": {"prewarm": 2}}})
    await eventually(lambda: not scene.pool()._dialing)
    assert (await scene.get()).problem["code"] == "connect_failed"
    await scene.call()


async def test_pools_are_never_shared(scene: Scene) -> None:
    """Two providers with the very same address."""
    provider = await scene.provider(answer())
    url = f"http://127.0.0.1:{provider.port}"
    await scene.start({"a": {"base_url": url}, "b": {"base_url": url}})
    for name in ("a", "b"):
        assert (await scene.get(f"/{name}/x")).status == 200
        assert (await scene.call())["attempts"][0]["connection"] == "new"
    assert provider.opened == 2
    assert scene.pool("a").idle == scene.pool("b").idle == 1


@pytest.mark.parametrize("load", [40])
async def test_storm_of_leaving_apps_loses_no_slot(scene: Scene, load: int) -> None:
    """Calls that are made, answered and left in all orders; then every slot is free again."""

    async def script(wire: Wire) -> None:
        while True:
            head = await wire.head()
            if b"/reset" in head:
                wire.reset()
                return
            if b"/hang" not in head:
                await wire.send(OK)

    await scene.serve(script, pool={"max_connections": 3}, timeouts={"pool": "20ms", "head": "30ms"})

    async def one(number: int) -> None:
        path = ("/p/ok", "/p/hang", "/p/reset", "/p/leave")[number % 4]
        app = await scene.app()
        app.get(path)
        if path == "/p/leave":
            for _ in range(number % 7):
                await asyncio.sleep(0)
            app.reset()
            return
        assert (await app.answer()).status in (200, 502, 503, 504)
        app.close()

    await asyncio.gather(*(one(number) for number in range(load)))
    await scene.quiet()
    await eventually(lambda: len(scene.requests()) >= 3 * load // 4)
    await scene.runtime.env.sleep(0.06)
    scene.calls = len(scene.requests())
    assert scene.calls <= load
    results = await asyncio.gather(*(scene.get() for _ in range(3)))
    assert [got.status for got in results] == [200] * 3
    for _ in results:
        await scene.call()
