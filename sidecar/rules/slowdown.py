"""Half the pace after a refusal of which nobody said how long it holds, and back to the old pace.

A provider that answers 429 without a word about its limits can only be found out: multiplicative decrease, as TCP does
(RFC 5681 3.1), and a doubling every ``RECOVERY`` seconds up to the pace that was refused.
"""

RECOVERY = 10.0
"""Seconds in which the pace doubles again: most limits are per second or per minute, and one that was just hit soon is
hit again by who comes back at once."""

SLOWEST = 1.0
"""Calls per second. Slower would be no pace but a refusal, which is for the provider to say."""


class Slowdown:
    """Told of each send and of each refusal. Times are monotonic seconds; the pace is in calls per second."""

    __slots__ = ("_before", "_count", "_last", "_pace", "_peak", "_second", "_since")

    def __init__(self) -> None:
        self._second = self._last = float("-inf")
        self._count = self._before = 0
        self._pace = self._peak = self._since = 0.0

    def sent(self, now: float) -> None:
        """A call goes out."""
        self._last = now
        past = now - self._second
        if past < 1.0:
            self._count += 1
            return
        self._before = self._count if past < 2.0 else 0
        self._second = now
        self._count = 1

    def refused(self, sent_at: float, now: float) -> None:
        """A call was refused. Only those that were sent at the present pace say something about it."""
        pace = self.pace(now)
        if pace is None:
            self._peak = pace = max(SLOWEST, float(self._count), float(self._before))
        elif sent_at < self._since:
            return
        self._pace = max(SLOWEST, pace / 2)
        self._since = now

    def pace(self, now: float) -> float | None:
        """Calls per second at most; None when there is no need to be slow."""
        if not self._pace:
            return None
        pace = self._pace * 2 ** min(64.0, (now - self._since) / RECOVERY)
        if pace >= self._peak:
            self._pace = 0.0
            return None
        return pace

    def wait(self, now: float, calls: int = 1) -> float:
        """Seconds until so many calls may have gone."""
        pace = self.pace(now) if self._pace else None
        return 0.0 if pace is None else max(0.0, self._last + calls / pace - now)
