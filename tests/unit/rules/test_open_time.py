from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.open_time import OpenTime


def least(low: float, high: float) -> float:
    del high
    return low


def most(low: float, high: float) -> float:
    del low
    return high


def test_it_doubles_up_to_the_longest() -> None:
    times = OpenTime(5.0, 120.0, least)
    assert [times.draw() for _ in range(7)] == [5.0, 10.0, 20.0, 40.0, 80.0, 120.0, 120.0]


def test_a_quarter_comes_on_top_at_most_also_at_the_longest() -> None:
    times = OpenTime(5.0, 20.0, most)
    assert [times.draw() for _ in range(4)] == [6.25, 12.5, 25.0, 25.0]


def test_a_recovery_makes_it_short_again() -> None:
    times = OpenTime(5.0, 120.0, least)
    times.draw()
    times.draw()
    times.reset()
    assert [times.draw(), times.draw()] == [5.0, 10.0]


def test_the_first_time_holds_even_if_the_longest_is_less() -> None:
    times = OpenTime(60.0, 10.0, least)
    assert [times.draw(), times.draw()] == [60.0, 60.0]


def test_a_hint_is_kept_and_does_not_count_as_a_failed_trial() -> None:
    assert OpenTime(5.0, 120.0, least).after(30.0) == 30.0
    times = OpenTime(5.0, 120.0, most)
    assert [times.after(30.0), times.after(2.0)] == [31.0, 2.5]
    assert times.draw() == 6.25


@given(st.lists(st.floats(0, 1), min_size=1, max_size=2000))
def test_never_shorter_than_set_however_often_it_fails(draws: list[float]) -> None:
    left = list(draws)
    times = OpenTime(5.0, 120.0, lambda low, high: low + (high - low) * left.pop())
    assert all(5.0 <= times.draw() <= 150.0 for _ in draws)
