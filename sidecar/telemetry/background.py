"""Work that would hold up the event loop: one thread does it, and the loop goes on with the result.

Redacting a megabyte takes tens of milliseconds, in which no call of the app would move. Small jobs are done where they
come up: that costs less than the way to a thread and back. What waits is bounded, by jobs and by bytes: a job for which
there is no room is told so, and does less.
"""

import asyncio
import contextlib
import queue
import threading
from collections import deque
from typing import Protocol

SMALL = 64 * 1024
"""Bytes up to which a job is done at once: 1 to 3 ms for the redaction of that much."""
MOST_JOBS = 32
"""Jobs that may wait."""
MOST_BYTES = 16 * 1024 * 1024
"""Bytes that waiting jobs may hold."""


class Job(Protocol):
    """Something to do in the thread. ``size``: bytes that it holds."""

    size: int

    def work(self) -> None:
        """The long part; in the thread. It touches nothing that the loop may change meanwhile."""

    def done(self) -> None:
        """The end; on the event loop."""

    def give_up(self) -> None:
        """Instead of ``done``, on the event loop: there was no room or no time for it, or it failed."""


class Background:
    """Does large jobs in the order they came. Before ``start`` and after ``close`` all are done at once."""

    __slots__ = ("_bytes", "_ended", "_jobs", "_loop", "_queue", "_thread", "_waiting")

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._waiting: deque[Job] = deque()  # in the order of the queue; the loop's own list
        self._ended: deque[bool] = deque()  # how each ended, in the same order; filled by the thread
        self._bytes = 0

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Work in the background from now on. The thread itself begins with the first job: most never need it."""
        self._loop = loop

    def submit(self, job: Job) -> None:
        """Do it now, or when it is its turn."""
        if job.size <= SMALL or self._loop is None:
            _finish(job, _try(job))
        elif len(self._waiting) >= MOST_JOBS or self._bytes + job.size > MOST_BYTES:
            job.give_up()
        else:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="background", daemon=True)
                self._thread.start()
            self._waiting.append(job)
            self._bytes += job.size
            self._queue.put(job)

    def close(self, timeout: float = 2.0) -> None:
        """Finish what waits; what is not done within ``timeout`` seconds is given up."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(timeout)
            self._thread = None
        self._collect()
        self._loop = None
        while self._waiting:
            self._waiting.popleft().give_up()
        self._bytes = 0

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            self._ended.append(_try(job))
            loop = self._loop
            if loop is not None:
                with contextlib.suppress(RuntimeError):  # the loop has closed meanwhile: ``close`` gave the job up
                    loop.call_soon_threadsafe(self._collect)

    def _collect(self) -> None:
        """End the jobs whose work is over. Called once for each, and at the close for all that are left."""
        while self._ended and self._waiting:
            job, succeeded = self._waiting.popleft(), self._ended.popleft()
            self._bytes -= job.size
            _finish(job, succeeded)


def _try(job: Job) -> bool:
    try:
        job.work()
    except Exception:  # noqa: BLE001 - what it was for is done all the same, with less in it
        return False
    return True


def _finish(job: Job, succeeded: bool) -> None:  # noqa: FBT001 - the verdict of _try
    if succeeded:
        job.done()
    else:
        job.give_up()
