"""Lead redirects, links and cookies of the provider back through the sidecar."""

from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.core.layer import Handler
from sidecar.policies.policy import Policy
from sidecar.policies.settings import Settings
from sidecar.policies.site import Site
from sidecar.rules.rewrite import Rewriter

_LINKING = frozenset({b"set-cookie", b"location", b"link", b"content-location"})
"""Response headers that may point to the provider."""


class Rewrite(Settings):
    """Which of the provider's response headers are rewritten so that the app stays behind the sidecar."""

    location: bool = True
    """``Location`` and ``Content-Location`` that point to the provider."""
    link: bool = True
    """``Link`` targets that point to the provider (pagination)."""
    cookies: bool = True
    """``Domain`` and ``Path`` of ``Set-Cookie``."""


class _RewriteLayer:
    __slots__ = ("_next", "_plain", "_prefixed", "_settings")

    def __init__(self, inner: Handler, settings: Rewrite, site: Site) -> None:
        self._next = inner
        self._settings = settings
        origin = site.origin
        # A provider is reached by a prefix, or without one by its own listener or host name.
        self._plain = Rewriter(origin.scheme, origin.authority, origin.path, "")
        self._prefixed = Rewriter(origin.scheme, origin.authority, origin.path, f"/{site.provider}")

    async def handle(self, exchange: Exchange) -> Response:
        inner = self._next
        response = await inner(exchange)
        if not _LINKING.isdisjoint(response.headers.index):
            rewriter = self._prefixed if exchange.prefix else self._plain
            response.headers = self._rewritten(response.headers, rewriter, exchange.headers.index.get(b"host", b""))
        return response

    def _rewritten(self, headers: Headers, rewriter: Rewriter, host: bytes) -> Headers:
        settings = self._settings
        fresh = Headers()
        for lower, name, value in headers.fields:
            if settings.location and lower in (b"location", b"content-location"):
                value = rewriter.location(value, host)
            elif settings.link and lower == b"link":
                value = rewriter.link(value, host)
            elif settings.cookies and lower == b"set-cookie":
                value = rewriter.set_cookie(value)
            fresh.add(name, value)
        return fresh


def build(inner: Handler, site: Site) -> Handler:
    """Rewrite the answers of this route, if anything is to be rewritten."""
    settings = site.of("rewrite", Rewrite)
    if not (settings.location or settings.link or settings.cookies):
        return inner
    return _RewriteLayer(inner, settings, site).handle


POLICY = Policy("rewrite", build, "rewrite", Rewrite)
