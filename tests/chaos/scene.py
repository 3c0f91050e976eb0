"""A whole sidecar inside the test's event loop, with scripted providers behind it and raw apps in front.

In the same process a test sees what a fault leaves behind: tasks, sockets, pool slots. ``close`` checks all of
it, and that every request was logged exactly once.
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sidecar.config.load import Loaded, load
from sidecar.http.pool import Pool
from sidecar.runtime import Runtime
from tests.chaos.app import PATIENCE, Answer, App
from tests.chaos.provider_script import Provider, Script


class Scene:
    """One running sidecar. ``calls``: log lines of requests that the test has looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "sidecar.log"
        self.config = folder / "sidecar.yaml"
        self.calls = 0
        self.bugs_expected = 0
        self.environ: dict[str, str] = {}
        self._providers: list[Provider] = []
        self._apps: list[App] = []
        self._runtime: Runtime | None = None
        self._tasks_before: set[asyncio.Task[Any]] = set()
        self._sockets_before = 0

    async def provider(self, script: Script, **options: Any) -> Provider:
        """Start a provider."""
        provider = await Provider().start(script, **options)
        self._providers.append(provider)
        return provider

    def write(self, providers: dict[str, dict[str, Any]], **top: Any) -> None:
        """Write the configuration file (JSON is YAML)."""
        config = {
            "version": 1,
            "listen": "127.0.0.1:0",
            "ops": {"listen": "127.0.0.1:0"},
            "admin": {"listen": "127.0.0.1:0", "token": "chaos-token"},
            "log": {"output": str(self.log)},
            "providers": providers,
        }
        self.config.write_text(json.dumps(config | top))

    async def start(self, providers: dict[str, dict[str, Any]], **top: Any) -> None:
        """Write the configuration and serve it."""
        self.write(providers, **top)
        await self.run(lambda: load(self.config, self.environ), self.environ)

    async def run(self, read: Callable[[], Loaded], environ: Mapping[str, str]) -> None:
        """Serve what ``read`` gives, and give it again at a reload."""
        self._tasks_before = asyncio.all_tasks()
        self._sockets_before = _sockets()
        self._runtime = Runtime(read(), read, environ)
        await self._runtime.start()

    async def serve(self, script: Script, top: dict[str, Any] | None = None, **settings: Any) -> Provider:
        """One scripted provider ``p`` behind a sidecar, with these settings."""
        options = settings.pop("provider", {})
        provider = await self.provider(script, **options)
        await self.start({"p": {"base_url": f"http://127.0.0.1:{provider.port}"} | settings}, **(top or {}))
        return provider

    @property
    def runtime(self) -> Runtime:
        """The sidecar."""
        assert self._runtime is not None
        return self._runtime

    def pool(self, name: str = "p") -> Pool:
        """The pool of a provider."""
        return self.runtime._assembler.pools[name][1]

    async def app(self, listener: str = "listen", **options: Any) -> App:
        """A new connection of the app."""
        app = await App.connect(self.runtime.addresses[listener], **options)
        self._apps.append(app)
        return app

    async def get(self, path: str = "/p/", *lines: str, method: str = "GET") -> Answer:
        """One request on a connection of its own."""
        app = await self.app()
        app.get(path, *lines, method=method)
        answer = await app.answer(bodiless=method == "HEAD")
        app.close()
        return answer

    async def metrics(self) -> dict[str, float]:
        """``/metrics`` as sample -> value."""
        app = await self.app("ops.listen")
        app.get("/metrics", "Connection: close")
        text = (await app.answer()).body.decode()
        app.close()
        samples = [line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#")]
        return {name: float(value) for name, _, value in samples}

    async def call(self) -> dict[str, Any]:
        """The log line of the next request; fails if it does not come."""
        await eventually(lambda: len(self.requests()) > self.calls)
        self.calls += 1
        return self.requests()[self.calls - 1]

    def requests(self) -> list[dict[str, Any]]:
        """Every log line of a request."""
        return [line for line in self.events() if line["event"] == "request"]

    def events(self) -> list[dict[str, Any]]:
        """Every whole log line."""
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]

    async def quiet(self) -> None:
        """Wait until nothing of any request is left: no task, no slot, no connection that is in use."""
        for app in self._apps:
            app.close()
        runtime = self.runtime
        await eventually(lambda: not any(server.connections for server in runtime._servers))
        for name, (_, pool) in runtime._assembler.pools.items():
            await eventually(lambda pool=pool: pool.open_connections == pool.idle and not pool._dialing)
            assert not pool._waiters, name
        stats = runtime.stats
        assert stats.client_connections == 0
        assert {name: one.in_flight for name, one in stats.providers.items() if one.in_flight} == {}
        assert {name: one.waiting for name, one in stats.providers.items() if one.waiting} == {}
        await eventually(lambda: not self._left_tasks())

    def _left_tasks(self) -> set[str]:
        """Names of the sidecar's own tasks that still run, its two watchers left out."""
        tasks = {task for task in asyncio.all_tasks() - self._tasks_before if _of_sidecar(task)}
        return {task.get_name() for task in tasks} - {"watch files", "watch lag"}

    async def close(self) -> None:
        """Look for what was left behind, and end everything."""
        try:
            if self._runtime is not None:
                await self.quiet()
                await self._stop()
                self._check_log()
        finally:
            if self._runtime is not None and not self._runtime._ended.is_set():
                await self._stop()
            for app in self._apps:
                app.writer.transport.abort()
            for provider in self._providers:
                await provider.stop()
        if self._runtime is not None:
            await eventually(lambda: _sockets() <= self._sockets_before)

    async def _stop(self) -> None:
        self.runtime._ended.set()
        await self.runtime.wait()

    def _check_log(self) -> None:
        found = [(line["path"], line["outcome"]) for line in self.requests()]
        assert len(found) == self.calls, f"{self.calls} log lines were expected: {found}"
        bugs = [line for line in self.events() if line["event"] == "internal_error"]
        assert len(bugs) == self.bugs_expected, bugs


async def eventually(holds: Callable[[], Any]) -> None:
    """Wait until a condition holds; the test fails when it never does."""
    async with asyncio.timeout(PATIENCE):
        while not holds():  # noqa: ASYNC110 - what it waits for sets no event
            await asyncio.sleep(0.002)


def _of_sidecar(task: asyncio.Task[Any]) -> bool:
    """Whether the code of a task is the sidecar's or that of a library it calls, not a test's."""
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and (
        "aiohappyeyeballs" in code.co_filename or f"{os.sep}sidecar{os.sep}" in code.co_filename
    )


def _sockets() -> int:
    """Open sockets of this process."""
    count = 0
    for fd in os.listdir("/proc/self/fd"):
        try:
            count += os.readlink(f"/proc/self/fd/{fd}").startswith("socket:")
        except OSError:
            continue
    return count
