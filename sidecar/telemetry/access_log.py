"""Where log lines go: encoded at once, buffered, written by one thread.

A request only appends bytes to a list. A timer hands what has gathered to a writer thread, so that a slow disk
or a full pipe never holds up a request. When the reader is too slow, the buffer fills to its cap, and further
lines are dropped and counted: losing a log line is better than losing the app's calls.
"""

import asyncio
import os
import queue
import select
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import orjson

from sidecar.telemetry.stats import Stats

FLUSH_EVERY = 0.05
"""Seconds that a line may wait in the buffer."""
BUFFER_CAP = 8 * 1024 * 1024
"""Bytes that may wait for the writer before lines are dropped."""

_MILLISECONDS = tuple(f".{count:03d}Z" for count in range(1001))

_ROOM_WITHIN = 1.0
"""Seconds after which a full descriptor is tried again."""

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class AccessLog:
    """JSON lines to a file descriptor. Every line of the process goes through here.

    ``wall`` tells the time (Unix seconds). Before ``start`` and after ``close`` lines are written at once.
    """

    def __init__(
        self, fd: int, wall: Callable[[], float], stats: Stats, level: str = "info", sample_success: float = 1.0
    ) -> None:
        self._fd = fd
        self._wall = wall
        self._stats = stats
        self.level = LEVELS[level]
        self.sample_success = sample_success
        self._lines: list[bytes] = []
        self._size = 0
        self._scheduled = False
        self._busy = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._second = -1
        self._stamp = ""

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write in the background from now on."""
        self._loop = loop
        self._thread = threading.Thread(target=self._write_all, name="log writer", daemon=True)
        self._thread.start()

    def timestamp(self) -> str:
        """Now, as RFC 3339 in UTC with milliseconds. The second's part is made once per second."""
        wall = self._wall
        now = wall()
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = _utc(second)
        return self._stamp + _MILLISECONDS[int((now - second) * 1000)]

    def event(self, level: str, event: str, **fields: Any) -> None:
        """One line that is not about a request: start, reload, drain, an internal error."""
        if LEVELS[level] >= self.level:
            self.line({"ts": self.timestamp(), "level": level, "event": event, **fields})

    def line(self, record: dict[str, Any]) -> None:
        """Append one record; encodes it here, so that it can change afterwards."""
        line = orjson.dumps(record, default=str, option=orjson.OPT_APPEND_NEWLINE)
        size = self._size = self._size + len(line)
        if size > BUFFER_CAP:
            self._size -= len(line)
            self._stats.log_lines_dropped += 1
        elif self._scheduled:
            self._lines.append(line)
        else:
            self._first(line)

    def _first(self, line: bytes) -> None:
        """The first line of a batch sets the timer; without a loop a line is written at once."""
        if self._loop is None:
            self._size = 0
            self._stats.log_lines_dropped += _write(self._fd, line)
            return
        self._lines.append(line)
        self._scheduled = True
        self._loop.call_later(FLUSH_EVERY, self._flush)

    def close(self, timeout: float = 2.0) -> None:
        """Write what is left and end the writer; waits at most ``timeout`` seconds for a stuck reader."""
        if self._thread is None:
            return
        if self._lines:
            self._queue.put(b"".join(self._lines))
            self._lines.clear()
        self._queue.put(None)
        self._thread.join(timeout)
        self._thread = None
        self._loop = None
        # A timer may still be set: nothing that comes now may wait for it.
        self._scheduled = False
        self._size = 0

    def reopen(self, fd: int) -> None:
        """Write to another descriptor from the next flush on."""
        self._fd = fd

    def _flush(self) -> None:
        self._scheduled = False
        if self._busy:
            self._again()
            return
        data = b"".join(self._lines)
        self._lines.clear()
        self._size = 0
        self._busy = True
        self._queue.put(data)

    def _again(self) -> None:
        if self._loop is not None and not self._scheduled:
            self._scheduled = True
            self._loop.call_later(FLUSH_EVERY, self._flush)

    def _write_all(self) -> None:
        while (data := self._queue.get()) is not None:
            self._stats.log_lines_dropped += _write(self._fd, data)
            self._busy = False


def _write(fd: int, data: bytes) -> int:
    """Write everything; the number of lines that were lost, because the reader has gone or the disk is full."""
    view = memoryview(data)
    while view:
        try:
            view = view[os.write(fd, view) :]
        except BlockingIOError:
            # Somebody made the descriptor non-blocking, as a terminal's other user may: wait for room.
            select.select([], [fd], [], _ROOM_WITHIN)
        except OSError:
            return bytes(view).count(b"\n")
    return 0


def _utc(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
