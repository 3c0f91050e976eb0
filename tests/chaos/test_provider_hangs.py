"""A provider that stops at every stage of an answer; and the limits that watch over each."""

import asyncio

import pytest

from tests.chaos.provider_script import OK, Wire, answer, hang
from tests.chaos.scene import Scene, eventually

HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("timeouts", "code", "limit"),
    [
        ({"head": "50ms"}, "head_timeout", "within 50ms (timeouts.head)"),
        ({"attempt": "50ms"}, "attempt_timeout", "within 50ms (timeouts.attempt)"),
        ({"total": "50ms"}, "deadline_exceeded", "the time for this call was up"),
        ({"total": "50ms", "head": 0, "attempt": 0}, "deadline_exceeded", "the time for this call was up"),
    ],
)
@pytest.mark.parametrize("begun", [b"", b"HTT", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_head_in_time(
    scene: Scene, timeouts: dict[str, object], code: str, limit: str, begun: bytes, method: str
) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(begun)
        await wire.gone()

    provider = await scene.serve(script, timeouts=timeouts)
    got = await scene.get("/p/x", method=method)
    assert got.status == 504
    problem = got.problem
    assert (problem["code"], problem["sent"]) == (code, "maybe")
    assert limit in problem["detail"]
    assert got.headers["sidecar-outcome"] == "timeout; sent=maybe"
    line = await scene.call()
    assert (line["outcome"], line["error"], line["sent"]) == ("timeout", code, "maybe")
    assert [attempt["error"] for attempt in line["attempts"]] == [code]
    assert provider.opened == 1


async def test_no_limit_is_no_limit(scene: Scene) -> None:
    go = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await go.wait()
        await wire.send(OK)

    await scene.serve(script, timeouts={"head": 0, "attempt": 0, "total": 0, "idle": 0})
    app = await scene.app()
    app.get("/p/x")
    await eventually(lambda: scene.pool().open_connections)
    go.set()
    assert (await app.answer()).status == 200
    await scene.call()


@pytest.mark.parametrize("start", [HEAD, HEAD + b"1234", CHUNKED, CHUNKED + b"4\r\n12", CHUNKED + b"4\r\n1234\r\n"])
async def test_body_stops(scene: Scene, start: bytes) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(start)
        await wire.gone()

    await scene.serve(script, timeouts={"idle": "50ms"})
    got = await scene.get("/p/x")
    assert got.status == 200
    assert not got.complete
    line = await scene.call()
    assert (line["status"], line["outcome"], line["error"], line["sent"]) == (200, "timeout", "idle_timeout", "maybe")
    assert line["attempts"][0]["error"] == "idle_timeout"
    assert "50ms (timeouts.idle)" in line["detail"]


async def test_trickling_provider_is_left_alone(scene: Scene) -> None:
    """Every byte is a sign of life: ``idle`` counts between them, ``total`` and ``attempt`` ended with the head."""

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(HEAD)
        for byte in b"0123456789":
            await asyncio.sleep(0.02)
            await wire.send(bytes([byte]))

    await scene.serve(script, timeouts={"idle": "150ms", "total": "60ms", "attempt": "50ms", "head": "50ms"})
    got = await scene.get("/p/x")
    assert (got.status, got.body) == (200, b"0123456789")
    assert (await scene.call())["outcome"] == "success"


async def test_trickling_head_is_not_left_alone(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\n")
        while True:
            await asyncio.sleep(0.01)
            await wire.send(b"X-More: 1\r\n")

    await scene.serve(script, timeouts={"head": "60ms"})
    got = await scene.get("/p/x")
    assert got.problem["code"] == "head_timeout"
    await scene.call()


# ---- Sidecar-Timeout ----


async def test_app_asks_for_less(scene: Scene) -> None:
    await scene.serve(hang, timeouts={"total": "30s"})
    got = await scene.get("/p/x", "Sidecar-Timeout: 40ms")
    assert got.problem["code"] == "deadline_exceeded"
    await scene.call()


async def test_app_cannot_ask_for_more(scene: Scene) -> None:
    await scene.serve(hang, timeouts={"total": "40ms"})
    got = await scene.get("/p/x", "Sidecar-Timeout: 1h")
    assert got.problem["code"] == "deadline_exceeded"
    await scene.call()


@pytest.mark.parametrize("value", ["10", "soon", "-5s", "1s, 2s", "1e3s", ""])
async def test_unreadable_timeout(scene: Scene, value: str) -> None:
    provider = await scene.serve(answer())
    got = await scene.get("/p/x", f"Sidecar-Timeout: {value}")
    assert got.status == 400
    assert got.problem["code"] == "bad_request"
    assert got.problem["detail"].startswith("Sidecar-Timeout: ")
    assert got.headers["sidecar-outcome"] == "refused; sent=nothing"
    assert got.headers["sidecar-attempts"] == "0"
    assert provider.opened == 0
    await scene.call()


async def test_no_time_left_sends_nothing_on_an_idle_connection(scene: Scene) -> None:
    """A POST whose deadline had passed was sent on a pooled connection all the same."""
    heads: list[bytes] = []

    async def script(wire: Wire) -> None:
        while True:
            heads.append(await wire.head())
            await wire.send(OK)

    await scene.serve(script)
    await scene.get("/p/warm")
    await scene.call()
    got = await scene.get("/p/late", "Sidecar-Timeout: 0s", method="POST")
    assert (got.problem["code"], got.problem["sent"]) == ("deadline_exceeded", "nothing")
    await scene.call()
    assert len(heads) == 1


async def test_timeout_of_the_route_wins(scene: Scene) -> None:
    routes = [{"name": "slow", "match": {"path": "/slow"}, "timeouts": {"head": "40ms"}}]
    await scene.serve(hang, timeouts={"head": "30s"}, routes=routes)
    assert (await scene.get("/p/slow")).problem["route"] == "slow"
    assert (await scene.call())["error"] == "head_timeout"


async def test_deadline_while_waiting_for_a_connection(scene: Scene) -> None:
    await scene.serve(hang, pool={"max_connections": 1}, timeouts={"pool": "30s"})
    app = await scene.app()
    app.get("/p/first")
    await eventually(lambda: scene.pool().open_connections)
    got = await scene.get("/p/second", "Sidecar-Timeout: 30ms")
    assert (got.problem["code"], got.problem["sent"]) == ("deadline_exceeded", "nothing")
    assert (await scene.call())["path"] == "/p/second"
    app.close()
    assert (await scene.call())["outcome"] == "canceled"


async def test_attempt_time_while_waiting_for_a_connection(scene: Scene) -> None:
    timeouts = {"pool": "30s", "attempt": "60ms"}
    routes = [{"name": "first", "match": {"path": "/first"}, "timeouts": {"attempt": 0}}]
    await scene.serve(hang, pool={"max_connections": 1}, timeouts=timeouts, routes=routes)
    app = await scene.app()
    app.get("/p/first")
    await eventually(lambda: scene.pool().open_connections)
    got = await scene.get("/p/second")
    assert (got.problem["code"], got.problem["sent"]) == ("attempt_timeout", "nothing")
    assert (await scene.call())["path"] == "/p/second"
    app.close()
    assert (await scene.call())["outcome"] == "canceled"
