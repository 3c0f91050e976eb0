"""An app that sends slowly, or does not read: limits, and memory that stays bounded."""

import asyncio
import socket

import pytest

from tests.chaos.provider_script import OK, Wire, answer, hang
from tests.chaos.scene import Scene, eventually

QUICK = {"limits": {"header_timeout": "60ms", "idle_timeout": "80ms"}}


async def small_buffer(scene: Scene) -> asyncio.Transport:
    """The sidecar's end of the only app connection, with the smallest send buffer that the kernel has."""
    server = scene.runtime._servers[0]
    await eventually(lambda: len(server.connections) == 1)
    (connection,) = server.connections
    transport: asyncio.Transport = connection._transport  # type: ignore[attr-defined]
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
    return transport


async def test_silent_connection_is_closed(scene: Scene) -> None:
    await scene.serve(answer(), QUICK)
    app = await scene.app()
    assert await app.ended() == b""


async def test_silent_after_an_answer(scene: Scene) -> None:
    await scene.serve(answer(), QUICK)
    app = await scene.app()
    app.get("/p/x")
    assert (await app.answer()).status == 200
    await scene.call()
    assert await app.ended() == b""


@pytest.mark.parametrize("begun", [b"G", b"GET /p/x HTTP/1.1\r\nHost: app\r\nX-Sl"])
@pytest.mark.parametrize("first", [False, True], ids=["first", "second"])
async def test_head_does_not_arrive(scene: Scene, begun: bytes, first: bool) -> None:
    provider = await scene.serve(answer(), {"limits": {"header_timeout": "60ms"}})
    app = await scene.app()
    if not first:
        app.get("/p/x")
        await app.answer()
        await scene.call()
    app.send(begun)
    got = await app.answer()
    assert (got.status, got.problem["code"], got.problem["sent"]) == (408, "bad_request", "nothing")
    assert got.headers["connection"] == "close"
    line = await scene.call()
    assert (line["status"], line["outcome"], line["error"]) == (408, "refused", "bad_request")
    assert "limits.header_timeout" in line["detail"]
    assert provider.opened == (not first)


async def test_trickling_head_does_not_move_the_limit(scene: Scene) -> None:
    await scene.serve(answer(), {"limits": {"header_timeout": "80ms"}})
    app = await scene.app()

    async def trickle() -> None:
        for byte in b"GET /p/x HTTP/1.1\r\n" + b"X: y\r\n" * 1000:
            app.send(bytes([byte]))
            await asyncio.sleep(0.005)

    trickling = asyncio.ensure_future(trickle())
    assert (await app.answer()).status == 408
    trickling.cancel()
    await scene.call()


@pytest.mark.parametrize("coding", [b"Content-Length: 8\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n8\r\n"])
@pytest.mark.parametrize("begun", [b"", b"half"])
async def test_body_stalls(scene: Scene, coding: bytes, begun: bytes) -> None:
    await scene.serve(hang, QUICK)
    app = await scene.app()
    app.send(b"POST /p/x HTTP/1.1\r\nHost: app\r\n" + coding + begun)
    got = await app.answer()
    assert (got.status, got.problem["code"], got.problem["sent"]) == (408, "bad_request", "maybe")
    line = await scene.call()
    assert (line["outcome"], line["error"], line["status"]) == ("refused", "bad_request", 408)
    assert "limits.idle_timeout" in line["detail"]
    await eventually(lambda: not scene.pool().open_connections)


async def test_slow_upload_is_not_the_providers_fault(scene: Scene) -> None:
    """An app that paused inside its body was told head_timeout, as if the provider had been slow."""

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.body(4)
        await wire.send(OK)

    await scene.serve(script, timeouts={"head": "60ms"})
    app = await scene.app()
    app.send(b"POST /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\n\r\n")
    for byte in b"slow":
        await asyncio.sleep(0.1)
        app.send(bytes([byte]))
    assert (await app.answer()).status == 200
    await scene.call()


async def test_app_that_never_reads_pauses_the_provider(scene: Scene) -> None:
    sent = 0

    async def script(wire: Wire) -> None:
        nonlocal sent
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            await wire.send(b"x" * 65536)
            sent += 65536

    await scene.serve(script, {"limits": {"idle_timeout": "250ms"}})
    app = await scene.app(receive=4096)
    app.pause()
    app.get("/p/x")
    line = await scene.call()
    assert (line["outcome"], line["status"]) == ("canceled", 200)
    assert sent < 64_000_000
    assert line["bytes_out"] < 16_000_000


async def test_pause_asked_for_by_the_first_bytes_holds(scene: Scene) -> None:
    """The sink was full after what had been waiting for it, and reading went on all the same: no limit to memory."""
    written = 0

    async def script(wire: Wire) -> None:
        nonlocal written
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 2_000_000)
        while True:
            await wire.send(b"x" * 65536)
            written += 65536

    await scene.serve(script)
    app = await scene.app(receive=2048)
    app.pause()
    transport = await small_buffer(scene)
    app.get("/p/x")
    await eventually(lambda: transport.get_write_buffer_size() > 0)
    seen = 0
    for _ in range(100):
        await asyncio.sleep(0.001)
        seen = max(seen, transport.get_write_buffer_size())
    assert seen < 1_000_000
    app.reset()
    assert (await scene.call())["outcome"] == "canceled"


async def test_pipelining_app_that_never_reads_is_held(scene: Scene) -> None:
    """Answers that came whole were written without looking at the app's socket: its buffer grew without limit."""
    count = 0
    big = b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + b"x" * 30000

    async def script(wire: Wire) -> None:
        nonlocal count
        while True:
            await wire.head()
            count += 1
            await wire.send(big)

    await scene.serve(script, {"limits": {"idle_timeout": "200ms"}})
    app = await scene.app(receive=4096)
    app.pause()
    app.send(b"GET /p/x HTTP/1.1\r\nHost: app\r\n\r\n" * 3000)
    await eventually(lambda: count)
    (connection,) = scene.runtime._servers[0].connections
    transport = connection._transport  # type: ignore[attr-defined]
    largest = 0
    while scene.runtime._servers[0].connections:
        largest = max(largest, transport.get_write_buffer_size())
        await asyncio.sleep(0.002)
    assert count < 3000
    assert largest < 1_000_000
    # Each call that was made is logged, and none other.
    await eventually(lambda: len(scene.requests()) >= count)
    scene.calls = len(scene.requests())
    assert scene.calls <= count + 1


async def test_app_that_never_reads_a_last_answer_is_cut(scene: Scene) -> None:
    """An answer too small to fill the buffer waited for ever in a connection that was closing."""
    body = b"x" * 60_000
    whole = b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n" + body

    await scene.serve(answer(whole), {"limits": {"idle_timeout": "150ms"}})
    app = await scene.app(receive=2048)
    app.pause()
    await small_buffer(scene)
    app.get("/p/x", "Connection: close")
    await scene.call()
    await eventually(lambda: not scene.runtime._servers[0].connections)


async def test_provider_that_never_reads_pauses_the_app(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        wire.pause()
        await asyncio.Event().wait()

    await scene.serve(script, timeouts={"head": "300ms"}, provider={"receive": 4096})
    app = await scene.app()
    app.send(b"POST /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 90000000\r\n\r\n" + b"x" * 60_000_000)
    got = await app.answer()
    assert (got.status, got.problem["code"]) == (504, "head_timeout")
    line = await scene.call()
    assert line["bytes_in"] < 30_000_000


async def test_too_many_connections(scene: Scene) -> None:
    await scene.serve(answer(), {"limits": {"connections": 2}})
    first, second, third = [await scene.app() for _ in range(3)]
    assert await third.ended() == b""
    for app in (first, second):
        app.get("/p/x")
        assert (await app.answer()).status == 200
        await scene.call()
    assert scene.runtime.stats.client_connections == 2


async def test_pipelined_upload_is_read_on(scene: Scene) -> None:
    """Reading was on hold for the first call, and nobody read on for the body of the second: it hung."""

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(OK)
        await wire.head()
        assert await wire.body(8) == b"halfhalf"
        await wire.send(OK)

    await scene.serve(script)
    app = await scene.app()
    app.send(b"GET /p/a HTTP/1.1\r\nHost: app\r\n\r\nPOST /p/b HTTP/1.1\r\nHost: app\r\nContent-Length: 8\r\n\r\nhalf")
    assert (await app.answer()).status == 200
    app.send(b"half")
    assert (await app.answer()).status == 200
    await scene.call()
    await scene.call()
