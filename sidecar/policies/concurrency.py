"""So many calls to a provider at once: the others wait for a slot, or are refused.

Little's law: calls at once = calls per second x seconds per call. So a provider that gets slower is asked less by
itself, which no rate limit does, and one that hangs cannot tie up everything the app has. A call that finds a free slot
pays 0.4 us for it, 0.9 us where the limit adapts.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sidecar.core.errors import ConcurrencyLimited, DeadlineExceeded, Outcome, Sent, Side, SidecarError
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.core.layer import Handler
from sidecar.core.units import show_duration
from sidecar.policies.policy import Policy
from sidecar.policies.settings import Duration, Switchable
from sidecar.policies.site import Site
from sidecar.policies.slots import Slots
from sidecar.policies.switches import WHOLE_PROVIDER, Switch
from sidecar.rules.aimd import Aimd

_MOST = 100_000
_OVERLOADED = frozenset({503, 504, 529})
"""Answers that mean "too much to do": RFC 9110 15.6.4, a gateway that waited in vain for what is behind it (15.6.5),
and 529 (docs.anthropic.com/en/api/errors). 500 and 502 are as often a bug or a restart: neither a yes nor a no."""
_SUCCESS, _CLIENT_ERROR, _THROTTLED = Outcome.SUCCESS, Outcome.CLIENT_ERROR, Outcome.THROTTLED

Count = Annotated[int, Field(ge=1, le=_MOST)]
"""A number of calls."""


class Concurrency(Switchable):
    """Calls to the provider at once; others wait for a slot or are answered ``concurrency_limited``.

    A call keeps its slot until the body of its answer has ended; a retry that waits for its time keeps none. Routes
    with the same limit share its slots.
    """

    limit: Count | Literal["adaptive"] | None = None
    """Calls at once, or ``adaptive``: found out between ``min`` and ``max``. There is no default: the provider's
    documentation says it, and a wrong one stops good calls. ``adaptive`` begins with 20; it grows while all slots are
    needed and answers come as fast as usual, and falls by 30 % on timeouts, throttling, 503, 504 and 529."""
    min: Count = 1
    """The least that ``adaptive`` may come to."""
    max: Count = 200
    """The most that ``adaptive`` may come to; connections are bounded by ``pool.max_connections`` as well."""
    max_wait: Duration = Field(1.0, ge=0, le=86400)
    """How long a call may wait for a slot, within ``timeouts.total``. A second gets over a burst; who waits for longer
    is better told. 0 refuses at once."""
    max_waiting: int = Field(200, ge=0, le=_MOST)
    """Calls of all routes that may wait; one more is refused. It bounds memory, and how old a call is when it goes."""
    priority: Literal["high", "low"] = "high"
    """Where calls of several routes wait, those of ``high`` go first, however long the others have waited."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.limit is None and self.mode != "off":
            msg = "limit is missing; write how many calls the provider takes at once, or adaptive"
            raise ValueError(msg)
        if self.min > self.max:
            msg = "min is more than max"
            raise ValueError(msg)
        return self


class _ConcurrencyLayer:
    __slots__ = ("_adaptive", "_clock", "_closer", "_high", "_max_wait", "_max_waiting", "_next", "_slots", "_stats")

    def __init__(self, inner: Handler, settings: Concurrency, slots: Slots, site: Site) -> None:
        self._next = inner
        self._slots = slots
        self._adaptive = settings.limit == "adaptive"
        self._max_wait = settings.max_wait
        self._max_waiting = settings.max_waiting
        self._high = settings.priority == "high"
        self._clock = site.env.clock
        self._stats = site.provider_stats.policies
        self._closer = self._closed

    async def handle(self, exchange: Exchange) -> Response:
        slots, inner = self._slots, self._next
        if slots.in_use < slots.limit:
            slots.in_use += 1
        else:
            await self._wait(exchange)
        try:
            response = await inner(exchange)
        except BaseException as error:
            self._end(exchange, error)
            raise
        attempt = exchange.attempts[-1]
        if self._adaptive:
            self._learn(attempt, response)
        if response.body.complete and response.tunnel is None:
            clock = self._clock
            slots.free(clock() - attempt.started)
        else:
            response.closers.append(self._closer)
        return response

    async def _wait(self, exchange: Exchange) -> None:
        """Wait for a slot; when it returns, one is taken.

        Raises:
            ConcurrencyLimited: none came in time, or too many wait.
        """
        slots, now = self._slots, self._clock()
        if slots.waiting >= self._max_waiting:
            raise self._refusal(f"and {slots.waiting} waited already (concurrency.max_waiting)")
        seconds = min(self._max_wait, exchange.deadline - now)
        if seconds <= 0 or not await self._in_line(exchange, seconds):
            why = "concurrency.max_wait" if seconds == self._max_wait else "the time for this call is up"
            raise self._refusal(f"for {show_duration(round(max(seconds, 0.0), 3))} ({why})")

    async def _in_line(self, exchange: Exchange, seconds: float) -> bool:
        began = self._clock()
        try:
            return await self._slots.wait(seconds, high=self._high)
        finally:
            waited = self._clock() - began
            self._stats.slot_wait.observe(waited)
            earlier = exchange.notes.get("slot_wait_ms", 0.0) if exchange.notes is not None else 0.0
            exchange.note("slot_wait_ms", earlier + int(waited * 1e6) / 1e3)

    def _refusal(self, why: str) -> ConcurrencyLimited:
        slots = self._slots
        return ConcurrencyLimited(
            f"every slot of {slots.limit} was in use {why}", retry_after=slots.expected_wait(high=self._high)
        )

    def _closed(self, exchange: Exchange, response: Response, error: BaseException | None) -> None:
        del response
        self._end(exchange, error)

    def _end(self, exchange: Exchange, error: BaseException | None) -> None:
        """The call has ended, without an answer or after the body of one."""
        now = self._clock()
        started = exchange.attempts[-1].started if exchange.attempts else now
        if error is not None and self._adaptive and self._overloads(error, exchange, now - started):
            self._slots.overloaded(now, started)
        self._slots.free(now - started)

    # ---- what an adaptive limit learns from ----

    def _learn(self, attempt: Attempt, response: Response) -> None:
        """Latency is the time to the head: how long a body takes is the matter of its size, and of the app."""
        outcome, headed = response.outcome, attempt.headed or self._clock()
        if outcome is _THROTTLED or response.status in _OVERLOADED:
            self._slots.overloaded(headed, attempt.started)
        elif outcome is _SUCCESS or outcome is _CLIENT_ERROR:
            self._slots.answered(headed, attempt.started)

    def _overloads(self, error: BaseException, exchange: Exchange, seconds: float) -> bool:
        """Whether this error means "too much to do": the provider's timeouts, connecting and bodies included.

        A call whose own time was up counts when the provider had longer than it usually takes, and the app did not ask
        for less time than the configuration gives. A reset or refused connection is an outage: the breaker's matter.
        """
        if isinstance(error, DeadlineExceeded):
            return error.sent is not Sent.NOTHING and not exchange.hurried and self._slots.slow(seconds)
        return isinstance(error, SidecarError) and error.side is Side.PROVIDER and error.outcome is Outcome.TIMEOUT


class _ObservingLayer(_ConcurrencyLayer):
    """Counts the calls that would have waited or been refused, and lets them pass."""

    __slots__ = ()

    async def _wait(self, exchange: Exchange) -> None:
        slots = self._slots
        waiting = slots.in_use - slots.limit  # the calls above the limit are those that would wait
        wait = (waiting + 1) * slots.expected_wait(high=True)
        refused = waiting >= self._max_waiting or wait > min(self._max_wait, exchange.deadline - self._clock())
        self._stats.would("concurrency", "refused" if refused else "waited")
        slots.in_use += 1


class _Total:
    """What all slots of a provider come to, where routes have limits of their own: for the gauges."""

    __slots__ = ("_switch",)

    def __init__(self, switch: Switch) -> None:
        self._switch = switch

    def in_use(self) -> float:
        return sum(slots.in_use for slots in self._switch.slots.values() if isinstance(slots, Slots))

    def limit(self) -> float:
        return sum(slots.limit for slots in self._switch.slots.values() if isinstance(slots, Slots))


def build(inner: Handler, site: Site) -> Handler:
    """Limit the calls of this route that are under way at once, if a limit is set.

    Calls that are only observed have slots of their own: they must not keep others waiting.
    """
    settings = site.of("concurrency", Concurrency)
    limit, lowest, highest = settings.limit, settings.min, settings.max
    if settings.mode == "off" or limit is None:
        return inner
    observed = settings.mode == "observe"
    if limit == "adaptive":
        slots = site.state("concurrency", lambda: _adaptive(lowest, highest), limit, lowest, highest, observed)
    else:
        slots = site.state("concurrency", lambda: Slots(limit), limit, observed)
    _show(slots, site)
    layer = _ObservingLayer if observed else _ConcurrencyLayer
    return layer(inner, settings, slots, site).handle


def _adaptive(lowest: int, highest: int) -> Slots:
    rule = Aimd(lowest, highest)
    return Slots(rule.slots, rule)


def _show(slots: Slots, site: Site) -> None:
    """Put the slots where metrics and the admin API find them: the first as the provider's, others as their route's."""
    shown, policies, total = site.switch.slots, site.provider_stats.policies, _Total(site.switch)
    if all(one is not slots for one in shown.values()):
        shown[site.route if WHOLE_PROVIDER in shown else WHOLE_PROVIDER] = slots
    policies.slots_in_use, policies.slot_limit = total.in_use, total.limit


POLICY = Policy("concurrency", build, "concurrency", Concurrency)
