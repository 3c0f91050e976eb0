"""Settings in, live objects out: pools, stacks and the routing table. Nothing here runs per request."""

import asyncio
import os
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sidecar.admin.switchboard import Switchboard
from sidecar.config.fields import is_loopback
from sidecar.config.load import Loaded
from sidecar.config.model import Config, Provider, Route
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
from sidecar.policies.site import Origin, Site
from sidecar.policies.switches import Switch
from sidecar.policies.timeouts import Timeouts
from sidecar.redaction.redactor import DEFAULT, Redactor
from sidecar.rules.proxy_env import ProxyAddress, parse_proxy, proxy_for
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.background import Background
from sidecar.telemetry.failures import Failures
from sidecar.telemetry.policy_stats import PolicyStats
from sidecar.telemetry.stats import Stats

DEFAULT_ROUTE = "default"
"""Name of the route of all calls that match no configured one."""


@dataclass(frozen=True, slots=True)
class PoolKey:
    """A pool is kept over a reload while all of this stays the same. ``files``: change times of the TLS files."""

    origin: Origin
    pool: PoolSettings
    tls: TlsSettings
    proxy: ProxyAddress | None
    files: tuple[tuple[str, int], ...]


class Assembler:
    """Builds tables. ``pools`` are those of the table built last. ``board`` holds its switches."""

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

    def build(self, loaded: Loaded) -> tuple[Table, list[Pool]]:
        """A new table beside the old one, and the pools that it no longer uses.

        Raises:
            OSError: a TLS file cannot be used. ValueError: a proxy variable of the environment cannot be read.
        """
        before, self._kept = self._kept, Kept(self._kept)
        gauges = {name: copy(one.policies) for name, one in self._stats.providers.items()}
        _forget_gauges(self._stats)
        try:
            return self._build(loaded)
        except BaseException:
            self._kept = before
            _restore_gauges(self._stats, gauges)
            raise
        finally:
            self._kept.forget_before()

    def _build(self, loaded: Loaded) -> tuple[Table, list[Pool]]:
        self._redactors = []
        pools: dict[str, tuple[PoolKey, Pool]] = {}
        providers: dict[str, LiveProvider] = {}
        hosts: dict[str, LiveProvider] = {}
        for name, provider in loaded.config.providers.items():
            pools[name] = self._pool(name, provider, loaded.folder)
            live = providers[name] = self._provider(name, provider, pools[name][1], loaded)
            for host in provider.host:
                hosts[host] = live
        table = Table(providers, hosts, self._unrouted(tuple(providers), loaded.config))
        dropped = [pool for name, (_, pool) in self.pools.items() if pools.get(name, (None, None))[1] is not pool]
        self.pools = pools
        # Only now: a table that could not be built must leave no connections behind, nor turn a switch.
        for name, (_, pool) in pools.items():
            pool.start(_waits(loaded.settings_for(name, None)))
        switches = {name: live.switch for name, live in providers.items()}
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
        )
        timeouts = site.of("timeouts", Timeouts)
        settings = WireSettings(
            base=provider.base_url.path.encode(),
            host=provider.base_url.authority.encode(),
            app_host=provider.host_header == "app",
            waits=_waits(site.settings),
            patience=Patience(timeouts.head, timeouts.idle, timeouts.attempt),
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
        )

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
        tls = TlsSettings(
            ca=_path(folder, provider.tls.ca),
            cert=_path(folder, provider.tls.cert),
            key=_path(folder, provider.tls.key),
            server_name=provider.tls.server_name,
            min_version=provider.tls.min_version,
        )
        settings = PoolSettings(
            max_connections=provider.pool.max_connections,
            max_idle=provider.pool.max_idle,
            idle_ttl=provider.pool.idle_ttl,
            max_age=provider.pool.max_age,
            prewarm=provider.pool.prewarm,
        )
        url = provider.base_url
        proxy = self._proxy(provider)
        files = tuple((file, os.stat(file).st_mtime_ns) for file in (tls.ca, tls.cert, tls.key) if file)
        key = PoolKey(_origin(provider), settings, tls, proxy, files)
        before = self.pools.get(name)
        if before is not None and before[0] == key:
            return before
        context = client_context(tls) if url.scheme == "https" else None
        target = Target(url.host, url.port, context, tls.server_name, proxy)
        dialer = Dialer(target, self._loop, self._env.clock)
        return key, Pool(dialer, settings, self._env, self._loop, self._stats.provider(name))

    def _proxy(self, provider: Provider) -> ProxyAddress | None:
        """The ``proxy`` key, else the environment; never for a provider on this machine, as in Go's net/http."""
        url = provider.base_url
        if provider.proxy is not None:
            return None if provider.proxy == "off" else parse_proxy(provider.proxy)
        if is_loopback(url.host):
            return None
        return proxy_for(url.scheme, url.host, url.port, self._environ)


def _forget_gauges(stats: Stats) -> None:
    """Before a table is built: nobody answers any more for what the policies of the one before showed."""
    for provider in stats.providers.values():
        policies = provider.policies
        policies.forget_gauges()
        policies.faults_on = 0
        policies.breakers = dict(policies.breakers)  # the old dict is kept as it is, should the build fail


def _forget_breakers(stats: Stats, switches: Mapping[str, Switch]) -> None:
    """Breakers that the new table has no more would show their last state for ever."""
    for name, provider in stats.providers.items():
        known = switches[name].breakers if name in switches else {}
        breakers = provider.policies.breakers
        provider.policies.breakers = {scope: one for scope, one in breakers.items() if scope in known}


def _restore_gauges(stats: Stats, before: Mapping[str, PolicyStats]) -> None:
    """The table could not be built: the old one's policies go on."""
    _forget_gauges(stats)
    for name, policies in before.items():
        for slot in PolicyStats.__slots__:
            setattr(stats.provider(name).policies, slot, getattr(policies, slot))


def _origin(provider: Provider) -> Origin:
    url = provider.base_url
    return Origin(url.scheme, url.host, url.port, url.authority, url.path)


def _waits(settings: Mapping[str, Settings]) -> Waits:
    """How long calls with these settings wait for a connection."""
    timeouts = settings.get("timeouts")
    return Waits(timeouts.pool, timeouts.connect, timeouts.tls) if isinstance(timeouts, Timeouts) else Waits()


def _path(folder: Path, name: str | None) -> str | None:
    """Relative names start at the folder of the configuration file."""
    return None if name is None else str(folder / name)
