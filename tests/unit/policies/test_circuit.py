import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.errors import BreakerOpen, Sent
from sidecar.policies.circuit import Circuit
from sidecar.rules.health import Verdict
from tests.unit.policies.circuits import circuit, play, refusal, tripped

Script = list[tuple[float, str, str]]
"""At this time, these results, then this state."""


@pytest.mark.parametrize(
    ("settings", "script"),
    [
        pytest.param({}, [(100.0, "SSSSSSSSS", "closed")], id="all is well"),
        pytest.param({}, [(100.0, "FFFF", "closed"), (101.0, "F", "open")], id="volume and error rate"),
        pytest.param({}, [(100.0, "SSSSSSFFFFF", "closed"), (101.0, "F", "open")], id="a rate is reached"),
        pytest.param({}, [(100.0, "FFFF", "closed"), (131.0, "F", "closed")], id="old failures leave the window"),
        pytest.param({}, [(100.0, "FFFFIIIIIIIIII", "closed")], id="ignored results are no volume"),
        pytest.param({}, [(100.0, "FFFFS", "closed"), (100.1, "F", "open")], id="a success does not open"),
        pytest.param({"consecutive": 3}, [(100.0, "FF", "closed"), (200.0, "F", "open")], id="failures in a row"),
        pytest.param({"consecutive": 3}, [(100.0, "FIFIF", "open")], id="ignored results do not end a row"),
        pytest.param({"consecutive": 3, "min_calls": 9}, [(100.0, "FFSFFLFF", "closed")], id="a success ends a row"),
        pytest.param({}, [(100.0, "LLLL", "closed"), (101.0, "L", "open")], id="all calls are slow"),
        pytest.param({"slow_call": 0}, [(100.0, "LLLLLLLLLL", "closed")], id="slow calls are switched off"),
        pytest.param({"slow_rate": 0.5}, [(100.0, "SSSLL", "closed"), (101.0, "L", "open")], id="half are slow"),
        pytest.param({}, [(100.0, "FFFFF", "open"), (104.9, "-", "open"), (105.0, "S", "half_open")], id="trials"),
        pytest.param({}, [(100.0, "FFFFF", "open"), (105.0, "SSS", "closed")], id="all trials succeed"),
        pytest.param({"trials": 1}, [(100.0, "FFFFF", "open"), (105.0, "S", "closed")], id="one trial"),
        pytest.param({}, [(100.0, "FFFFF", "open"), (105.0, "SSF", "open"), (114.9, "-", "open")], id="a trial fails"),
        pytest.param({}, [(100.0, "FFFFF", "open"), (105.0, "IIIIIIIS", "half_open")], id="ignored trials"),
        pytest.param({}, [(100.0, "FFFFF", "open"), (105.0, "LLS", "closed")], id="some trials are slow"),
        pytest.param({}, [(100.0, "FFFFF", "open"), (105.0, "LLL", "open")], id="all trials are slow"),
        pytest.param(
            {}, [(100.0, "FFFFF", "open"), (105.0, "SSS", "closed"), (105.1, "FFFF", "closed"), (105.2, "F", "open")],
            id="after a recovery it counts anew",
        ),
    ],
)  # fmt: skip
def test_states(settings: dict[str, float], script: Script) -> None:
    one = circuit(**settings)  # type: ignore[arg-type]
    for now, results, state in script:
        play(one, now, results)
        assert one.state == state, (now, results)


def test_a_refusal_says_when_the_next_trial_is_and_that_nothing_was_sent() -> None:
    error = refusal(tripped(), 102.0)
    assert (error.retry_after, error.sent, error.status) == (3.0, Sent.NOTHING, 503)
    assert error.detail == "too many calls failed; the next trial is in 3.0 s"


@pytest.mark.parametrize(
    ("settings", "results", "why", "detail"),
    [
        ({}, "FFFFF", "error_rate", "too many calls failed; the next trial is in 5.0 s"),
        ({"consecutive": 2}, "FF", "consecutive", "calls failed one after the other; the next trial is in 5.0 s"),
        ({}, "LLLLL", "slow_rate", "too many calls were slow; the next trial is in 5.0 s"),
    ],
)
def test_a_refusal_says_why(settings: dict[str, int], results: str, why: str, detail: str) -> None:
    one = circuit(**settings)  # type: ignore[arg-type]
    play(one, 100.0, results)
    assert (one.why, refusal(one, 100.0).detail) == (why, detail)


@pytest.mark.parametrize(
    ("results", "why", "detail"),
    [
        ("F", "trial_failed", "a trial failed; the next trial is in 10.0 s"),
        ("LLL", "trials_slow", "the trials were slow; the next trial is in 10.0 s"),
    ],
)
def test_a_refusal_says_what_came_of_the_trials(results: str, why: str, detail: str) -> None:
    one = tripped()
    play(one, 105.0, results)
    assert (one.why, refusal(one, 105.0).detail) == (why, detail)


def test_open_time_doubles_with_each_failed_trial_and_is_short_again_after_a_recovery() -> None:
    one = tripped(max_open=20.0)
    now, waits = 100.0, []
    for _ in range(4):
        waits.append(one.wait(now))
        now += waits[-1]
        play(one, now, "F")
    assert waits == [5.0, 10.0, 20.0, 20.0]
    now += one.wait(now)
    play(one, now, "SSS" + "FFFFF")
    assert one.wait(now) == 5.0


def test_open_time_is_never_shorter_than_set_and_at_most_a_quarter_longer() -> None:
    assert [tripped(drawn=drawn).wait(100.0) for drawn in (0.0, 1.0)] == [5.0, 6.25]


# ---- trials ----


def half_open(**settings: float) -> Circuit:
    """Half-open at 105.0, nothing under way."""
    one = tripped(**settings)
    one.report(one.admit(105.0), Verdict.IGNORED, 0.0, 105.0)
    assert one.state == "half_open"
    return one


def test_while_all_trials_are_under_way_nobody_else_may() -> None:
    one = half_open()
    marks = [one.admit(105.0) for _ in range(3)]
    error = refusal(one, 105.5)
    assert error.retry_after == 1.0
    assert "trial calls are under way" in error.detail
    one.report(marks[0], Verdict.IGNORED, 0.1, 106.0)
    assert one.admit(106.0) > marks[2]


def test_no_more_than_the_trials_reach_the_provider_in_one_half_open_period() -> None:
    one = half_open()
    marks = [one.admit(105.0) for _ in range(3)]
    one.report(marks[0], Verdict.SUCCESS, 0.1, 105.1)
    one.report(marks[1], Verdict.SUCCESS, 0.1, 105.1)
    assert refusal(one, 105.2).retry_after == 1.0
    one.report(marks[2], Verdict.FAILURE, 0.1, 105.3)
    assert one.state == "open"


def test_a_trial_that_never_reports_gives_its_permit_back_after_max_open() -> None:
    one = half_open(trials=1, max_open=20.0)
    one.admit(105.0)
    refusal(one, 124.9)
    play(one, 125.0, "S")
    assert one.state == "closed"


def test_a_trial_that_reports_late_still_decides() -> None:
    one = half_open(trials=1, max_open=20.0)
    late = one.admit(105.0)
    one.admit(125.0)
    one.report(late, Verdict.FAILURE, 30.0, 135.0)
    assert one.state == "open"


def test_a_trial_whose_body_flows_for_an_open_period_is_a_success() -> None:
    one = half_open()
    marks = [one.admit(105.0) for _ in range(3)]
    for mark in marks:
        one.headed(mark, 5.0, 105.2)
    refusal(one, 110.1)
    one.admit(110.2)
    assert one.state == "closed"
    one.report(marks[0], Verdict.FAILURE, 0.2, 400.0)
    assert one.trip.window.failures == 0


def test_a_flowing_trial_counts_once() -> None:
    one = half_open(trials=2)
    mark = one.admit(105.0)
    one.headed(mark, 0.2, 105.0)
    other = one.admit(110.0)
    one.report(mark, Verdict.SUCCESS, 0.2, 111.0)
    assert one.state == "half_open"
    one.report(other, Verdict.SUCCESS, 0.2, 111.0)
    assert one.state == "closed"


def test_slow_heads_of_flowing_bodies_open_again() -> None:
    one = half_open()
    for mark in [one.admit(105.0) for _ in range(3)]:
        one.headed(mark, 5.1, 110.0)
    refusal(one, 115.0)
    assert (one.state, one.why) == ("open", "trials_slow")


def test_a_trial_whose_body_breaks_off_opens_again() -> None:
    one = half_open()
    mark = one.admit(105.0)
    one.headed(mark, 0.1, 105.1)
    one.report(mark, Verdict.FAILURE, 0.1, 106.0)
    assert one.state == "open"


# ---- told to wait ----


def test_it_opens_for_as_long_as_the_provider_asks() -> None:
    one = circuit()
    one.hold(one.admit(100.0), 60.0, 100.0)
    assert (one.state, one.why, one.wait(100.0)) == ("open", "throttled", 60.0)
    assert refusal(one, 159.9).detail == "the provider asked to be left alone; the next trial is in 0.1 s"
    play(one, 160.0, "SSS")
    assert one.state == "closed"


def test_a_trial_may_be_told_to_wait_too_and_open_time_does_not_grow_by_that() -> None:
    one = tripped()
    one.hold(one.admit(105.0), 60.0, 105.0)
    assert (one.state, one.wait(105.0)) == ("open", 60.0)
    play(one, 165.0, "F")
    assert one.wait(165.0) == 10.0


def test_an_old_hint_does_not_lengthen_the_next_opening() -> None:
    one = circuit()
    one.hold(one.admit(100.0), 60.0, 100.0)
    play(one, 160.0, "SSSFFFFF")
    assert one.wait(160.0) == 5.0


# ---- by hand ----


def test_held_open_it_refuses_until_released() -> None:
    one = circuit()
    one.force_open("anna: their maintenance")
    for now in (100.0, 1e6):
        error = refusal(one, now)
        assert error.retry_after == 30.0
        assert error.detail == "held open by hand: anna: their maintenance"
        assert one.wait(now) == 30.0
    one.release()
    play(one, 1e6, "SFFF")
    assert one.state == "closed"


def test_held_closed_it_admits_and_counts_everything() -> None:
    one = tripped()
    one.force_closed()
    assert one.why == "forced"
    play(one, 101.0, "FFFFFFFFFFFFFFFFFFFF")
    one.hold(one.admit(101.0), 60.0, 101.0)
    assert one.state == "closed"
    assert one.snapshot(101.0)["failures"] == 20
    one.release()
    play(one, 102.0, "F")
    assert one.state == "closed"
    play(one, 103.0, "FFFF")
    assert one.state == "open"


def test_forcing_may_be_repeated_and_replaced() -> None:
    one = tripped()
    one.force_open("a")
    one.force_open("b")
    assert refusal(one, 100.0).detail == "held open by hand: b"
    one.force_closed()
    one.force_closed()
    play(one, 100.0, "S")
    one.force_open("c")
    refusal(one, 100.0)
    one.release()
    one.release()
    play(one, 100.0, "S")


def test_releasing_an_open_breaker_closes_it() -> None:
    one = tripped()
    one.release()
    assert (one.state, one.why, one.snapshot(100.0)["calls"]) == ("closed", "released", 0)


def test_calls_begun_before_a_breaker_was_forced_open_change_nothing() -> None:
    one = circuit()
    mark = one.admit(100.0)
    one.force_open("x")
    one.report(mark, Verdict.SUCCESS, 0.1, 101.0)
    one.hold(mark, 5.0, 101.0)
    assert one.wait(101.0) == 30.0


def test_snapshot() -> None:
    one = circuit()
    assert one.snapshot(100.0) == {
        "state": "closed", "forced": None, "why": None, "calls": 0, "failures": 0, "slow": 0, "in_a_row": 0,
        "error_rate": None, "slow_rate": None, "trial_in": 0.0,
    }  # fmt: skip
    play(one, 100.0, "SLTFF")
    assert one.snapshot(101.0) == {
        "state": "open", "forced": None, "why": "error_rate", "calls": 5, "failures": 3, "slow": 2, "in_a_row": 3,
        "error_rate": 0.6, "slow_rate": 0.4, "trial_in": 4.0,
    }  # fmt: skip
    assert one.snapshot(140.0)["calls"] == 0
    one.force_open("x")
    assert (one.snapshot(140.0)["forced"], one.snapshot(140.0)["trial_in"]) == ("open", None)


# ---- whatever happens ----

moves = st.lists(
    st.tuples(
        st.floats(0, 8),
        st.sampled_from(["admit", "admit", "end", "end", "hold", "open", "closed", "release"]),
        st.sampled_from(list(Verdict)),
        st.integers(0, 30),
    ),
    max_size=150,
)


@given(moves, st.integers(1, 4))
def test_trials_stay_limited_and_refusals_are_foretold(
    steps: list[tuple[float, str, Verdict, int]], trials: int
) -> None:
    one, now = circuit(trials=trials, max_open=1e6), 100.0
    calls: list[int] = []
    under_way: set[int] = set()
    passed = 0

    def changed(state: str) -> None:
        nonlocal passed
        under_way.clear()
        passed = 0

    one.listen(changed)
    for gap, move, verdict, which in steps:
        now += gap
        if move == "admit":
            wait = one.wait(now)
            if wait:
                with pytest.raises(BreakerOpen) as refused:
                    one.admit(now)
                assert refused.value.retry_after == wait > 0
            else:
                calls.append(one.admit(now))
                under_way.add(calls[-1])
        elif move in ("end", "hold") and calls:
            mark = calls.pop(which % len(calls))
            trial, state = mark in under_way, one.state
            under_way.discard(mark)
            if move == "hold":
                one.hold(mark, 3.0, now)
            else:
                one.report(mark, verdict, 0.1, now)
                passed += trial and state == one.state == "half_open" and verdict is Verdict.SUCCESS
        elif move == "open":
            one.force_open("x")
        elif move == "closed":
            one.force_closed()
        elif move == "release":
            one.release()
        if one.state == "half_open":
            assert len(under_way) + passed <= trials
