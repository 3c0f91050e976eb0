"""How long to wait before an attempt is made again."""

from collections.abc import Callable

_MOST_DOUBLINGS = 60

HINT_JITTER = 0.025
"""Seconds, drawn at random and added to a provider's hint: calls that were told the same time do not come back in one
instant, and none comes back before it."""


def ceiling(base: float, cap: float, tries: int) -> float:
    """The longest wait after so many tries (at least 1): ``base`` doubled each time, at most ``cap`` seconds."""
    return min(cap, base * 2.0 ** min(max(tries - 1, 0), _MOST_DOUBLINGS))


def full_jitter(longest: float, uniform: Callable[[float, float], float]) -> float:
    """Anything from 0 to ``longest``: retries of many callers spread out evenly, also at the cap.

    Source: "Exponential Backoff And Jitter", Marc Brooker, AWS Architecture Blog, 2015, "Full Jitter". Adding jitter
    and clamping afterwards takes it away where it is needed most: once the cap is reached.
    """
    return uniform(0.0, longest)


def after_hint(hint: float, uniform: Callable[[float, float], float]) -> float:
    """The wait for a provider that said how long (RFC 9110 10.2.3): never shorter, and little longer."""
    return hint + uniform(0.0, HINT_JITTER)
