"""The app of the demo: a small HTTP/1.1 client that keeps its connections, and what it sees of a call."""

import asyncio
from dataclasses import dataclass

import orjson

from sidecar.core.env import Env

_TIMEOUT = 10.0
"""Seconds; only a bug lets a call last so long: the sidecar answers long before."""

CUT = "response_incomplete"
"""What the sidecar logs when an answer broke off; the app sees it by the missing bytes."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One call as the app saw it.

    ``outcome``, ``sent``, ``attempts``, ``request_id``: from the sidecar's headers. ``code``: of the problem when the
    sidecar made the answer. ``ms``: milliseconds to the end of the body.
    """

    method: str
    path: str
    status: int
    outcome: str
    code: str
    sent: str
    attempts: int
    ms: float
    request_id: str


class _Answer:
    """A parsed head and its body. ``whole``: the body came to its end."""

    __slots__ = ("body", "headers", "status", "whole")

    def __init__(self, head: bytes) -> None:
        start, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(start.split(" ", 2)[1])
        self.headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()
        self.body = b""
        self.whole = True


class Client:
    """Calls one address. Connections wait for reuse; the last one used is used first."""

    def __init__(self, host: str, port: int, env: Env) -> None:
        self._host = host
        self._port = port
        self._env = env
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def call(self, method: str, path: str, body: bytes = b"") -> Seen:
        """Make one call and judge it by what an app can see.

        Raises:
            OSError: the sidecar itself could not be reached.
        """
        began = self._env.clock()
        answer = await self._send(method, path, body)
        ms = (self._env.clock() - began) * 1000
        headers = answer.headers
        outcome, _, sent = headers.get("sidecar-outcome", "").partition("; sent=")
        code = ""
        if not answer.whole:
            outcome, sent, code = "network_error", "maybe", CUT
        elif headers.get("content-type") == "application/problem+json":
            code = str(orjson.loads(answer.body).get("code", ""))
        attempts = int(headers.get("sidecar-attempts") or 0)
        request_id = headers.get("sidecar-request-id", "")
        return Seen(method, path, answer.status, outcome, code, sent, attempts, ms, request_id)

    async def text(self, path: str) -> str:
        """The body of a GET; empty unless it is answered 200.

        Raises:
            OSError: nobody answers.
        """
        answer = await self._send("GET", path, b"")
        return answer.body.decode() if answer.status == 200 else ""

    async def _send(self, method: str, path: str, body: bytes) -> _Answer:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}", "User-Agent: sidecar-demo"]
        if method in ("POST", "PUT"):
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        request = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        async with asyncio.timeout(_TIMEOUT):
            while self._idle:
                connection = self._idle.pop()
                try:
                    return await self._exchange(connection, request)
                except (OSError, asyncio.IncompleteReadError):
                    continue  # closed while it waited here
            connection = await asyncio.open_connection(self._host, self._port)
            try:
                return await self._exchange(connection, request)
            except asyncio.IncompleteReadError as error:
                raise ConnectionError("the sidecar hung up") from error

    async def _exchange(self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], request: bytes) -> _Answer:
        reader, writer = connection
        kept = False
        try:
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            answer = _Answer(head[:-4])
            length = answer.headers.get("content-length")
            try:
                answer.body = await (reader.readexactly(int(length)) if length is not None else reader.read())
            except (OSError, asyncio.IncompleteReadError):
                answer.whole = False
            kept = answer.whole and length is not None and answer.headers.get("connection") != "close"
            return answer
        finally:
            if kept:
                self._idle.append(connection)
            else:
                writer.close()

    def close(self) -> None:
        """Close what waits for reuse."""
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()
