"""A second send of a slow call: the first good answer counts, the other send is cut off.

Jeffrey Dean and Luiz André Barroso, "The Tail at Scale" (CACM 56, 2013): a hedge sent after the 95th percentile cuts
the longest waits and adds about 5 % of calls. Only for methods that change nothing, and inside the retry budget.
"""

import asyncio
from collections.abc import Iterable

from sidecar.core.errors import Outcome, Superseded
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.core.methods import SAFE
from sidecar.policies.retry_settings import Hedge
from sidecar.policies.site import Site
from sidecar.rules.budget import Budget
from sidecar.rules.latency import Latency
from sidecar.telemetry.policy_stats import count

_GOOD = frozenset({Outcome.SUCCESS, Outcome.CLIENT_ERROR})
"""Answers that another send would not better."""

Send = asyncio.Task[Response]


class Hedger:
    """Sends a call, and once more when the answer takes longer than usual. ``most``: sends at most, see ``Retry``."""

    __slots__ = ("_after", "_budget", "_clock", "_latency", "_most", "_next", "_spawn", "_stats")

    def __init__(self, inner: Handler, settings: Hedge, budget: Budget, most: int, site: Site) -> None:
        self._next = inner
        self._after = settings.after if isinstance(settings.after, float) else 0.0
        self._budget = budget
        self._most = most
        self._clock = site.env.clock
        self._spawn = site.env.spawn
        self._stats = site.provider_stats.policies
        self._latency = site.state("hedge-latency", lambda: Latency(0.95), site.route)

    async def send(self, exchange: Exchange) -> Response:
        """One attempt, or two side by side.

        Raises:
            SidecarError: the first send's, when both failed without an answer.
        """
        after = self._after or self._latency.value
        hedged = exchange.method in SAFE and exchange.body is None and exchange.upgrade is None
        if after is None or not hedged or len(exchange.attempts) + 2 > self._most:
            return await self._plain(exchange)
        return await self._race(exchange, after)

    async def _plain(self, exchange: Exchange) -> Response:
        began = self._clock()
        response = await self._next(exchange)
        if response.outcome in _GOOD:  # what fails fast says nothing of how long an answer takes
            self._latency.observe(self._clock() - began)
        return response

    async def _race(self, exchange: Exchange, after: float) -> Response:
        ways: dict[Send, Exchange] = {}
        began = self._clock()
        try:
            first = self._start(exchange.fork(), ways)
            await asyncio.wait((first,), timeout=after)
            if not first.done():
                now = self._clock()
                if self._budget.take(now):
                    self._budget.sent(now)
                    self._start(exchange.fork(), ways)
                else:
                    count(self._stats.hedges, "refused")
            winner = await self._first_good(ways)
            await self._cut([task for task in ways if task is not winner], ways)
        except asyncio.CancelledError:
            await self._cut(ways, ways)
            self._merge(exchange, ways)
            raise
        self._merge(exchange, ways)
        if len(ways) > 1:
            count(self._stats.hedges, "lost" if winner is first else "won")
            exchange.note("hedge", "lost" if winner is first else "won")
        response = winner.result()
        self._latency.observe(self._clock() - began)
        _hand_over(response, ways[winner])
        return response

    def _start(self, way: Exchange, ways: dict[Send, Exchange]) -> Send:
        way.most = 1  # a send that meets a dead connection fails; retry sends it again
        if ways:
            way.inform = None  # interim answers of one send are enough
        task: Send = self._spawn(_run(self._next, way), "hedged send")
        ways[task] = way
        return task

    async def _first_good(self, ways: dict[Send, Exchange]) -> Send:
        """The first send with a good answer; when there is none, the one that tells most of what to do next."""
        pending = set(ways)
        while pending:
            done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
            for task in ways:
                if task in done and task.exception() is None and task.result().outcome in _GOOD:
                    return task
        return min(ways, key=_silence)

    async def _cut(self, losers: Iterable[Send], ways: dict[Send, Exchange]) -> None:
        """End these sends, and close what they got."""
        losers = list(losers)
        for task in losers:
            task.cancel()
        results = await asyncio.gather(*losers, return_exceptions=True)
        for task, result in zip(losers, results, strict=True):
            if isinstance(result, Response):
                result.close(ways[task], Superseded())

    def _merge(self, exchange: Exchange, ways: dict[Send, Exchange]) -> None:
        """One list of attempts, in the order of their start; the notes of all."""
        attempts = sorted((one for way in ways.values() for one in way.attempts), key=lambda one: one.started)
        for n, attempt in enumerate(attempts, len(exchange.attempts) + 1):
            attempt.n = n
        exchange.attempts += attempts
        for way in ways.values():
            for field, value in (way.notes or {}).items():
                exchange.note(field, value)


async def _run(handler: Handler, exchange: Exchange) -> Response:
    return await handler(exchange)


def _silence(send: Send) -> int:
    """How little a failed send tells: its answer may ask for patience or forbid a retry, an error says nothing."""
    if send.exception() is not None:
        return 2
    return 0 if send.result().outcome is Outcome.THROTTLED else 1


def _hand_over(response: Response, way: Exchange) -> None:
    """The answer's closers belong to the send's own exchange: they end its attempt and its connection."""
    closers, response.closers = response.closers, []

    def close(_exchange: Exchange, answer: Response, error: BaseException | None) -> None:
        for closer in closers:
            closer(way, answer, error)

    response.closers.append(close)
