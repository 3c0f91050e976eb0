"""The whole stack: its order, and what neighbours do to each other."""

import asyncio
import gc

import orjson
import pytest

from sidecar.core.errors import BadRequest, Reset, Sent
from sidecar.core.exchange import Exchange, Response
from sidecar.policies import deadline, record, rescue
from sidecar.policies.order import ORDER, OWN_ANSWERS, fold
from sidecar.policies.policy import Policy
from sidecar.policies.retry_settings import Retry
from sidecar.policies.site import Site
from sidecar.policies.timeouts import Timeouts
from tests.unit.policies.stage import Stage, ask, respond


def test_order() -> None:
    assert [policy.name for policy in ORDER] == [
        "tracking", "tracing", "record", "redaction", "rescue", "fallback", "kill", "faults", "deadline", "rewrite",
        "headers", "idempotency", "retry", "breaker", "rate", "concurrency", "kill-again", "success", "throttled",
        "attempt",
    ]  # fmt: skip


def test_own_answers_are_tracked_recorded_and_rescued() -> None:
    assert [policy.name for policy in OWN_ANSWERS] == ["tracking", "tracing", "record", "redaction", "rescue"]


def test_every_key_has_settings() -> None:
    assert all((policy.key is None) == (policy.settings is None) for policy in ORDER)


async def test_first_is_outermost() -> None:
    calls: list[str] = []

    def policy(name: str) -> Policy:
        def build(inner: object, site: Site) -> object:
            async def handle(exchange: Exchange) -> Response:
                calls.append(name)
                return await inner(exchange)  # type: ignore[operator]

            return handle

        return Policy(name, build)  # type: ignore[arg-type]

    stage = Stage()
    await fold(stage._innermost, stage.site, (policy("a"), policy("b"), policy("c")))(ask())
    assert calls == ["a", "b", "c"]


async def test_record_sees_the_status_and_the_cause() -> None:
    stage = Stage()
    stage.script.append(Reset("gone", sent=Sent.MAYBE))
    exchange = ask()
    response = await fold(stage._innermost, stage.site)(exchange)
    assert response.status == 502
    response.close(exchange, None)
    (line,) = stage.log.requests
    assert (line["status"], line["error"], line["outcome"], line["sent"]) == (502, "reset", "network_error", "maybe")


async def test_problem_and_headers_and_line_agree_on_the_id() -> None:
    stage = Stage()
    stage.script.append(Reset("gone"))
    exchange = ask(b"/", (b"Trackingid", b"from-app"))
    response = await fold(stage._innermost, stage.site)(exchange)
    response.close(exchange, None)
    assert orjson.loads(response.body.content())["request_id"] == "from-app"
    assert b"Sidecar-Request-Id: from-app\r\n" in response.lines
    assert stage.log.requests[0]["request_id"] == "from-app"


async def test_refusal_of_the_deadline_is_no_attempt() -> None:
    stage = Stage()
    exchange = ask(b"/", (b"Sidecar-Timeout", b"soon"))
    response = await fold(stage._innermost, stage.site)(exchange)
    assert (response.status, exchange.attempts, stage.seen) == (400, [], [])
    assert isinstance(exchange.error, BadRequest)


async def test_every_attempt_runs_under_the_same_deadline() -> None:
    stage = Stage(timeouts=Timeouts(total="5s"))
    seen: list[float] = []

    async def inner(exchange: Exchange) -> Response:
        seen.append(exchange.deadline)
        stage.now += 3
        return respond()

    def twice(handler: object, site: Site) -> object:
        async def handle(exchange: Exchange) -> Response:
            await handler(exchange)  # type: ignore[operator]
            return await handler(exchange)  # type: ignore[operator]

        return handle

    policies = (deadline.POLICY, Policy("twice", twice), ORDER[-1])  # type: ignore[arg-type]
    exchange = ask()
    await fold(inner, stage.site, policies)(exchange)
    assert seen == [105.0, 105.0]
    assert [(made.n, made.started) for made in exchange.attempts] == [(1, 100.0), (2, 103.0)]


async def test_bug_in_rescue_itself_is_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> Response:
        raise RuntimeError("problem")

    monkeypatch.setattr(rescue, "problem", broken)
    stage = Stage()
    stage.script.append(Reset("gone"))
    with pytest.raises(RuntimeError):
        await fold(stage._innermost, stage.site, (record.POLICY, rescue.POLICY))(ask())
    (line,) = stage.log.requests
    assert (line["error"], line["outcome"]) == ("internal", "server_error")
    assert stage.site.provider_stats.in_flight == 0


async def test_cancellation_goes_through_every_layer() -> None:
    stage = Stage()
    stage.script.append(asyncio.CancelledError())
    exchange = ask()
    with pytest.raises(asyncio.CancelledError):
        await fold(stage._innermost, stage.site)(exchange)
    (line,) = stage.log.requests
    assert (line["error"], line["attempts"][0]["error"]) == ("canceled", "canceled")


async def test_a_failing_call_leaves_no_ring_for_the_collector() -> None:
    """Errors kept their tracebacks, and with them the calls: an outage made the collector stop everything for 0.1 s."""
    stage = Stage(retry=Retry())
    handle = stage.build(*ORDER)
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            stage.script = [Reset("gone", sent=Sent.MAYBE), Reset("gone", sent=Sent.MAYBE), Reset("gone")]
            exchange = ask()
            response = await handle(exchange)
            response.close(exchange, None)
        del exchange, response
        stage.seen.clear()
        stage.log.lines.clear()
        assert gc.collect() == 0
    finally:
        gc.enable()
