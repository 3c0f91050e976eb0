"""What a request line and ``Host`` may say (RFC 9112 3), beyond what the parser sees to."""

from sidecar.core.body import Body
from sidecar.core.errors import BadRequest, SidecarError
from sidecar.core.headers import Headers

HOST_BYTES = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~%!$&'()*+;=:[]"
"""What may stand in a Host value (RFC 3986 3.2.2 and 3.2.3), without the comma that joins repeated fields."""


class Head:
    """One parsed request head. ``keep_alive``: whether the app wants the connection kept."""

    __slots__ = ("body", "headers", "http10", "keep_alive", "method", "target", "upgrade")

    def __init__(self, method: bytes, target: bytes, headers: Headers) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.http10 = False
        self.keep_alive = True
        self.upgrade: bytes | None = None
        self.body: Body | None = None


def strip_host(head: Head) -> bool:
    """White space behind the value is not a part of it (RFC 9112 5.1); whether the value is valid without."""
    host = head.headers.index[b"host"].rstrip(b" \t")
    head.headers.set(b"Host", host)
    return not host.translate(None, HOST_BYTES)


def check_target(head: Head) -> SidecarError | None:
    """RFC 9112 3.2: origin-form, absolute-form, or ``*`` for OPTIONS."""
    target = head.target
    if b"#" in target:
        return BadRequest("the request target has a fragment ('#'), which is never sent (RFC 9110 4.2.5)")
    if target[:1] == b"/":
        return None
    if target == b"*":
        return None if head.method == b"OPTIONS" else BadRequest("'*' is for OPTIONS only (RFC 9112 3.2.4)")
    scheme, found, rest = target.partition(b"://")
    if not found or scheme.lower() not in (b"http", b"https"):
        return BadRequest("the request target is not a path")
    authority, slash, path = rest.partition(b"/")
    authority, query, after = authority.partition(b"?")
    host = authority
    if not host or host.translate(None, HOST_BYTES):
        return BadRequest("the host in the request target is not valid (RFC 9112 3.2.2)")
    # The target's host replaces the Host field (RFC 9112 3.2.2).
    head.headers.set(b"Host", host)
    if query:
        head.target = b"/?" + after + slash + path
    elif slash:
        head.target = slash + path
    else:
        # RFC 9112 3.2.4: an OPTIONS without a path means the server as a whole.
        head.target = b"*" if head.method == b"OPTIONS" else b"/"
    return None
