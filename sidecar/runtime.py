"""The process: start, reload by swapping one reference, drain, end.

Nothing else holds live objects together. ``serve`` returns the exit code of ``sidecar run``.
"""

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sidecar import __version__
from sidecar.admin.api import Admin, load_or_make_token
from sidecar.admin.calls import Calls
from sidecar.admin.kill_file import SwitchesUnreadable
from sidecar.admin.ops import Ops
from sidecar.admin.providers import Providers
from sidecar.admin.switchboard import Switchboard
from sidecar.assembly import Assembler
from sidecar.config.fields import Listen
from sidecar.config.load import Loaded
from sidecar.config.mounts import mounted_alone, read_mounts
from sidecar.config.telemetry import destination
from sidecar.core.env import Env
from sidecar.core.layer import Handler
from sidecar.gateway import Gateway, Table
from sidecar.http.limits import Limits
from sidecar.http.listener import CannotListen, address_of, listen
from sidecar.http.server import Server
from sidecar.redaction.redactor import DEFAULT, warm
from sidecar.reloading import Load, Reloading
from sidecar.telemetry.access_log import LEVELS, AccessLog
from sidecar.telemetry.background import Background
from sidecar.telemetry.failures import Failures
from sidecar.telemetry.outputs import open_output
from sidecar.telemetry.spans import Spans
from sidecar.telemetry.stats import Stats
from sidecar.telemetry.strays import catch, traceback_of

QUIET = 1.0
"""Seconds without a request after which a draining sidecar has "gone quiet": the app is done with it."""
LAG_EVERY = 0.5
"""Seconds between two measurements of the event loop's lag."""


class Runtime:
    """A running sidecar. ``started`` and ``draining`` are what the probes ask."""

    def __init__(self, loaded: Loaded, load: Load, environ: Mapping[str, str], env: Env | None = None) -> None:
        self.env = env or Env()
        self.stats = Stats()
        self.started = False
        self.draining = False
        self._loaded = loaded
        self._environ = environ
        self._loop = asyncio.get_running_loop()
        self._log = _open_log(loaded, self.env, self.stats, environ)
        self._board = Switchboard(self.env, self._loop, self.stats, self._log, _state_folder(loaded))
        support = loaded.config.support
        failures = Failures(support.calls, support.bytes)
        self._background = Background()
        self._assembler = Assembler(
            self.env, self._loop, self.stats, self._log, environ, self._board, failures, self._background
        )
        self._servers: list[Server] = []
        self._listeners: list[asyncio.AbstractServer] = []
        self._side_servers: list[Server] = []
        self._gateway: Gateway
        self.providers = Providers(lambda: self._gateway.table.providers, self._board, self.stats, self.env)
        self.calls = Calls(failures)
        self._ended = asyncio.Event()
        self._reloading = Reloading(
            self.env, self._assembler, load, loaded.seen, live=self._go_live, refused=self._refuse
        )
        self._assembler.refused = self._reloading.look_soon
        self._spans = Spans(self.env, self.stats, self._log)
        self._assembler.traced = self._spans.put
        self._born = self.env.clock()
        self.addresses: dict[str, str] = {}

    def catch_strays(self) -> None:
        """Bring what the interpreter and libraries would print into the log, for the rest of the process's life."""
        catch(self._log, self._loop, DEFAULT.unforeseen)

    # ---- start ----

    async def start(self) -> None:
        """Build everything and open the listeners.

        Raises:
            CannotListen, OSError, ValueError, SwitchesUnreadable: nothing is left open.
        """
        config = self._loaded.config
        self._restore_switches()
        table, _ = self._assembler.build(self._loaded)
        self._gateway = Gateway(table)
        limits = Limits(
            config.limits.header_bytes,
            config.limits.headers,
            config.limits.body,
            config.limits.header_timeout,
            config.limits.idle_timeout,
            config.limits.connections,
        )
        ops = Ops(self.stats, self, self.env, collect=self._collect)
        token = load_or_make_token(config.admin.token, config.admin.token_file)
        admin = Admin(self, token, str(config.admin.listen))
        try:
            await self._open("listen", config.listen, self._gateway.handle, limits)
            for name, provider in config.providers.items():
                if provider.listen is not None:
                    path = f"providers.{name}.listen"
                    await self._open(path, provider.listen, self._gateway.bound(name), limits)
            await self._open("ops.listen", config.ops.listen, ops.handle, Limits(), side=True)
            await self._open("admin.listen", config.admin.listen, admin.handle, Limits(), side=True)
        except BaseException:
            self.close()
            raise
        self._log.start(self._loop)
        self._background.start(self._loop)
        self._configure_spans()
        self.stats.started = self.stats.last_reload = self.env.wall()
        self.env.spawn(self._reloading.watch(self._ended), "watch files")
        self.env.spawn(self._watch_lag(), "watch lag")
        self.started = True
        self._log.event(
            "info",
            "started",
            version=__version__,
            pid=os.getpid(),
            listen=self.addresses,
            providers=list(config.providers),
            warnings=[warning.render() for warning in self._loaded.warnings],
        )
        self._board.announce()
        self._warn_of_faults()
        self._warn_of_mounts()
        self._loop.run_in_executor(None, warm)

    def _configure_spans(self) -> None:
        self._spans.configure(destination(self._loaded.config.telemetry.otlp, self._environ, __version__))

    def _restore_switches(self) -> None:
        try:
            self._board.restore()
        except SwitchesUnreadable as error:
            self._log.event("error", "kill_switches_unreadable", file=str(error.path), detail=str(error))
            raise

    def _warn_of_faults(self) -> None:
        """A test tool that was left on must be found at the first look into the log."""
        for name, live in self._gateway.table.providers.items():
            for route, told in live.switch.faults.items():
                self._log.event("warning", "faults_enabled", provider=name, route=route, faults=told)

    def _warn_of_mounts(self) -> None:
        """Whoever waits for a change of such a file waits in vain."""
        alone = mounted_alone(self._loaded.files, read_mounts())
        if alone:
            detail = "Kubernetes never updates a file that is mounted by subPath: mount the folder, without subPath"
            self._log.event("warning", "never_updated", files=[str(file) for file in alone], detail=detail)

    async def _open(self, name: str, address: Listen, handler: Handler, limits: Limits, *, side: bool = False) -> None:
        # Probes and scrapes are not the app's connections: they are counted apart.
        server = Server(self._loop, self.env, limits, handler, Stats() if side else self.stats, self._on_bug)
        try:
            listener = await listen(server, address.host, address.port, address.unix or None)
        except CannotListen as error:
            raise CannotListen(f"{name}: {error}") from error
        self._listeners.append(listener)
        (self._side_servers if side else self._servers).append(server)
        self.addresses[name] = address_of(listener)

    def _on_bug(self, error: BaseException) -> None:
        text = DEFAULT.unforeseen(traceback_of(error))
        self._log.event("error", "internal_error", error=type(error).__name__, traceback=text)

    # ---- reload ----

    async def reload(self) -> list[str]:
        """Read the configuration again and swap it in; the list says what is wrong with it (empty: it is live).

        A bad file changes nothing. Listeners, limits and the log's outputs cannot change while running: that is said.
        """
        return await self._reloading.run()

    def _go_live(self, loaded: Loaded, table: Table) -> None:
        restart = _needs_restart(self._loaded, loaded)
        self._gateway.table = table
        self._loaded = loaded
        self._configure_spans()
        self._log.level = LEVELS[loaded.config.log.level]
        self.stats.reloads["success"] += 1
        self.stats.reload_ok = True
        self.stats.last_reload = self.env.wall()
        warnings = [warning.render() for warning in loaded.warnings]
        self._log.event("info", "reloaded", providers=list(loaded.config.providers), warnings=warnings)
        self._warn_of_faults()
        if restart:
            self._log.event("warning", "restart_needed", keys=restart, detail="these keys take effect after a restart")

    def _refuse(self, problems: list[str]) -> None:
        self.stats.reloads["failure"] += 1
        self.stats.reload_ok = False
        self._log.event("error", "reload_failed", detail="the old configuration stays in force", problems=problems)

    def hang_up(self) -> None:
        """Open the log's files anew, and reload, without waiting for either (SIGHUP)."""
        self.env.spawn(self._hang_up(), "reload")

    async def _hang_up(self) -> None:
        # First, so that what the reload says is in the new file.
        await self._loop.run_in_executor(None, self._log.reopen)
        await self.reload()

    async def _watch_lag(self) -> None:
        while not self._ended.is_set():
            before = self.env.clock()
            await self.env.sleep(LAG_EVERY)
            self.stats.loop_lag = max(0.0, self.env.clock() - before - LAG_EVERY)

    # ---- end ----

    def begin_drain(self, reason: str, quiet: float = QUIET) -> None:
        """Finish what is in flight, still take calls until the app is quiet or ``drain.timeout`` is up, and end.

        A second call ends at once.
        """
        if self.draining:
            self._ended.set()
            return
        self.draining = True
        self._log.event("info", "draining", reason=reason, timeout_s=self._loaded.config.drain.timeout)
        for server in self._servers:
            server.drain()
        self.env.spawn(self._drain(quiet), "drain")

    async def _drain(self, quiet: float) -> None:
        env, began = self.env, self.env.clock()
        timeout = self._loaded.config.drain.timeout
        while env.clock() - began < timeout:
            active = max([began, *(server.last_active for server in self._servers)])
            if env.clock() - active >= quiet and self._empty():
                break
            await env.sleep(0.02)
        else:
            self._gateway.closed = True
        self._ended.set()

    def _empty(self) -> bool:
        """Whether no connection is left but those on which nothing is asked; they are closed."""
        if any(server.in_flight for server in self._servers):
            return False
        for server in self._servers:
            server.close_idle()
        return not any(server.connections for server in self._servers)

    async def wait(self) -> int:
        """Wait for the end; the exit code, 0. How many calls were cut is in the last log line."""
        await self._ended.wait()
        cut = sum(server.in_flight for server in self._servers)
        self.close()
        await self._settle()
        self._background.close()
        self._spans.close()
        self._log.event("warning" if cut else "info", "stopped", cut=cut, uptime_s=round(self.env.clock() - self._born))
        self.close_log()
        return 0

    def close_log(self) -> None:
        """Write what is left; lines that come after it are written at once."""
        self._log.close()

    async def _settle(self) -> None:
        """Let every cut connection write its log line."""
        for _ in range(100):
            if not any(server.connections for server in [*self._servers, *self._side_servers]):
                return
            await self.env.sleep(0.01)

    def close(self) -> None:
        """Close listeners, connections and pools, now."""
        self._board.close()
        for listener in self._listeners:
            listener.close()
        for server in [*self._servers, *self._side_servers]:
            server.abort()
        for _, pool in self._assembler.pools.values():
            pool.abort()

    # ---- what probes and the admin API ask ----

    def checks(self) -> list[tuple[str, bool, str]]:
        """Name, state and explanation of everything readiness depends on; never a provider."""
        return [
            ("config", self.started, "loaded, listeners are open" if self.started else "not loaded yet"),
            ("draining", not self.draining, "shutting down" if self.draining else "no"),
        ]

    def _collect(self) -> None:
        """Bring the gauges of the pools up to date before a scrape."""
        pools = self._assembler.pools
        for name, stats in self.stats.providers.items():
            # A provider that a reload has removed keeps its counters, but has no pool.
            pool = pools[name][1] if name in pools else None
            stats.idle = pool.idle if pool is not None else 0
            stats.active = pool.open_connections - pool.idle if pool is not None else 0

    def status(self) -> dict[str, Any]:
        """For ``GET /status`` of the admin API."""
        return {
            "version": __version__,
            "uptime_s": round(self.env.clock() - self._born, 3),
            "draining": self.draining,
            "config": self._loaded.file,
            "last_reload": self.stats.last_reload,
            "listen": self.addresses,
            "providers": {
                name: {"open": pool.open_connections, "idle": pool.idle}
                for name, (_, pool) in self._assembler.pools.items()
            },
        }


async def serve(loaded: Loaded, load: Load, environ: Mapping[str, str]) -> int:
    """Run until a signal ends it; the exit code.

    Raises:
        CannotListen, OSError, ValueError, SwitchesUnreadable: it could not start.
    """
    runtime = Runtime(loaded, load, environ)
    runtime.catch_strays()
    try:
        await runtime.start()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, runtime.begin_drain, "SIGTERM")
        # At a terminal nobody waits for an app to go quiet: what is in flight is finished, that is all.
        loop.add_signal_handler(signal.SIGINT, runtime.begin_drain, "SIGINT", 0.0)
        loop.add_signal_handler(signal.SIGHUP, runtime.hang_up)
        return await runtime.wait()
    finally:
        runtime.close_log()


def _state_folder(loaded: Loaded) -> Path | None:
    """Where state is kept; relative names start at the folder of the configuration file."""
    name = loaded.config.state_dir
    return None if name is None else loaded.folder / name


def _open_log(loaded: Loaded, env: Env, stats: Stats, environ: Mapping[str, str]) -> AccessLog:
    settings = loaded.config.log
    outputs = [open_output(name, settings.format, environ) for name in settings.output]
    return AccessLog(outputs, env, stats, DEFAULT.text, settings.level)


def _needs_restart(old: Loaded, new: Loaded) -> list[str]:
    """Keys that differ and are read at start only."""
    keys = [
        key
        for key in ("listen", "ops", "admin", "limits", "support", "state_dir")
        if getattr(old.config, key) != getattr(new.config, key)
    ]
    was, now = old.config.log, new.config.log
    keys += [f"log.{key}" for key in ("output", "format") if getattr(was, key) != getattr(now, key)]
    for name in {*old.config.providers, *new.config.providers}:
        before, after = old.config.providers.get(name), new.config.providers.get(name)
        if (before.listen if before else None) != (after.listen if after else None):
            keys.append(f"providers.{name}.listen")
    return keys
