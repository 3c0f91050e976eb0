"""Faults that a retry gets over, and what must not happen while it does."""

import asyncio
from typing import Any

import pytest

from tests.chaos.provider_script import OK, Wire
from tests.chaos.scene import Scene, eventually

RETRY: dict[str, Any] = {"attempts": 3, "backoff": {"base": "1ms", "cap": "1ms"}}
DOWN = b"HTTP/1.1 503 Down\r\nConnection: close\r\nContent-Length: 4\r\n\r\ndown"
HALF = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
CHUNKED = b"HTTP/1.1 503 Down\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndown\r\n0\r\n\r\n"


class Faulty:
    """Plays ``faults`` on its first connections, then answers as it should. ``heads``, ``bodies``: what came whole."""

    def __init__(self, *faults: Any, body: int = 0) -> None:
        self.faults = list(faults)
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.size = body

    async def __call__(self, wire: Wire) -> None:
        if self.faults:
            await self.faults.pop(0)(self, wire)
            return
        while True:
            self.heads.append(await wire.head())
            self.bodies.append(await wire.body(self.size))
            await wire.send(OK)


async def closes(faulty: Faulty, wire: Wire) -> None:
    faulty.heads.append(await wire.head())


async def resets(faulty: Faulty, wire: Wire) -> None:
    faulty.heads.append(await wire.head())
    wire.reset()


async def halves(faulty: Faulty, wire: Wire) -> None:
    faulty.heads.append(await wire.head())
    await wire.send(HALF)


async def garbles(faulty: Faulty, wire: Wire) -> None:
    faulty.heads.append(await wire.head())
    await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    await wire.gone()


async def is_down(faulty: Faulty, wire: Wire) -> None:
    faulty.heads.append(await wire.head())
    await wire.send(DOWN)
    await wire.gone()


def after(size: int, then: Any) -> Any:
    """Reads so many bytes of the body before the fault."""

    async def fault(faulty: Faulty, wire: Wire) -> None:
        head = await wire.head()
        await wire.body(size)
        wire.head = lambda: asyncio.sleep(0, head)  # type: ignore[assignment,method-assign]
        await then(faulty, wire)

    return fault


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"])
@pytest.mark.parametrize("fault", [closes, resets, halves, garbles, is_down])
async def test_a_safe_call_gets_over_it(scene: Scene, method: str, fault: Any) -> None:
    faulty = Faulty(fault, fault)
    await scene.serve(faulty, retry=RETRY)
    got = await scene.get("/p/x", method=method)
    attempts = "1" if method == "HEAD" and fault in (halves, garbles) else "3"  # its answer has no body to break
    assert (got.status, got.headers["sidecar-attempts"]) == (200, attempts)
    assert got.headers["sidecar-outcome"] == "success"
    line = await scene.call()
    assert len(line["attempts"]) == int(attempts)
    assert "error" not in line
    if attempts == "3":
        assert got.body == (b"" if method == "HEAD" else b"ok")
        assert line["retry_reason"] == ("503" if fault is is_down else "reset")
        reason = line["retry_reason"]
        assert (await scene.metrics())[f'sidecar_retries_total{{provider="p",reason="{reason}"}}'] == 2


@pytest.mark.parametrize("fault", [closes, resets, halves, is_down])
async def test_a_post_does_not(scene: Scene, fault: Any) -> None:
    faulty = Faulty(fault)
    provider = await scene.serve(faulty, retry=RETRY)
    app = await scene.app()
    app.get("/p/x", method="POST")
    got = await app.answer()
    assert got.status == {is_down: 503, halves: 200}.get(fault, 502)
    assert got.headers["sidecar-attempts"] == "1"
    assert got.complete is (fault is not halves)
    line = await scene.call()
    assert line.get("retry_refused") == (None if fault is halves else "unsafe")
    assert provider.opened == 1


async def test_nobody_listens_and_then_somebody_does(scene: Scene) -> None:
    """POST too: nothing was sent."""
    faulty = Faulty()
    provider = await scene.provider(faulty)
    port = provider.port
    await provider.stop()
    await scene.start({"p": {"base_url": f"http://127.0.0.1:{port}", "retry": RETRY | {"attempts": 100}}})
    app = await scene.app()
    app.get("/p/x", method="POST")
    await eventually(lambda: scene.runtime.stats.provider("p").policies.retries.get("connect", 0) >= 2)
    again = type(provider)()
    again._script = faulty
    again._server = await asyncio.start_server(again._play, "127.0.0.1", port)
    scene._providers.append(again)
    got = await app.answer()
    assert got.status == 200
    assert int(got.headers["sidecar-attempts"]) >= 3
    assert len(faulty.heads) == 1
    await scene.call()


@pytest.mark.parametrize(("attempts", "made"), [(1, 1), (2, 2), (3, 3)])
async def test_a_dead_connection_of_the_pool_costs_an_attempt(scene: Scene, attempts: int, made: int) -> None:
    """The wire sends such a call again by itself: not more often than all attempts together may be."""

    async def script(wire: Wire) -> None:
        await wire.head()
        if wire.number == 1:
            await wire.send(OK)
            await wire.head()

    provider = await scene.serve(script, retry=RETRY | {"attempts": attempts})
    assert (await scene.get("/p/warm")).status == 200
    await scene.call()
    got = await scene.get("/p/x")
    assert (got.status, got.headers["sidecar-attempts"]) == (502, str(made))
    assert provider.opened == made
    await scene.call()


# ---- uploads ----


async def test_an_upload_that_breaks_is_sent_again_from_the_start_while_the_app_still_sends(scene: Scene) -> None:
    faulty = Faulty(after(4, resets), after(6, closes), body=10)
    provider = await scene.serve(faulty, retry=RETRY)
    app = await scene.app()
    app.send(b"PUT /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nhalf")
    await eventually(lambda: provider.opened == 2)
    app.send(b"56")
    await eventually(lambda: provider.opened == 3)
    app.send(b"rest")
    got = await app.answer()
    assert (got.status, got.headers["sidecar-attempts"]) == (200, "3")
    assert faulty.bodies == [b"half56rest"]
    assert (await scene.call())["bytes_in"] == 10


async def test_a_chunked_upload_is_sent_again(scene: Scene) -> None:
    bodies: list[bytes] = []

    async def script(wire: Wire) -> None:
        await wire.head()
        if wire.number == 1:
            await wire.until(b"5\r\nfirst\r\n")
            wire.reset()
            return
        bodies.append(await wire.until(b"0\r\n\r\n"))
        await wire.send(OK)

    provider = await scene.serve(script, retry=RETRY)
    app = await scene.app()
    app.send(b"PUT /p/x HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
    await eventually(lambda: provider.opened == 2)
    app.send(b"6\r\nsecond\r\n0\r\n\r\n")
    assert (await app.answer()).status == 200
    assert bodies == [b"5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n"]
    await scene.call()


@pytest.mark.parametrize("size", [300_000, 1_000_000])
async def test_a_large_upload_that_comes_in_one_piece_is_carried(scene: Scene, size: int) -> None:
    """More than 64 KiB were read together with the head: the upload stood still until the deadline."""
    faulty = Faulty(body=size)
    await scene.serve(faulty, retry=RETRY)
    app = await scene.app()
    app.post("/p/x", b"x" * size, method="PUT")
    assert (await app.answer()).status == 200
    assert faulty.bodies == [b"x" * size]
    await scene.call()


async def test_a_large_upload_is_sent_again(scene: Scene) -> None:
    faulty = Faulty(after(500_000, resets), body=1_000_000)
    await scene.serve(faulty, retry=RETRY)
    app = await scene.app()
    body = bytes(range(256)) * 3906 + b"x" * 64
    app.post("/p/x", body, method="PUT")
    assert (await app.answer()).status == 200
    assert faulty.bodies == [body]
    await scene.call()


@pytest.mark.parametrize("declared", [True, False])
async def test_an_upload_over_the_cap_is_sent_once_and_counted(scene: Scene, declared: bool) -> None:
    faulty = Faulty(after(20_000, resets))
    provider = await scene.serve(faulty, retry=RETRY | {"body_bytes": "16KiB"})
    app = await scene.app()
    if declared:
        app.send(b"PUT /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 30001\r\n\r\n" + b"x" * 30_000)
    else:
        chunk = b"7530\r\n" + b"x" * 30_000 + b"\r\n"
        app.send(b"PUT /p/x HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
    got = await app.answer()
    assert (got.status, got.problem["code"], got.problem["sent"]) == (502, "reset", "maybe")
    assert provider.opened == 1
    line = await scene.call()
    assert line["retry_refused"] == "body"
    assert (await scene.metrics())['sidecar_retry_refused_total{provider="p",why="body"}'] == 1


@pytest.mark.parametrize("lingers", [True, False])
@pytest.mark.parametrize("answer", [DOWN, CHUNKED, b"HTTP/1.1 503 Down\r\nContent-Length: 0\r\n\r\n"])
async def test_an_answer_that_came_before_the_end_of_the_upload(scene: Scene, answer: bytes, lingers: bool) -> None:
    """The connection of the first attempt closes while the second is sending: it must not take the body with it."""
    leave, second = asyncio.Event(), asyncio.Event()
    bodies: list[bytes] = []

    async def script(wire: Wire) -> None:
        await wire.head()
        if wire.number == 1:
            await wire.send(answer)
            if lingers:
                await leave.wait()
            return
        first = await wire.body(4)
        leave.set()
        await eventually(lambda: provider.opened == 2 and len(provider._tasks) == 1)
        second.set()
        bodies.append(first + await wire.body(6))
        await wire.send(OK)

    provider = await scene.serve(script, retry=RETRY)
    app = await scene.app()
    app.send(b"PUT /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nhalf")
    await second.wait()
    app.send(b"second")
    assert (await app.answer()).status == 200
    assert bodies == [b"halfsecond"]
    await scene.call()


async def test_the_app_waits_to_be_told_to_go_on(scene: Scene) -> None:
    """The first attempt refuses before the body, the second asks for it."""
    bodies: list[bytes] = []

    async def script(wire: Wire) -> None:
        assert b"Expect: 100-continue" in await wire.head()
        if wire.number == 1:
            await wire.send(DOWN)
            await wire.gone()
            return
        await wire.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        bodies.append(await wire.body(4))
        await wire.send(OK)

    await scene.serve(script, retry=RETRY)
    app = await scene.app()
    app.send(b"PUT /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert (await app.head()).status == 100
    app.send(b"body")
    assert (await app.answer()).status == 200
    assert bodies == [b"body"]
    await scene.call()


async def test_a_provider_that_takes_nothing_pauses_the_app_in_a_second_attempt_too(scene: Scene) -> None:
    """10 MB are on their way, of which 64 KiB may be kept: the rest waits in the app."""
    go_on = asyncio.Event()
    taken: list[int] = []

    async def script(wire: Wire) -> None:
        await wire.head()
        if wire.number == 1:
            wire.reset()
            return
        wire.pause()
        await go_on.wait()
        wire.resume()
        taken.append(len(await wire.body(10_000_000)))
        await wire.send(OK)

    provider = await scene.serve(script, retry=RETRY | {"body_bytes": "10MB"}, provider={"receive": 4096})
    app = await scene.app()
    app.send(b"PUT /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 10000000\r\n\r\n")
    await eventually(lambda: provider.opened == 2)
    app.send(b"x" * 10_000_000)
    await eventually(lambda: any(server_holds(scene)))
    waiting = app.writer.transport.get_write_buffer_size()  # type: ignore[attr-defined]
    assert waiting > 1_000_000
    go_on.set()
    assert (await app.answer()).status == 200
    assert taken == [10_000_000]
    await scene.call()


def server_holds(scene: Scene) -> list[int]:
    """Why the app connections are not read from at the moment."""
    return [connection._holds for server in scene.runtime._servers for connection in server.connections]


# ---- answers ----


async def test_a_large_answer_that_comes_in_pieces_is_held_and_given(scene: Scene) -> None:
    """More than 64 KiB came with the head: the answer stood still until the deadline."""
    half = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 150_000)
        await half.wait()
        await wire.send(b"y" * 150_000)
        await wire.gone()

    await scene.serve(script, retry=RETRY | {"hold_bytes": "1MiB"})
    app = await scene.app()
    app.get("/p/x")
    await eventually(lambda: scene.pool().open_connections)
    half.set()
    got = await app.answer()
    assert (got.status, got.body) == (200, b"x" * 150_000 + b"y" * 150_000)
    await scene.call()


async def test_a_stream_is_passed_on_at_once(scene: Scene) -> None:
    more = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n"
        )
        await more.wait()
        await wire.send(b"0\r\n\r\n")
        await wire.gone()

    await scene.serve(script, retry=RETRY)
    app = await scene.app()
    app.get("/p/x")
    assert (await app.head()).status == 200
    assert await app.chunk() == b"data:"
    more.set()
    assert await app.chunk() == b""
    await scene.call()


async def test_an_upgrade_is_retried_until_it_is_taken(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        if wire.number == 1:
            await wire.send(DOWN)
            await wire.gone()
            return
        await wire.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        await wire.send(await wire.body(4))

    await scene.serve(script, retry=RETRY)
    app = await scene.app()
    app.get("/p/x", "Connection: Upgrade", "Upgrade: echo")
    got = await app.answer()
    assert (got.status, got.headers["sidecar-attempts"]) == (101, "2")
    app.send(b"ping")
    assert await app.reader.readexactly(4) == b"ping"
    app.close()
    await scene.call()


async def test_a_call_that_is_answered_from_memory_is_framed(scene: Scene) -> None:
    faulty = Faulty()

    async def script(wire: Wire) -> None:
        while True:
            faulty.heads.append(await wire.head())
            await wire.send(CHUNKED)

    await scene.serve(script, retry=RETRY | {"call_id": "X-Call"})
    for _ in range(2):
        got = await scene.get("/p/x", "X-Call: 7")
        assert (got.status, got.body, got.complete) == (503, b"down", True)
        await scene.call()
    assert len(faulty.heads) == 3


# ---- the app leaves ----


@pytest.mark.parametrize("how", ["close", "reset"])
async def test_the_app_leaves_during_the_wait(scene: Scene, how: str) -> None:
    provider = await scene.serve(
        Faulty(is_down), retry=RETRY | {"backoff": {"base": "300s", "cap": "300s"}}, timeouts={"total": "600s"}
    )
    app = await scene.app()
    app.get("/p/x")
    await eventually(lambda: scene.runtime.stats.provider("p").policies.retries.get("503"))
    getattr(app, how)()
    line = await scene.call()
    assert (line["outcome"], line["retry_reason"], len(line["attempts"])) == ("canceled", "503", 1)
    assert provider.opened == 1


async def test_the_app_leaves_while_its_answer_is_held(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(HALF)
        await wire.gone()

    await scene.serve(script, retry=RETRY)
    app = await scene.app()
    app.get("/p/x")
    await eventually(lambda: scene.runtime.stats.route("p", "default").attempts.get(200))
    app.reset()
    line = await scene.call()
    assert (line["outcome"], line["status"]) == ("canceled", None)
    assert line["attempts"][0]["error"] == "canceled"


# ---- hedges ----


async def test_a_slow_call_is_sent_a_second_time_and_the_first_is_cut(scene: Scene) -> None:
    cut = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        if wire.number == 1:
            await wire.gone()
            cut.set()
            return
        await wire.send(OK)
        await wire.gone()

    provider = await scene.serve(script, retry=RETRY | {"hedge": {"after": "2ms"}})
    got = await scene.get()
    assert (got.status, got.headers["sidecar-attempts"]) == (200, "2")
    await cut.wait()
    line = await scene.call()
    assert [one.get("error", one.get("status")) for one in line["attempts"]] == ["canceled", 200]
    assert line["hedge"] == "won"
    assert provider.opened == 2
    assert (await scene.metrics())['sidecar_hedges_total{provider="p",result="won"}'] == 1


async def test_the_app_leaves_while_two_sends_are_under_way(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.gone()

    provider = await scene.serve(script, retry=RETRY | {"hedge": {"after": "1ms"}})
    app = await scene.app()
    app.get("/p/x")
    await eventually(lambda: provider.opened == 2)
    app.reset()
    line = await scene.call()
    assert [one["error"] for one in line["attempts"]] == ["canceled", "canceled"]
