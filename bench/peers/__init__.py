"""Starting a proxy, knowing when it is ready, ending it: always by its own process id.

A peer runs pinned to its core, in its own session (so that Ctrl-C reaches only the suite, which then ends
all children), with its access log in a file of the suite's temporary directory.
"""

import getpass
import http.client
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from bench import measure, traffic
from bench.load import LoadError
from bench.peers.catalog import REPOSITORY, Kind

_LOG_QUIET = 0.25
"""Seconds without growth after which an access log is complete; the slowest proxy here flushes every 50 ms."""

_START_LIMIT = 10.0
"""Seconds until a peer must be ready."""
_STOP_LIMIT = 6.0


class StartError(Exception):
    """The proxy did not become ready; the text holds the end of what it printed."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run happens: temporary directory, provider ports, CA file, and the proxies' core."""

    directory: Path
    ports: dict[str, int]
    ca: Path
    core: int


def free_port() -> int:
    """A port that nothing listened on a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def pinned(arguments: list[str], core: int, **options: object) -> "subprocess.Popen[bytes]":
    """Start a process in its own session on one core.

    The affinity is inherited: ours is changed for the moment of the start, which is cheaper than taskset and
    needs no code between fork and exec.
    """
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        return subprocess.Popen(arguments, start_new_session=True, cwd=REPOSITORY, **options)  # type: ignore[call-overload, no-any-return]
    finally:
        os.sched_setaffinity(0, mine)


def end(process: "subprocess.Popen[bytes]") -> None:
    """SIGTERM, then SIGKILL to the process and its children when it does not end."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_LIMIT)
        except subprocess.TimeoutExpired:
            for member in reversed(measure.family(process.pid)):
                os.kill(member, signal.SIGKILL)
            process.wait()


class Peer:
    """One running proxy.

    ``start_cpu`` and ``start_wall`` are seconds from its start to its first proxied answer. ``sent`` counts all
    requests put through it; ``logged()`` counts the lines of its access log. ``environ``: variables that it gets beside
    ours.
    """

    def __init__(self, kind: Kind, place: Place, environ: Mapping[str, str] = MappingProxyType({})) -> None:
        self.kind = kind
        self.port = free_port()
        self.sent = 0
        self.start_cpu = self.start_wall = 0.0
        self._directory = place.directory / f"{kind.name}-{self.port}"
        self._directory.mkdir()
        self._log = self._directory / "access.log"
        self._errors = self._directory / "stderr"
        self._lines = 0
        program = kind.find()
        assert program is not None
        arguments = self._configure(place)
        with self._log.open("ab") as out, self._errors.open("ab") as errors:
            began = time.perf_counter()
            self._process = pinned(
                [program, *arguments],
                place.core,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                env={**os.environ, **environ},
            )
        try:
            self._wait_until_ready(began)
        except BaseException:
            end(self._process)
            raise

    @property
    def pid(self) -> int:
        """The process to measure; its children belong to it."""
        return self._process.pid

    def _configure(self, place: Place) -> list[str]:
        """Write the configuration file and fill in the arguments."""
        fields = {
            "PORT": self.port,
            "ADMIN_PORT": free_port(),
            "OPS_PORT": free_port(),
            "PLAIN_PORT": place.ports["plain"],
            "TLS_PORT": place.ports["tls"],
            "CA": place.ca,
            "LOG": self._log,
            "DIR": self._directory,
            "USER": getpass.getuser(),
            "CONFIG": self._directory / (self.kind.template or ""),
        }
        texts = [self.kind.metrics, *self.kind.arguments]
        if self.kind.template:
            texts.append((Path(__file__).parent / self.kind.template).read_text(encoding="utf-8"))
        for key, value in fields.items():
            texts = [text.replace(f"@{key}@", str(value)) for text in texts]
        if self.kind.template:
            (self._directory / self.kind.template).write_text(texts.pop(), encoding="utf-8")
        self._metrics = texts.pop(0)
        return texts

    def metrics(self) -> str:
        """What the proxy counts and shows of itself."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._metrics}", timeout=5) as answer:
            return str(answer.read().decode())

    def _wait_until_ready(self, began: float) -> None:
        """Ask every 2 ms until a call comes back from the provider; then read what the start cost."""
        path = "/plain" + traffic.JSON_TARGET.decode()
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=_START_LIMIT)
            try:
                connection.request("GET", path)
                answered = connection.getresponse()
                self.sent += 1
                if answered.status == 200 and answered.read() == traffic.JSON_BODY:
                    break
            except (OSError, http.client.HTTPException):
                time.sleep(0.002)
            finally:
                connection.close()
            if self._process.poll() is not None or time.perf_counter() - began > _START_LIMIT:
                raise StartError(self._last_words())
        self.start_wall = time.perf_counter() - began
        self.start_cpu = measure.cpu_seconds(self.pid)

    def _last_words(self) -> str:
        """The last lines of its standard error and of its log."""
        lines = self._errors.read_bytes()[-1500:].splitlines()[-4:] + self._log.read_bytes()[-500:].splitlines()[-1:]
        return "it said: " + b"\n".join(lines).decode(errors="replace").strip()

    def fail_if_dead(self) -> None:
        """Raise LoadError, with its last words, when the process has ended."""
        if self._process.poll() is not None:
            raise LoadError(self._last_words())

    def empty_log(self) -> None:
        """Count the lines of the access log and cut it: a run writes hundreds of megabytes.

        Proxies write their log in batches: a line that came between counting and cutting would be missed.
        """
        size = -1
        while size != (size := self._log.stat().st_size):
            time.sleep(_LOG_QUIET)
        self._lines += _lines(self._log)
        os.truncate(self._log, 0)

    def logged(self) -> int:
        """Lines of the access log, cut ones included; complete once the process has ended."""
        return self._lines + _lines(self._log)

    def stop(self) -> None:
        """End the process and all its children."""
        end(self._process)


def _lines(path: Path) -> int:
    """Lines that belong to a request (a proxy may also log its start)."""
    count = 0
    with path.open("rb") as file:
        for line in file:
            count += b'"event":"request"' in line
    return count
