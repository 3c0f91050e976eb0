"""Room 2, routing: which provider and route a request belongs to, found by table look-up."""

from collections.abc import Awaitable, Sequence

from sidecar.core.body import Body
from sidecar.core.errors import Draining, NoRoute
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.core.layer import Handler
from sidecar.core.routing import DEFAULT, Prefixes, RouteTable
from sidecar.http.head import ALLOW
from sidecar.http.pool import Pool
from sidecar.policies.switches import Switch


class LiveProvider:
    """One provider that is being served. ``handlers`` and ``names``: one per route, the last for all other calls.

    ``switch`` and ``base_url`` are for those who look at it; no call needs them.
    """

    __slots__ = ("base_url", "handlers", "name", "names", "pool", "prefix", "switch", "table")

    def __init__(
        self,
        name: str,
        pool: Pool,
        table: RouteTable,
        names: Sequence[str],
        handlers: Sequence[Handler],
        *,
        switch: Switch | None = None,
        base_url: str = "",
    ) -> None:
        self.name = name
        self.prefix = b"/" + name.encode()
        self.pool = pool
        self.switch = switch or Switch()
        self.base_url = base_url
        self.table = table
        self.names = tuple(names)
        self.handlers = tuple(handlers)


class Table:
    """Everything a request is routed by; replaced as a whole at a reload."""

    __slots__ = ("hosts", "prefixes", "providers", "unrouted")

    def __init__(self, providers: dict[str, LiveProvider], hosts: dict[str, LiveProvider], unrouted: Handler) -> None:
        self.providers = providers
        self.hosts = bool(hosts)
        self.prefixes: Prefixes[LiveProvider] = Prefixes(providers, hosts)
        self.unrouted = unrouted


class Gateway:
    """The handler behind the listeners. ``table`` may be swapped at any time: a request looks once."""

    __slots__ = ("closed", "table")

    def __init__(self, table: Table) -> None:
        self.table = table
        self.closed = False

    def handle(self, exchange: Exchange) -> Awaitable[Response]:
        """A request of the shared listener: by Host, else by the first path segment."""
        table = self.table
        if exchange.error is not None or self.closed:
            return self._refuse(exchange)
        if table.hosts:
            provider = table.prefixes.by_host(exchange.headers.index.get(b"host", b""))
            if provider is not None:
                return _dispatch(provider, exchange, exchange.target)
        provider, path = table.prefixes.by_path(exchange.target)
        if provider is None:
            return table.unrouted(exchange)
        exchange.prefix = provider.prefix
        return _dispatch(provider, exchange, path)

    def bound(self, name: str) -> Handler:
        """The handler of a provider's own listener: no prefix, every path is the provider's."""

        def handle(exchange: Exchange) -> Awaitable[Response]:
            provider = self.table.providers.get(name)
            if exchange.error is not None or self.closed or provider is None:
                return self._refuse(exchange)
            return _dispatch(provider, exchange, exchange.target)

        return handle

    def _refuse(self, exchange: Exchange) -> Awaitable[Response]:
        if exchange.error is None and self.closed:
            exchange.error = Draining("the sidecar is shutting down; another instance may take the call", retry_after=1)
        return self.table.unrouted(exchange)


def _dispatch(provider: LiveProvider, exchange: Exchange, path: bytes) -> Awaitable[Response]:
    exchange.path = path
    table = provider.table
    route = table.find(exchange.method, path) if table.routed else DEFAULT
    exchange.provider = provider.name
    exchange.route = provider.names[route]
    return provider.handlers[route](exchange)


def no_route(known: Sequence[str]) -> Handler:
    """The innermost handler where no provider matches; it raises what is wrong."""
    prefixes = ", ".join(f"/{name}/" for name in known)

    async def handle(exchange: Exchange) -> Response:
        if exchange.error is not None:
            error, exchange.error = exchange.error, None
            raise error
        if exchange.target == b"*":
            # The question is about the sidecar as a whole (RFC 9110 9.3.7).
            return Response(204, b"No Content", Headers.of([(b"Allow", ALLOW)]), Body.of(b""))
        raise NoRoute(f"no provider has this path or host; known prefixes: {prefixes}")

    return handle
