"""Lead the provider's redirects, links and cookies back through the sidecar.

The app knows the provider as ``http://<the Host it used><prefix>``. What the provider says about its own origin
and base path is translated to that; everything else passes as it is.
"""

import re

_DEFAULT_PORTS = {b"http": b":80", b"https": b":443"}
# A quoted parameter (skipped, it may hold commas and angle brackets) or a link target (RFC 8288 section 3). A quote
# that is never closed takes the rest, and a target holds no "<": so the scan is linear in what a provider sends.
_LINK_PART = re.compile(rb'"(?:[^"\\]|\\.)*+"?|<([^<>]*+)>', re.DOTALL)
_SCHEME = re.compile(rb"(?a:[a-z][a-z0-9+.\-]*+)(?=://)", re.IGNORECASE)
_AUTHORITY_END = re.compile(rb"[/?#]")
# A dot-dot segment, also percent-encoded: URL parsers resolve both (RFC 3986 5.2.4, WHATWG URL 4.4).
_CLIMBS = re.compile(rb"/(?:\.|%2e){2}(?:[/?#]|$)", re.IGNORECASE)


class Rewriter:
    """Rewrites response header values for one provider; built once.

    ``scheme`` and ``authority``: of ``base_url``, as sent. ``base_path``: its path without a trailing slash.
    ``prefix``: ``/payments``, or empty for a listener or host of its own. The sidecar itself speaks plain HTTP.

    Only the configured scheme counts as the provider. A redirect from http to https of the same host must be left
    alone: led back here, it would be sent over http again and redirect for ever. One from https to http would loop
    in the same way, and is another origin (RFC 6454).
    """

    __slots__ = (
        "_authority",
        "_base",
        "_base_slash",
        "_host",
        "_origin",
        "_origin_slash",
        "_port",
        "_prefix",
        "_scheme",
        "_trivial",
    )

    def __init__(self, scheme: str, authority: str, base_path: str = "", prefix: str = "") -> None:
        self._scheme = scheme.lower().encode()
        self._port = _DEFAULT_PORTS[self._scheme]
        self._authority = authority.lower().encode().removesuffix(self._port)
        self._host = _host_of(self._authority)
        self._origin = self._scheme + b"://" + self._authority
        self._origin_slash = self._origin + b"/"
        self._base = base_path.rstrip("/").encode()
        self._base_slash = self._base + b"/"
        self._prefix = prefix.rstrip("/").encode()
        self._trivial = not self._base and not self._prefix

    def location(self, value: bytes, host: bytes) -> bytes:
        """``Location`` or ``Content-Location`` (RFC 9110 10.2.2, 8.7) as the app must see it.

        An absolute URL of the provider stays absolute, since clients use it without resolving it (upload
        sessions); ``host`` is the Host the app used, and when it is empty only the path remains. A path outside
        the base path cannot be reached through the prefix: it becomes an absolute URL of the provider. Relative
        references resolve against the app's own URL and pass as they are.
        """
        if value[:1] == b"/":
            if value[1:2] == b"/":
                return self._network_path(value, host)
            if self._trivial:
                return value
            path = self._inside(value)
            return self._origin + value if path is None else self._prefix + path
        if value.startswith(self._origin_slash):
            return self._public(value, len(self._origin), host)
        match = _SCHEME.match(value)
        if match is None or match[0].lower() != self._scheme:
            return value
        return self._absolute(value, match.end() + 3, host)

    def link(self, value: bytes, host: bytes) -> bytes:
        """``Link`` (RFC 8288 section 3): the targets rewritten as in ``location``; parameters stay untouched."""
        if (self._trivial or b"</" not in value) and self._authority not in value.lower() and b"<//" not in value:
            return value
        pieces: list[bytes] = []
        at = 0
        for match in _LINK_PART.finditer(value):
            if match[1] is not None:
                pieces.append(value[at : match.start(1)])
                pieces.append(self.location(match[1], host))
                at = match.end(1)
        pieces.append(value[at:])
        return b"".join(pieces)

    def set_cookie(self, value: bytes) -> bytes:
        """One ``Set-Cookie`` value that a client keeps, and sends back, for the sidecar's address.

        ``Domain`` of the provider or of a parent goes, so that the cookie belongs to the host the app used (RFC
        6265 5.3 step 6); a foreign one stays, and is refused as it would be without us. ``Path`` gets the prefix,
        so that a cookie never reaches another provider on the same port. ``Secure`` goes, as with nginx's
        ``proxy_cookie_flags ~ nosecure``: the app speaks http to us, and RFC 6265 5.4 would never send the cookie
        (browsers and curl make an exception for localhost, libraries do not). It stays where a client demands it:
        names with ``__Secure-`` or ``__Host-``, and ``SameSite=None`` (RFC 6265bis 4.1.3, 5.7).
        """
        if b";" not in value:
            return value
        pair, *attributes = value.split(b";")
        kept = [pair]
        secure = -1
        demanded = pair.lstrip().lower().startswith((b"__secure-", b"__host-"))
        for attribute in attributes:
            name, _, setting = attribute.partition(b"=")
            name = name.strip().lower()
            if name == b"domain":
                if self._owns(setting):
                    continue
            elif name == b"path":
                attribute = self._cookie_path(attribute, setting.strip())
            elif name == b"secure":
                secure = len(kept)
            elif name == b"samesite" and setting.strip().lower() == b"none":
                demanded = True
            kept.append(attribute)
        if secure > 0 and not demanded:
            del kept[secure]
        return b";".join(kept)

    def _network_path(self, value: bytes, host: bytes) -> bytes:
        """``//host/path`` takes its scheme from the provider, not from the app's URL: so it is written out."""
        return self._absolute(self._scheme + b":" + value, len(self._scheme) + 3, host)

    def _absolute(self, value: bytes, start: int, host: bytes) -> bytes:
        """An absolute URL of our scheme, whose authority begins at ``start``."""
        end = _AUTHORITY_END.search(value, start)
        stop = end.start() if end else len(value)
        if value[start:stop].lower().removesuffix(self._port) != self._authority:
            return value
        return self._public(value, stop, host)

    def _public(self, value: bytes, stop: int, host: bytes) -> bytes:
        """The provider's absolute URL as the app reaches it; ``stop`` is where its authority ends."""
        path = self._inside(value[stop:])
        if path is None:
            return value
        return b"http://" + host + self._prefix + path if host else self._prefix + path

    def _inside(self, rest: bytes) -> bytes | None:
        """Path and query below the base path, beginning with a slash; None when they lie outside of it.

        What climbs with ``..`` is outside: the client resolves it before it sends, and would leave the prefix.
        """
        if not rest or rest[0] != 0x2F:
            rest = b"/" + rest
        if (b"/." in rest or b"/%" in rest) and _CLIMBS.search(rest):
            return None
        if not self._base:
            return rest
        if not rest.startswith(self._base):
            return None
        below = rest[len(self._base) :]
        if not below or below[:1] in b"?#":
            return b"/" + below
        return below if below[0] == 0x2F else None

    def _owns(self, domain: bytes) -> bool:
        """Whether a Domain attribute names the provider or a parent of it (RFC 6265 5.1.3, 5.2.3)."""
        domain = domain.strip().lower().removeprefix(b".")
        return domain != b"" and (self._host == domain or self._host.endswith(b"." + domain))

    def _cookie_path(self, attribute: bytes, path: bytes) -> bytes:
        """The Path attribute as the app's client must see it.

        ``/`` becomes ``/payments``, not ``/payments/``: only the first matches both ``/payments`` and
        ``/payments/x`` (RFC 6265 5.1.4). A path at or above the base path covers the whole provider. One outside
        keeps its length below the prefix, so that it matches no other provider. A path that does not begin with
        a slash is ignored by clients (RFC 6265 5.2.4) and stays.
        """
        if self._trivial or path[:1] != b"/":
            return attribute
        if self._base_slash.startswith(path if path[-1:] == b"/" else path + b"/"):
            path = b""
        elif self._base and path.startswith(self._base_slash):
            path = path[len(self._base) :]
        head = attribute[: attribute.index(b"=") + 1]
        return head + (self._prefix + path or b"/")


def _host_of(authority: bytes) -> bytes:
    """The host of a lower-case authority without its port; IPv6 keeps its brackets."""
    return authority[: authority.find(b"]") + 1] if authority[:1] == b"[" else authority.partition(b":")[0]
