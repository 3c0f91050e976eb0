"""The end of the process, seen from inside: what is in flight finishes, new calls are still taken, then it ends."""

import asyncio
from typing import Any

from tests.chaos.provider_script import OK, Wire, answer
from tests.chaos.scene import Scene, eventually


class Gate:
    """A provider that answers when told."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def script(self, wire: Wire) -> None:
        while True:
            head = await wire.head()
            if b"/slow" in head:
                self.asked.set()
                await self.go.wait()
            await wire.send(OK)


def events(scene: Scene, name: str) -> list[dict[str, Any]]:
    return [line for line in scene.events() if line["event"] == name]


async def ends(scene: Scene) -> None:
    async with asyncio.timeout(5):
        await scene.runtime._ended.wait()


async def test_in_flight_finishes_and_new_calls_are_taken(scene: Scene) -> None:
    gate = Gate()
    await scene.serve(gate.script)
    slow = await scene.app()
    slow.get("/p/slow")
    await gate.asked.wait()
    scene.runtime.begin_drain("SIGTERM", 0.05)
    got = await scene.get("/p/new")
    assert (got.status, got.headers["connection"]) == (200, "close")
    await scene.call()
    ops = await scene.app("ops.listen")
    ops.get("/readyz", "Connection: close")
    ready = await ops.answer()
    assert (ready.status, b"draining: shutting down" in ready.body) == (503, True)
    assert not scene.runtime._ended.is_set()
    gate.go.set()
    got = await slow.answer()
    assert (got.status, got.headers["connection"]) == (200, "close")
    assert await slow.ended() == b""
    await scene.call()
    await ends(scene)


async def test_request_that_is_on_its_way_when_the_drain_begins(scene: Scene) -> None:
    """An idle connection was closed while the app's next request was already in the kernel: a reset for an answer."""
    await scene.serve(answer())
    app = await scene.app()
    app.get("/p/first")
    assert (await app.answer()).status == 200
    await scene.call()
    app.get("/p/second")
    scene.runtime.begin_drain("SIGTERM", 0.1)
    got = await app.answer()
    assert (got.status, got.headers["connection"]) == (200, "close")
    await scene.call()
    await ends(scene)


async def test_new_calls_put_off_the_end(scene: Scene) -> None:
    await scene.serve(answer())
    scene.runtime.begin_drain("SIGTERM", 0.15)
    for _ in range(5):
        await asyncio.sleep(0.05)
        assert (await scene.get()).status == 200
        await scene.call()
    assert not scene.runtime._ended.is_set()
    await ends(scene)


async def test_time_is_up(scene: Scene) -> None:
    gate = Gate()
    await scene.serve(gate.script, {"drain": {"timeout": "60ms"}})
    app = await scene.app()
    app.get("/p/slow")
    await gate.asked.wait()
    scene.runtime.begin_drain("SIGTERM", 0.01)
    await ends(scene)
    await scene._stop()
    assert await app.ended() == b""
    line = await scene.call()
    assert (line["error"], line["sent"], line["status"]) == ("draining", "maybe", None)
    assert events(scene, "stopped")[0]["cut"] == 1


async def test_stream_is_cut_when_time_is_up(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n")
        await wire.gone()

    await scene.serve(script, {"drain": {"timeout": "60ms"}})
    app = await scene.app()
    app.get("/p/stream")
    await app.head()
    scene.runtime.begin_drain("SIGTERM", 0.01)
    await ends(scene)
    await scene._stop()
    assert b"0\r\n\r\n" not in await app.ended()
    line = await scene.call()
    assert (line["error"], line["sent"], line["status"]) == ("draining", "maybe", 200)


async def test_second_signal_ends_at_once(scene: Scene) -> None:
    gate = Gate()
    await scene.serve(gate.script)
    app = await scene.app()
    app.get("/p/slow")
    await gate.asked.wait()
    scene.runtime.begin_drain("SIGTERM")
    scene.runtime.begin_drain("SIGTERM")
    assert scene.runtime._ended.is_set()
    await scene._stop()
    assert (await scene.call())["status"] is None


async def test_slow_reader_gets_its_answer_to_the_end(scene: Scene) -> None:
    """A call counted as finished once its last bytes were written, and they were thrown away with the connection."""
    size = 8_000_000
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
    await scene.serve(answer(whole))
    app = await scene.app(receive=4096)
    app.pause()
    app.get("/p/x")
    await eventually(lambda: scene.runtime.stats.client_connections == 1)
    scene.runtime.begin_drain("SIGTERM", 0.0)

    async def read() -> int:
        app.resume()
        return len((await app.answer()).body)

    assert await read() == size
    await scene.call()
    await ends(scene)


async def test_nothing_in_flight(scene: Scene) -> None:
    await scene.serve(answer())
    await scene.app()
    scene.runtime.begin_drain("SIGINT", 0.0)
    await ends(scene)
    await scene._stop()
    assert events(scene, "stopped")[0]["cut"] == 0


async def test_closed_gateway_refuses(scene: Scene) -> None:
    await scene.serve(answer())
    scene.runtime._gateway.closed = True
    got = await scene.get()
    assert (got.status, got.problem["code"], got.headers["retry-after"]) == (503, "draining", "1")
    await scene.call()
