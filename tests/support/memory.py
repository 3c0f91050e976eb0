"""The data plane without sockets: both ends are objects, pieces arrive exactly as a test cuts them.

A ``Wire`` is one connection: what one end writes, the other end's protocol gets a turn of the loop later. Reading
can be paused, ends close and abort as sockets do. Thousands of examples run in a second.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from sidecar.assembly import Assembler
from sidecar.config.load import Loaded
from sidecar.core.env import Env
from sidecar.gateway import Gateway
from sidecar.http.app_connection import AppConnection
from sidecar.http.limits import Limits
from sidecar.http.provider_connection import Home, ProviderConnection
from sidecar.http.server import Server
from sidecar.telemetry.stats import Stats
from tests.support.sidecar_process import complete
from tests.support.sidecar_thread import KeptLines, loaded_from


class Activity:
    """Counts everything that happens, so that a test can tell when nothing more does."""

    def __init__(self) -> None:
        self.count = 0
        self.bugs: list[str] = []


class MemoryTransport(asyncio.Transport):
    """The sidecar's end of a connection. ``peer``: a function that is given what is written, None at the end."""

    def __init__(self, protocol: Any, peer: Callable[[bytes | None], None], activity: Activity) -> None:
        super().__init__()
        self.protocol = protocol
        self.written = b""
        self.eof_written = False
        self.closed = False
        self.lost = False
        self._peer = peer
        self._activity = activity
        self._loop = asyncio.get_running_loop()
        self._paused = False
        self._waiting: list[bytes | None] = []
        protocol.connection_made(self)

    # ---- what the sidecar calls ----

    def write(self, data: Any) -> None:
        data = bytes(data)
        if self.lost or self.eof_written:
            # What uvloop raises an error for.
            self._activity.bugs.append(f"written behind the end: {data[:80]!r}")
            return
        if self.closed:
            return
        if not data:
            self._activity.bugs.append("an empty write")
        self.written += data
        self._activity.count += 1
        self._loop.call_soon(self._peer, data)

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def write_eof(self) -> None:
        self.eof_written = True
        self._activity.count += 1

    def can_write_eof(self) -> bool:
        return True

    def close(self) -> None:
        self._end(None)

    def abort(self) -> None:
        self._end(None)

    def is_closing(self) -> bool:
        return self.closed

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        if self._paused:
            self._activity.bugs.append("paused twice")
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._loop.call_soon(self._deliver)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("memory", 0) if name == "peername" else default

    def set_protocol(self, protocol: Any) -> None:
        self.protocol = protocol

    def get_protocol(self) -> Any:
        return self.protocol

    # ---- what the other end does ----

    def arrive(self, data: bytes | None) -> None:
        """Bytes of the other end, at once unless reading is paused; None is its close."""
        self._activity.count += 1
        self._waiting.append(data)
        self._deliver()

    def break_off(self) -> None:
        """A reset by the other end: whatever waits to be read is lost."""
        self._waiting.clear()
        self._end(ConnectionResetError(104, "Connection reset by peer"))

    def _deliver(self) -> None:
        while self._waiting and not self._paused and not self.closed:
            data = self._waiting.pop(0)
            self._activity.count += 1
            if data is None:
                if not self.protocol.eof_received():
                    self.close()
            elif data:
                self.protocol.data_received(data)

    def _end(self, error: Exception | None) -> None:
        if not self.closed:
            self.closed = True
            self._activity.count += 1
            self._loop.call_soon(self._lost, error)

    def _lost(self, error: Exception | None) -> None:
        self._activity.count += 1
        self.lost = True
        self.protocol.connection_lost(error)
        self._peer(None)


class MemoryProvider:
    """One connection at the provider's side; a test subclasses it."""

    def __init__(self, sidecar: "MemorySidecar") -> None:
        self.sidecar = sidecar
        self.received = b""
        self.ended = False
        self.closed = False
        self.transport: MemoryTransport

    def send(self, data: bytes) -> None:
        """Answer; after ``close`` nothing is sent."""
        if not self.transport.closed and not self.closed:
            self.transport.arrive(data)

    def close(self) -> None:
        """Close this end."""
        if not self.transport.closed and not self.closed:
            self.closed = True
            self.transport.arrive(None)

    def take(self, data: bytes | None) -> None:
        """What the sidecar wrote; None when it closed."""
        if data is None:
            self.ended = True
            self.on_end()
        else:
            self.received += data
            self.on_data(data)

    def on_data(self, data: bytes) -> None:
        """Bytes came."""

    def on_end(self) -> None:
        """The sidecar closed."""


class _Dialer:
    def __init__(self, sidecar: "MemorySidecar") -> None:
        self._sidecar = sidecar

    async def dial(self, home: Home, connect_timeout: float, tls_timeout: float) -> ProviderConnection:
        sidecar = self._sidecar
        provider = sidecar.make_provider(sidecar)
        connection = ProviderConnection(home, sidecar.loop, sidecar.env.clock, tls=False)
        provider.transport = MemoryTransport(connection, provider.take, sidecar.activity)
        sidecar.providers.append(provider)
        await asyncio.sleep(0)
        return connection


class MemoryApp:
    """One connection of an app. ``received``: what the sidecar wrote; ``ended``: it closed."""

    def __init__(self, sidecar: "MemorySidecar") -> None:
        self.received = b""
        self.ended = False
        self.transport = MemoryTransport(AppConnection(sidecar.server), self._take, sidecar.activity)

    def _take(self, data: bytes | None) -> None:
        if data is None:
            self.ended = True
        else:
            self.received += data

    def send(self, data: bytes) -> None:
        """One read of the sidecar."""
        if not self.transport.closed:
            self.transport.arrive(data)

    def close(self) -> None:
        """The app closes its connection."""
        if not self.transport.closed:
            self.transport.arrive(None)


class MemorySidecar:
    """Make it inside a running loop. ``make_provider`` is called for each connection to the provider ``p``."""

    def __init__(self, make_provider: Callable[["MemorySidecar"], MemoryProvider], **config: Any) -> None:
        self.make_provider = make_provider
        self.loop = asyncio.get_running_loop()
        self.activity = Activity()
        self.loop.set_exception_handler(self._on_loop_error)
        self.providers: list[MemoryProvider] = []
        provider = {
            "base_url": "http://provider.test",
            "tracking": {"traceparent": "off"},
            **config.pop("provider", {}),
        }
        loaded = _load({"providers": {"p": provider}, **config})
        self.env, self.stats = Env(), Stats()
        self.log = KeptLines(self.env, self.stats)
        self.assembler = Assembler(self.env, self.loop, self.stats, self.log, {})
        table, _ = self.assembler.build(loaded)
        self.pool = self.assembler.pools["p"][1]
        self.pool._dialer = _Dialer(self)  # type: ignore[assignment]
        limits = Limits(**{name: getattr(loaded.config.limits, name) for name in Limits.__dataclass_fields__})
        self.server = Server(self.loop, self.env, limits, Gateway(table).handle, self.stats, self._on_bug)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.activity.bugs.append(f"loop: {context.get('message')}: {context.get('exception')!r}")

    def _on_bug(self, error: BaseException) -> None:
        self.activity.bugs.append(f"connection: {error!r}")

    def app(self) -> MemoryApp:
        """A new app connects."""
        return MemoryApp(self)

    async def settle(self) -> None:
        """Let the loop turn until nothing happens any more (timers apart)."""
        quiet, seen = 0, -1
        while quiet < 12:
            await asyncio.sleep(0)
            quiet = quiet + 1 if self.activity.count == seen else 0
            seen = self.activity.count

    async def finish(self) -> None:
        """Every app closes; asserts that nothing is left behind and that no bug showed."""
        for connection in list(self.server.connections):
            connection._transport.arrive(None)  # type: ignore[attr-defined]
        await self.settle()
        for connection in list(self.server.connections):
            # Reading was on hold: the close waits behind bytes that nobody reads.
            connection._transport.break_off()  # type: ignore[attr-defined]
        await self.settle()
        assert not self.server.connections
        assert self.pool.open_connections == self.pool.idle, "a connection to the provider was left behind"
        assert self.stats.provider("p").in_flight == 0
        self.pool.abort()
        await self.settle()
        assert not self.activity.bugs, self.activity.bugs
        assert [line for line in self.log.kept if line["event"] == "internal_error"] == []


_loaded: dict[str, Loaded] = {}


def _load(config: Mapping[str, Any]) -> Loaded:
    """Each configuration is read once: that takes longer than an example."""
    key = repr(config)
    if key not in _loaded:
        _loaded[key] = loaded_from(complete(config))
    return _loaded[key]
