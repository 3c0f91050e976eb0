"""For engineers: what the sidecar does to protect provider and app, and its connections."""

from k8s.monitoring.dashboard.panels import Panel, Query, Row, words
from k8s.monitoring.dashboard.queries import quantile, rate, series, share, total

_OPEN = series("sidecar_breaker_state", 'state="open"')
_HALF_OPEN = series("sidecar_breaker_state", 'state="half_open"')
_THROTTLED = rate("provider", "sidecar_requests_total", 'outcome="throttled"')
_LIMITS = 'code=~"rate_limited|concurrency_limited|pool_exhausted"'
_BREAKER = words((0, "closed", "green"), (1, "half open", "yellow"), (2, "open", "red"))
_SWITCH = words((0, "on", "green"), (1, "off", "blue"))


def _highest(metric: str) -> str:
    return f"max by (provider) ({series(metric)})"


def _waits(metric: str) -> tuple[Query, Query]:
    """How long the slowest of those who wait do, and how many wait."""
    return (
        Query(quantile(0.95, "provider", metric), "{{provider}} p95"),
        Query(rate("provider", f"{metric}_count"), "{{provider}} waits per second"),
    )


_TWO_UNITS = {
    "fieldConfig": {
        "overrides": [
            {
                "matcher": {"id": "byRegexp", "options": "/waits per second$/"},
                "properties": [{"id": "unit", "value": "reqps"}, {"id": "custom.axisPlacement", "value": "right"}],
            }
        ]
    }
}

BREAKERS = Row(
    "Breakers and switches",
    (
        Panel(
            kind="state-timeline",
            title="Breakers",
            about="The worst state among the chosen sidecars. open: the provider is failing, and calls are refused at "
            "once; half open: trial calls find out whether it is back. One line for each breaker: provider, or route.",
            queries=(
                Query(f"max by (provider, scope) (\n  {_OPEN} * 2\n  or {_HALF_OPEN}\n)", "{{provider}} {{scope}}"),
            ),
            unit="none",
            width=12,
            empty="no breaker is set",
            more={"fieldConfig": {"defaults": {"mappings": _BREAKER}}, "options": {"showValue": "never"}},
        ),
        Panel(
            kind="state-timeline",
            title="Kill switch",
            about="off: calls to the provider are switched off, by hand or in the configuration, in one sidecar at "
            "least. docs/admin.md says how to turn it; who turned it, and why, is in the log (kill_switch_on).",
            queries=(Query(_highest("sidecar_kill_switch"), "{{provider}}"),),
            unit="none",
            width=12,
            more={"fieldConfig": {"defaults": {"mappings": _SWITCH}}, "options": {"showValue": "never"}},
        ),
        Panel(
            title="Sidecars with an open breaker",
            about="Each sidecar decides for itself. All: the provider is failing. One: look at its pod and node.",
            queries=(
                Query(
                    total("provider, scope", series("sidecar_breaker_state", 'state="open"')), "{{provider}} {{scope}}"
                ),
            ),
            empty="no breaker is set",
            more={"fieldConfig": {"defaults": {"decimals": 0}}},
        ),
        Panel(
            title="Changes of breakers",
            about="How often a breaker changed, by the new state, per second. open and half_open in turn: trials fail.",
            queries=(Query(rate("provider, to", "sidecar_breaker_transitions_total"), "{{provider}} {{to}}"),),
            unit="cps",
            empty="no breaker is set",
        ),
        Panel(
            title="What observed policies would have done",
            about="Policies in mode observe count and do nothing: watch here before they are enforced.",
            queries=(
                Query(rate("provider, policy, what", "sidecar_observed_total"), "{{provider}} {{policy}}: {{what}}"),
            ),
            unit="reqps",
            empty="no policy is in mode observe, or none would have acted",
        ),
        Panel(
            title="Faults on purpose",
            about="Whether faults may be injected (1), and those that were, per second. In production both must be 0.",
            queries=(
                Query(_highest("sidecar_faults_enabled"), "{{provider}} allowed"),
                Query(rate("provider, kind", "sidecar_faults_injected_total"), "{{provider}} {{kind}}"),
            ),
            unit="none",
        ),
    ),
)

LIMITS = Row(
    "Limits",
    (
        Panel(
            title="Calls that may go at once",
            about="What is left under rate, in the sidecar with the least: by the limit set, or by what the provider "
            "said. 0 for long: the limit is the bottleneck.",
            queries=(Query(f"min by (provider) ({series('sidecar_rate_remaining')})", "{{provider}}"),),
            empty="no rate limit is set",
        ),
        Panel(
            title="Calls sent, and the rate limit",
            about="Calls per second that were sent, and that the limits of all sidecars together allow. A limit is set "
            "for each sidecar: with more replicas, more is allowed.",
            queries=(
                Query(rate("provider", "sidecar_attempt_duration_seconds_count"), "{{provider}} sent"),
                Query(total("provider", series("sidecar_rate_limit")), "{{provider}} limit"),
            ),
            unit="reqps",
        ),
        Panel(
            title="Held by the provider",
            about="For how long no call goes because the provider said so (429 with Retry-After): the longest of all.",
            queries=(Query(_highest("sidecar_rate_held_seconds"), "{{provider}}"),),
            unit="s",
            empty="no rate limit is set",
        ),
        Panel(
            title="Waits for a turn",
            about="The 95th percentile of waits under rate, and how many calls waited. Calls that did not wait are not "
            "counted.",
            queries=_waits("sidecar_rate_wait_seconds"),
            unit="s",
            more=_TWO_UNITS,
        ),
        Panel(
            title="Slots in use",
            about="Share of the slots under concurrency that are taken, over all chosen sidecars. At 100 % calls wait, "
            "then are refused.",
            queries=(
                Query(
                    share(
                        total("provider", series("sidecar_slots_in_use")),
                        total("provider", series("sidecar_slots_limit")),
                    ),
                    "{{provider}}",
                ),
            ),
            unit="percentunit",
            empty="no concurrency limit is set",
        ),
        Panel(
            title="Waits for a slot",
            about="The 95th percentile of waits under concurrency, and how many calls waited. Calls that did not wait "
            "are not counted.",
            queries=_waits("sidecar_slot_wait_seconds"),
            unit="s",
            more=_TWO_UNITS,
        ),
        Panel(
            title="Slots allowed",
            about="Calls at once that concurrency allows, over all chosen sidecars. It moves with limit: adaptive, and "
            "falls when the provider is overloaded.",
            queries=(Query(total("provider", series("sidecar_slots_limit")), "{{provider}}"),),
            empty="no concurrency limit is set",
        ),
        Panel(
            title="Refused by a limit",
            about="Calls that found no turn, slot or connection in time. Raise the limit if the provider allows more.",
            queries=(Query(rate("provider, code", "sidecar_rejected_total", _LIMITS), "{{provider}} {{code}}"),),
            unit="reqps",
        ),
        Panel(
            title="Throttled by the provider",
            about='Calls that ended with the provider\'s own "too many" (429, or its words for it): its limit is lower '
            "than ours, or others use it too.",
            queries=(
                Query(
                    f"{_THROTTLED}\nor {total('provider', series('sidecar_in_flight'))} * 0",
                    "{{provider}}",
                ),
            ),
            unit="reqps",
        ),
    ),
)

CONNECTIONS = Row(
    "Pools and connections",
    (
        Panel(
            title="Connections to providers",
            about="active ones carry a call, idle ones wait for one.",
            queries=(Query(total("provider, state", series("sidecar_pool_connections")), "{{provider}} {{state}}"),),
            stacked=True,
        ),
        Panel(
            title="Connections opened",
            about="Per second. Each costs a TCP and a TLS handshake: many mean that the provider closes them early.",
            queries=(Query(rate("provider", "sidecar_connections_opened_total"), "{{provider}}"),),
            unit="cps",
        ),
        Panel(
            title="Tries for each new connection",
            about="How well connections are reused: the more the better. 0: none was opened in that time.",
            queries=(
                Query(
                    share(
                        rate("provider", "sidecar_attempt_duration_seconds_count"),
                        rate("provider", "sidecar_connections_opened_total"),
                    ),
                    "{{provider}}",
                ),
            ),
            unit="none",
        ),
        Panel(
            title="Waits for a connection",
            about="The 95th percentile of waits while all connections were busy, and how many calls waited. Raise "
            "pool.max_connections, or look why calls take long.",
            queries=_waits("sidecar_pool_wait_seconds"),
            unit="s",
            more=_TWO_UNITS,
        ),
        Panel(
            title="Connections of apps",
            about="Open connections of the apps to their sidecars. Each app should keep its own alive and reuse them.",
            queries=(Query(total("pod", series("sidecar_client_connections")), "{{pod}}"),),
        ),
    ),
)
