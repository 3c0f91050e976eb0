import asyncio

import pytest

from sidecar.core.errors import ClientGone, Reset, ResponseIncomplete, Sent
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.policies import attempt, tracking
from sidecar.policies.attempt import POLICY
from sidecar.policies.tracking import Tracking
from tests.unit.policies.stage import Stage, ask, respond


async def test_success() -> None:
    stage = Stage()
    stage.takes = 0.25
    stage.script.append(respond(201, (b"X-Request-Id", b"prov-1")))
    exchange = ask()
    response = await stage.build(POLICY)(exchange)
    (made,) = exchange.attempts
    assert (made.n, made.started, made.status, made.tracking_id, made.error) == (1, 100.0, 201, "prov-1", None)
    assert made.ended == 0.0
    stage.now = 103.0
    response.close(exchange, None)
    assert made.ended == 103.0
    assert stage.site.stats.attempts == {201: 1}
    assert stage.site.stats.attempt_duration.sum == pytest.approx(3.0)


async def test_first_tracking_header_that_is_there_counts() -> None:
    stage = Stage(tracking=Tracking(response_headers=("A", "B")))
    stage.script.append(respond(200, (b"B", b"second")))
    exchange = ask()
    await stage.build(POLICY)(exchange)
    assert exchange.attempts[0].tracking_id == "second"


async def test_no_tracking_header() -> None:
    exchange = ask()
    await Stage().build(POLICY)(exchange)
    assert exchange.attempts[0].tracking_id is None


async def test_each_attempt_has_a_span_of_its_own() -> None:
    stage = Stage()
    exchange = ask(b"/", (b"traceparent", b"00-" + b"a" * 32 + b"-" + b"b" * 16 + b"-01"), (b"tracestate", b"v=1"))
    handler = stage.build(tracking.POLICY, attempt.POLICY)
    await handler(exchange)
    first = exchange.attempts[0]
    assert first.line.startswith(b"traceparent: 00-" + b"a" * 32 + b"-" + first.span_id.encode())
    assert first.line.endswith(b"tracestate: v=1\r\n")
    await handler(exchange)
    assert exchange.attempts[1].span_id != first.span_id


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (Reset("gone"), "reset"),
        (asyncio.CancelledError(), "canceled"),
        (ClientGone("gone"), "canceled"),
        (ZeroDivisionError(), "internal"),
    ],
)
async def test_failure(error: BaseException, code: str) -> None:
    stage = Stage()
    stage.takes = 2.0
    stage.script.append(error)
    exchange = ask()
    with pytest.raises(type(error)):
        await stage.build(POLICY)(exchange)
    (made,) = exchange.attempts
    assert (made.error, made.ended) == (code, 102.0)
    assert stage.site.stats.attempts == {code: 1}
    assert stage.site.stats.attempt_duration.sum == 2.0


async def test_body_breaks_off() -> None:
    stage = Stage()
    exchange = ask()
    response = await stage.build(POLICY)(exchange)
    response.close(exchange, ResponseIncomplete("half"))
    assert (exchange.attempts[0].error, exchange.attempts[0].sent) == ("response_incomplete", Sent.MAYBE)


async def test_foreign_error_at_the_end_is_not_the_attempts() -> None:
    stage = Stage()
    exchange = ask()
    response = await stage.build(POLICY)(exchange)
    response.close(exchange, ValueError("x"))
    assert exchange.attempts[0].error is None


@pytest.mark.parametrize("fails", [False, True])
async def test_dead_connections_are_counted(fails: bool) -> None:
    stage = Stage()

    async def resent(exchange: Exchange) -> Response:
        exchange.attempts[-1].error = "reset"
        for number in (2, 3):
            exchange.attempts.append(Attempt(number, 100.0))
        if fails:
            raise Reset("gone for good")
        return respond()

    exchange = ask()
    handler = POLICY.build(resent, stage.site)
    if fails:
        with pytest.raises(Reset):
            await handler(exchange)
        assert stage.site.stats.attempts == {"reset": 3}
    else:
        await handler(exchange)
        assert stage.site.stats.attempts == {"reset": 2, 200: 1}


@pytest.mark.parametrize(
    ("status", "headers", "counted"),
    [
        (401, [], {401: 1}),
        (403, [], {403: 1}),
        (403, [(b"X-RateLimit-Remaining", b"0")], {}),
        (404, [], {}),
    ],
)
async def test_wrong_credentials_are_counted_and_throttling_is_not(
    status: int, headers: list[tuple[bytes, bytes]], counted: dict[int, int]
) -> None:
    stage = Stage()
    stage.script.append(respond(status, *headers))
    await stage.build(attempt.POLICY)(ask())
    assert stage.site.provider_stats.policies.auth_failures == counted
