"""A sidecar of which every byte that it writes anywhere ends in one folder, to be searched."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from tests.support.raw_client import RawClient
from tests.support.sidecar_process import ROOT, complete

PATIENCE = 30.0
"""Seconds until what is waited for must be there; it takes a fraction of one."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """For a command: without this machine's proxies."""
    kept = {name: value for name, value in os.environ.items() if name.upper() not in _PROXIES}
    path = os.pathsep.join(filter(None, (more.get("PYTHONPATH"), str(ROOT))))
    return {**kept, **more, "PYTHONPATH": path}


def run(arguments: Sequence[str], more: Mapping[str, str] | None = None) -> tuple[int, bytes]:
    """Exit code and all output of one ``sidecar`` command."""
    command = [sys.executable, "-m", "sidecar.cli.main", *arguments]
    result = subprocess.run(
        command, capture_output=True, stdin=subprocess.DEVNULL, env=environment(more or {}), cwd=ROOT, timeout=60,
        check=False,
    )  # fmt: skip
    return result.returncode, result.stdout + result.stderr


class WatchedProcess:
    """``sidecar run`` while the ``with`` block runs. Its log goes to standard output and to a file, as JSON there.

    ``folder``: gets ``stdout``, ``stderr``, ``log`` and ``state``. ``config``: as for ``SidecarProcess``; where its
    log goes is said here.
    """

    def __init__(self, folder: Path, config: Mapping[str, Any], env: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.written_to = folder / "written"
        self.written_to.mkdir()
        self._log_file = self.written_to / "log"
        whole = complete(config)
        whole["log"] = {**whole.get("log", {}), "output": ["stdout", f"file:{self._log_file}"]}
        whole["state_dir"] = str(self.written_to / "state")
        self.config_file = folder / "sidecar.yaml"
        self.config_file.write_text(yaml.safe_dump(whole))
        command = [sys.executable, "-m", "sidecar.cli.main", "run", "-c", str(self.config_file)]
        with (self.written_to / "stdout").open("wb") as out, (self.written_to / "stderr").open("wb") as err:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=err, env=environment(env or {}), cwd=ROOT
            )
        self.listen: dict[str, str] = {}

    def __enter__(self) -> "WatchedProcess":
        try:
            self.wait(lambda: bool(self.events("started")), "started")
        except BaseException:
            self.kill()
            raise
        self.listen = self.events("started")[0]["listen"]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def client(self, listener: str = "listen") -> RawClient:
        """A new connection to a listener, by its place in the configuration."""
        return RawClient(int(self.listen[listener].rpartition(":")[2]))

    def get(self, path: str, listener: str, *fields: str) -> bytes:
        """Everything that comes back for one GET."""
        with self.client(listener) as client:
            lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *fields]
            answer = client.ask("\r\n".join([*lines, "", ""]).encode())
            return answer.head + answer.body

    def lines(self) -> list[dict[str, Any]]:
        """The whole lines of the log file."""
        if not self._log_file.exists():
            return []
        return [
            json.loads(line) for line in self._log_file.read_bytes().splitlines(keepends=True) if line[-1:] == b"\n"
        ]

    def events(self, name: str) -> list[dict[str, Any]]:
        """The lines of one event."""
        return [line for line in self.lines() if line["event"] == name]

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something has been written."""
        ends = time.monotonic() + PATIENCE
        while not condition():
            over = self.process.poll() is not None and not condition()
            if over or time.monotonic() > ends:
                stderr = (self.written_to / "stderr").read_text(errors="replace")
                raise AssertionError(f"in vain: {what}; exit {self.process.poll()}; stderr: {stderr[-2000:]}")
            time.sleep(0.02)

    def wait_calls(self, count: int) -> None:
        """Wait until the lines of so many calls are in the file."""
        self.wait(lambda: self._log_file.read_bytes().count(b'"event":"request"') >= count, f"{count} calls")

    def stop(self) -> int:
        """End it as Ctrl-C would; the exit code."""
        self.process.send_signal(2)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """End it now."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def written(self) -> dict[str, bytes]:
        """Every file that it has written, by its name."""
        files = sorted(file for file in self.written_to.rglob("*") if file.is_file())
        return {file.relative_to(self.written_to).as_posix(): file.read_bytes() for file in files}
