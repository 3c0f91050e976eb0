"""How long a breaker stays open: longer after every failed trial, and never the same for all sidecars."""

from collections.abc import Callable

JITTER = 0.25
"""Up to this part more, drawn at random: sidecars that opened together must not probe together.

On top, as Envoy's max_ejection_time_jitter: what was set is the shortest time, and jitter stays jitter at the longest.
"""
HINT_JITTER = 1.0
"""Seconds more than the provider said, at most; Retry-After is no more exact either, as it is in whole seconds."""


class OpenTime:
    """Seconds; ``first`` holds even where ``longest`` is less. ``uniform(low, high)`` draws a number."""

    __slots__ = ("_first", "_longest", "_next", "_uniform")

    def __init__(self, first: float, longest: float, uniform: Callable[[float, float], float]) -> None:
        self._first = self._next = first
        self._longest = max(first, longest)
        self._uniform = uniform

    def draw(self) -> float:
        """The time to stay open from now; the next one is twice as long."""
        seconds = self._next
        self._next = min(2 * seconds, self._longest)
        return seconds + self._uniform(0.0, JITTER * seconds)

    def after(self, hint: float) -> float:
        """The time to stay open when the provider said for how long: never less, and no reason to grow."""
        return hint + self._uniform(0.0, min(JITTER * hint, HINT_JITTER))

    def reset(self) -> None:
        """The provider has recovered."""
        self._next = self._first
