"""A mirror of the provider's own count: how many calls it still takes in the present window, and how to spread them.

**What is left** is what the newest answer said, less the calls still under way: those it cannot have counted. Which of
two answers is newer is known only if one call was sent after the other's answer had come; of two that were under way
together the lower figure holds.

**When it starts again** lies between two times: the provider said it some time between our sending and its answer's
coming, and rounded it by up to a second, up or down. Every answer narrows that span. Nothing goes out on the strength
of a new window before its end.

**The first half goes at once**, so that an app which calls in bursts is not slowed while most of an hour's quota is
there. The second half is spread evenly over the time to the reset, so that there always is a call left; what is not
used of it adds up.

**A new window** is believed in when an answer of it has come. Until then the calls go that were left before, and beyond
them the limit is spread evenly over a whole window: what a sliding window allows, too.
"""

from sidecar.rules.hints import Quota

_NEVER = float("inf")

FIRST_CALLS = 10
FIRST_WAIT = 1.0
"""Before anything is known of a provider, so many calls go at once and the others wait for the first answer, up to so
many seconds: enough for what an app does as it starts, and few beside any limit worth learning."""

SHORTEST_WINDOW = 0.1
"""Seconds: no provider counts over less, and one that says "0 s" must not make us count in no time at all."""


class Mirror:
    """Told of each call and of each answer; says how long the next calls have to wait.

    Times are monotonic seconds. ``limit``: calls in a window, as told, or the most that was ever left. ``window``:
    its seconds, as told, or the longest time to a reset so far. ``in_flight``: calls without an answer. ``unknown``:
    no answer has come yet.
    """

    __slots__ = (
        "_assumed", "_at_once", "_earliest", "_first", "_known_at", "_left", "_over", "_resets", "_spread_from",
        "_spread_left", "_told", "in_flight", "limit", "unknown", "window",
    )  # fmt: skip

    def __init__(self) -> None:
        self.limit: int | None = None
        self.window = 0.0
        self.in_flight = 0
        self.unknown = True
        self._first = _NEVER
        # The provider's figure, if it has told one, and since when we have it.
        self._told = False
        self._left = 0
        self._known_at = -_NEVER
        # The window ends between these two; the one before was over at _over.
        self._earliest = -_NEVER
        self._resets = _NEVER
        self._over = -_NEVER
        self._assumed = False
        # Calls go at once while more than _at_once are left. From _spread_from on, with _spread_left, they go evenly.
        self._at_once = 0
        self._spread_from = 0.0
        self._spread_left = 0

    # ---- what may go ----

    def wait(self, now: float, calls: int = 1) -> float:
        """Seconds until so many calls may have gone; 0.0: now."""
        if not self._told:
            if not self.unknown or self.in_flight + calls <= FIRST_CALLS:
                return 0.0
            return max(0.0, min(self._first, now) + FIRST_WAIT - now)
        if now >= self._resets:
            self._roll_over(now)
        left = self._left - self.in_flight - calls + 1
        if left > self._at_once:
            return 0.0
        if left <= 0:
            return self._resets - now + self.window * (-left // (self.limit or 1))
        if not self._spread_left:  # the calls before it still go at once
            return max(0.0, (self._resets - now) * (1 - left / max(1, self._at_once)))
        return max(0.0, self._resets - now - (self._resets - self._spread_from) * left / self._spread_left)

    def remaining(self, now: float) -> int | None:
        """Calls that are left in the present window; None when the provider says nothing."""
        if not self._told:
            return None
        if now >= self._resets:
            self._roll_over(now)
        return max(0, self._left - self.in_flight)

    def resets_in(self, now: float) -> float | None:
        """Seconds until the provider has started again for certain; None when it says nothing."""
        return None if not self._told else max(0.0, self._resets - now)

    # ---- what happens ----

    def sent(self, now: float) -> None:
        """A call goes out."""
        self.in_flight += 1
        if self._told:
            self._spread(now)
        elif self._first == _NEVER:
            self._first = now

    def unsent(self) -> None:
        """A call that was to go out did not."""
        self.in_flight -= 1

    def unanswered(self, now: float) -> None:
        """A call ended without an answer, or with one that says nothing; the provider may have counted it."""
        self.in_flight -= 1
        if self._told:
            self._left -= 1
            self._spread(now)

    def answered(self, sent_at: float, now: float, quota: Quota | None) -> None:
        """The answer to a call that went out at ``sent_at``. A quota of no calls at all is no quota."""
        self.unknown = False
        if quota is None or quota.reset is None or quota.limit == 0:
            self.unanswered(now)
            return
        self.in_flight -= 1
        earliest, latest = sent_at + quota.reset - quota.step, now + quota.reset + quota.step
        if self._told and now >= self._resets:
            self._roll_over(now)
        newer = sent_at >= self._known_at
        if self._is_new(quota, earliest, latest, newer=newer):
            self._replace(quota, earliest, latest, now)
        elif self._assumed:
            self._left -= 1
        elif latest >= self._earliest:
            self._refine(quota, earliest, latest, now, newer=newer)
        self._spread(now)

    def _is_new(self, quota: Quota, earliest: float, latest: float, *, newer: bool) -> bool:
        """Whether an answer tells of another window than we know; one of an older window is no news at all."""
        if not self._told:
            return True
        if self._assumed:
            return newer or (earliest > self._over and quota.remaining > self._at_once)
        if newer:
            return quota.remaining >= max(1, self._left) or latest < self._earliest or earliest > self._resets
        return earliest > self._resets

    def _replace(self, quota: Quota, earliest: float, latest: float, now: float) -> None:
        """Another window than we knew of."""
        self._learn(quota)
        self._told = True
        self._left = quota.remaining
        self._known_at = now
        self._earliest, self._resets = earliest, latest
        self._assumed = False
        self._at_once = (self.limit or 0) // 2
        self._spread_left = 0

    def _refine(self, quota: Quota, earliest: float, latest: float, now: float, *, newer: bool) -> None:
        """The window that we know: by now its end and what is left are known better."""
        self._learn(quota)
        if newer or quota.remaining < self._left:
            self._left = quota.remaining
            self._known_at = now
        self._earliest = max(self._earliest, earliest)
        self._resets = min(self._resets, latest)

    def _learn(self, quota: Quota) -> None:
        assert quota.reset is not None
        self.limit = quota.limit if quota.limit is not None else max(self.limit or 0, quota.remaining + 1)
        self.window = quota.window or max(self.window, quota.reset + quota.step, SHORTEST_WINDOW)

    def _roll_over(self, now: float) -> None:
        """The window is over; assume the next. One that has ended for longer than a window left nothing behind."""
        limit = self.limit or 1
        before = max(0 if self.in_flight else 1, self._left - self.in_flight)
        self._over = self._resets
        fresh = now >= self._over + self.window
        self._left = limit
        self._known_at = now
        self._earliest, self._resets = -_NEVER, now + self.window
        self._assumed = True
        self._at_once = limit // 2 if fresh else max(0, limit - self.in_flight - before)
        self._spread_from = now + min(FIRST_WAIT, self.window / 10)
        self._spread_left = max(1, self._at_once)

    def _spread(self, now: float) -> None:
        """Begin to spread evenly when few enough are left, and anew when others have used what we counted on."""
        if self._assumed:
            return
        left = self._left - self.in_flight
        if left > self._at_once:
            self._spread_left = 0
        elif left > self._spread_left or not self._spread_left:
            self._spread_from, self._spread_left = now, max(1, left)
        elif (left + 2) * (self._resets - self._spread_from) < self._spread_left * (self._resets - now):
            self._spread_from, self._spread_left = now, max(1, left + 1)
