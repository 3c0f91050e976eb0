import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.policies.slots import Slots
from sidecar.rules.aimd import Aimd
from tests.support.leaping_loop import leap


def taken(limit: int, adaptive: Aimd | None = None) -> Slots:
    """All of these slots are in use."""
    slots = Slots(limit, adaptive)
    slots.in_use = limit
    return slots


class Waiters:
    """Calls that wait. ``went``: the names of those that have got a slot, in order; ``left``: those that got none."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.went: list[str] = []
        self.left: list[str] = []
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def come(self, name: str, *, high: bool = True, seconds: float = 60.0) -> None:
        self.tasks[name] = asyncio.create_task(self._wait(name, high, seconds))
        await asyncio.sleep(0)

    async def _wait(self, name: str, high: bool, seconds: float) -> None:
        (self.went if await self.slots.wait(seconds, high=high) else self.left).append(name)

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


def test_a_slot_that_comes_free_goes_to_who_waits_longest() -> None:
    async def main() -> None:
        slots = taken(1)
        waiters = Waiters(slots)
        for name in "abc":
            await waiters.come(name)
        for count in (1, 2, 3):
            slots.free(0.1)
            await waiters.settle()
            assert waiters.went == list("abc")[:count]
        assert (slots.in_use, slots.waiting) == (1, 0)
        slots.free(0.1)
        assert slots.in_use == 0

    leap(main())


def test_high_priority_goes_first_and_each_line_keeps_its_order() -> None:
    async def main() -> None:
        slots = taken(1)
        waiters = Waiters(slots)
        for name in ("low 1", "high 1", "low 2", "high 2"):
            await waiters.come(name, high=name.startswith("high"))
        for _ in range(4):
            slots.free(0.1)
        await waiters.settle()
        assert waiters.went == ["high 1", "high 2", "low 1", "low 2"]

    leap(main())


def test_who_waits_in_vain_leaves_no_trace() -> None:
    async def main() -> None:
        slots = taken(1)
        waiters = Waiters(slots)
        await waiters.come("a", seconds=1.0)
        await waiters.come("b", seconds=2.0)
        await asyncio.sleep(1.5)
        assert (waiters.left, slots.waiting) == (["a"], 1)
        slots.free(0.1)
        await waiters.settle()
        assert (waiters.went, slots.waiting, slots.in_use) == (["b"], 0, 1)

    leap(main())


def test_a_wait_of_which_the_time_is_up_gets_no_slot_in_the_same_turn() -> None:
    async def main() -> None:
        slots = taken(1)
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, slots.free, 0.1)  # first in the turn in which the wait ends as well
        assert await slots.wait(1.0, high=True)
        assert slots.in_use == 1
        given_up = asyncio.create_task(slots.wait(1.0, high=True))
        await asyncio.sleep(0)
        loop.call_later(1.0, slots.free, 0.1)  # after it
        assert not await given_up
        await asyncio.sleep(0.1)
        assert (slots.in_use, slots.waiting) == (0, 0)

    leap(main())


def test_who_is_cancelled_leaves_no_trace() -> None:
    async def main() -> None:
        slots = taken(1)
        waiters = Waiters(slots)
        for name in "abc":
            await waiters.come(name)
        waiters.tasks["b"].cancel()
        await waiters.settle()
        assert slots.waiting == 2
        slots.free(0.1)
        slots.free(0.1)
        await waiters.settle()
        assert (waiters.went, slots.in_use) == (["a", "c"], 1)

    leap(main())


def test_a_slot_handed_to_a_call_that_is_cancelled_in_the_same_turn_goes_to_the_next() -> None:
    async def main() -> None:
        slots = taken(1)
        waiters = Waiters(slots)
        await waiters.come("a")
        await waiters.come("b")
        slots.free(0.1)
        waiters.tasks["a"].cancel()
        await waiters.settle()
        assert (waiters.went, slots.in_use, slots.waiting) == (["b"], 1, 0)
        assert slots.held == 0.1  # the call that was cancelled kept no slot, and says nothing about the time

    leap(main())


def test_a_call_cancelled_in_the_turn_in_which_a_slot_comes_free_is_passed_over() -> None:
    async def main() -> None:
        slots = taken(1)
        waiters = Waiters(slots)
        await waiters.come("a")
        await waiters.come("b")
        waiters.tasks["a"].cancel()
        slots.free(0.1)
        await waiters.settle()
        assert (waiters.went, slots.in_use, slots.waiting) == (["b"], 1, 0)

    leap(main())


def test_a_call_cancelled_when_its_time_is_up_frees_nothing() -> None:
    async def main() -> None:
        slots = taken(1)
        waiters = Waiters(slots)
        await waiters.come("a", seconds=1.0)
        asyncio.get_running_loop().call_later(1.0, waiters.tasks["a"].cancel)
        await asyncio.sleep(2.0)
        assert (waiters.went, waiters.left, slots.in_use, slots.waiting) == ([], [], 1, 0)

    leap(main())


def test_a_limit_that_grows_lets_those_go_who_wait() -> None:
    async def main() -> None:
        slots = taken(20, Aimd(1, 200))
        waiters = Waiters(slots)
        for name in "abc":
            await waiters.come(name)
        slots.answered(100.0, 99.9)
        slots.answered(100.0, 99.9)
        await waiters.settle()
        assert (waiters.went, slots.in_use, slots.limit) == (["a", "b"], 22, 22)

    leap(main())


def test_a_limit_that_falls_stops_no_call_and_holds_those_who_wait() -> None:
    async def main() -> None:
        slots = taken(20, Aimd(1, 200))
        waiters = Waiters(slots)
        await waiters.come("a")
        slots.overloaded(100.0, 99.9)
        assert (slots.in_use, slots.limit) == (20, 14)
        for _ in range(6):
            slots.free(0.1)
        await waiters.settle()
        assert (waiters.went, slots.in_use) == ([], 14)
        slots.free(0.1)
        await waiters.settle()
        assert (waiters.went, slots.in_use) == (["a"], 14)

    leap(main())


def test_a_fixed_limit_learns_nothing() -> None:
    slots = taken(5)
    slots.overloaded(100.0, 99.9)
    slots.answered(101.0, 100.9)
    assert slots.limit == 5
    assert not slots.slow(1e9)


@pytest.mark.parametrize(
    ("limit", "held", "ahead", "high", "wait"),
    [
        (1, [], 0, True, 1.0),  # unknown: a second
        (1, [0.5], 0, True, 0.5),
        (4, [0.5], 0, True, 0.125),
        (4, [0.5], 3, True, 0.5),
        (4, [0.5], 3, False, 0.875),  # those of low priority are before it as well
        (1, [1.0, 2.0], 0, True, 1.1),
    ],
)
def test_the_wait_that_is_foretold(limit: int, held: list[float], ahead: int, high: bool, wait: float) -> None:
    async def main() -> None:
        slots = taken(limit)
        for seconds in held:
            slots.in_use += 1
            slots.free(seconds)
        waiters = Waiters(slots)
        for number in range(ahead):
            await waiters.come(f"high {number}")
            await waiters.come(f"low {number}", high=False)
        assert slots.expected_wait(high=high) == pytest.approx(wait)
        for task in waiters.tasks.values():
            task.cancel()

    leap(main())


def test_what_is_shown_of_a_fixed_limit() -> None:
    slots = taken(5)
    slots.free(0.25)
    assert slots.snapshot(100.0) == {"limit": 5, "in_use": 4, "waiting": {"high": 0, "low": 0}, "held_ms": 250.0}


def test_what_is_shown_of_one_that_adapts() -> None:
    slots = taken(20, Aimd(1, 200))
    slots.answered(100.0, 99.9)
    assert slots.snapshot(100.0)["adaptive"] == {"min": 1, "max": 200, "usual_ms": 100.0, "recent_ms": 100.0}


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.booleans(), st.integers(1, 5)),
        st.tuples(st.just("cancel"), st.integers(0, 50), st.booleans()),
        st.tuples(st.just("free"), st.booleans(), st.booleans()),
        st.tuples(st.just("wait"), st.integers(1, 3), st.booleans()),
        st.tuples(st.just("turn"), st.booleans(), st.booleans()),
    ),
    max_size=60,
)


@given(st.integers(1, 3), EVENTS)
def test_never_more_than_the_limit_and_every_slot_comes_back(limit: int, events: list[tuple[str, Any, Any]]) -> None:
    """Calls come, are cancelled, end, and wait in vain, in any order and in the same turns of the loop."""

    async def main() -> None:
        slots, waiters = Slots(limit), Waiters(Slots(1))
        waiters.slots = slots
        running = 0

        async def call(name: str, high: bool, seconds: float) -> None:
            if slots.in_use < slots.limit:
                slots.in_use += 1
                waiters.went.append(name)
            else:
                await waiters._wait(name, high, seconds)

        for number, (event, first, second) in enumerate(events):
            running = len(waiters.went)
            if event == "come":
                waiters.tasks[str(number)] = asyncio.create_task(call(str(number), first, second))
            elif event == "cancel" and waiters.tasks:
                list(waiters.tasks.values())[first % len(waiters.tasks)].cancel()
            elif event == "free" and running:
                waiters.went.pop()
                slots.free(0.1)
            elif event == "wait":
                await asyncio.sleep(first)
            else:
                await asyncio.sleep(0)
            assert 0 <= slots.in_use <= limit
        await asyncio.sleep(10)
        assert len(waiters.went) == slots.in_use  # whoever was cancelled with a slot has given it back
        assert slots.waiting == 0
        for _ in range(len(waiters.went)):
            slots.free(0.1)
        assert slots.in_use == 0

    leap(main())


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.sets(st.integers(0, 29)))
def test_the_order_is_high_before_low_and_first_come_first_served(high: list[bool], cancelled: set[int]) -> None:
    async def main() -> None:
        slots = taken(1)
        waiters = Waiters(slots)
        for number, first in enumerate(high):
            await waiters.come(str(number), high=first)
        for number in cancelled & set(range(len(high))):
            waiters.tasks[str(number)].cancel()
        for _ in high:
            slots.free(0.1)
            await waiters.settle()
            slots.in_use = 1
        stayed = [number for number in range(len(high)) if number not in cancelled]
        expected = [str(n) for n in stayed if high[n]] + [str(n) for n in stayed if not high[n]]
        assert waiters.went == expected

    leap(main())
