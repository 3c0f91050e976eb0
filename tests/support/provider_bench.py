"""One connection to a provider and its pool, for tests of that connection alone."""

import asyncio
from typing import Any

from sidecar.core.body import Body
from sidecar.core.errors import (
    SidecarError,
)
from sidecar.core.exchange import NEVER, Attempt, Exchange, Response
from sidecar.core.headers import Headers
from sidecar.http.patience import Patience
from sidecar.http.provider_connection import ProviderConnection
from tests.support.still import StillLoop, StillTransport

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
HEAD = b"POST / HTTP/1.1\r\n\r\n"
BIG = bytes(64 * 1024 + 1)


class Home:
    """The pool's side. ``freed`` and ``ended``: how often it was told."""

    def __init__(self) -> None:
        self.freed = self.ended = 0

    def free(self, connection: ProviderConnection) -> None:
        self.freed += 1

    def gone(self, connection: ProviderConnection) -> None:
        self.ended += 1


class Bench:
    """One connection of the pool."""

    def __init__(self) -> None:
        self.home, self.loop = Home(), StillLoop()
        loop: Any = self.loop
        self.connection = ProviderConnection(self.home, loop, lambda: self.loop.now, tls=False)
        self.transport = StillTransport(self.connection)

    def send(
        self,
        body: Body | None = None,
        head: float = 0,
        idle: float = 0,
        attempt: float = 0,
        deadline: float = NEVER,
        upgrade: bytes | None = None,
    ) -> "asyncio.Future[Response]":
        """Send a request; the times are from now on."""
        self.exchange = Exchange(b"GET", b"/", Headers(), body, "", self.loop.now)
        self.exchange.deadline = self.loop.now + deadline
        self.exchange.upgrade = upgrade
        self.attempt = Attempt(1, self.loop.now)
        return self.connection.send(self.exchange, self.attempt, HEAD, Patience(head, idle, attempt))

    def failed(self, answer: "asyncio.Future[Response]") -> SidecarError:
        """The error of a call that has failed; the connection has, too."""
        error = answer.exception()
        assert isinstance(error, SidecarError)
        assert self.transport.closed
        assert not self.connection.usable()
        return error


class Sink:
    """Takes the answer's body."""

    def __init__(self) -> None:
        self.data = b""
        self.trailers: Any = None
        self.error: BaseException | None = None

    def body_data(self, data: bytes) -> None:
        self.data += data

    def body_end(self, trailers: Any) -> None:
        self.trailers = trailers

    def body_failed(self, error: BaseException) -> None:
        self.error = error


class Source:
    """Whoever reads the request's body."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause_body(self) -> None:
        self.calls.append("pause")

    def resume_body(self) -> None:
        self.calls.append("resume")
