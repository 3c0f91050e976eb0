"""One call through retry to a scripted provider, on a clock that stands still: how often and when it was sent."""

import asyncio
from collections.abc import Callable
from typing import Any, NamedTuple

from sidecar.core.body import Body
from sidecar.core.errors import Sent, SidecarError
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies import attempt, retry
from sidecar.policies.order import fold
from sidecar.policies.policy import Policy
from sidecar.policies.retry_settings import Retry
from sidecar.policies.settings import Settings
from sidecar.rules.budget import Budget
from tests.unit.policies.stage import Stage, ask, respond


async def until(holds: Callable[[], object]) -> None:
    """Turn the loop until a condition holds."""
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110 - what it waits for sets no event
            await asyncio.sleep(0)


class Step(NamedTuple):
    """What comes of one send: an answer or an error, after ``takes`` seconds; ``sent``: what the wire knows."""

    gives: Response | BaseException
    sent: Sent
    takes: float = 0.0


def answers(status: int, *headers: tuple[bytes, bytes], body: Body | None = None, takes: float = 0.0) -> Step:
    """The provider answers."""
    return Step(respond(status, *headers, body=body), Sent.ALL, takes)


def fails(error: SidecarError, takes: float = 0.0) -> Step:
    """There is no answer; ``error.sent`` says how far the request got."""
    return Step(error, error.sent, takes)


def coming(data: bytes = b"", length: int | None = None) -> Body:
    """A body that has begun and goes on. ``length``: its Content-Length; None: chunked."""
    body = Body(length=length)
    if data:
        body.feed(data)
    return body


class Tries(Stage):
    """``steps``: what comes of the sends; after the last, 200. ``sends``: when each went out.

    ``ends``: per answer of the provider, the errors with which it was closed: exactly one entry, once all is over.
    """

    def __init__(
        self,
        *steps: Step,
        policies: tuple[Policy, ...] = (retry.POLICY, attempt.POLICY),
        settings: dict[str, Settings] | None = None,
        **wanted: Any,
    ) -> None:
        super().__init__(**{"retry": Retry(**wanted), **(settings or {})})
        self.policies = policies
        self.steps = list(steps)
        self.sends: list[float] = []
        self.ends: list[list[BaseException | None]] = []
        self.given: list[Response] = []
        self.gate: asyncio.Event | None = None
        self._handler: Handler | None = None

    @property
    def handler(self) -> Handler:
        """The stack, built at the first look."""
        if self._handler is None:
            self._handler = fold(self._send, self.site, self.policies)
        return self._handler

    async def call(self, exchange: Exchange, left: float = 8.0) -> Response:
        """Send it. ``left``: seconds until its deadline."""
        if exchange.deadline == float("inf"):
            exchange.deadline = self.now + left
        return await self.handler(exchange)

    async def _send(self, exchange: Exchange) -> Response:
        self.seen.append(exchange)
        self.sends.append(self.now)
        step = self.steps.pop(0) if self.steps else answers(200)
        attempt_made = exchange.attempts[-1]
        attempt_made.sent = Sent.MAYBE if step.sent is not Sent.NOTHING else Sent.NOTHING
        if self.gate is not None:
            await self.gate.wait()
        self.now += step.takes
        attempt_made.sent = step.sent
        if isinstance(step.gives, BaseException):
            raise step.gives
        ends: list[BaseException | None] = []
        self.ends.append(ends)
        self.given.append(step.gives)
        step.gives.closers.append(lambda _exchange, _response, error: ends.append(error))
        return step.gives

    @property
    def refused(self) -> dict[str, int]:
        """Why no further attempt was made."""
        return self.site.provider_stats.policies.retry_refused

    @property
    def retries(self) -> dict[str, int]:
        """Attempts made again, by reason."""
        return self.site.provider_stats.policies.retries

    @property
    def budget(self) -> Budget:
        """The provider's budget."""
        settings = self.site.of("retry", Retry).budget
        key = (self.site.provider, "retry-budget", settings.ratio, settings.floor)
        found: Budget = self.site.kept.objects[key]
        return found


def post(*headers: tuple[bytes, bytes], key: bytes | None = None, body: Body | None = None) -> Exchange:
    """A POST; ``key``: its idempotency key."""
    exchange = ask(b"/v1/x", *headers, method=b"POST")
    exchange.key = key
    exchange.body = body
    return exchange
