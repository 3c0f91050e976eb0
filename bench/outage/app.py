"""The app of the storm: an open loop. Every call leaves when it is due, whatever became of those before.

Connections are kept alive and reused, the youngest first, as the pools of SDKs do; a new one is opened when none is
free. Latency counts from the due time, so that a load generator that comes late cannot hide it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol, cast

import httptools

from bench.outage import PATIENCE, Call

NO_ANSWER = 0
"""Stands for a status where the connection broke or the app's patience ended."""

RETRIED = frozenset({NO_ANSWER, 429, 502, 503, 504})
"""What the naive client tries again; the other lines retry the same."""


class Answer(NamedTuple):
    """``status``, and what a sidecar says of the call in ``Sidecar-Outcome`` (else empty)."""

    status: int
    outcome: str


class Result(NamedTuple):
    """What became of a call: its answer, and the seconds from its due time to the last byte."""

    call: Call
    answer: Answer
    latency: float

    @property
    def succeeded(self) -> bool:
        """Whether the app got what it asked for."""
        return self.answer.status == 200


class _Connection(asyncio.Protocol):
    """One kept-alive connection: a request, its whole answer, the next request."""

    def __init__(self, client: "Client") -> None:
        self._client = client
        self._waiting: asyncio.Future[Answer] | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._outcome = ""
        self.transport: asyncio.Transport

    def ask(self, request: bytes) -> "asyncio.Future[Answer]":
        """Send a request; the future ends with its answer."""
        self._waiting = asyncio.get_running_loop().create_future()
        self._outcome = ""
        self.transport.write(request)
        return self._waiting

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called by the parser."""
        if name.lower() == b"sidecar-outcome":
            self._outcome = value.decode("latin-1")

    def on_message_complete(self) -> None:
        """Called by the parser."""
        keep = self._parser.should_keep_alive()
        status = self._parser.get_status_code()
        if keep:
            self._client.idle.append(self)
        else:
            self.transport.close()
        self._end(Answer(status, self._outcome))

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if self in self._client.idle:
            self._client.idle.remove(self)
        self._end(Answer(NO_ANSWER, ""))

    def _end(self, answer: Answer) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(answer)
        self._waiting = None


class Request(Protocol):
    """Something that can be sent."""

    def request(self, prefix: bytes, port: int) -> bytes:
        """Its bytes, for a port and a prefix of the path."""


class Client:
    """Sends calls to one port. ``prefix``: the path in front of the provider's own."""

    def __init__(self, port: int, prefix: bytes) -> None:
        self.idle: list[_Connection] = []
        self._port = port
        self._prefix = prefix

    async def send(self, call: Request) -> Answer:
        """One try."""
        request = call.request(self._prefix, self._port)
        if self.idle:
            connection = self.idle.pop()
        else:
            loop = asyncio.get_running_loop()
            try:
                _, connection = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
            except OSError:
                return Answer(NO_ANSWER, "")
        try:
            return await connection.ask(request)
        except asyncio.CancelledError:
            connection.transport.abort()
            raise

    async def send_naively(self, call: Call) -> Answer:
        """Up to four tries: what a retry loop does that knows no jitter, no budget and no method.

        The waits are those of ``urllib3.Retry(total=3, backoff_factor=0.1, allowed_methods=None)``: none before the
        first retry, then the factor times 2, times 4.
        """
        answer = await self.send(call)
        for wait in (0.0, 0.2, 0.4):
            if answer.status not in RETRIED:
                break
            await asyncio.sleep(wait)
            answer = await self.send(call)
        return answer

    def close(self) -> None:
        """Close what is idle; nothing else is open when every call has ended."""
        for connection in tuple(self.idle):
            connection.transport.abort()


async def _one(send: Callable[[Call], Awaitable[Answer]], call: Call, begun: float, results: list[Result]) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            answer = await send(call)
    except TimeoutError:
        answer = Answer(NO_ANSWER, "")
    results.append(Result(call, answer, time.monotonic() - begun - call.due))


async def run(send: Callable[[Call], Awaitable[Answer]], calls: list[Call], begun: float) -> list[Result]:
    """Offer all ``calls``; ``begun``: monotonic seconds. Ends ``PATIENCE`` after the last one at the latest."""
    results: list[Result] = []
    async with asyncio.TaskGroup() as tasks:
        for call in calls:
            wait = begun + call.due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            tasks.create_task(_one(send, call, begun, results))
    return results
