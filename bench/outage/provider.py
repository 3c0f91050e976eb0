"""The provider of the storm: healthy, shaky, down and back by the clock, counting every order it carries out.

``python -m bench.outage.provider SCENARIO`` (JSON) prints its port and is healthy. A line on its standard input gives
the beginning (monotonic seconds, which all processes of a machine share); when the input closes, it prints what it
saw and ends. It honours idempotency keys: a key that it knows gets the first answer, and no second order.
"""

import asyncio
import json
import re
import signal
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Protocol, cast

import uvloop

from bench import traffic
from bench.outage import Down, Scenario

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_KEY = re.compile(rb"\r\nidempotency-key: *([^\r]+)", re.IGNORECASE)
_OK = traffic.answer_head(len(traffic.JSON_BODY)) + traffic.JSON_BODY
_DOWN = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\ndown"


@dataclass(slots=True)
class Seen:
    """What the provider saw. ``calls``: seconds after the beginning; ``orders``: id -> times carried out."""

    calls: list[float] = field(default_factory=list)
    orders: Counter[str] = field(default_factory=Counter)
    keys: set[bytes] = field(default_factory=set)


class Handler(Protocol):
    """Who serves the requests of all connections."""

    connections: "set[Connection]"

    def handle(self, connection: "Connection", head: bytes, body: bytes) -> None:
        """Answer one request, now, later or never."""


class Connection(asyncio.Protocol):
    """One connection of a client: requests one after the other, no pipelining."""

    def __init__(self, provider: Handler) -> None:
        self._provider = provider
        self._inbox = b""
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        self.transport = cast("asyncio.Transport", transport)
        self._provider.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        del exc
        self._provider.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        """A request, or a part of one."""
        self._inbox += data
        end = self._inbox.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        head = self._inbox[:end]
        length = _LENGTH.search(head)
        whole = end + (int(length[1]) if length else 0)
        if len(self._inbox) >= whole:
            body, self._inbox = self._inbox[end:whole], self._inbox[whole:]
            self._provider.handle(self, head, body)

    def answer(self, data: bytes) -> None:
        """Send an answer, if the client is still there."""
        if not self.transport.is_closing():
            self.transport.write(data)


class Provider:
    """Serves on ``port``; ``begin`` starts the scenario's clock."""

    def __init__(self, scenario: Scenario) -> None:
        self.seen = Seen()
        self.connections: set[Connection] = set()
        self.port = 0
        self._scenario = scenario
        self._loop = asyncio.get_running_loop()
        self._begun = float("inf")
        self._server: asyncio.Server | None = None
        self._shaken = 0

    async def listen(self) -> None:
        """Take connections, after a pause on the port of before."""
        self._server = await self._loop.create_server(
            lambda: Connection(self), "127.0.0.1", self.port, backlog=4096, reuse_address=True
        )
        self.port = self._server.sockets[0].getsockname()[1]

    def begin(self, begun: float) -> None:
        """From now on the scenario runs. ``begun``: monotonic seconds."""
        self._begun = begun
        scenario = self._scenario
        offset = self._loop.time() - time.monotonic()
        if scenario.down is Down.REFUSES:
            self._loop.call_at(begun + scenario.down_at + offset, self._refuse)
        if scenario.down is not Down.ANSWERS_503:
            self._loop.call_at(begun + scenario.up_at + offset, self._restart)

    def _refuse(self) -> None:
        assert self._server is not None
        self._server.close()
        self._reset_all()

    def _restart(self) -> None:
        self._reset_all()
        if self._scenario.down is Down.REFUSES:
            self._restarting = self._loop.create_task(self.listen())

    def _reset_all(self) -> None:
        for connection in tuple(self.connections):
            connection.transport.abort()

    def handle(self, connection: Connection, head: bytes, body: bytes) -> None:
        """One request: as the scenario wants it at this second."""
        scenario = self._scenario
        now = time.monotonic() - self._begun
        if now < 0.0:
            connection.answer(_OK)
            return
        self.seen.calls.append(round(now, 4))
        if scenario.down_at <= now < scenario.up_at:
            if scenario.down is Down.ANSWERS_503:
                connection.answer(_DOWN)
            return
        if head.startswith(b"POST "):
            self._carry_out(head, body)
        if scenario.shaky_at <= now < scenario.down_at:
            self._shaken += 1
            if self._shaken % scenario.break_every == 0:
                connection.transport.abort()
                return
        self._loop.call_later(scenario.service_time, connection.answer, _OK)

    def _carry_out(self, head: bytes, body: bytes) -> None:
        key = _KEY.search(head)
        if key is not None:
            if key[1] in self.seen.keys:
                return
            self.seen.keys.add(key[1])
        self.seen.orders[json.loads(body)["order"]] += 1


async def _serve(scenario: Scenario) -> None:
    provider = Provider(scenario)
    await provider.listen()
    print(json.dumps({"port": provider.port}), flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        provider.begin(float(line))
    print(json.dumps({"calls": provider.seen.calls, "orders": provider.seen.orders}), flush=True)


def main() -> None:
    """Serve; the scenario is the argument."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fields = json.loads(sys.argv[1])
    uvloop.run(_serve(Scenario(**fields | {"down": Down(fields["down"])})))


if __name__ == "__main__":
    main()
