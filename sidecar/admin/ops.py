"""The ops listener: ``/metrics`` and the three probes, read-only.

The probes are those of Kubernetes (kubernetes.io/docs/reference/using-api/health-checks). Readiness never depends
on a provider: a pod must not leave its service because a third party is down.
"""

from collections.abc import Callable, Iterable
from typing import Protocol
from urllib.parse import parse_qs

from sidecar.admin.answers import not_allowed, not_found, text, unreadable
from sidecar.core.env import Env
from sidecar.core.exchange import Exchange, Response
from sidecar.telemetry.exposition import CONTENT_TYPES, slices, wants_openmetrics
from sidecar.telemetry.stats import Stats

Check = tuple[str, bool, str]
"""Name, whether it holds, explanation."""

PATHS = ("/metrics", "/livez", "/readyz", "/startupz")


class Lifecycle(Protocol):
    """What the probes ask the runtime."""

    started: bool
    draining: bool

    def checks(self) -> list[Check]:
        """What readiness depends on beside ``started`` and ``draining``; one of their names explains it better."""


def nothing_to_collect() -> None:
    """For a runtime whose counters are always up to date."""


class Ops:
    """Handles the requests of the ops listener.

    ``collect`` is called before every scrape, to bring gauges up to date that nobody maintains (idle connections).
    """

    __slots__ = ("_collect", "_lifecycle", "_sleep", "_stats")

    def __init__(
        self, stats: Stats, lifecycle: Lifecycle, env: Env, *, collect: Callable[[], None] = nothing_to_collect
    ) -> None:
        self._stats = stats
        self._lifecycle = lifecycle
        self._sleep = env.sleep
        self._collect = collect

    async def handle(self, exchange: Exchange) -> Response:
        """Answer one request. Never raises."""
        if exchange.error is not None:
            return unreadable(exchange.error)
        path, _, query = exchange.target.partition(b"?")
        name = path.decode("latin-1")
        if name not in PATHS:
            return not_found(PATHS)
        if exchange.method not in (b"GET", b"HEAD"):
            return not_allowed(exchange, "GET, HEAD")
        if name == "/metrics":
            return await self._metrics(exchange)
        if name == "/livez":
            checks: list[Check] = [("event loop", True, "answers")]
        elif name == "/startupz":
            checks = [self._started()]
        else:
            checks = self._readiness()
        return probe(name[1:], checks, verbose=wants_verbose(query))

    async def _metrics(self, exchange: Exchange) -> Response:
        self._collect()
        openmetrics = wants_openmetrics(exchange.headers.get(b"accept"))
        pieces = []
        for piece in slices(self._stats, openmetrics=openmetrics):
            pieces.append(piece)
            # The calls of the app go on between two pieces.
            await self._sleep(0)
        return text(200, b"".join(pieces), CONTENT_TYPES[openmetrics])

    def _started(self) -> Check:
        started = self._lifecycle.started
        return ("started", started, "configuration loaded, listeners open" if started else "not yet")

    def _readiness(self) -> list[Check]:
        draining = self._lifecycle.draining
        checks = [self._started(), ("draining", not draining, "shutting down" if draining else "no")]
        found = {check[0]: check for check in checks}
        for name, holds, why in self._lifecycle.checks():
            found[name] = (name, holds and (name not in found or found[name][1]), why)
        return list(found.values())


def probe(name: str, checks: Iterable[Check], *, verbose: bool) -> Response:
    """200 ``ok``, or 503 with the checks, written as Kubernetes' own: ``[+]`` holds, ``[-]`` fails."""
    lines, passed = [], True
    for check, holds, why in checks:
        passed = passed and holds
        lines.append(f"[{'+' if holds else '-'}] {check}: {why}\n")
    if passed and not verbose:
        return text(200, b"ok\n")
    lines.append(f"{name} check {'passed' if passed else 'failed'}\n")
    return text(200 if passed else 503, "".join(lines).encode())


def wants_verbose(query: bytes) -> bool:
    """Whether the query has ``verbose``, as ``?verbose``, ``?verbose=1`` or ``?verbose=true``."""
    values = parse_qs(query.decode("latin-1"), keep_blank_values=True).get("verbose", ["false"])
    return values[-1].lower() not in ("0", "false", "no")
