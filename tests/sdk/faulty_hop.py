"""A hop on the way to an emulator that breaks one request in ten, and keeps the books of what was carried out.

The faults come in an order that a seed chooses; every forty requests have four, one of each kind. A request that is
sent again is one more request, and may meet a fault as well.
"""

import asyncio
import random
import re
import socket
import struct
import threading
from collections import Counter
from enum import StrEnum
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

INTENTION = re.compile(rb"metadata(?:%5B|\[)intention(?:%5D|\])=([^&]+)")
"""How the app marks what it wants done once: a form field that the library takes as it is."""

_LENGTH = re.compile(rb"(?im)^content-length: *([0-9]+)\r$")
_KEY = re.compile(rb"(?im)^idempotency-key:")
_REPLAYED = re.compile(rb"(?im)^idempotent-replayed: *true\r$")
_UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"


class Fault(StrEnum):
    """What happens to a request."""

    RESET_BEFORE = "reset before execution"
    RESET_AFTER = "reset after execution"
    CUT = "cut mid-body"
    UNAVAILABLE = "503"


ONE_IN = 10
"""Requests, of which one is broken."""


class FaultyHop:
    """Serves while the ``with`` block runs. ``url``: where, without a slash at the end.

    ``requests``: how many came. ``faults``: what was done to them. ``executed``: intention -> how often the emulator
    carried it out; an answer that it gave again for a known idempotency key is none. ``keyless``: intentions that came
    without a key. ``on``: whether faults are made.
    """

    def __init__(self, emulator: str, seed: int) -> None:
        self.requests = 0
        self.faults: Counter[Fault] = Counter()
        self.executed: Counter[str] = Counter()
        self.keyless: set[str] = set()
        self.url = ""
        self._emulator = urlsplit(emulator)
        self._chance = random.Random(seed)
        self._deck: list[Fault | None] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ready = threading.Event()
        self._stop = asyncio.Event()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        self._loop.close()

    @property
    def twice(self) -> list[str]:
        """Intentions that were carried out more than once."""
        return [intention for intention, times in self.executed.items() if times > 1]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._listen())

    async def _listen(self) -> None:
        connections: set[asyncio.Task[None]] = set()

        async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            connections.add(task)
            try:
                await self._serve(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                pass
            finally:
                connections.discard(task)
                writer.close()

        server = await asyncio.start_server(accepted, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()
        for connection in list(connections):
            connection.cancel()
        if connections:
            await asyncio.wait(connections)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: requests one after the other, until a fault ends it."""
        inner, outer = await asyncio.open_connection(self._emulator.hostname, self._emulator.port)
        try:
            while True:
                request = await _message(reader)
                fault = self._draw()
                if fault is Fault.RESET_BEFORE:
                    _reset(writer)
                    return
                if fault is Fault.UNAVAILABLE:
                    writer.write(_UNAVAILABLE)
                    continue
                outer.write(request)
                answer = await _message(inner)
                self._enter(request, answer)
                if fault is Fault.RESET_AFTER:
                    _reset(writer)
                    return
                if fault is Fault.CUT:
                    body = answer.index(b"\r\n\r\n") + 4
                    writer.write(answer[: (body + len(answer)) // 2])
                    return
                writer.write(answer)
        finally:
            outer.close()

    def _draw(self) -> Fault | None:
        """What happens to the next request."""
        if not self._deck:
            self._deck = [*Fault, *[None] * (len(Fault) * (ONE_IN - 1))]
            self._chance.shuffle(self._deck)
        fault = self._deck.pop()
        self.requests += 1
        if fault is not None:
            self.faults[fault] += 1
        return fault

    def _enter(self, request: bytes, answer: bytes) -> None:
        """Write down what the emulator did."""
        found = INTENTION.search(request)
        if found is None:
            return
        head = answer[: answer.index(b"\r\n\r\n") + 2]
        if answer.startswith(b"HTTP/1.1 200") and not _REPLAYED.search(head):
            self.executed[found[1].decode()] += 1
        if not _KEY.search(request[: request.index(b"\r\n\r\n") + 2]):
            self.keyless.add(found[1].decode())


async def _message(reader: asyncio.StreamReader) -> bytes:
    """One whole request or answer. Both sides here say its length, or that there is no body by saying nothing."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower(), head
    length = _LENGTH.search(head)
    return head + (await reader.readexactly(int(length[1])) if length else b"")


def _reset(writer: asyncio.StreamWriter) -> None:
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
