"""Of every call that failed a packet is kept for support: all attempts, redacted, and found by any of its ids."""

import asyncio
from typing import Any

import orjson
import pytest

from sidecar.core.body import Body
from sidecar.core.errors import BreakerOpen, Reset, Sent
from sidecar.core.exchange import Exchange
from sidecar.policies import attempt, record, rescue, retry, tracking
from sidecar.policies.capture import Capture
from sidecar.policies.headers import HeaderRules
from sidecar.policies.policy import Policy
from sidecar.policies.retry import Retry
from sidecar.policies.retry_settings import Backoff
from sidecar.policies.timeouts import Timeouts
from sidecar.telemetry.background import SMALL, Background
from sidecar.telemetry.failures import Failure, Failures
from tests.unit.policies.stage import Stage, ask, respond

STACK = (tracking.POLICY, record.POLICY, rescue.POLICY, retry.POLICY, attempt.POLICY)


async def run(stage: Stage, exchange: Exchange, *policies: Policy) -> None:
    exchange.deadline = 1e9
    (await stage.build(*(policies or STACK))(exchange)).close(exchange, None)


def kept(stage: Stage) -> list[Failure]:
    return list(stage.site.failures.newest())


def content(stage: Stage) -> dict[str, Any]:
    (failure,) = kept(stage)
    found: dict[str, Any] = orjson.loads(failure.content)
    return found


def put(body: bytes) -> Exchange:
    exchange = ask(b"/payments/v1/x?page=2", (b"Trackingid", b"signup-1"), method=b"PUT")
    exchange.prefix, exchange.path = b"/payments", b"/v1/x?page=2"
    exchange.body = Body.of(body)
    return exchange


async def test_every_attempt_is_in_the_packet() -> None:
    stage = Stage(retry=Retry(attempts=3, backoff=Backoff(base="2s", cap="2s")))
    stage.takes = 0.25
    stage.script += [
        respond(503, (b"X-Request-Id", b"prov-1"), (b"Retry-After", b"4"), body=Body.of(b"busy")),
        Reset("gone", sent=Sent.NOTHING),
        respond(500, (b"X-Request-Id", b"prov-2"), body=Body.of(b"sorry")),
    ]
    exchange = put(b"order")
    await run(stage, exchange)
    found = content(stage)
    first, second, third = found["attempts"]
    assert (first["status"], first["tracking_id"], first["response_body"]) == (503, "prov-1", "busy")
    assert first["response_headers"] == {"x-request-id": "prov-1", "retry-after": "4"}
    assert (second["error"], second["status"], "response_headers" in second) == ("reset", None, False)
    assert (third["status"], third["response_body"], third["outcome"]) == (500, "sorry", "server_error")
    assert [one["n"] for one in found["attempts"]] == [1, 2, 3]
    assert [one["at_ms"] for one in found["attempts"]] == pytest.approx([0, 4262.5, 5512.5])
    assert found["started"] == 784111777.0
    assert [one["started"] for one in found["attempts"]] == pytest.approx([784111777.0, 784111781.2625, 784111782.5125])
    spans = {one["span_id"] for one in found["attempts"]}
    assert len(spans) == 3
    for one in found["attempts"]:
        assert one["added_headers"] == {"traceparent": f"00-{found['trace_id']}-{one['span_id']}-02"}
    assert (found["retry_reason"], found["outcome"], found["status"]) == ("reset", "server_error", 500)
    assert (found["request_headers"], found["request_body"]) == ({"trackingid": "signup-1"}, "order")
    assert found["url"] == "https://api.test/base/v1/x?page=2"
    assert (found["path"], found["query"]) == ("/payments/v1/x", "page=2")
    assert not {"response_headers", "response_body", "level", "event"} & set(found)


async def test_it_is_found_by_every_id_of_the_call() -> None:
    stage = Stage()
    stage.script.append(respond(500, (b"X-Request-Id", b"prov-1")))
    exchange = put(b"")
    await run(stage, exchange)
    (failure,) = kept(stage)
    assert failure.ids == ("signup-1", exchange.trace.trace_id, "prov-1")


async def test_lines_that_the_sidecar_added_are_told() -> None:
    stage = Stage()
    stage.script.append(respond(500))
    await run(stage, ask())
    found = content(stage)
    assert found["added_headers"] == {"trackingid": found["request_id"]}


async def test_a_refusal_of_ours_has_a_packet_without_attempts() -> None:
    stage = Stage()
    stage.script.append(BreakerOpen("the breaker is open"))
    await run(stage, put(b"order"), tracking.POLICY, record.POLICY, rescue.POLICY)
    found = content(stage)
    assert (found["attempts"], found["error"], found["detail"]) == ([], "breaker_open", "the breaker is open")
    assert found["response_headers"]["content-type"] == "application/problem+json"


async def test_what_holds_for_the_route_is_told_once() -> None:
    rules = HeaderRules(set={"X-Partner": "abcd1234efgh5678ijkl"})
    stage = Stage(headers=rules, timeouts=Timeouts(total="8s"), retry=Retry(attempts=2))
    stage.script += [respond(400), respond(400)]
    handle = stage.build(*STACK)
    for exchange in (ask(), ask()):
        (await handle(exchange)).close(exchange, None)
    first, second = kept(stage)
    assert first.route is second.route
    assert (first.route["base_url"], first.route["configured_headers"]) == ("https://api.test/base", ["X-Partner"])
    assert first.route["settings"]["timeouts_s"]["total"] == 8.0
    assert first.route["settings"]["retry"]["attempts"] == 2
    assert "abcd1234" not in str([*kept(stage)])


async def test_retries_that_are_off_are_told_as_off() -> None:
    stage = Stage()
    stage.script.append(respond(500))
    await run(stage, ask())
    assert kept(stage)[0].route["settings"]["retry"] == "off"


async def test_a_success_is_not_kept() -> None:
    stage = Stage(log=Capture(bodies="always"))
    await run(stage, put(b"order"))
    assert kept(stage) == []
    assert "request_body" in stage.log.requests[0]


async def test_a_failure_is_kept_whatever_the_level_of_the_log() -> None:
    stage = Stage(level="error")
    stage.script.append(respond(500))
    await run(stage, ask())
    assert stage.log.requests == []
    assert content(stage)["status"] == 500


@pytest.mark.parametrize("failures", [Failures(), Failures(10, 0)])
async def test_a_ring_that_is_off_costs_nothing(failures: Failures) -> None:
    stage = Stage(level="error")
    object.__setattr__(stage.site, "failures", failures)
    stage.script.append(respond(500))
    await run(stage, ask())
    assert (stage.log.requests, kept(stage)) == ([], [])


async def test_a_packet_that_is_larger_than_the_ring_is_kept_without_bodies() -> None:
    stage = Stage()
    object.__setattr__(stage.site, "failures", Failures(10, 8 * 1024))
    stage.script.append(respond(500, body=Body.of(b"y" * 10_000)))
    await run(stage, put(b"x" * 10_000))
    found = content(stage)
    assert found["request_body"] == found["attempts"][0]["response_body"]
    assert found["request_body"].startswith("(left out")
    assert len(stage.log.requests[0]["request_body"]) > 9_000


async def test_nothing_secret_is_in_the_ring() -> None:
    stage = Stage()
    secret = b"hunter22hunter22"
    stage.script.append(respond(500, (b"Set-Cookie", b"s=" + secret), body=Body.of(b"token=" + secret)))
    exchange = ask(b"/payments/x?api_key=" + secret, (b"Authorization", b"Bearer " + secret), method=b"PUT")
    exchange.path = b"/x?api_key=" + secret
    exchange.body = Body.of(b"password=" + secret)
    await run(stage, exchange)
    assert secret.decode() not in str(kept(stage))


# ---- large bodies leave the loop ----


def in_background(stage: Stage) -> Background:
    background = stage.site.background
    background.start(asyncio.get_running_loop())
    return background


async def test_up_to_64_kib_in_all_the_line_is_written_at_once() -> None:
    stage = Stage(log=Capture(body_bytes=SMALL))
    in_background(stage)
    stage.script.append(respond(500, body=Body.of(b"y" * (SMALL - 5))))
    await run(stage, put(b"order"))
    assert len(stage.log.requests) == 1


async def test_more_than_that_is_redacted_in_the_background_and_the_line_follows() -> None:
    stage = Stage(log=Capture(body_bytes=SMALL))
    background = in_background(stage)
    stage.script.append(respond(500, body=Body.of(b"y" * (SMALL - 4))))
    await run(stage, put(b"order"))
    assert (stage.log.requests, kept(stage)) == ([], [])
    background.close()
    (line,) = stage.log.requests
    assert (line["request_body"], len(line["response_body"])) == ("order", SMALL - 4)
    assert len(content(stage)["attempts"][0]["response_body"]) == SMALL - 4


async def test_bodies_of_attempts_that_were_retried_count() -> None:
    stage = Stage(log=Capture(body_bytes=SMALL), retry=Retry(attempts=2))
    background = in_background(stage)
    half = b"y" * (SMALL // 2 + 1)
    stage.script += [respond(503, body=Body.of(half)), respond(503, body=Body.of(half))]
    await run(stage, ask())
    assert stage.log.requests == []
    background.close()
    assert len(stage.log.requests) == 1


async def test_when_too_many_wait_bodies_are_told_by_their_length() -> None:
    stage = Stage(log=Capture(body_bytes=1024 * 1024))
    background = in_background(stage)
    large = b"y" * (1024 * 1024)
    for _ in range(40):
        stage.script.append(respond(500, (b"X-Why", b"busy"), body=Body.of(large)))
        await run(stage, put(b"order"))
    short = [line for line in stage.log.requests if line["response_body"].startswith('{"redaction"')]
    assert len(short) >= 40 - 17
    for line in short:
        assert line["response_body"] == '{"redaction":"skipped","bytes":1048576}'
        assert line["request_body"] == '{"redaction":"skipped","bytes":5}'
        assert line["response_headers"] == {"x-why": "busy"}
    assert stage.site.provider_stats.redaction_failures == len(short)
    background.close(timeout=60)
    assert len(stage.log.requests) == 40


async def test_a_close_that_cannot_wait_writes_every_line() -> None:
    stage = Stage(log=Capture(body_bytes=1024 * 1024))
    background = in_background(stage)
    for _ in range(10):
        stage.script.append(respond(500, body=Body.of(b"y" * (1024 * 1024))))
        await run(stage, ask())
    background.close(timeout=0.0)
    assert len(stage.log.requests) == 10
