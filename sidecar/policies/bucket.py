"""aiolimiter's leaky bucket, filled so that no window of a quota ever holds more calls than the quota.

The waiting is ours (``rate_gate.py``). The library knows no longest wait, no bound and no second class of waiters; it
lets light waiters overtake heavy ones, and keeps the cancelled ones until their turn comes.

**The algebra.** A bucket that holds ``b`` calls and lets ``r`` out per second admits up to ``b + r * t`` in a time t.
``AsyncLimiter(N, T)`` (b = N, r = N / T) admits 2 N in its first window. For a quota of N in T we want the call number
N + 1 to come a margin m after the window, whatever came before::

    b + r * (T + m) = N + 1        so        r = (N - b + 1) / (T + m)

With m = T / (N - b), one call's time, this is r = (N - b) / T, that is ``AsyncLimiter(b, b * T / (N - b))``. The margin
is for what lies between here and the provider's count. It need not grow with T: at 10/m one call's time would be 7 s,
and a tenth of the quota lost. So it is at most 1 % of T or 100 ms, and at least 5 ms; that also makes sense of N = 1,
whose margin would be infinite. Half of it is the network's, the other half our own timers' (``waiting``).
"""

from aiolimiter import AsyncLimiter

from sidecar.core.units import Rate

_LEAST_MARGIN = 0.005
"""Seconds: a timer of uvloop may be 1 ms late, and a loop that is busy some more."""
_MOST_MARGIN = 0.1
"""Seconds, or 1 % of the period if that is more: by so much the way to a provider may differ from call to call."""

_ROUNDING = 1e-6
"""Calls: a wait that was worked out must be over when its time has passed, in spite of floats."""


class Bucket(AsyncLimiter):
    """One quota. It is told the time (monotonic seconds) and never waits.

    ``rate``: calls per second when all are wanted. ``waiting``: whether somebody waits for a turn; what comes late
    then is made up for by the next, up to half of the margin.
    """

    __slots__ = ("_burst", "_now", "_slack", "rate", "waiting")

    def __init__(self, quota: Rate, burst: int) -> None:
        """``burst``: calls that may go at once; at most half of the quota counts, so that the rest can flow."""
        events, seconds = quota
        if events < 1.0:
            events, seconds = 1.0, seconds / events
        self._burst = float(max(1, min(burst, int(events / 2))))
        margin = _margin(events - self._burst, seconds)
        self.rate = (events - self._burst + 1.0) / (seconds + margin)
        super().__init__(self._burst + _ROUNDING, (self._burst + _ROUNDING) / self.rate)
        self._slack = self.rate * margin / 2
        self._now = 0.0
        self.waiting = False

    def wait(self, now: float, calls: int = 1) -> float:
        """Seconds until so many calls may have gone; 0.0: now. More than a burst is the time until the last may."""
        self._now = now
        if self.has_capacity(calls):
            return 0.0
        return (self._level + calls - self._burst) / self.rate

    def wait_after(self, now: float, pause: float, calls: int) -> float:
        """The same when nothing goes for the first ``pause`` seconds."""
        wait = self.wait(now, calls)
        if not pause:
            return wait
        level = max(0.0, self._level - pause * self.rate)
        return pause + max(0.0, (level + calls - self._burst) / self.rate)

    def take(self) -> None:
        """A call goes. Without capacity it goes ahead of its time, and later ones wait the longer."""
        self._level += 1.0

    def give_back(self) -> None:
        """The call that was taken last does not go after all."""
        self._level -= 1.0

    def capacity(self, now: float) -> int:
        """Calls that may go at once."""
        self._now = now
        self._leak()
        return max(0, int(self._burst + _ROUNDING - self._level))

    def _leak(self) -> None:
        """The library's, by the time we were told: the loop's own stands still within a turn, and ticks in ms."""
        level = self._level - (self._now - self._last_check) * self.rate
        empty = -self._slack if self.waiting else 0.0
        self._level = max(level, empty)
        self._last_check = self._now


def _margin(flow: float, seconds: float) -> float:
    """The margin m, of a quota that lets ``flow`` calls go besides its burst."""
    one_call = seconds / flow if flow > 0.0 else seconds
    return min(max(one_call, _LEAST_MARGIN), max(_MOST_MARGIN, seconds / 100))
