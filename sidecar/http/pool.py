"""The connections to one provider, and who waits for one.

LIFO: the connection used last is used next, so that a quiet pool shrinks by itself. A connection ends after
``max_age`` seconds (so that DNS changes take effect) or ``idle_ttl`` seconds without a request.
"""

import asyncio
from collections import deque
from dataclasses import dataclass

from sidecar.core.env import Env
from sidecar.core.errors import ConnectFailed, PoolExhausted, SidecarError
from sidecar.core.exchange import Attempt
from sidecar.core.units import show_duration
from sidecar.http.dial import Dialer
from sidecar.http.provider_connection import ProviderConnection
from sidecar.http.unread import unread
from sidecar.telemetry.stats import ProviderStats


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Counts of connections; seconds."""

    max_connections: int = 100
    max_idle: int = 20
    idle_ttl: float = 60.0
    max_age: float = 300.0
    prewarm: int = 0


@dataclass(frozen=True, slots=True)
class Waits:
    """How long getting a connection may take, in seconds; 0 is no limit, but for ``pool``: no wait at all."""

    pool: float = 0.25
    connect: float = 1.0
    tls: float = 2.0


class Pool:
    """One provider's connections. ``closed``: takes no more requests, connections end after their answer."""

    __slots__ = (
        "_clock", "_connections", "_dialer", "_dialing", "_env", "_idle", "_loop", "_settings", "_stats", "_sweep",
        "_waiters", "_warm", "closed",
    )  # fmt: skip

    def __init__(
        self, dialer: Dialer, settings: PoolSettings, env: Env, loop: asyncio.AbstractEventLoop, stats: ProviderStats
    ) -> None:
        self._dialer = dialer
        self._settings = settings
        self._env = env
        self._clock = env.clock
        self._loop = loop
        self._stats = stats
        self._connections: set[ProviderConnection] = set()
        self._idle: list[ProviderConnection] = []
        self._waiters: deque[asyncio.Future[ProviderConnection | None]] = deque()
        self._dialing = 0
        self._sweep: asyncio.TimerHandle | None = None
        self._warm = Waits()
        self.closed = False

    # ---- take ----

    def take(self, *, safe: bool) -> ProviderConnection | None:
        """An idle connection, or None. ``safe``: the request may be sent again if the connection proves dead.

        For a request that may not, a connection that has become readable meanwhile (its close waits to be read)
        is not taken: one ``poll`` of 0.6 us closes most of the gap that RFC 9112 9.3.1 speaks of.
        """
        idle = self._idle
        if not idle:
            return None
        max_age, clock = self._settings.max_age, self._clock
        oldest = clock() - max_age if max_age else 0.0
        while idle:
            connection = idle.pop()
            if not connection.usable():
                continue
            if connection.opened < oldest:
                connection.close()
                continue
            if not safe and unread(connection.transport):
                connection.close()
                continue
            return connection
        return None

    async def open(self, attempt: Attempt, waits: Waits) -> ProviderConnection:
        """A connection that is new or has just become free. The time in the queue goes to ``attempt.waited``.

        Raises:
            PoolExhausted: all ``max_connections`` were busy for ``wait`` seconds.
            DnsFailed, ConnectFailed, ConnectTimeout, TlsFailed: see ``Dialer.dial``.
        """
        wait = waits.pool
        while len(self._connections) + self._dialing >= self._settings.max_connections:
            began = self._env.clock()
            try:
                connection = await self._wait(wait)
            finally:
                waited = self._env.clock() - began
                attempt.waited += waited
                self._stats.pool_wait.observe(waited)
            if connection is not None and connection.usable():
                return connection
            wait = max(0.0, wait - waited)
        return await self._dial(waits)

    async def _wait(self, seconds: float) -> ProviderConnection | None:
        """A connection that was freed, or None when there is room for a new one."""
        waiter: asyncio.Future[ProviderConnection | None] = self._loop.create_future()
        self._waiters.append(waiter)
        self._stats.waiting += 1
        timer = self._loop.call_later(seconds, self._give_up, waiter, seconds)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._pass_on(waiter.result())
            raise
        finally:
            self._stats.waiting -= 1
            timer.cancel()

    def _give_up(self, waiter: "asyncio.Future[ProviderConnection | None]", seconds: float) -> None:
        if not waiter.done():
            limit = self._settings.max_connections
            waiter.set_exception(
                PoolExhausted(
                    f"all {limit} connections were busy for {show_duration(seconds)} (timeouts.pool)", retry_after=1.0
                )
            )

    async def _dial(self, waits: Waits) -> ProviderConnection:
        self._dialing += 1
        try:
            connection = await self._dialer.dial(self, waits.connect, waits.tls)
        except BaseException:
            self._dialing -= 1
            self._wake(None)
            raise
        self._dialing -= 1
        self._stats.connections_opened += 1
        if not connection.usable():
            self._wake(None)
            raise ConnectFailed(f"{connection.addr}: the provider closed the connection at once")
        self._connections.add(connection)
        return connection

    # ---- give back ----

    def free(self, connection: ProviderConnection) -> None:
        """A connection has done its request and may do another."""
        settings = self._settings
        if self.closed or (settings.max_age and connection.freed - connection.opened > settings.max_age):
            connection.close()
            return
        if self._waiters and self._wake(connection):
            return
        if len(self._idle) >= settings.max_idle:
            connection.close()
            return
        self._idle.append(connection)
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._sweep_every(), self._expire)

    def gone(self, connection: ProviderConnection) -> None:
        """A connection has closed."""
        if connection in self._connections:
            self._connections.discard(connection)
            if connection in self._idle:
                self._idle.remove(connection)
            self._wake(None)

    def _pass_on(self, connection: ProviderConnection | None) -> None:
        if connection is None:
            self._wake(None)
        elif connection.usable():
            self.free(connection)

    def _wake(self, connection: ProviderConnection | None) -> bool:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(connection)
                return True
        return False

    # ---- upkeep ----

    def start(self, waits: Waits) -> None:
        """Open ``prewarm`` connections in the background, and keep that many idle."""
        self._warm = waits
        for _ in range(self._settings.prewarm - len(self._idle)):
            self._env.spawn(self._prewarm(), "prewarm")

    async def _prewarm(self) -> None:
        if len(self._connections) + self._dialing >= self._settings.max_connections or self.closed:
            return
        try:
            connection = await self._dial(self._warm)
        except SidecarError:
            return  # the first request will tell
        if connection.usable():
            self.free(connection)

    def _sweep_every(self) -> float:
        limits = [limit for limit in (self._settings.idle_ttl, self._settings.max_age) if limit]
        return max(0.05, min(limits) / 4) if limits else 60.0

    def _expire(self) -> None:
        self._sweep = None
        now, settings = self._env.clock(), self._settings
        for connection in list(self._idle):
            stale = settings.idle_ttl and now - connection.freed >= settings.idle_ttl
            old = settings.max_age and now - connection.opened >= settings.max_age
            if stale or old:
                self._idle.remove(connection)
                connection.close()
        if settings.prewarm:
            self.start(self._warm)
        if self._idle or settings.prewarm:
            self._sweep = self._loop.call_later(self._sweep_every(), self._expire)

    def close(self) -> None:
        """Close what is idle; the rest when its answer is complete."""
        self.closed = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def abort(self) -> None:
        """Close everything now."""
        self.close()
        for connection in list(self._connections):
            connection.abort()

    @property
    def idle(self) -> int:
        """Connections that wait for a request."""
        return len(self._idle)

    @property
    def open_connections(self) -> int:
        """All connections, idle ones included."""
        return len(self._connections)
