"""How many calls at once a provider takes, found out by calling it: additive increase, multiplicative decrease.

Chiu and Jain, "Analysis of the increase and decrease algorithms for congestion avoidance" (1989): with this pair all
who share a provider come to a fair part of it. Only the provider's own word takes slots away: timeouts, throttling,
503. That answers take longer stops the increase and no more, so that a provider that is slow but well, or that is asked
for quick and slow things in turn, loses nothing. Envoy's gradient controller measures by letting hardly any call
through from time to time, Netflix's Gradient2 (github.com/Netflix/concurrency-limits) takes slowness for overload: both
refuse good calls.
"""

START = 20
"""The limit before anything is known, as in Gradient2: a first burst of that size waits for nothing."""

_DECREASE = 0.7
"""What a sign of overload leaves of the limit (CUBIC: RFC 9438 4.6)."""

_USED = 0.9
"""The part of the slots that must be taken for the limit to grow: a limit that nobody comes near proves nothing (RFC
9002 7.8 says so of congestion windows)."""

_GROWN = 2.0
"""Answers that take so many times as long as usual stop the increase. A provider whose calls are of several kinds
reaches 1.5 by chance."""

_USUAL_OVER, _RECENT_OVER = 600, 16
"""Answers that the usual and the recent latency are averaged over; the first is Gradient2's."""

_NEAR, _CAREFUL = 0.9, 0.1
"""From this part of the limit that was too much, the limit grows at this part of its pace: each time that one is
reached, some calls fail. CUBIC has its plateau there (RFC 9438 4.1)."""


class Aimd:
    """One limit, between ``lowest`` and ``highest``.

    ``slots``: the limit. ``usual``, ``recent``: latency in seconds, 0.0 while unknown. At first the limit grows by one
    per answer, doubling with each round trip, until a first sign; after that by one per round trip. It stays where it
    is while nothing is called.
    """

    __slots__ = (
        "_answered", "_count", "_fast_below", "_fell", "_limit", "_too_much", "highest", "lowest", "recent", "slots",
        "usual",
    )  # fmt: skip

    def __init__(self, lowest: int, highest: int) -> None:
        self.lowest = lowest
        self.highest = highest
        self.slots = min(max(START, lowest), highest)
        self._limit = float(self.slots)
        self._fast_below = float("inf")
        self._too_much = 0.0
        self._fell = float("-inf")
        self._answered = True
        self._count = 0
        self.usual = 0.0
        self.recent = 0.0

    def answered(self, now: float, started: float, in_use: int) -> None:
        """A call that began at ``started`` was answered well. ``in_use``: slots taken, its own included."""
        self._measure(now - started)
        if started < self._fell:
            return  # it saw the load of before
        self._answered = True
        limit = self._limit
        if limit >= self.highest or in_use < self.slots * _USED:
            return
        if self.slow(self.recent):
            self._fast_below = min(self._fast_below, limit)  # HyStart leaves slow start in the same way: RFC 9406 4.2
        elif limit < self._fast_below:
            self._set(limit + 1.0)
        elif _NEAR * self._too_much <= limit <= self._too_much + 1.0:
            self._set(limit + _CAREFUL / limit)
        else:
            self._set(limit + 1.0 / limit)

    def overloaded(self, now: float, started: float) -> None:
        """A call that began at ``started`` ended with a sign of overload.

        One decrease per round trip: a call that began before the last one saw the load of before. While no call at all
        is answered it is an outage, and no matter of the limit: the limit falls, and afterwards grows by one per
        answer up to 0.7 of what it was (as TCP after a timeout: ssthresh in RFC 5681 3.1).
        """
        if started < self._fell:
            return
        if self._answered:
            self._answered = False
            self._too_much = self._limit
            self._fast_below = self._limit * _DECREASE
        self._fell = now
        self._set(self._limit * _DECREASE)

    def slow(self, seconds: float) -> bool:
        """Whether that is clearly longer than answers usually take."""
        return seconds > self.usual * _GROWN

    def _set(self, limit: float) -> None:
        self._limit = min(max(limit, self.lowest), self.highest)
        self.slots = int(self._limit)

    def _measure(self, seconds: float) -> None:
        if self._count < START:
            self._count += 1
            self.recent += (seconds - self.recent) / min(self._count, _RECENT_OVER)
            self.usual += (seconds - self.usual) / self._count
            return
        self.recent += (seconds - self.recent) / _RECENT_OVER
        self.usual += (seconds - self.usual) / _USUAL_OVER
        if self.usual > self.recent * _GROWN:
            self.usual *= 0.9  # after a long slow time the usual comes down faster than it went up, as in Gradient2
