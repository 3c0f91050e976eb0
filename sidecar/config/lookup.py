"""Which provider and route a call goes to, asked about by path, by local URL or by the provider's own URL.

The same tables as at run time (core/routing.py) decide; this only finds out at which listener a URL arrives.
"""

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from sidecar.config.fields import Listen, is_loopback
from sidecar.config.load import Loaded
from sidecar.config.model import Provider, Route
from sidecar.core.routing import DEFAULT, PathTemplate, Prefixes, RouteMatch, RouteTable


@dataclass(frozen=True, slots=True)
class Found:
    """``target``: path and query after the prefix; ``url``: where the call goes; ``how``: what led to the provider."""

    provider: str
    route: str | None
    index: int
    target: str
    url: str
    how: str


class NotFound(Exception):
    """No provider takes the call. ``what``, ``todo``: the first and last part of the error."""

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what)
        self.what = what
        self.todo = todo


def find(loaded: Loaded, method: str, text: str) -> Found:
    """The provider and route of a call.

    Raises:
        NotFound: no provider is configured for it, or ``text`` is neither a path nor a URL.
    """
    if text.startswith("/"):
        name, rest = _by_prefix(loaded, text)
        return _found(loaded, method, name, rest, f"prefix /{name}")
    try:
        parts = urlsplit(text)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        port = None
    if port is None or not parts.hostname:
        example = text.partition("://")[2] or text
        raise NotFound(f"'{text}' is neither a path nor a URL", f"write /{example.lstrip('/')} or https://{example}")
    return _by_url(loaded, method, parts, port)


def _by_url(loaded: Loaded, method: str, parts: SplitResult, port: int) -> Found:
    host = (parts.hostname or "").rstrip(".")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    config = loaded.config
    if parts.scheme == "http":
        for name, provider in config.providers.items():
            if provider.listen is not None and _arrives(provider.listen, host, port):
                return _found(loaded, method, name, target, f"its own listener {provider.listen}")
        if port == config.listen.port or config.listen.unix:
            hosts = {host: name for name, provider in config.providers.items() for host in provider.host}
            by_host = Prefixes({}, hosts).by_host(host.encode())
            if by_host is not None:
                return _found(loaded, method, by_host, target, f"host {host}")
        if _arrives(config.listen, host, port):
            name, rest = _by_prefix(loaded, target)
            return _found(loaded, method, name, rest, f"prefix /{name}")
    return _by_base_url(loaded, method, parts, port, target)


def _by_base_url(loaded: Loaded, method: str, parts: SplitResult, port: int, target: str) -> Found:
    best: tuple[int, str] | None = None
    for name, provider in loaded.config.providers.items():
        url = provider.base_url
        same = (url.scheme, url.host, url.port) == (parts.scheme, (parts.hostname or "").rstrip("."), port)
        inside = not url.path or parts.path == url.path or parts.path.startswith(url.path + "/")
        if same and inside and (best is None or len(url.path) > best[0]):
            best = (len(url.path), name)
    if best is None:
        known = ", ".join(f"{name} ({one.base_url})" for name, one in loaded.config.providers.items())
        raise NotFound(f"no listener and no base_url fits {parts.scheme}://{parts.netloc}", f"known providers: {known}")
    length, name = best
    rest = target[length:]
    rest = rest if rest.startswith("/") else "/" + rest
    return _found(loaded, method, name, rest, f"its base_url; call it as /{name}{rest}")


def _by_prefix(loaded: Loaded, target: str) -> tuple[str, str]:
    names = {name: name for name in loaded.config.providers}
    name, rest = Prefixes(names).by_path(target.encode())
    if name is None:
        known = ", ".join(f"/{name}" for name in names)
        raise NotFound(f"no provider takes the path {target}", f"known prefixes: {known}")
    return name, rest.decode()


def _found(loaded: Loaded, method: str, name: str, target: str, how: str) -> Found:
    provider = loaded.config.providers[name]
    index = route_table(provider).find(method.encode(), target.encode())
    route = provider.routes[index].name if index != DEFAULT else None
    return Found(name, route, index, target, f"{provider.base_url}{target}", how)


def route_table(provider: Provider) -> RouteTable:
    """The routes of a provider as the table that requests are looked up in."""
    return RouteTable(_route_match(route) for route in provider.routes)


def _route_match(route: Route) -> RouteMatch:
    methods = route.match.methods
    return RouteMatch(
        frozenset(method.encode() for method in methods) if methods is not None else None,
        PathTemplate(route.match.path) if route.match.path is not None else None,
    )


def _arrives(listen: Listen, host: str, port: int) -> bool:
    """Whether a call to a host and port reaches a listener, as far as the names tell."""
    if listen.unix or listen.port != port:
        return False
    everywhere = listen.host in {"0.0.0.0", "::"}  # noqa: S104 - compared, not bound
    return host == listen.host or everywhere or (listen.loopback and is_loopback(host))
