"""Keep to a provider's rate limits: calls wait for their turn, or are refused here before the provider has to.

The gate is in ``rate_gate.py``; what it learns from answers in ``rules/learned.py``.
"""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from sidecar.core.errors import Outcome, Sent
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies.policy import Policy
from sidecar.policies.rate_gate import Gate
from sidecar.policies.settings import Duration, Rate, Switchable
from sidecar.policies.site import Site
from sidecar.policies.switches import WHOLE_PROVIDER, Switch

_THROTTLED = Outcome.THROTTLED
_NOTHING = Sent.NOTHING


class RateShaping(Switchable):
    """Calls to a provider wait for their turn, so that it never has to refuse one (429).

    At no time more than ``limit`` go in any window of its period. A 429 that says how long to wait stops all calls
    until then. Routes of a provider with the same ``limit``, ``burst`` and ``learn`` share one count; a part of an API
    with limits of its own (a search, say) needs a route with a ``limit`` of its own.
    """

    limit: Rate | None = None
    """Calls in a period, as the provider promises them; may be left out with ``learn``. The period matters: 60/m allows
    other calls than 1/s."""
    burst: int = Field(1, ge=1, le=1_000_000)
    """Calls that may go at once after a pause; they leave less for the rest of the period, so at most half of ``limit``
    counts. One: calls are spaced evenly, which every provider bears, whatever it counts over."""
    max_wait: Duration = Field(1.0, ge=0, le=86400)
    """A call that would wait longer for its turn is refused at once (429 ``rate_limited`` with Retry-After). 1 s is
    what a person hardly notices; a background job may wait for minutes."""
    max_waiting: int = Field(200, ge=0, le=100_000)
    """Calls that may wait at once; more are refused. Enough for a burst of an app, and not so many that they hold its
    memory and connections."""
    learn: bool = False
    """Read the provider's own count in its answers (RateLimit, X-RateLimit and their kin), and keep within it: half of
    it goes at once, the rest is spread over the time that is left. Off: not every provider's count can be believed."""
    priority: Literal["high", "low"] = "high"
    """Who goes first when calls wait: all of ``high`` before any of ``low``. Low is for work that nobody waits for."""

    @model_validator(mode="after")
    def _check_limit(self) -> Self:
        if self.mode != "off" and self.limit is None and not self.learn:
            msg = "rate needs a limit such as 100/s, or learn: true to find it out from the provider's answers"
            raise ValueError(msg)
        return self


class _RateLayer:
    __slots__ = ("_clock", "_gate", "_learns", "_low", "_max_wait", "_max_waiting", "_next", "_stats", "_wall")

    def __init__(self, inner: Handler, settings: RateShaping, gate: Gate, site: Site) -> None:
        self._next = inner
        self._gate = gate
        self._clock = site.env.clock
        self._wall = site.env.wall
        self._stats = site.provider_stats.policies
        self._learns = settings.learn
        self._low = settings.priority == "low"
        self._max_wait = settings.max_wait
        self._max_waiting = settings.max_waiting

    async def handle(self, exchange: Exchange) -> Response:
        gate = self._gate
        now = self._clock()
        if not gate.admit(now, low=self._low):
            await self._wait(exchange, now)
            now = self._clock()
        if self._learns:
            return await self._learn(exchange, now)
        response = await self._next(exchange)
        if response.outcome is _THROTTLED:
            gate.answered(response.headers.index, now, self._wall(), throttled=True)
        return response

    def expected(self, now: float) -> float:
        """Seconds that a call which comes now would wait for its turn."""
        return self._gate.expected(now, low=self._low)

    async def _wait(self, exchange: Exchange, now: float) -> None:
        """Wait for a turn.

        Raises:
            RateLimited: it would not come in time, or too many calls wait already.
        """
        gate, low = self._gate, self._low
        until = min(now + self._max_wait, exchange.deadline)
        refusal = gate.refusal(now, until, self._max_waiting, low=low)
        if refusal is not None:
            if not gate.guesses(now):
                raise refusal
            gate.take(now)
            return
        waited = await gate.turn(now, until, low=low)
        self._stats.rate_wait.observe(waited)
        before = exchange.notes.get("rate_wait_ms", 0.0) if exchange.notes is not None else 0.0
        exchange.note("rate_wait_ms", before + int(waited * 1e6) / 1e3)

    async def _learn(self, exchange: Exchange, sent_at: float) -> Response:
        """Make the call, and tell the gate what came of it."""
        first = len(exchange.attempts)
        try:
            response = await self._next(exchange)
        except BaseException:
            sent = any(attempt.sent is not _NOTHING for attempt in exchange.attempts[first:])
            self._gate.unanswered(sent=sent)
            raise
        throttled = response.outcome is _THROTTLED
        self._gate.answered(response.headers.index, sent_at, self._wall(), throttled=throttled)
        return response


class _ObservingLayer(_RateLayer):
    """Counts what would have become of the calls, and lets them go."""

    __slots__ = ()

    async def _wait(self, exchange: Exchange, now: float) -> None:
        gate = self._gate
        until = min(now + self._max_wait, exchange.deadline)
        if gate.refusal(now, until, self._max_waiting, low=self._low) is None:
            self._stats.would("rate", "waited")
            gate.take(now)
        else:
            self._stats.would("rate", "refused")
            gate.pass_by(now)


class _Total:
    """What all gates of a provider come to, where routes have limits of their own: for the gauges."""

    __slots__ = ("_switch",)

    def __init__(self, switch: Switch) -> None:
        self._switch = switch

    def remaining(self) -> float | None:
        return _sum(gate.remaining() for gate in self._gates())

    def limit(self) -> float | None:
        return _sum(gate.limit() for gate in self._gates())

    def held(self) -> float:
        return max((gate.held() for gate in self._gates()), default=0.0)

    def _gates(self) -> list[Gate]:
        return [gate for gate in self._switch.rates.values() if isinstance(gate, Gate)]


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def build(inner: Handler, site: Site) -> Handler:
    """Keep the calls of this route to the provider's limits.

    Calls that are only observed have a gate of their own: they must not keep others waiting.
    """
    settings = site.of("rate", RateShaping)
    if settings.mode == "off":
        return inner
    limit, burst, learn = settings.limit, settings.burst, settings.learn
    observed = settings.mode == "observe"
    gate = site.state(
        "rate", lambda: Gate(site.env.clock, limit, burst, learn=learn), str(limit), burst, learn, observed
    )
    _show(gate, site)
    if observed:
        return _ObservingLayer(inner, settings, gate, site).handle
    layer = _RateLayer(inner, settings, gate, site)
    site.links.rate_wait = layer.expected
    return layer.handle


def _show(gate: Gate, site: Site) -> None:
    """Put the gate where metrics and the admin API find it: the first as the provider's, others as their route's."""
    shown, policies, total = site.switch.rates, site.provider_stats.policies, _Total(site.switch)
    if all(one is not gate for one in shown.values()):
        shown[site.route if WHOLE_PROVIDER in shown else WHOLE_PROVIDER] = gate
    policies.rate_remaining, policies.rate_limit, policies.rate_held = total.remaining, total.limit, total.held


POLICY = Policy("rate", build, "rate", RateShaping)
