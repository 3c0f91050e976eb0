"""How an answer is framed for the app, and what its bytes are (RFC 9112 6)."""

from sidecar.core.body import Body, Trailers
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers, Shape
from sidecar.http.head import (
    RESPONSE_DROP,
    fields_template,
    nominated,
    response_head,
    status_line,
    trailer_block,
)

BODILESS, COUNTED, CHUNKED, UNTIL_CLOSE = range(4)
"""The framings: no body, Content-Length, chunked, ended by the close (for HTTP/1.0 apps)."""

INTERIM_DROP = RESPONSE_DROP | {b"content-length"}
"""Content-Length has no place in an interim answer, nor in a 204 (RFC 9110 8.6)."""

_JOIN_BELOW = 64 * 1024
"""Bodies up to this size are written in one piece with their head: a copy is cheaper than a second call."""


_templates: dict[Shape, bytes] = {}
"""What of an answer's fields the app gets; there is a bounded number of shapes."""


def framing_of(exchange: Exchange, response: Response) -> int:
    """Which framing the answer needs: the provider's own, where the app can read it."""
    if exchange.method == b"HEAD" or response.status in (204, 304):
        return BODILESS
    if response.body.length is not None:
        return COUNTED
    return UNTIL_CLOSE if exchange.http10 else CHUNKED


def head_of(exchange: Exchange, response: Response, framing: int, *, keep_alive: bool) -> bytes:
    """The head for the app, but for ``Date``, which the caller has put into ``response.lines``."""
    lines = response.lines
    if framing == CHUNKED:
        lines += b"Transfer-Encoding: chunked\r\n"
    if not keep_alive:
        lines += b"Connection: close\r\n"
    elif exchange.http10:
        lines += b"Connection: keep-alive\r\n"
    headers = response.headers
    shape = headers.shape
    if shape is not None and headers.block:
        template = _templates[shape] if shape in _templates else _learn(shape)
        start = status_line(response.status, response.reason)
        if template:
            return start + template % tuple(headers.index.values()) + lines + b"\r\n"
        return b"".join((start, headers.block, b"\r\n", lines, b"\r\n"))
    drop = RESPONSE_DROP
    connection = headers.index.get(b"connection")
    if connection is not None:
        drop = nominated(connection, drop)
    if response.status == 204:
        drop = drop | INTERIM_DROP
    return response_head(response.status, response.reason, headers, drop, lines)


def _learn(shape: Shape) -> bytes:
    template = _templates[shape] = fields_template(shape, RESPONSE_DROP)
    return template


def interim_head(status: int, reason: bytes, headers: Headers) -> bytes:
    """An interim (1xx) answer of the provider for the app (RFC 9110 15.2)."""
    drop = nominated(headers.get(b"connection"), INTERIM_DROP)
    return response_head(status, reason, headers, drop, b"")


def switching_head(exchange: Exchange, response: Response) -> bytes:
    """101 for the app: the connection becomes a tunnel (RFC 9110 7.8)."""
    upgrade = response.headers.get(b"upgrade") or exchange.upgrade or b""
    lines = b"%bConnection: Upgrade\r\nUpgrade: %b\r\n" % (response.lines, upgrade)
    return response_head(101, response.reason, response.headers, RESPONSE_DROP, lines)


def whole(head: bytes, body: Body, framing: int) -> tuple[bytes, ...]:
    """A complete answer, as few buffers as make sense."""
    if framing == BODILESS:
        return (head,)
    content = body.content()
    if framing != CHUNKED:
        return (head + content,) if len(content) <= _JOIN_BELOW else (head, content)
    if not content:
        return (head + last_chunk(body.trailers),)
    return (head, b"%x\r\n" % len(content), content, b"\r\n", last_chunk(body.trailers))


def last_chunk(trailers: Trailers) -> bytes:
    """What ends a chunked body."""
    return trailer_block(trailers) if trailers else b"0\r\n\r\n"
