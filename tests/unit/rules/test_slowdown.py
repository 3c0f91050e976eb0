import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.slowdown import RECOVERY, SLOWEST, Slowdown


def sending(per_second: int, begin: float = 0.0, seconds: int = 2) -> Slowdown:
    """One that has seen so many calls a second."""
    slowdown = Slowdown()
    for number in range(per_second * seconds):
        slowdown.sent(begin + number / per_second)
    return slowdown


def test_without_a_refusal_there_is_no_pace() -> None:
    slowdown = sending(40)
    assert slowdown.pace(2.0) is None
    assert slowdown.wait(2.0, 1000) == 0.0


def test_a_refusal_halves_the_pace() -> None:
    slowdown = sending(40)
    slowdown.refused(1.9, 2.0)
    assert slowdown.pace(2.0) == 20.0


def test_calls_are_spaced_by_the_pace_from_the_last_one_on() -> None:
    slowdown = sending(40)
    slowdown.refused(1.9, 2.0)
    assert slowdown.wait(2.0) == pytest.approx(1.975 + 0.05 - 2.0)
    assert slowdown.wait(2.0, 10) == pytest.approx(1.975 + 0.5 - 2.0)


def test_other_refusals_of_the_same_burst_say_nothing_new() -> None:
    slowdown = sending(40)
    slowdown.refused(1.9, 2.0)
    slowdown.refused(1.95, 2.1)
    assert slowdown.pace(2.1) == pytest.approx(20.0, rel=0.01)


def test_a_refusal_at_the_slower_pace_halves_it_again() -> None:
    slowdown = sending(40)
    slowdown.refused(1.9, 2.0)
    slowdown.refused(2.0, 2.0)
    assert slowdown.pace(2.0) == 10.0


def test_the_pace_doubles_in_its_time_and_is_free_again_where_it_was_refused() -> None:
    slowdown = sending(40)
    slowdown.refused(1.9, 2.0)
    slowdown.refused(2.0, 2.0)
    assert slowdown.pace(2.0 + RECOVERY) == 20.0
    assert slowdown.pace(2.0 + 1.99 * RECOVERY) == pytest.approx(40.0, rel=0.01)
    assert slowdown.pace(2.0 + 2 * RECOVERY) is None


def test_a_refusal_after_that_begins_anew() -> None:
    slowdown = sending(40)
    slowdown.refused(1.9, 2.0)
    for number in range(200):
        slowdown.sent(30.0 + number / 100)
    slowdown.refused(31.9, 32.0)
    assert slowdown.pace(32.0) == 50.0


def test_it_never_gets_slower_than_a_call_a_second() -> None:
    slowdown = sending(40)
    for _ in range(20):
        slowdown.refused(2.0, 2.0)
    assert slowdown.pace(2.0) == SLOWEST


@pytest.mark.parametrize(
    ("times", "pace"),
    [
        ([0.0, 0.1, 0.2, 0.3, 0.4, 0.5], 3.0),
        ([0.0] * 10, 5.0),
        # The second before counts as well, but not what was earlier.
        ([0.0] * 10 + [1.2] * 4, 5.0),
        ([0.0] * 10 + [2.2] * 4, 2.0),
    ],
)
def test_what_is_halved_is_the_pace_of_the_last_two_seconds(times: list[float], pace: float) -> None:
    slowdown = Slowdown()
    for now in times:
        slowdown.sent(now)
    slowdown.refused(times[-1], times[-1])
    assert slowdown.pace(times[-1]) == pace


@given(st.lists(st.tuples(st.sampled_from(["sent", "refused"]), st.floats(0.0, 20.0)), max_size=80))
def test_every_wait_is_one_and_ends(events: list[tuple[str, float]]) -> None:
    slowdown, now = Slowdown(), 0.0
    for kind, seconds in events:
        now += seconds
        if kind == "sent":
            slowdown.sent(now)
        else:
            slowdown.refused(now, now)
        assert 0.0 <= slowdown.wait(now) <= 1.0 / SLOWEST + 1e-9
        assert slowdown.wait(now) <= slowdown.wait(now, 2)
