import heapq
import itertools
import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.aimd import Aimd


def answers(rule: Aimd, count: int, now: float, *, took: float = 0.1, in_use: int | None = None) -> None:
    """So many good answers at one time; without ``in_use`` every slot is taken."""
    for _ in range(count):
        rule.answered(now, now - took, rule.slots if in_use is None else in_use)


@pytest.mark.parametrize(
    ("lowest", "highest", "slots"), [(1, 200, 20), (30, 200, 30), (1, 8, 8), (5, 5, 5), (20, 20, 20)]
)
def test_first_limit(lowest: int, highest: int, slots: int) -> None:
    assert Aimd(lowest, highest).slots == slots


def test_first_it_grows_by_one_per_answer() -> None:
    rule = Aimd(1, 200)
    answers(rule, 20, 1.0)
    assert rule.slots == 40
    answers(rule, 1000, 2.0)
    assert rule.slots == 200


@pytest.mark.parametrize(("in_use", "slots"), [(1, 20), (17, 20), (18, 21), (20, 21), (25, 21)])
def test_it_grows_only_while_nine_tenths_are_used(in_use: int, slots: int) -> None:
    rule = Aimd(1, 200)
    answers(rule, 1, 1.0, in_use=in_use)
    assert rule.slots == slots


def test_one_slot_is_used_when_it_is_taken() -> None:
    rule = Aimd(1, 200)
    for second in range(20):
        rule.overloaded(second, second)
    assert rule.slots == 1
    answers(rule, 1, 30.0, in_use=1)
    assert rule.slots == 2


def test_a_sign_of_overload_takes_three_tenths() -> None:
    rule = Aimd(1, 200)
    rule.overloaded(1.0, 0.9)
    assert rule.slots == 14


def test_calls_that_began_before_a_decrease_make_no_other() -> None:
    rule = Aimd(1, 200)
    for started in (0.9, 0.5, 0.0, 0.999):
        rule.overloaded(1.0, started)
    assert rule.slots == 14
    rule.overloaded(1.2, 1.1)
    assert rule.slots == 9


def test_calls_that_began_before_a_decrease_do_not_make_it_grow() -> None:
    rule = Aimd(1, 200)
    rule.overloaded(1.0, 0.9)
    for _ in range(100):
        rule.answered(1.05, 0.95, 20)
    assert rule.slots == 14


def test_after_a_decrease_it_grows_by_one_per_round_trip() -> None:
    rule = Aimd(1, 200)
    rule.overloaded(1.0, 0.9)
    answers(rule, 14, 1.2)
    assert rule.slots == 14
    answers(rule, 1, 1.3)
    assert rule.slots == 15
    answers(rule, 16, 1.4)
    assert rule.slots == 16


def test_near_what_was_too_much_it_grows_ten_times_slower() -> None:
    rule = Aimd(1, 200)
    rule.overloaded(1.0, 0.9)  # 20 was too much
    answers(rule, 64, 1.2)
    assert rule.slots == 18
    answers(rule, 170, 1.3)
    assert rule.slots == 18
    answers(rule, 20, 1.4)
    assert rule.slots == 19


def test_past_what_was_too_much_it_grows_at_its_pace_again() -> None:
    rule = Aimd(1, 200)
    rule.overloaded(1.0, 0.9)
    answers(rule, 660, 1.2)
    assert rule.slots == 21
    answers(rule, 44, 1.3)
    assert rule.slots == 23


def test_an_outage_is_no_matter_of_the_limit() -> None:
    rule = Aimd(1, 200)
    answers(rule, 80, 1.0)
    for second in range(2, 30):
        rule.overloaded(second, second - 0.1)
    assert rule.slots == 1
    answers(rule, 69, 40.0)
    assert rule.slots == 70  # by one per answer, up to 0.7 of 100
    answers(rule, 71, 41.0)
    assert rule.slots == 71


def test_calls_that_fail_among_others_make_it_fall_for_good() -> None:
    rule = Aimd(1, 200)
    for second in range(1, 5):
        rule.overloaded(second, second - 0.1)
        answers(rule, 1, second + 0.5, in_use=0)
    assert rule.slots == 4
    answers(rule, 5, 41.0)
    assert rule.slots == 5


def test_an_idle_time_changes_nothing() -> None:
    rule = Aimd(1, 200)
    answers(rule, 30, 1.0)
    answers(rule, 1, 90_000.0, in_use=1)
    assert rule.slots == 50


def test_answers_that_take_much_longer_stop_the_increase_and_take_nothing() -> None:
    rule = Aimd(1, 200)
    answers(rule, 20, 1.0, took=0.1)
    answers(rule, 20, 5.0, took=0.5)
    slots = rule.slots
    assert 40 <= slots < 60
    answers(rule, 100, 9.0, took=0.5)
    assert rule.slots == slots


def test_a_provider_that_stays_slow_is_the_usual_after_a_while() -> None:
    rule = Aimd(1, 200)
    answers(rule, 20, 1.0, took=0.1)
    answers(rule, 3000, 5.0, took=0.5)
    assert rule.slots > 60
    assert rule.usual == pytest.approx(0.5, rel=0.02)


def test_the_usual_comes_down_faster_than_it_goes_up() -> None:
    rule = Aimd(1, 200)
    answers(rule, 20, 1.0, took=2.0)
    answers(rule, 60, 2.0, took=0.1)
    assert rule.usual < 0.3


@pytest.mark.parametrize(("seconds", "slow"), [(0.1, False), (0.2, False), (0.201, True)])
def test_slow_is_more_than_twice_the_usual(seconds: float, slow: bool) -> None:
    rule = Aimd(1, 200)
    answers(rule, 20, 1.0, took=0.1)
    rule.usual = 0.1
    assert rule.slow(seconds) is slow


@given(
    st.integers(1, 50),
    st.integers(0, 50),
    st.lists(st.tuples(st.booleans(), st.floats(0, 10), st.floats(0, 20), st.integers(0, 200)), max_size=200),
)
def test_it_stays_between_its_bounds(lowest: int, more: int, events: list[tuple[bool, float, float, int]]) -> None:
    rule = Aimd(lowest, lowest + more)
    now = 0.0
    for good, later, took, in_use in events:
        now += later
        if good:
            rule.answered(now, now - took, in_use)
        else:
            rule.overloaded(now, now - took)
        assert lowest <= rule.slots <= lowest + more


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1000), st.integers(0, 200)), max_size=200))
def test_no_good_answer_makes_it_fall(events: list[tuple[float, float, int]]) -> None:
    rule = Aimd(1, 200)
    now = 0.0
    for later, took, in_use in events:
        now += later
        before = rule.slots
        rule.answered(now, now - took, in_use)
        assert rule.slots >= before


@given(st.lists(st.floats(0.001, 5), min_size=1, max_size=100))
def test_no_two_decreases_within_a_round_trip(gaps: list[float]) -> None:
    """Calls of 1 s that all end badly: each second sees one decrease at most."""
    rule = Aimd(1, 200)
    now, falls = 0.0, []
    for gap in gaps:
        now += gap
        before = rule._limit
        rule.overloaded(now, now - 1.0)
        if rule._limit < before:
            falls.append(now)
    assert all(later - earlier >= 1.0 for earlier, later in itertools.pairwise(falls))


@dataclass
class World:
    """A provider that answers ``capacity`` calls at once in 0.1 s and refuses more at once; 300 calls want to go.

    ``hangs``: calls beyond the capacity are not refused, but take a second and then time out. ``down``: it refuses all.
    """

    capacity: int
    hangs: bool = False
    down: bool = False
    rule: Aimd = field(default_factory=lambda: Aimd(1, 200))
    now: float = 0.0
    flying: list[tuple[float, float, float, bool]] = field(default_factory=list)
    good: int = 0
    bad: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def run(self, until: float) -> list[int]:
        """The limit, every tenth of a second."""
        seen: list[int] = []
        while True:
            while len(self.flying) < min(self.rule.slots, 300):
                refused = self.down or len(self.flying) >= self.capacity
                took = (1.0 if self.hangs else 0.01) if refused else self.chance.uniform(0.07, 0.13)
                heapq.heappush(self.flying, (self.now + took, self.chance.random(), self.now, not refused))
            at, _, started, good = self.flying[0]
            if at > until:
                self.now = until
                return seen
            self.now = at
            if good:
                self.good += 1
                self.rule.answered(at, started, len(self.flying))
            else:
                self.bad += 1
                self.rule.overloaded(at, started)
            heapq.heappop(self.flying)
            seen += [self.rule.slots] * (int(at * 10) - len(seen))


@pytest.mark.parametrize(("hangs", "least"), [(False, 0.75), (True, 0.25)])
@pytest.mark.parametrize("capacity", [3, 12, 60, 150])
def test_it_finds_the_capacity(capacity: int, hangs: bool, least: float) -> None:
    """``least``: the part of what the provider could have answered; a call that hangs takes a slot for ten others."""
    world = World(capacity, hangs)
    seen = world.run(60.0)[200:]
    assert min(seen) >= 0.6 * capacity - 1
    assert max(seen) <= capacity + 2
    assert world.good > least * 60 * 10 * capacity


@pytest.mark.parametrize(("capacity", "share"), [(3, 0.12), (12, 0.03), (60, 0.01), (150, 0.01)])
def test_few_calls_are_lost_to_finding_it(capacity: int, share: float) -> None:
    world = World(capacity)
    world.run(10.0)
    world.good = world.bad = 0
    world.run(60.0)
    assert world.bad < share * world.good


def test_it_follows_a_capacity_that_changes() -> None:
    world = World(60)
    world.run(10.0)
    world.capacity = 8
    world.run(13.0)
    assert 4 <= world.rule.slots <= 10
    world.capacity = 60
    world.run(25.0)
    assert 40 <= world.rule.slots <= 62


def test_it_is_back_soon_after_an_outage() -> None:
    world = World(60)
    world.run(10.0)
    world.down = True
    world.run(20.0)
    assert world.rule.slots == 1
    world.down = False
    world.run(21.5)
    assert 35 <= world.rule.slots <= 62


def test_without_a_capacity_nothing_is_refused_and_the_limit_reaches_its_maximum() -> None:
    world = World(1000)
    world.run(2.0)
    assert (world.rule.slots, world.bad) == (200, 0)
