"""What ``GET /providers/{name}`` shows of a provider: everything that explains what a call to it would meet now."""

from typing import Any, Protocol

from sidecar.admin.switchboard import Switchboard
from sidecar.core.env import Env
from sidecar.policies.switches import Kill, Switch, stamp
from sidecar.redaction.redactor import DEFAULT
from sidecar.telemetry.stats import ProviderStats


class Connections(Protocol):
    """A provider's pool."""

    @property
    def open_connections(self) -> int:
        """All of them."""

    @property
    def idle(self) -> int:
        """Those that wait for a request."""


class Live(Protocol):
    """A provider that is being served. ``names``: of its routes. ``switch``: of the same table."""

    @property
    def name(self) -> str:
        """As in the configuration."""

    @property
    def base_url(self) -> str:
        """Where its calls go."""

    @property
    def names(self) -> tuple[str, ...]:
        """Its routes, the one for all other calls last."""

    @property
    def pool(self) -> Connections:
        """Its connections."""

    @property
    def switch(self) -> Switch:
        """What policies offer and people turn."""


def view(live: Live, stats: ProviderStats, board: Switchboard, env: Env) -> dict[str, Any]:
    """Plain data. Texts that people wrote are masked; there are no secrets in the rest."""
    switch, policies, now = live.switch, stats.policies, env.clock()
    return {
        "provider": live.name,
        "base_url": live.base_url,
        "enabled": switch.enabled,
        "kill": _kill(switch.kill, env.wall()),
        "routes": {name: {"enabled": name not in switch.off, "faults": switch.faults.get(name)} for name in live.names},
        "breakers": {
            scope: breaker.snapshot(now) | {"by_hand": _by_hand(board, live.name, scope)}
            for scope, breaker in switch.breakers.items()
        },
        "rates": {scope: rate.snapshot(now) for scope, rate in switch.rates.items()},
        "slots": {scope: slots.snapshot(now) for scope, slots in switch.slots.items()},
        "retry_budget": None if policies.budget is None else {"remaining": policies.budget()},
        "pool": {"open": live.pool.open_connections, "idle": live.pool.idle, "waiting": stats.waiting},
        "in_flight": stats.in_flight,
    }


def _kill(kill: Kill | None, wall: float) -> dict[str, Any] | None:
    """None while calls may pass; a kill that has run out may be there a moment longer."""
    if kill is None or kill.over(wall):
        return None
    return {
        "reason": DEFAULT.text(kill.reason),
        "who": DEFAULT.text(kill.who),
        "since": stamp(kill.since),
        "until": None if kill.until is None else stamp(kill.until),
        "ends_in_s": None if kill.until is None else round(kill.until - wall, 3),
    }


def _by_hand(board: Switchboard, provider: str, scope: str) -> dict[str, Any] | None:
    """Who holds a breaker, and why; None when it decides by itself."""
    forced = board.forced.get((provider, scope))
    if forced is None:
        return None
    return {
        "state": forced.state,
        "reason": DEFAULT.text(forced.reason),
        "who": DEFAULT.text(forced.who),
        "since": stamp(forced.since),
    }
