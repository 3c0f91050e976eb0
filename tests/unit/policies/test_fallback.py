import asyncio
from typing import Any

import orjson
import pytest
from pydantic import ValidationError

from sidecar.core.body import Body
from sidecar.core.errors import (
    ERRORS,
    BadRequest,
    BreakerOpen,
    ClientGone,
    DeadlineExceeded,
    Draining,
    FaultInjected,
    HeadTimeout,
    Internal,
    Killed,
    NoRoute,
    Outcome,
    PoolExhausted,
    RateLimited,
    Reset,
    Sent,
    Side,
    SidecarError,
    Superseded,
)
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.http.head import RESPONSE_VIA
from sidecar.policies import fallback, record, rescue
from sidecar.policies.fallback import REASONS, Fallback
from tests.unit.policies.stage import Stage, ask, respond


def settings(**given: Any) -> Fallback:
    return Fallback.model_validate(given)


async def answered(
    step: Response | BaseException, exchange: Exchange | None = None, **given: Any
) -> tuple[Stage, Response]:
    """What the app gets when the handler inside gives ``step``."""
    stage = Stage(fallback=settings(**given))
    stage.script.append(step)
    return stage, await stage.build(fallback.POLICY)(exchange or ask())


# ---- what it answers for ----


def test_the_reasons_are_our_refusals_and_every_failure_of_the_provider() -> None:
    provider = {error.code for error in ERRORS if error.side is Side.PROVIDER}
    ours = {
        "breaker_open", "killed", "rate_limited", "concurrency_limited", "pool_exhausted", "deadline_exceeded",
    }  # fmt: skip
    assert set(REASONS) == {"exhausted"} | ours | provider
    assert len(REASONS) == len(set(REASONS))


@pytest.mark.parametrize("reason", [reason for reason in REASONS if reason != "exhausted"])
async def test_each_code_can_be_a_reason(reason: str) -> None:
    (kind,) = (error for error in ERRORS if error.code == reason)
    stage, response = await answered(kind("why"), when=[reason], body="sorry")
    assert (response.status, response.body.content()) == (503, b"sorry")
    assert stage.site.provider_stats.policies.fallbacks == {reason: 1}


@pytest.mark.parametrize(
    "error",
    [
        Reset("gone"),
        HeadTimeout("late"),
        DeadlineExceeded("up"),
        FaultInjected("on purpose", status=503),
        FaultInjected("on purpose", status=429, outcome=Outcome.THROTTLED),
    ],
)
async def test_exhausted_is_every_failure_without_an_answer(error: SidecarError) -> None:
    stage, response = await answered(error, when=["exhausted"], status=200)
    assert response.status == 200
    assert stage.site.provider_stats.policies.fallbacks == {"exhausted": 1}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
async def test_exhausted_is_every_failure_by_an_answer(status: int) -> None:
    stage, response = await answered(respond(status), when=["exhausted"], status=200, body="empty")
    assert (response.status, response.body.content()) == (200, b"empty")
    assert stage.site.provider_stats.policies.fallbacks == {"exhausted": 1}


async def test_exhausted_is_an_answer_that_success_found_to_be_none() -> None:
    answer = respond(200)
    answer.outcome = Outcome.SERVER_ERROR
    _, response = await answered(answer, when=["exhausted"], status=503)
    assert response.status == 503


@pytest.mark.parametrize("status", [200, 204, 304, 400, 401, 404, 422])
async def test_success_and_the_apps_own_mistakes_pass(status: int) -> None:
    answer = respond(status)
    stage, response = await answered(answer, when=list(REASONS), body="sorry")
    assert response is answer
    assert stage.site.provider_stats.policies.fallbacks == {}


@pytest.mark.parametrize(
    "error", [BadRequest("bad"), NoRoute("where"), ClientGone("bye"), Draining("end"), Internal("bug")]
)
async def test_no_fallback_for_the_apps_mistakes_and_our_own(error: SidecarError) -> None:
    with pytest.raises(type(error)):
        await answered(error, when=list(REASONS), body="sorry")


@pytest.mark.parametrize("broken", [asyncio.CancelledError(), ZeroDivisionError()])
async def test_cancellation_and_bugs_pass(broken: BaseException) -> None:
    with pytest.raises(type(broken)):
        await answered(broken, when=list(REASONS), body="sorry")


@pytest.mark.parametrize(
    ("error", "when"),
    [(Killed("x"), ["breaker_open", "exhausted"]), (Reset("x"), ["killed", "head_timeout"])],
)
async def test_what_was_not_asked_for_passes(error: SidecarError, when: list[str]) -> None:
    with pytest.raises(type(error)):
        await answered(error, when=when)


async def test_an_answer_passes_when_only_refusals_were_asked_for() -> None:
    answer = respond(503)
    assert (await answered(answer, when=["killed"]))[1] is answer


async def test_the_more_exact_word_goes_first() -> None:
    given = {"when": ["exhausted", "reset"], "status": 500, "reasons": {"reset": {"status": 200}}}
    stage, response = await answered(Reset("gone"), **given)
    assert response.status == 200
    assert stage.site.provider_stats.policies.fallbacks == {"reset": 1}
    _, response = await answered(HeadTimeout("late"), **given)
    assert response.status == 500


# ---- what it says ----


async def test_json() -> None:
    _, response = await answered(Killed("x"), when=["killed"], json={"available": False, "items": []})
    assert orjson.loads(response.body.content()) == {"available": False, "items": []}
    headers = response.headers
    assert headers.get(b"content-type") == b"application/json"
    assert headers.get(b"content-length") == b"30"
    assert headers.get(b"cache-control") == b"no-store"
    assert response.reason == b"Service Unavailable"


async def test_text_with_headers() -> None:
    given = {"status": 200, "body": "später", "headers": {"X-Degraded": " yes ", "Cache-Control": "max-age=5"}}
    _, response = await answered(Killed("x"), when=["killed"], **given)
    assert response.body.content() == "später".encode()
    headers = response.headers
    assert headers.get(b"content-type") == b"text/plain; charset=utf-8"
    assert (headers.get(b"x-degraded"), headers.get(b"cache-control")) == (b"yes", b"max-age=5")


async def test_a_type_of_its_own() -> None:
    _, response = await answered(Killed("x"), when=["killed"], body="<a/>", content_type="application/xml")
    assert response.headers.get(b"content-type") == b"application/xml"


@pytest.mark.parametrize("empty", [{}, {"json": {}}, {"json": []}, {"json": False}, {"body": ""}])
async def test_an_empty_value_is_a_content_and_none_is_none(empty: dict[str, Any]) -> None:
    _, response = await answered(Killed("x"), when=["killed"], **empty)
    expected = orjson.dumps(empty["json"]) if "json" in empty else b""
    assert response.body.content() == expected
    assert response.headers.get(b"content-length") == str(len(expected)).encode()
    assert (response.headers.get(b"content-type") is None) == (not expected)


async def test_one_reason_may_have_other_words() -> None:
    given = {
        "when": ["killed", "breaker_open", "rate_limited"],
        "status": 503,
        "json": {"a": 1},
        "headers": {"X-A": "1", "X-B": "1"},
        "reasons": {
            "killed": {"status": 200, "body": "off", "headers": {"x-b": "2"}},
            "rate_limited": {"headers": {"X-C": "3"}},
        },
    }
    _, response = await answered(Killed("x"), **given)
    assert (response.status, response.body.content()) == (200, b"off")
    assert [response.headers.all(name) for name in (b"x-a", b"x-b")] == [[b"1"], [b"2"]]
    assert response.headers.get(b"content-type") == b"text/plain; charset=utf-8"
    _, response = await answered(BreakerOpen("x"), **given)
    assert (response.status, response.body.content(), response.headers.get(b"x-b")) == (503, b'{"a":1}', b"1")
    _, response = await answered(RateLimited("x"), **given)
    assert (response.status, response.body.content(), response.headers.get(b"x-c")) == (503, b'{"a":1}', b"3")


async def test_one_reason_may_have_no_content() -> None:
    given = {"when": ["killed"], "json": {"a": 1}, "reasons": {"killed": {"status": 204}}}
    _, response = await answered(Killed("x"), **given)
    assert (response.status, response.body.content()) == (204, b"")
    assert response.headers.get(b"content-length") is None


async def test_head_gets_the_head_alone() -> None:
    _, response = await answered(Killed("x"), ask(method=b"HEAD"), when=["killed"], body="sorry")
    assert response.body.content() == b""
    assert response.headers.get(b"content-length") == b"5"


# ---- the cause stays to be seen ----


async def test_the_cause_of_an_error_stays() -> None:
    exchange = ask()
    attempt = Attempt(1, 100.0)
    attempt.sent = Sent.MAYBE
    exchange.attempts.append(attempt)
    error = BreakerOpen("calls failed; token=hunter22-abcdef", retry_after=4.2)
    error.lines = b"x-should-retry: false\r\n"
    _, response = await answered(error, exchange, when=["breaker_open"], status=200, json=[])
    assert exchange.error is error
    assert error.sent is Sent.MAYBE
    assert exchange.notes == {"fallback": "breaker_open"}
    headers = response.headers
    assert headers.get(b"retry-after") == b"5"
    shown = headers.get(b"proxy-status") or b""
    assert shown.startswith(b"sidecar; error=destination_unavailable; details=")
    assert b"hunter22" not in shown
    assert response.lines == b"x-should-retry: false\r\n"


async def test_no_retry_after_where_the_cause_has_none() -> None:
    _, response = await answered(Killed("x"), when=["killed"])
    assert response.headers.get(b"retry-after") is None


async def test_a_retry_after_of_ones_own_stays_the_only_one() -> None:
    error = PoolExhausted("x", retry_after=1.0)
    error.lines = b"Retry-After: 9\r\n"
    _, response = await answered(error, when=["pool_exhausted"], headers={"retry-after": "60"})
    assert response.headers.all(b"retry-after") == [b"60"]
    assert response.lines == b""


async def test_the_cause_of_an_answer_stays() -> None:
    exchange, answer = ask(), respond(503, (b"Retry-After", b"7"), (b"X-Secret", b"1"))
    answer.lines = RESPONSE_VIA + b"Retry-After: 9\r\nx-should-retry: false\r\n"
    _, response = await answered(answer, exchange, when=["exhausted"], status=200)
    assert response.outcome is Outcome.SERVER_ERROR
    assert exchange.error is None
    assert response.headers.get(b"retry-after") == b"7"
    assert response.headers.get(b"proxy-status") == b"sidecar; received-status=503"
    assert response.headers.get(b"x-secret") is None
    assert response.lines == b"x-should-retry: false\r\n"


async def test_what_the_inner_policies_had_to_say_is_kept() -> None:
    answer = respond(429)
    answer.lines = RESPONSE_VIA + b"Retry-After: 9\r\n"
    _, response = await answered(answer, when=["exhausted"])
    assert response.lines == b"Retry-After: 9\r\n"


# ---- the answer that nobody reads ----


class Closed:
    """What the closer of an answer was called with."""

    def __init__(self, answer: Response) -> None:
        self.errors: list[BaseException | None] = []
        answer.closers.append(self)

    def __call__(self, exchange: Exchange, response: Response, error: BaseException | None) -> None:
        self.errors.append(error)


async def test_a_whole_answer_is_closed_once_and_without_an_error() -> None:
    answer = respond(503, body=Body.of(b"down"))
    closed = Closed(answer)
    exchange = ask()
    _, response = await answered(answer, exchange, when=["exhausted"])
    response.close(exchange, None)
    assert closed.errors == [None]


async def test_an_answer_that_still_comes_is_cut_off() -> None:
    answer = respond(503, body=Body(length=10))
    closed = Closed(answer)
    exchange = ask()
    _, response = await answered(answer, exchange, when=["exhausted"])
    (error,) = closed.errors
    assert isinstance(error, Superseded)
    response.close(exchange, None)
    assert len(closed.errors) == 1


# ---- with its neighbours ----


async def test_log_and_headers_tell_the_cause() -> None:
    stage = Stage(fallback=settings(when=["killed", "exhausted"], status=200, json=[]))
    handle = stage.build(record.POLICY, rescue.POLICY, fallback.POLICY)
    stage.script += [Killed("switched off by ana: x"), respond(503), PoolExhausted("full")]
    for _ in range(3):
        exchange = ask()
        response = await handle(exchange)
        response.close(exchange, None)
    killed, failed, refused = stage.log.requests
    assert (killed["status"], killed["outcome"], killed["sent"], killed["error"], killed["fallback"]) == (
        200, "refused", "nothing", "killed", "killed",
    )  # fmt: skip
    assert killed["detail"] == "switched off by ana: x"
    assert (failed["status"], failed["outcome"], failed["fallback"]) == (200, "server_error", "exhausted")
    assert (refused["status"], refused["error"]) == (503, "pool_exhausted")
    assert "fallback" not in refused
    assert stage.stats.routes["payments", "charge"].requests == {
        (b"GET", 200, "refused"): 1,
        (b"GET", 200, "server_error"): 1,
        (b"GET", 503, "refused"): 1,
    }
    assert stage.site.provider_stats.rejected == {"killed": 1, "pool_exhausted": 1}


async def test_the_outcome_header_is_that_of_the_cause() -> None:
    stage = Stage(fallback=settings(when=["exhausted"], status=200))
    stage.script.append(Reset("gone", sent=Sent.MAYBE))
    exchange = ask()
    response = await stage.build(record.POLICY, rescue.POLICY, fallback.POLICY)(exchange)
    assert b"Sidecar-Outcome: network_error; sent=maybe\r\n" in response.lines


# ---- off, observe ----


def test_nothing_is_built_where_it_is_off() -> None:
    for given in (Fallback.unset(), settings(mode="off"), settings(when=[])):
        stage = Stage(fallback=given)
        assert stage.build(fallback.POLICY) == stage._innermost
    assert Stage().build(fallback.POLICY).__name__ == "_innermost"


async def test_observe_counts_and_does_nothing() -> None:
    stage = Stage(fallback=settings(mode="observe", when=["killed", "exhausted"], status=200))
    answer = respond(503)
    stage.script += [Killed("x"), answer]
    handle = stage.build(fallback.POLICY)
    with pytest.raises(Killed):
        await handle(ask())
    exchange = ask()
    assert await handle(exchange) is answer
    policies = stage.site.provider_stats.policies
    assert policies.observed == {("fallback", "killed"): 1, ("fallback", "exhausted"): 1}
    assert policies.fallbacks == {}
    assert exchange.notes is None


# ---- settings ----


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"when": ["braker_open"]}, "not a reason for a fallback: 'braker_open'; did you mean 'breaker_open'?"),
        ({"when": ["Breaker-Open"]}, "did you mean 'breaker_open'?"),
        ({"when": ["xyz"]}, "possible are exhausted, breaker_open, killed"),
        ({"when": [503]}, "not a reason for a fallback: '503'"),
        ({"reasons": {"kiled": {}}}, "did you mean 'killed'?"),
        ({"when": ["exhausted"], "reasons": {"killed": {}}}, "reasons.killed would never be used"),
        ({"json": {}, "body": "x"}, "json and body cannot both be the content"),
        ({"status": 204, "body": "x"}, "status 204 has no content"),
        ({"status": 304, "json": 1}, "status 304 has no content"),
        ({"reasons": {"killed": {"json": {}, "body": "x"}}}, "json and body cannot both"),
        ({"status": 199}, "greater than or equal to 200"),
        ({"status": 600}, "less than or equal to 599"),
        ({"headers": {"Content-Length": "1"}}, "Content-Length cannot be set here"),
        ({"headers": {"content-type": "x"}}, "there is content_type"),
        ({"headers": {"Connection": "close"}}, "Connection cannot be set here"),
        ({"headers": {"Sidecar-Outcome": "success"}}, "Sidecar-Outcome cannot be set here"),
        ({"headers": {"a b": "x"}}, "match pattern"),
        ({"headers": {"X-A": "x\r\nX-B: y"}}, "control or non-ASCII"),
        ({"content_type": "a\nb"}, "match pattern"),
        ({"unknown": 1}, "Extra inputs"),
    ],
)
def test_mistakes(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**given)
    assert why in str(caught.value)


def test_when_written_without_words_it_answers_for_the_usual() -> None:
    assert settings().when == ("breaker_open", "killed", "exhausted")
    assert (settings().status, settings().mode) == (503, "enforce")
