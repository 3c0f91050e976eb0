"""One place that log lines go to: a standard stream or a file, written by a thread of its own.

So a full pipe or a slow disk holds up neither the calls nor the other outputs.
"""

import os
import queue
import select
import threading
from collections.abc import Callable, Iterator, Mapping

from sidecar.telemetry.console import Console

BACKLOG = 8 * 1024 * 1024
"""Bytes that may wait for one output; what comes then is dropped and counted."""

_STREAMS = {"stdout": 1, "stderr": 2}
"""Descriptors, not ``sys.stdout``: that is None in a process that was started without one."""
_ROOM_WITHIN = 1.0
"""Seconds after which a full descriptor is tried again."""


class Output:
    """A descriptor and its writer. ``name``: as in ``log.output``. ``path``: of a file, which can be opened again.

    ``render`` makes what is written of one line of JSON. ``untold``: lines that were lost and that no line tells of.
    ``on_lost`` is called with a number of lost lines, in any thread.
    """

    __slots__ = (
        "_done", "_fd", "_given", "_healthy", "_queue", "_render", "_stuck", "_thread", "_torn", "name", "on_lost",
        "path", "tell_at", "untold",
    )  # fmt: skip

    def __init__(
        self, fd: int, name: str = "stdout", *, path: str | None = None, render: Callable[[bytes], bytes] | None = None
    ) -> None:
        self.name = name
        self.path = path
        self.untold = 0
        self.tell_at = 0.0
        self.on_lost: Callable[[int], None] = lambda _: None
        self._fd = fd
        self._render = render
        # Bytes handed to the thread, and those that it has done with: each is counted on one side only.
        self._given = self._done = 0
        self._queue: queue.SimpleQueue[bytes | int | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._healthy = True
        self._stuck = False
        self._torn = False

    def start(self) -> None:
        """Write in the background from now on."""
        self._thread = threading.Thread(target=self._write_all, name=f"log writer {self.name}", daemon=True)
        self._thread.start()

    def put(self, lines: bytes) -> None:
        """Hand over whole lines; without a thread they are written at once."""
        if self._thread is None:
            if self._stuck:
                self.on_lost(lines.count(b"\n"))
            else:
                self._write(lines)
        elif self._given - self._done + len(lines) > BACKLOG:
            self.on_lost(lines.count(b"\n"))
        else:
            self._given += len(lines)
            self._queue.put(lines)

    @property
    def has_room(self) -> bool:
        """Whether it is well again after losses: it writes, and the backlog has shrunk."""
        return self._healthy and self._given - self._done <= BACKLOG // 2

    def finish(self) -> None:
        """Let the thread end when it has written what waits."""
        self._queue.put(None)

    def join(self, timeout: float) -> None:
        """Wait for that end. An output that is stuck gets nothing more: nobody may wait for it."""
        if self._thread is not None:
            self._thread.join(timeout)
            self._stuck = self._thread.is_alive()
            self._thread = None

    def reopen(self) -> None:
        """Open the file anew; the thread goes over to it between two batches. Any thread may call this.

        Raises:
            OSError: it cannot be opened, and the old one stays in use.
        """
        assert self.path is not None
        fd = _open(self.path)
        if self._thread is None:
            self._go_over(fd)
        else:
            self._queue.put(fd)

    def _go_over(self, fd: int) -> None:
        old, self._fd = self._fd, fd
        self._torn = False
        os.close(old)

    def _write_all(self) -> None:
        while (item := self._queue.get()) is not None:
            if isinstance(item, int):
                self._go_over(item)
            else:
                self._write(item)
                self._done += len(item)

    def _write(self, lines: bytes) -> None:
        lost = sum(self._push(data) for data in self._forms(lines))
        self._healthy = not lost
        if lost:
            self.on_lost(lost)

    def _forms(self, lines: bytes) -> Iterator[bytes]:
        if self._render is None:
            yield lines
        else:
            for line in lines.splitlines():
                yield self._render(line)

    def _push(self, data: bytes) -> int:
        """Write everything; the number of lines that were lost, because the reader has gone or the disk is full."""
        if self._torn:
            # What is left of a line that broke off must not spoil this one.
            self._torn = bool(self._rest(b"\n"))
        rest = self._rest(data) if not self._torn else memoryview(data)
        if not rest:
            return 0
        if len(rest) < len(data):
            self._torn = data[-len(rest) - 1 : -len(rest)] != b"\n"
        return bytes(rest).count(b"\n") if self._render is None else 1

    def _rest(self, data: bytes) -> memoryview:
        """Write; what could not be written."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._fd, view) :]
            except BlockingIOError:
                # Somebody made the descriptor non-blocking, as a terminal's other user may: wait for room.
                select.select([], [self._fd], [], _ROOM_WITHIN)
            except OSError:
                break
        return view


def open_output(name: str, form: str, environ: Mapping[str, str]) -> Output:
    """``stdout``, ``stderr`` or the path of a file, in the form ``json``, ``console`` or ``auto``; files are JSON.

    Raises:
        OSError: the file cannot be opened.
    """
    fd = _STREAMS.get(name)
    if fd is None:
        return Output(_open(name), f"file:{name}", path=name)
    terminal = os.isatty(fd)
    if form == "json" or (form == "auto" and not terminal):
        return Output(fd, name)
    return Output(fd, name, render=Console(colours=terminal and _wants_colours(environ)))


def _wants_colours(environ: Mapping[str, str]) -> bool:
    """https://no-color.org; a terminal of type ``dumb`` knows none."""
    return not environ.get("NO_COLOR") and environ.get("TERM", "dumb") != "dumb"


def _open(path: str) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
