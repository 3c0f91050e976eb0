"""Failures made on purpose, so that an app's handling of them can be tried: a test tool, off unless asked for.

It stands outside of deadline and retry: what it does is what the app gets, and the sidecar does not mend it. A delay
counts into the call's deadline.
"""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from sidecar.core.errors import BadRequest, DeadlineExceeded, FaultInjected, NoAnswer, Outcome
from sidecar.core.exchange import NEVER, Exchange, Response
from sidecar.core.layer import Handler
from sidecar.core.units import duration
from sidecar.policies.faulty_body import FaultyBody
from sidecar.policies.policy import Policy
from sidecar.policies.settings import Duration, Fraction, Size, Switchable
from sidecar.policies.site import Site
from sidecar.policies.timeouts import Timeouts
from sidecar.rules.classify import outcome
from sidecar.rules.fault import HEADER, Fault, contradiction, parse
from sidecar.telemetry.policy_stats import count

_HEADER = HEADER.lower().encode()
_RETRY_AFTER = 1.0
"""Seconds that an injected 429 asks to wait: long enough to be noticed, short enough for a test."""


def _status(value: Any) -> Any:
    if isinstance(value, int) and not isinstance(value, bool) and (value == 0 or 400 <= value <= 599):
        return value
    msg = "not a status to abort with; write one from 400 to 599, or 0 for none"
    raise ValueError(msg)


Status = Annotated[
    int,
    BeforeValidator(_status),
    WithJsonSchema({"anyOf": [{"const": 0}, {"type": "integer", "minimum": 400, "maximum": 599}]}),
]
"""A failure's status, or 0."""


class Faults(Switchable):
    """Failures injected on purpose into a share of the calls, or into those that ask for it. For tests only.

    A call gets all of them that are set: the delay first, then one end (``abort``, ``throttle`` or ``reset``), or else
    the provider's answer with a changed body.
    """

    percent: Fraction = 0.0
    """The share of calls that get the faults below; 0: only those that ask by ``Sidecar-Fault``, if they may."""
    delay: Duration = Field(0.0, ge=0, le=3600)
    """Waited before anything else; longer than ``timeouts.total`` it ends in ``deadline_exceeded``."""
    abort: Status = 0
    """Answer with this status (400 to 599) without asking the provider; 0: do not."""
    throttle: bool = False
    """Answer 429 with ``Retry-After: 1`` without asking the provider."""
    reset: bool = False
    """Reset the app's connection instead of answering."""
    truncate: Size | None = Field(None, ge=0)
    """Break the provider's answer off after this many bytes of its body; not set: do not."""
    slow: Size = Field(0, ge=0)
    """Pass the body of the provider's answer on at this many bytes per second; 0: as fast as it comes."""
    allow_header: bool = False
    """Obey ``Sidecar-Fault: delay=2s, abort=503, reset, throttle, truncate=100, slow=1KiB`` of the app, which then
    replaces the faults above for its call. Off: whoever can call must not be able to slow calls down."""

    @property
    def fault(self) -> Fault:
        """What a call of the share gets."""
        return Fault(self.delay, self.abort, self.throttle, self.reset, self.truncate, self.slow)

    @model_validator(mode="after")
    def _possible(self) -> "Faults":
        wrong = contradiction(self.fault)
        if wrong:
            raise ValueError(wrong)
        return self

    def __str__(self) -> str:
        """What may happen, in words; empty when nothing may."""
        by_chance = f"{self.percent * 100:g}% of calls: {self.fault}" if self.percent and self.fault.kinds else ""
        by_wish = f"calls that ask by {HEADER}" if self.allow_header else ""
        return "; ".join(part for part in (by_chance, by_wish) if part) if self.mode != "off" else ""


class _FaultsLayer:
    __slots__ = (
        "_allowed", "_clock", "_fault", "_next", "_observed", "_share", "_sleep", "_stats", "_total", "_uniform",
    )  # fmt: skip

    def __init__(self, inner: Handler, settings: Faults, site: Site) -> None:
        self._next = inner
        self._fault = settings.fault
        self._share = settings.percent if self._fault.kinds else 0.0
        self._allowed = settings.allow_header
        self._observed = settings.mode == "observe"
        self._total = site.of("timeouts", Timeouts).total
        self._stats = site.provider_stats.policies
        self._clock = site.env.clock
        self._sleep = site.env.sleep
        self._uniform = site.env.uniform

    def handle(self, exchange: Exchange) -> Awaitable[Response]:
        wish = exchange.headers.index.get(_HEADER) if self._allowed else None
        if wish is not None:
            try:
                fault = parse(wish.decode("latin-1"))
            except ValueError as error:
                raise BadRequest(f"{HEADER}: {error}") from None
        elif self._share and self._uniform(0, 1) < self._share:
            fault = self._fault
        else:
            return self._next(exchange)
        if self._observed:
            for kind in fault.kinds:
                self._stats.would("faults", kind)
            return self._next(exchange)
        return self._inject(exchange, fault)

    async def _inject(self, exchange: Exchange, fault: Fault) -> Response:
        for kind in fault.kinds:
            count(self._stats.faults, kind)
        exchange.note("fault", str(fault))
        if fault.delay:
            await self._delay(exchange, fault.delay)
        if fault.reset:
            exchange.error = FaultInjected("the connection was reset on purpose", outcome=Outcome.NETWORK_ERROR)
            raise NoAnswer
        if fault.throttle:
            raise FaultInjected("throttled on purpose", status=429, outcome=Outcome.THROTTLED, retry_after=_RETRY_AFTER)
        if fault.abort:
            raise FaultInjected(
                f"answered {fault.abort} on purpose", status=fault.abort, outcome=outcome(fault.abort, {})
            )
        response = await self._next(exchange)
        if response.tunnel is None and (fault.truncate is not None or fault.slow):
            broken = FaultInjected("the answer was broken off on purpose", outcome=Outcome.NETWORK_ERROR)
            loop = asyncio.get_running_loop()
            body = response.body = FaultyBody(response.body, broken, fault.truncate, fault.slow, loop)
            response.closers.append(body.closed)
        return response

    async def _delay(self, exchange: Exchange, seconds: float) -> None:
        """Wait, but no longer than the call may take; the deadline itself is set further inside."""
        ends = exchange.started + min(self._total or NEVER, _patience(exchange))
        left = ends - self._clock()
        await self._sleep(max(0.0, min(seconds, left)))
        if seconds > left:
            raise DeadlineExceeded("the time for this call was up before an injected delay was over")


def _patience(exchange: Exchange) -> float:
    """How long the app itself wants to wait, in seconds; what cannot be read is refused further inside."""
    wished = exchange.headers.index.get(b"sidecar-timeout")
    try:
        return NEVER if wished is None else duration(wished.decode("latin-1"))
    except ValueError:
        return NEVER


def build(inner: Handler, site: Site) -> Handler:
    """Inject faults into calls of this route, if any are asked for."""
    settings = site.of("faults", Faults)
    told = str(settings)
    if not told:
        return inner
    site.switch.faults[site.route] = told
    site.provider_stats.policies.faults_on = 1
    return _FaultsLayer(inner, settings, site).handle


POLICY = Policy("faults", build, "faults", Faults)
