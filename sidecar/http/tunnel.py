"""After 101 Switching Protocols: bytes both ways until both sides have closed (RFC 9110 7.8)."""

import asyncio
from collections.abc import Callable
from typing import cast

from sidecar.http.reset import reset

Done = Callable[[int, int, BaseException | None], None]
"""Called once when both ends are closed: bytes from the app, bytes from the provider, the error if any."""


class _End(asyncio.Protocol):
    """One side. What it reads, the other side writes; a close is passed on as a close."""

    __slots__ = ("_tunnel", "closed", "ended", "peer", "received", "transport")

    peer: "_End"

    def __init__(self, transport: asyncio.Transport, tunnel: "Tunnel") -> None:
        self.transport = transport
        self._tunnel = tunnel
        self.received = 0
        self.ended = False
        self.closed = False

    def data_received(self, data: bytes) -> None:
        self.received += len(data)
        self.peer.transport.write(data)

    def eof_received(self) -> bool:
        self.ended = True
        other = self.peer.transport
        if self.peer.ended or not other.can_write_eof():
            other.close()
            return False
        other.write_eof()
        return True

    def pause_writing(self) -> None:
        if not self.peer.closed:
            self.peer.transport.pause_reading()

    def resume_writing(self) -> None:
        if not self.peer.closed:
            self.peer.transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.closed = True
        if exc is not None:
            reset(self.peer.transport)
        else:
            self.peer.transport.close()
        self._tunnel.end_closed(exc)


class Tunnel:
    """Two joined transports."""

    __slots__ = ("_app", "_done", "_error", "_provider")

    def __init__(self, app: asyncio.Transport, provider: asyncio.Transport, done: Done) -> None:
        self._done: Done | None = done
        self._error: BaseException | None = None
        self._app = _End(app, self)
        self._provider = _End(provider, self)
        self._app.peer = self._provider
        self._provider.peer = self._app

    def start(self, from_app: bytes, from_provider: bytes) -> None:
        """Join the transports; the arguments are bytes that were read before."""
        for end, early in ((self._app, from_app), (self._provider, from_provider)):
            end.transport.set_protocol(end)
            if early:
                end.data_received(early)
        for end in (self._app, self._provider):
            if end.transport.is_closing():
                end.peer.transport.close()
            else:
                end.transport.resume_reading()

    def end_closed(self, error: BaseException | None) -> None:
        """One end has closed."""
        self._error = self._error or error
        if self._app.closed and self._provider.closed and self._done is not None:
            done, self._done = self._done, None
            done(self._app.received, self._provider.received, self._error)


def join(
    app: asyncio.BaseTransport, provider: asyncio.BaseTransport, from_app: bytes, from_provider: bytes, done: Done
) -> None:
    """Join two transports for good."""
    tunnel = Tunnel(cast("asyncio.Transport", app), cast("asyncio.Transport", provider), done)
    tunnel.start(from_app, from_provider)
