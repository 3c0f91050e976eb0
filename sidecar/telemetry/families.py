"""Every metric family there is: one table for ``/metrics`` and for docs/metrics.md.

Names and labels are public. Labels are names of the configuration, methods, statuses and codes, never paths, so
that their number is bounded. A counter whose label sets are known begins at zero, so that ``rate()`` sees its
first increment; one whose are not (method, status) appears with its first use.
"""

from collections import Counter
from collections.abc import Callable, Iterator

from sidecar import __version__
from sidecar.core.errors import ERRORS, Side
from sidecar.telemetry import process
from sidecar.telemetry.family import PROVIDER, Distribution, Family, Kind, Sample, per_provider, waits
from sidecar.telemetry.histogram import Histogram
from sidecar.telemetry.policy_families import POLICY_FAMILIES
from sidecar.telemetry.stats import RouteStats, Stats

LOCAL_CODES = tuple(error.code for error in ERRORS if error.side is Side.LOCAL)
"""Codes with which the sidecar itself refuses a call."""


def _requests(stats: Stats) -> Iterator[Sample]:
    for route, counts in [(route, route.requests.copy()) for route in stats.routes.values()]:
        for (method, code, outcome), count in counts.items():
            labels = (route.provider, route.route, method.decode("latin-1"), str(code), outcome)
            yield Sample(labels, count)


def _attempts(stats: Stats) -> Iterator[Sample]:
    for route, counts in [(route, route.attempts.copy()) for route in stats.routes.values()]:
        for code, count in counts.items():
            yield Sample((route.provider, route.route, str(code)), count)


def _rejected(stats: Stats) -> Iterator[Sample]:
    for provider in stats.providers.values():
        counts = dict.fromkeys(LOCAL_CODES, 0) | provider.rejected
        for code, count in counts.items():
            yield Sample((provider.provider, code), count)


def _pool(stats: Stats) -> Iterator[Sample]:
    for provider in stats.providers.values():
        yield Sample((provider.provider, "idle"), provider.idle)
        yield Sample((provider.provider, "active"), provider.active)


def _reloads(stats: Stats) -> Iterator[Sample]:
    for result, count in stats.reloads.items():
        yield Sample((result,), count)


def _spans_dropped(stats: Stats) -> Iterator[Sample]:
    for reason, count in stats.spans_dropped.items():
        yield Sample((reason,), count)


def _redactions(stats: Stats) -> Iterator[Sample]:
    found: Counter[str] = Counter()
    for provider in stats.providers.values():
        found.update(provider.redactions)
    for kind, count in sorted(found.items()):
        yield Sample((kind,), count)


def _redaction_failures(stats: Stats) -> float:
    return sum(provider.redaction_failures for provider in stats.providers.values())


def _per_route(get: Callable[[RouteStats], Histogram]) -> Callable[[Stats], Iterator[Distribution]]:
    def collect(stats: Stats) -> Iterator[Distribution]:
        for route in stats.routes.values():
            yield Distribution((route.provider, route.route), get(route))

    return collect


def _one(get: Callable[[Stats], float | None]) -> Callable[[Stats], Iterator[Sample]]:
    def collect(stats: Stats) -> Iterator[Sample]:
        value = get(stats)
        if value is not None:
            yield Sample((), value)

    return collect


_ROUTE = ("provider", "route")

FAMILIES: tuple[Family, ...] = (
    Family(
        "sidecar_requests", Kind.COUNTER,
        "Calls of apps, counted when their answer has ended. Code 0: the app went away before there was one.",
        (*_ROUTE, "method", "code", "outcome"), _requests, copied=True,
    ),
    Family(
        "sidecar_request_duration_seconds", Kind.HISTOGRAM,
        "Time from the head of a request to the end of its answer.",
        _ROUTE, _per_route(lambda route: route.duration), "seconds", exemplars=True,
    ),
    Family(
        "sidecar_overhead_seconds", Kind.HISTOGRAM,
        "The part of a call's time that was not spent waiting for the provider.",
        PROVIDER, waits(lambda provider: provider.overhead), "seconds",
    ),
    Family(
        "sidecar_attempts", Kind.COUNTER,
        "Sends to a provider. Code: the status of its answer, or the error code when there was none.",
        (*_ROUTE, "code"), _attempts, copied=True,
    ),
    Family(
        "sidecar_attempt_duration_seconds", Kind.HISTOGRAM,
        "Time of one send, from asking for a connection to the end of the answer.",
        _ROUTE, _per_route(lambda route: route.attempt_duration), "seconds",
    ),
    Family(
        "sidecar_rejected", Kind.COUNTER, "Calls that the sidecar refused or gave up itself, by error code.",
        ("provider", "code"), _rejected,
    ),
    Family(
        "sidecar_pool_connections", Kind.GAUGE,
        "Open connections to a provider: idle ones wait for a call, active ones carry one.",
        ("provider", "state"), _pool,
    ),
    Family(
        "sidecar_pool_wait_seconds", Kind.HISTOGRAM,
        "Time that calls waited for a connection because all were busy; calls that did not wait are not counted.",
        PROVIDER, waits(lambda provider: provider.pool_wait), "seconds",
    ),
    Family(
        "sidecar_connections_opened", Kind.COUNTER, "Connections opened to a provider.",
        PROVIDER, per_provider(lambda provider: provider.connections_opened),
    ),
    Family(
        "sidecar_in_flight", Kind.GAUGE, "Calls that have begun and whose answer has not ended.",
        PROVIDER, per_provider(lambda provider: provider.in_flight),
    ),
    *POLICY_FAMILIES,
    Family(
        "sidecar_client_connections", Kind.GAUGE, "Open connections of apps.",
        (), _one(lambda stats: stats.client_connections),
    ),
    Family(
        "sidecar_redactions", Kind.COUNTER, "Values taken out of log lines and support packets, by kind.",
        ("kind",), _redactions,
    ),
    Family(
        "sidecar_redaction_failures", Kind.COUNTER,
        "Parts of calls that could not be redacted, or not in time, and were left out of the log.",
        (), _one(_redaction_failures),
    ),
    Family(
        "sidecar_log_lines_dropped", Kind.COUNTER, "Log lines lost because their reader was too slow.",
        (), _one(lambda stats: stats.log_lines_dropped),
    ),
    Family(
        "sidecar_spans_exported", Kind.COUNTER, "Spans that the collector has taken.",
        (), _one(lambda stats: stats.spans_exported),
    ),
    Family(
        "sidecar_spans_dropped", Kind.COUNTER,
        "Spans lost: the queue was full, the collector unreachable, it rejected them, or the process ended.",
        ("reason",), _spans_dropped,
    ),
    Family(
        "sidecar_loop_lag_seconds", Kind.GAUGE,
        "How late the event loop woke up at the last look; calls wait that long too.",
        (), _one(lambda stats: stats.loop_lag), "seconds",
    ),
    Family(
        "sidecar_build", Kind.INFO, "The version that runs; always 1.",
        ("version",), lambda _stats: (Sample((__version__,), 1),),
    ),
    Family(
        "sidecar_config_reloads", Kind.COUNTER,
        "Reloads of the configuration, by result; a failed one changes nothing.",
        ("result",), _reloads,
    ),
    Family(
        "sidecar_config_last_reload_successful", Kind.GAUGE,
        "0 while the file that was read last cannot be used, and the configuration before it is in force.",
        (), _one(lambda stats: int(stats.reload_ok)),
    ),
    Family(
        "sidecar_config_last_reload_success_timestamp_seconds", Kind.GAUGE,
        "Unix time at which the configuration in force was loaded.",
        (), _one(lambda stats: stats.last_reload), "seconds",
    ),
    Family(
        "process_cpu_seconds", Kind.COUNTER, "User and system CPU time spent.",
        (), _one(lambda _stats: process.cpu_seconds()), "seconds",
    ),
    Family(
        "process_resident_memory_bytes", Kind.GAUGE, "Memory in RAM.",
        (), _one(lambda _stats: process.resident_bytes()), "bytes",
    ),
    Family(
        "process_virtual_memory_bytes", Kind.GAUGE, "Address space.",
        (), _one(lambda _stats: process.virtual_bytes()), "bytes",
    ),
    Family(
        "process_start_time_seconds", Kind.GAUGE, "Unix time at which the process began.",
        (), _one(lambda stats: process.start_time() or stats.started or None), "seconds",
    ),
    Family("process_open_fds", Kind.GAUGE, "Open file descriptors.", (), _one(lambda _stats: process.open_fds())),
    Family("process_max_fds", Kind.GAUGE, "Most file descriptors allowed.", (), _one(lambda _stats: process.max_fds())),
)  # fmt: skip
"""In the order of ``/metrics``."""
