"""The processes of the demo: the provider and a real sidecar, on free ports, in a temporary folder."""

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import orjson

from sidecar.core.env import Env
from sidecar.demo.beside import start_beside
from sidecar.demo.story import HEAD_TIMEOUT_MS, TOTAL_S

PROVIDER = "demo"
FIRST_CHOICE = 8080

_PROVIDER_PORTS = (20_000, 32_000)
"""Where the provider's port is drawn from. Below the ephemeral ports of Linux (32768), so that no outgoing connection
lands on it while the provider is down; drawn, so that a second demo does not take it in that time."""
_DRAWS = 100
_START = 15.0
"""Seconds; a pod with a twentieth of a CPU needs about six."""
_STOP = 3.0
_LOOK = 0.01
"""Seconds between two looks at a process."""

_CONFIG = """\
version: 1
listen: 127.0.0.1:{port}
ops: {{listen: 127.0.0.1:0}}
admin: {{listen: 127.0.0.1:0}}
log: {{output: "file:{log}"}}
drain: {{timeout: 1s}}
providers:
  demo:
    base_url: http://127.0.0.1:{provider_port}
    timeouts: {{connect: 1s, head: {head_ms}ms, total: {total_s}s}}
    retry: {{attempts: 3, on: [connect, reset, timeout, 429, 500, 502, 503, 504]}}
    breaker: {{window: 10s, min_calls: 20, open_for: 2s, max_open: 4s}}
"""


class CannotStart(Exception):
    """The demo cannot begin; the text says why, in one line."""


class PortTaken(CannotStart):
    """The port that was asked for is in use."""


def is_free(port: int) -> bool:
    """Whether a listener may be opened there now, as a server opens it."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            probe.listen(1)
        except OSError:
            return False
    return True


class Stage:
    """Starts and stops the processes. ``address``: the sidecar's, ``ops``: of its metrics, ``log``: its log file."""

    def __init__(self, env: Env, port: int | None = None) -> None:
        self._env = env
        self._wanted = port
        self._folder: Path | None = None
        self._provider: subprocess.Popen[bytes] | None = None
        self._sidecar: subprocess.Popen[bytes] | None = None
        self.provider_port = 0
        self.address = ("127.0.0.1", 0)
        self.ops = ("127.0.0.1", 0)
        self.log = Path()

    @property
    def base(self) -> str:
        """Where an app calls the provider."""
        return f"http://{self.address[0]}:{self.address[1]}/{PROVIDER}"

    async def open(self) -> None:
        """Start both and wait until the sidecar serves.

        Raises:
            CannotStart: a port was asked for and is taken, or the sidecar ended.
        """
        if self._wanted is not None and not is_free(self._wanted):
            raise PortTaken(f"port {self._wanted} is taken")
        port = self._wanted if self._wanted is not None else FIRST_CHOICE if is_free(FIRST_CHOICE) else 0
        draws = (int(self._env.uniform(*_PROVIDER_PORTS)) for _ in range(_DRAWS))
        self.provider_port = next(filter(is_free, draws), 0)
        if not self.provider_port:
            raise CannotStart("no port on 127.0.0.1 is free for the provider")
        self._folder = Path(tempfile.mkdtemp(prefix="sidecar-demo-"))
        self.log = self._folder / "sidecar.log"
        config = self._folder / "sidecar.yaml"
        values = {"log": self.log, "provider_port": self.provider_port, "head_ms": HEAD_TIMEOUT_MS, "total_s": TOTAL_S}
        config.write_text(_CONFIG.format(port=port, **values))
        command = [sys.executable, "-m", "sidecar.cli.main", "run", "-c", str(config)]
        with (self._folder / "output").open("wb") as output:
            # A group of its own: Ctrl-C in the terminal reaches the demo alone, which ends all in order.
            self._sidecar = subprocess.Popen(  # noqa: ASYNC220, S603
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, process_group=0
            )
        self._provider = start_beside(f"127.0.0.1:{self.provider_port}")
        listen = await self._started(self._sidecar)
        self.address = _split(listen["listen"])
        self.ops = _split(listen["ops.listen"])
        await self._provider_ready()

    async def _started(self, process: subprocess.Popen[bytes]) -> dict[str, str]:
        """The addresses in the sidecar's first log line."""
        ends = self._env.clock() + _START
        while self._env.clock() < ends:
            for line in self.log.read_bytes().splitlines(keepends=True) if self.log.exists() else []:
                record = orjson.loads(line) if line.endswith(b"\n") else {}
                if record.get("event") == "started":
                    listen: dict[str, str] = record["listen"]
                    return listen
            if process.poll() is not None:
                raise CannotStart(f"the sidecar ended at once: {self._last_words()}")
            await self._env.sleep(_LOOK)
        raise CannotStart(f"the sidecar did not start within {_START:.0f} s: {self._last_words()}")

    def _last_words(self) -> str:
        output = self._folder / "output" if self._folder is not None else Path()
        lines = output.read_text(errors="replace").split("\n") if output.is_file() else []
        return " ".join(" ".join(lines).split())[-500:] or "it said nothing"

    async def _provider_ready(self) -> None:
        ends = self._env.clock() + _START
        while self._env.clock() < ends:
            with socket.socket() as probe:
                probe.settimeout(0.5)
                if probe.connect_ex(("127.0.0.1", self.provider_port)) == 0:
                    return
            if self._provider is None or self._provider.poll() is not None:
                raise CannotStart("the demo provider ended at once")
            await self._env.sleep(_LOOK)
        raise CannotStart(f"the demo provider did not start within {_START:.0f} s")

    async def set_provider(self, *, running: bool) -> None:
        """Stop the provider, or start it again and wait until it serves.

        Raises:
            CannotStart: it does not come back.
        """
        if not running and self._provider is not None:
            provider, self._provider = self._provider, None
            await self._end(provider, signal.SIGTERM)
        elif running and self._provider is None:
            self._provider = start_beside(f"127.0.0.1:{self.provider_port}")
            await self._provider_ready()

    async def stop_sidecar(self) -> None:
        """End the sidecar as Ctrl-C would: calls in flight are finished, then its log is complete."""
        if self._sidecar is not None:
            sidecar, self._sidecar = self._sidecar, None
            await self._end(sidecar, signal.SIGINT)

    async def _end(self, process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        try:
            process.send_signal(number)
            ends = self._env.clock() + _STOP
            while process.poll() is None and self._env.clock() < ends:
                await self._env.sleep(_LOOK)
        finally:
            _kill(process)

    def close(self) -> None:
        """End what still runs, now, and remove every file."""
        for process in (self._sidecar, self._provider):
            if process is not None:
                _kill(process)
        self._sidecar = self._provider = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _split(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host, int(port)
