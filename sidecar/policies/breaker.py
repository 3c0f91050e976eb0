"""Stop calling a provider that fails, and find out when it is back: it can recover, and the app does not wait in vain.

This file is the layer and its settings. The guard is in ``circuit.py``, what it decides by in ``rules/``: health (what
counts), window and trip (when to open), open_time (for how long), trials (when to close).
"""

from typing import Literal

from pydantic import Field

from sidecar.core.errors import BreakerOpen, Outcome
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies.breaker_journal import Journal, enrol
from sidecar.policies.circuit import CLOSED, UNADMITTED, Circuit
from sidecar.policies.policy import Policy
from sidecar.policies.settings import Duration, Fraction, Switchable
from sidecar.policies.site import Site
from sidecar.rules.health import Verdict, of_answer, of_body, of_error
from sidecar.rules.hints import retry_hint
from sidecar.rules.open_time import OpenTime
from sidecar.rules.trials import Trials
from sidecar.rules.trip import Thresholds, Trip
from sidecar.rules.window import Window

_SUCCESS = Verdict.SUCCESS


class Breaker(Switchable):
    """Calls to a provider that fails are refused at once (``breaker_open``), until trial calls succeed.

    Failures are 5xx answers, time-outs of the provider, lost connections and broken-off answers. 4xx, refusals of our
    own, the app's leaving and the app's own shorter deadline do not count. A call that is retried counts once per try.
    """

    window: Duration = Field(30.0, ge=1, le=3600)
    """What is counted: the calls that ended within this time. Long enough for ``min_calls`` at one call a second, short
    enough that an old trouble is soon forgotten."""
    min_calls: int = Field(20, ge=1, le=1_000_000)
    """Rates mean something only among so many calls in ``window``; with fewer, only ``consecutive`` opens."""
    error_rate: Fraction = Field(0.5, gt=0)
    """Opens when this part of the calls failed. Half: no healthy provider comes near it, and retries help no longer."""
    consecutive: int = Field(10, ge=0, le=1_000_000)
    """Opens after so many failures in a row, at any volume; 0: never. Finds an outage before the rate has moved."""
    slow_call: Duration = Field(5.0, ge=0, le=3600)
    """A call is slow when its head takes longer, counted without our own waits; 0: none is. A provider that hangs holds
    the app's threads as well as one that fails."""
    slow_rate: Fraction = Field(1.0, gt=0)
    """Opens when this part of the calls was slow. 100 %: only when nothing is quick any more; lower it where slowness
    hurts."""
    open_for: Duration = Field(5.0, gt=0, le=3600)
    """The shortest time without calls; up to a quarter more is drawn at random, so that sidecars do not probe together.
    Doubled after every failed trial. 5 s is a restart of the provider."""
    max_open: Duration = Field(120.0, gt=0, le=86400)
    """The time without calls grows up to this (and the quarter). It is also how long a trial that never ends is waited
    for. After an outage of hours the first trial comes 2.5 minutes late at most."""
    trials: int = Field(3, ge=1, le=1000)
    """Calls let through to see whether the provider is back. All must succeed, then the breaker closes at once; the
    first failure opens it again. One may be luck, ten would hurt a provider that is just starting."""
    scope: Literal["provider", "route"] = "provider"
    """One breaker for all routes (whose settings are the same), or one for each."""
    on_throttle: bool = False
    """A 429 that says how long to wait opens until then. Off: ``rate`` slows down instead of stopping all."""


class _BreakerLayer:
    __slots__ = ("_circuit", "_clock", "_enforced", "_next", "_on_throttle", "_stats", "_wall")

    def __init__(self, inner: Handler, settings: Breaker, circuit: Circuit, site: Site) -> None:
        self._next = inner
        self._circuit = circuit
        self._clock = site.env.clock
        self._wall = site.env.wall
        self._stats = site.provider_stats.policies
        self._enforced = settings.mode == "enforce"
        self._on_throttle = settings.on_throttle

    async def handle(self, exchange: Exchange) -> Response:
        circuit = self._circuit
        exchange.admitted = circuit.admit(self._clock()) if circuit.state == CLOSED else self._admit(exchange)
        try:
            response = await self._next(exchange)
        except BaseException as error:
            self._raised(exchange, error)
            raise
        verdict = of_answer(response.outcome)
        if verdict is not _SUCCESS or response.body.complete or _endless(response):
            self._answered(exchange, response, verdict)
        else:
            now = self._clock()
            circuit.headed(exchange.admitted, _seconds(exchange, now), now)
            response.closers.append(self._closed)
        return response

    def _admit(self, exchange: Exchange) -> int:
        """Admission when not every call may go."""
        circuit = self._circuit
        try:
            mark = circuit.admit(self._clock())
        except BreakerOpen:
            exchange.note("breaker", circuit.state)
            if self._enforced:
                raise
            self._stats.would("breaker", "refused")
            return UNADMITTED
        if circuit.state != CLOSED:
            exchange.note("breaker", circuit.state)
        return mark

    def _answered(self, exchange: Exchange, response: Response, verdict: Verdict) -> None:
        now = self._clock()
        if self._on_throttle and response.outcome is Outcome.THROTTLED:
            hint = retry_hint(response.headers.index, self._wall())
            if hint:
                self._circuit.hold(exchange.admitted, hint, now)
                return
        self._circuit.report(exchange.admitted, verdict, _seconds(exchange, now), now)

    def _closed(self, exchange: Exchange, response: Response, error: BaseException | None) -> None:
        """An answer that began well has ended."""
        del response
        now = self._clock()
        self._circuit.report(exchange.admitted, of_body(error), _seconds(exchange, now), now)

    def _raised(self, exchange: Exchange, error: BaseException) -> None:
        now = self._clock()
        seconds = _seconds(exchange, now)
        verdict = of_error(error, seconds, exchange.deadline - exchange.started, hurried=exchange.hurried)
        self._circuit.report(exchange.admitted, verdict, seconds, now)


def _seconds(exchange: Exchange, now: float) -> float:
    """How long the provider took to the head of its answer, or has taken until now.

    Our own queues are left out, as they are no fault of the provider: those of rate and concurrency come before the
    attempt begins, and ``waited`` is the pool's.
    """
    if not exchange.attempts:
        return 0.0
    attempt = exchange.attempts[-1]
    return (attempt.headed or now) - attempt.started - attempt.waited


def _endless(response: Response) -> bool:
    """Streams and tunnels may last for hours: they are judged by their head."""
    if response.tunnel is not None:
        return True
    kind = response.headers.index.get(b"content-type")
    return kind is not None and kind[:17].lower() == b"text/event-stream"


def build(inner: Handler, site: Site) -> Handler:
    """Guard the calls of this route, if it has a breaker. In ``mode: observe`` it tells what it would have done."""
    settings = site.of("breaker", Breaker)
    if settings.mode == "off":
        return inner
    alone = settings.scope == "route"
    journal = site.state("breaker", lambda: _make(settings, site), settings, site.route if alone else None)
    enrol(journal, site, alone=alone)
    circuit = journal.circuit
    if settings.mode == "enforce":
        site.links.breaker_wait = circuit.wait
    return _BreakerLayer(inner, settings, circuit, site).handle


def _make(settings: Breaker, site: Site) -> Journal:
    limits = Thresholds(settings.min_calls, settings.error_rate, settings.slow_rate, settings.consecutive)
    circuit = Circuit(
        Trip(limits, Window(settings.window)),
        OpenTime(settings.open_for, settings.max_open, site.env.uniform),
        lambda: Trials(settings.trials, settings.max_open, settings.open_for, settings.slow_rate),
        settings.trials,
        settings.slow_call,
    )
    return Journal(circuit, site, observed=settings.mode == "observe")


POLICY = Policy("breaker", build, "breaker", Breaker)
