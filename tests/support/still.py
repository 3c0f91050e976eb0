"""A loop whose clock stands still, and a transport without a socket, for tests of one connection by itself."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sidecar.core.env import Env
from tests.support.memory import Activity, MemoryTransport

WALL = 784111777.0
"""Sun, 06 Nov 1994 08:49:37 GMT, the date of RFC 9110 5.6.7."""


class Handle:
    """A timer of the still loop."""

    def __init__(self, at: float, call: Callable[[], None]) -> None:
        self.at, self.call, self.cancelled = at, call, False

    def cancel(self) -> None:
        self.cancelled = True


class StillLoop:
    """Futures are the running loop's; timers fire when ``advance`` passes them."""

    def __init__(self) -> None:
        self.now = 100.0
        self.handles: list[Handle] = []

    def create_future(self) -> "asyncio.Future[Any]":
        return asyncio.get_running_loop().create_future()

    def call_later(self, delay: float, call: Callable[[], None]) -> Handle:
        handle = Handle(self.now + delay, call)
        self.handles.append(handle)
        return handle

    def advance(self, seconds: float) -> None:
        """Run what falls due in the next ``seconds``, each at its time."""
        end = self.now + seconds
        while due := [one for one in self.handles if not one.cancelled and one.at <= end]:
            first = min(due, key=lambda one: one.at)
            self.handles.remove(first)
            self.now = max(self.now, first.at)
            first.call()
        self.now = end

    @property
    def pending(self) -> int:
        """Timers that are set."""
        return sum(not one.cancelled for one in self.handles)

    def env(self) -> Env:
        """An ``Env`` that tells this loop's time."""
        return replace(Env(), clock=lambda: self.now, wall=lambda: WALL)


class StillTransport(MemoryTransport):
    """Takes down how it was used.

    ``waiting_bytes``: what the peer has not taken yet. ``writes``: one entry a call. ``extra``: what
    ``get_extra_info`` gives.
    """

    def __init__(self, protocol: Any, peername: object = ("127.0.0.9", 4242)) -> None:
        self.aborted = False
        self.waiting_bytes = 0
        self.writes: list[bytes] = []
        self.extra: dict[str, object] = {"peername": peername}
        self.activity = Activity()
        super().__init__(protocol, lambda data: None, self.activity)

    @property
    def reading(self) -> bool:
        return not self._paused

    def write(self, data: Any) -> None:
        self.writes.append(bytes(data))
        super().write(data)

    def abort(self) -> None:
        self.aborted = True
        super().abort()

    def get_write_buffer_size(self) -> int:
        return self.waiting_bytes

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.extra.get(name, default)


async def turn() -> None:
    """Let every callback run that is due, and those that they set."""
    for _ in range(6):
        await asyncio.sleep(0)
