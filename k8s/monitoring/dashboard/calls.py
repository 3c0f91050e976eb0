"""For engineers: what became of the calls, how long they took, what was tried again."""

from k8s.monitoring.dashboard.owner import CALLS, FAILED
from k8s.monitoring.dashboard.panels import Json, Panel, Query, Row, override
from k8s.monitoring.dashboard.queries import grows, quantile, rate, series, share, total

_DURATION = "sidecar_request_duration_seconds"
_ATTEMPT = "sidecar_attempt_duration_seconds"
_COLOURS = {
    "success": "green", "client_error": "yellow", "throttled": "orange", "server_error": "red", "timeout": "purple",
    "network_error": "dark-red", "refused": "blue", "canceled": "gray",
}  # fmt: skip
_BY_OUTCOME = [override(name, color={"mode": "fixed", "fixedColor": colour}) for name, colour in _COLOURS.items()]
_SHARE: Json = {"fieldConfig": {"defaults": {"min": 0, "max": 1}}}


def _quantiles(metric: str, by: str = "provider", *, exemplars: bool = False) -> tuple[Query, ...]:
    return tuple(
        Query(quantile(which, by, metric), f"{{{{{by}}}}} p{which * 100:.0f}", exemplars=exemplars and which == 0.99)
        for which in (0.5, 0.95, 0.99)
    )


def _now_and_before() -> tuple[Query, Query]:
    calls = series(CALLS)
    return (
        Query(total("provider", f"rate({calls}[$__rate_interval])"), "{{provider}}"),
        Query(total("provider", f"rate({calls}[$__rate_interval] offset 1d)"), "{{provider}} a day before"),
    )


CALLS_ROW = Row(
    "Calls",
    (
        Panel(
            title="Calls by outcome",
            about="What the apps got, in calls per second. refused: by the sidecar, see the panel about refusals; "
            "client_error: 4xx, the call itself was wrong; canceled: the app went away.",
            queries=(Query(rate("outcome", "sidecar_requests_total"), "{{outcome}}"),),
            unit="reqps",
            stacked=True,
            empty="no calls yet",
            more={"fieldConfig": {"overrides": _BY_OUTCOME}},
        ),
        Panel(
            title="Calls by provider and status",
            about="The status that the app got, whoever made the answer. 0: the app went away before there was one.",
            queries=(Query(rate("provider, code", "sidecar_requests_total"), "{{provider}} {{code}}"),),
            unit="reqps",
            empty="no calls yet",
        ),
        Panel(
            title="Share of failed calls",
            about="Server errors, time-outs, network errors, throttling and refusals, of all calls to the provider. "
            "2 % makes a provider degraded, 50 % down (first row).",
            queries=(
                Query(
                    share(rate("provider", "sidecar_requests_total", FAILED), rate("provider", CALLS)), "{{provider}}"
                ),
            ),
            unit="percentunit",
            more=_SHARE,
        ),
        Panel(
            title="Calls now and a day before",
            about="A drop without failures: nobody calls any more. Look at the app, or at what is in front of it.",
            queries=_now_and_before(),
            unit="reqps",
        ),
        Panel(
            title="Refused or given up by the sidecar",
            about="By error code, see docs/errors.md. breaker_open: the provider is failing; rate_limited, "
            "concurrency_limited, pool_exhausted: a limit; deadline_exceeded: the time for the call was up; killed: "
            "switched off; internal: a bug, look for the event internal_error in the log.",
            queries=(Query(rate("code", "sidecar_rejected_total"), "{{code}}"),),
            unit="reqps",
            stacked=True,
        ),
        Panel(
            title="Calls in flight",
            about="Calls that have begun and whose answer has not ended. It grows when a provider gets slow.",
            queries=(Query(total("provider", series("sidecar_in_flight")), "{{provider}}"),),
        ),
        Panel(
            title="Answered by fallback",
            about="Calls that got the fixed answer of the configuration, by provider and reason.",
            queries=(Query(rate("provider, reason", "sidecar_fallbacks_total"), "{{provider}} {{reason}}"),),
            unit="reqps",
            empty="no fallback was needed",
        ),
        Panel(
            title="Credentials turned away",
            about="Answers 401 and 403 of a provider. A steady 401 means credentials that are wrong or have run out.",
            queries=(Query(rate("provider, code", "sidecar_auth_failures_total"), "{{provider}} {{code}}"),),
            unit="reqps",
            empty="none was turned away",
        ),
        Panel(
            title="Calls that match no provider",
            about="By status, of all apps in the chosen pods: wrong base URLs (404) and requests that break HTTP.",
            queries=(Query(rate("code", "sidecar_requests_total", 'provider="",route=""'), "{{code}}"),),
            unit="reqps",
            empty="all calls match a provider",
        ),
    ),
)

LATENCY = Row(
    "Latency",
    (
        Panel(
            title="Time of calls",
            about="From the head of a request to the end of its answer, tries and waits included: what the app feels. "
            "Points are single calls with their request id, where Prometheus keeps exemplars.",
            queries=_quantiles(_DURATION, exemplars=True),
            unit="s",
            empty="no calls in this time",
        ),
        Panel(
            title="Time of single tries",
            about="From asking for a connection to the end of the provider's answer: what the provider needs. If calls "
            "are slow and tries are not, calls wait or are retried here.",
            queries=_quantiles(_ATTEMPT),
            unit="s",
            empty="no tries in this time",
        ),
        Panel(
            title="Time spent in the sidecar",
            about="The part of a call's time that was not spent waiting for the provider: pauses between tries, waits "
            "under rate, concurrency and pool, and its own work, which is far less than 5 ms, the smallest bucket.",
            queries=_quantiles("sidecar_overhead_seconds"),
            unit="s",
            empty="no calls in this time",
        ),
        Panel(
            title="Slowest routes",
            about="The ten routes with the longest 95th percentile. Choose one above to see it alone.",
            queries=(Query(f"topk(10, {quantile(0.95, 'provider, route', _DURATION)})", "{{provider}} {{route}}"),),
            unit="s",
            width=12,
            empty="no calls in this time",
        ),
        Panel(
            kind="heatmap",
            title="How the times of calls are spread",
            about="Calls by duration. Two bands: some calls time out or are retried, the others are as ever.",
            queries=(Query(grows("le", f"{_DURATION}_bucket", window="$__rate_interval"), "{{le}}"),),
            unit="s",
            width=12,
            empty="no calls in this time",
        ),
    ),
)

ATTEMPTS = Row(
    "Tries and retries",
    (
        Panel(
            title="Tries by result",
            about="Sends to a provider, by the status of its answer, or by the error code when there was none "
            "(connect_failed, head_timeout, reset ...).",
            queries=(Query(rate("provider, code", "sidecar_attempts_total"), "{{provider}} {{code}}"),),
            unit="reqps",
            empty="nothing was sent yet",
        ),
        Panel(
            title="Tries for each call",
            about="1: each call is sent once. Below: some are refused before they are sent. Above 1.2 an outage makes "
            "more than a fifth more traffic; the retry budget should not allow that for long.",
            queries=(Query(share(rate("provider", f"{_ATTEMPT}_count"), rate("provider", CALLS)), "{{provider}}"),),
            unit="none",
            more={"fieldConfig": {"defaults": {"decimals": 2}}},
        ),
        Panel(
            title="Retries by reason",
            about="Tries that were made again, by what became of the try before: connect, reset, timeout, failure, or "
            "a status.",
            queries=(Query(rate("provider, reason", "sidecar_retries_total"), "{{provider}} {{reason}}"),),
            unit="reqps",
            empty="nothing was tried again",
        ),
        Panel(
            title="Failures that were not tried again",
            about="By what stood against it. unsafe: a second send might do a thing twice (give it an idempotency "
            "key); budget: too many retries already; attempts, deadline: tries or time were used up; breaker: the "
            "provider is failing; hint: it asked for more time than there is; veto: it forbade it; body: too large.",
            queries=(Query(rate("provider, why", "sidecar_retry_refused_total"), "{{provider}} {{why}}"),),
            unit="reqps",
            empty="none",
        ),
        Panel(
            title="Retries left in the budget",
            about="How many retries are allowed at this moment, in the sidecar with the fewest. 0: there are too many "
            "failures to retry them all, and the provider is spared.",
            queries=(Query(f"min by (provider) ({series('sidecar_retry_budget_remaining')})", "{{provider}}"),),
            empty="nothing is retried here",
        ),
        Panel(
            title="Second sends of slow calls",
            about="Hedging. won: the second send answered first; lost: the first did; refused: no budget was left.",
            queries=(Query(rate("provider, result", "sidecar_hedges_total"), "{{provider}} {{result}}"),),
            unit="reqps",
            empty="no call was sent twice",
        ),
    ),
)
