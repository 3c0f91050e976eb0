"""A changed configuration, read and built beside the one in force, while calls go on.

Files are looked at once a second, when a provider refuses our credentials, and whenever somebody asks. A bad file
changes nothing, and is not read again before one of the files that it was made of changes.
"""

import asyncio
import gc
import sys
from collections.abc import Callable
from typing import TypeVar

from sidecar.assembly import Assembler
from sidecar.config.load import Loaded
from sidecar.config.problem import ConfigErrors
from sidecar.config.stamps import Seen, changed
from sidecar.core.env import Env
from sidecar.gateway import Table

POLL_FILES = 1.0
"""Seconds between two looks at the files. A mounted ConfigMap changes by swapping a symlink."""
LOOK_AGAIN = 0.1
"""Seconds between two looks at the least, when a provider answers call after call with 401."""
TURN = 0.00001
"""Seconds for which the thread that reads the configuration may keep the interpreter, when the loop wants it."""

Load = Callable[[], Loaded]
T = TypeVar("T")


class Reloading:
    """Watches the files and reloads, one at a time.

    ``live`` puts a configuration and its table in force; ``refused`` is told what is wrong with one.
    """

    __slots__ = ("_assembler", "_env", "_live", "_load", "_lock", "_looked", "_loop", "_refused", "_seen")

    def __init__(
        self,
        env: Env,
        assembler: Assembler,
        load: Load,
        seen: Seen,
        *,
        live: Callable[[Loaded, Table], None],
        refused: Callable[[list[str]], None],
    ) -> None:
        self._env = env
        self._loop = asyncio.get_running_loop()
        self._assembler = assembler
        self._load = load
        self._seen = seen
        self._live = live
        self._refused = refused
        self._lock = asyncio.Lock()
        self._looked = 0.0

    async def run(self) -> list[str]:
        """Read the files again and swap; the list says what is wrong with them (empty: they are live).

        Reading takes 50 ms and more, so a thread does it; the loop builds provider by provider, and swaps.
        """
        async with self._lock:
            return await self._run()

    async def watch(self, ended: asyncio.Event) -> None:
        """Look at the files again and again."""
        while not ended.is_set():
            await self._env.sleep(POLL_FILES)
            await self.look()

    async def look(self) -> None:
        """Reload if a file has changed. A thread looks: the file system may hang."""
        async with self._lock:
            if await self._loop.run_in_executor(None, changed, self._seen):
                await self._run()

    def look_soon(self) -> None:
        """A provider has refused our credentials: see at once whether they were renewed."""
        now = self._env.clock()
        if now - self._looked >= LOOK_AGAIN:
            self._looked = now
            self._env.spawn(self.look(), "look at files")

    async def _run(self) -> list[str]:
        # Ten thousands of fresh objects would call for a full collection of garbage, which takes 40 ms and more, right
        # now; the next ones by themselves come when less is going on.
        gc.disable()
        try:
            problems = await self._read_and_swap()
        finally:
            gc.enable()
        if problems:
            self._refused(problems)
        return problems

    async def _read_and_swap(self) -> list[str]:
        try:
            loaded = await self._aside(self._load)
        except ConfigErrors as error:
            self._seen = error.seen
            return [problem.render() for problem in error.problems]
        # Whether it can be used or not, it is not read again before one of these files changes.
        self._seen = loaded.seen
        try:
            await self._aside(lambda: self._assembler.prepare(loaded))
            table, dropped = await self._assembler.build_in_steps(loaded)
        except (OSError, ValueError) as error:
            return [str(error)]
        self._live(loaded, table)
        for pool in dropped:
            pool.close()
            await self._env.sleep(0)
        return []

    def _aside(self, work: Callable[[], T]) -> asyncio.Future[T]:
        return self._loop.run_in_executor(None, _gently, work)


def _gently(work: Callable[[], T]) -> T:
    """Do something long in a thread beside the loop, which has to wait for the interpreter ``TURN`` at most.

    By default a thread keeps the interpreter for 5 ms, and the loop asks for it at every event of a socket.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(TURN)
    try:
        done = work()
        gc.collect(0)
        return done
    finally:
        sys.setswitchinterval(before)
