import json
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sidecar.telemetry import access_log
from sidecar.telemetry.access_log import FLUSH_EVERY, AccessLog
from sidecar.telemetry.stats import Stats
from tests.support.still import WALL, StillLoop


class Bench:
    """A log that writes into a pipe. ``wall`` is its clock, ``loop`` fires its timer."""

    def __init__(self, **settings: Any) -> None:
        self.reader, self.writer = os.pipe()
        self.wall = WALL
        self.stats = Stats()
        self.loop = StillLoop()
        self.log = AccessLog(self.writer, lambda: self.wall, self.stats, **settings)

    def start(self) -> None:
        loop: Any = self.loop
        self.log.start(loop)

    def end(self) -> list[dict[str, Any]]:
        """Close the log and the pipe: every line that came out."""
        self.log.close()
        return self.rest()

    def rest(self) -> list[dict[str, Any]]:
        os.close(self.writer)
        self.writer = -1
        with open(self.reader, "rb") as file:
            self.reader = -1
            return [json.loads(line) for line in file]

    def close(self) -> None:
        for fd in (self.reader, self.writer):
            if fd != -1:
                os.close(fd)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.close()


class StuckReader:
    """Replaces ``os.write``: it blocks until ``let_go``. ``reached`` is set when the writer has come to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.released = threading.Event(), threading.Event()
        self.threads: list[str] = []
        self._write = os.write
        monkeypatch.setattr(access_log.os, "write", self)

    def __call__(self, fd: int, data: Any) -> int:
        self.threads.append(threading.current_thread().name)
        self.reached.set()
        assert self.released.wait(20)
        return self._write(fd, data)

    def let_go(self) -> None:
        self.released.set()


def test_lines_gather_and_go_out_together(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    writes = StuckReader(monkeypatch)
    writes.let_go()
    bench.start()
    bench.log.line({"n": 1})
    bench.loop.advance(FLUSH_EVERY / 2)
    bench.log.line({"n": 2})
    assert bench.loop.pending == 1
    assert not writes.reached.is_set()
    bench.loop.advance(FLUSH_EVERY / 2)
    assert bench.end() == [{"n": 1}, {"n": 2}]
    assert writes.threads == ["log writer"]
    assert bench.loop.pending == 0


def test_a_record_is_encoded_at_once(bench: Bench) -> None:
    bench.start()
    record = {"n": 1}
    bench.log.line(record)
    record["n"] = 2
    assert bench.end() == [{"n": 1}]


def test_what_is_not_json_is_written_as_text(bench: Bench) -> None:
    bench.log.line({"error": ValueError("so")})
    assert bench.end() == [{"error": "so"}]


def test_a_slow_reader_holds_up_nobody_and_costs_lines_past_the_cap(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access_log, "BUFFER_CAP", 30)
    stuck = StuckReader(monkeypatch)
    bench.start()
    bench.log.line({"n": 1})
    bench.loop.advance(FLUSH_EVERY)
    assert stuck.reached.wait(20)
    for n in (2, 3, 4, 5, 6):  # 8 bytes each
        bench.log.line({"n": n})
        bench.loop.advance(FLUSH_EVERY)
    assert bench.stats.log_lines_dropped == 2
    assert bench.loop.pending == 1  # it looks again whether the writer is free
    assert stuck.threads == ["log writer"]
    stuck.let_go()
    assert [line["n"] for line in bench.end()] == [1, 2, 3, 4]


def test_a_line_too_large_is_dropped_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "BUFFER_CAP", 30)
    bench.start()
    for record in ({"n": 1}, {"large": "x" * 30}, {"n": 2}):
        bench.log.line(record)
    assert bench.stats.log_lines_dropped == 1
    assert bench.end() == [{"n": 1}, {"n": 2}]


def test_a_reader_that_catches_up_has_the_whole_buffer_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "BUFFER_CAP", 20)
    bench.start()
    seen = b""
    for n in range(1, 9):
        bench.log.line({"n": n})
        if n % 2 == 0:
            bench.loop.advance(FLUSH_EVERY)
            # The writer has taken the batch when it is in the pipe; only then it is free for the next.
            while seen.count(b"\n") < n:
                seen += os.read(bench.reader, 100)
            while bench.log._busy:
                threading.Event().wait(0)
    assert bench.stats.log_lines_dropped == 0
    assert bench.end() == []


def test_close_writes_what_waits(bench: Bench) -> None:
    bench.start()
    bench.log.line({"n": 1})
    bench.log.line({"n": 2})
    assert bench.end() == [{"n": 1}, {"n": 2}]


def test_close_does_not_wait_for_a_stuck_reader(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    stuck = StuckReader(monkeypatch)
    bench.start()
    writer = bench.log._thread
    assert writer is not None
    assert writer.daemon  # nor does the end of the process
    bench.log.line({"n": 1})
    bench.loop.advance(FLUSH_EVERY)
    assert stuck.reached.wait(20)
    bench.log.close(timeout=0.0)
    assert writer.is_alive()
    stuck.let_go()
    writer.join(20)
    assert bench.rest() == [{"n": 1}]


def test_before_start_and_after_close_lines_are_written_at_once(bench: Bench) -> None:
    """A timer that was set when the log closed swallowed every line after it."""
    bench.log.line({"n": 1})
    bench.start()
    bench.log.line({"n": 2})
    bench.log.close()
    bench.log.close()
    bench.log.line({"n": 3})
    bench.loop.advance(FLUSH_EVERY)
    bench.log.line({"n": 4})
    assert [line["n"] for line in bench.rest()] == [1, 2, 3, 4]


def test_without_the_writer_no_line_counts_against_the_cap(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "BUFFER_CAP", 10)
    for n in range(5):
        bench.log.line({"n": n})
    assert bench.stats.log_lines_dropped == 0
    assert len(bench.rest()) == 5


def test_a_pipe_that_is_closed_harms_nobody(bench: Bench) -> None:
    bench.start()
    os.close(bench.reader)
    bench.reader = -1
    for n in range(3):
        bench.log.line({"n": n})
        bench.loop.advance(FLUSH_EVERY)
    bench.log.close()
    bench.log.line({"n": 4})


def test_a_write_that_takes_a_part_is_continued(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(access_log.os, "write", lambda fd, data: write(fd, data[:3]))
    bench.start()
    bench.log.line({"n": "a longer line"})
    assert bench.end() == [{"n": "a longer line"}]


def test_another_descriptor_from_the_next_flush_on(bench: Bench) -> None:
    reader, writer = os.pipe()
    bench.start()
    bench.log.line({"n": 1})
    bench.log.reopen(writer)
    assert bench.end() == []
    os.close(writer)
    with open(reader, "rb") as file:
        assert file.read() == b'{"n":1}\n'


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_events_below_the_level_are_left_out(level: str, written: list[str]) -> None:
    bench = Bench(level=level)
    for name in ("debug", "info", "warning", "error"):
        bench.log.event(name, "e", extra=1)
    lines = bench.rest()
    assert [line["level"] for line in lines] == written
    assert lines[-1] == {"ts": "1994-11-06T08:49:37.000Z", "level": "error", "event": "e", "extra": 1}


def test_the_share_of_successes_is_kept_for_who_writes_request_lines(bench: Bench) -> None:
    assert bench.log.sample_success == 1.0
    other = Bench(sample_success=0.25)
    other.close()
    assert other.log.sample_success == 0.25


@pytest.mark.parametrize(
    ("wall", "text"),
    [
        (0.0, "1970-01-01T00:00:00.000Z"),
        (WALL, "1994-11-06T08:49:37.000Z"),
        (WALL + 0.5, "1994-11-06T08:49:37.500Z"),
        (WALL + 0.9995, "1994-11-06T08:49:37.999Z"),
        (1709164799.0625, "2024-02-28T23:59:59.062Z"),
        (1709164800.0, "2024-02-29T00:00:00.000Z"),
    ],
)
def test_timestamps_are_utc_with_milliseconds(bench: Bench, wall: float, text: str) -> None:
    bench.wall = wall
    assert bench.log.timestamp() == text


def test_the_seconds_part_is_made_once_per_second(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    real = access_log._utc
    monkeypatch.setattr(access_log, "_utc", lambda second: made.append(second) or real(second))
    for step in (0.0, 0.3, 0.9, 1.1, 0.2):  # a clock may be set back
        bench.wall = WALL + step
        bench.log.timestamp()
    assert made == [WALL, WALL + 1, WALL]
