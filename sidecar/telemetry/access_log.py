"""Where log lines come from: encoded at once, gathered, and handed to the outputs' threads.

A request only appends bytes to a list. A timer hands on what has gathered, so that a slow disk or a full pipe never
holds up a request. When an output is too slow, further lines are dropped and counted: losing a log line is better
than losing the app's calls.
"""

import asyncio
import math
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from sidecar.core.env import Env
from sidecar.telemetry.duplicates import WINDOW, Duplicates
from sidecar.telemetry.encoding import Redact, encoded_plainly, redacted
from sidecar.telemetry.outputs import Output
from sidecar.telemetry.stats import Stats

FLUSH_EVERY = 0.05
"""Seconds that a line may wait in the buffer."""
BUFFER_CAP = 8 * 1024 * 1024
"""Bytes that may gather in that time before lines are dropped."""
TELL_EVERY = 10.0
"""Seconds between two lines that say how many lines an output has lost."""
_LOOK_AGAIN = 1.0
"""Seconds until an output that has lost lines is looked at again."""
_WINDOW_OVER = WINDOW + 0.1
"""Seconds until a window of equal events is over for sure: timers may fire a millisecond early."""

_MILLISECONDS = tuple(f".{count:03d}Z" for count in range(1001))

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


class AccessLog:
    """JSON lines to outputs. Every line of the process goes through here.

    ``redact`` is given every text of every event. ``level`` may be changed at any time. Before ``start`` and after
    ``close`` lines are written at once.
    """

    def __init__(self, outputs: Sequence[Output], env: Env, stats: Stats, redact: Redact, level: str = "info") -> None:
        self.level = LEVELS[level]
        self._outputs = outputs
        self._wall = env.wall
        self._clock = env.clock
        self._stats = stats
        self._redact = redact
        self._duplicates = Duplicates()
        self._lines: list[bytes] = []
        self._size = 0
        self._scheduled = False
        self._telling = False
        self._looking = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.get_ident()
        self._counting = threading.RLock()  # an event may come while it is held: ``__del__`` that fails
        self._second = -1
        self._stamp = ""
        for output in outputs:
            output.on_lost = partial(self._lost, (output,))

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Write in the background from now on. This thread must be the loop's."""
        self._thread = threading.get_ident()
        for output in self._outputs:
            output.start()
        self._loop = loop

    def timestamp(self) -> str:
        """Now, as RFC 3339 in UTC with milliseconds. The second's part is made once per second."""
        wall = self._wall
        now = wall()
        second = int(now)
        if second != self._second:
            self._second = second
            self._stamp = _utc(second)
        return self._stamp + _MILLISECONDS[int((now - second) * 1000)]

    def line(self, record: dict[str, Any]) -> None:
        """Append one record; encodes it here, so that it can change afterwards. In the loop's thread.

        The record of a request is redacted by who makes it; only what is no JSON is redacted here, as text.
        """
        try:
            line = orjson.dumps(record, default=self._shown, option=orjson.OPT_APPEND_NEWLINE)
        except TypeError:
            line = encoded_plainly(record, self._redact)
        size = self._size = self._size + len(line)
        if size > BUFFER_CAP:
            self._size -= len(line)
            self._lost(self._outputs, 1)
        elif self._scheduled:
            self._lines.append(line)
        else:
            self._first(line)

    def event(self, level: str, event: str, **fields: Any) -> None:
        """One line that is not about a request: start, reload, drain, an internal error. Any thread may call this.

        Its texts are redacted here. Of events that are the same, some are written and the others counted.
        """
        if LEVELS[level] < self.level:
            return
        loop = self._loop
        if loop is not None and threading.get_ident() != self._thread:
            try:
                loop.call_soon_threadsafe(partial(self.event, level, event, **fields))
            except RuntimeError:
                pass  # the loop has ended: write it from here
            else:
                return
        now = self._clock()
        admitted = self._duplicates.admit(level, event, fields, now)
        self._tell_repeats(now)
        if admitted:
            self._event(level, event, fields)
        elif not self._telling:
            self._telling = self._later(_WINDOW_OVER, self._window_ended)

    def reopen(self) -> None:
        """Open every file anew, as after a rotation; what cannot be opened is said, and the old file stays in use.

        Opening may take its time: in another thread, best.
        """
        for output in self._outputs:
            if output.path is None:
                continue
            try:
                output.reopen()
            except OSError as error:
                self.event("error", "log_not_reopened", file=output.path, detail=str(error))
            else:
                self.event("info", "log_reopened", file=output.path)

    def close(self, timeout: float = 2.0) -> None:
        """Write what is left and end the writers; waits at most ``timeout`` seconds for stuck readers."""
        if self._loop is None:
            return
        self._tell_repeats(math.inf)
        self._flush()
        # A timer may still be set: without the loop, nothing that comes now waits for it.
        self._loop = None
        end = self._clock() + timeout
        for output in self._outputs:
            output.finish()
        for output in self._outputs:
            output.join(max(0.0, end - self._clock()))

    def _event(self, level: str, event: str, fields: dict[str, Any]) -> None:
        self.line(self._record(level, event, fields))

    def _record(self, level: str, event: str, fields: dict[str, Any]) -> dict[str, Any]:
        shown = {name: redacted(value, self._redact) for name, value in fields.items()}
        return {"ts": self.timestamp(), "level": level, "event": event, **shown}

    def _shown(self, value: object) -> Any:
        return redacted(value, self._redact)

    def _first(self, line: bytes) -> None:
        """The first line of a batch sets the timer; without a loop a line is written at once."""
        if self._loop is None:
            self._size = 0
            for output in self._outputs:
                output.put(line)
            return
        self._lines.append(line)
        self._scheduled = True
        self._loop.call_later(FLUSH_EVERY, self._flush)

    def _flush(self) -> None:
        self._scheduled = False
        data = b"".join(self._lines)
        self._lines.clear()
        self._size = 0
        for output in self._outputs:
            if data:
                output.put(data)
            if output.untold:
                self._tell_lost(output)

    # ---- lines that are missing ----

    def _lost(self, outputs: Sequence[Output], lines: int) -> None:
        """Count lines that did not reach an output. Their threads count, too."""
        with self._counting:
            self._stats.log_lines_dropped += lines
            for output in outputs:
                output.untold += lines

    def _tell_lost(self, output: Output) -> None:
        """Say in the output itself what is missing there, once it takes lines again."""
        now = self._clock()
        if not output.has_room or now < output.tell_at:
            if not self._looking:
                self._looking = self._later(_LOOK_AGAIN, self._look_again)
            return
        with self._counting:
            lines, output.untold = output.untold, 0
        output.tell_at = now + TELL_EVERY
        if self.level <= LEVELS["warning"]:
            record = self._record("warning", "log_lines_dropped", {"output": output.name, "lines": lines})
            output.put(orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE))

    def _look_again(self) -> None:
        self._looking = False
        if self._loop is not None and not self._scheduled:
            self._flush()

    # ---- events that are the same ----

    def _tell_repeats(self, now: float) -> None:
        for level, event, fields in self._duplicates.summaries(now):
            self._event(level, event, fields)

    def _window_ended(self) -> None:
        self._tell_repeats(self._clock())
        self._telling = self._duplicates.holding and self._later(_WINDOW_OVER, self._window_ended)

    def _later(self, seconds: float, call: Callable[[], None]) -> bool:
        if self._loop is None:
            return False
        self._loop.call_later(seconds, call)
        return True


def _utc(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
