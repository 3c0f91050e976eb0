"""What the resilience policies of one provider count: plain numbers, and questions for what moves by itself."""

from collections.abc import Callable
from typing import Any

from sidecar.telemetry.histogram import Histogram

Ask = Callable[[], float | None]
"""A gauge that is worked out when ``/metrics`` is read; None: nothing to show."""


Gauges = dict[str, Any]
"""Name in ``PolicyStats`` -> what it is."""

_GAUGES = (
    "breakers", "budget", "faults_on", "rate_held", "rate_limit", "rate_remaining", "slot_limit", "slots_in_use",
)  # fmt: skip


def count(counts: dict[str, int], name: str) -> None:
    """One more under this name."""
    counts[name] = counts.get(name, 0) + 1


class BreakerStats:
    """One breaker. ``state``: closed, half_open or open; ``transitions``: new state -> count."""

    __slots__ = ("state", "transitions")

    def __init__(self) -> None:
        self.state = "closed"
        self.transitions: dict[str, int] = {}


class PolicyStats:
    """What the policies of one provider count.

    Counters: ``retries`` by reason, ``retry_refused`` by why, ``hedges`` by result, ``auth_failures`` by status,
    ``fallbacks`` by reason, ``faults`` by kind, ``observed`` by (policy, what it would have done). ``unread``: answers
    too long for a ``success`` or ``throttled`` rule. ``breakers``: scope ("provider", or the route's name) -> its
    state. The rest are gauges: ``faults_on`` and ``killed`` are 0 or 1.
    """

    __slots__ = (
        "auth_failures", "breakers", "budget", "fallbacks", "faults", "faults_on", "hedges", "killed", "observed",
        "rate_held", "rate_limit", "rate_remaining", "rate_wait", "retries", "retry_refused", "slot_limit", "slot_wait",
        "slots_in_use", "unread",
    )  # fmt: skip

    def __init__(self) -> None:
        self.retries: dict[str, int] = {}
        self.retry_refused: dict[str, int] = {}
        self.hedges: dict[str, int] = {}
        self.auth_failures: dict[int, int] = {}
        self.fallbacks: dict[str, int] = {}
        self.faults: dict[str, int] = {}
        self.observed: dict[tuple[str, str], int] = {}
        self.unread = 0
        self.breakers: dict[str, BreakerStats] = {}
        self.rate_wait = Histogram()
        self.slot_wait = Histogram()
        self.faults_on = 0
        self.killed = 0
        self.forget_gauges()

    def forget_gauges(self) -> None:
        """Nobody answers for them any more: a reload builds the policies anew."""
        self.budget: Ask | None = None
        self.rate_remaining: Ask | None = None
        self.rate_limit: Ask | None = None
        self.rate_held: Ask | None = None
        self.slots_in_use: Ask | None = None
        self.slot_limit: Ask | None = None

    def gauges(self) -> Gauges:
        """What is shown of the policies that are live: none of it counts, another table's may take its place."""
        return {name: getattr(self, name) for name in _GAUGES}

    def show(self, gauges: Gauges) -> None:
        """Show these."""
        for name, value in gauges.items():
            setattr(self, name, value)

    def forget_live(self) -> None:
        """Nothing is live any more; counts stay. What ``gauges`` gave before is left as it is."""
        self.forget_gauges()
        self.faults_on = 0
        self.breakers = dict(self.breakers)

    def breaker(self, scope: str) -> BreakerStats:
        """The numbers of one breaker, made at the first call."""
        return self.breakers.setdefault(scope, BreakerStats())

    def would(self, policy: str, what: str) -> None:
        """A policy in ``mode: observe`` would have done this."""
        self.observed[policy, what] = self.observed.get((policy, what), 0) + 1
