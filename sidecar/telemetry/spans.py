"""Spans on their way to a collector: calls are noted on the event loop, everything else is done by one thread.

A call that ends costs the loop one object and an append. The thread makes spans of it (who made the object redacts
them), encodes them and sends them (``telemetry/otlp.py``). The queue is bounded: with a collector that is slow, dead or
away spans are lost, and counted; it never holds up a call.
"""

import threading
from collections import deque
from collections.abc import Iterable
from http.client import HTTPException
from typing import Protocol

from sidecar.core.env import Env
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.otlp import Batch, Collector, Destination, Refused, Span
from sidecar.telemetry.stats import Stats

QUEUE = 2048
"""Calls that may wait; as OTEL_BSP_MAX_QUEUE_SIZE of OpenTelemetry's SDK. Each holds its head: 1 to 2 KB."""
QUEUE_BYTES = 8 * 1024 * 1024
"""Bytes that waiting calls may hold: heads may have 64 KiB each."""
BATCH = 512
"""Spans sent together; as OTEL_BSP_MAX_EXPORT_BATCH_SIZE."""
EVERY = 1.0
"""Seconds that a span may wait for others."""
FLUSH = 2.0
"""Seconds at the end of the process in which what is left must be sent."""
_SLICE = 16
"""Spans made in one go: half a millisecond. The event loop waits that long for the interpreter, and no longer."""
_BREATH = 0.0005
"""Seconds between two slices, in which the event loop has the interpreter."""
_BACKOFF = 0.5
"""Seconds before the second try of a batch; twice as long before each further one."""


class Traced(Protocol):
    """A call that has ended, and makes spans. ``size``: bytes that it holds."""

    size: int

    @property
    def count(self) -> int:
        """How many."""

    def spans(self) -> Iterable[Span]:
        """Its spans, redacted; in the thread."""


class Spans:
    """Takes calls from the loop and sends their spans. Off until ``configure`` names a destination."""

    __slots__ = (
        "_bytes_in", "_bytes_out", "_calls", "_closing", "_collector", "_destination", "_env", "_failing", "_log",
        "_room", "_stats", "_thread", "_under_way", "_wake",
    )  # fmt: skip

    def __init__(self, env: Env, stats: Stats, log: AccessLog) -> None:
        self._env = env
        self._stats = stats
        self._log = log
        self._calls: deque[Traced] = deque()
        self._room = 0
        self._bytes_in = 0  # by the loop
        self._bytes_out = 0  # by the thread: what waits is the difference
        self._destination: Destination | None = None
        self._collector: Collector | None = None
        self._failing = False
        self._under_way: Batch | None = None
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._closing = threading.Event()

    def configure(self, destination: Destination | None) -> None:
        """Send there from now on; None: send what waits, and take no more."""
        self._room = 0 if destination is None else QUEUE
        if destination is not None:
            self._destination = destination  # and stays, for what waits when it is switched off
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="spans", daemon=True)
                self._thread.start()
        self._wake.set()

    def put(self, call: Traced) -> None:
        """Take a call; never waits. On the event loop."""
        calls = self._calls
        held = self._bytes_in + call.size
        if len(calls) >= self._room or held - self._bytes_out > QUEUE_BYTES:
            self._drop("queue_full" if self._room else "closed", call.count)
            return
        self._bytes_in = held
        calls.append(call)
        if len(calls) == BATCH:
            self._wake.set()

    def close(self, timeout: float = FLUSH) -> None:
        """Send what waits; what is not sent within ``timeout`` seconds is lost."""
        self._room = 0
        if self._thread is None:
            return
        self._closing.set()
        self._wake.set()
        self._thread.join(timeout)
        self._thread = None
        batch = self._under_way
        left = sum(call.count for call in tuple(self._calls)) + (batch.size if batch is not None else 0)
        if left:
            self._drop("closed", left)
            self._log.event("warning", "spans_lost", spans=left, detail="the collector did not take them in time")

    def _drop(self, reason: str, spans: int) -> None:
        self._stats.spans_dropped[reason] += spans

    # ---- in the thread ----

    def _run(self) -> None:
        last = False
        while not last:
            self._wake.wait(EVERY if self._room else None)
            self._wake.clear()
            last = self._closing.is_set()  # asked before: what came until then is sent
            self._deliver()

    def _deliver(self) -> None:
        """Send everything that waits."""
        while self._calls:
            collector = self._current()
            batch = self._batch(collector)
            if batch.size:
                self._export(collector, batch)
            self._under_way = None
        if not self._room and self._collector is not None:
            self._collector.close()

    def _current(self) -> Collector:
        """The collector at the destination, which a reload may have changed."""
        destination, collector = self._destination, self._collector
        assert destination is not None  # this thread began with one
        if collector is None or collector.destination != destination:
            if collector is not None:
                collector.close()
            collector = self._collector = Collector(destination)
        return collector

    def _batch(self, collector: Collector) -> Batch:
        """Up to ``BATCH`` spans, and a call's more: a call is not torn."""
        # Both clocks now: spans are as right as the wall clock is when they are sent.
        batch = self._under_way = collector.batch(self._env.wall() - self._env.clock())
        breath = _SLICE
        while self._calls and batch.size < BATCH:
            call = self._calls.popleft()
            self._bytes_out += call.size
            try:
                for span in call.spans():
                    batch.add(span)
            except Exception:  # noqa: BLE001 - one call that cannot be told must not stop the others
                self._drop("internal", call.count)
            if batch.size >= breath:
                breath = batch.size + _SLICE
                self._closing.wait(_BREATH)
        return batch

    def _export(self, collector: Collector, batch: Batch) -> None:
        """Send a batch, again and again until its time is up: what may help by waiting is tried again."""
        clock, body = self._env.clock, batch.encoded()
        end = clock() + collector.destination.timeout
        backoff = _BACKOFF
        while True:
            try:
                answer = collector.send(body, max(0.1, end - clock()))
            except Refused as error:
                self._failed("rejected", batch.size, str(error))
                return
            except (OSError, HTTPException) as error:
                wait, detail = backoff, f"{type(error).__name__}: {error}"
            else:
                if answer.retry_in is None:
                    self._sent(batch.size, answer.rejected)
                    return
                wait, detail = max(backoff, answer.retry_in), f"status {answer.status}"
            wait *= self._env.uniform(0.75, 1.25)
            backoff *= 2
            if clock() + wait >= end or self._closing.wait(wait):
                self._failed("unreachable", batch.size, detail)
                return

    def _sent(self, spans: int, rejected: int) -> None:
        self._stats.spans_exported += spans - rejected
        if rejected:
            self._failed("rejected", rejected, "the collector took a part of the spans")
        elif self._failing:
            self._failing = False
            self._log.event("info", "spans_exported_again")

    def _failed(self, reason: str, spans: int, detail: str) -> None:
        """Count them; say it once, until spans arrive again."""
        self._drop(reason, spans)
        if not self._failing:
            self._failing = True
            self._log.event("warning", "spans_not_exported", reason=reason, spans=spans, detail=detail)
