"""One connection of the app: requests in, answers out, in order.

``request_parser`` reads; this file keeps the order, writes the answers and holds both ends of the backpressure. One
task per connection walks each request through the policies; bodies are pushed past it (``core/body.py``).
"""

import asyncio
from collections import deque
from typing import cast

from sidecar.core.body import Body, Trailers
from sidecar.core.errors import BadRequest, ClientGone, Draining, NoAnswer, SidecarError
from sidecar.core.exchange import NEVER, Exchange, Response
from sidecar.core.headers import Headers
from sidecar.core.units import show_duration
from sidecar.http import answer
from sidecar.http.answer import CHUNKED, COUNTED, UNTIL_CLOSE
from sidecar.http.request_parser import RequestParser
from sidecar.http.reset import reset
from sidecar.http.server import Server
from sidecar.http.timer import LazyTimer
from sidecar.http.tunnel import join
from sidecar.http.unread import unread

_PIPELINE, _BODY = 1, 2
"""Why reading is on hold: a request waits its turn; a body's sink is full."""

_LINGER = 2.0
"""Seconds to wait for the app to notice an early answer before the connection is cut (RFC 9112 9.6)."""

_IDLE, _HEAD, _STALL, _WRITE, _LINGERING = range(5)
"""What the timer guards: the next request, a head, a request body, the app's reading, an early answer."""


class AppConnection(asyncio.Protocol):
    """The app's side of the journey."""

    __slots__ = (
        "_done", "_exchange", "_framing", "_full", "_holds", "_lingering", "_lost", "_next", "_parser", "_queue",
        "_response", "_room", "_server", "_task", "_timer", "_transport", "_wait",
    )  # fmt: skip

    def __init__(self, server: Server) -> None:
        self._server = server
        self._parser = RequestParser(self, server.limits, server.env.clock)
        self._timer = LazyTimer(server.loop, server.env.clock, self._timed_out)
        self._wait = _IDLE
        self._queue: deque[Exchange] = deque()
        self._next: asyncio.Future[None] | None = None
        self._done: asyncio.Future[BaseException | None] | None = None
        self._exchange: Exchange | None = None
        self._response: Response | None = None
        self._room: asyncio.Future[None] | None = None
        self._full = False
        self._holds = 0
        self._framing = COUNTED
        self._lingering = False
        self._lost = False

    # ---- the transport's side ----

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The app connected."""
        self._transport = cast("asyncio.Transport", transport)
        server = self._server
        if not server.admit(self):
            self._lost = True
            transport.close()
            return
        peer = transport.get_extra_info("peername")
        self._parser.client = str(peer[0]) if isinstance(peer, tuple) else "unix"
        self._guard(_IDLE, server.limits.idle_timeout)
        self._task = server.env.spawn(self._serve(), "app connection")

    def data_received(self, data: bytes) -> None:
        """Bytes of the app."""
        if self._lingering:
            return
        parser = self._parser
        parser.feed(data)
        if parser.ready:
            return
        if parser.early:
            self._hold(_PIPELINE)  # whose bytes these are is known when the provider has answered the upgrade
        if parser.current is not None:
            if not self._holds and not self._full:
                self._guard(_STALL, self._server.limits.idle_timeout)
        elif self._exchange is None and not self._queue and parser.in_head and self._wait != _HEAD:
            self._guard(_HEAD, self._server.limits.header_timeout)

    def eof_received(self) -> bool:
        """The app will send no more. As with nginx and Envoy that ends the call too: nobody waits for it."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone, by either side."""
        del exc
        if self._lost:
            return
        self._lost = True
        self._timer.close()
        if self._response is not None:
            # The task learns of it a turn of the loop later; until then nothing may be written to a closed transport.
            self._response.body.detach()
        current = self._parser.current
        if current is not None and current.body is not None:
            current.body.fail(ClientGone("the app closed the connection inside its request"))
        self._task.cancel()
        self._server.release(self)

    def pause_writing(self) -> None:
        """The app reads too slowly."""
        self._full = True
        self._guard(_WRITE, self._server.limits.idle_timeout)
        if self._response is not None:
            self._response.body.pause()

    def resume_writing(self) -> None:
        """The app reads on."""
        self._full = False
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
        if self._wait == _WRITE:
            self._timer.at = NEVER
            self._wait = _IDLE
            if self._parser.current is not None and not self._holds:
                self._guard(_STALL, self._server.limits.idle_timeout)
        if self._response is not None:
            self._response.body.resume()

    # ---- the server's side ----

    @property
    def busy(self) -> bool:
        """Whether a request is being read or answered."""
        asked = self._exchange is not None or bool(self._queue) or self._parser.in_head
        return asked or self._transport.get_write_buffer_size() > 0

    def close_idle(self) -> None:
        """Close the connection if no request has begun, nor waits to be read."""
        if not self.busy and not unread(self._transport):
            self._transport.close()

    def abort(self) -> None:
        """Close the connection now; the sidecar ends."""
        self._cut(Draining("the sidecar shut down before the call was finished"))

    # ---- the parser's side ----

    def on_head(self, exchange: Exchange) -> None:
        """A request has begun; it waits its turn."""
        if not self._full:
            self._timer.at = NEVER
        if not exchange.http10:
            exchange.inform = self._inform
        self._queue.append(exchange)
        if self._exchange is not None or len(self._queue) > 1:
            self._hold(_PIPELINE)
        waiter = self._next
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def on_bad_head(self, error: SidecarError, exchange: Exchange) -> None:
        """A request that cannot be read: it is answered in its turn, then the connection ends."""
        exchange.method = exchange.method or b"-"
        exchange.error = error
        self.on_head(exchange)

    def pause_body(self) -> None:
        """The request body's sink is full."""
        self._hold(_BODY)
        if self._wait == _STALL:
            self._timer.at = NEVER

    def resume_body(self) -> None:
        """The request body's sink has room."""
        self._unhold(_BODY)
        if self._parser.current is not None and not self._full:
            self._guard(_STALL, self._server.limits.idle_timeout)

    # ---- the answer's body comes here ----

    def body_data(self, data: bytes) -> None:
        """Pass one chunk on, at once."""
        if self._framing == CHUNKED:
            self._transport.writelines((b"%x\r\n" % len(data), data, b"\r\n"))
        else:
            self._transport.write(data)

    def body_end(self, trailers: Trailers) -> None:
        """The answer is complete."""
        if self._framing == CHUNKED:
            self._transport.write(answer.last_chunk(trailers))
        self._settle(None)

    def body_failed(self, error: BaseException) -> None:
        """The provider broke off: so does the answer, and it must not look complete (RFC 9112 8)."""
        self._settle(error)  # before the close, which would cancel the task and hide the error
        if self._framing == UNTIL_CLOSE:
            reset(self._transport)
        else:
            self._transport.close()

    # ---- one request after the other ----

    async def _serve(self) -> None:
        server, queue = self._server, self._queue
        handle, create_future = server.handle, server.loop.create_future
        exchange: Exchange | None = None
        response: Response | None = None
        try:
            while True:
                if not queue:
                    # While an app rests, what was kept of its last call, to be sent again, must not.
                    exchange = response = None
                    waiter = self._next = create_future()
                    await waiter
                exchange = self._exchange = queue.popleft()
                if exchange.body is not None:
                    self._ready_body(exchange.body, exchange)
                response = await handle(exchange)
                if response.tunnel is not None:
                    await self._tunnel(exchange, response)
                    return
                whole = response.body.replayable
                keep_alive = self._write_head(exchange, response, whole=whole)
                if whole:
                    # It was written in one piece together with the head.
                    response.close(exchange, None)
                else:
                    keep_alive = await self._stream(exchange, response) and keep_alive
                if self._full and keep_alive:
                    # An app that sends request after request and reads nothing must not fill our memory with answers.
                    self._room = server.loop.create_future()
                    await self._room
                self._finish(exchange)
                if not keep_alive:
                    break
                self._turn()
        except asyncio.CancelledError:
            if not self._lost:
                raise
        except NoAnswer:
            reset(self._transport)
            return
        except Exception as error:  # noqa: BLE001 - a bug of ours must end one connection, not the process
            self._broke(error, response)
            return
        self._end()

    async def _stream(self, exchange: Exchange, response: Response) -> bool:
        """Pass the body on as it comes; False when it broke off."""
        self._response = response
        done = self._done = self._server.loop.create_future()
        response.body.attach(self)
        try:
            error = await done
        except asyncio.CancelledError:
            response.body.detach()
            gone = ClientGone("the app closed the connection before the answer was complete")
            response.close(exchange, exchange.error or gone)
            raise
        self._response = None
        response.close(exchange, error)
        return error is None

    def _write_head(self, exchange: Exchange, response: Response, *, whole: bool) -> bool:
        """Write the head, with the body if it is all here; whether the connection may be used again."""
        server, body = self._server, exchange.body
        framing = self._framing = answer.framing_of(exchange, response)
        keep_alive = (
            exchange.keep_alive and not server.draining and framing != UNTIL_CLOSE and (body is None or body.complete)
        )
        if b"date" not in response.headers.index:
            response.lines += server.date_line()
        start = answer.head_of(exchange, response, framing, keep_alive=keep_alive)
        if whole:
            buffers = answer.whole(start, response.body, framing)
            if len(buffers) == 1:
                self._transport.write(buffers[0])
            else:
                self._transport.writelines(buffers)
        else:
            self._transport.write(start)
        return keep_alive

    async def _tunnel(self, exchange: Exchange, response: Response) -> None:
        connection = response.tunnel
        self._transport.write(answer.switching_head(exchange, response))
        done = self._done = self._server.loop.create_future()
        self._timer.close()
        early, self._parser.early = self._parser.early, b""

        def closed(from_app: int, from_provider: int, error: BaseException | None) -> None:
            exchange.tunneled = (from_app, from_provider)
            connection.tunnel_closed()
            self._settle(error)

        join(self._transport, connection.transport, early, connection.leftover, closed)
        try:
            response.close(exchange, await done)
        except asyncio.CancelledError:
            response.close(exchange, ClientGone("the tunnel was cut"))
            raise
        finally:
            self._lost = True
            self._server.release(self)

    # ---- small steps ----

    def _broke(self, error: Exception, response: Response | None) -> None:
        """End the connection, and the call on it: it has its log line, and gives back what it holds."""
        self._server.on_bug(error)
        self._transport.abort()
        if response is not None and self._exchange is not None:
            response.close(self._exchange, error)

    def _ready_body(self, body: Body, exchange: Exchange) -> None:
        """It is this request's turn: its body may have been read in part, or be known as broken."""
        if isinstance(body.error, SidecarError):
            exchange.error = body.error  # refused before a byte of it reaches the provider
        elif self._holds and not body.complete and not self._queue:
            self._unhold(_PIPELINE)

    def _finish(self, exchange: Exchange) -> None:
        """The answer is written. If the provider answered early, the rest of the request never reaches it."""
        self._exchange = None
        self._server.last_active = self._server.env.clock()
        if exchange.body is not None and not exchange.body.complete:
            exchange.body.fail(ClientGone("the answer was complete before the request"))

    def _turn(self) -> None:
        """Between two requests: read on, and watch for an app that does not send the next."""
        if self._parser.waiting:
            self._parser.go_on()
        if self._queue:
            return
        if self._holds:
            self._unhold(_PIPELINE | _BODY)
        limits, now = self._server.limits, self._server.last_active
        in_head = not self._parser.ready and self._parser.in_head
        self._wait = _HEAD if in_head else _IDLE
        self._timer.set(now + (limits.header_timeout if in_head else limits.idle_timeout), now)

    def _end(self) -> None:
        """Close; but let an app that is still sending read its answer first (RFC 9112 9.6)."""
        if self._lost:
            return
        if (self._parser.current is None and not self._parser.failed) or self._transport.is_closing():
            self._transport.close()
            if self._transport.get_write_buffer_size():
                self._guard(_WRITE, self._server.limits.idle_timeout)
            return
        self._lingering = True
        self._guard(_LINGERING, _LINGER)
        self._unhold(_PIPELINE | _BODY)
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def _inform(self, status: int, reason: bytes, headers: Headers) -> None:
        """Pass an interim answer on (RFC 9110 15.2)."""
        if not self._lost:
            self._transport.write(answer.interim_head(status, reason, headers))

    def _settle(self, error: BaseException | None) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(error)

    def _guard(self, wait: int, seconds: float) -> None:
        self._wait = wait
        now = self._server.env.clock()
        self._timer.set(now + seconds, now)

    def _timed_out(self) -> None:
        wait, current = self._wait, self._parser.current
        if wait == _HEAD:
            self._parser.refuse(BadRequest("the head did not arrive in time (limits.header_timeout)", status=408))
        elif wait == _STALL and current is not None and current.body is not None:
            current.body.fail(BadRequest("the request body stalled (limits.idle_timeout)", status=408))
        elif wait == _IDLE and not self._transport.get_write_buffer_size():
            self._transport.close()
        else:
            limit = show_duration(self._server.limits.idle_timeout)
            self._cut(ClientGone(f"the app took no byte of its answer for {limit} (limits.idle_timeout)"))

    def _cut(self, why: SidecarError) -> None:
        """Close the connection from our side; ``why`` goes into the log of the call under way."""
        if self._exchange is not None and self._exchange.error is None:
            self._exchange.error = why
        self._transport.abort()

    def _hold(self, reason: int) -> None:
        if not self._holds and not self._transport.is_closing():
            self._transport.pause_reading()
        self._holds |= reason

    def _unhold(self, reason: int) -> None:
        before, self._holds = self._holds, self._holds & ~reason
        if before and not self._holds and not self._transport.is_closing():
            self._transport.resume_reading()
