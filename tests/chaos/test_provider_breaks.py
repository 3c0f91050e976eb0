"""A provider that closes, resets, or sends what is no HTTP."""

import asyncio

import pytest

from tests.chaos.provider_script import OK, Wire
from tests.chaos.scene import Scene, eventually

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


async def fails(scene: Scene, code: str, method: str = "GET", status: int = 502) -> dict[str, object]:
    """One call fails with ``code`` after it was sent; its log line."""
    got = await scene.get("/p/x", method=method)
    assert got.status == status, got
    assert (got.problem["code"], got.problem["sent"]) == (code, "maybe")
    assert got.headers["sidecar-outcome"] == "network_error; sent=maybe"
    assert got.headers["sidecar-attempts"] == "1"
    line = await scene.call()
    assert (line["outcome"], line["error"], line["sent"]) == ("network_error", code, "maybe")
    assert [attempt["error"] for attempt in line["attempts"]] == [code]
    return line


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_ends_before_the_head(scene: Scene, how: str, method: str) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        if how == "reset":
            wire.reset()

    provider = await scene.serve(script)
    await fails(scene, "reset", method)
    assert provider.opened == 1


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_ends_without_reading(scene: Scene, how: str) -> None:
    async def script(wire: Wire) -> None:
        wire.pause()
        if how == "reset":
            wire.reset()

    await scene.serve(script)
    got = await scene.get("/p/x", method="POST")
    assert got.status == 502
    # A reset may arrive while connecting.
    assert got.problem["code"] in ("reset", "connect_failed")
    await scene.call()


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("begun", [b"H", b"HTTP/1.1 200 OK\r\nContent-Le", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
async def test_ends_inside_the_head(scene: Scene, how: str, begun: bytes) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(begun)
        if how == "reset":
            await asyncio.sleep(0.01)  # a reset discards what was not read yet
            wire.reset()

    await scene.serve(script)
    await fails(scene, "response_incomplete")


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize(
    "start", [HEAD, HEAD + b"1234", CHUNKED, CHUNKED + b"4\r\n12", CHUNKED + b"4\r\n1234\r\n0\r\n"]
)
@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
async def test_ends_inside_the_body(scene: Scene, how: str, start: bytes, version: str) -> None:
    """The app must see a broken answer, and the log must say that the provider broke it, not the app."""
    more = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(start)
        await more.wait()
        if how == "reset":
            wire.reset()

    await scene.serve(script)
    app = await scene.app()
    app.send(f"GET /p/x {version}\r\nHost: app\r\n\r\n".encode())
    head = await app.head()
    assert head.status == 200
    more.set()
    left = await app.ended()
    assert not left.endswith(b"0\r\n\r\n")
    assert len(left) < 30
    line = await scene.call()
    assert (line["status"], line["error"]) == (200, "response_incomplete")
    assert (line["outcome"], line["sent"]) == ("network_error", "maybe")
    assert line["attempts"][0]["error"] == "response_incomplete"


async def test_answer_to_http_1_0_app_is_not_ended_like_a_complete_one(scene: Scene) -> None:
    """Without framing, only a reset tells the app that the answer is broken."""
    more = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(CHUNKED + b"4\r\n1234\r\n")
        await more.wait()

    await scene.serve(script)
    app = await scene.app()
    app.send(b"GET /p/x HTTP/1.0\r\n\r\n")
    assert (await app.head()).status == 200
    assert await app.reader.readexactly(4) == b"1234"
    more.set()
    with pytest.raises(ConnectionResetError):
        await app.reader.read()
    await scene.call()


@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01",
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30_000,
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: smuggle\r\nConnection: Upgrade\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
)
async def test_garbage_for_a_head(scene: Scene, garbage: bytes) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(garbage)
        await wire.gone()

    await scene.serve(script, timeouts={"head": "3s"})
    await fails(scene, "bad_response")


@pytest.mark.parametrize("garbage", [b"zz\r\n", b"-1\r\n", b"4\r\n1234X", b"fffffffffffffffff\r\n"])
async def test_garbage_inside_the_body(scene: Scene, garbage: bytes) -> None:
    more = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(CHUNKED + b"2\r\nok\r\n")
        await more.wait()
        await wire.send(garbage)
        await wire.gone()

    await scene.serve(script)
    app = await scene.app()
    app.get("/p/x")
    assert (await app.head()).status == 200
    assert await app.chunk() == b"ok"
    more.set()
    assert not (await app.ended()).endswith(b"0\r\n\r\n")
    line = await scene.call()
    assert (line["outcome"], line["error"]) == ("network_error", "bad_response")


async def test_more_than_the_answer_is_never_given_to_the_next_call(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        while True:
            await wire.head()
            await wire.send(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")

    provider = await scene.serve(script)
    app = await scene.app()
    for _ in range(3):
        app.get("/p/x")
        assert (await app.answer()).body == b"ok"
        await scene.call()
    assert provider.opened == 3


async def test_words_on_an_idle_connection_end_it(scene: Scene) -> None:
    speak = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(OK)
        if wire.number == 1:
            await speak.wait()
            await wire.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await wire.gone()

    provider = await scene.serve(script)
    assert (await scene.get()).status == 200
    await scene.call()
    speak.set()
    await eventually(lambda: not scene.pool().open_connections)
    assert (await scene.get()).status == 200
    await scene.call()
    assert provider.opened == 2


# ---- while the request is still on its way ----


async def test_takes_half_the_upload_and_resets(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.body(500_000)
        wire.reset()

    await scene.serve(script)
    app = await scene.app()
    app.post("/p/x", b"x" * 1_000_000)
    got = await app.answer()
    assert (got.status, got.problem["code"], got.problem["sent"]) == (502, "reset", "maybe")
    line = await scene.call()
    assert (line["outcome"], line["error"]) == ("network_error", "reset")


async def test_takes_half_the_upload_and_closes(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.body(500_000)

    await scene.serve(script)
    app = await scene.app()
    app.post("/p/x", b"x" * 5_000_000)
    got = await app.answer()
    assert (got.status, got.problem["code"], got.problem["sent"]) == (502, "reset", "maybe")
    await scene.call()


async def test_half_closes_and_reads_no_more(scene: Scene) -> None:
    """The end of the provider's side was noticed only when all that was written had been taken: never."""

    async def script(wire: Wire) -> None:
        await wire.head()
        wire.pause()
        wire.writer.write_eof()
        await asyncio.Event().wait()

    await scene.serve(script, timeouts={"head": "30s"}, provider={"receive": 4096})
    app = await scene.app()
    app.send(b"POST /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 50000000\r\n\r\n" + b"x" * 8_000_000)
    got = await app.answer()
    assert (got.status, got.problem["code"]) == (502, "reset")
    await scene.call()


@pytest.mark.parametrize("framing", [b"Content-Length: 3\r\n", b"", b"Connection: close\r\nContent-Length: 3\r\n"])
async def test_early_answer(scene: Scene, framing: bytes) -> None:
    """It reaches the app although the upload goes on, and the provider's connection is not kept waiting for more."""
    gone = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 413 Too Large\r\n" + framing + b"\r\nbig")
        if not framing:
            wire.writer.write_eof()
        await wire.gone()
        gone.set()

    await scene.serve(script, timeouts={"idle": "30s"})
    app = await scene.app()
    app.send(b"POST /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 1000\r\n\r\nhalf")
    got = await app.answer()
    assert (got.status, got.body) == (413, b"big")
    assert got.headers["sidecar-outcome"] == "client_error; sent=all"
    app.close()
    line = await scene.call()
    assert (line["status"], line["outcome"], line["sent"]) == (413, "client_error", "all")
    await gone.wait()
    await eventually(lambda: not scene.pool().open_connections)


async def test_early_answer_while_the_app_goes_on_sending(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        await wire.gone()

    await scene.serve(script)
    app = await scene.app()
    app.send(b"POST /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 90000000\r\n\r\n" + b"x" * 100_000)
    got = await app.answer()
    assert got.status == 401
    assert got.headers["connection"] == "close"
    for _ in range(20):
        app.send(b"x" * 100_000)
        await asyncio.sleep(0)
    assert await app.ended() == b""
    await scene.call()
    await eventually(lambda: not scene.pool().open_connections)
