"""The gate before a provider: who may go now, who waits for how long, and who is refused at once.

Three things hold a call back: the quota that was configured (``bucket.py``), what was learned (``rules/learned.py``),
and the provider's last "not before". A call goes when all three allow it.

Waiting calls stand in two lines, urgent ones before all others, first come first served within each. A call that would
have to wait too long is refused when it comes, not when its time is up; or as soon as it turns out, where it turns out
later. One timer serves both lines.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Any

from sidecar.core.errors import RateLimited
from sidecar.core.units import Rate, show_duration
from sidecar.policies.bucket import Bucket
from sidecar.rules.hints import Fields, retry_hint
from sidecar.rules.learned import Learned

_TICKS = 1000
"""A second: no timer of uvloop is finer, and it rounds. Rounded up by us, one firing serves one turn."""

_LENIENCE = 0.05
"""Seconds that a turn may come after ``max_wait``: timers are late, and who has waited so long shall not be refused."""


class _Waiter:
    """One call in the line. ``until``: when it gives up (monotonic). ``refused``: its wait in seconds, if too long."""

    __slots__ = ("admitted", "line", "refused", "turn", "until")

    def __init__(self, line: "deque[_Waiter]", until: float, turn: "asyncio.Future[None]") -> None:
        self.line = line
        self.until = until
        self.turn = turn
        self.admitted = False
        self.refused: float | None = None


class Gate:
    """Shared by all routes of a provider with the same quota. Times are monotonic seconds.

    ``held_until``: what the provider said; never made earlier. ``learned``: None when ``learn`` is off.
    """

    __slots__ = ("_bucket", "_clock", "_high", "_low", "_quota", "_timer", "held_until", "learned")

    def __init__(self, clock: Callable[[], float], quota: Rate | None, burst: int, *, learn: bool) -> None:
        self._clock = clock
        self._quota = quota
        self._bucket = None if quota is None else Bucket(quota, burst)
        self._high: deque[_Waiter] = deque()
        self._low: deque[_Waiter] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.held_until = 0.0
        self.learned = Learned() if learn else None

    # ---- who may go ----

    def admit(self, now: float, *, low: bool) -> bool:
        """Let one call go at once, if it may and nobody is before it."""
        if self._high or (low and self._low) or now < self.held_until:
            return False
        bucket, learned = self._bucket, self.learned
        if bucket is not None and bucket.wait(now) > 0.0:
            return False
        if learned is not None:
            if learned.wait(now) > 0.0:
                return False
            learned.sent(now)
        if bucket is not None:
            bucket.take()
        return True

    def expected(self, now: float, *, low: bool) -> float:
        """Seconds that a call which comes now would wait for its turn."""
        return self._wait(now, len(self._high) + (len(self._low) if low else 0) + 1)

    def refusal(self, now: float, until: float, most: int, *, low: bool) -> RateLimited | None:
        """Why a call that comes now is not even let into the line; None when it may wait.

        ``until``: when it gives up. ``most``: calls that may wait at once.
        """
        wait = self.expected(now, low=low)
        if now + wait > until:
            return self._too_long(now, wait)
        if len(self._high) + len(self._low) >= most:
            return _refused(f"{most} calls wait already (rate.max_waiting)", wait)
        return None

    def guesses(self, now: float) -> bool:
        """Only that nothing is known of the provider yet holds a call back: who cannot wait for that may go."""
        if self.learned is None or not self.learned.quota.unknown:
            return False
        return self._bucket is None or self._bucket.wait(now) == 0.0

    def take(self, now: float) -> None:
        """Let one call go whatever may be; later ones wait the longer."""
        if self._bucket is not None:
            self._bucket.take()
        if self.learned is not None:
            self.learned.sent(now)

    def pass_by(self, now: float) -> None:
        """A call goes that would have been refused: it takes nobody's turn, but the provider counts it."""
        if self.learned is not None:
            self.learned.sent(now)

    def _wait(self, now: float, calls: int = 1) -> float:
        """Seconds until so many calls may have gone."""
        held = self.held_until - now
        wait = held if held > 0.0 else 0.0
        if self._bucket is not None:
            wait = self._bucket.wait_after(now, wait, calls)
        if self.learned is not None:
            wait = max(wait, self.learned.wait(now, calls))
        return wait

    def _too_long(self, now: float, wait: float) -> RateLimited:
        why = "the provider asked us to wait" if now < self.held_until else "the wait for a turn would be too long"
        return _refused(why, wait)

    # ---- the lines ----

    async def turn(self, now: float, until: float, *, low: bool) -> float:
        """Wait for a turn, and take it. Gives the seconds waited. ``until``: when the call gives up.

        Raises:
            RateLimited: it has turned out that the turn will not come in time.
        """
        loop = asyncio.get_running_loop()
        waiter = _Waiter(self._low if low else self._high, until, loop.create_future())
        waiter.line.append(waiter)
        if self._bucket is not None:
            self._bucket.waiting = True
        if self._timer is None:
            self._release()
        elif self._low and not low:
            self._refuse_late(now)
        try:
            await waiter.turn
        except BaseException:
            self._leave(waiter)
            raise
        if waiter.refused is not None:
            raise self._too_long(self._clock(), waiter.refused)
        return self._clock() - now

    def _leave(self, waiter: _Waiter) -> None:
        """The call was canceled: nothing of it may stay, and the turn it just got goes to the next."""
        if waiter.admitted:
            if self._bucket is not None:
                self._bucket.give_back()
            if self.learned is not None:
                self.learned.unsent()
        elif waiter in waiter.line:
            waiter.line.remove(waiter)
        self._release()

    def _release(self) -> None:
        """Let go whoever may, refuse whoever cannot go in time any more, and set the timer for the next."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock()
        wait = 0.0
        while line := self._high or self._low:
            if line[0].turn.done():  # canceled, and its task not told yet
                line.popleft()
                continue
            wait = self._wait(now)
            if wait > 0.0:
                break
            waiter = line.popleft()
            self.take(now)
            waiter.admitted = True
            waiter.turn.set_result(None)
        if self.learned is not None:
            self._refuse_late(now)
        if self._high or self._low:
            delay = max(1, math.ceil(wait * _TICKS)) / _TICKS
            self._timer = asyncio.get_running_loop().call_later(delay, self._release)
        elif self._bucket is not None:
            self._bucket.waiting = False

    def _refuse_late(self, now: float) -> None:
        """Something has changed: who cannot go in time any more need not wait for it."""
        waiting = [*self._high, *self._low]
        if not waiting or now + self._wait(now, len(waiting)) <= min(waiter.until for waiter in waiting) + _LENIENCE:
            return
        ahead = 0
        for line in (self._high, self._low):
            staying = []
            for waiter in line:
                wait = self._wait(now, ahead + 1)
                if now + wait <= waiter.until + _LENIENCE:
                    staying.append(waiter)
                    ahead += 1
                elif not waiter.turn.done():
                    waiter.refused = wait
                    waiter.turn.set_result(None)
            line.clear()
            line.extend(staying)

    # ---- what answers tell ----

    def answered(self, headers: Fields, sent_at: float, wall: float, *, throttled: bool) -> None:
        """The head of an answer to a call that went out at ``sent_at``. ``wall``: Unix seconds now.

        A refusal holds the gate shut until the time that it tells; nothing that comes later makes that earlier.
        """
        now = self._clock()
        if self.learned is not None:
            self.learned.answered(headers, sent_at, now, wall)
        if throttled:
            hint = retry_hint(headers, wall)
            if hint is not None and now + hint > self.held_until:
                self.held_until = now + hint
            if self.learned is not None:
                self.learned.refused(sent_at, now, hint)
        if self._high or self._low:
            self._refuse_late(now)
            self._release()

    def unanswered(self, *, sent: bool) -> None:
        """A call ended without an answer. ``sent``: the provider may have counted it."""
        if self.learned is None:
            return
        if sent:
            self.learned.unanswered(self._clock())
        else:
            self.learned.unsent()
        if self._high or self._low:
            self._release()

    # ---- what people see ----

    def remaining(self) -> float | None:
        """Calls that may go at once; None when there is no telling."""
        now = self._clock()
        found = [] if self._bucket is None else [self._bucket.capacity(now)]
        if self.learned is not None and (left := self.learned.quota.remaining(now)) is not None:
            found.append(left)
        if now < self.held_until:
            return 0
        return min(found, default=None)

    def limit(self) -> float | None:
        """Calls per second at most, as configured or learned; None when neither is known."""
        found = [] if self._quota is None else [self._quota.events / self._quota.seconds]
        if self.learned is not None:
            quota = self.learned.quota
            found += [quota.limit / quota.window] if quota.limit else []
            found += [pace] if (pace := self.learned.pace(self._clock())) is not None else []
        return min(found, default=None)

    def held(self) -> float:
        """Seconds for which the provider still wants no call."""
        return max(0.0, self.held_until - self._clock())

    def snapshot(self, now: float) -> dict[str, Any]:
        """For the admin API. ``learned``: what the provider published, None when ``learn`` is off."""
        learned = None
        if self.learned is not None:
            quota = self.learned.quota
            learned = {
                "limit": quota.limit,
                "window": quota.window or None,
                "remaining": quota.remaining(now),
                "resets_in": quota.resets_in(now),
                "in_flight": quota.in_flight,
                "pace": self.learned.pace(now),
            }
        return {
            "limit": None if self._quota is None else str(self._quota),
            "remaining": self.remaining(),
            "held_for": self.held(),
            "waiting": {"high": len(self._high), "low": len(self._low)},
            "learned": learned,
        }


def _refused(why: str, wait: float) -> RateLimited:
    return RateLimited(f"{why}; the next turn is in {show_duration(round(wait, 3))}", retry_after=wait)
