"""The first row, for the owner of a product: is each provider fine, since when not, what did it cost us, and whom."""

from typing import NamedTuple

from k8s.monitoring.dashboard.panels import Panel, Query, Row, override, words
from k8s.monitoring.dashboard.queries import RANGE, counted, grows, series, total

CALLS = "sidecar_request_duration_seconds_count"
"""All calls; unlike ``sidecar_requests_total`` it is there, at zero, before the first one."""
FAILED = 'outcome=~"refused|server_error|timeout|network_error|throttled"'
"""What a user notices. Not ``client_error``: the call itself was wrong; not ``canceled``: the app went away."""
DENIED = 'code=~"401|403",outcome="client_error"'
REFUSED = 'outcome="refused",code!~"400|408|413|431"'
"""Refused to protect somebody; the codes left out are requests of the app that broke HTTP or a limit."""


class State(NamedTuple):
    """How a provider is. ``number``: what the query answers; ``meaning``: for people, over the last five minutes."""

    number: int
    word: str
    colour: str
    meaning: str


STATES = (
    State(0, "OK", "green", "fewer than 2 of 100 calls failed; one single failed call among good ones does not count"),
    State(1, "Degraded", "orange", "2 of 100 calls failed, or more; or the only call there was"),
    State(2, "Down", "red", "half of the calls failed, or more; three at least"),
    State(3, "Access denied", "purple", "the provider turned half of the calls away (401, 403): our credentials?"),
    State(4, "Switched off", "blue", "by us: by hand, or in the configuration"),
    State(-1, "No calls", "#6e6e6e", "nobody called it, so nobody knows"),
)
_WORDS = words(*((one.number, one.word, one.colour) for one in STATES))

_FINE, _BEFORE = -1, 0


def state(window: str = "5m") -> str:
    """The number of the state of each provider, by the calls of ``window``; the first line that holds counts."""
    calls = grows("provider", CALLS, window=window)
    failed = grows("provider", "sidecar_requests_total", FAILED, window)
    denied = grows("provider", "sidecar_requests_total", DENIED, window)
    return f"""(avg by (provider) ({series("sidecar_kill_switch")}) >= 0.5) * 0 + 4
or ({denied} / {calls} >= 0.5 and {denied} > 2.5) * 0 + 3
or ({failed} / {calls} >= 0.5 and {failed} > 2.5) * 0 + 2
or ({failed} / {calls} >= 0.02 and {failed} > 1.5) * 0 + 1
or ({failed} / {calls} > 0.99) * 0 + 1
or ({calls} > bool 0) - 1"""


def last_fine() -> str:
    """When a provider was last fine, in ms; -1: it is now (or nobody called it), 0: before the time shown."""
    fine = f"(\n{state()}\n) < 1"
    return f"""({fine}) * 0 - 1
or max_over_time((({fine}) * 0 + time())[{RANGE}:$__interval]) * 1000
or {_none("provider")}"""


def failed(by: str) -> str:
    """Calls that users got no answer for, or an error of the provider."""
    return counted(by, "sidecar_requests_total", FAILED)


def failed_share(by: str) -> str:
    """Of all calls. A counter's growth is an estimate at the edges, so the share is held at 1."""
    return f"clamp_max({failed(by)} / ({counted(by, 'sidecar_requests_total')} > 0), 1)"


def rescued() -> str:
    """An estimate of the calls that succeeded because they were tried again.

    No metric says it. It is the number of retries, times the share of tries that succeeded in the same five minutes:
    of a provider that is down, retries rescue nothing.
    """
    retries = counted("provider", "sidecar_retries_total", "", "5m", "300")
    good = counted("provider", "sidecar_attempts_total", 'code=~"1..|2..|3..|4..",code!="429"', "5m", "300")
    tries = counted("provider", "sidecar_attempts_total", "", "5m", "300")
    return f"sum_over_time((\n{retries}\n* {good}\n/ ({tries} > 0)\n)[{RANGE}:5m])\nor {_none('provider')}"


def _none(by: str) -> str:
    return f"{total(by, series(CALLS))} * 0"


def _cost(expr: str, name: str) -> Query:
    return Query(f"{expr}\nor {_none('provider')}", name, once=True)


_LEGEND = "\n".join(
    ["By the calls of the last 5 minutes:\n", *(f"- **{one.word}**: {one.meaning}" for one in STATES)],
)

ROW = Row(
    "Are our providers fine, and what does it cost us?",
    (
        Panel(
            kind="stat",
            title="Is it fine now?",
            about="Each provider in one word, by the calls of the last five minutes before the end of the time shown. "
            "What the words mean stands to the right. Nothing to do while it says OK.",
            queries=(Query(state(), "{{provider}}", once=True),),
            width=16,
            height=6,
            empty="no sidecar found",
            unit="none",
            more={"fieldConfig": {"defaults": {"mappings": _WORDS, "color": {"mode": "thresholds"}}}},
        ),
        Panel(
            kind="text",
            title="What the words mean",
            about="How the state of a provider is found.",
            width=8,
            height=6,
            more={"options": {"content": _LEGEND}},
        ),
        Panel(
            kind="table",
            title="What did it cost us in the time shown?",
            about="One line for each provider. Failed: our users got an error of the provider, none in time, or were "
            "refused by us. Refused: those of them that were never sent, to spare a provider that is down, to keep to "
            "a limit, or because it is switched off. Rescued: failed at first, and succeeded when tried again without "
            "anybody noticing (an estimate, rather too low, five minutes behind). Stand-in: answered by us in the "
            "provider's place. Extra waiting: seconds of all calls together that went into pauses between tries, "
            "waiting in line and our own work; not the time of the tries that failed.",
            queries=(
                Query(state(), "State", once=True),
                Query(last_fine(), "Not fine since", once=True, step="1m"),
                _cost(counted("provider", "sidecar_requests_total"), "Calls"),
                _cost(failed("provider"), "Failed"),
                _cost(failed_share("provider"), "Share failed"),
                Query(rescued(), "Rescued by trying again", once=True),
                _cost(counted("provider", "sidecar_requests_total", REFUSED), "Refused to protect"),
                _cost(counted("provider", "sidecar_fallbacks_total"), "Stand-in answers"),
                _cost(grows("provider", "sidecar_overhead_seconds_sum"), "Extra waiting"),
            ),
            width=24,
            height=8,
            empty="no sidecar found",
            more={
                "maxDataPoints": 200,
                "fieldConfig": {
                    "defaults": {"decimals": 0},
                    "overrides": [
                        override("provider", displayName="Provider"),
                        override("State", mappings=_WORDS, custom__cellOptions={"type": "color-background"}),
                        override(
                            "Not fine since",
                            unit="dateTimeFromNow",
                            mappings=words((_FINE, "-", "text"), (_BEFORE, "before the time shown", "red")),
                        ),
                        override("Share failed", unit="percentunit", decimals=1),
                        override("Extra waiting", unit="s", decimals=1),
                    ],
                },
                "options": {"sortBy": [{"displayName": "Failed", "desc": True}]},
            },
        ),
        Panel(
            kind="state-timeline",
            title="When was it not fine?",
            about="The state of each provider over the time shown, by the same words, five minutes at a time.",
            queries=(Query(state("$__rate_interval"), "{{provider}}", step="5m"),),
            width=14,
            height=9,
            empty="no sidecar found",
            unit="none",
            more={"fieldConfig": {"defaults": {"mappings": _WORDS}}, "options": {"showValue": "never"}},
        ),
        Panel(
            kind="table",
            title="Who is affected?",
            about="The routes (kinds of calls, as the configuration names them) with failed calls in the time shown, "
            "and which share of their calls that was. Other kinds of calls are not affected.",
            queries=(
                Query(f"{failed('provider, route')} > 0", "Failed", once=True),
                Query(f"{failed_share('provider, route')} > 0", "Share failed", once=True),
            ),
            width=10,
            height=9,
            empty="Nobody: no call failed in this time.",
            more={
                "fieldConfig": {
                    "defaults": {"decimals": 0},
                    "overrides": [
                        override("provider", displayName="Provider"),
                        override("route", displayName="Kind of call"),
                        override("Share failed", unit="percentunit", decimals=1),
                    ],
                },
                "options": {"sortBy": [{"displayName": "Failed", "desc": True}]},
            },
        ),
    ),
)
