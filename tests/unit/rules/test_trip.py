import pytest

from sidecar.rules.trip import Thresholds, Trip
from sidecar.rules.window import Window


def trip(min_calls: int = 5, error_rate: float = 0.5, slow_rate: float = 1.0, consecutive: int = 0) -> Trip:
    return Trip(Thresholds(min_calls, error_rate, slow_rate, consecutive), Window(30.0))


def after(trip: Trip, results: str) -> str | None:
    """F failed, S succeeded, L succeeded slowly, T failed slowly; all within a second."""
    for one in results:
        trip.count(100.0, failed=one in "FT", slow=one in "LT")
    return trip.reason()


@pytest.mark.parametrize(
    ("settings", "results", "reason"),
    [
        ({}, "", None),
        ({}, "SSFFF", "error_rate"),
        ({}, "SSSFF", None),
        ({}, "FFFF", None),  # too few to speak of a rate
        ({}, "FFFFF", "error_rate"),
        ({}, "FFFFSF", "error_rate"),
        ({"error_rate": 1.0}, "FFFFSF", None),
        ({"consecutive": 3}, "FFF", "consecutive"),
        ({"consecutive": 3, "min_calls": 9}, "FFSFF", None),
        ({"consecutive": 3, "min_calls": 9}, "FFLFF", None),  # slow, but no failure
        ({"consecutive": 3, "min_calls": 1000}, "SSSSSSSFFF", "consecutive"),
        ({"consecutive": 0, "min_calls": 1000}, "FFFFFFFFFFFFFFFFFFFF", None),
        ({"slow_rate": 1.0}, "LLLLL", "slow_rate"),
        ({"slow_rate": 1.0}, "LLLLS", None),
        ({"slow_rate": 0.4}, "SSSLL", "slow_rate"),
        ({"slow_rate": 0.4, "error_rate": 1.0}, "SSSTT", "slow_rate"),  # a time-out is slow as well
        ({"min_calls": 1}, "F", "error_rate"),
    ],
)
def test_what_is_too_much(settings: dict[str, float], results: str, reason: str | None) -> None:
    assert after(trip(**settings), results) == reason  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("failures", "calls", "rate"), [(7, 100, 0.07), (29, 100, 0.29), (57, 1000, 0.057), (1, 3, 1 / 3)]
)
def test_a_rate_is_reached_exactly_and_never_rounded(failures: int, calls: int, rate: float) -> None:
    exact = trip(1, rate)
    assert after(exact, "S" * (calls - failures) + "F" * failures) == "error_rate"
    below = trip(1, rate)
    assert after(below, "S" * (calls - failures + 1) + "F" * failures) is None


def test_a_rate_just_below_does_not_open() -> None:
    assert after(trip(1, 0.5), "S" * 501 + "F" * 500) is None  # 49.95 %


def test_what_has_left_the_window_no_longer_counts() -> None:
    evidence = trip()
    for _ in range(10):
        evidence.count(100.0, failed=True)
    evidence.count(140.0, failed=True)
    assert evidence.reason() is None


def test_failures_in_a_row_do_not_age() -> None:
    evidence = trip(consecutive=3)
    for hour in range(3):
        evidence.count(3600.0 * hour, failed=True)
    assert evidence.reason() == "consecutive"


def test_forgotten_is_forgotten() -> None:
    evidence = trip(consecutive=3)
    after(evidence, "FFFFFFFF")
    evidence.forget()
    assert evidence.reason() is None
    assert evidence.in_a_row == 0
