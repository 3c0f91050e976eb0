"""Settings in, live objects out: pools, stacks and the routing table. Nothing here runs per request."""

import asyncio
import gc
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sidecar.admin.switchboard import Switchboard
from sidecar.config.fields import is_loopback
from sidecar.config.load import Loaded
from sidecar.config.model import Config, Provider, Route
from sidecar.config.stamps import Stamp, stamp
from sidecar.core.env import Env
from sidecar.core.layer import Handler
from sidecar.core.routing import PathTemplate, RouteMatch, RouteTable
from sidecar.gateway import LiveProvider, Table, no_route
from sidecar.http.dial import Dialer, Target
from sidecar.http.head import Edit
from sidecar.http.patience import Patience
from sidecar.http.pool import Pool, PoolSettings, Waits
from sidecar.http.tls import TlsSettings, client_context
from sidecar.http.wire import Wire, WireSettings
from sidecar.policies.kept import Kept
from sidecar.policies.order import OWN_ANSWERS, fold
from sidecar.policies.redaction import Redaction
from sidecar.policies.settings import Settings
from sidecar.policies.site import Origin, Site, Tracing, nobody
from sidecar.policies.switches import Switch
from sidecar.policies.timeouts import Timeouts
from sidecar.redaction.redactor import DEFAULT, Redactor
from sidecar.rules.proxy_env import ProxyAddress, parse_proxy, proxy_for
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.background import Background
from sidecar.telemetry.failures import Failures
from sidecar.telemetry.policy_stats import Gauges
from sidecar.telemetry.spans import Traced
from sidecar.telemetry.stats import Stats

_BETWEEN = 0.002
"""Seconds that the calls have to themselves after each provider that is built, which takes half a millisecond."""

DEFAULT_ROUTE = "default"
"""Name of the route of all calls that match no configured one."""


@dataclass(frozen=True, slots=True)
class PoolKey:
    """A pool is kept over a reload while all of this stays the same."""

    origin: Origin
    pool: PoolSettings
    tls: TlsSettings
    proxy: ProxyAddress | None
    context: "ContextKey | None"


@dataclass(frozen=True, slots=True)
class ContextKey:
    """A TLS context is shared by all providers for which this is the same; ``files``: its files as they are now."""

    tls: TlsSettings
    files: tuple[Stamp, ...]


@dataclass(slots=True)
class _Draft:
    """A table that is being built. ``gauges``: what its policies are to show once it is live."""

    pools: dict[str, tuple[PoolKey, Pool]] = field(default_factory=dict)
    providers: dict[str, LiveProvider] = field(default_factory=dict)
    hosts: dict[str, LiveProvider] = field(default_factory=dict)
    gauges: dict[str, Gauges] = field(default_factory=dict)


class Assembler:
    """Builds tables. ``pools`` are those of the table built last. ``board`` holds its switches.

    ``refused`` is called when a provider has answered 401. ``traced`` takes the calls that spans are made of.
    """

    def __init__(
        self,
        env: Env,
        loop: asyncio.AbstractEventLoop,
        stats: Stats,
        log: AccessLog,
        environ: Mapping[str, str],
        board: Switchboard | None = None,
        failures: Failures | None = None,
        background: Background | None = None,
    ) -> None:
        self._env = env
        self._loop = loop
        self._stats = stats
        self._log = log
        self._environ = environ
        self.pools: dict[str, tuple[PoolKey, Pool]] = {}
        self._kept = Kept()
        self._board = board or Switchboard(env, loop, stats, log)
        self._redactors: list[tuple[Redaction, Redactor]] = []
        self._failures = Failures() if failures is None else failures
        self._background = background or Background()
        self._contexts: dict[ContextKey, ssl.SSLContext] = {}
        self.refused: Callable[[], None] = nobody
        self.traced: Callable[[Traced], None] | None = None

    def prepare(self, loaded: Loaded) -> None:
        """What takes long and needs no loop, for a thread: TLS contexts, 20 ms and 0.8 MB each with the system's CAs.

        Raises:
            OSError: a TLS file cannot be used.
        """
        keys = {
            _context_key(_tls(provider, loaded.folder))
            for provider in loaded.config.providers.values()
            if provider.base_url.scheme == "https"
        }
        self._contexts = {key: self._contexts.get(key) or client_context(key.tls) for key in keys}

    def build(self, loaded: Loaded) -> tuple[Table, list[Pool]]:
        """A new table beside the old one, and the pools that it no longer uses.

        Raises:
            OSError: a TLS file cannot be used. ValueError: a proxy variable of the environment cannot be read.
        """
        with self._building() as draft:
            for name in loaded.config.providers:
                self._add(name, loaded, draft)
            return self._finish(loaded, draft)

    async def build_in_steps(self, loaded: Loaded) -> tuple[Table, list[Pool]]:
        """As ``build``, while calls go on: the loop gets its turn after each provider. Only one at a time.

        Nothing is seen of the new table before all of it is there.
        """
        with self._building() as draft:
            for name in loaded.config.providers:
                self._add(name, loaded, draft)
                gc.collect(0)  # only what is new: a tenth of a millisecond now instead of three at the end
                await self._env.sleep(_BETWEEN)
            return self._finish(loaded, draft)

    @contextmanager
    def _building(self) -> Iterator[_Draft]:
        before, self._kept = self._kept, Kept(self._kept)
        self._redactors = []
        try:
            yield _Draft()
        except BaseException:
            self._kept = before
            raise
        finally:
            self._kept.forget_before()

    def _add(self, name: str, loaded: Loaded, draft: _Draft) -> None:
        """Build one provider; what is shown of the one that is live stays as it is."""
        provider = loaded.config.providers[name]
        policies = self._stats.provider(name).policies
        shown = policies.gauges()
        policies.forget_live()
        try:
            draft.pools[name] = self._pool(name, provider, loaded.folder)
            live = draft.providers[name] = self._provider(name, provider, draft.pools[name][1], loaded)
            draft.gauges[name] = policies.gauges()
        finally:
            policies.show(shown)
        for host in provider.host:
            draft.hosts[host] = live

    def _finish(self, loaded: Loaded, draft: _Draft) -> tuple[Table, list[Pool]]:
        pools, providers = draft.pools, draft.providers
        table = Table(providers, draft.hosts, self._unrouted(tuple(providers), loaded.config))
        dropped = [pool for name, (_, pool) in self.pools.items() if pools.get(name, (None, None))[1] is not pool]
        self.pools = pools
        # Only now: a table that could not be built must leave no connections behind, nor turn a switch.
        for name, (_, pool) in pools.items():
            pool.start(_waits(loaded.settings_for(name, None)))
        switches = {name: live.switch for name, live in providers.items()}
        for name, stats in self._stats.providers.items():
            stats.policies.forget_live()
            stats.policies.show(draft.gauges.get(name, {}))
        _forget_breakers(self._stats, switches)
        self._board.go_live(switches)
        return table, dropped

    def _provider(self, name: str, provider: Provider, pool: Pool, loaded: Loaded) -> LiveProvider:
        switch = self._board.fresh(name, enabled=provider.enabled)
        # First, so that what routes share is the provider's own, and a route's is named after it.
        rest = self._stack(name, None, provider, pool, switch, loaded)
        matches, names, handlers = [], [], []
        for route in provider.routes:
            methods = route.match.methods
            matches.append(
                RouteMatch(
                    frozenset(method.encode() for method in methods) if methods else None,
                    PathTemplate(route.match.path) if route.match.path else None,
                )
            )
            names.append(route.name)
            handlers.append(self._stack(name, route, provider, pool, switch, loaded))
        # The index of "no route" is -1: the last entry.
        names.append(DEFAULT_ROUTE)
        handlers.append(rest)
        base_url = str(provider.base_url)
        return LiveProvider(name, pool, RouteTable(matches), names, handlers, switch=switch, base_url=base_url)

    def _stack(
        self, name: str, route: Route | None, provider: Provider, pool: Pool, switch: Switch, loaded: Loaded
    ) -> Handler:
        site = self._site(
            name,
            DEFAULT_ROUTE if route is None else route.name,
            loaded.settings_for(name, None if route is None else route.name),
            _origin(provider),
            enabled=provider.enabled and (route is None or route.enabled),
            switch=switch,
            tracing=self._tracing(loaded),
        )
        timeouts = site.of("timeouts", Timeouts)
        settings = WireSettings(
            base=provider.base_url.path.encode(),
            host=provider.base_url.authority.encode(),
            app_host=provider.host_header == "app",
            waits=_waits(site.settings),
            patience=Patience(timeouts.head, timeouts.idle, timeouts.attempt),
            traced=site.tracing is not None,
        )
        return fold(Wire(pool, settings, site.edit, self._env).handle, site)

    def _unrouted(self, known: tuple[str, ...], config: Config) -> Handler:
        written: dict[str, Any] = getattr(config, "redaction", None) or {}  # at the top; of providers there is none
        settings = {"log": config.log, "redaction": Redaction.model_validate(written)}
        site = self._site("", "", settings, Origin("http", "", 0, "", ""), enabled=True, switch=Switch())
        return fold(no_route(known), site, OWN_ANSWERS)

    def _site(
        self,
        provider: str,
        route: str,
        settings: Mapping[str, Settings],
        origin: Origin,
        *,
        enabled: bool,
        switch: Switch,
        tracing: Tracing | None = None,
    ) -> Site:
        return Site(
            provider=provider,
            route=route,
            settings=settings,
            env=self._env,
            log=self._log,
            stats=self._stats.route(provider, route),
            provider_stats=self._stats.provider(provider),
            origin=origin,
            edit=Edit(),
            kept=self._kept,
            enabled=enabled,
            switch=switch,
            redactor=self._redactor(settings),
            background=self._background,
            failures=self._failures,
            refused=self.refused,
            tracing=tracing,
        )

    def _tracing(self, loaded: Loaded) -> Tracing | None:
        otlp = loaded.config.telemetry.otlp
        return None if otlp.endpoint is None or self.traced is None else Tracing(self.traced, otlp.sample)

    def _redactor(self, settings: Mapping[str, Settings]) -> Redactor:
        """The redactor of a route; routes with the same rules share one."""
        redaction = settings.get("redaction")
        if not isinstance(redaction, Redaction):
            return DEFAULT
        same = next((redactor for known, redactor in self._redactors if known == redaction), None)
        if same is None:
            same = Redactor(redaction.rules(), self._env.cpu)
            self._redactors.append((redaction, same))
        return same

    def _pool(self, name: str, provider: Provider, folder: Path) -> tuple[PoolKey, Pool]:
        """The pool of the table before, if nothing that it depends on has changed; else a new one."""
        tls = _tls(provider, folder)
        settings = PoolSettings(
            max_connections=provider.pool.max_connections,
            max_idle=provider.pool.max_idle,
            idle_ttl=provider.pool.idle_ttl,
            max_age=provider.pool.max_age,
            prewarm=provider.pool.prewarm,
        )
        url = provider.base_url
        proxy = self._proxy(provider)
        context_key = _context_key(tls) if url.scheme == "https" else None
        key = PoolKey(_origin(provider), settings, tls, proxy, context_key)
        before = self.pools.get(name)
        if before is not None and before[0] == key:
            return before
        context = None if context_key is None else self._context(context_key)
        target = Target(url.host, url.port, context, tls.server_name, proxy)
        dialer = Dialer(target, self._loop, self._env.clock)
        return key, Pool(dialer, settings, self._env, self._loop, self._stats.provider(name))

    def _context(self, key: ContextKey) -> ssl.SSLContext:
        """The context that was prepared, unless its files have changed again since."""
        found = self._contexts.get(key)
        if found is None:
            found = self._contexts[key] = client_context(key.tls)
        return found

    def _proxy(self, provider: Provider) -> ProxyAddress | None:
        """The ``proxy`` key, else the environment; never for a provider on this machine, as in Go's net/http."""
        url = provider.base_url
        if provider.proxy is not None:
            return None if provider.proxy == "off" else parse_proxy(provider.proxy)
        if is_loopback(url.host):
            return None
        return proxy_for(url.scheme, url.host, url.port, self._environ)


def _forget_breakers(stats: Stats, switches: Mapping[str, Switch]) -> None:
    """Breakers that the new table has no more would show their last state for ever."""
    for name, provider in stats.providers.items():
        known = switches[name].breakers if name in switches else {}
        breakers = provider.policies.breakers
        provider.policies.breakers = {scope: one for scope, one in breakers.items() if scope in known}


def _origin(provider: Provider) -> Origin:
    url = provider.base_url
    return Origin(url.scheme, url.host, url.port, url.authority, url.path)


def _waits(settings: Mapping[str, Settings]) -> Waits:
    """How long calls with these settings wait for a connection."""
    timeouts = settings.get("timeouts")
    return Waits(timeouts.pool, timeouts.connect, timeouts.tls) if isinstance(timeouts, Timeouts) else Waits()


def _tls(provider: Provider, folder: Path) -> TlsSettings:
    return TlsSettings(
        ca=_path(folder, provider.tls.ca),
        cert=_path(folder, provider.tls.cert),
        key=_path(folder, provider.tls.key),
        server_name=provider.tls.server_name,
        min_version=provider.tls.min_version,
    )


def _context_key(tls: TlsSettings) -> ContextKey:
    """The server's name is no part of the context: it is told with each connection."""
    files = tuple(stamp(file) for file in (tls.ca, tls.cert, tls.key) if file)
    return ContextKey(replace(tls, server_name=None), files)


def _path(folder: Path, name: str | None) -> str | None:
    """Relative names start at the folder of the configuration file."""
    return None if name is None else str(folder / name)
