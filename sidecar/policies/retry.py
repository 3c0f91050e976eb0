"""Send a failed call again, when that is safe, promising and within the budget. The only loop of the journey.

It stands outside of breaker, rate and concurrency: every attempt is judged and counted by them, and a retry that waits
holds nothing. What it decides by is in ``rules/``: resend (is it safe), backoff, budget, hints.
"""

import math
from typing import NamedTuple

from sidecar.core.errors import ClientGone, DeadlineExceeded, Outcome, Sent, Side, SidecarError, Superseded
from sidecar.core.exchange import NEVER, Exchange, Response
from sidecar.core.layer import Handler
from sidecar.core.methods import IDEMPOTENT
from sidecar.policies.hedge import Hedger
from sidecar.policies.policy import Policy
from sidecar.policies.rescue import sent_so_far
from sidecar.policies.retry_settings import Retry, reason_for_error
from sidecar.policies.site import Site
from sidecar.policies.spent import Spent
from sidecar.rules.backoff import after_hint, ceiling, full_jitter
from sidecar.rules.budget import Budget
from sidecar.rules.hints import retry_hint
from sidecar.rules.resend import harmless, invites, not_processed, wish
from sidecar.telemetry.policy_stats import count

_SUCCESS = Outcome.SUCCESS
_STREAMS = (b"text/event-stream", b"application/x-ndjson", b"application/stream+json", b"multipart/")
_CHUNKED_WITHIN = 0.02
"""Seconds for the end of a chunked answer to follow its head; one that takes longer is passed on as it comes."""
_UNLIMITED = 1 << 30
_BUDGET_WAIT = 1.0
"""Seconds after which an empty budget has room again: its window."""


class Failure(NamedTuple):
    """What came of an attempt: the provider's answer, or the error there is instead of one."""

    response: Response | None
    error: SidecarError | None


class Plan(NamedTuple):
    """The next attempt: in how many seconds, and the reason for it."""

    wait: float
    reason: str


class _Refused(Exception):
    """No further attempt. ``why``: label of the metric; None when the failure is none that is retried."""

    def __init__(self, why: str | None, wait: float = 0.0) -> None:
        super().__init__(why)
        self.why = why
        self.wait = wait


_EXHAUSTED = frozenset({"attempts", "budget", "breaker"})
"""Ends after which the app's own retries would only multiply ours."""


class _RetryLayer:
    __slots__ = (
        "_attempts", "_breaker_wait", "_budget", "_by_clock", "_call_id", "_clock", "_env", "_hold", "_mends", "_next",
        "_observed", "_on", "_rate_wait", "_settings", "_spent", "_stats", "_tell", "_veto",
    )  # fmt: skip

    def __init__(self, inner: Handler, settings: Retry, budget: Budget, spent: Spent, site: Site) -> None:
        self._settings = settings
        self._env = site.env
        self._clock = site.env.clock
        self._stats = site.provider_stats.policies
        self._observed = settings.mode == "observe"
        self._attempts = settings.attempts or _UNLIMITED
        self._by_clock = not settings.attempts
        self._budget = budget
        self._spent = spent
        self._breaker_wait = site.links.breaker_wait
        self._rate_wait = site.links.rate_wait
        self._on = settings.reasons
        self._mends = not self._on.isdisjoint(("reset", "timeout"))
        self._hold = settings.hold_bytes
        self._veto = tuple(name.lower().encode() for name in settings.veto)
        self._tell = settings.tell.encode() + b": false\r\n" if settings.tell else b""
        self._call_id = settings.call_id.lower().encode() if settings.call_id else b""
        self._next = inner
        if settings.hedge is not None and not self._observed:
            self._next = Hedger(inner, settings.hedge, budget, self._attempts, site).send

    async def handle(self, exchange: Exchange) -> Response:
        if self._call_id and self._call_id in exchange.headers.index and not self._observed:
            again = self._spent.answer(self._call(exchange), self._clock())
            if again is not None:
                return again
        self._budget.request(exchange.started)
        body = exchange.body
        if body is not None and not body.complete:
            body.remember(self._settings.body_bytes)
        if not self._observed:
            exchange.most = self._attempts
        try:
            response = await self._next(exchange)
        except SidecarError as error:
            return await self._go_on(exchange, Failure(None, error.bare()))
        if response.outcome is not _SUCCESS or not (response.body.complete or response.tunnel is not None):
            response = await self._go_on(exchange, Failure(response, None))
        if body is not None and body.keep:
            body.forget()  # an answer that streams for an hour need not hold its request as long
        return response

    async def _go_on(self, exchange: Exchange, last: Failure) -> Response:
        """Decide, wait and send again, until there is an answer for the app."""
        whole: Response | None = None  # the provider's last failing answer, kept for the app
        while True:
            if last.response is not None:
                last = await self._held(exchange, last.response)
                if last.response is not None and last.response.outcome is _SUCCESS:
                    return last.response
            try:
                plan = self._plan(exchange, last)
            except _Refused as end:
                return self._end(exchange, last, whole, end)
            count(self._stats.retries, plan.reason)
            exchange.note("retry_reason", plan.reason)
            if last.response is not None:
                whole = self._put_aside(exchange, last.response) or whole
            if not await self._wait(exchange, plan.wait):
                error = last.error or DeadlineExceeded("the time for this call was up before another try was allowed")
                return self._end(exchange, Failure(None, error), whole, _Refused("budget", _BUDGET_WAIT))
            try:
                last = Failure(await self._next(exchange), None)
            except SidecarError as error:
                last = Failure(None, error.bare())

    async def _wait(self, exchange: Exchange, wait: float) -> bool:
        """Wait for the next attempt, and have its share of the budget then; False: there was none by the deadline.

        Tries that are counted hold their share while they wait, or end where there is none. Tries by clock time take it
        when they go, and ask again where there is none: they have time, and must not give up for one busy moment.
        """
        try:
            await self._sleep_until(self._clock() + wait)
        except BaseException:
            if not self._by_clock:
                self._budget.give_back()
            raise
        while self._by_clock and not self._budget.take(now := self._clock()):
            again = now + self._env.uniform(_BUDGET_WAIT / 2, _BUDGET_WAIT)
            if again >= exchange.deadline:
                return False
            await self._sleep_until(again)
        self._budget.sent(self._clock())
        return True

    async def _sleep_until(self, at: float) -> None:
        while (left := at - self._clock()) > 0:  # a timer of the loop may fire early
            await self._env.sleep(left)

    # ---- an answer is held until it is whole ----

    async def _held(self, exchange: Exchange, response: Response) -> Failure:
        """Wait for the end of a short answer: one that breaks off can be asked for again, and is not passed on."""
        body = response.body
        if not body.complete and self._may_hold(exchange, response):
            left = exchange.deadline - self._clock()
            seconds = left if body.length is not None else min(left, _CHUNKED_WITHIN)
            try:
                await body.hold(self._hold, None if seconds == NEVER else max(0.0, seconds))
            except BaseException:
                response.close(exchange, ClientGone("the app left while its answer was held"))
                raise
            if body.error is not None:
                response.close(exchange, body.error)
                if isinstance(body.error, SidecarError):
                    return Failure(None, body.error)
                raise body.error
        return Failure(response, None)

    def _may_hold(self, exchange: Exchange, response: Response) -> bool:
        if self._observed or not self._hold or response.tunnel is not None:
            return False
        if not (self._mends and self._harmless(exchange)) and not self._retried(response):
            return False
        length = response.body.length
        if length is not None:
            return length <= self._hold
        kind = response.headers.index.get(b"content-type", b"").lower()
        return not kind.startswith(_STREAMS)

    def _put_aside(self, exchange: Exchange, response: Response) -> Response | None:
        """End this attempt. A whole answer is kept: nothing later may hide it, unless the provider answers again."""
        if not response.body.replayable:
            response.close(exchange, Superseded())
            return None
        response.settle(exchange, None)
        if exchange.body is not None and not exchange.body.complete:
            exchange.body.part(Superseded())  # half a request: its connection ends, else it would be free already
        return response

    # ---- the decision ----

    def _harmless(self, exchange: Exchange) -> bool:
        body = exchange.body
        return (body is None or body.intact) and harmless(
            self._settings.unsafe, idempotent=exchange.method in IDEMPOTENT, keyed=exchange.key is not None
        )

    def _retried(self, response: Response) -> bool:
        return response.outcome is not _SUCCESS and self._reason(response) in self._on

    def _reason(self, response: Response) -> str:
        if response.outcome is Outcome.THROTTLED:
            return "429"
        return "failure" if response.status < 400 else str(response.status)

    def _plan(self, exchange: Exchange, last: Failure) -> Plan:
        """When to make the next attempt.

        Raises:
            _Refused: there will be none.
        """
        response, error = last
        headers = response.headers.index if response is not None else {}
        wanted = wish(headers, self._veto)
        reason = self._reason(response) if response is not None else reason_for_error(error)
        if reason not in self._on and not wanted:
            raise _Refused(None)
        now = self._clock()
        left = exchange.deadline - now
        hint = retry_hint(headers, self._env.wall()) if headers else None
        if left <= 0:
            raise _Refused("deadline")
        if len(exchange.attempts) >= self._attempts:
            raise _Refused("attempts", self._longest(reason, exchange) if hint is None else hint)
        if exchange.body is not None and not exchange.body.intact:
            raise _Refused("body")
        sent = exchange.attempts[-1].sent if exchange.attempts else Sent.NOTHING
        status = response.status if response is not None else 0
        outcome = response.outcome if response is not None else None
        if not self._harmless(exchange) and not not_processed(
            sent, status, outcome, hinted=hint is not None and invites(headers), wanted=wanted is True
        ):
            raise _Refused("unsafe")
        if wanted is False:
            raise _Refused("veto")
        # Rate may hold the call longer than the hint: it knows the provider's clock, and who else waits.
        turn = self._rate_wait(now) if self._rate_wait is not None else 0.0
        if hint:  # 0 says that nothing was done, not how long to wait: the budget would be spent at once
            wait = max(after_hint(hint, self._env.uniform), turn)
            if wait >= left:
                raise _Refused("hint", max(hint, turn))
        else:
            wait = max(full_jitter(self._longest(reason, exchange), self._env.uniform), turn)
            if wait >= left:
                raise _Refused("deadline", turn)
        self._permit(reason or "", wait, now)
        return Plan(wait, reason or "")

    def _permit(self, reason: str, wait: float, now: float) -> None:
        """Take what the next attempt needs of the shared means; before the wait, so that waiting retries count."""
        if not self._by_clock and not self._budget.take(now):
            raise _Refused("budget", _BUDGET_WAIT)
        closed_for = self._breaker_wait(now) if self._breaker_wait is not None else 0.0
        if closed_for > wait:
            if not self._by_clock:
                self._budget.give_back()
            raise _Refused("breaker", closed_for)
        if self._observed:
            if not self._by_clock:
                self._budget.sent(now)
            self._stats.would("retry", reason)
            raise _Refused(None)

    def _longest(self, reason: str | None, exchange: Exchange) -> float:
        backoff = self._settings.throttle_backoff if reason == "429" else self._settings.backoff
        return ceiling(backoff.base, backoff.cap, len(exchange.attempts))

    # ---- the end ----

    def _end(self, exchange: Exchange, last: Failure, whole: Response | None, end: _Refused) -> Response:
        """The answer for the app: the provider's last one, if there is any; a refusal of ours must not hide it."""
        response, error = last
        if self._observed:
            return _given(last)
        why, wait = end.why, end.wait
        if why is None and error is not None and exchange.attempts and error.side is Side.LOCAL:
            why, wait = error.code, error.retry_after or 0.0  # our own refusal ended the tries
        if why is not None:
            count(self._stats.retry_refused, why)
            exchange.note("retry_refused", why)
        # One attempt is no retry: whoever sets that leaves the tries to the app's SDK.
        spent = why is not None and self._attempts > 1 and (why in _EXHAUSTED or len(exchange.attempts) > 1)
        if error is None or (whole is not None and self._tells_all(exchange, error)):
            answer = response or whole
            assert answer is not None
            self._mark(answer, wait, spent=spent)
            self._remember(exchange, answer, None, spent=spent)
            return answer
        if spent:
            error.lines += self._tell
        self._remember(exchange, None, error, spent=spent)
        try:
            raise error
        finally:
            del error, last  # this frame is in the error's traceback

    def _tells_all(self, exchange: Exchange, error: SidecarError) -> bool:
        """Whether the answer of an earlier attempt may stand for the last one, which got none.

        Not when the app has gone; and not when the last attempt may have been carried out and must not be repeated: the
        earlier answer says that nothing was done.
        """
        ambiguous = exchange.attempts[-1].sent is Sent.MAYBE and not self._harmless(exchange)
        return error.side is not Side.CLIENT and not ambiguous

    def _mark(self, answer: Response, wait: float, *, spent: bool) -> None:
        """Say when to come again, and that the tries are spent: the app's SDK must not multiply them."""
        if wait and b"retry-after" not in answer.headers.index:
            answer.lines += b"Retry-After: %d\r\n" % math.ceil(wait)
        if spent and self._tell:
            for name in self._veto:
                if name in answer.headers.index:
                    answer.headers.remove(name)
            answer.lines += self._tell

    def _remember(
        self, exchange: Exchange, answer: Response | None, error: SidecarError | None, *, spent: bool
    ) -> None:
        if spent and self._call_id and self._call_id in exchange.headers.index:
            if error is not None:
                error.sent = sent_so_far(exchange, error.sent)
            self._spent.remember(self._call(exchange), answer, error, self._clock())

    def _call(self, exchange: Exchange) -> bytes:
        """The name of a call. Its id alone may stand for more: an app may send one id on all calls of one task."""
        return b"%b %b %b" % (exchange.headers.index[self._call_id], exchange.method, exchange.path)


def _given(last: Failure) -> Response:
    """What came of the last attempt, as it is."""
    if last.error is not None:
        raise last.error
    assert last.response is not None
    return last.response


def build(inner: Handler, site: Site) -> Handler:
    """Retry the failed calls of this route, if anything is to be retried."""
    settings = site.of("retry", Retry)
    if settings.mode == "off":
        return inner
    ratio, floor = settings.budget.ratio, settings.budget.floor
    budget = site.state("retry-budget", lambda: Budget(ratio, floor.events / floor.seconds), ratio, floor)
    spent = site.state("retry-spent", Spent)
    clock = site.env.clock
    if site.provider_stats.policies.budget is None:  # the first is the provider's own; a route may have another
        site.provider_stats.policies.budget = lambda: float(budget.remaining(clock()))
    return _RetryLayer(inner, settings, budget, spent, site).handle


POLICY = Policy("retry", build, "retry", Retry)
