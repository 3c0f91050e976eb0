"""What is told of a breaker: its state in the metrics, its changes in the log, its name among those of a provider."""

from typing import Any

from sidecar.policies.circuit import OPEN, Circuit
from sidecar.policies.site import Site
from sidecar.policies.switches import WHOLE_PROVIDER
from sidecar.telemetry.policy_stats import BreakerStats, PolicyStats


class Journal:
    """One breaker's. ``scope``: its name in log and metrics, "provider" or that of a route."""

    __slots__ = ("_log", "_observed", "_provider", "_stats", "circuit", "scope")

    def __init__(self, circuit: Circuit, site: Site, *, observed: bool) -> None:
        self.circuit = circuit
        self.scope = ""
        self._provider = site.provider
        self._log = site.log
        self._observed = observed
        self._stats = BreakerStats()
        circuit.listen(self._changed)

    def call(self, scope: str, policies: PolicyStats) -> None:
        """From now on the breaker is called that.

        It shows numbers of its own, which begin where those of its predecessor were: one that a reload has replaced may
        still see calls end, and must not write over the state of its successor.
        """
        if not self.scope:
            self._stats.transitions = dict(policies.breaker(scope).transitions)
        self.scope = scope
        policies.breakers[scope] = self._stats

    def _changed(self, state: str) -> None:
        circuit, stats = self.circuit, self._stats
        stats.state = state
        stats.transitions[state] = stats.transitions.get(state, 0) + 1
        fields: dict[str, Any] = {"provider": self._provider, "scope": self.scope, "state": state, "why": circuit.why}
        if self._observed:
            fields["mode"] = "observe"
        if state == OPEN:
            window = circuit.trip.window
            fields |= {
                "calls": window.calls,
                "failures": window.failures,
                "slow": window.slow,
                "in_a_row": circuit.trip.in_a_row,
                "open_s": None if circuit.forced else round(circuit.open_seconds, 3),
            }
        self._log.event("warning" if state == OPEN else "info", "breaker", **fields)


def enrol(journal: Journal, site: Site, *, alone: bool) -> None:
    """Put the breaker of this route where metrics and the admin API find it. ``alone``: it is the route's only.

    Routes whose settings are the same share one. When settings differ within a provider, the first breaker is called
    "provider", each other one after the first of its routes.
    """
    breakers = site.switch.breakers
    scope = next((name for name, one in breakers.items() if one is journal.circuit), None)
    if scope is None:
        scope = site.route if alone or WHOLE_PROVIDER in breakers else WHOLE_PROVIDER
        breakers[scope] = journal.circuit
    journal.call(scope, site.provider_stats.policies)
