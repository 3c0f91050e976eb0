"""How long to wait: bounded, spread out, and never before a hint."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.backoff import HINT_JITTER, after_hint, ceiling, full_jitter


@pytest.mark.parametrize(
    ("tries", "longest"),
    [(0, 0.1), (1, 0.1), (2, 0.2), (3, 0.4), (6, 3.2), (7, 5.0), (8, 5.0), (61, 5.0), (62, 5.0), (10_000, 5.0)],
)
def test_the_longest_wait_doubles_up_to_the_cap(tries: int, longest: float) -> None:
    assert ceiling(0.1, 5.0, tries) == pytest.approx(longest)


def test_ten_thousand_tries_do_not_overflow() -> None:
    assert ceiling(300.0, 3600.0, 10_000) == 3600.0
    assert ceiling(1e-9, 1e300, 10_000) == pytest.approx(1.152921504606847e9)


@given(st.floats(1e-6, 300.0), st.floats(1e-6, 3600.0), st.integers(-5, 10_000))
def test_it_never_shrinks_nor_passes_the_cap(base: float, cap: float, tries: int) -> None:
    this, following = ceiling(base, cap, tries), ceiling(base, cap, tries + 1)
    assert 0 < this <= following <= cap


@given(st.floats(0.0, 3600.0), st.floats(0.0, 1.0))
def test_a_wait_is_never_negative_and_never_longer_than_the_longest(longest: float, drawn: float) -> None:
    assert 0.0 <= full_jitter(longest, lambda low, high: low + (high - low) * drawn) <= longest


def test_jitter_stays_jitter_at_the_cap() -> None:
    """Jitter that is added and then clamped is gone once the cap is reached."""
    uniform = random.Random(1).uniform
    waits = [full_jitter(ceiling(0.1, 5.0, 10_000), uniform) for _ in range(2000)]
    tenths = [sum(0.5 * n <= wait < 0.5 * (n + 1) for wait in waits) for n in range(10)]
    assert all(140 < count < 260 for count in tenths), tenths


@given(st.floats(0.0, 2.0**31), st.floats(0.0, 1.0))
def test_a_hint_is_never_undercut_and_little_exceeded(hint: float, drawn: float) -> None:
    wait = after_hint(hint, lambda low, high: low + (high - low) * drawn)
    assert hint <= wait <= hint + HINT_JITTER


def test_jitter_after_a_hint_leaves_half_of_the_fifty_milliseconds_to_the_clock() -> None:
    assert HINT_JITTER == 0.025
    uniform = random.Random(1).uniform
    assert len({after_hint(7.0, uniform) for _ in range(100)}) == 100
