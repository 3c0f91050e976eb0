"""An app that disconnects at every stage: the provider's side ends with it, and is told nothing false."""

import asyncio
from collections.abc import Callable

import pytest

from tests.chaos.app import App
from tests.chaos.provider_script import OK, Wire, answer
from tests.chaos.scene import Scene, eventually

ENDS = pytest.mark.parametrize("end", [App.close, App.reset], ids=["close", "reset"])
End = Callable[[App], None]


async def canceled(scene: Scene, sent: str, status: int | None = None) -> None:
    line = await scene.call()
    assert (line["outcome"], line["error"], line["sent"], line["status"]) == ("canceled", "canceled", sent, status)
    if line["attempts"]:
        assert [attempt["error"] for attempt in line["attempts"]] == ["canceled"]


@ENDS
@pytest.mark.parametrize("begun", [b"", b"G", b"GET /p/x HTTP/1.1\r\nHost: a"])
async def test_before_a_request_is_whole(scene: Scene, end: End, begun: bytes) -> None:
    """There is no request yet, and so no line in the log."""
    provider = await scene.serve(answer())
    app = await scene.app()
    app.send(begun)
    await eventually(lambda: scene.runtime.stats.client_connections == 1)
    end(app)
    await eventually(lambda: scene.runtime.stats.client_connections == 0)
    assert provider.opened == 0


@ENDS
async def test_inside_its_body(scene: Scene, end: End) -> None:
    """The provider must not take the half for the whole."""
    got: list[bytes] = []
    half = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.body(4)
        half.set()
        try:
            got.append(await wire.reader.read())
        except ConnectionError:
            got.append(b"")

    await scene.serve(script)
    app = await scene.app()
    app.send(b"POST /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 8\r\n\r\nhalf")
    await half.wait()
    end(app)
    await eventually(lambda: got)
    assert got == [b""]
    await canceled(scene, "maybe")


@ENDS
async def test_inside_its_chunked_body(scene: Scene, end: End) -> None:
    got: list[bytes] = []
    half = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.until(b"half\r\n")
        half.set()
        try:
            got.append(await wire.reader.read())
        except ConnectionError:
            got.append(b"")

    await scene.serve(script)
    app = await scene.app()
    app.send(b"POST /p/x HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
    await half.wait()
    end(app)
    await eventually(lambda: got)
    assert got == [b""]
    await canceled(scene, "maybe")


@ENDS
async def test_while_it_waits_for_the_head(scene: Scene, end: End) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        asked.set()
        await wire.gone()
        gone.set()

    await scene.serve(script)
    app = await scene.app()
    app.get("/p/x")
    await asked.wait()
    end(app)
    await canceled(scene, "maybe")
    await eventually(gone.is_set)


@ENDS
@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\n", b""])
async def test_inside_the_answer(scene: Scene, end: End, framing: bytes) -> None:
    gone = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n4\r\n")
        await wire.gone()
        gone.set()

    await scene.serve(script)
    app = await scene.app()
    app.get("/p/x")
    assert (await app.head()).status == 200
    end(app)
    await canceled(scene, "maybe", 200)
    await eventually(gone.is_set)


@ENDS
async def test_inside_a_fast_answer(scene: Scene, end: End) -> None:
    """The provider writes as fast as it can while the app goes."""

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            await wire.send(b"x" * 65536)

    await scene.serve(script)
    app = await scene.app()
    app.get("/p/x")
    assert (await app.head()).status == 200
    await app.reader.readexactly(1_000_000)
    end(app)
    await canceled(scene, "maybe", 200)


@ENDS
async def test_while_waiting_for_a_connection(scene: Scene, end: End) -> None:
    release = asyncio.Event()

    async def script(wire: Wire) -> None:
        while True:
            await wire.head()
            await release.wait()
            await wire.send(OK)

    provider = await scene.serve(script, pool={"max_connections": 1}, timeouts={"pool": "30s"})
    first, second = await scene.app(), await scene.app()
    first.get("/p/first")
    await eventually(lambda: scene.pool().open_connections)
    second.get("/p/second")
    await eventually(lambda: scene.runtime.stats.providers["p"].waiting == 1)
    end(second)
    await canceled(scene, "nothing")
    release.set()
    assert (await first.answer()).status == 200
    await scene.call()
    assert (await scene.get()).status == 200
    await scene.call()
    assert provider.opened == 1


async def test_when_its_turn_has_just_come(scene: Scene) -> None:
    """The connection was already handed to the call that was canceled: it must not be lost."""
    release = asyncio.Event()

    async def script(wire: Wire) -> None:
        while True:
            await wire.head()
            await release.wait()
            await wire.send(OK)

    await scene.serve(script, pool={"max_connections": 1}, timeouts={"pool": "30s"})
    first, second = await scene.app(), await scene.app()
    first.get("/p/first")
    await eventually(lambda: scene.pool().open_connections)
    second.get("/p/second")
    await eventually(lambda: scene.pool()._waiters)
    waiter = scene.pool()._waiters[0]
    server_side = next(c for c in scene.runtime._servers[0].connections if c._exchange.path == b"/second")  # type: ignore[attr-defined]
    waiter.add_done_callback(lambda _: server_side.abort())
    release.set()
    assert (await first.answer()).status == 200
    assert {(await scene.call())["path"], (await scene.call())["path"]} == {"/p/first", "/p/second"}
    await eventually(lambda: scene.pool().open_connections == scene.pool().idle)
    assert (await scene.get()).status == 200
    await scene.call()


async def test_half_closing_ends_the_call(scene: Scene) -> None:
    asked = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        asked.set()
        await wire.gone()

    await scene.serve(script)
    app = await scene.app()
    app.get("/p/x")
    await asked.wait()
    app.writer.write_eof()
    assert await app.ended() == b""
    await canceled(scene, "maybe")


async def test_after_its_answer(scene: Scene) -> None:
    provider = await scene.serve(answer())
    for _ in range(3):
        assert (await scene.get()).status == 200
        assert (await scene.call())["outcome"] == "success"
    assert provider.opened == 1


async def test_inside_a_tunnel(scene: Scene) -> None:
    gone = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nhi")
        await wire.send(await wire.body(4))
        await wire.gone()
        gone.set()

    await scene.serve(script)
    app = await scene.app()
    app.get("/p/x", "Connection: Upgrade", "Upgrade: echo")
    assert (await app.answer()).status == 101
    app.send(b"ping")
    assert await app.reader.readexactly(6) == b"hiping"
    app.reset()
    await eventually(gone.is_set)
    line = await scene.call()
    assert (line["status"], line["bytes_in"], line["bytes_out"]) == (101, 4, 6)
