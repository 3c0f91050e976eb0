"""A server whose handler is the test, for tests of one connection of an app."""

import asyncio
from typing import Any

from sidecar.core.body import Body
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.http.app_connection import AppConnection
from sidecar.http.limits import Limits
from sidecar.http.server import Server
from sidecar.telemetry.stats import Stats
from tests.support.still import StillLoop, StillTransport, turn

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
OLD_GET = b"GET /x HTTP/1.0\r\n\r\n"
DATE = b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
LIMITS = Limits(header_timeout=10, idle_timeout=75)


class Source:
    """Whoever reads the answer's body."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause_body(self) -> None:
        self.calls.append("pause")

    def resume_body(self) -> None:
        self.calls.append("resume")


class Sink:
    """Takes a request's body."""

    def __init__(self) -> None:
        self.data = b""
        self.error: BaseException | None = None

    def body_data(self, data: bytes) -> None:
        self.data += data

    def body_end(self, trailers: Any) -> None:
        """It is complete."""

    def body_failed(self, error: BaseException) -> None:
        self.error = error


class Bench:
    """A server whose handler is the test: each call waits in ``calls`` until it is answered.

    ``ends``: the error that each response was closed with, None for a good end.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.loop = StillLoop()
        self.calls: list[tuple[Exchange, asyncio.Future[Response]]] = []
        self.bugs: list[BaseException] = []
        self.ends: list[BaseException | None] = []
        self.stats = Stats()
        loop: Any = self.loop
        self.server = Server(loop, self.loop.env(), limits, self._handle, self.stats, self.bugs.append)

    async def _handle(self, exchange: Exchange) -> Response:
        future = self.loop.create_future()
        self.calls.append((exchange, future))
        response: Response = await future
        response.closers.append(lambda exchange, response, error: self.ends.append(error))
        return response

    def connect(self, **options: Any) -> StillTransport:
        return StillTransport(AppConnection(self.server), **options)

    async def asked(self, transport: StillTransport, data: bytes = GET) -> Exchange:
        """The app sends; the exchange of the newest call."""
        transport.arrive(data)
        await turn()
        return self.calls[-1][0]

    async def answer(self, response: "Response | BaseException") -> None:
        """The newest call is answered."""
        future = self.calls[-1][1]
        if isinstance(response, Response):
            future.set_result(response)
        else:
            future.set_exception(response)
        await turn()

    async def pass_time(self, seconds: float) -> None:
        self.loop.advance(seconds)
        await turn()


def whole(content: bytes = b"ok", status: int = 299) -> Response:
    return Response(status, b"", Headers(), Body.of(content))


def streamed(length: int | None = None) -> tuple[Response, Source]:
    source = Source()
    return Response(299, b"", Headers(), Body(source, length)), source
