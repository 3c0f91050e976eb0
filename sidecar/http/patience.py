"""How long a provider may take to answer, and what is said when it takes longer."""

from dataclasses import dataclass

from sidecar.core.errors import AttemptTimeout, DeadlineExceeded, HeadTimeout, IdleTimeout, Sent, SidecarError
from sidecar.core.exchange import NEVER, Attempt, Exchange
from sidecar.core.units import show_duration

_EARLY = 0.001
"""Seconds that a timer of the loop may fire early."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for an answer, in seconds; 0 is no limit. ``attempt`` counts from the attempt's start."""

    head: float
    idle: float
    attempt: float

    def attempt_at(self, attempt: Attempt) -> float:
        """When an attempt must have its head (monotonic seconds)."""
        return attempt.started + self.attempt if self.attempt else NEVER

    def head_at(self, exchange: Exchange, attempt: Attempt, now: float, *, asked: bool) -> float:
        """When the head must be here; the nearest limit counts. ``asked``: the provider is the one we wait for."""
        at = exchange.deadline
        if asked and self.head and now + self.head < at:
            at = now + self.head
        if self.attempt:
            at = min(at, attempt.started + self.attempt)
        return at

    def late(self, exchange: Exchange, attempt: Attempt, now: float) -> SidecarError:
        """The error for a head that has not come; the caller's limits are named before ours."""
        now += _EARLY
        if exchange.deadline <= now:
            return DeadlineExceeded("the time for this call was up before the provider answered", sent=Sent.MAYBE)
        if self.attempt_at(attempt) <= now:
            limit, key = show_duration(self.attempt), "timeouts.attempt"
            return AttemptTimeout(f"the provider did not answer within {limit} ({key})", sent=Sent.MAYBE)
        limit, key = show_duration(self.head), "timeouts.head"
        return HeadTimeout(f"the provider did not answer within {limit} ({key})", sent=Sent.MAYBE)

    def stalled(self) -> SidecarError:
        """The error for a body that does not go on."""
        return IdleTimeout(f"no byte of the answer for {show_duration(self.idle)} (timeouts.idle)", sent=Sent.MAYBE)
