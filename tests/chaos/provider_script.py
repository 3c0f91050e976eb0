"""A provider that does what a test tells it, byte by byte.

A test gives a coroutine that is called with every connection; it reads, writes, waits, resets as it likes. Nothing
here speaks HTTP on its own.
"""

import asyncio
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable

Script = Callable[["Wire"], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Wire:
    """One accepted connection, as bytes. ``number`` counts from 1."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.reader = reader
        self.writer = writer
        self.number = number

    async def head(self) -> bytes:
        """One request head, to the empty line."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def body(self, size: int) -> bytes:
        """Exactly that many bytes."""
        return await self.reader.readexactly(size)

    async def until(self, end: bytes) -> bytes:
        """All bytes up to ``end``."""
        return await self.reader.readuntil(end)

    async def send(self, data: bytes) -> None:
        """Write, and wait until the other side takes it."""
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Wait until the sidecar has closed the connection, by a close or a reset."""
        try:
            while await self.reader.read(65536):
                pass
        except OSError:
            return

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    def pause(self) -> None:
        """Read nothing from the socket until ``resume``."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    def resume(self) -> None:
        """Read again."""
        self.writer.transport.resume_reading()  # type: ignore[attr-defined]


class Provider:
    """A listener on 127.0.0.1 that plays ``script`` on every connection, then closes it."""

    def __init__(self) -> None:
        self.opened = 0
        self.port = 0
        self.failures: list[BaseException] = []
        self._script: Script | None = None
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(
        self, script: Script, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1", receive: int = 0
    ) -> "Provider":
        """Listen; ``receive`` is the size of the kernel's receive buffer in bytes, 0 leaves it alone."""
        self._script = script
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family)
        if receive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        sock.bind((host, 0))
        self._server = await asyncio.start_server(self._play, sock=sock, ssl=tls, limit=1 << 20)
        self.port = sock.getsockname()[1]
        return self

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.set_name("scripted provider")
        self._tasks.add(task)
        self.opened += 1
        assert self._script is not None
        try:
            await self._script(Wire(reader, writer, self.opened))
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        except Exception as error:  # noqa: BLE001 - told to the test when the provider stops
            self.failures.append(error)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def stop(self) -> None:
        """Close the listener and every connection."""
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=5)
        assert not self.failures, self.failures


def answer(response: bytes = OK) -> Script:
    """A script that gives the same answer to every request without a body."""

    async def script(wire: Wire) -> None:
        while True:
            await wire.head()
            await wire.send(response)

    return script


async def hang(wire: Wire) -> None:
    """A script that reads and never answers."""
    await wire.gone()
