"""One connection to a provider: sends one request at a time and reads its answer.

The request's body is pushed in from the app's socket, the answer's body is pushed out to it. A connection goes
back to the pool only when both messages are complete and nothing else was read.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol, cast

from sidecar.core.body import Body, Trailers
from sidecar.core.errors import (
    BadResponse,
    ClientGone,
    Reset,
    ResponseIncomplete,
    Sent,
    SidecarError,
)
from sidecar.core.exchange import NEVER, Attempt, Exchange, Response
from sidecar.core.headers import Headers
from sidecar.http.head import trailer_block
from sidecar.http.patience import Patience
from sidecar.http.reset import last_words
from sidecar.http.response_parser import ResponseParser
from sidecar.http.timer import LazyTimer

_JOIN_BELOW = 64 * 1024

# Reading a member off its enumeration costs 0.2 us.
_MAYBE, _ALL = Sent.MAYBE, Sent.ALL


class Home(Protocol):
    """Where a connection goes when it is free."""

    def free(self, connection: "ProviderConnection") -> None:
        """The connection may carry another request."""

    def gone(self, connection: "ProviderConnection") -> None:
        """The connection has closed; called exactly once."""


class ProviderConnection(asyncio.Protocol):
    """A provider's side of the journey.

    ``opened``, ``freed``: monotonic seconds. ``used``: requests sent so far. ``tls``: whether it is encrypted.
    """

    __slots__ = (
        "_attempt", "_chunked", "_clock", "_exchange", "_full", "_held", "_home", "_loop", "_lost", "_parser",
        "_patience", "_request_body", "_request_done", "_response", "_response_done", "_timer", "_waiter",
        "addr", "freed", "opened", "tls", "transport", "used",
    )  # fmt: skip

    def __init__(self, home: Home, loop: asyncio.AbstractEventLoop, clock: Callable[[], float], *, tls: bool) -> None:
        self._home = home
        self._loop = loop
        self._clock = clock
        self._parser = ResponseParser(self)
        self._timer = LazyTimer(loop, clock, self._timed_out)
        self._waiter: asyncio.Future[Response] | None = None
        self._exchange: Exchange | None = None
        self._attempt: Attempt | None = None
        self._patience: Patience | None = None
        self._response: Response | None = None
        self._request_body: Body | None = None
        self._request_done = True
        self._response_done = True
        self._chunked = False
        self._full = False
        self._held = False
        self._lost = False
        self.tls = tls
        self.addr = ""
        self.opened = clock()
        self.freed = self.opened
        self.used = 0

    # ---- one request ----

    def usable(self) -> bool:
        """Whether a request may still be sent. A method, since it is asked twice a request: a property costs thrice."""
        return not self._lost and self._parser.reusable and not self.transport.is_closing()

    @property
    def answered(self) -> bool:
        """Whether a byte of the awaited answer has arrived."""
        return self._parser.begun

    @property
    def leftover(self) -> bytes:
        """What came behind a 101 head."""
        return self._parser.leftover

    def send(self, exchange: Exchange, attempt: Attempt, head: bytes, patience: Patience) -> "asyncio.Future[Response]":
        """Send one request. The future gives the response as soon as its head is here.

        It raises ``Reset``, ``BadResponse``, ``HeadTimeout``, ``AttemptTimeout``, ``DeadlineExceeded``, or the
        error of the request's own body. The caller has made sure that the connection is usable.
        """
        self._exchange = exchange
        self._attempt = attempt
        self._patience = patience
        self._response = None
        self._response_done = False
        self.used += 1
        self._parser.expect(exchange.method)
        waiter = self._waiter = self._loop.create_future()
        attempt.sent = _MAYBE
        body = exchange.body
        if body is not None and (not body.replayable or body.length is None or body.received > _JOIN_BELOW):
            self._request_done = False
            self._chunked = body.length is None
            self.transport.write(head)
            self._request_body = body
            body.attach(self)
            self._watch_head()
            return waiter
        self._request_done = True
        self.transport.write(head if body is None else head + body.content())
        clock = self._clock
        now = clock()
        self._timer.set(patience.head_at(exchange, attempt, now, asked=True), now)
        return waiter

    def abort(self) -> None:
        """Close now; whatever is under way has failed."""
        self._leave_body()
        self.transport.abort()

    def close(self) -> None:
        """Close when what is written has been sent.

        With TLS the socket waits for the provider's goodbye; the pool does not (RFC 8446 6.1 asks nobody to).
        """
        self.transport.close()
        if self.tls:
            self._gone()

    def closed_by(self, exchange: Exchange, response: Response, error: BaseException | None) -> None:
        """A closer of the response: when the app is gone, nobody reads the rest."""
        del response
        if self._exchange is exchange and error is not None:
            self.abort()

    def tunnel_closed(self) -> None:
        """The tunnel that took over the transport has ended."""
        self._gone()

    # ---- the transport's side ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands (and TLS with it)."""
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Bytes of the provider."""
        parser = self._parser
        parser.feed(data)
        if self._response_done:
            if self._exchange is not None and self._request_done:
                self._part(self._clock())
            elif not parser.reusable:
                self.close()
        elif self._response is not None and self._patience is not None and self._patience.idle:
            now = self._clock()
            self._timer.set(now + self._patience.idle, now)

    def eof_received(self) -> bool:
        """The provider will send no more. Bytes that it has not taken by now are not waited for."""
        self._ended(None)
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        if exc is not None and not self._response_done and not self.tls:
            # Our own write may have failed before the answer that came early was read.
            for data in last_words(self.transport):
                self._parser.feed(data)
        self._ended(exc)
        self._gone()

    def pause_writing(self) -> None:
        """The provider reads too slowly: from now on it keeps us waiting, not the app."""
        self._full = True
        if self._request_body is not None:
            self._request_body.pause()
            if self._response is None:
                self._watch_head()

    def resume_writing(self) -> None:
        """The provider reads on."""
        self._full = False
        if self._request_body is not None:
            self._request_body.resume()
            if self._response is None:
                self._watch_head()

    # ---- the parser's side ----

    def on_interim(self, status: int, reason: bytes, headers: Headers) -> None:
        """Pass it on to the app, if it can take it (RFC 9110 15.2)."""
        exchange = self._exchange
        if exchange is not None and exchange.inform is not None:
            exchange.inform(status, reason, headers)

    def on_response(self, response: Response) -> None:
        """The head is here: the waiting call goes on, the body may follow for long."""
        self._response = response
        attempt, waiter = self._attempt, self._waiter
        now = self._clock()
        if attempt is not None:
            attempt.headed = now
            attempt.sent = _ALL
        if response.status == 101:
            if not self._switched(response):
                return
        elif self._patience is not None and self._patience.idle:
            self._timer.set(now + self._patience.idle, now)
        else:
            self._timer.at = NEVER
        self._waiter = None
        if waiter is not None and not waiter.done():
            waiter.set_result(response)

    def on_whole(self, response: Response) -> None:
        """An answer in one piece, as most are: the waiting call goes on, and the connection may be free at once."""
        attempt, waiter, clock = self._attempt, self._waiter, self._clock
        now = clock()
        if attempt is not None:
            attempt.headed = now
            attempt.sent = _ALL
        self._waiter = None
        self._response_done = True
        if self._request_done:
            self._part(now)
        else:
            self._response = response
        if waiter is not None and not waiter.done():
            waiter.set_result(response)

    def _switched(self, response: Response) -> bool:
        """The connection is a tunnel's from now on, if that was asked for (RFC 9110 15.2.2); never the pool's."""
        if self._exchange is None or self._exchange.upgrade is None or not self._request_done:
            self._fail(BadResponse("it switched protocols without being asked to", sent=Sent.MAYBE))
            return False
        response.tunnel = self
        self._exchange = self._attempt = self._patience = None
        self._parser.reusable = True
        self._timer.close()
        if not self._held:
            self.transport.pause_reading()
        return True

    def on_complete(self) -> None:
        """The answer is complete."""
        self._response_done = True

    def on_broken(self, error: SidecarError) -> None:
        """The answer cannot be read."""
        error.sent = Sent.MAYBE
        self._fail(error)

    def pause_body(self) -> None:
        """The app reads too slowly."""
        if not self._held and not self.transport.is_closing():
            self._held = True
            self._timer.at = NEVER
            self.transport.pause_reading()

    def resume_body(self) -> None:
        """The app reads on."""
        if self._held:
            self._held = False
            if not self.transport.is_closing():
                self.transport.resume_reading()
                if self._patience is not None and self._patience.idle:
                    now = self._clock()
                    self._timer.set(now + self._patience.idle, now)

    # ---- the request's body comes here ----

    def body_data(self, data: bytes) -> None:
        """Pass one chunk on, at once."""
        if self._chunked:
            self.transport.writelines((b"%x\r\n" % len(data), data, b"\r\n"))
        else:
            self.transport.write(data)
        if self._response is None:
            self._watch_head()

    def body_end(self, trailers: Trailers) -> None:
        """The request is complete."""
        if self._chunked:
            self.transport.write(trailer_block(trailers) if trailers else b"0\r\n\r\n")
        self._request_body = None
        self._request_done = True
        if self._response is None:
            self._watch_head()
        elif self._response_done:
            self._part(self._clock())

    def body_failed(self, error: BaseException) -> None:
        """The app broke off: the provider must not take the request for a complete one."""
        self._request_body = None
        if isinstance(error, SidecarError):
            error.sent = Sent.MAYBE
        self._fail(error)

    # ---- small steps ----

    def _watch_head(self) -> None:
        """Wait for the head from now on; the nearest of three limits counts.

        ``patience.head`` is the provider's: it rests while the app sends its body, as slowly as ``limits.idle_timeout``
        allows; unless the app waits for a 100 (RFC 9110 10.1.1), or the provider takes no more.
        """
        patience, exchange, attempt = self._patience, self._exchange, self._attempt
        if patience is None or exchange is None or attempt is None:
            return
        clock = self._clock
        now = clock()
        asked = self._request_done or self._full or self._asked(exchange)
        self._timer.set(patience.head_at(exchange, attempt, now, asked=asked), now)

    def _asked(self, exchange: Exchange) -> bool:
        """Whether the app waits to be told to go on."""
        body = exchange.body
        return body is not None and not body.received and b"expect" in exchange.headers.index

    def _timed_out(self) -> None:
        patience, exchange, attempt = self._patience, self._exchange, self._attempt
        if patience is None or exchange is None or attempt is None:
            return
        late = self._response is None
        self._fail(patience.late(exchange, attempt, self._clock()) if late else patience.stalled())

    def _fail(self, error: BaseException) -> None:
        """The call fails with this error, and the connection with it."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(error)
        elif self._response is not None and not self._response.body.ended:
            self._response.body.fail(
                ResponseIncomplete(f"the request broke off: {error}") if isinstance(error, ClientGone) else error
            )
        self.abort()

    def _part(self, now: float) -> None:
        """Both messages are complete: free for the next, or done."""
        self._exchange = self._attempt = self._patience = self._response = None
        self._timer.at = NEVER
        if self._held:
            self.resume_body()
        self.freed = now
        if self.usable():
            self._home.free(self)
        else:
            self.close()

    def _ended(self, exc: Exception | None) -> None:
        """Nothing more will be read: that completes an answer framed by the close, and breaks any other."""
        begun = self._parser.begun
        self._parser.eof(clean=exc is None)
        self._parser.reusable = False
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            why = f": {exc}" if exc is not None else ""
            error: SidecarError = Reset(f"the provider closed the connection before it answered{why}", sent=Sent.MAYBE)
            if begun:
                error = ResponseIncomplete(
                    f"the provider broke off inside the head of its answer{why}", sent=Sent.MAYBE
                )
            waiter.set_exception(error)
        self._leave_body()

    def _leave_body(self) -> None:
        body, self._request_body = self._request_body, None
        if body is not None:
            body.detach()
            body.resume()

    def _gone(self) -> None:
        if not self._lost:
            self._lost = True
            self._timer.close()
            self._home.gone(self)
