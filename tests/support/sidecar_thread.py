"""The data plane inside the test process: a real listener on a uvloop loop in a thread. Starts in milliseconds.

What a process would hide is caught here: exceptions that reach the loop, bugs of a connection, tasks and
connections left behind.
"""

import asyncio
import os
import tempfile
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import orjson
import uvloop
import yaml

from sidecar.assembly import Assembler
from sidecar.config.load import Loaded, load
from sidecar.core.env import Env
from sidecar.gateway import Gateway
from sidecar.http.limits import Limits
from sidecar.http.listener import address_of, listen
from sidecar.http.server import Server
from sidecar.redaction.redactor import DEFAULT
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.stats import Stats
from tests.support.raw_client import TIMEOUT, RawClient
from tests.support.sidecar_process import complete

T = TypeVar("T")


def loaded_from(config: Mapping[str, Any]) -> Loaded:
    """A configuration as ``sidecar run`` would load it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "sidecar.yaml")
        file.write_text(yaml.safe_dump(dict(config)))
        return load(file, dict(os.environ))


class KeptLines(AccessLog):
    """Keeps the lines instead of writing them; they are encoded all the same."""

    def __init__(self, env: Env, stats: Stats) -> None:
        super().__init__((), env, stats, DEFAULT.text)
        self.kept: list[dict[str, Any]] = []
        self.changed = threading.Condition()

    def line(self, record: dict[str, Any]) -> None:
        with self.changed:
            self.kept.append(orjson.loads(orjson.dumps(record, default=str)))
            self.changed.notify_all()


class SidecarThread:
    """Runs while the ``with`` block does; leaving it asserts that no bug showed and nothing was left behind.

    ``config``: as for ``SidecarProcess``. ``port``: the shared listener; ``ports``: the providers' own, by name.
    ``bugs``: everything that must never happen.
    """

    def __init__(self, config: Mapping[str, Any], *, loop_factory: Callable[[], Any] = uvloop.new_event_loop) -> None:
        self.bugs: list[str] = []
        self.ports: dict[str, int] = {}
        self.servers: list[Server] = []
        self._listeners: list[asyncio.AbstractServer] = []
        self.loop: asyncio.AbstractEventLoop = loop_factory()
        self.loop.set_exception_handler(self._on_loop_error)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.call(self._start(complete(config)))

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    async def _start(self, config: dict[str, Any]) -> None:
        loaded = loaded_from(config)
        env, self.stats = Env(), Stats()
        self.log = KeptLines(env, self.stats)
        self.assembler = Assembler(env, self.loop, self.stats, self.log, {})
        table, _ = self.assembler.build(loaded)
        self.gateway = Gateway(table)
        found = loaded.config.limits
        limits = Limits(**{name: getattr(found, name) for name in Limits.__dataclass_fields__})
        self.port = await self._listen(env, self.gateway.handle, limits)
        for name in loaded.config.providers:
            self.ports[name] = await self._listen(env, self.gateway.bound(name), limits)

    async def _listen(self, env: Env, handler: Any, limits: Limits) -> int:
        server = Server(self.loop, env, limits, handler, self.stats, self._on_bug)
        listener = await listen(server, "127.0.0.1", 0)
        self.servers.append(server)
        self._listeners.append(listener)
        return int(address_of(listener).rpartition(":")[2])

    # ---- what must never happen ----

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.bugs.append(f"loop: {context.get('message')}: {context.get('exception')!r}")

    def _on_bug(self, error: BaseException) -> None:
        self.bugs.append(f"connection: {error!r}")

    # ---- what a test asks ----

    def client(self, provider: str | None = None) -> RawClient:
        """A new connection, to the shared listener or to a provider's own."""
        return RawClient(self.port if provider is None else self.ports[provider])

    def call(self, coroutine: Any) -> Any:
        """Run a coroutine on the sidecar's loop and give its result."""
        found: Future[Any] = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return found.result(TIMEOUT)

    def look(self, function: Callable[[], T]) -> T:
        """The result of a function that runs on the sidecar's loop, between two events."""

        async def inside() -> T:
            return function()

        result: T = self.call(inside())
        return result

    def pool(self, name: str) -> Any:
        """The pool of a provider."""
        return self.assembler.pools[name][1]

    def requests(self, count: int | None = None) -> list[dict[str, Any]]:
        """The request lines so far; waits until there are ``count``."""
        lines = self.log

        def found() -> list[dict[str, Any]]:
            return [line for line in lines.kept if line["event"] == "request"]

        with lines.changed:
            if count is not None and not lines.changed.wait_for(lambda: len(found()) >= count, TIMEOUT):
                raise AssertionError(f"{count} request lines in vain: {lines.kept}")
            return found()

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until ``condition`` holds on the loop: asked again at every turn of it, not after a sleep."""

        async def inside() -> bool:
            for _ in range(100_000):
                if condition():
                    return True
                await asyncio.sleep(0)
                if _ > 200:
                    await asyncio.sleep(0.001)
                if _ > 5_000:
                    return False
            return False

        if not asyncio.run_coroutine_threadsafe(inside(), self.loop).result(TIMEOUT * 2):
            raise AssertionError(f"in vain: {what}")

    def assert_quiet(self) -> None:
        """No app connected, no call in flight, no connection to a provider that is neither idle nor closed."""
        self.wait_until(lambda: not any(server.connections for server in self.servers), "app connections end")
        for name, (_, pool) in self.assembler.pools.items():
            self.wait_until(lambda pool=pool: pool.open_connections == pool.idle, f"{name}: connections are free")
            assert self.stats.provider(name).in_flight == 0
        assert self.stats.client_connections == 0

    def assert_no_bugs(self) -> None:
        """Nothing happened that must not, and no call met an internal error."""
        assert not self.bugs, self.bugs
        assert [line for line in self.log.kept if line["event"] == "internal_error"] == []

    # ---- its end ----

    def __enter__(self) -> "SidecarThread":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.assert_quiet()
                self.assert_no_bugs()
        finally:
            self.close()

    def close(self) -> None:
        """End the loop and the thread."""
        self.call(self._stop())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(TIMEOUT)
        self.loop.close()

    async def _stop(self) -> None:
        for listener in self._listeners:
            listener.close()
        for server in self.servers:
            server.abort()
        for _, pool in self.assembler.pools.values():
            pool.abort()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
