"""The demo itself: the story told scene by scene, the traffic, and whoever shows it."""

import asyncio
import signal
from collections.abc import Coroutine
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Protocol

import orjson

from sidecar.core.env import Env
from sidecar.demo.client import Client, Seen
from sidecar.demo.gauges import Gauges, read_log, read_metrics
from sidecar.demo.orders import COUNT
from sidecar.demo.stage import PROVIDER, Stage
from sidecar.demo.story import STORY, TOTAL_S, Scene, scene_seconds
from sidecar.demo.tally import Tally

RATE = 20.0
"""Calls per second. The app does not wait for one call before it makes the next."""
_SCRAPE = 0.5
"""Seconds between two looks at the metrics."""
_STEP = 0.05
"""Seconds between two updates of the progress."""
_LAST_CALLS = TOTAL_S + 1.0
"""Seconds that calls in flight get at the end, at most: the sidecar answers each within its deadline."""


@dataclass(slots=True)
class State:
    """Everything there is to show. ``seconds``: planned length, None without end; times are seconds."""

    base: str = ""
    provider_port: int = 0
    seconds: float | None = None
    elapsed: float = 0.0
    scene: int = 0
    scene_share: float = 0.0
    tally: Tally = field(default_factory=Tally)
    gauges: Gauges = field(default_factory=Gauges)
    own_ms: list[float] = field(default_factory=list)
    log_lines: int = 0

    @property
    def now_playing(self) -> Scene:
        """The current scene."""
        return STORY[self.scene]


class View(Protocol):
    """Shows the state. ``every``: seconds between two calls of ``draw``."""

    every: float

    def opening(self) -> None:
        """Before anything runs: the first words."""

    def opened(self, state: State) -> None:
        """The processes run, the addresses are known."""

    def scene(self, state: State) -> None:
        """A scene begins."""

    def seen(self, state: State, seen: Seen) -> None:
        """A call has ended."""

    def draw(self, state: State) -> None:
        """Show the state as it is now."""

    def closing(self, state: State) -> None:
        """The traffic has ended; the sidecar is being stopped."""

    def closed(self, state: State) -> None:
        """The last words, with the sidecar's own times from its log."""

    def restore(self) -> None:
        """Leave the terminal as it was, whatever happened."""


class Show:
    """One performance."""

    def __init__(self, env: Env, stage: Stage, view: View, seconds: float | None) -> None:
        self._env = env
        self._stage = stage
        self._view = view
        self._state = State(seconds=seconds)
        self._began = 0.0
        self._ended = asyncio.Event()
        self._in_flight: set[asyncio.Task[None]] = set()
        self._failure: BaseException | None = None

    async def run(self) -> None:
        """Perform until the time is up or a signal comes; nothing is left behind.

        Raises:
            CannotStart: the processes did not start.
            OSError: the sidecar has gone.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._ended.set)
        background: list[asyncio.Task[None]] = []
        try:
            self._view.opening()
            opening = self._env.spawn(self._stage.open(), "demo stage")
            await self._unless_ended(opening)
            if self._ended.is_set():
                return
            state = self._state
            state.base, state.provider_port = self._stage.base, self._stage.provider_port
            self._began = self._env.clock()
            self._view.opened(state)
            app = Client(*self._stage.address, self._env)
            for work, name in ((self._traffic(app), "traffic"), (self._scrape(), "scrape"), (self._draw(), "draw")):
                background.append(self._env.spawn(self._guarded(work), f"demo {name}"))
            await self._tell()
            await self._finish(app, background)
        finally:
            self._view.restore()
            for task in [*background, *self._in_flight]:
                task.cancel()
            self._stage.close()
        if self._failure is not None:
            raise self._failure
        self._view.closed(self._state)

    async def _unless_ended(self, task: asyncio.Task[None]) -> None:
        """Wait for a task, or for the end of the demo, which cancels it."""
        ended = self._env.spawn(self._wait_ended(None), "demo end")
        await asyncio.wait({task, ended}, return_when=asyncio.FIRST_COMPLETED)
        ended.cancel()
        if task.done():
            task.result()
        else:
            task.cancel()

    async def _wait_ended(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """A background task that fails ends the demo."""
        try:
            await work
        except (OSError, TimeoutError, ValueError) as error:
            self._failure = self._failure or error
            self._ended.set()

    # ---- the story ----

    async def _tell(self) -> None:
        length = scene_seconds(self._state.seconds)
        for number, scene in cycle(enumerate(STORY)):
            if scene.mood is not None:
                await self._set(scene.mood)
            self._state.scene = number
            self._view.scene(self._state)
            if scene.mood is None:
                await self._stage.set_provider(running=False)
            if not await self._play(length):
                return

    async def _set(self, mood: str) -> None:
        await self._stage.set_provider(running=True)
        provider = Client("127.0.0.1", self._stage.provider_port, self._env)
        await provider.call("PUT", f"/mood/{mood}")
        provider.close()

    async def _play(self, length: float) -> bool:
        """Let a scene last ``length`` seconds; False when the demo ends."""
        state, clock = self._state, self._env.clock
        began = clock()
        while not self._ended.is_set():
            now = clock()
            state.elapsed = now - self._began
            state.scene_share = min(1.0, (now - began) / length)
            if state.seconds is not None and state.elapsed >= state.seconds:
                return False
            if state.scene_share >= 1.0:
                return True
            left = length - (now - began)
            if state.seconds is not None:
                left = min(left, state.seconds - state.elapsed)
            await self._wait_ended(min(left, _STEP))
        return False

    # ---- the traffic ----

    async def _traffic(self, app: Client) -> None:
        while not self._ended.is_set():
            task = self._env.spawn(self._guarded(self._call(app)), "demo call")
            self._in_flight.add(task)
            task.add_done_callback(self._in_flight.discard)
            await self._env.sleep(self._env.uniform(0.5, 1.5) / RATE)

    async def _call(self, app: Client) -> None:
        kind = self._env.uniform(0, 10)
        if kind < 7:
            seen = await app.call("GET", f"/{PROVIDER}/orders/{1 + self._env.bits(16) % COUNT}")
        elif kind < 8.5:
            seen = await app.call("GET", f"/{PROVIDER}/orders?page={1 + self._env.bits(16) % 5}")
        else:
            order = {"customer": "Ada Lovelace", "items": [{"name": "Moka pot", "quantity": 1}]}
            seen = await app.call("POST", f"/{PROVIDER}/orders", orjson.dumps(order))
        self._state.tally.add(seen)
        self._view.seen(self._state, seen)

    async def _scrape(self) -> None:
        ops = Client(*self._stage.ops, self._env)
        while not self._ended.is_set():
            self._state.gauges = read_metrics(await ops.text("/metrics"), PROVIDER)
            await self._env.sleep(_SCRAPE)

    async def _draw(self) -> None:
        while not self._ended.is_set():
            self._view.draw(self._state)
            await self._env.sleep(self._view.every)

    # ---- the end ----

    async def _finish(self, app: Client, background: list[asyncio.Task[None]]) -> None:
        self._ended.set()
        self._view.closing(self._state)
        for task in background:
            task.cancel()
        if self._in_flight:
            await asyncio.wait(self._in_flight, timeout=_LAST_CALLS)
        app.close()
        await self._stage.stop_sidecar()
        self._state.log_lines, self._state.own_ms = read_log(self._stage.log)
