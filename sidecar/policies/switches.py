"""What people may look at and turn by hand, one provider at a time: the kill switch, and what its policies offer.

The kill is the people's: it stays until they end it, or until it expires. The rest is found out anew whenever a table
is built: each policy puts itself here while its layer is built, so that nothing of an older table is shown.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

WHOLE_PROVIDER = "provider"
"""The key of a breaker, rate or concurrency limit that all routes of a provider share; else it is the route's name."""


class Snapshot(Protocol):
    """Something whose state can be shown: what it has learned, and what it would do now."""

    def snapshot(self, now: float) -> dict[str, Any]:
        """The state at ``now`` (monotonic seconds), in words and numbers that go into JSON; no secrets."""


class ForcedBreaker(Snapshot, Protocol):
    """A breaker that people may hold open or closed. Each call replaces the one before; all may be repeated."""

    def force_open(self, detail: str) -> None:
        """Let no call through until told otherwise. ``detail``: who wants it and why, for the refusals."""

    def force_closed(self) -> None:
        """Let every call through until told otherwise."""

    def release(self) -> None:
        """Decide by itself again, beginning closed and with nothing counted."""


@dataclass(frozen=True, slots=True)
class Kill:
    """Calls to a provider are switched off. ``until``: Unix seconds, None for no end; ``since``: Unix seconds."""

    reason: str
    who: str
    since: float
    until: float | None = None

    @property
    def detail(self) -> str:
        """For the refusals. Texts of people: masked like every other detail before it is shown."""
        end = "" if self.until is None else f"; until {stamp(self.until)}"
        return f"switched off by {self.who}: {self.reason}{end}"

    def over(self, wall: float) -> bool:
        """Whether it has expired at this time (Unix seconds)."""
        return self.until is not None and wall >= self.until


class Switch:
    """One provider's switch in one table.

    ``kill``: None while calls may pass. ``breakers``, ``rates`` and ``slots``: ``WHOLE_PROVIDER`` or the name of a
    route -> the live object; a policy that is off is not there. ``enabled``: what the file says about the provider;
    ``off``: the routes that the file switches off. ``faults``: route -> what may be injected into its calls, in words.
    """

    __slots__ = ("breakers", "enabled", "faults", "kill", "off", "rates", "slots")

    def __init__(self, kill: Kill | None = None, *, enabled: bool = True) -> None:
        self.kill = kill
        self.enabled = enabled
        self.breakers: dict[str, ForcedBreaker] = {}
        self.rates: dict[str, Snapshot] = {}
        self.slots: dict[str, Snapshot] = {}
        self.off: set[str] = set()
        self.faults: dict[str, str] = {}


def stamp(wall: float) -> str:
    """Unix seconds as RFC 3339 in UTC, whole seconds."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
