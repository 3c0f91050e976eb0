"""Chunks pass when they come, both ways; a stream outlives the deadline of its call."""

import asyncio

from tests.chaos.provider_script import Wire
from tests.chaos.scene import Scene


async def test_events_arrive_one_by_one(scene: Scene) -> None:
    """The provider sends the next event only when the app has seen the one before: held-back bytes would hang."""
    seen = asyncio.Semaphore(0)

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(200):
            event = b"data: %d\n\n" % number
            await wire.send(b"%x\r\n%b\r\n" % (len(event), event))
            await seen.acquire()
        await wire.send(b"0\r\n\r\n")

    await scene.serve(script)
    app = await scene.app()
    app.get("/p/events")
    assert (await app.head()).headers["content-type"] == "text/event-stream"
    for number in range(200):
        assert await app.chunk() == b"data: %d\n\n" % number
        seen.release()
    assert await app.chunk() == b""
    line = await scene.call()
    assert (line["outcome"], line["bytes_out"]) == ("success", sum(len(b"data: %d\n\n" % n) for n in range(200)))


async def test_upload_arrives_chunk_by_chunk(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while (size := int(await wire.until(b"\r\n"), 16)) > 0:
            data = await wire.body(size + 2)
            await wire.send(b"%x\r\n%b" % (size, data))
        await wire.until(b"\r\n")
        await wire.send(b"0\r\n\r\n")

    await scene.serve(script)
    app = await scene.app()
    app.send(b"POST /p/echo HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n")
    assert (await app.head()).status == 200
    for number in range(50):
        data = b"chunk %d" % number
        app.send(b"%x\r\n%b\r\n" % (len(data), data))
        assert await app.chunk() == data
    app.send(b"0\r\n\r\n")
    assert await app.chunk() == b""
    await scene.call()


async def test_stream_outlives_the_deadline(scene: Scene) -> None:
    """total 300 ms, stream of a second: the deadline ends with the head."""

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(10):
            await asyncio.sleep(0.1)
            await wire.send(b"1\r\nx\r\n")
        await wire.send(b"0\r\n\r\n")

    await scene.serve(script, timeouts={"total": "300ms", "attempt": "300ms", "head": "300ms"})
    app = await scene.app()
    app.get("/p/stream", "Sidecar-Timeout: 200ms")
    got = await app.answer()
    assert (got.complete, got.body) == (True, b"x" * 10)
    line = await scene.call()
    assert line["outcome"] == "success"
    assert line["duration_ms"] > 900


async def test_continue_comes_from_the_provider(scene: Scene) -> None:
    allowed = asyncio.Event()

    async def script(wire: Wire) -> None:
        assert b"expect: 100-continue" in (await wire.head()).lower()
        await allowed.wait()
        await wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        assert await wire.body(4) == b"data"
        await wire.send(b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")

    await scene.serve(script)
    app = await scene.app()
    app.get("/p/x", "Content-Length: 4", "Expect: 100-continue", method="PUT")
    allowed.set()
    assert (await app.head()).status == 100
    app.send(b"data")
    assert (await app.answer()).status == 201
    await scene.call()


async def test_provider_that_never_says_continue(scene: Scene) -> None:
    """The app waits for the provider's word, so the wait is the provider's."""

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.gone()

    await scene.serve(script, timeouts={"head": "60ms"})
    app = await scene.app()
    app.get("/p/x", "Content-Length: 4", "Expect: 100-continue", method="PUT")
    assert (await app.answer()).problem["code"] == "head_timeout"
    await scene.call()
