"""A real ``sidecar run`` as a child process, with its log lines."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import yaml

from tests.support.raw_client import RawClient

START = 20.0
"""Seconds until "started" must be there; it takes a fraction of one."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
ROOT = Path(__file__).resolve().parents[2]


def complete(config: Mapping[str, Any]) -> dict[str, Any]:
    """``config`` with a version, and every listener on a free port of its own unless it says where."""
    whole: dict[str, Any] = {"version": 1, "listen": "127.0.0.1:0", **config}
    whole["ops"] = {"listen": "127.0.0.1:0", **whole.get("ops", {})}
    whole["admin"] = {"listen": "127.0.0.1:0", **whole.get("admin", {})}
    return whole


def first_line_of(log: Path, process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """The ``started`` event, when it is there."""
    done = threading.Event()
    while process.poll() is None:
        if log.exists() and log.read_bytes().endswith(b"\n"):
            found: dict[str, Any] = json.loads(log.read_text().splitlines()[0])
            return found
        done.wait(0.01)
    raise AssertionError(process.communicate())


class SidecarProcess:
    """Runs while the ``with`` block does; leaving it sends SIGTERM and asserts exit 0 and a silent stderr.

    ``config``: a mapping (completed by ``complete``), YAML text, or None when ``folder`` has one already.
    ``port``, ``ops_port``, ``admin_port``: where it listens. ``config_file`` may be rewritten by the test, to reload.
    """

    def __init__(
        self,
        config: Mapping[str, Any] | str | None,
        *,
        env: Mapping[str, str] | None = None,
        args: tuple[str, ...] = (),
        folder: Path | None = None,
        quiet_stderr: bool = True,
    ) -> None:
        self._own_folder = tempfile.TemporaryDirectory() if folder is None else None
        self.folder = folder or Path(self._own_folder.name)  # type: ignore[union-attr]
        self.config_file = self.folder / "sidecar.yaml"
        if config is not None:
            self.config_file.write_text(config if isinstance(config, str) else yaml.safe_dump(complete(config)))
        environ = {key: value for key, value in os.environ.items() if key.upper() not in _PROXIES}
        environ.update(env or {})
        environ["PYTHONPATH"] = str(ROOT)
        self._quiet_stderr = quiet_stderr
        self._changed = threading.Condition()
        self._ended = False
        self.lines: list[dict[str, Any]] = []
        self.stray: list[bytes] = []
        self.stderr = b""
        command = [sys.executable, "-m", "sidecar.cli.main", "run", "-c", str(self.config_file), *args]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environ, cwd=ROOT
        )
        self._readers = [threading.Thread(target=read, daemon=True) for read in (self._read_out, self._read_err)]
        for reader in self._readers:
            reader.start()
        try:
            self.started = self.wait_event("started", START)
        except BaseException:
            self.kill()
            raise
        self.listen: dict[str, str] = self.started["listen"]

    def __enter__(self) -> "SidecarProcess":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.stop()
        else:
            self.kill()

    # ---- where it is ----

    def port_of(self, listener: str) -> int:
        """The port of a listener by its place in the configuration: ``listen``, ``providers.x.listen``, ..."""
        return int(self.listen[listener].rpartition(":")[2])

    @property
    def port(self) -> int:
        """The shared listener."""
        return self.port_of("listen")

    @property
    def ops_port(self) -> int:
        """Probes and metrics."""
        return self.port_of("ops.listen")

    @property
    def admin_port(self) -> int:
        """The admin API."""
        return self.port_of("admin.listen")

    @property
    def url(self) -> str:
        """Base URL of the shared listener."""
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> RawClient:
        """A new connection to the shared listener."""
        return RawClient(self.port)

    def get(self, path: str, port: int | None = None) -> tuple[int, bytes]:
        """Status and body of one plain GET, by default on the ops listener."""
        with RawClient(port or self.ops_port) as client:
            answer = client.ask(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
            return answer.status, answer.body

    # ---- its log ----

    def wait_lines(self, condition: Callable[[list[dict[str, Any]]], bool], timeout: float = 10.0) -> None:
        """Wait until the log lines fulfil ``condition``."""
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self.lines) or self._ended, timeout) or (
                self._ended and not condition(self.lines)
            ):
                raise AssertionError(f"in vain; lines: {self.lines} stray: {self.stray} stderr: {self.stderr.decode()}")

    def wait_event(self, event: str, timeout: float = 10.0) -> dict[str, Any]:
        """The first line of this event."""
        self.wait_lines(lambda lines: any(line["event"] == event for line in lines), timeout)
        return next(line for line in self.lines if line["event"] == event)

    def requests(self, count: int | None = None, timeout: float = 10.0) -> list[dict[str, Any]]:
        """The request lines so far; waits until there are ``count``."""
        if count is not None:
            self.wait_lines(lambda lines: sum(line["event"] == "request" for line in lines) >= count, timeout)
        return [line for line in self.lines if line["event"] == "request"]

    def _read_out(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                try:
                    self.lines.append(json.loads(line))
                except ValueError:
                    self.stray.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _read_err(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.stderr += line

    # ---- its end ----

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM, timeout: float = 40.0) -> int:
        """End it by a signal; asserts exit 0, JSON lines only, and nothing on stderr. A second call does nothing."""
        if self.process.poll() is None:
            self.send_signal(number)
        try:
            code = self.process.wait(timeout)
        finally:
            self.kill()
        assert code == 0, (code, self.stderr.decode(), self.lines[-3:])
        assert self.stray == []
        if self._quiet_stderr:
            assert self.stderr == b"", self.stderr.decode()
        return code

    def kill(self) -> None:
        """End it now, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for reader in self._readers:
            reader.join(5)
        if self.process.stdout is not None:
            self.process.stdout.close()
        if self.process.stderr is not None:
            self.process.stderr.close()
        if self._own_folder is not None:
            self._own_folder.cleanup()
            self._own_folder = None
