"""Where the lines of a real process go: files that are rotated, a full disk, a terminal, a crash."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.child import child
from tests.support.raw_client import RawClient
from tests.support.sidecar_process import ROOT, SidecarProcess, complete, first_line_of

GET = b"GET /p/x HTTP/1.1\r\nHost: app\r\n\r\n"
NOWHERE = {"p": {"base_url": "http://127.0.0.1:1"}}


def events(file: Path) -> list[str]:
    return [json.loads(line)["event"] for line in file.read_text().splitlines()]


def call(sidecar: SidecarProcess) -> None:
    before = len(sidecar.requests())
    with sidecar.client() as app:
        assert app.ask(GET).status == 502
    sidecar.requests(before + 1)


def test_a_rotated_file_is_left_at_sighup(tmp_path: Path) -> None:
    log = tmp_path / "sidecar.log"
    with SidecarProcess({"log": {"output": ["stdout", f"file:{log}"]}, "providers": NOWHERE}) as sidecar:
        call(sidecar)
        log.rename(tmp_path / "sidecar.log.1")
        call(sidecar)
        sidecar.send_signal(signal.SIGHUP)
        sidecar.wait_event("reloaded")
        call(sidecar)
    assert events(tmp_path / "sidecar.log.1") == ["started", "request", "request"]
    assert events(log) == ["log_reopened", "reloaded", "request", "draining", "stopped"]
    assert [line["event"] for line in sidecar.lines] == [*events(tmp_path / "sidecar.log.1"), *events(log)]


def test_a_file_that_cannot_be_opened_anew_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    with SidecarProcess({"log": {"output": ["stdout", f"file:{folder}/log"]}, "providers": NOWHERE}) as sidecar:
        folder.rename(tmp_path / "moved")
        sidecar.send_signal(signal.SIGHUP)
        told = sidecar.wait_event("log_not_reopened")
        assert (told["level"], told["file"]) == ("error", f"{folder}/log")
        sidecar.wait_event("reloaded")
        call(sidecar)
    assert events(tmp_path / "moved" / "log")[-4:] == ["reloaded", "request", "draining", "stopped"]


def test_a_full_disk_costs_lines_and_no_calls() -> None:
    with SidecarProcess({"log": {"output": ["stdout", "/dev/full"]}, "providers": NOWHERE}) as sidecar:
        call(sidecar)
        call(sidecar)
        metrics = sidecar.get("/metrics")[1].decode()
        dropped = re.search(r"^sidecar_log_lines_dropped_total (\d+)$", metrics, re.MULTILINE)
        assert dropped is not None
        assert 1 <= int(dropped[1]) <= 3


def test_the_level_follows_the_file(tmp_path: Path) -> None:
    config: dict[str, Any] = {"log": {"level": "info"}, "providers": NOWHERE}
    with SidecarProcess(config, folder=tmp_path) as sidecar:
        whole = yaml.safe_load(sidecar.config_file.read_text())
        sidecar.config_file.write_text(yaml.safe_dump(whole | {"log": {"level": "error"}}))
        sidecar.send_signal(signal.SIGHUP)
        while not re.search(rb'result="success"} [1-9]', sidecar.get("/metrics")[1]):
            assert sidecar.process.poll() is None
    assert [line["event"] for line in sidecar.lines] == ["started"]


def run_at_terminal(folder: Path, **environ: str) -> str:
    """What a terminal shows of a run with one call."""
    file = folder / "sidecar.yaml"
    log = {"output": ["stdout", f"file:{folder}/log"], "format": "auto"}
    file.write_text(yaml.safe_dump(complete({"log": log, "providers": NOWHERE})))
    command = [sys.executable, "-m", "sidecar.cli.main", "run", "-c", str(file)]
    whole = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", **environ}
    master, slave = pty.openpty()
    shown = b""
    with child(command, stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, env=whole) as process:
        os.close(slave)
        started = first_line_of(folder / "log", process)
        with RawClient(int(started["listen"]["listen"].rpartition(":")[2])) as app:
            assert app.ask(GET.replace(b"/p/x", b"/p/x?%1b]0;title%07")).status == 502
        process.send_signal(signal.SIGINT)
        while True:
            try:
                shown += os.read(master, 10_000)
            except OSError:  # EIO: nobody holds the other side any more
                break
        assert process.wait(20) == 0
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


def test_a_terminal_gets_the_readable_form(tmp_path: Path) -> None:
    shown = run_at_terminal(tmp_path, NO_COLOR="1")
    assert "\x1b" not in shown
    assert re.search(r"^\d\d:\d\d:\d\d\.\d{3}Z info    started  version=", shown, re.MULTILINE)
    assert re.search(r"Z warning GET +p /p/x\?\S+ -> 502 .* connect_failed  sent=nothing  \w+$", shown, re.MULTILINE)
    assert re.search(r"^    attempt 1: connect_failed in ", shown, re.MULTILINE)
    assert events(tmp_path / "log") == ["started", "request", "draining", "stopped"]


def test_a_terminal_gets_colours(tmp_path: Path) -> None:
    assert "\x1b[1;31m502\x1b[0m" in run_at_terminal(tmp_path, NO_COLOR="")


CRASH = """
import sys
from sidecar import runtime

async def broken(self):
    raise RuntimeError("while sending Authorization: Bearer " + "c4sh-" * 6)

setattr(runtime.Runtime, sys.argv.pop(1), broken)
from sidecar.cli.main import main
main(prog_name="sidecar")
"""


@pytest.mark.parametrize("where", ["start", "wait"])
def test_a_crash_is_told_by_the_log_and_nowhere_else(tmp_path: Path, where: str) -> None:
    file = tmp_path / "sidecar.yaml"
    file.write_text(yaml.safe_dump(complete({"providers": NOWHERE})))
    command = [sys.executable, "-c", CRASH, where, "run", "-c", str(file)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: the sidecar has crashed\nwhere: RuntimeError\ndo:    report the traceback that is in its log\n"
    )
    line = json.loads(done.stdout.splitlines()[-1])
    assert (line["level"], line["event"], line["error"]) == ("error", "crashed", "RuntimeError")
    assert "RuntimeError: while sending Authorization: " in line["traceback"]
    assert "c4sh-" not in done.stdout
