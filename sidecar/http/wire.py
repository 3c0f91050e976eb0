"""The end of the journey: one request on one connection of the provider's pool."""

import asyncio
from dataclasses import dataclass

from sidecar.core.env import Env
from sidecar.core.errors import AttemptTimeout, DeadlineExceeded, Reset
from sidecar.core.exchange import NEVER, Attempt, Exchange, Response
from sidecar.core.headers import Shape
from sidecar.core.methods import IDEMPOTENT
from sidecar.core.units import show_duration
from sidecar.http.head import RESPONSE_VIA, Edit, nominated, request_head, request_template, tokens
from sidecar.http.patience import Patience
from sidecar.http.pool import Pool, Waits
from sidecar.http.provider_connection import ProviderConnection
from sidecar.rules.trace_context import SAMPLED, with_span


@dataclass(frozen=True, slots=True)
class WireSettings:
    """What is fixed for a route.

    ``base``: path of ``base_url`` without trailing slash. ``host``: the provider's authority. ``app_host``: pass the
    app's Host on instead. ``traced``: spans are made.
    """

    base: bytes
    host: bytes
    app_host: bool
    waits: Waits
    patience: Patience
    traced: bool = False


class Wire:
    """The innermost handler of a route."""

    __slots__ = ("_base", "_clock", "_edit", "_host_line", "_new_id", "_pool", "_settings", "_templates")

    def __init__(self, pool: Pool, settings: WireSettings, edit: Edit, env: Env) -> None:
        self._edit = edit
        self._pool = pool
        self._settings = settings
        self._clock = env.clock
        self._new_id = env.new_id
        self._base = settings.base
        self._host_line = b"Host: " + settings.host + b"\r\n"
        self._templates: dict[Shape, bytes] = {}

    async def handle(self, exchange: Exchange) -> Response:
        """Send the request of ``exchange`` and give the response when its head is here.

        A connection that dies while idle is noticed only by using it. The request goes out again, once, on another
        one, if no byte of an answer came and sending twice does no harm (RFC 9110 9.2.2, RFC 9112 9.3.1).

        Raises:
            SidecarError: every error of ``Pool.open`` and ``ProviderConnection.send``.
        """
        attempt = exchange.attempts[-1]
        if exchange.deadline <= attempt.started:
            raise DeadlineExceeded("the time for this call was up before it was sent")
        body = exchange.body
        safe = exchange.method in IDEMPOTENT and (body is None or body.replayable)
        head = self._head(exchange, attempt)
        connection = self._pool.take(safe=safe)
        while True:
            if connection is None:
                connection = await self._open(exchange, attempt)
            reused = attempt.reused = connection.used > 0
            attempt.addr = connection.addr
            try:
                response = await connection.send(exchange, attempt, head, self._settings.patience)
            except asyncio.CancelledError:
                connection.abort()
                raise
            except Reset as error:
                if not (reused and safe) or connection.answered or len(exchange.attempts) >= exchange.most:
                    raise
                attempt = self._again(exchange, attempt, error)
                if attempt.line:
                    head = self._head(exchange, attempt)
                connection = None
                continue
            response.lines = RESPONSE_VIA
            if not response.body.complete:
                response.closers.append(connection.closed_by)
            return response

    def _head(self, exchange: Exchange, attempt: Attempt) -> bytes:
        headers = exchange.headers
        shape = headers.shape
        if shape is None:
            return self._special_head(exchange, attempt)
        templates = self._templates
        template = templates[shape] if shape in templates else self._learn(shape)
        return template % (exchange.method, exchange.path, *headers.index.values(), exchange.lines, attempt.line)

    def _learn(self, shape: Shape) -> bytes:
        """Once for each shape; there is a bounded number of them."""
        edit = self._edit
        host_line = None if self._settings.app_host else self._host_line
        template = self._templates[shape] = request_template(shape, edit.drop, host_line, self._base, edit.lines)
        return template

    def _special_head(self, exchange: Exchange, attempt: Attempt) -> bytes:
        """For a head that is not ordinary, or that a policy has changed."""
        settings = self._settings
        index = exchange.headers.index
        drop = self._edit.drop
        lines = self._edit.lines + exchange.lines + attempt.line
        connection = index.get(b"connection")
        if connection is not None:
            drop = nominated(connection, drop)
            if b"te" in index and b"trailers" in tokens(index[b"te"]):
                lines += b"Connection: TE\r\nTE: trailers\r\n"
        if exchange.http10 and b"expect" in index:
            drop = drop | {b"expect"}  # RFC 9110 10.1.1: an HTTP/1.0 app cannot be told to go on
        if exchange.upgrade is not None:
            lines += b"Connection: Upgrade\r\nUpgrade: %b\r\n" % exchange.upgrade
        body = exchange.body
        if body is not None and body.length is None:
            lines += b"Transfer-Encoding: chunked\r\n"
        host_line = self._host_line
        if settings.app_host and b"host" in index:
            host_line = b"Host: " + index[b"host"] + b"\r\n"
        path = exchange.path if exchange.path == b"*" else self._base + exchange.path
        start = b"%b %b HTTP/1.1\r\n" % (exchange.method, path)
        return request_head(start, exchange.headers, drop, host_line, lines)

    async def _open(self, exchange: Exchange, attempt: Attempt) -> ProviderConnection:
        patience = self._settings.patience
        attempt_at = attempt.started + patience.attempt if patience.attempt else NEVER
        at = min(exchange.deadline, attempt_at)
        left = at - self._clock()
        try:
            if left <= 0:
                raise TimeoutError
            async with asyncio.timeout(None if at == NEVER else left):
                return await self._pool.open(attempt, self._settings.waits)
        except TimeoutError:
            if exchange.deadline <= attempt_at:
                raise DeadlineExceeded("the time for this call was up before a connection was ready") from None
            limit = show_duration(patience.attempt)
            raise AttemptTimeout(f"no connection was ready within {limit} (timeouts.attempt)") from None

    def _again(self, exchange: Exchange, attempt: Attempt, error: Reset) -> Attempt:
        """Write the dead connection down as an attempt of its own: it was a send."""
        now = self._clock()
        attempt.ended = now
        attempt.error = error.code
        fresh = Attempt(attempt.n + 1, now)
        fresh.span_id = attempt.span_id
        if self._settings.traced and attempt.line and exchange.trace.flags & SAMPLED:
            # Two sends are two spans, and the provider's are to hang below the right one.
            fresh.span_id = self._new_id(16)
            fresh.line = with_span(attempt.line, fresh.span_id)
        exchange.attempts.append(fresh)
        return fresh
