"""How many calls there were lately, and how many of them failed or were slow: a rolling window of time buckets.

The counts of a bucket leave the window together. So nothing older than the window is ever counted, and everything
younger than nine tenths of it always is. Ten buckets, as in Hystrix (metrics.rollingStats.numBuckets) and failsafe-go:
adding costs one addition per count, however many calls there are, where a list of calls would grow with the traffic.
"""

BUCKETS = 10


class Window:
    """The last ``seconds``. ``calls``, ``failures``, ``slow``: as of the time that ``add`` or ``roll`` got last."""

    __slots__ = (
        "_at", "_calls", "_end", "_failures", "_number", "_slow", "_width", "calls", "failures", "slow",
    )  # fmt: skip

    def __init__(self, seconds: float) -> None:
        self._width = seconds / BUCKETS
        self._number = 0
        self._end = 0.0
        self.forget()

    def forget(self) -> None:
        """Nothing has been counted."""
        self.calls = self.failures = self.slow = 0
        self._calls = [0] * BUCKETS
        self._failures = [0] * BUCKETS
        self._slow = [0] * BUCKETS
        self._at = 0

    def add(self, now: float, *, failed: bool = False, slow: bool = False) -> None:
        """One call that ended at ``now`` (monotonic seconds, never less than before)."""
        if now >= self._end:
            self.roll(now)
        at = self._at
        self.calls += 1
        self._calls[at] += 1
        if failed:
            self.failures += 1
            self._failures[at] += 1
        if slow:
            self.slow += 1
            self._slow[at] += 1

    def roll(self, now: float) -> None:
        """Leave out what is too old at ``now``."""
        if now < self._end:
            return
        number = int(now / self._width)
        for _ in range(min(number - self._number, BUCKETS)):
            at = self._at = (self._at + 1) % BUCKETS
            self.calls -= self._calls[at]
            self.failures -= self._failures[at]
            self.slow -= self._slow[at]
            self._calls[at] = self._failures[at] = self._slow[at] = 0
        self._number = number
        self._end = (number + 1) * self._width
