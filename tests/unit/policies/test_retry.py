"""Which calls are sent again, when, and what stands against it."""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from sidecar.core import errors
from sidecar.core.body import Body
from sidecar.core.errors import Outcome, Sent, SidecarError
from sidecar.core.exchange import NEVER, Attempt, Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies import attempt, retry
from sidecar.policies.order import fold
from sidecar.policies.policy import Policy
from sidecar.policies.retry_settings import Retry
from sidecar.policies.site import Site
from tests.unit.policies.stage import Stage, ask, respond
from tests.unit.policies.tries import Step, Tries, answers, coming, fails, post

ON = ["connect", "reset", "timeout", "failure", "425", "429", "503", "504"]

RESULTS: dict[str, Callable[[], Step]] = {
    "refused": lambda: fails(errors.ConnectFailed("refused")),
    "late, unsent": lambda: fails(errors.AttemptTimeout("no connection in time")),
    "reset": lambda: fails(errors.Reset("gone", sent=Sent.MAYBE)),
    "late": lambda: fails(errors.HeadTimeout("no answer", sent=Sent.MAYBE)),
    "503": lambda: answers(503),
    "504 hinted": lambda: answers(504, (b"Retry-After", b"1")),
    "503 hinted": lambda: answers(503, (b"Retry-After", b"1")),
    "429": lambda: answers(429),
    "403 throttled": lambda: answers(403, (b"x-ratelimit-remaining", b"0")),
    "425": lambda: answers(425),
    "409 wish": lambda: answers(409, (b"x-should-retry", b"true")),
    "409": lambda: answers(409),
    "200": lambda: answers(200),
}
"""Each result of a first send; the second is always answered with 200."""

TABLE = """
method key  unsafe   | refused late,unsent reset late 503 504hinted 503hinted 429 403 425 409wish 409 200
GET    -    never    |    2        2         2    2    2      2        2       2   2   2     2     1   1
HEAD   -    never    |    2        2         2    2    2      2        2       2   2   2     2     1   1
OPTIONS -   never    |    2        2         2    2    2      2        2       2   2   2     2     1   1
PUT    -    never    |    2        2         2    2    2      2        2       2   2   2     2     1   1
DELETE -    never    |    2        2         2    2    2      2        2       2   2   2     2     1   1
POST   -    never    |    2        2         1    1    1      1        2       2   2   2     2     1   1
POST   key  never    |    2        2         1    1    1      1        2       2   2   2     2     1   1
POST   -    with_key |    2        2         1    1    1      1        2       2   2   2     2     1   1
POST   key  with_key |    2        2         2    2    2      2        2       2   2   2     2     1   1
POST   -    always   |    2        2         2    2    2      2        2       2   2   2     2     1   1
PATCH  -    never    |    2        2         1    1    1      1        2       2   2   2     2     1   1
PATCH  key  with_key |    2        2         2    2    2      2        2       2   2   2     2     1   1
BREW   -    never    |    2        2         1    1    1      1        2       2   2   2     2     1   1
"""


def rows() -> list[Any]:
    found = []
    for line in TABLE.strip().splitlines()[1:]:
        call, _, counts = line.partition("|")
        method, key, unsafe = call.split()
        for result, count in zip(RESULTS, counts.split(), strict=True):
            name = f"{method}-{key}-{unsafe}-{result}"
            found.append(pytest.param(method, key == "key", unsafe, result, int(count), id=name))
    return found


@pytest.mark.parametrize(("method", "key", "unsafe", "result", "sends"), rows())
async def test_sends(method: str, key: bool, unsafe: str, result: str, sends: int) -> None:
    stage = Tries(RESULTS[result](), unsafe=unsafe, on=ON)
    exchange = ask(method=method.encode())
    exchange.key = b"k-1" if key else None
    try:
        status = (await stage.call(exchange)).status
    except SidecarError:
        status = 0
    assert len(stage.sends) == len(exchange.attempts) == sends
    assert (status == 200) is (sends == 2 or result == "200")


@pytest.mark.parametrize(
    "quota",
    [
        [(b"x-ratelimit-remaining", b"0"), (b"x-ratelimit-reset", b"1")],
        [(b"RateLimit", b'"hour";r=0;t=1')],
        [(b"x-ratelimit-remaining-tokens", b"0"), (b"x-ratelimit-reset-tokens", b"1s")],
        [(b"x-ratelimit-remaining", b"0"), (b"x-ratelimit-reset-after", b"1")],
        [(b"Retry-After", b"soon")],
    ],
)
async def test_a_quota_that_is_used_up_does_not_say_that_a_503_did_nothing(quota: list[tuple[bytes, bytes]]) -> None:
    """Many providers tell it in every answer: a payment that was made and answered with 503 was made again."""
    stage = Tries(answers(503, *quota))
    assert (await stage.call(post())).status == 503
    assert (len(stage.sends), stage.refused) == (1, {"unsafe": 1})
    assert (await Tries(answers(503, *quota)).call(ask())).status == 200


async def test_a_call_that_succeeds_is_passed_on_as_it_is() -> None:
    stage = Tries()
    exchange = ask()
    response = await stage.call(exchange)
    assert response is stage.given[0]
    assert response.lines == b""
    assert stage.ends == [[]]
    response.close(exchange, None)
    assert stage.ends == [[None]]
    assert (stage.retries, stage.refused, stage.slept, exchange.notes) == ({}, {}, [], None)


async def test_it_is_off_where_nobody_wrote_it() -> None:
    stage = Stage()
    handler = stage._innermost
    assert retry.POLICY.build(handler, stage.site) is handler
    assert stage.site.provider_stats.policies.budget is None


# ---- classes in on ----

CLASSES: list[tuple[str, Callable[[], Step]]] = [
    ("connect", lambda: fails(errors.ConnectFailed("x"))),
    ("connect", lambda: fails(errors.DnsFailed("x"))),
    ("connect", lambda: fails(errors.TlsFailed("x"))),
    ("connect", lambda: fails(errors.ConnectTimeout("x"))),
    ("reset", lambda: fails(errors.Reset("x", sent=Sent.MAYBE))),
    ("reset", lambda: fails(errors.BadResponse("x", sent=Sent.MAYBE))),
    ("reset", lambda: fails(errors.ResponseIncomplete("x", sent=Sent.MAYBE))),
    ("timeout", lambda: fails(errors.HeadTimeout("x", sent=Sent.MAYBE))),
    ("timeout", lambda: fails(errors.AttemptTimeout("x", sent=Sent.MAYBE))),
    ("timeout", lambda: fails(errors.IdleTimeout("x", sent=Sent.MAYBE))),
    ("429", lambda: answers(429)),
    ("429", lambda: answers(403, (b"retry-after", b"1"))),
    ("500", lambda: answers(500)),
    ("502", lambda: answers(502)),
    ("503", lambda: answers(503)),
    ("504", lambda: answers(504)),
    ("408", lambda: answers(408)),
    ("failure", lambda: Step(_no_success(), Sent.ALL)),
]


def _no_success() -> Response:
    """A 200 of which ``success`` says that it is none."""
    response = respond(200)
    response.outcome = Outcome.SERVER_ERROR
    return response


@pytest.mark.parametrize(("word", "step"), CLASSES)
@pytest.mark.parametrize("listed", [True, False])
async def test_only_what_stands_in_on_is_retried(word: str, step: Callable[[], Step], listed: bool) -> None:
    others = ["connect", "reset", "timeout", "failure", "408", "429", "500", "502", "503", "504"]
    others.remove(word)
    stage = Tries(step(), policies=(retry.POLICY, COUNTED), on=[word] if listed else others)
    try:
        response = await stage.call(ask())
        assert response.outcome is Outcome.SUCCESS or not listed
    except SidecarError:
        assert not listed
    assert len(stage.sends) == (2 if listed else 1)
    assert stage.retries == ({word: 1} if listed else {})
    assert stage.refused == {}


def _build_counted(inner: Handler, site: Site) -> Handler:
    async def handle(exchange: Exchange) -> Response:
        exchange.attempts.append(Attempt(len(exchange.attempts) + 1, site.env.clock()))
        return await inner(exchange)

    return handle


COUNTED = Policy("counted", _build_counted)
"""Records the attempt as ``attempt`` does, but leaves the verdict to the script."""


@pytest.mark.parametrize(
    "error",
    [
        errors.PoolExhausted("x"),
        errors.DeadlineExceeded("x"),
        errors.BreakerOpen("x"),
        errors.RateLimited("x"),
        errors.ConcurrencyLimited("x"),
        errors.Killed("x"),
        errors.ClientGone("x"),
        errors.BadRequest("x"),
        errors.Draining("x"),
        errors.Internal("x"),
    ],
    ids=lambda error: error.code,
)
async def test_refusals_of_our_own_and_faults_of_the_app_are_not_retried(error: SidecarError) -> None:
    stage = Tries(fails(error), on=ON)
    with pytest.raises(type(error)) as raised:
        await stage.call(ask())
    assert raised.value is error
    assert len(stage.sends) == 1
    assert error.lines == b""


async def test_a_bug_is_not_retried() -> None:
    stage = Tries(Step(ZeroDivisionError(), Sent.NOTHING))
    with pytest.raises(ZeroDivisionError):
        await stage.call(ask())
    assert len(stage.sends) == 1


# ---- the provider's word ----


@pytest.mark.parametrize("status", [408, 409, 400, 500, 501])
async def test_a_provider_may_demand_a_retry_of_what_is_not_in_on(status: int) -> None:
    for exchange in (ask(), post()):
        stage = Tries(answers(status, (b"Stripe-Should-Retry", b"true")), on=["connect"])
        assert (await stage.call(exchange)).status == 200
        assert stage.retries == {str(status): 1}


async def test_a_success_is_not_asked_again_whatever_the_header_says() -> None:
    stage = Tries(answers(200, (b"x-should-retry", b"true")), answers(200, (b"x-should-retry", b"true"), body=coming()))
    for sends in (1, 2):
        assert (await stage.call(ask())).status == 200
        assert len(stage.sends) == sends


@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_a_veto_is_obeyed(method: bytes) -> None:
    stage = Tries(answers(429, (b"x-should-retry", b"false"), (b"retry-after", b"1")))
    exchange = ask(method=method)
    response = await stage.call(exchange)
    assert (response.status, len(stage.sends)) == (429, 1)
    assert stage.refused == {"veto": 1}
    assert exchange.notes == {"retry_refused": "veto"}
    assert response.lines == b""


async def test_own_veto_headers_replace_the_known_ones() -> None:
    stage = Tries(answers(503, (b"x-should-retry", b"false")), veto=["X-Again"])
    assert (await stage.call(ask())).status == 200
    stage = Tries(answers(503, (b"x-again", b"false")), veto=["X-Again"])
    assert (await stage.call(ask())).status == 503


# ---- what stands against it, in the order of the decision ----


def _class_is_not_retried(stage: Tries, exchange: Exchange) -> None:
    stage.steps[0] = answers(500, *stage.steps[0].gives.headers.pairs(), takes=stage.steps[0].takes)  # type: ignore[union-attr]


def _time_is_up(stage: Tries, exchange: Exchange) -> None:
    stage.steps[0] = stage.steps[0]._replace(takes=9.0)


def _attempts_are_used(stage: Tries, exchange: Exchange) -> None:
    exchange.attempts.extend([_unsent_attempt(), _unsent_attempt()])


def _body_has_gone(stage: Tries, exchange: Exchange) -> None:
    exchange.body = Body(length=1 << 30)
    exchange.body.streamed = True


def _method_is_unsafe(stage: Tries, exchange: Exchange) -> None:
    exchange.method = b"POST"


def _provider_says_no(stage: Tries, exchange: Exchange) -> None:
    stage.steps[0].gives.headers.add(b"x-should-retry", b"false")  # type: ignore[union-attr]


def _hint_is_too_long(stage: Tries, exchange: Exchange) -> None:
    stage.steps[0].gives.headers.add(b"Retry-After", b"60")  # type: ignore[union-attr]


def _budget_is_empty(stage: Tries, exchange: Exchange) -> None:
    for _ in range(10):
        assert stage.budget.take(stage.now)


def _breaker_is_open(stage: Tries, exchange: Exchange) -> None:
    stage.site.links.breaker_wait = lambda now: 30.0


def _unsent_attempt() -> Attempt:
    return Attempt(1, 100.0)


AGAINST: list[tuple[str | None, Callable[[Tries, Exchange], None]]] = [
    (None, _class_is_not_retried),
    ("deadline", _time_is_up),
    ("attempts", _attempts_are_used),
    ("body", _body_has_gone),
    ("unsafe", _method_is_unsafe),
    ("veto", _provider_says_no),
    ("hint", _hint_is_too_long),
    ("budget", _budget_is_empty),
    ("breaker", _breaker_is_open),
]


@pytest.mark.parametrize("first", range(len(AGAINST)))
async def test_the_first_thing_that_stands_against_it_is_told(first: int) -> None:
    """Everything from ``first`` on stands against it at once."""
    why = AGAINST[first][0]
    stage, exchange = Tries(answers(502)), ask()
    for name, condition in AGAINST[first:]:
        if name == "breaker":
            condition(stage, exchange)
    _ = stage.handler
    for name, condition in reversed(AGAINST[first:]):
        if name != "breaker":
            condition(stage, exchange)
    response = await stage.call(exchange)
    assert response.status == (502 if why else 500)
    assert len(stage.sends) == 1
    assert stage.refused == ({why: 1} if why else {})
    assert (exchange.notes or {}).get("retry_refused") == why
    assert stage.slept == []
    assert stage.retries == {}


@pytest.mark.parametrize("only", range(1, len(AGAINST)))
async def test_each_of_them_stands_against_it_alone(only: int) -> None:
    why, condition = AGAINST[only]
    stage, exchange = Tries(answers(502)), ask()
    if why == "breaker":
        condition(stage, exchange)
    _ = stage.handler
    if why != "breaker":
        condition(stage, exchange)
    assert (await stage.call(exchange)).status == 502
    assert stage.refused == {why: 1}


async def test_nothing_stands_against_it() -> None:
    stage = Tries(answers(502))
    exchange = ask()
    assert (await stage.call(exchange)).status == 200
    assert stage.refused == {}
    assert stage.retries == {"502": 1}
    assert exchange.notes == {"retry_reason": "502"}


async def test_the_log_names_the_reason_of_the_last_retry() -> None:
    stage = Tries(answers(502), fails(errors.Reset("x", sent=Sent.MAYBE)))
    exchange = ask()
    await stage.call(exchange)
    assert exchange.notes == {"retry_reason": "reset"}
    assert stage.retries == {"502": 1, "reset": 1}


# ---- waits ----


@pytest.mark.parametrize(("drawn", "waits"), [(0.0, [0.0, 0.0, 0.0]), (0.5, [0.05, 0.1, 0.2]), (1.0, [0.1, 0.2, 0.4])])
async def test_full_jitter_over_a_ceiling_that_doubles(drawn: float, waits: list[float]) -> None:
    stage = Tries(*(answers(503) for _ in range(3)), attempts=4)
    stage.drawn = drawn
    assert (await stage.call(ask())).status == 200
    assert [later - earlier for earlier, later in pairwise(stage.sends)] == pytest.approx(waits)


async def test_throttling_without_a_hint_has_a_longer_backoff() -> None:
    stage = Tries(answers(429), answers(403, (b"x-ratelimit-remaining", b"0")), answers(503), attempts=4)
    stage.drawn = 1.0
    await stage.call(ask(), left=60.0)
    assert stage.sends == pytest.approx([100.0, 101.0, 103.0, 103.4])


async def test_a_hint_replaces_the_backoff() -> None:
    stage = Tries(answers(503, (b"Retry-After", b"3")), backoff={"base": "5s", "cap": "5s"})
    stage.drawn = 1.0
    await stage.call(ask())
    assert stage.sends == pytest.approx([100.0, 103.025])


async def test_a_timer_that_fires_early_is_set_again() -> None:
    class Early(Tries):
        async def _sleep(self, seconds: float) -> None:
            self.slept.append(seconds)
            self.now += seconds * 0.75 if len(self.slept) == 1 else seconds

    stage = Early(answers(503, (b"Retry-After", b"4")))
    stage.drawn = 0.0
    await stage.call(ask())
    assert stage.sends == [100.0, 104.0]
    assert stage.slept == [4.0, 1.0]


@pytest.mark.parametrize(
    ("hint", "left", "sends", "why"),
    [
        (b"5", 10.0, 2, {}),
        (b"5", 5.02, 2, {}),  # 5 s and half of 25 ms of jitter
        (b"5", 5.01, 1, {"hint": 1}),  # the wait would end after the deadline
        (b"5", 5.0, 1, {"hint": 1}),
        (b"5", 1.0, 1, {"hint": 1}),
        (b"5", NEVER, 2, {}),
        (b"99999999", NEVER, 2, {}),
    ],
)
async def test_a_hint_longer_than_the_time_left_stops_and_is_passed_on(
    hint: bytes, left: float, sends: int, why: dict[str, int]
) -> None:
    """No backoff is used in its place, and no attempt is made that has no time left."""
    stage, exchange = Tries(answers(429, (b"Retry-After", hint))), ask()
    response = await stage.call(exchange, left)
    assert (len(stage.sends), stage.refused) == (sends, why)
    if why:
        assert response.status == 429
        assert response.headers.get(b"retry-after") == hint
        assert response.lines == b""


async def test_a_hint_in_another_form_is_passed_on_as_retry_after() -> None:
    stage = Tries(answers(429, (b"retry-after-ms", b"9500")))
    response = await stage.call(ask(), left=5.0)
    assert response.lines == b"Retry-After: 10\r\n"


async def test_a_backoff_longer_than_the_time_left_ends_the_tries() -> None:
    stage = Tries(answers(503), backoff={"base": "4s", "cap": "4s"})
    response = await stage.call(ask(), left=2.0)
    assert (response.status, stage.refused, len(stage.sends)) == (503, {"deadline": 1}, 1)


@pytest.mark.parametrize("attempts", [1, 2, 3, 7])
async def test_sends_at_most(attempts: int) -> None:
    stage = Tries(*(answers(503) for _ in range(20)), attempts=attempts)
    exchange = ask()
    assert (await stage.call(exchange, 1e6)).status == 503
    assert len(stage.sends) == attempts == exchange.most
    assert stage.refused == {"attempts": 1}


async def test_sends_that_the_wire_repeated_count_as_attempts() -> None:
    stage, exchange = Tries(answers(503), answers(503), attempts=3), ask()
    exchange.attempts.append(_unsent_attempt())
    await stage.call(exchange)
    assert len(stage.sends) == 2


async def test_attempts_0_goes_by_clock_time() -> None:
    """30 s, waits of half of 1, 2, 4 and then 5 s."""
    stage = Tries(*(answers(503) for _ in range(99)), attempts=0, backoff={"base": "1s", "cap": "5s"})
    exchange = ask()
    response = await stage.call(exchange, left=30.0)
    assert response.status == 503
    assert stage.sends == pytest.approx(
        [100.0, 100.5, 101.5, 103.5, 106.0, 108.5, 111.0, 113.5, 116.0, 118.5, 121.0, 123.5, 126.0, 128.5]
    )
    assert stage.refused == {"deadline": 1}
    assert exchange.most > 1_000_000


async def test_ten_thousand_attempts_do_not_overflow_the_backoff() -> None:
    stage = Tries(*(answers(503) for _ in range(10_000)), attempts=0, budget={"ratio": 1.0, "floor": "1000000/s"})
    assert (await stage.call(ask(), left=math.inf)).status == 200
    assert len(stage.sends) == 10_001
    assert max(stage.slept) == pytest.approx(2.5)


# ---- the budget ----


async def test_a_retry_is_counted_before_its_backoff() -> None:
    """What waits is counted too: the token is gone while the first call still sleeps."""

    class Sleeper(Tries):
        async def _sleep(self, seconds: float) -> None:
            left.append(self.budget.remaining(self.now))
            await super()._sleep(seconds)

    left: list[float] = []
    await Sleeper(answers(503), budget={"ratio": 0, "floor": "3/s"}).call(ask())
    assert left == [2]


async def test_what_the_breaker_stops_is_given_back_to_the_budget() -> None:
    stage = Tries(answers(503))
    stage.site.links.breaker_wait = lambda now: 30.0
    response = await stage.call(ask())
    assert stage.budget.remaining(stage.now) == 10
    assert response.lines == b"Retry-After: 30\r\n"


async def test_a_breaker_that_opens_within_the_wait_does_not_stop_it() -> None:
    stage = Tries(answers(503, (b"Retry-After", b"3")))
    stage.site.links.breaker_wait = lambda now: 2.5
    assert (await stage.call(ask())).status == 200


async def test_the_breaker_is_asked_at_the_present_time() -> None:
    asked: list[float] = []

    def wait(now: float) -> float:
        asked.append(now)
        return 0.0

    stage = Tries(answers(503, takes=2.0))
    stage.site.links.breaker_wait = wait
    await stage.call(ask())
    assert asked == [102.0]


async def test_an_empty_budget_passes_the_answer_on() -> None:
    stage = Tries(answers(503), answers(503), answers(503), attempts=9, budget={"ratio": 0, "floor": "2/s"})
    response = await stage.call(ask())
    assert (response.status, len(stage.sends), stage.refused) == (503, 3, {"budget": 1})
    assert response.lines == b"Retry-After: 1\r\n"


async def test_every_call_counts_for_the_ratio() -> None:
    stage = Tries(budget={"ratio": "50%", "floor": "1/s"})
    for _ in range(8):
        await stage.call(ask())
    gauge = stage.site.provider_stats.policies.budget
    assert gauge is not None
    assert gauge() == 4.0


async def test_routes_with_the_same_budget_share_it() -> None:
    stage = Tries(answers(503), answers(503))
    await stage.call(ask())
    other = retry.POLICY.build(stage._send, stage.site)
    assert isinstance(other.__self__, retry._RetryLayer)  # type: ignore[attr-defined]
    assert other.__self__._budget is stage.budget  # type: ignore[attr-defined]


# ---- observe ----


async def test_observe_counts_and_does_nothing() -> None:
    stage = Tries(answers(503, body=coming(b"a", 5)), mode="observe")
    exchange = ask()
    response = await stage.call(exchange)
    assert response is stage.given[0]
    assert len(stage.sends) == 1
    assert stage.site.provider_stats.policies.observed == {("retry", "503"): 1}
    assert (stage.retries, stage.refused, stage.slept, response.lines) == ({}, {}, [], b"")
    assert stage.ends == [[]]
    assert not response.body.ended


async def test_observe_leaves_errors_alone() -> None:
    stage = Tries(fails(errors.ConnectFailed("x")), mode="observe")
    with pytest.raises(errors.ConnectFailed):
        await stage.call(ask())
    assert stage.site.provider_stats.policies.observed == {("retry", "connect"): 1}


@pytest.mark.parametrize("against", AGAINST[1:], ids=lambda pair: str(pair[0]) if isinstance(pair, tuple) else None)
async def test_observe_marks_no_answer(against: tuple[str, Callable[[Tries, Exchange], None]]) -> None:
    """Not even when tries would be spent: the app's SDK goes on as without us."""
    why, condition = against
    stage = Tries(answers(502), mode="observe", tell="X-Tell", call_id="X-Call")
    exchange = ask(b"/v1/x", (b"X-Call", b"1"))
    if why == "breaker":
        condition(stage, exchange)
    _ = stage.handler
    if why != "breaker":
        condition(stage, exchange)
    headers = list(stage.steps[0].gives.headers.pairs())  # type: ignore[union-attr]
    response = await stage.call(exchange)
    assert response.lines == b""
    assert response.headers.pairs() == headers
    assert stage.site.provider_stats.policies.observed == {}
    again = ask(b"/v1/x", (b"X-Call", b"1"))
    sends = len(stage.sends)
    await stage.call(again)
    assert len(stage.sends) == sends + 1


async def test_observe_answers_no_call_from_memory() -> None:
    """Another route of the provider retries for real, and remembers."""
    stage = Tries(*(answers(503) for _ in range(2)), attempts=2, call_id="X-Call")
    await stage.call(ask(b"/v1/x", (b"X-Call", b"1")))
    observing = replace(stage.site, settings={"retry": Retry(mode="observe", call_id="X-Call")})
    handler = fold(stage._send, observing, (retry.POLICY, attempt.POLICY))
    assert (await handler(ask(b"/v1/x", (b"X-Call", b"1")))).status == 200
    assert len(stage.sends) == 3


async def test_observe_leaves_the_wires_own_resends_alone() -> None:
    exchange = ask()
    await Tries(mode="observe", attempts=1).call(exchange)
    assert exchange.most == 1 << 30


def test_settings_are_those_of_the_contract() -> None:
    settings = Retry()
    assert settings.attempts == 3
    assert settings.on == ("connect", "reset", "timeout", "429", "502", "503", "504")
    assert (settings.backoff.base, settings.backoff.cap) == (0.1, 5.0)
    assert (settings.throttle_backoff.base, settings.throttle_backoff.cap) == (1.0, 20.0)
    assert (settings.budget.ratio, str(settings.budget.floor)) == (0.2, "10/s")
    assert (settings.body_bytes, settings.hold_bytes, settings.unsafe) == (1 << 20, 1 << 16, "never")
    assert settings.hedge is None


async def test_a_call_by_clock_time_outlives_a_moment_without_budget() -> None:
    """It asked once, found the budget empty, and a job with a quarter of an hour left was given up."""
    stage = Tries(*[answers(503) for _ in range(6)], on=["503"], attempts=0, budget={"ratio": "0%", "floor": "1/s"})
    response = await stage.call(ask(), left=900.0)
    assert response.status == 200
    assert len(stage.sends) == 7
    assert all(later - earlier >= 1.0 for earlier, later in zip(stage.sends[1:], stage.sends[2:], strict=False))


async def test_a_call_by_clock_time_ends_with_the_providers_answer_when_no_budget_comes() -> None:
    stage = Tries(*[answers(503) for _ in range(9)], on=["503"], attempts=0, budget={"ratio": "0%", "floor": "1/s"})
    exchange = ask()
    response = await stage.call(exchange, left=3.0)
    assert response.status == 503
    assert exchange.notes is not None
    assert exchange.notes["retry_refused"] in ("budget", "deadline")
    assert len(stage.sends) <= 5
