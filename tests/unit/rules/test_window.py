import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.window import Window

SECONDS = 30.0
WIDTH = 3.0

Call = tuple[float, bool, bool]
"""Seconds since the call before, failed, slow."""

calls = st.lists(st.tuples(st.floats(0, 40), st.booleans(), st.booleans()), max_size=60)


def counts(window: Window) -> tuple[int, int, int]:
    return window.calls, window.failures, window.slow


@pytest.mark.parametrize(
    ("events", "now", "expected"),
    [
        ([], 100.0, (0, 0, 0)),
        ([(100.0, "good")], 100.0, (1, 0, 0)),
        ([(100.0, "failed"), (100.5, "slow"), (101.0, "good")], 101.0, (3, 1, 1)),
        ([(99.0, "failed")], 128.9, (1, 1, 0)),  # the first moment of a bucket of three seconds
        ([(99.0, "failed")], 129.0, (0, 0, 0)),  # as old as the window
        ([(101.9, "failed")], 128.9, (1, 1, 0)),  # the last moment: just more than nine tenths
        ([(101.9, "failed")], 129.0, (0, 0, 0)),
        ([(99.0, "failed"), (102.0, "failed")], 129.0, (1, 1, 0)),
        ([(99.0, "failed"), (102.0, "failed")], 132.0, (0, 0, 0)),
        ([(100.0, "failed"), (115.0, "good")], 130.0, (1, 0, 0)),
        ([(100.0, "failed"), (115.0, "good")], 1e9, (0, 0, 0)),
        ([(0.0, "failed")], 0.0, (1, 1, 0)),  # a clock that has just begun
    ],
)
def test_counts_of_the_last_seconds(
    events: list[tuple[float, str]], now: float, expected: tuple[int, int, int]
) -> None:
    window = Window(SECONDS)
    for at, kind in events:
        window.add(at, failed=kind == "failed", slow=kind == "slow")
    window.roll(now)
    assert counts(window) == expected


def test_a_call_may_be_failed_and_slow() -> None:
    window = Window(SECONDS)
    window.add(1.0, failed=True, slow=True)
    assert counts(window) == (1, 1, 1)


def test_forgetting_leaves_nothing_that_could_be_taken_off_later() -> None:
    window = Window(SECONDS)
    for at in range(100, 130, 3):
        window.add(float(at), failed=True, slow=True)
    window.forget()
    assert counts(window) == (0, 0, 0)
    window.add(131.0)
    window.roll(145.0)
    assert counts(window) == (1, 0, 0)


@given(calls, st.floats(0, 100))
def test_it_equals_a_list_of_calls_cut_at_bucket_borders(steps: list[Call], after: float) -> None:
    window, now, log = Window(SECONDS), 1000.0, []
    for gap, failed, slow in steps:
        now += gap
        window.add(now, failed=failed, slow=slow)
        log.append((math.floor(now / WIDTH), failed, slow))
    window.roll(now + after)
    last = math.floor((now + after) / WIDTH)
    kept = [(failed, slow) for bucket, failed, slow in log if last - bucket < 10]
    assert counts(window) == (len(kept), sum(failed for failed, _ in kept), sum(slow for _, slow in kept))


@given(calls, st.floats(0, 100))
def test_it_never_counts_what_is_older_nor_forgets_what_is_young(steps: list[Call], after: float) -> None:
    window, now, times = Window(SECONDS), 1000.0, []
    for gap, failed, slow in steps:
        now += gap
        window.add(now, failed=failed, slow=slow)
        times.append(now)
        assert min(counts(window)) >= 0
        assert window.calls >= max(window.failures, window.slow)
    now += after
    window.roll(now)
    not_too_old = sum(now - at < SECONDS + 1e-6 for at in times)
    surely_young = sum(now - at < SECONDS - WIDTH - 1e-6 for at in times)
    assert surely_young <= window.calls <= not_too_old


@given(st.lists(st.floats(0, 40), max_size=60))
def test_only_failures_make_failures(gaps: list[float]) -> None:
    window, now = Window(SECONDS), 0.0
    for gap in gaps:
        now += gap
        window.add(now)
        assert (window.failures, window.slow) == (0, 0)
