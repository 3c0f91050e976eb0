import asyncio
import json

import pytest

from sidecar.core.body import Body
from sidecar.core.errors import ClientGone, DeadlineExceeded, Draining, Internal, Reset, ResponseIncomplete, Sent
from sidecar.core.exchange import Attempt
from sidecar.policies import attempt, record, rescue, tracking
from sidecar.policies.capture import Capture
from sidecar.policies.record import POLICY
from tests.unit.policies.stage import Stage, ask, respond

SECRETS = ("hunter22", "sk_live_0123456789abcdef", "c00kie-value", "t0k3n-in-path-99", "qu3ry-s3cret")


async def test_success() -> None:
    stage = Stage()
    stage.takes = 0.25
    exchange = ask(b"/payments/v1/x?page=2", (b"User-Agent", b"curl/8"))
    exchange.body = Body.of(b"12345")
    stage.script.append(respond(200, body=Body.of(b"123")))
    response = await stage.build(tracking.POLICY, POLICY, attempt.POLICY)(exchange)
    assert stage.site.provider_stats.in_flight == 1
    assert stage.log.lines == []
    stage.now = 101.0
    response.close(exchange, None)
    response.close(exchange, None)
    assert stage.site.provider_stats.in_flight == 0
    (line,) = stage.log.lines
    rid = exchange.request_id
    assert response.lines == (
        b"Sidecar-Request-Id: " + rid.encode() + b"\r\nSidecar-Attempts: 1\r\nSidecar-Outcome: success\r\n"
    )
    assert line["attempts"][0].pop("ms") == pytest.approx(1000)
    assert line == {
        "ts": "1994-11-06T08:49:37.500Z",
        "level": "info",
        "event": "request",
        "provider": "payments",
        "route": "charge",
        "method": "GET",
        "path": "/payments/v1/x",
        "query": "page=2",
        "status": 200,
        "outcome": "success",
        "sent": "all",
        "duration_ms": 1000.0,
        "ttfb_ms": 250.0,
        "bytes_in": 5,
        "bytes_out": 3,
        "attempts": [{"n": 1, "status": 200, "wait_ms": 0, "tracking_id": None, "connection": "new", "addr": ""}],
        "request_id": rid,
        "tracking_id": rid,
        "trace_id": exchange.trace.trace_id,
        "client": "127.0.0.1",
        "user_agent": "curl/8",
    }
    assert stage.site.stats.requests == {(b"GET", 200, "success"): 1}
    assert stage.site.stats.duration.sum == pytest.approx(1.0)
    assert stage.site.provider_stats.overhead.sum == pytest.approx(0.0)


@pytest.mark.parametrize(("status", "outcome"), [(404, "client_error"), (429, "throttled"), (503, "server_error")])
async def test_answer_of_the_provider_that_is_no_success(status: int, outcome: str) -> None:
    stage = Stage()
    stage.script.append(respond(status, (b"X-Why", b"because")))
    exchange = ask(b"/", (b"X-Mine", b"1"))
    response = await stage.build(POLICY)(exchange)
    assert response.lines.endswith(f"Sidecar-Outcome: {outcome}; sent=all\r\n".encode())
    response.close(exchange, None)
    (line,) = stage.log.lines
    assert (line["outcome"], line["sent"], line["level"]) == (outcome, "all", "info")
    assert line["request_headers"] == {"x-mine": "1"}
    assert line["response_headers"] == {"x-why": "because"}
    assert "error" not in line


async def test_error_is_seen_behind_its_answer() -> None:
    stage = Stage()
    stage.script.append(DeadlineExceeded("too late", sent=Sent.MAYBE))
    exchange = ask()
    response = await stage.build(POLICY, rescue.POLICY)(exchange)
    assert response.lines.endswith(b"Sidecar-Attempts: 0\r\nSidecar-Outcome: timeout; sent=maybe\r\n")
    response.close(exchange, None)
    (line,) = stage.log.lines
    assert (line["status"], line["error"], line["detail"], line["level"]) == (
        504, "deadline_exceeded", "too late", "warning",
    )  # fmt: skip
    assert stage.site.provider_stats.rejected == {"deadline_exceeded": 1}


@pytest.mark.parametrize(
    ("broken", "prepared", "outcome", "code"),
    [
        (asyncio.CancelledError(), None, "canceled", "canceled"),
        (asyncio.CancelledError(), Draining("time is up"), "refused", "draining"),
        (ZeroDivisionError("x"), None, "server_error", "internal"),
    ],
)
@pytest.mark.parametrize(("sent", "shown"), [(Sent.NOTHING, "nothing"), (Sent.MAYBE, "maybe")])
async def test_call_that_gets_no_answer(
    broken: BaseException, prepared: Draining | None, outcome: str, code: str, sent: Sent, shown: str
) -> None:
    stage = Stage()
    stage.script.append(broken)
    exchange = ask()
    exchange.error = prepared
    made = Attempt(1, 100.0)
    made.sent = sent
    exchange.attempts.append(made)
    with pytest.raises(type(broken)):
        await stage.build(POLICY)(exchange)
    (line,) = stage.log.lines
    assert (line["outcome"], line["error"], line["status"], line["sent"]) == (outcome, code, None, shown)
    assert "response_headers" not in line
    assert stage.site.provider_stats.in_flight == 0


@pytest.mark.parametrize(
    ("error", "outcome", "code"),
    [
        (ResponseIncomplete("half"), "network_error", "response_incomplete"),
        (ClientGone("gone"), "canceled", "canceled"),
        (ValueError("a bug"), "server_error", "internal"),
    ],
)
@pytest.mark.parametrize("attempts", [0, 1])
async def test_body_breaks_off(error: BaseException, outcome: str, code: str, attempts: int) -> None:
    stage = Stage()
    exchange = ask()
    policies = (POLICY, attempt.POLICY) if attempts else (POLICY,)
    response = await stage.build(*policies)(exchange)
    response.close(exchange, error)
    (line,) = stage.log.lines
    assert (line["status"], line["outcome"], line["error"]) == (200, outcome, code)
    assert line["sent"] == ("maybe" if attempts else "nothing")


async def test_tunnel_counts_its_own_bytes() -> None:
    stage = Stage()
    exchange = ask()
    response = await stage.build(POLICY)(exchange)
    exchange.tunneled = (3, 4)
    response.close(exchange, None)
    assert (stage.log.lines[0]["bytes_in"], stage.log.lines[0]["bytes_out"]) == (3, 4)


@pytest.mark.parametrize(("drawn", "lines"), [(0.1, 1), (0.2, 0), (0.9, 0)])
async def test_successes_are_sampled(drawn: float, lines: int) -> None:
    stage = Stage(log=Capture(sample_success=0.2))
    stage.drawn = drawn
    exchange = ask()
    (await stage.build(POLICY)(exchange)).close(exchange, None)
    assert len(stage.log.lines) == lines
    assert stage.site.stats.requests == {(b"GET", 200, "success"): 1}


async def test_failures_are_never_sampled() -> None:
    stage = Stage(log=Capture(sample_success=0.0))
    stage.script.append(respond(500))
    exchange = ask()
    (await stage.build(POLICY)(exchange)).close(exchange, None)
    assert len(stage.log.lines) == 1


@pytest.mark.parametrize(("error", "lines"), [(None, 0), (Reset("gone"), 1)])
async def test_level_warning_keeps_errors_only(error: Reset | None, lines: int) -> None:
    stage = Stage(level="warning")
    exchange = ask()
    (await stage.build(POLICY)(exchange)).close(exchange, error)
    assert len(stage.log.lines) == lines


async def test_time_with_the_provider_is_no_overhead() -> None:
    stage = Stage()
    stage.takes = 2.0
    exchange = ask()
    response = await stage.build(POLICY, attempt.POLICY)(exchange)
    exchange.attempts[0].waited = 0.5
    response.close(exchange, None)
    assert stage.site.provider_stats.overhead.sum == pytest.approx(0.5)


async def test_more_combinations_than_are_remembered() -> None:
    stage = Stage()
    handler = stage.build(POLICY)
    for count in range(300):
        exchange = ask()
        exchange.attempts = [Attempt(number, 100.0) for number in range(count)]
        response = await handler(exchange)
        assert f"Sidecar-Attempts: {count}\r\n".encode() in response.lines
        response.close(exchange, None)


async def test_last_word_is_an_internal_error() -> None:
    exchange = ask()
    stage = Stage()
    (await stage.build(POLICY)(exchange)).close(exchange, KeyError("x"))
    assert isinstance(exchange.error, Internal)


@pytest.mark.parametrize("level", ["debug", "info"])
async def test_secrets_are_never_written(level: str) -> None:
    """In paths, queries, headers of both sides, error texts: whatever the level."""
    stage = Stage(level=level)
    exchange = ask(
        b"/payments/token/t0k3n-in-path-99/x?api_key=qu3ry-s3cret&page=2",
        (b"Authorization", b"Bearer sk_live_0123456789abcdef"),
        (b"Cookie", b"session=c00kie-value"),
        (b"X-Api-Key", b"hunter22"),
    )
    stage.script.append(Reset("GET https://u:hunter22@api.test/?token=qu3ry-s3cret: Bearer sk_live_0123456789abcdef"))
    response = await stage.build(tracking.POLICY, POLICY, rescue.POLICY)(exchange)
    response.headers.add(b"Set-Cookie", b"session=c00kie-value; Path=/")
    response.headers.add(b"Location", b"https://u:hunter22@api.test/?api_key=qu3ry-s3cret")
    response.close(exchange, None)
    shown = json.dumps(stage.log.lines) + response.body.content().decode()
    assert [secret for secret in SECRETS if secret in shown] == []
    assert "page=2" in shown
    assert record.POLICY is POLICY
