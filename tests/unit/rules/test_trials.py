from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.trials import Trials


def trials(limit: int = 3, slow_rate: float = 1.0) -> Trials:
    return Trials(limit, lease=120.0, flow=5.0, slow_rate=slow_rate)


def test_no_more_than_the_limit_are_under_way() -> None:
    some = trials()
    assert [some.take(mark, 100.0) for mark in range(1, 6)] == [True, True, True, False, False]


def test_a_permit_that_came_back_may_be_given_again() -> None:
    some = trials(1)
    some.take(1, 100.0)
    assert some.end(1) is True
    assert some.take(2, 100.0) is True


def test_an_unknown_trial_gives_nothing_back() -> None:
    some = trials(1)
    some.take(1, 100.0)
    assert some.end(7) is False
    some.end(1)
    assert some.end(1) is False
    assert [some.take(2, 100.0), some.take(3, 100.0)] == [True, False]


def test_the_permit_of_a_success_is_spent() -> None:
    some = trials(2)
    some.take(1, 100.0)
    some.end(1)
    some.succeed(slow=False)
    assert [some.take(2, 100.0), some.take(3, 100.0)] == [True, False]


def test_a_silent_trial_loses_its_permit_after_the_lease_but_may_still_speak() -> None:
    some = trials(1)
    some.take(1, 100.0)
    assert some.free(219.9) is False
    assert some.free(220.0) is True
    assert some.end(1) is True


def test_a_body_that_has_come_for_long_enough_is_good() -> None:
    some = trials()
    some.take(1, 100.0)
    some.take(2, 100.0)
    some.headed(1, 101.0, slow=False)
    some.headed(2, 102.0, slow=True)
    assert some.flowed(105.9) == []
    assert some.flowed(106.0) == [(1, False)]
    assert some.flowed(107.0) == [(1, False), (2, True)]


def test_a_body_that_ended_no_longer_flows() -> None:
    some = trials()
    some.take(1, 100.0)
    some.headed(1, 101.0, slow=False)
    some.end(1)
    some.headed(1, 101.0, slow=False)
    assert some.flowed(1000.0) == []


def test_slow_successes_are_too_many_once_the_rest_cannot_make_up_for_them() -> None:
    some = trials(4, slow_rate=0.5)
    assert [some.succeed(slow=slow) for slow in (True, False, True)] == [True, True, False]
    only_slow = trials(3, slow_rate=1.0)
    assert [only_slow.succeed(slow=True) for _ in range(3)] == [True, True, False]


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from(["take", "end", "succeed"]), st.integers(0, 20)), max_size=80),
)
def test_at_no_time_are_more_out_than_the_limit(limit: int, steps: list[tuple[str, int]]) -> None:
    some, under_way, passed, mark = trials(limit), [], 0, 0
    for what, which in steps:
        if what == "take":
            mark += 1
            if some.take(mark, 100.0):
                under_way.append(mark)
        elif under_way:
            assert some.end(under_way.pop(which % len(under_way)))
            if what == "succeed":
                some.succeed(slow=False)
                passed += 1
        assert len(under_way) + passed <= limit
        assert some.free(100.0) == (len(under_way) + passed < limit)
