"""The app's side of a test: a raw connection that sends bytes and reads answers."""

import asyncio
import functools
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


PATIENCE = 5.0
"""Seconds after which something that must happen is said not to happen."""


def _bounded(read: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """A read that fails the test when nothing comes."""

    @functools.wraps(read)
    async def inside(*args: P.args, **kwargs: P.kwargs) -> T:
        async with asyncio.timeout(PATIENCE):
            return await read(*args, **kwargs)

    return inside


@dataclass
class Answer:
    """One final answer. Header names are lower-case; ``complete`` is False when the connection broke inside it."""

    status: int
    headers: dict[str, str]
    body: bytes
    complete: bool = True

    @property
    def problem(self) -> dict[str, Any]:
        """The problem document."""
        assert self.headers["content-type"] == "application/problem+json", self
        found: dict[str, Any] = json.loads(self.body)
        return found


class App:
    """One connection to the sidecar."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, address: str, *, receive: int = 0, limit: int = 1 << 20) -> "App":
        """``address`` is ``host:port`` or ``unix:/path``; ``receive`` bounds the kernel's receive buffer."""
        if address.startswith("unix:"):
            return cls(*await asyncio.open_unix_connection(address[5:], limit=limit))
        host, _, port = address.rpartition(":")
        sock = socket.socket()
        if receive:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, (host, int(port)))
        return cls(*await asyncio.open_connection(sock=sock, limit=limit))

    def send(self, data: bytes) -> None:
        """Write without waiting."""
        self.writer.write(data)

    def get(self, path: str, *lines: str, method: str = "GET") -> None:
        """Send a request without a body."""
        head = [f"{method} {path} HTTP/1.1", "Host: app", *lines]
        self.send(("\r\n".join(head) + "\r\n\r\n").encode())

    def post(self, path: str, body: bytes, *lines: str, method: str = "POST") -> None:
        """Send a request with a body."""
        head = [f"{method} {path} HTTP/1.1", "Host: app", f"Content-Length: {len(body)}", *lines]
        self.send(("\r\n".join(head) + "\r\n\r\n").encode() + body)

    @_bounded
    async def head(self) -> Answer:
        """The next head, an interim one too; the body stays unread."""
        raw = await self.reader.readuntil(b"\r\n\r\n")
        start, *fields = raw[:-4].decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        for field in fields:
            name, _, value = field.partition(": ")
            headers[name.lower()] = f"{headers[name.lower()]}, {value}" if name.lower() in headers else value
        return Answer(int(start.split()[1]), headers, b"")

    @_bounded
    async def answer(self, *, bodiless: bool = False) -> Answer:
        """The next final answer with its body, as far as it came."""
        found = await self.head()
        while found.status < 200 and found.status != 101:
            found = await self.head()
        if bodiless or found.status in (101, 204, 304):
            return found
        try:
            if found.headers.get("transfer-encoding") == "chunked":
                while chunk := await self.chunk():
                    found.body += chunk
                await self.reader.readuntil(b"\r\n")
            elif "content-length" in found.headers:
                found.body = await self.reader.readexactly(int(found.headers["content-length"]))
            else:
                found.body = await self.reader.read()
        except asyncio.IncompleteReadError as error:
            found.body += error.partial
            found.complete = False
        except ConnectionError:
            found.complete = False
        return found

    @_bounded
    async def chunk(self) -> bytes:
        """The data of the next chunk; empty for the last one."""
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        if not size:
            return b""
        data = await self.reader.readexactly(size + 2)
        return data[:-2]

    @_bounded
    async def ended(self) -> bytes:
        """What still comes until the sidecar closes the connection."""
        left = b""
        try:
            while data := await self.reader.read(65536):
                left += data
        except ConnectionError:
            pass
        return left

    def pause(self) -> None:
        """Read nothing from the socket."""
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]

    def resume(self) -> None:
        """Read again."""
        self.writer.transport.resume_reading()  # type: ignore[attr-defined]

    def close(self) -> None:
        """Close the connection."""
        self.writer.close()

    def reset(self) -> None:
        """End the connection with a TCP reset."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
