"""The mirror of a provider's quota: step by step, and against simulated providers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.hints import Quota
from sidecar.rules.quota import FIRST_CALLS, FIRST_WAIT, Mirror
from tests.unit.rules.limited_providers import (
    FORMS,
    Fixed,
    FromFirstCall,
    Provider,
    Sliding,
    Tokens,
    play,
    steady,
)


def told(remaining: int, reset: float, *, limit: int = 100, at: float = 0.0) -> Mirror:
    """A mirror that got one answer, at once and with an exact reset."""
    mirror = Mirror()
    mirror.sent(at)
    mirror.answered(at, at, Quota(limit, remaining, reset, None, 0.0))
    return mirror


def send(mirror: Mirror, calls: int, now: float) -> None:
    for _ in range(calls):
        assert mirror.wait(now) == 0.0
        mirror.sent(now)


# ---- nothing is known ----


def test_before_the_first_answer_few_calls_go_at_once() -> None:
    mirror = Mirror()
    send(mirror, FIRST_CALLS, 5.0)
    assert mirror.wait(5.0) == FIRST_WAIT
    assert mirror.wait(5.25) == FIRST_WAIT - 0.25


def test_nobody_waits_longer_than_that_for_a_first_answer() -> None:
    mirror = Mirror()
    send(mirror, FIRST_CALLS, 5.0)
    send(mirror, 1000, 5.0 + FIRST_WAIT)


def test_a_provider_that_publishes_nothing_is_not_limited() -> None:
    mirror = Mirror()
    send(mirror, FIRST_CALLS, 5.0)
    mirror.answered(5.0, 5.1, None)
    send(mirror, 1000, 5.1)
    assert mirror.remaining(5.1) is None
    assert mirror.resets_in(5.1) is None


@pytest.mark.parametrize("quota", [Quota(40, 0, None), Quota(0, 0, 60.0)])
def test_a_quota_without_an_end_or_without_calls_is_none(quota: Quota) -> None:
    mirror = Mirror()
    send(mirror, FIRST_CALLS, 5.0)
    mirror.answered(5.0, 5.1, quota)
    send(mirror, 1000, 5.1)


# ---- what is left ----


def test_each_call_counts_at_once_and_its_answer_does_not_count_it_again() -> None:
    mirror = told(90, 60.0)
    send(mirror, 5, 1.0)
    assert mirror.remaining(1.0) == 85
    mirror.answered(1.0, 1.5, Quota(100, 89, 58.5, None, 0.0))
    assert mirror.remaining(1.5) == 85


def test_of_two_calls_under_way_together_the_lower_figure_holds() -> None:
    mirror = told(90, 60.0)
    send(mirror, 2, 1.0)
    mirror.answered(1.0, 1.5, Quota(100, 88, 58.5, None, 0.0))
    mirror.answered(1.0, 1.6, Quota(100, 89, 58.4, None, 0.0))
    assert mirror.remaining(1.6) == 88


def test_a_lower_figure_makes_later_sent_calls_the_newer_ones_only_from_then_on() -> None:
    mirror = told(90, 60.0)
    send(mirror, 2, 1.0)
    mirror.answered(1.0, 2.0, Quota(100, 50, 58.0, None, 0.0))
    mirror.sent(1.9)
    mirror.answered(1.9, 2.1, Quota(100, 51, 57.9, None, 0.0))
    assert mirror.remaining(2.1) == 49


def test_a_call_without_an_answer_may_have_been_counted() -> None:
    mirror = told(90, 60.0)
    send(mirror, 2, 1.0)
    mirror.unanswered(2.0)
    assert mirror.remaining(2.0) == 88


def test_a_call_that_was_never_made_counts_nowhere() -> None:
    mirror = told(90, 60.0)
    send(mirror, 2, 1.0)
    mirror.unsent()
    assert mirror.remaining(1.0) == 89


def test_an_answer_of_a_window_that_is_over_is_no_news() -> None:
    mirror = told(90, 10.0)
    mirror.sent(1.0)
    assert mirror.remaining(30.0) == 99
    mirror.answered(1.0, 30.0, Quota(100, 3, 0.0, None, 1.0))
    assert mirror.remaining(30.0) == 99


def test_others_use_the_quota_too() -> None:
    mirror = told(90, 60.0)
    mirror.sent(1.0)
    mirror.answered(1.0, 1.1, Quota(100, 10, 58.9, None, 0.0))
    assert mirror.remaining(1.1) == 10


# ---- how it is spread ----


def test_the_first_half_goes_at_once() -> None:
    mirror = told(100, 60.0)
    send(mirror, 50, 0.0)


def test_the_second_half_is_spread_evenly_over_the_time_to_the_reset() -> None:
    mirror = told(50, 60.0)
    send(mirror, 1, 0.0)
    for call in range(1, 50):
        due = call * 60.0 / 50
        assert mirror.wait(due - 0.01) == pytest.approx(0.01)
        send(mirror, 1, due + 1e-9)
    assert mirror.wait(59.0) == pytest.approx(1.0)


def test_what_is_not_used_of_the_second_half_adds_up() -> None:
    mirror = told(50, 60.0)
    send(mirror, 26, 30.0)
    assert mirror.wait(30.0) > 0.0


def test_when_others_use_what_we_counted_on_the_rest_is_spread_anew() -> None:
    mirror = told(50, 60.0)
    send(mirror, 1, 0.0)
    mirror.answered(0.0, 0.1, Quota(100, 9, 59.9, None, 0.0))
    assert mirror.wait(0.1) == pytest.approx(5.99)


def test_waits_for_more_calls_than_are_left_reach_into_the_next_windows() -> None:
    mirror = told(0, 10.0)
    assert mirror.wait(4.0) == 6.0
    assert mirror.wait(4.0, 100) == 6.0
    assert mirror.wait(4.0, 101) == 16.0


def test_the_wait_for_a_later_call_is_never_shorter() -> None:
    mirror = told(60, 60.0)
    waits = [mirror.wait(0.0, calls) for calls in range(1, 200)]
    assert waits == sorted(waits)
    assert waits[9] == 0.0
    assert waits[10] >= 0.0
    assert waits[59] == pytest.approx(60.0 - 60.0 / 50)


# ---- when it starts again ----


@pytest.mark.parametrize(
    ("answers", "resets_at"),
    [
        # (sent, answered, seconds told, step): the end lies between sent + told - step and answered + told + step.
        ([(0.0, 0.2, 10.0, 0.0)], 10.2),
        ([(0.0, 0.2, 10.0, 1.0)], 11.2),
        ([(0.0, 0.2, 10.0, 1.0), (3.5, 3.6, 6.0, 1.0)], 10.6),
        ([(0.0, 0.2, 10.0, 1.0), (3.5, 3.6, 7.0, 1.0)], 11.2),
        ([(0.0, 5.0, 10.0, 0.0), (6.0, 6.1, 4.0, 0.0)], 10.1),
    ],
)
def test_every_answer_narrows_the_end_of_the_window(
    answers: list[tuple[float, float, float, float]], resets_at: float
) -> None:
    mirror = Mirror()
    for left, (sent_at, now, reset, step) in enumerate(answers):
        mirror.sent(sent_at)
        mirror.answered(sent_at, now, Quota(100, 90 - left, reset, None, step))
    now = answers[-1][1]
    assert mirror.resets_in(now) == pytest.approx(resets_at - now)


def test_a_figure_that_does_not_go_down_is_of_a_window_that_moves() -> None:
    mirror = told(10, 5.0)
    mirror.sent(1.0)
    mirror.answered(1.0, 1.0, Quota(100, 10, 5.0, None, 0.0))
    assert mirror.resets_in(1.0) == 5.0
    mirror.sent(2.0)
    mirror.answered(2.0, 2.0, Quota(100, 9, 5.0, None, 1.0))
    assert mirror.resets_in(2.0) == 4.0


def test_nothing_goes_on_the_strength_of_a_new_window_before_its_end() -> None:
    mirror = told(0, 10.0)
    assert mirror.wait(9.999) == pytest.approx(0.001)
    assert mirror.wait(10.0) == 0.0


def test_after_a_used_up_window_one_call_asks_whether_there_is_a_new_one() -> None:
    mirror = told(0, 10.0)
    send(mirror, 1, 10.0)
    assert mirror.wait(10.0) == pytest.approx(1.0)
    mirror.answered(10.0, 10.1, Quota(100, 99, 9.9, None, 0.0))
    send(mirror, 49, 10.1)


def test_a_new_window_that_nobody_confirms_is_spread_evenly() -> None:
    mirror = told(0, 10.0)
    send(mirror, 1, 10.0)
    for call in range(99):
        due = 11.0 + call * 9.0 / 99
        assert mirror.wait(due - 0.01) > 0.0
        send(mirror, 1, due + 1e-9)


def test_what_was_left_in_the_last_window_goes_at_once_in_the_next() -> None:
    mirror = told(30, 10.0)
    send(mirror, 30, 10.0)
    assert mirror.wait(10.0) > 0.0


def test_after_a_pause_of_a_whole_window_the_first_half_goes_at_once_again() -> None:
    mirror = told(0, 10.0)
    send(mirror, 50, 20.0)
    assert mirror.wait(20.0) > 0.0


def test_the_length_of_a_window_is_what_is_told_or_the_longest_reset() -> None:
    assert told(5, 10.0).window == 10.0
    mirror = Mirror()
    mirror.sent(0.0)
    mirror.answered(0.0, 0.0, Quota(100, 5, 10.0, 3600.0, 0.0))
    assert mirror.window == 3600.0


def test_a_limit_that_is_not_told_is_the_most_that_was_left() -> None:
    mirror = Mirror()
    mirror.sent(0.0)
    mirror.answered(0.0, 0.0, Quota(None, 59, 10.0, None, 0.0))
    mirror.sent(1.0)
    mirror.answered(1.0, 1.0, Quota(None, 58, 9.0, None, 0.0))
    assert mirror.limit == 60


def test_a_provider_that_says_0_s_does_not_make_us_count_in_no_time() -> None:
    mirror = told(0, 0.0)
    send(mirror, 1, 0.0)
    assert mirror.wait(0.0) > 0.0


# ---- whatever happens ----

_EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["send", "answer", "silent", "unsent", "pass"]),
        st.integers(0, 30),
        st.sampled_from([0.0, 0.4, 1.0, 10.0, 60.0]),
    ),
    max_size=60,
)


@given(_EVENTS)
def test_no_order_of_events_gives_a_wait_that_is_none(events: list[tuple[str, int, float]]) -> None:
    mirror, now, flying = Mirror(), 0.0, []
    for kind, number, seconds in events:
        if kind == "send":
            mirror.sent(now)
            flying.append(now)
        elif kind == "pass":
            now += seconds
        elif flying:
            sent_at = flying.pop(number % len(flying))
            if kind == "answer":
                mirror.answered(sent_at, now, Quota(20, number, seconds, None, 1.0 if number % 2 else 0.0))
            elif kind == "silent":
                mirror.unanswered(now)
            else:
                mirror.unsent()
        assert mirror.in_flight == len(flying)
        waits = [mirror.wait(now, calls) for calls in (1, 2, 10, 100)]
        assert 0.0 <= waits[0] <= waits[1] <= waits[2] <= waits[3] < 10_000.0
        assert (mirror.remaining(now) or 0) >= 0


@given(st.integers(2, 40), st.lists(st.floats(0.0, 0.5), min_size=100, max_size=100))
def test_alone_with_a_fixed_window_and_exact_words_no_call_is_ever_refused(limit: int, pauses: list[float]) -> None:
    """One call after the other, as fast as the mirror lets them, answered at once."""
    provider, mirror, now = Fixed(limit, 5.0), Mirror(), 0.0
    for pause in pauses:
        now += max(mirror.wait(now), pause)
        if mirror.wait(now) > 0.0:
            now += 0.001
            continue
        mirror.sent(now)
        counted = provider.call(now)
        assert counted.taken
        mirror.answered(now, now, Quota(counted.limit, counted.remaining, counted.reset, None, 0.0))


# ---- against providers that count as they like and tell it as they like ----


def provider_of(name: str) -> Provider:
    made: dict[str, Provider] = {
        "fixed windows": Fixed(100, 10.0, begins=3.3),
        "fixed windows of a minute": Fixed(60, 60.0, begins=30.0),
        "fixed windows of a second": Fixed(50, 1.0, begins=0.4),
        "windows from the first call": FromFirstCall(100, 10.0),
        "a sliding window, by its oldest call": Sliding(100, 10.0),
        "a sliding window, by its newest call": Sliding(100, 10.0, newest=True),
        "tokens": Tokens(60, 60.0),
    }
    return made[name]


COUNTS = (
    "fixed windows", "fixed windows of a minute", "fixed windows of a second", "windows from the first call",
    "a sliding window, by its oldest call", "a sliding window, by its newest call", "tokens",
)  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", COUNTS)
def test_after_the_first_window_at_most_1_percent_of_the_calls_get_a_429(count: str, form: str) -> None:
    """Twice as many calls are offered as the provider takes."""
    provider = provider_of(count)
    seconds = 15 * provider.window
    run = play(provider, FORMS[form], steady(2 * provider.limit / provider.window, seconds), seconds=seconds)
    assert len(run.sent) > 4 * provider.limit
    assert run.refused_after(provider.window) <= 0.01


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("count", ["fixed windows", "windows from the first call"])
def test_slow_answers_do_not_lead_astray(count: str, form: str) -> None:
    provider = provider_of(count)
    offered = steady(2 * provider.limit / provider.window, 150.0)
    run = play(provider, FORMS[form], offered, seconds=150.0, latencies=(0.05, 0.1, 0.2, 3.0))
    assert run.refused_after(provider.window) <= 0.01


@pytest.mark.parametrize("form", FORMS)
def test_a_thousand_calls_at_once_are_served_at_the_pace_of_the_provider(form: str) -> None:
    run = play(Fixed(100, 10.0, begins=3.3), FORMS[form], [0.0] * 1000, seconds=120.0)
    assert run.refused == []
    assert len(run.sent) == 1000
    assert 86.0 < run.sent[-1] < 105.0


@pytest.mark.parametrize("form", FORMS)
def test_below_the_limit_hardly_a_call_waits(form: str) -> None:
    """A third of a quota of 5,000 an hour, in bursts of 50."""
    bursts = [burst * 100.0 for burst in range(1, 70) for _ in range(50)]
    run = play(Fixed(5000, 3600.0, begins=300.0), FORMS[form], bursts, seconds=7200.0)
    assert run.refused == []
    assert len(run.sent) == len(bursts)
    late = sum(sent - offered > 1.0 for sent, offered in zip(sorted(run.sent), bursts, strict=True))
    assert late == 0
