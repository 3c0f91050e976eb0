"""The gate before a provider: its lines, its refusals and what answers do to it, on a loop that leaps over waits."""

import asyncio
import random
from collections.abc import Coroutine
from typing import Any

import pytest
from aiolimiter import AsyncLimiter
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import RateLimited
from sidecar.core.units import Rate
from sidecar.policies.rate_gate import Gate
from tests.support.leaping_loop import leap
from tests.unit.policies.test_bucket import most_in_a_window

WALL = 1_700_000_000.0
FIFTY = Rate(50, 1)
TICK = 0.0011
"""Seconds that a timer may be late: it counts in ms."""


class Crowd:
    """Calls before one gate. ``went``: (name, seconds after the beginning) of those that went, in that order."""

    def __init__(self, quota: Rate | None = FIFTY, burst: int = 1, *, learn: bool = False) -> None:
        self.loop = asyncio.get_running_loop()
        self.begun = self.loop.time()
        self.gate = Gate(self.loop.time, quota, burst, learn=learn)
        self.went: list[tuple[Any, float]] = []
        self.refused: list[tuple[Any, float, float | None]] = []
        self.tasks: list[asyncio.Task[None]] = []

    @property
    def now(self) -> float:
        return self.loop.time() - self.begun

    def come(self, name: Any, *, low: bool = False, patience: float = 1e6, most: int = 10**6) -> "asyncio.Task[None]":
        task = self.loop.create_task(self._call(name, low=low, patience=patience, most=most))
        self.tasks.append(task)
        return task

    async def _call(self, name: Any, *, low: bool, patience: float, most: int) -> None:
        now = self.loop.time()
        if not self.gate.admit(now, low=low):
            until = now + patience
            refusal = self.gate.refusal(now, until, most, low=low)
            try:
                if refusal is not None:
                    raise refusal
                waited = await self.gate.turn(now, until, low=low)
            except RateLimited as error:
                self.refused.append((name, self.now, error.retry_after))
                return
            assert waited == self.loop.time() - now
        self.went.append((name, self.now))

    def throttle(self, hint: bytes | None) -> None:
        """The answer to a call comes: a 429."""
        headers = {b"retry-after": hint} if hint is not None else {}
        self.gate.answered(headers, self.loop.time(), WALL, throttled=True)

    async def all(self) -> None:
        await asyncio.gather(*self.tasks, return_exceptions=True)

    @property
    def names(self) -> list[Any]:
        return [name for name, _ in self.went]

    @property
    def empty(self) -> bool:
        """Nobody waits, and no timer runs."""
        return not self.gate._high and not self.gate._low and self.gate._timer is None


def play(scene: Coroutine[Any, Any, None]) -> None:
    leap(scene)


# ---- turns ----


def test_calls_that_come_at_once_go_in_their_order_at_the_rate() -> None:
    async def scene() -> None:
        crowd = Crowd()
        for number in range(100):
            crowd.come(number)
        await crowd.all()
        assert crowd.names == list(range(100))
        assert [at for _, at in crowd.went] == [pytest.approx(number / 49, abs=TICK) for number in range(100)]
        assert crowd.empty

    play(scene())


def test_no_call_goes_before_its_time() -> None:
    async def scene() -> None:
        crowd = Crowd()
        for number in range(100):
            crowd.come(number)
        await crowd.all()
        assert all(at >= number / 49 - 1e-6 for number, (_, at) in enumerate(crowd.went))

    play(scene())


def test_who_may_go_and_waits_for_nobody_goes_at_once() -> None:
    async def scene() -> None:
        crowd = Crowd(burst=5)
        for number in range(5):
            assert crowd.gate.admit(crowd.loop.time(), low=bool(number % 2))
        assert not crowd.gate.admit(crowd.loop.time(), low=False)

    play(scene())


def test_nobody_overtakes_who_waits() -> None:
    async def scene() -> None:
        crowd = Crowd()
        crowd.come("first")
        crowd.come("waits")
        await asyncio.sleep(0.0)
        crowd.gate._bucket.give_back()  # type: ignore[union-attr]
        assert not crowd.gate.admit(crowd.loop.time(), low=False)
        crowd.come("late")
        await crowd.all()
        assert crowd.names == ["first", "waits", "late"]

    play(scene())


def test_one_timer_serves_all_who_wait() -> None:
    async def scene() -> None:
        crowd = Crowd()
        for number in range(50):
            crowd.come(number, low=bool(number % 3))
        await asyncio.sleep(0.0)
        assert sum(not timer.cancelled() for timer in crowd.loop._scheduled) == 1  # type: ignore[attr-defined]
        await crowd.all()

    play(scene())


# ---- priorities ----


def test_the_urgent_go_before_all_others_whenever_they_came() -> None:
    async def scene() -> None:
        crowd = Crowd()
        crowd.come("first")
        for number in range(3):
            crowd.come(f"low {number}", low=True)
        await asyncio.sleep(0.0)
        for number in range(3):
            crowd.come(f"high {number}")
        await crowd.all()
        assert crowd.names == ["first", "high 0", "high 1", "high 2", "low 0", "low 1", "low 2"]

    play(scene())


def test_an_urgent_call_waits_for_no_other() -> None:
    async def scene() -> None:
        crowd = Crowd()
        crowd.come("first")
        for number in range(10):
            crowd.come(number, low=True)
        await asyncio.sleep(0.0)
        assert crowd.gate.expected(crowd.loop.time(), low=False) == pytest.approx(1 / 49)
        assert crowd.gate.expected(crowd.loop.time(), low=True) == pytest.approx(11 / 49)
        await crowd.all()

    play(scene())


def test_who_is_overtaken_so_often_that_it_cannot_go_in_time_is_told_at_once() -> None:
    async def scene() -> None:
        crowd = Crowd()
        crowd.come("first")
        crowd.come("low", low=True, patience=0.1)
        await asyncio.sleep(0.0)
        for number in range(10):
            crowd.come(number)
        await asyncio.sleep(0.0)
        await asyncio.sleep(0.0)
        assert crowd.refused == [("low", 0.0, pytest.approx(8 / 49))]
        await crowd.all()
        assert crowd.names == ["first", *range(10)]

    play(scene())


# ---- refusals ----


def test_trap_no_longest_wait_who_would_wait_too_long_is_refused_when_it_comes() -> None:
    async def scene() -> None:
        crowd = Crowd()
        for number in range(60):
            crowd.come(number, patience=1.0)
        await asyncio.sleep(0.0)
        assert [name for name, _, _ in crowd.refused] == list(range(50, 60))
        assert {at for _, at, _ in crowd.refused} == {0.0}
        await crowd.all()
        assert crowd.names == list(range(50))

    play(scene())


def test_the_refused_are_told_when_they_could_have_gone() -> None:
    async def scene() -> None:
        crowd = Crowd()
        for number in range(52):
            crowd.come(number, patience=1.0)
        await asyncio.sleep(0.0)
        assert [wait for _, _, wait in crowd.refused] == [pytest.approx(50 / 49)] * 2
        await crowd.all()

    play(scene())


@pytest.mark.parametrize("waiting", [0, 1, 20])
def test_who_comes_back_at_that_time_goes_at_once(waiting: int) -> None:
    async def scene() -> None:
        crowd = Crowd()
        for number in range(waiting + 1):
            crowd.come(number)
        await asyncio.sleep(0.0)
        wait = crowd.gate.expected(crowd.loop.time(), low=False)
        await asyncio.sleep(wait - 1e-9)
        await asyncio.sleep(0.003)
        assert crowd.gate.admit(crowd.loop.time(), low=False)
        await crowd.all()

    play(scene())


def test_trap_no_bound_who_finds_too_many_before_it_is_refused() -> None:
    async def scene() -> None:
        crowd = Crowd()
        for number in range(1000):
            crowd.come(number, most=200)
        await asyncio.sleep(0.0)
        assert [name for name, _, _ in crowd.refused] == list(range(201, 1000))
        assert crowd.refused[0][2] == pytest.approx(201 / 49)
        await crowd.all()

        limiter = AsyncLimiter(1, 60)
        tasks = [crowd.loop.create_task(limiter.acquire()) for _ in range(1000)]
        await asyncio.sleep(0.0)
        assert len(limiter._waiters) == 999
        for task in tasks:
            task.cancel()

    play(scene())


def test_both_lines_count_for_the_bound() -> None:
    async def scene() -> None:
        crowd = Crowd()
        crowd.come("first")
        for number in range(6):
            crowd.come(number, low=bool(number % 2), most=4)
        await asyncio.sleep(0.0)
        assert [name for name, _, _ in crowd.refused] == [4, 5]
        await crowd.all()

    play(scene())


# ---- cancelled at every await ----


def test_trap_cancelled_waiters_stay_one_that_is_canceled_leaves_no_trace() -> None:
    async def scene() -> None:
        crowd = Crowd()
        for number in range(10):
            crowd.come(number)
        await asyncio.sleep(0.0)
        for number in range(1, 10):
            crowd.tasks[number].cancel()
        await crowd.all()
        assert crowd.empty
        assert crowd.now == 0.0

    play(scene())


def test_those_behind_a_canceled_call_move_up() -> None:
    async def scene() -> None:
        crowd = Crowd()
        for number in range(5):
            crowd.come(number)
        await asyncio.sleep(0.0)
        crowd.tasks[1].cancel()
        crowd.tasks[3].cancel()
        await asyncio.sleep(0.0)
        assert crowd.gate.snapshot(0.0)["waiting"] == {"high": 2, "low": 0}
        assert crowd.gate.expected(crowd.loop.time(), low=False) == pytest.approx(3 / 49)
        await crowd.all()
        assert crowd.went == [(0, 0.0), (2, pytest.approx(1 / 49, abs=TICK)), (4, pytest.approx(2 / 49, abs=TICK))]

    play(scene())


def test_a_turn_given_in_the_moment_of_cancelling_goes_to_the_next() -> None:
    async def scene() -> None:
        crowd = Crowd(learn=True)
        for number in range(3):
            crowd.come(number)
        await asyncio.sleep(0.0)
        gate, loop = crowd.gate, crowd.loop
        release = gate._release

        def release_and_cancel() -> None:
            release()
            crowd.tasks[1].cancel()

        assert gate._timer is not None
        loop.call_at(gate._timer.when(), release_and_cancel)
        gate._timer.cancel()
        await crowd.all()
        assert crowd.went == [(0, 0.0), (2, pytest.approx(1 / 49, abs=2 * TICK))]
        assert crowd.gate.learned is not None
        assert crowd.gate.learned.quota.in_flight == 2
        assert crowd.empty

    play(scene())


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 0.3), st.none() | st.floats(0.0, 0.5)), max_size=40))
def test_whoever_is_canceled_whenever_no_permit_is_lost_and_none_is_won(
    calls: list[tuple[bool, float, float | None]],
) -> None:
    """(low, seconds after the one before, seconds until it is canceled)."""

    async def scene() -> None:
        crowd = Crowd(Rate(20, 1), 2)
        for name, (low, pause, cancel) in enumerate(calls):
            await asyncio.sleep(pause)
            task = crowd.come(name, low=low)
            if cancel is not None:
                crowd.loop.call_later(cancel, task.cancel)
        await crowd.all()
        kept = {name for name, (_, _, cancel) in enumerate(calls) if cancel is None}
        assert kept <= set(crowd.names)
        assert crowd.empty
        assert most_in_a_window([at for _, at in crowd.went], 1.0) <= 20
        for low in (False, True):
            line = [name for name in crowd.names if calls[name][0] is low]
            assert line == sorted(line)
        await asyncio.sleep(10)
        assert crowd.gate.remaining() == 2

    play(scene())


# ---- what answers tell ----


def test_a_throttled_answer_holds_the_gate_shut_until_its_hint() -> None:
    async def scene() -> None:
        crowd = Crowd(burst=10)
        crowd.throttle(b"30")
        assert crowd.gate.held() == 30.0
        assert crowd.gate.remaining() == 0
        crowd.come("waits")
        await crowd.all()
        assert crowd.went == [("waits", pytest.approx(30.0, abs=TICK))]
        assert crowd.went[0][1] >= 30.0

    play(scene())


@pytest.mark.parametrize(("hints", "held"), [([b"30", b"5"], 30.0), ([b"5", b"30"], 30.0), ([b"30", None], 30.0)])
def test_no_other_answer_makes_that_earlier(hints: list[bytes | None], held: float) -> None:
    async def scene() -> None:
        crowd = Crowd()
        for hint in hints:
            crowd.throttle(hint)
        crowd.gate.answered({b"retry-after": b"0"}, crowd.loop.time(), WALL, throttled=False)
        assert crowd.gate.held() == held

    play(scene())


def test_a_throttled_answer_without_a_hint_changes_nothing_where_nothing_is_learned() -> None:
    async def scene() -> None:
        crowd = Crowd(burst=5)
        crowd.throttle(None)
        assert crowd.gate.held() == 0.0
        assert crowd.gate.admit(crowd.loop.time(), low=False)

    play(scene())


def test_who_waits_and_cannot_go_in_time_any_more_is_told_at_once() -> None:
    async def scene() -> None:
        crowd = Crowd()
        for number in range(3):
            crowd.come(number, patience=1.0 if number else 100.0)
        crowd.come("patient", patience=100.0)
        await asyncio.sleep(0.0)
        crowd.throttle(b"30")
        await asyncio.sleep(0.0)
        assert crowd.refused == [(1, 0.0, 30.0), (2, 0.0, 30.0)]
        await crowd.all()
        assert crowd.names == [0, "patient"]
        assert crowd.went[1][1] == pytest.approx(30.0, abs=TICK)

    play(scene())


def test_who_was_let_into_the_line_is_not_refused_for_the_lateness_of_timers() -> None:
    async def scene() -> None:
        crowd = Crowd(Rate(1000, 1))
        for number in range(100):
            crowd.come(number, patience=0.1)
        await asyncio.sleep(0.0)
        let_in = 100 - len(crowd.refused)
        assert let_in > 90
        await asyncio.sleep(0.0505)
        crowd.throttle(b"0")
        await crowd.all()
        assert len(crowd.went) == let_in

    play(scene())


def test_after_a_hold_calls_come_at_the_rate_and_not_all_at_once() -> None:
    async def scene() -> None:
        crowd = Crowd()
        crowd.throttle(b"10")
        for number in range(200):
            crowd.come(number)
        await asyncio.sleep(0.0)
        assert crowd.gate.expected(crowd.loop.time(), low=False) == pytest.approx(10 + 200 / 49)
        await crowd.all()
        assert most_in_a_window([at for _, at in crowd.went], 1.0) <= 50

    play(scene())


def test_in_10_000_random_trials_no_call_goes_before_a_hint() -> None:
    """One call after the other at random times, many of them just before a hint ends; random answers."""
    draw = random.Random(7)
    now = 1000.0

    def clock() -> float:
        return now

    for trial in range(10_000):
        learn = trial % 2 == 1
        gate = Gate(clock, None if learn else Rate(1e6, 1), 100, learn=learn)
        hold = 0.0
        for _ in range(draw.randrange(1, 8)):
            kind = draw.randrange(4)
            wait = draw.choice([0.0, 0.001, 0.25, 1.0, 30.0]) * draw.random()
            if kind == 0:
                hint = draw.choice([0.02, 0.5, 1, 2, 60])
                name, value = draw.choice([(b"retry-after", b"%g"), (b"retry-after-ms", b"%d")])
                told = b"%g" % hint if value == b"%g" else b"%d" % (hint * 1000)
                hold = max(hold, now + hint)
                gate.answered({name: told}, now - wait, WALL, throttled=True)
            elif kind == 1:
                quota = {b"x-ratelimit-limit": b"9", b"x-ratelimit-remaining": b"9", b"x-ratelimit-reset": b"1"}
                gate.answered(quota, now - wait, WALL, throttled=draw.random() < 0.2)
            elif kind == 2 and hold > now:
                now = hold - draw.choice([1e-6, 0.001, 0.5]) * draw.random()
            else:
                now += wait
            if gate.admit(now, low=False):
                assert now >= hold
                gate.unanswered(sent=False)


# ---- learning ----


def answer(crowd: Crowd, remaining: int, reset: bytes = b"10.0", *, limit: int = 100) -> None:
    headers = {
        b"x-ratelimit-limit": b"%d" % limit,
        b"x-ratelimit-remaining": b"%d" % remaining,
        b"x-ratelimit-reset": reset,
    }
    crowd.gate.answered(headers, crowd.loop.time(), WALL, throttled=False)


def test_trap_no_retune_what_is_learned_holds_from_the_next_call_on() -> None:
    async def scene() -> None:
        crowd = Crowd(None, learn=True)
        crowd.come("first")
        await crowd.all()
        answer(crowd, 0)
        crowd.come("next")
        await crowd.all()
        assert crowd.went == [("first", 0.0), ("next", pytest.approx(10.0, abs=TICK))]

        limiter = AsyncLimiter(1, 1)
        limiter.max_rate, limiter.time_period = 100, 1
        assert limiter._rate_per_sec == 1.0

    play(scene())


def test_an_answer_lets_go_who_waited_for_it() -> None:
    async def scene() -> None:
        crowd = Crowd(None, learn=True)
        for number in range(15):
            crowd.come(number)
        await asyncio.sleep(0.0)
        assert crowd.names == list(range(10))
        answer(crowd, 99)
        await asyncio.sleep(0.0)
        await asyncio.sleep(0.0)
        assert crowd.names == list(range(15))
        assert crowd.empty

    play(scene())


def test_who_cannot_wait_for_the_first_answer_need_not() -> None:
    async def scene() -> None:
        crowd = Crowd(None, learn=True)
        for number in range(10):
            crowd.come(number)
        await asyncio.sleep(0.0)
        now = crowd.loop.time()
        assert crowd.gate.refusal(now, now + 0.1, 200, low=False) is not None
        assert crowd.gate.guesses(now)
        crowd.throttle(b"30")
        assert not crowd.gate.guesses(now)

    play(scene())


def test_of_a_configured_limit_and_a_learned_one_the_lower_holds() -> None:
    async def scene() -> None:
        crowd = Crowd(Rate(50, 1), learn=True)
        crowd.come("first")
        await crowd.all()
        answer(crowd, 1000, limit=1000)
        assert crowd.gate.expected(crowd.loop.time(), low=False) == pytest.approx(1 / 49)
        assert crowd.gate.remaining() == 0
        await asyncio.sleep(1.0)
        assert crowd.gate.remaining() == 1
        crowd.come("second")
        await crowd.all()
        answer(crowd, 0)
        assert crowd.gate.expected(crowd.loop.time(), low=False) == 10.0

    play(scene())


def test_a_canceled_waiter_is_not_counted_as_sent() -> None:
    async def scene() -> None:
        crowd = Crowd(Rate(50, 1), learn=True)
        for number in range(5):
            crowd.come(number)
        await asyncio.sleep(0.0)
        for task in crowd.tasks[1:]:
            task.cancel()
        await crowd.all()
        assert crowd.gate.learned is not None
        assert crowd.gate.learned.quota.in_flight == 1

    play(scene())


def test_a_refusal_without_a_word_halves_the_pace_of_what_waits() -> None:
    async def scene() -> None:
        crowd = Crowd(None, learn=True)
        crowd.come("first")
        await crowd.all()
        answer_nothing = crowd.gate.answered
        answer_nothing({}, crowd.loop.time(), WALL, throttled=False)
        for number in range(40):
            crowd.come(number)
        await crowd.all()
        crowd.throttle(None)
        assert crowd.gate.limit() == pytest.approx(20.5)
        for number in range(10):
            crowd.come(f"slow {number}")
        await crowd.all()
        assert crowd.now == pytest.approx(10 / 20.5, rel=0.05)

    play(scene())


# ---- what people see ----


def test_snapshot_of_a_configured_gate() -> None:
    async def scene() -> None:
        crowd = Crowd(Rate(100, 60), 10)
        for number in range(12):
            crowd.come(number, low=number == 11)
        await asyncio.sleep(0.0)
        crowd.throttle(b"30")
        assert crowd.gate.snapshot(crowd.loop.time()) == {
            "limit": "100/m",
            "remaining": 0,
            "held_for": 30.0,
            "waiting": {"high": 1, "low": 1},
            "learned": None,
        }
        assert crowd.gate.limit() == pytest.approx(100 / 60)
        await crowd.all()

    play(scene())


def test_snapshot_of_a_learning_gate() -> None:
    async def scene() -> None:
        crowd = Crowd(None, learn=True)
        assert crowd.gate.limit() is None
        assert crowd.gate.remaining() is None
        crowd.come("first")
        crowd.come("second")
        await crowd.all()
        answer(crowd, 70, b"20.0")
        assert crowd.gate.snapshot(crowd.loop.time()) == {
            "limit": None,
            "remaining": 69,
            "held_for": 0.0,
            "waiting": {"high": 0, "low": 0},
            "learned": {
                "limit": 100, "window": 20.0, "remaining": 69, "resets_in": 20.0, "in_flight": 1, "pace": None,
            },
        }  # fmt: skip
        assert crowd.gate.limit() == 5.0

    play(scene())
