"""Responses of the demo provider, and how it reads a request's body."""

import asyncio
from typing import Any

import orjson

from sidecar.core.body import Body, Trailers
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.http.head import reason_of

Fields = list[tuple[bytes, bytes]]


class HangUp(Exception):
    """Close the connection without an answer."""


def answer(status: int, content: bytes, kind: bytes, fields: Fields | None = None) -> Response:
    """A complete response. ``kind`` is its media type."""
    pairs = [(b"Content-Type", kind), (b"Content-Length", str(len(content)).encode()), *(fields or [])]
    return Response(status, reason_of(status), Headers.of(pairs), Body.of(content))


def json_answer(status: int, content: Any, fields: Fields | None = None) -> Response:
    """A JSON response, indented for people with curl."""
    data = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return answer(status, data, b"application/json", fields)


def error_answer(status: int, message: str, fields: Fields | None = None) -> Response:
    """An error as many providers write it."""
    code = reason_of(status).decode().lower().replace(" ", "_").replace("-", "_").replace("'", "") or str(status)
    return json_answer(status, {"error": {"code": code, "message": message}}, fields)


def streamed(status: int, kind: bytes, length: int | None = None) -> Response:
    """A response whose body is still to come; ``length`` in bytes, or None for chunks."""
    pairs = [(b"Content-Type", kind), (b"Cache-Control", b"no-store")]
    if length is not None:
        pairs.append((b"Content-Length", str(length).encode()))
    return Response(status, reason_of(status), Headers.of(pairs), Body(length=length))


def status_answer(status: int) -> Response:
    """An answer with this status, with the fields that belong to it (RFC 9110 10.2.3, 10.2.2, 11.6.1)."""
    fields: Fields = []
    if status in (429, 503):
        fields.append((b"Retry-After", b"1"))
    elif status == 401:
        fields.append((b"WWW-Authenticate", b'Bearer realm="demo"'))
    elif status in (301, 302, 303, 307, 308):
        fields.append((b"Location", b"/orders/1"))
    if status in (204, 205, 304):
        return answer(status, b"", b"application/json", fields)
    if status < 400:
        return json_answer(status, {"status": status}, fields)
    return error_answer(status, f"this is how the demo provider says {status}", fields)


class _Collector:
    """Gathers a body; what is longer than ``cap`` bytes is read and forgotten."""

    __slots__ = ("_cap", "_chunks", "_done", "_size")

    def __init__(self, done: asyncio.Future[bytes], cap: int) -> None:
        self._chunks: list[bytes] = []
        self._size = 0
        self._cap = cap
        self._done = done

    def body_data(self, data: bytes) -> None:
        self._size += len(data)
        if self._size <= self._cap:
            self._chunks.append(data)

    def body_end(self, trailers: Trailers) -> None:
        del trailers
        if not self._done.done():
            self._done.set_result(b"".join(self._chunks))

    def body_failed(self, error: BaseException) -> None:
        if not self._done.done():
            self._done.set_exception(error)


async def read_body(exchange: Exchange, cap: int = 1024 * 1024) -> bytes:
    """The request's body, at most ``cap`` bytes of it.

    Raises:
        SidecarError: the app broke off.
    """
    body = exchange.body
    if body is None:
        return b""
    if exchange.headers.get(b"expect") and exchange.inform is not None and not body.complete:
        exchange.inform(100, b"Continue", Headers())  # RFC 9110 10.1.1: the app waits for this
    done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    body.attach(_Collector(done, cap))
    return await done
