from collections.abc import Callable
from typing import Any

from sidecar.core.exchange import NEVER
from sidecar.http.timer import LazyTimer


class Handle:
    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.cancelled = at, call, False

    def cancel(self) -> None:
        self.cancelled = True


class Loop:
    """A loop whose clock stands still until ``advance``."""

    def __init__(self) -> None:
        self.now = 100.0
        self.handles: list[Handle] = []
        self.set = 0

    def call_later(self, delay: float, call: Callable[[], None]) -> Handle:
        assert delay >= 0
        self.set += 1
        handle = Handle(self.now + delay, call)
        self.handles.append(handle)
        return handle

    def advance(self, seconds: float, early: float = 0.0) -> None:
        """Run what is due; ``early``: how much too soon the loop calls first."""
        end = self.now + seconds
        while due := [one for one in self.handles if not one.cancelled and one.at <= end]:
            first = min(due, key=lambda one: one.at)
            self.handles.remove(first)
            self.now, early = first.at - early, 0.0
            first.call()
        self.now = end

    @property
    def pending(self) -> int:
        return sum(not one.cancelled for one in self.handles)


def make() -> tuple[Loop, LazyTimer, list[float]]:
    loop, fired = Loop(), list[float]()
    any_loop: Any = loop
    return loop, LazyTimer(any_loop, lambda: loop.now, lambda: fired.append(loop.now)), fired


def test_it_fires_once_at_its_time() -> None:
    loop, timer, fired = make()
    timer.set(105.0, loop.now)
    loop.advance(4.9)
    assert fired == []
    loop.advance(60)
    assert fired == [105.0]
    assert (timer.at, loop.pending) == (NEVER, 0)


def test_moving_it_away_touches_no_loop_timer() -> None:
    loop, timer, fired = make()
    for step in range(10):
        timer.set(105.0 + step, loop.now)
    assert loop.set == 1
    loop.advance(60)
    assert fired == [114.0]
    assert loop.set == 2


def test_moving_it_nearer_replaces_the_loop_timer() -> None:
    loop, timer, fired = make()
    timer.set(200.0, loop.now)
    timer.set(105.0, loop.now)
    assert loop.pending == 1
    loop.advance(200)
    assert fired == [105.0]


def test_disarmed_it_does_not_fire_and_can_be_armed_again() -> None:
    loop, timer, fired = make()
    timer.set(105.0, loop.now)
    timer.at = NEVER
    loop.advance(10)
    assert (fired, loop.pending) == ([], 0)
    timer.set(115.0, loop.now)
    loop.advance(10)
    assert fired == [115.0]


def test_a_loop_that_calls_a_little_early_is_near_enough_and_one_far_too_early_is_not() -> None:
    loop, timer, fired = make()
    timer.set(105.0, loop.now)
    loop.advance(10, early=0.0009)
    assert len(fired) == 1
    timer.set(120.0, loop.now)
    loop.advance(10, early=0.5)
    assert fired[1] == 120.0


def test_a_time_that_has_passed_fires_at_the_next_turn() -> None:
    loop, timer, fired = make()
    timer.set(90.0, loop.now)
    assert fired == []
    loop.advance(0)
    assert fired == [100.0]


def test_closed_it_never_fires() -> None:
    loop, timer, fired = make()
    timer.set(105.0, loop.now)
    timer.close()
    timer.close()
    loop.advance(60)
    assert (fired, loop.pending) == ([], 0)


def test_the_callback_may_arm_it_again() -> None:
    loop = Loop()
    any_loop: Any = loop
    fired: list[float] = []

    def again() -> None:
        fired.append(loop.now)
        if len(fired) < 3:
            timer.set(loop.now + 5, loop.now)

    timer = LazyTimer(any_loop, lambda: loop.now, again)
    timer.set(105.0, loop.now)
    loop.advance(60)
    assert fired == [105.0, 110.0, 115.0]
