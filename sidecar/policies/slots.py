"""The slots of ``concurrency`` and the line of those who wait for one.

A slot that comes free goes to whoever waits longest, those of high priority first; a call that has just come never
overtakes one that waits.
"""

import asyncio
from collections import deque
from typing import Any

from sidecar.rules.aimd import Aimd

Line = deque["asyncio.Future[bool]"]
"""Who waits, the longest first. True hands a slot over (it counts as taken from then on), False ends the wait."""

_UNKNOWN = 1.0
"""Seconds that a slot is taken to be held while no call has ended yet."""

_OVER = 10
"""Calls that the time a slot is held is averaged over: a wait is foretold by what happens now."""


class Slots:
    """So many calls at once.

    ``limit``: slots there are; ``in_use``: slots taken; ``held``: seconds that a call keeps one, 0.0 while unknown.
    ``limit`` may fall below ``in_use``: no call in flight is stopped, and none goes out until enough have ended. A call
    takes a free slot by ``in_use += 1``; whenever one is free, nobody waits.
    """

    __slots__ = ("_adaptive", "_high", "_low", "held", "in_use", "limit")

    def __init__(self, limit: int, adaptive: Aimd | None = None) -> None:
        self.limit = limit
        self.in_use = 0
        self.held = 0.0
        self._adaptive = adaptive
        self._high: Line = deque()
        self._low: Line = deque()

    @property
    def waiting(self) -> int:
        """Calls that wait for a slot."""
        return len(self._high) + len(self._low)

    async def wait(self, seconds: float, *, high: bool) -> bool:
        """Wait for a slot; True: it is taken, False: none came within ``seconds``."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[bool] = loop.create_future()
        line = self._high if high else self._low
        line.append(waiter)
        timer = loop.call_later(seconds, self._give_up, line, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.cancelled():
                _leave(line, waiter)
            elif waiter.result():
                self.in_use -= 1  # it was handed over in the turn of the loop that cancelled the call
                self._hand_out()
            raise
        finally:
            timer.cancel()

    def free(self, held: float) -> None:
        """A call that took a slot has ended after ``held`` seconds."""
        before = self.held
        self.held = before + (held - before) / _OVER if before else held
        self.in_use -= 1
        if self._high or self._low:
            self._hand_out()

    def expected_wait(self, *, high: bool) -> float:
        """Seconds until a call that joined the line now would have its slot, if calls take as long as they did."""
        ahead = len(self._high) if high else self.waiting
        return (ahead + 1) * (self.held or _UNKNOWN) / self.limit

    # ---- the limit that adapts ----

    def answered(self, now: float, started: float) -> None:
        """A call that began at ``started`` was answered well."""
        rule = self._adaptive
        if rule is not None:
            rule.answered(now, started, self.in_use)
            if rule.slots != self.limit:
                self.limit = rule.slots
                self._hand_out()

    def overloaded(self, now: float, started: float) -> None:
        """A call that began at ``started`` ended with a sign that the provider has too much to do."""
        rule = self._adaptive
        if rule is not None:
            rule.overloaded(now, started)
            self.limit = rule.slots

    def slow(self, seconds: float) -> bool:
        """Whether that is clearly longer than answers usually take."""
        return self._adaptive is not None and self._adaptive.slow(seconds)

    # ---- the line ----

    def _hand_out(self) -> None:
        while self.in_use < self.limit:
            line = self._high or self._low
            if not line:
                return
            waiter = line.popleft()
            if not waiter.done():  # else it was cancelled in this turn of the loop
                self.in_use += 1
                waiter.set_result(True)

    def _give_up(self, line: Line, waiter: "asyncio.Future[bool]") -> None:
        if not waiter.done():
            _leave(line, waiter)
            waiter.set_result(False)

    # ---- what people see ----

    def snapshot(self, now: float) -> dict[str, Any]:
        """The state for the admin API; see ``policies/switches.py``."""
        del now
        shown: dict[str, Any] = {
            "limit": self.limit,
            "in_use": self.in_use,
            "waiting": {"high": len(self._high), "low": len(self._low)},
            "held_ms": _milliseconds(self.held),
        }
        rule = self._adaptive
        if rule is not None:
            shown["adaptive"] = {
                "min": rule.lowest,
                "max": rule.highest,
                "usual_ms": _milliseconds(rule.usual),
                "recent_ms": _milliseconds(rule.recent),
            }
        return shown


def _leave(line: Line, waiter: "asyncio.Future[bool]") -> None:
    try:
        line.remove(waiter)
    except ValueError:
        return  # passed over already, as it was cancelled


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1e3, 3)
