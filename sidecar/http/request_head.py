"""The rules of a request head (RFC 9110, RFC 9112) that llhttp leaves to its user."""

import httptools

from sidecar.core.body import Body, Source
from sidecar.core.errors import BadRequest, MethodRefused, SidecarError
from sidecar.core.exchange import Exchange
from sidecar.http.head import tokens
from sidecar.http.limits import Limits

HOST_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()*+;=:[]"
"""What may stand in a Host value (RFC 3986 3.2.2 and 3.2.3), without the comma that joins repeated fields."""


REFUSED = frozenset({b"CONNECT", b"TRACE"})
"""Methods that are never forwarded (RFC 9110 9.3.6, 9.3.8)."""


def check_head(
    exchange: Exchange, parser: httptools.HttpRequestParser, limits: Limits, source: Source
) -> SidecarError | None:
    """What is wrong with a head that ``parser`` has just read; fills in ``exchange``, with a body from ``source``."""
    index = exchange.headers.index
    exchange.keep_alive = parser.should_keep_alive()
    # Without a Connection field, only HTTP/1.1 keeps alive: the version need not be asked for.
    if not exchange.keep_alive or b"connection" in index:
        version = parser.get_http_version()
        if version != "1.1":
            if version != "1.0":
                return BadRequest(f"HTTP/{version} is not spoken here, use HTTP/1.1", status=505)
            exchange.http10 = True
    if exchange.method in REFUSED:
        return MethodRefused(f"{exchange.method.decode()} is never forwarded")
    if len(exchange.headers.fields) > limits.headers:
        return BadRequest(f"more than {limits.headers} header fields (limits.headers)", status=431)
    host = index.get(b"host")
    if host is None:
        if not exchange.http10:
            return BadRequest("the Host field is missing (RFC 9112 3.2)")
    elif host.translate(None, HOST_BYTES) and not strip_host(exchange):
        return BadRequest("the Host field is not valid, or there is more than one (RFC 9112 3.2)")
    if exchange.target[:1] != b"/" or b"#" in exchange.target:
        error = check_target(exchange)
        if error is not None:
            return error
    return _check_framing(exchange, limits, source)


def _check_framing(exchange: Exchange, limits: Limits, source: Source) -> SidecarError | None:
    index = exchange.headers.index
    coding = index.get(b"transfer-encoding")
    if coding is not None:
        if exchange.http10:
            return BadRequest("Transfer-Encoding in an HTTP/1.0 request (RFC 9112 6.1)")
        if coding.strip().lower() != b"chunked":
            return BadRequest("only the transfer coding 'chunked' is understood", status=501)
        exchange.body = Body(source)
    else:
        declared = index.get(b"content-length")
        length = int(declared) if declared else 0
        if length:
            if limits.body and length > limits.body:
                return BadRequest(f"the request body is larger than {limits.body} bytes (limits.body)", status=413)
            exchange.body = Body(source, length)
    offered = index.get(b"upgrade")
    if offered is not None and not exchange.http10 and b"upgrade" in tokens(index.get(b"connection")):
        # h2c is declined by silence (RFC 9113 3.1 deprecates it); anything else is the provider's to take.
        protocols = [token for token in tokens(offered) if token != b"h2c"]
        exchange.upgrade = b", ".join(protocols) or None
    return None


def strip_host(exchange: Exchange) -> bool:
    """White space behind the value is not a part of it (RFC 9112 5.1); whether the value is valid without."""
    host = exchange.headers.index[b"host"].rstrip(b" \t")
    exchange.headers.set(b"Host", host)
    return not host.translate(None, HOST_BYTES)


def check_target(exchange: Exchange) -> SidecarError | None:
    """RFC 9112 3.2: origin-form, absolute-form, or ``*`` for OPTIONS."""
    target = exchange.target
    if b"#" in target:
        return BadRequest("the request target has a fragment ('#'), which is never sent (RFC 9110 4.2.5)")
    if target[:1] == b"/":
        return None
    if target == b"*":
        return None if exchange.method == b"OPTIONS" else BadRequest("'*' is for OPTIONS only (RFC 9112 3.2.4)")
    scheme, found, rest = target.partition(b"://")
    if not found or scheme.lower() not in (b"http", b"https"):
        return BadRequest("the request target is not a path")
    authority, slash, path = rest.partition(b"/")
    authority, query, after = authority.partition(b"?")
    host = authority
    if not host or host.translate(None, HOST_BYTES):
        return BadRequest("the host in the request target is not valid (RFC 9112 3.2.2)")
    # The target's host replaces the Host field (RFC 9112 3.2.2).
    exchange.headers.set(b"Host", host)
    if query:
        exchange.target = b"/?" + after + slash + path
    elif slash:
        exchange.target = slash + path
    else:
        # RFC 9112 3.2.4: an OPTIONS without a path means the server as a whole.
        exchange.target = b"*" if exchange.method == b"OPTIONS" else b"/"
    return None
