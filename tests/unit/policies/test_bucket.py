"""The bucket's algebra, and what aiolimiter cannot do by itself."""

import asyncio
import itertools

import pytest
from aiolimiter import AsyncLimiter
from hypothesis import example, given
from hypothesis import strategies as st

from sidecar.core.units import Rate
from sidecar.policies.bucket import Bucket
from tests.support.leaping_loop import leap


def most_in_a_window(times: list[float], seconds: float) -> int:
    """The most calls in any window of that length, both ends included."""
    most, first = 0, 0
    for last, now in enumerate(times):
        while times[first] < now - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def all_at_once(bucket: Bucket, calls: int, now: float = 0.0) -> list[float]:
    """When calls go that are all wanted at once, each as soon as it may."""
    times = []
    bucket.waiting = True
    for _ in range(calls):
        now += bucket.wait(now)
        assert bucket.wait(now) == 0.0
        bucket.take()
        times.append(now)
    return times


# ---- the algebra ----


@pytest.mark.parametrize(
    ("quota", "burst", "rate"),
    [
        # AsyncLimiter(b, b * T / (N - b)), while one call's time is 5 ms to 100 ms (or 1 % of the period).
        (Rate(50, 1), 1, 49.0),
        (Rate(100, 1), 10, 90.0),
        (Rate(200, 1), 1, 199.0),
        (Rate(6000, 60), 1000, 5000 / 60),
        # Longer margins would cost too much, shorter ones could not be kept.
        (Rate(2, 1), 1, 2 / 1.1),
        (Rate(10, 60), 1, 10 / 60.6),
        (Rate(5000, 3600), 1, 4999 / 3600),
        (Rate(5000, 1), 1, 5000 / 1.005),
        # One call in the period, and less than one.
        (Rate(1, 1), 1, 1 / 1.1),
        (Rate(1, 60), 5, 1 / 60.6),
        (Rate(0.5, 1), 1, 1 / 2.1),
        # A burst counts up to half of the quota.
        (Rate(10, 1), 10, 6 / 1.1),
        (Rate(10, 1), 1000, 6 / 1.1),
    ],
)
def test_the_rate_beside_a_burst(quota: Rate, burst: int, rate: float) -> None:
    assert Bucket(quota, burst).rate == pytest.approx(rate)


def test_a_thousand_calls_at_50_a_second_are_spaced_evenly_over_20_s() -> None:
    times = all_at_once(Bucket(Rate(50, 1), 1), 1000)
    assert times[-1] == pytest.approx(999 / 49)
    gaps = [after - before for before, after in itertools.pairwise(times)]
    assert gaps == pytest.approx([1 / 49] * 999)


def test_a_burst_goes_at_once_and_the_rest_evenly() -> None:
    times = all_at_once(Bucket(Rate(100, 1), 10), 20)
    assert times[:10] == [0.0] * 10
    assert times[10:] == pytest.approx([number / 90 for number in range(1, 11)])


def test_the_wait_for_several_calls_is_that_of_the_last() -> None:
    bucket = Bucket(Rate(50, 1), 1)
    assert bucket.wait(0.0, 50) == pytest.approx(1.0)
    bucket.take()
    assert bucket.wait(0.0, 49) == pytest.approx(1.0)


def test_a_wait_is_over_when_its_time_has_passed() -> None:
    for start in (0.0, 1e5, 123456.789):
        bucket = Bucket(Rate(49, 1), 1)
        bucket.wait(start)
        bucket.take()
        assert bucket.wait(start + bucket.wait(start)) == 0.0


@pytest.mark.parametrize(
    ("pause", "calls", "wait"),
    # The quota fills up in the pause, but no further than a burst.
    [(0.0, 1, 1 / 49), (0.01, 1, 1 / 49), (0.5, 1, 0.5), (0.5, 2, 0.5 + 1 / 49), (0.5, 50, 0.5 + 1.0)],
)
def test_after_a_pause_calls_go_one_by_one(pause: float, calls: int, wait: float) -> None:
    bucket = Bucket(Rate(50, 1), 1)
    assert bucket.wait(0.0) == 0.0
    bucket.take()
    assert bucket.wait_after(0.0, pause, calls) == pytest.approx(wait)


def test_what_is_given_back_may_go_at_once() -> None:
    bucket = Bucket(Rate(50, 1), 1)
    assert bucket.wait(0.0) == 0.0
    bucket.take()
    bucket.give_back()
    assert bucket.wait(0.0) == 0.0


def test_giving_back_after_the_time_has_made_up_for_it_gains_nothing() -> None:
    bucket = Bucket(Rate(50, 1), 1)
    assert bucket.wait(0.0) == 0.0
    bucket.take()
    assert bucket.wait(10.0) == 0.0
    bucket.give_back()
    assert bucket.capacity(10.0) == 1


def test_a_call_ahead_of_its_time_makes_later_ones_wait_the_longer() -> None:
    bucket = Bucket(Rate(50, 1), 1)
    for _ in range(5):
        bucket.take()
    assert bucket.wait(0.0) == pytest.approx(5 / 49)


def test_capacity_is_what_may_go_at_once() -> None:
    bucket = Bucket(Rate(100, 1), 10)
    assert bucket.capacity(0.0) == 10
    for _ in range(3):
        bucket.take()
    assert bucket.capacity(0.0) == 7
    assert bucket.capacity(1.5 / 90) == 8


def test_a_timer_that_is_late_makes_nobody_later_but_its_own_call() -> None:
    bucket, now, times = Bucket(Rate(50, 1), 1), 0.0, []
    bucket.waiting = True
    for _ in range(100):
        now += bucket.wait(now) + 0.0009
        assert bucket.wait(now) == 0.0
        bucket.take()
        times.append(now)
    assert times[-1] - times[0] == pytest.approx(99 / 49, abs=0.002)


def test_nobody_gains_by_having_come_late() -> None:
    bucket = Bucket(Rate(50, 1), 1)
    for now in (0.0, 0.03, 0.06):
        assert bucket.wait(now) == 0.0
        bucket.take()
        assert bucket.wait(now) == pytest.approx(1 / 49)


_QUOTAS = st.tuples(st.integers(1, 60), st.sampled_from([1.0, 60.0]), st.integers(1, 70))
_ARRIVALS = st.lists(
    st.tuples(
        st.floats(0.0, 3.0) | st.sampled_from([0.0, 0.5, 1.0]),
        st.integers(1, 40),
        st.sampled_from([0.0, 0.0, 0.001, 0.004, 0.02, 0.3]),
    ),
    min_size=1,
    max_size=30,
)


@given(_QUOTAS, _ARRIVALS)
@example((50, 1.0, 1), [(0.0, 40, 0.3), (0.0, 40, 0.004), (0.0, 40, 0.0)])
@example((1, 1.0, 1), [(0.0, 5, 0.0)])
def test_no_window_ever_holds_more_than_the_quota(
    quota: tuple[int, float, int], arrivals: list[tuple[float, int, float]]
) -> None:
    """Any pauses, any crowds, and timers as late as they like (in periods of the quota and of the timer)."""
    limit, seconds, burst = quota
    bucket, now, times = Bucket(Rate(limit, seconds), burst), 0.0, []
    for pause, calls, late in arrivals:
        now += pause * seconds
        for _ in range(calls):
            wait = bucket.wait(now)
            bucket.waiting = wait > 0.0
            if wait:
                now += wait + late
                assert bucket.wait(now) == 0.0
            bucket.take()
            times.append(now)
    assert most_in_a_window(times, seconds) <= limit


@given(st.integers(2, 5000), st.sampled_from([1.0, 60.0, 3600.0]), st.integers(1, 3000))
def test_hardly_anything_of_a_quota_is_lost(limit: int, seconds: float, burst: int) -> None:
    """What flows beside a burst is the rest of the quota, or at least all but half a percent of it."""
    bucket = Bucket(Rate(limit, seconds), burst)
    rest = limit - min(burst, max(1, limit // 2))
    assert min(rest, (rest + 1) / 1.005) * 0.999999 <= bucket.rate * seconds < rest + 1


# ---- the traps of aiolimiter: each is there, and none of them is here ----


async def take_turns(limiter: AsyncLimiter, amounts: list[float]) -> list[tuple[int, float]]:
    """(which, when) calls went that asked in this order, all at once."""
    loop, turns, begun = asyncio.get_running_loop(), [], asyncio.get_running_loop().time()

    async def one(which: int, amount: float) -> None:
        await limiter.acquire(amount)
        turns.append((which, loop.time() - begun))

    await asyncio.gather(*(one(which, amount) for which, amount in enumerate(amounts)))
    return turns


def test_trap_twice_the_quota_goes_in_the_first_window() -> None:
    turns = leap(take_turns(AsyncLimiter(64, 1), [1.0] * 200))
    assert most_in_a_window([when for _, when in turns], 0.999) == 64 + 63
    assert most_in_a_window(all_at_once(Bucket(Rate(64, 1), 1), 200), 1.0) == 64
    assert most_in_a_window(all_at_once(Bucket(Rate(64, 1), 20), 200), 1.0) == 64


def test_trap_heavy_weights_starve() -> None:
    turns = leap(take_turns(AsyncLimiter(4, 4), [4.0, 4.0] + [1.0] * 8))
    assert [which for which, _ in turns] == [0, 2, 3, 4, 5, 6, 7, 8, 9, 1]


def test_trap_no_longest_wait() -> None:
    """It says that there is no capacity, and not for how long."""
    limiter, bucket = AsyncLimiter(1, 60), Bucket(Rate(1, 60), 1)

    async def look() -> bool:
        await limiter.acquire()
        return limiter.has_capacity()

    assert leap(look()) is False
    assert bucket.wait(0.0) == 0.0
    bucket.take()
    assert bucket.wait(0.0) == pytest.approx(60.6)


def test_trap_cancelled_waiters_stay() -> None:
    async def cancel() -> int:
        limiter = AsyncLimiter(1, 60)
        await limiter.acquire()
        tasks = [asyncio.create_task(limiter.acquire()) for _ in range(100)]
        await asyncio.sleep(0)
        for task in tasks[1:]:
            task.cancel()
        await asyncio.sleep(0.1)
        left = len(limiter._waiters)
        tasks[0].cancel()
        return left

    assert leap(cancel()) == 100
