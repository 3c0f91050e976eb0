"""``success`` and ``throttled``: another verdict on an answer, and not one byte of it changed."""

import asyncio
import gzip
from typing import Any

import pytest

from tests.chaos.app import Answer
from tests.chaos.provider_script import Script, Wire, answer
from tests.chaos.scene import Scene, eventually

GRAPHQL = {"success": {"json": {"pointer": "/errors", "is": "absent"}}}
FAILED = b'{"data": null,  "errors": [{"message": "no", "token": "s3cret"}]}\n'
GOOD = b'{"data": {"id": 1}}'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n"


def counted(body: bytes, *lines: bytes) -> bytes:
    return b"%b%b\r\nContent-Length: %d\r\n\r\n%b" % (HEAD, b"\r\n".join((b"X-A: 1", *lines)), len(body), body)


def chunked(body: bytes, size: int) -> bytes:
    chunks = [body[start : start + size] for start in range(0, len(body), size)]
    lines = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + lines + b"0\r\nX-Trailer: 1\r\n\r\n"


def in_pieces(data: bytes, size: int) -> Script:
    """The answer, so many bytes at a time."""

    async def script(wire: Wire) -> None:
        while True:
            await wire.head()
            for start in range(0, len(data), size):
                await wire.send(data[start : start + size])
                await asyncio.sleep(0.001)

    return script


async def judged(scene: Scene, method: str = "GET") -> tuple[Answer, dict[str, Any]]:
    """The answer to one call, and its log line."""
    got = await scene.get("/p/graphql", method=method)
    return got, await scene.call()


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (counted(FAILED), FAILED),
        (chunked(FAILED, 1000), FAILED),
        (chunked(FAILED, 3), FAILED),
        (HEAD + b"Connection: close\r\n\r\n" + FAILED, FAILED),
        (counted(gzip.compress(FAILED), b"Content-Encoding: gzip"), gzip.compress(FAILED)),
    ],
    ids=["counted", "one chunk", "chunks", "until close", "gzip"],
)
@pytest.mark.parametrize("size", [10_000, 40])
async def test_a_200_with_errors_is_a_failure_and_reaches_the_app_as_it_is(
    scene: Scene, raw: bytes, body: bytes, size: int
) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        for start in range(0, len(raw), size):
            await wire.send(raw[start : start + size])
            await asyncio.sleep(0.001)

    await scene.serve(script, **GRAPHQL)
    got, line = await judged(scene)
    assert (got.status, got.body, got.complete) == (200, body, True)
    assert got.headers["sidecar-outcome"] == "server_error; sent=all"
    assert got.headers["content-type"] == "application/json; charset=utf-8"
    assert (line["outcome"], line["status"], line["judged"]) == ("server_error", 200, "/errors is not absent")
    assert '"message":"no"' in line["response_body"].replace(" ", "")
    assert "s3cret" not in str(line)
    metrics = await scene.metrics()
    assert metrics['sidecar_success_unread_total{provider="p"}'] == 0
    assert (
        metrics['sidecar_requests_total{provider="p",route="default",method="GET",code="200",outcome="server_error"}']
        == 1
    )


@pytest.mark.parametrize(
    "raw", [counted(GOOD), chunked(GOOD, 4), counted(gzip.compress(GOOD), b"Content-Encoding: gzip")]
)
async def test_a_200_without_errors_is_a_success(scene: Scene, raw: bytes) -> None:
    await scene.serve(in_pieces(raw, 50), **GRAPHQL)
    got, line = await judged(scene)
    assert got.headers["sidecar-outcome"] == "success"
    assert (line["outcome"], "judged" in line) == ("success", False)


LONG = b'{"errors": [' + b'"0123456789abcdef",' * 20_000 + b'"end"]}'
"""380 KB."""


@pytest.mark.parametrize(
    "raw",
    [
        counted(LONG),
        chunked(LONG, 10_000),
        chunked(LONG, 100_000),
        counted(gzip.compress(LONG, 0), b"Content-Encoding: gzip"),
        counted(gzip.compress(LONG), b"Content-Encoding: gzip"),
        counted(FAILED, b"Content-Encoding: br"),
    ],
    ids=["counted", "chunks", "large chunks", "gzip", "gzip, short until decoded", "br"],
)
async def test_what_cannot_be_read_passes_unchanged_and_is_counted(scene: Scene, raw: bytes) -> None:
    await scene.serve(in_pieces(raw, 50_000), **GRAPHQL)
    plain = raw.partition(b"\r\n\r\n")[2]
    got, line = await judged(scene)
    assert got.complete
    assert got.body == (LONG if b"chunked" in raw[:200] else plain)
    assert (got.headers["sidecar-outcome"], line["outcome"]) == ("success", "success")
    assert (await scene.metrics())['sidecar_success_unread_total{provider="p"}'] == 1


async def test_an_event_stream_is_not_held(scene: Scene) -> None:
    seen = asyncio.Semaphore(0)

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            await wire.send(b"9\r\ndata: 1\n\n\r\n")
            await seen.acquire()
        await wire.send(b"0\r\n\r\n")

    await scene.serve(script, **GRAPHQL)
    app = await scene.app()
    app.get("/p/events")
    await app.head()
    for _ in range(3):
        assert await app.chunk() == b"data: 1\n\n"
        seen.release()
    assert await app.chunk() == b""
    assert (await scene.call())["outcome"] == "success"


async def test_an_answer_to_head_has_no_body_to_wait_for(scene: Scene) -> None:
    await scene.serve(answer(HEAD + b"Content-Length: 40\r\n\r\n"), **GRAPHQL)
    got = await scene.get("/p/graphql", method="HEAD")
    assert (got.status, got.headers["sidecar-outcome"]) == (200, "success")
    await scene.call()


async def test_a_body_that_comes_after_the_deadline_passes_unread(scene: Scene) -> None:
    """``total`` ends with the head, for streams; a rule must not turn it into an end for bodies."""
    late = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(HEAD + b"Content-Length: %d\r\n\r\n{" % len(FAILED))
        await late.wait()
        await wire.send(FAILED[1:])

    await scene.serve(script, timeouts={"total": "100ms"}, **GRAPHQL)
    app = await scene.app()
    app.get("/p/graphql")
    assert (await app.head()).headers["sidecar-outcome"] == "success"
    late.set()
    assert await app.reader.readexactly(len(FAILED)) == FAILED
    await scene.call()
    assert (await scene.metrics())['sidecar_success_unread_total{provider="p"}'] == 1


# ---- broken off while it is held ----


def broken_first(sends: list[str]) -> Script:
    """The first answer breaks off, the second is good."""

    async def script(wire: Wire) -> None:
        await wire.head()
        sends.append("sent")
        if len(sends) == 1:
            await wire.send(HEAD + b'Content-Length: 100\r\n\r\n{"data"')
            await asyncio.sleep(0.01)
            wire.reset()
        else:
            await wire.send(counted(GOOD))

    return script


async def test_an_answer_that_breaks_off_is_asked_for_again(scene: Scene) -> None:
    sends: list[str] = []
    await scene.serve(broken_first(sends), retry={"attempts": 3, "hold_bytes": 0}, **GRAPHQL)
    got, line = await judged(scene)
    assert (got.status, got.body) == (200, GOOD)
    assert [attempt.get("error") for attempt in line["attempts"]] == ["response_incomplete", None]
    assert len(sends) == 2


async def test_without_a_retry_an_answer_that_breaks_off_is_an_error(scene: Scene) -> None:
    await scene.serve(broken_first([]), **GRAPHQL)
    got, line = await judged(scene, "POST")
    assert (got.status, got.problem["code"], got.problem["sent"]) == (502, "response_incomplete", "maybe")
    assert [attempt["error"] for attempt in line["attempts"]] == ["response_incomplete"]
    metrics = await scene.metrics()
    assert metrics['sidecar_attempts_total{provider="p",route="default",code="200"}'] == 1


@pytest.mark.parametrize("reset", [False, True])
async def test_an_app_that_leaves_while_its_answer_is_held_ends_the_call_at_the_provider(
    scene: Scene, reset: bool
) -> None:
    gone = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(HEAD + b'Content-Length: 100\r\n\r\n{"data"')
        await wire.gone()
        gone.set()

    await scene.serve(script, concurrency={"limit": 1}, **GRAPHQL)
    app = await scene.app()
    app.get("/p/graphql")
    await eventually(lambda: any(one.chunks for one in _held(scene)))
    app.reset() if reset else app.close()
    async with asyncio.timeout(5):
        await gone.wait()
    line = await scene.call()
    assert (line["outcome"], line["attempts"][0]["error"]) == ("canceled", "canceled")
    assert (await scene.metrics())['sidecar_slots_in_use{provider="p"}'] == 0


def _held(scene: Scene) -> list[Any]:
    """Bodies of answers that are under way."""
    found = (connection._response for connection in scene.pool()._connections)
    return [response.body for response in found if response is not None]


# ---- what the verdict is for ----


async def test_a_failure_is_retried_where_that_is_asked_for(scene: Scene) -> None:
    answers = [counted(FAILED), counted(GOOD)]

    async def script(wire: Wire) -> None:
        while True:
            await wire.head()
            await wire.send(answers.pop(0))

    await scene.serve(script, retry={"attempts": 2, "on": ["failure"]}, **GRAPHQL)
    got, line = await judged(scene)
    assert (got.body, got.headers["sidecar-outcome"], got.headers["sidecar-attempts"]) == (GOOD, "success", "2")
    assert line["retry_reason"] == "failure"


async def test_throttling_in_the_providers_own_words(scene: Scene) -> None:
    body = b'{"error": {"errors": [{"reason": "rateLimitExceeded"}]}}'
    rule = {"status": [403], "json": {"pointer": "/error/errors/0/reason", "equals": "rateLimitExceeded"}}
    raw = counted(body).replace(b"200 OK", b"403 Forbidden")
    await scene.serve(answer(raw), throttled=rule, concurrency={"limit": "adaptive"})
    got, line = await judged(scene)
    assert (got.status, got.body, got.headers["sidecar-outcome"]) == (403, body, "throttled; sent=all")
    assert line["judged"] == "throttled by status, json /error/errors/0/reason"
    assert (await scene.metrics())['sidecar_slots_limit{provider="p"}'] == 14
