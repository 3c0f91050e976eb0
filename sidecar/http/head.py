"""Message heads: what is passed on, what is taken out, and how it is written.

Fields are copied in their order and spelling. Taken out are the fields that speak of one connection only
(RFC 9110 7.6.1), whatever ``Connection`` names, and what the sidecar keeps to itself.
"""

from http import HTTPStatus

from sidecar.core.headers import OWN, OWN_NAMES, Headers, Shape, lower_name

HOST = lower_name(b"host")
"""The one object that stands for the name (see ``lower_name``): compared by identity."""

HOP_BY_HOP = frozenset({
    b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade", b"http2-settings",
    b"proxy-authorization",
})  # fmt: skip
"""RFC 9110 7.6.1; ``http2-settings`` is RFC 7540 3.2.1; ``proxy-authorization`` was meant for us (11.7.2)."""

NEVER_NOMINATED = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection"})
"""Framing and routing cannot be taken out by naming them in ``Connection`` (RFC 9110 7.6.1)."""

FORBIDDEN_TRAILERS = HOP_BY_HOP | frozenset({
    b"host", b"content-length", b"content-encoding", b"content-type", b"content-range", b"trailer", b"authorization",
    b"cookie", b"set-cookie", b"expect", b"cache-control", b"max-forwards", b"range", b"age", b"date", b"expires",
    b"location", b"retry-after", b"vary", b"www-authenticate", b"proxy-authenticate",
})  # fmt: skip
"""Fields that would change framing, routing, control or credentials after the fact (RFC 9110 6.5.1)."""

REQUEST_DROP = HOP_BY_HOP | OWN_NAMES | {OWN}

RESPONSE_DROP = HOP_BY_HOP - {b"proxy-authorization"} | OWN_NAMES | {OWN}

ALLOW = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
"""Methods that are forwarded, for people; any other that the parser knows is, too, but for CONNECT and TRACE."""

REQUEST_VIA = b"Via: 1.1 sidecar\r\n"
RESPONSE_VIA = b"Via: 1.1 sidecar\r\n"
"""RFC 9110 7.6.3."""


class Edit:
    """What every request of a route has taken out and put in; gathered while the stack is built.

    ``drop``: lower-case names that do not go to the provider. ``lines``: header lines, each with CRLF.
    """

    __slots__ = ("drop", "lines")

    def __init__(self) -> None:
        self.drop = REQUEST_DROP
        self.lines = REQUEST_VIA


_STATUS_LINES: dict[tuple[int, bytes], bytes] = {
    (status.value, status.phrase.encode()): b"HTTP/1.1 %d %b\r\n" % (status.value, status.phrase.encode())
    for status in HTTPStatus
}


def tokens(value: bytes | None) -> list[bytes]:
    """The lower-case members of a comma-separated list (RFC 9110 5.6.1); empty members are left out."""
    if not value:
        return []
    return [token for part in value.lower().split(b",") if (token := part.strip(b" \t"))]


def nominated(connection: bytes | None, drop: frozenset[bytes]) -> frozenset[bytes]:
    """``drop`` plus the fields that ``Connection`` names (RFC 9110 7.6.1)."""
    if connection is None or connection in (b"keep-alive", b"close", b"Keep-Alive", b"Upgrade"):
        return drop
    return drop | (frozenset(tokens(connection)) - NEVER_NOMINATED)


def request_head(start: bytes, headers: Headers, drop: frozenset[bytes], host_line: bytes, lines: bytes) -> bytes:
    """A request head for the provider.

    ``start``: the request line with CRLF. ``host_line``: with CRLF, put where the app's Host stood, or first
    when it sent none. ``lines``: further lines with CRLF.
    """
    parts = [
        b"%b: %b\r\n" % (name, value) if lower is not HOST else host_line
        for lower, name, value in headers.fields
        if lower not in drop
    ]
    if host_line not in parts:
        parts.insert(0, host_line)
    return b"%b%b%b\r\n" % (start, b"".join(parts), lines)


def fields_template(shape: Shape, drop: frozenset[bytes]) -> bytes:
    """The field lines of every head of this shape, to be filled in by one ``%`` with all values in their order.

    ``%.0b`` takes a value and writes nothing. Empty when nothing is dropped: then the lines may stay as they came.
    """
    if drop.isdisjoint(shape.lowers):
        return b""
    parts = [
        b"%.0b" if lower in drop else _literal(name) + b": %b\r\n"
        for lower, name in zip(shape.lowers, shape.names, strict=True)
    ]
    return b"".join(parts)


def request_template(shape: Shape, drop: frozenset[bytes], host_line: bytes | None, base: bytes, lines: bytes) -> bytes:
    """What ``request_head`` makes of every head of this shape, to be filled in by one ``%``.

    It takes the method, the path, every value of the shape in its order, and two more blocks of lines; ``%.0b`` takes
    a value and writes nothing. ``base``: what stands before the path. ``host_line``: None keeps the app's Host.
    """
    parts = [b"%%b %b%%b HTTP/1.1\r\n" % _literal(base)]
    for lower, name in zip(shape.lowers, shape.names, strict=True):
        if lower is HOST and host_line is not None:
            parts.append(b"%.0b" + _literal(host_line))
        elif lower in drop:
            parts.append(b"%.0b")
        else:
            parts.append(_literal(name) + b": %b\r\n")
    return b"".join(parts) + _literal(lines) + b"%b%b\r\n"


def _literal(text: bytes) -> bytes:
    return text.replace(b"%", b"%%")


def reason_of(status: int) -> bytes:
    """The registered reason phrase; empty for a status that has none."""
    try:
        return HTTPStatus(status).phrase.encode()
    except ValueError:
        return b""


def status_line(status: int, reason: bytes) -> bytes:
    """The first line of an answer, with CRLF."""
    return _STATUS_LINES.get((status, reason)) or b"HTTP/1.1 %d %b\r\n" % (status, reason)


def response_head(status: int, reason: bytes, headers: Headers, drop: frozenset[bytes], lines: bytes) -> bytes:
    """A response head for the app; ``lines`` are further lines with CRLF."""
    start = status_line(status, reason)
    parts = [b"%b: %b\r\n" % (name, value) for lower, name, value in headers.fields if lower not in drop]
    return b"%b%b%b\r\n" % (start, b"".join(parts), lines)


def trailer_block(trailers: list[tuple[bytes, bytes]]) -> bytes:
    """The last chunk with its trailer section (RFC 9112 7.1.2); forbidden fields and ours are left out."""
    lines = [
        name + b": " + value + b"\r\n"
        for name, value in trailers
        if name.lower() not in FORBIDDEN_TRAILERS and not name.lower().startswith(b"sidecar-")
    ]
    return b"0\r\n" + b"".join(lines) + b"\r\n"
