import errno
import os
import pty
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.telemetry import outputs
from sidecar.telemetry.outputs import Output, open_output


class Disk:
    """Replaces ``os.write``: it has room for so many bytes, and then says that it is full."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, room: int) -> None:
        self.room = room
        self.content = b""
        monkeypatch.setattr(outputs.os, "write", self)

    def __call__(self, fd: int, data: Any) -> int:
        taken = bytes(data[: self.room])
        if not taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.room -= len(taken)
        self.content += taken
        return len(taken)


def counting(output: Output) -> list[int]:
    lost: list[int] = []
    output.on_lost = lost.append
    return lost


def test_a_full_disk_costs_lines_and_breaks_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch, room=12)
    output = Output(1)
    lost = counting(output)
    output.put(b'{"n":1}\n{"n":2}\n{"n":3}\n')
    assert disk.content == b'{"n":1}\n{"n"'
    assert (lost, output.has_room) == ([2], False)
    output.put(b'{"n":4}\n')
    assert lost == [2, 1]
    disk.room = 100
    output.put(b'{"n":5}\n')
    output.put(b'{"n":6}\n')
    assert disk.content == b'{"n":1}\n{"n"\n{"n":5}\n{"n":6}\n'
    assert (lost, output.has_room) == ([2, 1], True)


def test_a_disk_that_fills_between_two_lines_leaves_no_empty_one(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch, room=8)
    output = Output(1)
    lost = counting(output)
    output.put(b'{"n":1}\n{"n":2}\n')
    disk.room = 100
    output.put(b'{"n":3}\n')
    assert disk.content == b'{"n":1}\n{"n":3}\n'
    assert lost == [1]


def test_a_line_of_several_rows_is_one_lost_line(monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(monkeypatch, room=7)
    output = Output(1, render=lambda line: line + b"\n  row\n")
    lost = counting(output)
    output.put(b"a\nb\nc\n")
    assert disk.content == b"a\n  row"
    assert lost == [3]


def test_a_descriptor_that_does_not_block_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    filled = os.write(writer, b"x" * 1_000_000)
    waits: list[list[int]] = []

    def drain(_r: Any, wanted: list[int], _e: Any, _s: float) -> None:
        waits.append(wanted)
        os.read(reader, filled)

    monkeypatch.setattr(outputs.select, "select", drain)
    Output(writer).put(b"late\n")
    assert waits == [[writer]]
    assert os.read(reader, 100) == b"late\n"
    os.close(reader)
    os.close(writer)


def test_a_file_is_appended_to_and_not_for_everybody(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("before\n")
    open_output(str(file), "json", {}).put(b"after\n")
    assert file.read_text() == "before\nafter\n"
    fresh = tmp_path / "fresh"
    open_output(str(fresh), "json", {})
    assert fresh.stat().st_mode & 0o027 == 0


def test_a_file_is_opened_anew_without_a_thread(tmp_path: Path) -> None:
    file = tmp_path / "log"
    output = open_output(str(file), "json", {})
    output.put(b"1\n")
    file.rename(tmp_path / "log.1")
    before = len(os.listdir("/proc/self/fd"))
    output.reopen()
    assert len(os.listdir("/proc/self/fd")) == before  # the old one is closed
    output.put(b"2\n")
    assert ((tmp_path / "log.1").read_text(), file.read_text()) == ("1\n", "2\n")


LINE = b'{"ts":"1994-11-06T08:49:37.000Z","level":"info","event":"e"}\n'
PLAIN = b"08:49:37.000Z info    e\n"
COLOURED = b"\x1b[2m08:49:37.000Z\x1b[0m \x1b[36minfo   \x1b[0m \x1b[1me\x1b[0m\n"


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A terminal in the place of standard output; what it shows."""
    master, slave = pty.openpty()
    monkeypatch.setitem(outputs._STREAMS, "stdout", slave)
    yield master
    os.close(slave)
    os.close(master)


@pytest.mark.parametrize(
    ("form", "environ", "shown"),
    [
        ("json", {"TERM": "xterm"}, LINE),
        ("console", {"TERM": "xterm", "NO_COLOR": "1"}, PLAIN),
        ("console", {"TERM": "dumb"}, PLAIN),
        ("console", {}, PLAIN),
        ("auto", {"NO_COLOR": "1", "TERM": "xterm"}, PLAIN),
        ("auto", {"NO_COLOR": "", "TERM": "xterm"}, COLOURED),
    ],
)  # fmt: skip
def test_the_form_at_a_terminal(terminal: int, form: str, environ: dict[str, str], shown: bytes) -> None:
    open_output("stdout", form, environ).put(LINE)
    assert os.read(terminal, 1000).replace(b"\r\n", b"\n") == shown


@pytest.mark.parametrize(("form", "shown"), [("json", LINE), ("console", PLAIN), ("auto", LINE)])
def test_the_form_in_a_pipe(monkeypatch: pytest.MonkeyPatch, form: str, shown: bytes) -> None:
    reader, writer = os.pipe()
    monkeypatch.setitem(outputs._STREAMS, "stderr", writer)
    output = open_output("stderr", form, {"TERM": "xterm"})
    output.put(LINE)
    os.close(writer)
    with open(reader, "rb") as file:
        assert file.read() == shown
    assert (output.name, output.path) == ("stderr", None)


def test_a_file_is_json_whatever_the_form(tmp_path: Path) -> None:
    output = open_output(str(tmp_path / "log"), "console", {"TERM": "xterm"})
    output.put(LINE)
    assert (tmp_path / "log").read_bytes() == LINE
    assert output.name == f"file:{tmp_path}/log"
