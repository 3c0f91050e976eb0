"""Who may call a provider, and what the end of each call means for the next: the guard around pybreaker.

pybreaker keeps the state machine and tells its listeners; statistics and admission are ours, as it knows neither
coroutines, nor rates, nor calls side by side, nor a clock that nobody sets. Nothing here waits, so there is no lock.
"""

import math
from collections.abc import Callable
from typing import Any

from sidecar.core.errors import BreakerOpen
from sidecar.policies.breaker_storage import FAIL_MAX, Storage, pybreaker
from sidecar.rules.health import Verdict
from sidecar.rules.open_time import OpenTime
from sidecar.rules.trials import Trials
from sidecar.rules.trip import Trip

CLOSED, HALF_OPEN, OPEN = "closed", "half_open", "open"

UNADMITTED = 0
"""The mark of a call that was let through against the breaker's will: it counts for nothing."""
_NOBODY = -1

FORCED_WAIT = 30.0
"""Seconds told to callers while a breaker is held open by hand: nobody knows for how long it will be."""
TRIAL_WAIT = 1.0
"""Seconds told to callers while all trials are under way: the first that ends decides, most do within a second."""

_REASONS = {
    "consecutive": "calls failed one after the other",
    "error_rate": "too many calls failed",
    "slow_rate": "too many calls were slow",
    "trial_failed": "a trial failed",
    "trials_slow": "the trials were slow",
    "throttled": "the provider asked to be left alone",
}


class _Bad(Exception):
    """Stands for a failed or slow call where pybreaker wants an exception."""


def _bad() -> None:
    raise _Bad


def _good() -> None:
    """Stands for a call that succeeded."""


class _Changes(pybreaker.CircuitBreakerListener):
    """Passes on pybreaker's changes of state: by the new state's name, as ``cb.current_state`` is still the old one."""

    def __init__(self, changed: Callable[[str], None]) -> None:
        self._changed = changed

    def state_change(
        self,
        cb: pybreaker.CircuitBreaker,
        old_state: pybreaker.CircuitBreakerState | None,
        new_state: pybreaker.CircuitBreakerState,
    ) -> None:
        del cb, old_state
        self._changed(new_state.name.replace("-", "_"))


class Circuit:
    """One breaker. Times are monotonic seconds.

    Every admission gets a mark. All calls of one closed period have the same, each trial has its own, and a change of
    state makes all earlier ones void: a result that comes late changes nothing. ``state``: closed, half_open or open;
    ``forced``: held open or closed by hand, else None. ``open_seconds`` and ``until``: for how long it is open, and
    when the trials may begin; they hold while it is open and not forced.
    """

    __slots__ = (
        "_closed", "_detail", "_hint", "_machine", "_marks", "_new_trials", "_now", "_open_time", "_slow_call",
        "_storage", "_trials", "forced", "open_seconds", "state", "trip", "until",
    )  # fmt: skip

    def __init__(
        self, trip: Trip, open_time: OpenTime, new_trials: Callable[[], Trials], trials: int, slow_call: float
    ) -> None:
        """``trials``: how many must succeed to close, all of them; the first that fails opens again."""
        self.trip = trip
        self.state = CLOSED
        self.forced: str | None = None
        self.until = self.open_seconds = 0.0
        self._open_time = open_time
        self._new_trials = new_trials
        self._slow_call = slow_call or math.inf
        self._detail = ""
        self._marks = 1
        self._closed = 1
        self._trials: Trials | None = None
        self._now = 0.0
        self._hint: float | None = None
        self._storage = Storage(trip)
        self._machine = pybreaker.CircuitBreaker(
            fail_max=FAIL_MAX,
            success_threshold=trials,
            state_storage=self._storage,
            listeners=[_Changes(self._changed)],
            throw_new_error_on_trip=False,
        )

    @property
    def why(self) -> str:
        """What the last change came from: a word for logs."""
        return self._storage.why

    def listen(self, changed: Callable[[str], None]) -> None:
        """Tell this one too of every change: its new state, when it holds here."""
        self._machine.add_listener(_Changes(changed))

    # ---- a call begins ----

    def admit(self, now: float) -> int:
        """The mark of a call that may go, for its ``report``.

        Raises:
            BreakerOpen: it may not; ``retry_after`` says when the next trial may.
        """
        mark = self._closed
        return mark if mark > 0 else self._admit_on_trial(now)

    def _admit_on_trial(self, now: float) -> int:
        if self.state == OPEN:
            if self.forced or now < self.until:
                raise self._refusal(now)
            self._change("open_time_over", self._machine.half_open, now)
        trials = self._trials
        assert trials is not None
        for mark, slow in trials.flowed(now):
            trials.end(mark)
            self._judge(trials, Verdict.SUCCESS, now, slow=slow)
            if self.state != HALF_OPEN:
                return self.admit(now)
        self._marks += 1
        if not trials.take(self._marks, now):
            raise self._refusal(now)
        return self._marks

    def wait(self, now: float) -> float:
        """Seconds until a call may be admitted; 0.0: now."""
        if self.state == CLOSED:
            return 0.0
        if self.forced:
            return FORCED_WAIT
        if self._trials is not None:
            return 0.0 if self._trials.free(now) else TRIAL_WAIT
        return max(0.0, self.until - now)

    def _refusal(self, now: float) -> BreakerOpen:
        wait = self.wait(now)
        if self.forced:
            detail = f"held open by hand: {self._detail}"
        elif self.state == HALF_OPEN:
            detail = "trial calls are under way, to see whether the provider has recovered"
        else:
            detail = f"{_REASONS.get(self.why, self.why)}; the next trial is in {wait:.1f} s"
        return BreakerOpen(detail, retry_after=wait)

    # ---- a call ends ----

    def headed(self, mark: int, seconds: float, now: float) -> None:
        """The head of an answer was good, its body still comes; only trials care. ``seconds``: see ``report``."""
        if self._trials is not None:
            self._trials.headed(mark, now, slow=seconds > self._slow_call)

    def report(self, mark: int, verdict: Verdict, seconds: float, now: float) -> None:
        """A call has ended, or it is known how it will. ``seconds``: how long the provider took to answer."""
        slow = seconds > self._slow_call
        if mark == self._closed:
            if verdict is Verdict.SUCCESS and not slow:
                # Not through pybreaker's call(): in this state it would only reset a counter that is not its own any
                # more. Together with admit() 0.5 us instead of 1.9 us.
                self.trip.count(now)
            elif verdict is not Verdict.IGNORED:
                self.trip.count(now, failed=verdict is Verdict.FAILURE, slow=slow)
                if not self.forced:
                    self._replay(_bad, now)
        elif self._trials is not None and self._trials.end(mark) and verdict is not Verdict.IGNORED:
            self._judge(self._trials, verdict, now, slow=slow)

    def hold(self, mark: int, seconds: float, now: float) -> None:
        """A call has ended with the provider's wish to be left alone for that long: open until then."""
        counts = mark == self._closed or (self._trials is not None and self._trials.end(mark))
        if counts and not self.forced:
            self._hint = seconds
            self._change("throttled", self._machine.open, now)

    def _judge(self, trials: Trials, verdict: Verdict, now: float, *, slow: bool) -> None:
        if verdict is Verdict.FAILURE:
            self._storage.why = "trial_failed"
            self._replay(_bad, now)
        elif trials.succeed(slow=slow):
            self._storage.why = "trials_succeeded"
            self._replay(_good, now)
        else:
            self._storage.why = "trials_slow"
            self._replay(_bad, now)

    def _replay(self, result: Callable[[], None], now: float) -> None:
        """Let pybreaker see how a call ended, as if it had been made here and now."""
        self._now = now
        try:
            self._machine.call(result)
        except _Bad:
            pass

    # ---- the state changes ----

    def _change(self, why: str, change: Callable[[], object], now: float) -> None:
        self._storage.why = why
        self._now = now
        change()

    def _changed(self, state: str) -> None:
        self.state = state
        self._marks += 1
        self._closed = self._marks if state == CLOSED else _NOBODY
        self._trials = self._new_trials() if state == HALF_OPEN else None
        hint, self._hint = self._hint, None
        if state == OPEN:
            self.open_seconds = self._open_time.draw() if hint is None else self._open_time.after(hint)
            self.until = self._now + self.open_seconds
        elif state == CLOSED:
            self._open_time.reset()

    # ---- by hand ----

    def force_open(self, detail: str) -> None:
        """Let no call through until told otherwise. ``detail``: who wants it and why, for the refusals."""
        self.forced, self._detail = OPEN, detail
        if self.state != OPEN:
            self._change("forced", self._machine.open, self._now)

    def force_closed(self) -> None:
        """Let every call through until told otherwise; they are counted all the same."""
        self.forced = CLOSED
        if self.state != CLOSED:
            self._change("forced", self._machine.close, self._now)

    def release(self) -> None:
        """Decide by itself again, beginning closed and with nothing counted."""
        self.forced = None
        if self.state != CLOSED:
            self._change("released", self._machine.close, self._now)
        self.trip.forget()

    def snapshot(self, now: float) -> dict[str, Any]:
        """What the admin API shows. ``trial_in``: seconds until a call would be admitted, None while held open."""
        window = self.trip.window
        window.roll(now)
        calls = window.calls
        return {
            "state": self.state,
            "forced": self.forced,
            "why": self.why or None,
            "calls": calls,
            "failures": window.failures,
            "slow": window.slow,
            "in_a_row": self.trip.in_a_row,
            "error_rate": window.failures / calls if calls else None,
            "slow_rate": window.slow / calls if calls else None,
            "trial_in": None if self.forced == OPEN else self.wait(now),
        }
