import json
import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.env import Env
from sidecar.telemetry import access_log, outputs
from sidecar.telemetry.access_log import FLUSH_EVERY, TELL_EVERY, AccessLog
from sidecar.telemetry.duplicates import WINDOW, WRITTEN
from sidecar.telemetry.encoding import TEXT_CAP, redacted
from sidecar.telemetry.outputs import Output, open_output
from sidecar.telemetry.stats import Stats
from tests.support.still import WALL, StillLoop


def masked(text: str) -> str:
    """A redactor of one secret."""
    if text == "boom":
        raise ValueError(text)
    return text.replace("s3cret", "[REDACTED:secret]")


class Loop(StillLoop):
    """Takes calls from other threads down; ``advance`` runs them."""

    def __init__(self) -> None:
        super().__init__()
        self.ended = False

    def call_soon_threadsafe(self, call: Any, *args: Any) -> None:
        if self.ended:
            raise RuntimeError("Event loop is closed")
        self.call_later(0.0, lambda: call(*args))


class Bench:
    """A log that writes into a pipe. ``wall`` is its clock, ``loop`` fires its timers."""

    def __init__(self, level: str = "info", more: tuple[Output, ...] = ()) -> None:
        self.reader, self.writer = os.pipe()
        self.wall = WALL
        self.stats = Stats()
        self.loop = Loop()
        self.output = Output(self.writer)
        env = replace(Env(), wall=lambda: self.wall, clock=lambda: self.loop.now)
        self.log = AccessLog([self.output, *more], env, self.stats, masked, level)

    def start(self) -> None:
        loop: Any = self.loop
        self.log.start(loop)

    def end(self) -> list[dict[str, Any]]:
        """Close the log and the pipe: every line that came out."""
        self.log.close(timeout=20)
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

    def settle(self) -> None:
        """Let the writer come to the end of what it was given."""
        while self.output._done < self.output._given:
            threading.Event().wait(0)


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.log.close(timeout=20)
    bench.close()


class StuckReader:
    """Replaces ``os.write``: it blocks until ``let_go``. ``reached`` is set when the writer has come to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached, self.released = threading.Event(), threading.Event()
        self.threads: list[str] = []
        self._write = os.write
        monkeypatch.setattr(outputs.os, "write", self)

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
    assert writes.threads == ["log writer stdout"]
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
    monkeypatch.setattr(outputs, "BACKLOG", 30)
    stuck = StuckReader(monkeypatch)
    bench.start()
    bench.log.line({"n": 1})
    bench.loop.advance(FLUSH_EVERY)
    assert stuck.reached.wait(20)
    for n in (2, 3, 4, 5, 6):  # 8 bytes each, and the first still counts
        bench.log.line({"n": n})
        bench.loop.advance(FLUSH_EVERY)
    assert bench.stats.log_lines_dropped == 3
    assert stuck.threads == ["log writer stdout"]
    stuck.let_go()
    assert [line["n"] for line in bench.end() if "n" in line] == [1, 2, 3]


def test_a_slow_output_costs_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "BACKLOG", 8)
    reader, writer = os.pipe()
    bench = Bench(more=(Output(writer, "stderr"),))
    write, released = os.write, threading.Event()

    def slow(fd: int, data: Any) -> int:
        assert fd != bench.writer or released.wait(20)
        return write(fd, data)

    monkeypatch.setattr(outputs.os, "write", slow)
    bench.start()
    other = bench.log._outputs[1]
    for n in range(5):
        bench.log.line({"n": n})
        bench.loop.advance(FLUSH_EVERY)
        while other._done < other._given:
            threading.Event().wait(0)
    assert os.read(reader, 1000).count(b"\n") == 5
    assert (bench.output.untold, other.untold, bench.stats.log_lines_dropped) == (4, 0, 4)
    released.set()
    assert [line["n"] for line in bench.end() if "n" in line] == [0]
    os.close(reader)
    os.close(writer)


def test_a_line_too_large_is_dropped_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "BUFFER_CAP", 30)
    bench.start()
    for record in ({"n": 1}, {"large": "x" * 30}, {"n": 2}):
        bench.log.line(record)
    assert bench.stats.log_lines_dropped == 1
    assert bench.end()[:2] == [{"n": 1}, {"n": 2}]


def test_a_reader_that_catches_up_has_the_whole_buffer_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "BACKLOG", 20)
    bench.start()
    seen = b""
    for n in range(1, 9):
        bench.log.line({"n": n})
        if n % 2 == 0:
            bench.loop.advance(FLUSH_EVERY)
            # The writer has taken the batch when it is in the pipe; only then it is free for the next.
            while seen.count(b"\n") < n:
                seen += os.read(bench.reader, 100)
            bench.settle()
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
    writer = bench.output._thread
    assert writer is not None
    assert writer.daemon  # nor does the end of the process
    bench.log.line({"n": 1})
    bench.loop.advance(FLUSH_EVERY)
    assert stuck.reached.wait(20)
    bench.log.close(timeout=0.0)
    assert writer.is_alive()
    bench.log.line({"n": 2})  # nor does a line that comes now
    assert bench.stats.log_lines_dropped == 1
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
    monkeypatch.setattr(outputs.os, "write", lambda fd, data: write(fd, data[:3]))
    bench.start()
    bench.log.line({"n": "a longer line"})
    assert bench.end() == [{"n": "a longer line"}]


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


def test_the_level_may_change_at_any_time(bench: Bench) -> None:
    bench.log.event("debug", "unheard")
    bench.log.level = access_log.LEVELS["debug"]
    bench.log.event("debug", "heard")
    assert [line["event"] for line in bench.rest()] == ["heard"]


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


# ---- what events say is redacted ----


class Unprintable:
    def __str__(self) -> str:
        raise ValueError("s3cret")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("token s3cret!", "token [REDACTED:secret]!"),
        (["a", ("s3cret", 1)], ["a", ["[REDACTED:secret]", 1]]),
        ({"s3cret": {"deep": "s3cret"}}, {"[REDACTED:secret]": {"deep": "[REDACTED:secret]"}}),
        ({7: True}, {"7": True}),
        (ValueError("s3cret"), "[REDACTED:secret]"),
        (b"s3cret", "b'[REDACTED:secret]'"),
        (Unprintable(), "<Unprintable>"),
        (None, None),
        (1.5, 1.5),
        ("boom", {"redaction": "failed", "bytes": 4}),
        ("\udcffx", "\\udcffx"),
        (2**70, "1180591620717411303424"),
    ],
)
def test_every_text_of_an_event_is_redacted(bench: Bench, value: Any, shown: Any) -> None:
    bench.log.event("info", "e", field=value)
    assert bench.rest()[0]["field"] == shown


def test_what_is_nested_too_deep_is_one_redacted_text(bench: Bench) -> None:
    deep: Any = "s3cret"
    for _ in range(30):
        deep = [deep]
    bench.log.event("info", "e", field=deep)
    shown = bench.rest()[0]["field"]
    for _ in range(20):
        (shown,) = shown
    assert shown == "[[[[[[[[[['[REDACTED:secret]']]]]]]]]]]"


def test_a_long_text_is_cut_after_it_was_redacted() -> None:
    shown = redacted("x" * (TEXT_CAP - 3) + "s3cret" + "y" * 100, masked)
    assert shown == "x" * (TEXT_CAP - 3) + "[RE... (114 characters more)"


def test_what_is_no_json_in_a_record_is_redacted_text(bench: Bench) -> None:
    bench.log.line({"error": ValueError("s3cret")})
    assert bench.rest() == [{"error": "[REDACTED:secret]"}]


@pytest.mark.parametrize(
    ("record", "shown"),
    [
        ({"a": "\ud800", "e": ValueError("s3cret")}, {"a": "\\ud800", "e": "[REDACTED:secret]"}),
        ({"a": -(2**63), "b": 2**64 - 1, "c": 2**64}, {"a": -(2**63), "b": 2**64 - 1, "c": "18446744073709551616"}),
        ({1: [None, True, 0.5]}, {"1": [None, True, 0.5]}),
        ({"a": Unprintable()}, {"a": "<Unprintable>"}),
    ],
)
def test_every_record_becomes_a_line(bench: Bench, record: Any, shown: Any) -> None:
    bench.log.line(record)
    assert bench.rest() == [shown]


# ---- other threads ----


def in_thread(call: Any) -> None:
    thread = threading.Thread(target=call)
    thread.start()
    thread.join(20)


def test_an_event_of_another_thread_is_handed_to_the_loop(bench: Bench) -> None:
    bench.start()
    in_thread(lambda: bench.log.event("info", "elsewhere"))
    assert bench.log._lines == []
    bench.loop.advance(0.0)
    assert len(bench.log._lines) == 1
    assert [line["event"] for line in bench.end()] == ["elsewhere"]


def test_an_event_of_another_thread_is_written_when_the_loop_has_ended(bench: Bench) -> None:
    bench.start()
    bench.loop.ended = True
    in_thread(lambda: bench.log.event("error", "late"))
    assert [line["event"] for line in bench.end()] == ["late"]


# ---- events that are the same ----


def test_the_first_of_many_equal_events_are_written_and_the_others_counted(bench: Bench) -> None:
    bench.start()
    for n in range(WRITTEN + 7):
        bench.log.event("error", "internal_error", provider="p", request_id=f"r{n}")
    bench.log.event("error", "internal_error", provider="q")
    bench.loop.advance(WINDOW + 1)
    lines = bench.end()
    assert [line["request_id"] for line in lines if "request_id" in line] == [f"r{n}" for n in range(WRITTEN)]
    assert lines[-2]["provider"] == "q"
    assert {**lines[-1], "ts": ""} == {
        "ts": "", "level": "error", "event": "internal_error", "provider": "p", "repeated": 7, "within_s": WINDOW,
    }  # fmt: skip


def test_after_a_window_they_are_written_again(bench: Bench) -> None:
    bench.start()
    for _ in range(2):
        for _ in range(WRITTEN + 1):
            bench.log.event("info", "e")
        bench.loop.advance(WINDOW + 1)
    lines = bench.end()
    assert [line.get("repeated") for line in lines] == ([None] * WRITTEN + [1]) * 2
    assert bench.loop.pending == 0


def test_a_window_that_began_later_is_told_later(bench: Bench) -> None:
    bench.start()
    for event, pause in (("a", WINDOW / 2), ("b", WINDOW / 2)):
        for _ in range(WRITTEN + 1):
            bench.log.event("info", event)
        bench.loop.advance(pause)
    bench.loop.advance(2 * WINDOW)
    bench.settle()
    lines = [json.loads(line) for line in os.read(bench.reader, 100_000).splitlines()]
    assert [line["event"] for line in lines if "repeated" in line] == ["a", "b"]


def test_the_close_tells_what_was_held_back(bench: Bench) -> None:
    bench.start()
    for _ in range(WRITTEN + 3):
        bench.log.event("info", "e", provider="s3cret")
    last = bench.end()[-1]
    assert (last["repeated"], last["provider"]) == (3, "[REDACTED:secret]")


def test_bugs_at_different_places_are_different_events(bench: Bench) -> None:
    traces = ['File "a.py", line 1, in f\nValueError: 1', 'File "a.py", line 1, in f\n  File "b.py", line 2, in g']
    for n in range(WRITTEN + 1):
        for trace in traces:
            bench.log.event("error", "internal_error", traceback=f"{trace} {n}")
    bench.start()
    lines = bench.end()
    assert len(lines) == 2 * WRITTEN + 2
    assert [line["where"] for line in lines[-2:]] == ['File "a.py", line 1, in f', 'File "b.py", line 2, in g']


def test_lines_of_requests_are_never_held_back(bench: Bench) -> None:
    bench.start()
    for _ in range(5 * WRITTEN):
        bench.log.line({"event": "request"})
    assert len(bench.end()) == 5 * WRITTEN


# ---- what is missing is told ----


def test_lost_lines_are_told_of_once_there_is_room(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outputs, "BACKLOG", 10)
    stuck = StuckReader(monkeypatch)
    bench.start()
    for n in range(4):
        bench.log.line({"n": n})
        bench.loop.advance(FLUSH_EVERY)
    assert stuck.reached.wait(20)
    bench.loop.advance(3.0)  # it looks again, in vain
    assert bench.output.untold == 3
    monkeypatch.setattr(outputs, "BACKLOG", 1000)
    stuck.let_go()
    bench.settle()
    bench.loop.advance(1.0)
    assert bench.output.untold == 0
    lines = bench.end()
    assert lines[0] == {"n": 0}
    assert lines[1:] == [{
        "ts": "1994-11-06T08:49:37.000Z", "level": "warning", "event": "log_lines_dropped", "output": "stdout",
        "lines": 3,
    }]  # fmt: skip
    assert bench.stats.log_lines_dropped == 3


def test_losses_are_told_of_at_most_every_ten_seconds(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "BUFFER_CAP", 30)
    bench.start()
    for seconds in (0.0, 0.0, TELL_EVERY):
        bench.log.line({"n": 1})
        bench.log.line({"large": "x" * 30})
        bench.loop.advance(FLUSH_EVERY)
        bench.settle()
        bench.loop.advance(seconds)
    assert [line["lines"] for line in bench.end() if "lines" in line] == [1, 2]
    assert bench.loop.pending == 0


def test_a_level_above_it_hears_nothing_of_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access_log, "BUFFER_CAP", 30)
    bench = Bench(level="error")
    bench.start()
    bench.log.line({"large": "x" * 30})
    bench.log.line({"n": 1})
    assert bench.end() == [{"n": 1}]
    assert bench.output.untold == 0


# ---- rotation ----


def test_files_are_opened_anew_and_said_so(tmp_path: Path) -> None:
    file = tmp_path / "log"
    bench = Bench(more=(open_output(str(file), "console", {}),))
    bench.start()
    bench.log.event("info", "before")
    bench.loop.advance(FLUSH_EVERY)
    file.rename(tmp_path / "log.1")
    in_thread(bench.log.reopen)
    bench.loop.advance(FLUSH_EVERY)
    bench.log.event("info", "after")
    bench.log.close(timeout=20)
    assert [json.loads(line)["event"] for line in (tmp_path / "log.1").read_text().splitlines()] == ["before"]
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line["event"] for line in lines] == ["log_reopened", "after"]
    assert lines[0]["file"] == str(file)
    bench.close()


def test_a_file_that_cannot_be_opened_anew_stays_in_use(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    file = tmp_path / "logs" / "log"
    bench = Bench(more=(open_output(str(file), "json", {}),))
    bench.start()
    (tmp_path / "logs").rename(tmp_path / "moved")
    bench.log.reopen()
    bench.log.event("info", "after")
    lines = bench.end()
    assert [(line["level"], line["event"]) for line in lines] == [("error", "log_not_reopened"), ("info", "after")]
    assert (lines[0]["file"], "No such file" in lines[0]["detail"]) == (str(file), True)
    assert (tmp_path / "moved" / "log").read_text().count("\n") == 2
