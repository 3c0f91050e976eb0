import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import sidecar.cli.run
import sidecar.demo.beside
from sidecar.admin.kill_file import SwitchesUnreadable
from sidecar.http.listener import CannotListen


class Beside:
    """The demo provider's process."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def terminate(self) -> None:
        self.calls.append("terminate")

    def wait(self) -> None:
        self.calls.append("wait")


class Served:
    """Stands for the running sidecar. ``end``: what it ends with. ``loaded`` is None when it was not started."""

    def __init__(self) -> None:
        self.end: int | Exception = 0
        self.loaded: Any = None
        self.environ: Any = None
        self.beside: Beside | None = None
        self.frozen: list[str] = []

    async def serve(self, loaded: Any, load: Any, environ: Any) -> int:
        self.loaded, self.environ = loaded, environ
        assert load().config == loaded.config  # what a reload does
        if isinstance(self.end, Exception):
            raise self.end
        return self.end

    def start_beside(self) -> Beside:
        self.beside = Beside()
        return self.beside


@pytest.fixture
def served(monkeypatch):
    """What ``sidecar run`` would serve; nothing is opened, and the collector is left alone."""
    served = Served()
    monkeypatch.setattr(sidecar.cli.run, "serve", served.serve)
    monkeypatch.setattr(sidecar.cli.run.gc, "freeze", lambda: served.frozen.append("freeze"))
    monkeypatch.setattr(sidecar.demo.beside, "start_beside", served.start_beside)
    monkeypatch.setattr(sidecar.demo.beside, "wait_until_ready", lambda beside: beside.calls.append("ready"))
    return served


def test_it_serves_the_configuration_and_its_end_is_the_commands(run, served):
    result = run("run", "-c", "clean.yaml")
    assert (result.exit_code, result.output) == (0, "")
    assert list(served.loaded.config.providers) == ["pay"]
    assert served.environ["STAGE"] == "test"
    assert served.frozen == ["freeze"]
    assert served.beside is None


def test_the_exit_code_is_that_of_the_runtime(run, served):
    served.end = 7
    assert run("run", "-c", "clean.yaml").exit_code == 7


def test_warnings_go_to_standard_error_and_it_serves(run, served):
    result = run("run", "-c", "good.yaml")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "a secret is written in plain" in result.stderr
    assert served.loaded is not None


@pytest.mark.parametrize(
    ("file", "said"), [("bad.yaml", "did you mean 'base_url'?"), ("missing.yaml", "error: no configuration")]
)
def test_a_bad_configuration_ends_with_2_before_anything_is_started(run, served, file, said):
    result = run("run", "--demo-provider", "-c", file)
    assert result.exit_code == 2
    assert said in result.stderr
    assert f"where: {file}\n" in result.stderr
    assert result.stdout == ""
    assert (served.loaded, served.beside) == (None, None)


@pytest.mark.parametrize(
    ("end", "what", "todo"),
    [
        (CannotListen("listen: a:1: taken"), "a listener cannot be opened", "free the address"),
        (PermissionError("listen: a:1: taken"), "the sidecar cannot start", "check the files"),
        (ValueError("listen: a:1: taken"), "the sidecar cannot start", "check the files"),
    ],
)
def test_a_start_that_fails_is_an_error_in_three_parts(run, served, end, what, todo):
    served.end = end
    result = run("run", "-c", "clean.yaml")
    assert result.exit_code == 2
    first, second, third = result.stderr.splitlines()
    assert (first, second) == (f"error: {what}", "where: listen: a:1: taken")
    assert third.startswith(f"do:    {todo}")


def test_kill_switches_that_cannot_be_read_are_an_error_in_three_parts(run, served):
    served.end = SwitchesUnreadable("permission denied", Path("/state/switches.json"))
    result = run("run", "-c", "clean.yaml")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "error: the kill switches of the last run cannot be read",
        "where: /state/switches.json: permission denied",
        "do:    mend the file, or remove it: then no provider is switched off by hand",
    ]


@pytest.mark.parametrize("end", [0, CannotListen("taken")])
def test_the_demo_provider_is_ready_first_and_ends_with_it(run, served, end):
    served.end = end
    run("run", "--demo-provider", "-c", "clean.yaml")
    assert served.beside.calls == ["ready", "terminate", "wait"]


def test_the_demo_provider_is_explained(run):
    result = run("run", "--help")
    assert "--demo-provider" in result.output
    assert sidecar.demo.beside.LISTEN in result.output


def test_closed_standard_files_are_filled_before_a_socket_takes_their_number(monkeypatch):
    opened = []

    class Os:
        devnull, O_RDWR = os.devnull, os.O_RDWR

        @staticmethod
        def fstat(number):
            if number == 1:
                raise OSError

        @staticmethod
        def open(path, flags):
            opened.append((path, flags))

    monkeypatch.setattr(sidecar.cli.run, "os", Os)
    sidecar.cli.run._fill_standard_files()
    assert opened == [(os.devnull, os.O_RDWR)]


def test_a_taken_port_is_said_by_the_real_command(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        (tmp_path / "sidecar.yaml").write_text(
            f"{{version: 1, listen: '{address}', providers: {{p: {{base_url: 'http://127.0.0.1:1'}}}}}}"
        )
        environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "sidecar.cli.main", "run"]
        done = subprocess.run(
            command, cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
    assert done.returncode == 2
    assert done.stdout == ""
    first, second, third = done.stderr.splitlines()[-3:]
    assert first == "error: a listener cannot be opened"
    assert second == f"where: listen: {address}: address already in use"
    assert third.startswith("do:    free the address")
