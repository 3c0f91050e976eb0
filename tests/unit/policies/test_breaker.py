"""The layer: what counts as what, who is refused, and what is noted."""

import asyncio
from typing import Any

import pytest

from sidecar.core.body import Body
from sidecar.core.errors import (
    BreakerOpen,
    ClientGone,
    ConnectFailed,
    ConnectTimeout,
    DeadlineExceeded,
    HeadTimeout,
    Outcome,
    PoolExhausted,
    RateLimited,
    Reset,
    ResponseIncomplete,
    Sent,
    Superseded,
)
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.policies import attempt, breaker
from sidecar.policies.breaker import Breaker
from sidecar.policies.order import ORDER
from tests.unit.policies.stage import Stage, ask, respond


def settings(**given: object) -> Breaker:
    """A breaker that opens at five failures in a row."""
    return Breaker.model_validate({"consecutive": 5} | given)


def state_of(stage: Stage) -> dict[str, Any]:
    return stage.site.switch.breakers["provider"].snapshot(stage.now)


def counted(stage: Stage) -> tuple[int, int, int]:
    """Calls, failures, slow calls."""
    state = state_of(stage)
    return state["calls"], state["failures"], state["slow"]


async def opened(**given: object) -> Stage:
    """A stage whose breaker has opened at 100.0."""
    stage = Stage(breaker=settings(**given))
    call = stage.build(breaker.POLICY)
    for _ in range(5):
        stage.script.append(ConnectFailed("nobody listens"))
        with pytest.raises(ConnectFailed):
            await call(ask())
    assert state_of(stage)["state"] == "open"
    return stage


def coming(*headers: tuple[bytes, bytes], status: int = 200) -> Response:
    """An answer whose body is still to come."""
    return respond(status, *headers, body=Body())


# ---- off ----


async def test_without_settings_there_is_no_layer() -> None:
    for stage in (Stage(), Stage(breaker=Breaker(mode="off"))):
        assert breaker.build(stage._innermost, stage.site) == stage._innermost
        assert stage.site.switch.breakers == {}


def test_it_stands_right_inside_retry() -> None:
    names = [policy.name for policy in ORDER]
    assert names[names.index("retry") + 1] == "breaker"


def test_defaults() -> None:
    assert Breaker().model_dump() == {
        "mode": "enforce", "window": 30.0, "min_calls": 20, "error_rate": 0.5, "consecutive": 10, "slow_call": 5.0,
        "slow_rate": 1.0, "open_for": 5.0, "max_open": 120.0, "trials": 3, "scope": "provider", "on_throttle": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [{"error_rate": "0%"}, {"slow_rate": 0}, {"trials": 0}, {"open_for": 0}, {"min_calls": 0}, {"window": "10ms"},
     {"scope": "host"}, {"consecutive": -1}],
)  # fmt: skip
def test_settings_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Breaker.model_validate(wrong)


# ---- what counts as what ----


def judged(outcome: Outcome) -> Response:
    """A 200 on which the policies inside have given this verdict."""
    response = respond(200)
    response.outcome = outcome
    return response


def own_answer() -> Response:
    response = respond(200)
    response.outcome = None
    return response


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (respond(200), (1, 0, 0)),
        (respond(304), (1, 0, 0)),
        (respond(500), (1, 1, 0)),
        (respond(503, (b"Retry-After", b"5")), (1, 1, 0)),
        (judged(Outcome.SERVER_ERROR), (1, 1, 0)),
        (coming(status=502), (1, 1, 0)),
        (respond(404), (0, 0, 0)),
        (respond(401), (0, 0, 0)),
        (respond(429, (b"Retry-After", b"5")), (0, 0, 0)),
        (own_answer(), (0, 0, 0)),
        (ConnectFailed("x"), (1, 1, 0)),
        (ConnectTimeout("x"), (1, 1, 0)),
        (HeadTimeout("x", sent=Sent.MAYBE), (1, 1, 0)),
        (Reset("x", sent=Sent.MAYBE), (1, 1, 0)),
        (RateLimited("x"), (0, 0, 0)),
        (PoolExhausted("x"), (0, 0, 0)),
        (ClientGone("x"), (0, 0, 0)),
        (RuntimeError("a bug of ours"), (0, 0, 0)),
        (asyncio.CancelledError(), (0, 0, 0)),
    ],
    ids=str,
)
async def test_what_counts(step: Response | BaseException, expected: tuple[int, int, int]) -> None:
    stage = Stage(breaker=settings())
    stage.script.append(step)
    try:
        given: object = await stage.build(breaker.POLICY)(ask())
    except BaseException as error:  # noqa: BLE001
        given = error
    assert given is step
    assert counted(stage) == expected


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, (1, 0, 0)),
        (ResponseIncomplete("broke off"), (1, 1, 0)),
        (ClientGone("left"), (0, 0, 0)),
        (Superseded(), (0, 0, 0)),
    ],
    ids=["ended", "provider broke off", "app left", "superseded"],
)
async def test_a_good_head_counts_when_its_body_has_ended(
    error: BaseException | None, expected: tuple[int, int, int]
) -> None:
    stage = Stage(breaker=settings())
    stage.script.append(coming())
    exchange = ask()
    response = await stage.build(breaker.POLICY)(exchange)
    assert counted(stage) == (0, 0, 0)
    response.close(exchange, error)
    assert counted(stage) == expected


@pytest.mark.parametrize("kind", [b"text/event-stream", b"Text/Event-Stream; charset=utf-8"])
async def test_an_event_stream_counts_at_its_head(kind: bytes) -> None:
    stage = Stage(breaker=settings())
    stage.script.append(coming((b"Content-Type", kind)))
    exchange = ask()
    response = await stage.build(breaker.POLICY)(exchange)
    assert counted(stage) == (1, 0, 0)
    response.close(exchange, ResponseIncomplete("after three hours"))
    assert counted(stage) == (1, 0, 0)


async def test_a_tunnel_counts_at_its_head() -> None:
    stage = Stage(breaker=settings())
    response = coming(status=101)
    response.tunnel = object()  # type: ignore[assignment]
    stage.script.append(response)
    await stage.build(breaker.POLICY)(ask())
    assert counted(stage) == (1, 0, 0)


# ---- slow ----


def sent(started: float, headed: float, waited: float = 0.0) -> Exchange:
    exchange = ask()
    one = Attempt(1, started)
    one.headed, one.waited = headed, waited
    exchange.attempts.append(one)
    return exchange


@pytest.mark.parametrize(
    ("exchange", "slow"),
    [
        (sent(100.0, 105.0), 0),
        (sent(100.0, 105.1), 1),
        (sent(100.0, 105.1, waited=0.2), 0),  # in the pool's queue
        (sent(104.0, 105.1), 0),  # it waited for its turn before
    ],
)
async def test_slow_is_what_the_provider_took_without_our_own_queues(exchange: Exchange, slow: int) -> None:
    stage = Stage(breaker=settings())
    stage.takes = 6.0
    await stage.build(breaker.POLICY)(exchange)
    assert counted(stage) == (1, 0, slow)


async def test_slow_ends_at_the_head_not_at_the_end_of_the_body() -> None:
    stage = Stage(breaker=settings())
    stage.script.append(coming())
    exchange = sent(100.0, 100.5)
    response = await stage.build(breaker.POLICY)(exchange)
    stage.now = 160.0
    response.close(exchange, None)
    assert counted(stage) == (1, 0, 0)


async def test_a_time_out_is_slow_too() -> None:
    stage = Stage(breaker=settings())
    stage.takes = 6.0
    stage.script.append(HeadTimeout("x", sent=Sent.MAYBE))
    with pytest.raises(HeadTimeout):
        await stage.build(breaker.POLICY, attempt.POLICY)(ask())
    assert counted(stage) == (1, 1, 1)


# ---- the deadline ----


@pytest.mark.parametrize(
    ("started", "hurried", "failures"),
    [(100.0, False, 1), (104.0, False, 1), (104.1, False, 0), (100.0, True, 0)],
    ids=["the whole time", "half of it", "the remainder", "the app's own deadline"],
)
async def test_the_end_of_the_calls_time(started: float, hurried: bool, failures: int) -> None:
    stage = Stage(breaker=settings())
    stage.now = 108.0
    stage.script.append(DeadlineExceeded("the time is up", sent=Sent.MAYBE))
    exchange = sent(started, 0.0)
    exchange.deadline, exchange.hurried = 108.0, hurried
    with pytest.raises(DeadlineExceeded):
        await stage.build(breaker.POLICY)(exchange)
    assert counted(stage)[:2] == (failures, failures)


async def test_a_deadline_that_ended_before_anything_was_sent_says_nothing() -> None:
    stage = Stage(breaker=settings())
    stage.now = 108.0
    stage.script.append(DeadlineExceeded("no connection was ready", sent=Sent.NOTHING))
    exchange = sent(100.0, 0.0)
    exchange.deadline = 108.0
    with pytest.raises(DeadlineExceeded):
        await stage.build(breaker.POLICY)(exchange)
    assert counted(stage) == (0, 0, 0)


# ---- refused, and on trial ----


async def test_an_open_breaker_lets_nothing_through() -> None:
    stage = await opened()
    exchange = ask()
    stage.now = 102.0
    with pytest.raises(BreakerOpen) as caught:
        await stage.build(breaker.POLICY)(exchange)
    assert len(stage.seen) == 5
    assert (caught.value.retry_after, caught.value.sent) == (3.625, Sent.NOTHING)
    assert exchange.notes == {"breaker": "open"}


async def test_trials_close_it() -> None:
    stage = await opened(trials=2)
    call = stage.build(breaker.POLICY)
    stage.now = 200.0
    notes = []
    for _ in range(3):
        exchange = ask()
        await call(exchange)
        notes.append(exchange.notes)
    assert notes == [{"breaker": "half_open"}, {"breaker": "half_open"}, None]
    assert state_of(stage)["state"] == "closed"


@pytest.mark.parametrize("step", [RateLimited("x"), respond(404), asyncio.CancelledError(), RuntimeError("x")], ids=str)
async def test_a_trial_that_says_nothing_gives_its_permit_back(step: Response | BaseException) -> None:
    stage = await opened(trials=1)
    call = stage.build(breaker.POLICY)
    stage.now = 200.0
    stage.script.append(step)
    try:
        given: object = await call(ask())
    except BaseException as error:  # noqa: BLE001
        given = error
    assert given is step
    assert state_of(stage)["state"] == "half_open"
    await call(ask())
    assert state_of(stage)["state"] == "closed"


async def test_a_trial_with_a_long_body_decides_within_an_open_period() -> None:
    stage = await opened(trials=1)
    call = stage.build(breaker.POLICY)
    stage.now = 200.0
    stage.script.append(coming())
    await call(ask())
    stage.now = 204.9
    with pytest.raises(BreakerOpen):
        await call(ask())
    stage.now = 205.0
    exchange = ask()
    await call(exchange)
    assert (state_of(stage)["state"], exchange.notes) == ("closed", None)


async def test_a_trial_that_breaks_off_in_its_body_opens_again() -> None:
    stage = await opened(trials=1)
    stage.now = 200.0
    stage.script.append(coming())
    exchange = ask()
    response = await stage.build(breaker.POLICY)(exchange)
    response.close(exchange, ResponseIncomplete("broke off"))
    assert (state_of(stage)["state"], state_of(stage)["why"]) == ("open", "trial_failed")


async def test_two_sends_of_one_call_have_marks_of_their_own() -> None:
    stage = await opened(trials=2)
    call = stage.build(breaker.POLICY)
    stage.now = 200.0
    exchange = ask()
    ways = [exchange.fork(), exchange.fork()]
    stage.script += [coming(), coming()]
    answers = [await call(way) for way in ways]
    answers[0].close(ways[0], None)
    answers[1].close(ways[1], Superseded())
    assert state_of(stage)["state"] == "half_open"
    await call(ask())
    assert state_of(stage)["state"] == "closed"


# ---- asked to wait ----


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (respond(429, (b"Retry-After", b"60")), "open"),
        (respond(403, (b"Retry-After", b"60")), "open"),
        (respond(429), "closed"),
        (respond(429, (b"Retry-After", b"soon")), "closed"),
        (respond(429, (b"Retry-After", b"0")), "closed"),
        (respond(404, (b"Retry-After", b"60")), "closed"),
        (respond(200, (b"Retry-After", b"60")), "closed"),
    ],
    ids=["429", "github", "no hint", "unreadable hint", "no wait", "not throttled", "success"],
)
async def test_on_throttle_a_hint_opens(answer: Response, state: str) -> None:
    stage = Stage(breaker=settings(on_throttle=True))
    stage.script.append(answer)
    await stage.build(breaker.POLICY)(ask())
    assert state_of(stage)["state"] == state
    if state == "open":
        assert state_of(stage)["trial_in"] == 60.5  # and half of the jitter
        assert state_of(stage)["why"] == "throttled"


async def test_without_on_throttle_a_hint_does_not_open() -> None:
    stage = Stage(breaker=settings())
    stage.script.append(respond(429, (b"Retry-After", b"60")))
    await stage.build(breaker.POLICY)(ask())
    assert state_of(stage)["state"] == "closed"


async def test_a_throttled_trial_without_a_hint_gives_its_permit_back() -> None:
    stage = await opened(trials=1, on_throttle=True)
    call = stage.build(breaker.POLICY)
    stage.now = 200.0
    stage.script.append(respond(429))
    await call(ask())
    await call(ask())
    assert state_of(stage)["state"] == "closed"


# ---- for retry ----


async def test_retry_is_told_how_long_to_wait() -> None:
    stage = await opened()
    wait = stage.site.links.breaker_wait
    assert wait is not None
    assert [wait(100.0), wait(103.0), wait(105.625), wait(110.0)] == [5.625, 2.625, 0.0, 0.0]


# ---- observe ----


async def test_observing_it_opens_and_refuses_nobody() -> None:
    stage = await opened(mode="observe")
    call = stage.build(breaker.POLICY)
    exchange = ask()
    assert (await call(exchange)).status == 200
    assert exchange.notes == {"breaker": "open"}
    assert stage.site.provider_stats.policies.observed == {("breaker", "refused"): 1}
    assert stage.site.links.breaker_wait is None


async def test_observing_what_it_would_have_refused_counts_for_nothing() -> None:
    stage = await opened(mode="observe", trials=1)
    call = stage.build(breaker.POLICY)
    stage.now = 200.0
    stage.script += [coming(), ConnectFailed("x"), respond(200)]
    exchange = ask()
    trial = await call(exchange)
    with pytest.raises(ConnectFailed):
        await call(ask())
    await call(ask())
    assert state_of(stage)["state"] == "half_open"
    trial.close(exchange, None)
    assert state_of(stage)["state"] == "closed"
