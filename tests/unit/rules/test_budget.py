"""The retry budget: what it allows in a second, and what it forgets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.budget import Budget


def spend(budget: Budget, now: float) -> bool:
    """One retry that goes at once, if it may."""
    if not budget.take(now):
        return False
    budget.sent(now)
    return True


def taken(budget: Budget, now: float, tries: int) -> int:
    """How many of so many retries are allowed at once."""
    return sum(spend(budget, now) for _ in range(tries))


def requests(budget: Budget, now: float, count: int) -> None:
    for _ in range(count):
        budget.request(now)


@pytest.mark.parametrize(
    ("ratio", "floor", "calls", "allowed"),
    [
        (0.2, 10.0, 0, 10),  # the floor, without a call
        (0.2, 10.0, 49, 10),
        (0.2, 10.0, 50, 10),  # the ratio reaches the floor: the larger of them, not their sum
        (0.2, 10.0, 55, 11),
        (0.2, 10.0, 59, 11),  # parts of a retry are none
        (0.2, 10.0, 1000, 200),
        (1.0, 1.0, 7, 7),
        (0.0, 3.0, 1000, 3),
        (0.5, 1.0, 1, 1),
    ],
)
def test_retries_are_a_share_of_the_calls_but_never_fewer_than_the_floor(
    ratio: float, floor: float, calls: int, allowed: int
) -> None:
    budget = Budget(ratio, floor)
    requests(budget, 50.0, calls)
    assert budget.remaining(50.0) == allowed
    assert taken(budget, 50.0, 2000) == allowed
    assert budget.remaining(50.0) == 0


@pytest.mark.parametrize(
    ("later", "left"),
    [(0.0, 0), (0.5, 0), (0.95, 0), (1.0, 0), (1.1, 2), (1.2, 2), (60.0, 2), (1e9, 2)],
)
def test_a_retry_counts_for_a_second_wherever_in_its_slot_it_was(later: float, left: int) -> None:
    for began in (10.0, 10.05, 10.09):
        budget = Budget(0.0, 2.0)
        assert taken(budget, began, 3) == 2
        assert budget.remaining(began + later) == left


def test_calls_are_forgotten_as_retries_are() -> None:
    budget = Budget(0.5, 1.0)
    requests(budget, 3.0, 10)
    assert budget.remaining(3.9) == 5
    assert budget.remaining(4.1) == 1


def test_old_seconds_leave_slot_by_slot() -> None:
    budget = Budget(0.0, 3.0)
    assert [spend(budget, now) for now in (0.0, 0.3, 0.6, 0.9)] == [True, True, True, False]
    assert [spend(budget, now) for now in (1.1, 1.1, 1.3, 1.4, 1.4, 1.7)] == [True, False, False, True, False, True]


def test_what_is_given_back_may_be_taken_again() -> None:
    budget = Budget(0.0, 1.0)
    assert budget.take(1.0)
    budget.give_back()
    assert budget.remaining(1.0) == 1
    assert budget.take(1.0)
    assert not budget.take(1.0)


def test_what_was_given_back_is_not_forgotten_once_more_with_its_second() -> None:
    budget = Budget(0.0, 1.0)
    assert budget.take(1.0)
    budget.give_back()
    assert budget.remaining(2.2) == 1


def test_a_retry_that_waits_counts_until_a_second_after_it_was_sent() -> None:
    """However long the wait: all that were told the same time would go out together else."""
    budget = Budget(0.0, 2.0)
    assert budget.take(1.0)
    assert (budget.remaining(1.0), budget.remaining(9.0)) == (1, 1)
    budget.sent(9.0)
    assert (budget.remaining(9.0), budget.remaining(9.9), budget.remaining(10.1)) == (1, 1, 2)


def test_a_refused_retry_is_not_counted() -> None:
    budget = Budget(0.0, 1.0)
    assert taken(budget, 0.0, 100) == 1
    assert budget.remaining(1.1) == 1


def test_a_call_that_came_before_the_last_one_seen_is_counted_too() -> None:
    """A call waited in other policies, and is told with the time at which it came."""
    budget = Budget(1.0, 1.0)
    requests(budget, 20.0, 2)
    requests(budget, 19.6, 3)
    assert budget.remaining(20.0) == 5
    assert budget.remaining(22.0) == 1


@given(
    st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.5, 1.0]),
    st.sampled_from([1.0, 2.0, 10.0]),
    st.lists(
        st.tuples(
            st.one_of(st.just(0.0), st.floats(0.0, 0.3), st.floats(0.9, 1.2), st.floats(0.0, 30.0)),
            st.sampled_from(["request", "request", "take", "take", "take", "take and give back"]),
        ),
        max_size=120,
    ),
)
def test_no_second_has_more_retries_than_its_share(ratio: float, floor: float, events: list[tuple[float, str]]) -> None:
    """In every interval of one second, wherever it begins; and what must be allowed is."""
    budget, now = Budget(ratio, floor), 1000.0
    calls: list[float] = []
    retries: list[float] = []

    def within(times: list[float], seconds: float) -> int:
        return sum(now - time < seconds for time in times)

    for pause, what in events:
        now += pause
        if what == "request":
            budget.request(now)
            calls.append(now)
            continue
        certain = max(floor, ratio * within(calls, 1.0)) - within(retries, 1.2) >= 1
        if budget.take(now):
            retries.append(now)
            assert within(retries, 1.0) <= max(floor, ratio * within(calls, 1.2))
            if what == "take and give back":
                budget.give_back()
                retries.pop()
            else:
                budget.sent(now)
        else:
            assert not certain


@given(st.lists(st.floats(0.0, 1e6), max_size=40))
def test_the_sums_are_those_of_the_window_at_any_leap_of_time(times: list[float]) -> None:
    budget = Budget(1.0, 1.0)
    for now in sorted(times):
        budget.request(now)
        assert spend(budget, now)
    last = max(times, default=0.0)
    recent = sum(int(last * 10) - int(time * 10) < 11 for time in times)
    assert budget.remaining(last) == max(1, recent) - recent
    assert budget.remaining(last + 1.2) == 1


def test_a_thousand_waiting_retries_do_not_pass_a_budget_of_a_fifth() -> None:
    """Envoy #30205: retries counted when they were sent, and all that waited had passed."""
    budget = Budget(0.2, 3.0)
    requests(budget, 7.0, 1000)
    assert sum(budget.take(7.0 + 0.0005 * n) for n in range(1000)) == 200
