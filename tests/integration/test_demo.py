"""``sidecar demo`` as a visitor runs it: the real command, its processes, what it prints, what it leaves behind."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.child import child

DEMO = [sys.executable, "-m", "sidecar.cli.main", "demo"]
PLAIN_ENV = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM", "COLUMNS", "LINES")}


def environment(temp: Path, **more: str) -> dict[str, str]:
    return {**PLAIN_ENV, "TMPDIR": str(temp), "PYTHONUTF8": "1", **more}


@contextlib.contextmanager
def demo(temp: Path, *options: str, **env: str) -> Iterator[subprocess.Popen[bytes]]:
    """The demo, with an own folder for temporary files."""
    process = subprocess.Popen(
        [*DEMO, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(temp, **env)
    )
    with process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(20)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


needs_proc = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc to see children")


def test_without_a_terminal_it_is_plain_lines_and_ends_by_itself(tmp_path: Path) -> None:
    with demo(tmp_path, "--seconds", "3") as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors == b""
    text = output.decode("ascii")
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f]", text) is None
    assert len(re.findall(r"^  curl -\w http://127\.0\.0\.1:\d+/demo/", text, re.MULTILINE)) == 3
    for scene in ("calm", "slow", "broken", "throttled", "outage", "recovered"):
        assert re.search(rf"^\d/6 {scene}: ", text, re.MULTILINE), scene
    assert "502 connect_failed" in text
    assert list(tmp_path.iterdir()) == []


def test_there_is_one_log_line_for_each_call(tmp_path: Path) -> None:
    with demo(tmp_path, "--seconds", "2") as process:
        text = process.communicate(timeout=60)[0].decode()
    calls = re.search(r"That was it: (\d+) calls", text)
    lines = re.search(r"access log: (\d+) lines: one for each call$", text, re.MULTILINE)
    assert calls is not None
    assert lines is not None
    assert calls[1] == lines[1]


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_the_summary_and_no_child_is_left(tmp_path: Path, number: signal.Signals) -> None:
    with demo(tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"1/6"):
                break
        started = children(process.pid)
        assert len(started) == 2
        process.send_signal(number)
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors == b""
    assert b"That was it" in output
    assert not any(map(is_running, started))
    assert list(tmp_path.iterdir()) == []


def test_a_signal_before_it_has_started_leaves_nothing(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"sidecar demo")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors == b""
    assert list(tmp_path.iterdir()) == []


@needs_proc
def test_a_sidecar_that_dies_is_reported_without_a_traceback(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith(b"1/6"):
                break
        started = children(process.pid)
        for child in started:
            if b"sidecar.cli.main" in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(child, signal.SIGKILL)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert errors.startswith(b"error: the demo broke off")
    assert b"Traceback" not in errors
    assert not any(map(is_running, started))
    assert list(tmp_path.iterdir()) == []


def test_a_taken_port_is_one_clear_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with demo(tmp_path, "--port", str(port)) as process:
            _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert errors.splitlines()[0] == f"error: port {port} is taken".encode()
    assert list(tmp_path.iterdir()) == []


def test_a_reader_who_leaves_ends_it(tmp_path: Path) -> None:
    with demo(tmp_path) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 1
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert list(tmp_path.iterdir()) == []


def in_terminal(temp: Path, columns: int, rows: int, **env: str) -> tuple[int, str]:
    """Run it in a pseudo terminal; exit code and everything it wrote."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    with child(
        [*DEMO, "--seconds", "2"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(temp, **env)
    ) as process:
        os.close(theirs)
        written = b""
        while select.select([ours], [], [], 60)[0]:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not chunk:
                break
            written += chunk
        code = process.wait(20)
    os.close(ours)
    return code, written.decode()


@pytest.mark.parametrize(("columns", "rows"), [(60, 24), (120, 40)])
def test_a_terminal_gets_colours_on_a_screen_that_is_left_again(tmp_path: Path, columns: int, rows: int) -> None:
    code, text = in_terminal(tmp_path, columns, rows, TERM="xterm-256color")
    assert code == 0
    assert "\x1b[32m" in text
    enter, leave = text.index("\x1b[?1049h"), text.index("\x1b[?1049l")
    assert enter < leave < text.index("That was it")
    assert "Try it in another terminal" in text[enter:leave]
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    assert "Traceback" not in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": "xterm", "NO_COLOR": "1"}], ids=["dumb", "no-color"])
def test_a_terminal_that_wants_none_gets_plain_lines(tmp_path: Path, env: dict[str, str]) -> None:
    code, text = in_terminal(tmp_path, 80, 24, **env)
    assert code == 0
    assert "\x1b" not in text
    assert "1/6 calm" in text
