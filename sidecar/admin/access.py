"""Who may do what on the admin listener.

Three doors, each against one attack: the Host header (DNS rebinding: a page whose name suddenly resolves to this
machine still sends its own name), the token (other users and pods), Origin and content type (a page that posts here
cross-site: a browser cannot send JSON elsewhere without asking first, fetch.spec.whatwg.org "CORS-safelisted").
No answer repeats what was presented.
"""

import hmac
import ipaddress
import os
import stat

from sidecar.admin.answers import problem
from sidecar.admin.private_file import write_private
from sidecar.core.exchange import Exchange, Response
from sidecar.core.routing import normal_host

_TOKEN_BYTES = 32
"""Random bytes of a token made here: 256 bits."""
_LEAST_TOKEN = 8
"""Characters; the bound of ``admin.token``. A shorter content of the token file is not one of ours."""
_LONGEST_TOKEN = 4096
"""Bytes read of the token file."""


class Door:
    """Checks requests; each check gives the refusal, or None. ``listen``: see ``Admin``."""

    __slots__ = ("_any_address", "_host", "_token")

    def __init__(self, token: str, listen: str) -> None:
        self._token = token.encode()
        host = "" if listen.startswith("unix:") else listen.rpartition(":")[0]
        self._host = normal_host(host.encode()).decode()
        address = _address(self._host)
        self._any_address = address is not None and address.is_unspecified

    def check_host(self, exchange: Exchange) -> Response | None:
        """The Host must be this listener's: its name or address, or one of this machine's own.

        The port does not count: it differs behind ``kubectl port-forward``, and rebinding needs a foreign name.
        A Unix socket cannot be reached by a page at all.
        """
        if exchange.client == "unix":
            return None
        host = normal_host(exchange.headers.get(b"host") or b"").decode("latin-1")
        address = _address(host)
        if host in ("localhost", self._host) and host:
            return None
        if address is not None and (address.is_loopback or self._any_address):
            return None
        detail = "the Host header does not name this listener: call it by its address or as localhost"
        return problem(403, "host_refused", "Wrong host", detail)

    def check_token(self, exchange: Exchange) -> Response | None:
        """``Authorization: Bearer <token>`` (RFC 6750 2.1), compared in constant time."""
        given = exchange.headers.get(b"authorization")
        scheme, _, presented = (given or b"").partition(b" ")
        if scheme.lower() == b"bearer" and hmac.compare_digest(presented.strip(), self._token):
            return None
        how = "the admin token is missing" if given is None else "this is not the admin token"
        detail = f"{how}: send Authorization: Bearer with admin.token, or with what stands in admin.token_file"
        extra = [(b"WWW-Authenticate", b'Bearer realm="sidecar"')]
        return problem(401, "unauthorized", "The admin token is needed", detail, extra=extra)

    def check_page(self, exchange: Exchange, *, tokenless: bool = False) -> Response | None:
        """No request that a foreign page may have sent.

        ``tokenless``: no page at all may send it, and without a body it needs no content type (curl -X POST). Neither
        does DELETE: a page cannot send that elsewhere without asking first, whatever it holds.
        """
        headers = exchange.headers
        origin = headers.get(b"origin")
        own = b"http://" + (headers.get(b"host") or b"")
        if origin is not None and (tokenless or origin.lower() != own.lower()):
            return problem(403, "origin_refused", "Wrong origin", "this may not be asked for by a web page (Origin)")
        if exchange.body is None and (tokenless or exchange.method == b"DELETE"):
            return None
        kind = (headers.get(b"content-type") or b"").partition(b";")[0].strip().lower()
        if kind == b"application/json":
            return None
        detail = "changes need Content-Type: application/json"
        return problem(415, "json_required", "The content type must be JSON", detail)


def is_local(client: str) -> bool:
    """Whether a peer is on this machine; IPv4 in IPv6 (RFC 4291 2.5.5.2) is looked into."""
    if client == "unix":
        return True
    address = _address(client)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped.is_loopback
    return address is not None and address.is_loopback


def load_or_make_token(token: str | None, token_file: str | None) -> str:
    """The configured token, else the one in the token file, else a new one, written there if a file is named.

    A file is believed only if it is ours and nobody else can read it (mode 0600); otherwise it is replaced.

    Raises:
        OSError: the file cannot be read or written.
    """
    if token:
        return token
    if token_file is None:
        return os.urandom(_TOKEN_BYTES).hex()
    found = _read_private(token_file)
    if len(found) >= _LEAST_TOKEN:
        return found
    made = os.urandom(_TOKEN_BYTES).hex()
    write_private(token_file, made + "\n")
    return made


def _read_private(path: str) -> str:
    """The content of a file that only we can read, and nobody can have put there; empty otherwise."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return ""
    try:
        found = os.fstat(fd)
        if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o177:
            return ""
        return os.read(fd, _LONGEST_TOKEN).decode("ascii", "replace").strip()
    finally:
        os.close(fd)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
