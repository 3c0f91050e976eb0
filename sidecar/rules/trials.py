"""The calls that find out whether a provider has recovered: so many permits, each of which comes back or is spent.

A permit that never came back would keep a breaker half-open for ever (resilience4j #935). So none is held for longer
than a lease, and an answer that streams for long is taken for good after a while.
"""

from typing import NamedTuple


class Flowing(NamedTuple):
    """A trial whose head was good, and whose body still comes. ``until``: from then on it has succeeded."""

    until: float
    slow: bool


class Trials:
    """The trials of one half-open period; a trial goes by its mark.

    ``limit``: those that must succeed, and that may be under way. ``lease``: seconds until the permit of a trial that
    says nothing may be given to another; its result still counts. ``flow``: seconds that a body must come for.
    ``slow_rate``: the part of the trials that is too much when they succeed slowly.
    """

    __slots__ = ("_flow", "_flowing", "_lease", "_left", "_limit", "_slow", "_slow_rate", "_under_way")

    def __init__(self, limit: int, lease: float, flow: float, slow_rate: float) -> None:
        self._limit = self._left = limit
        self._lease = lease
        self._flow = flow
        self._slow_rate = slow_rate
        self._slow = 0
        self._under_way: dict[int, float] = {}
        self._flowing: dict[int, Flowing] = {}

    def free(self, now: float) -> bool:
        """Whether another trial may begin. The permit of one that succeeded is spent: ``limit`` are enough in all."""
        return sum(until > now for until in self._under_way.values()) < self._left

    def take(self, mark: int, now: float) -> bool:
        """Begin a trial; False when no permit is free."""
        if not self.free(now):
            return False
        self._under_way[mark] = now + self._lease
        return True

    def end(self, mark: int) -> bool:
        """A trial is over and gives its permit back; False when there is no such trial under way."""
        self._flowing.pop(mark, None)
        return self._under_way.pop(mark, None) is not None

    def succeed(self, *, slow: bool) -> bool:
        """Spend the permit that came back; False when so many were slow that the rest cannot make up for it."""
        self._left -= 1
        self._slow += slow
        return self._slow / self._limit < self._slow_rate

    def headed(self, mark: int, now: float, *, slow: bool) -> None:
        """The head of a trial's answer was good, its body follows."""
        if mark in self._under_way:
            until = self._under_way[mark] = now + self._flow
            self._flowing[mark] = Flowing(until, slow)

    def flowed(self, now: float) -> list[tuple[int, bool]]:
        """The trials whose body has come for long enough: mark, and whether the head was slow."""
        return [(mark, one.slow) for mark, one in self._flowing.items() if one.until <= now]
