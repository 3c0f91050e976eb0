"""Reloads and a drain under 2,000 calls a second: how many calls fail, and what a reload does to their latency.

``python -m bench.lifecycle``, and part of ``make bench``. One sidecar with 20 providers, four of them TLS, four routes
each. The app is an open loop: a call leaves when it is due, whatever became of those before, and its latency counts
from then. Each reload changes settings of every provider and of two pools. A swap window goes from the order to
reload to its answer. The drain is a SIGTERM in the middle of the load; the app goes on for a second, then is quiet.
"""

import contextlib
import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from bench import measure, report, suite, traffic
from bench.open_loop import OpenLoop, Served
from bench.peers import end, free_port, pinned

RATE = 2000
"""Calls per second."""
PROVIDERS = 20
_WARM, _BEFORE, _GAP, _RELOADS = 2.0, 4.0, 0.7, 8
"""Seconds of load before the first figure, seconds that are "before", seconds between two reloads, and their number."""
_AFTER_TERM = 1.0
"""Seconds for which the app goes on after SIGTERM."""
_SLOWER = 3.0
"""How many times the p99 before the p99 in the swap windows may be."""
_START_LIMIT = 15.0
_TOKEN = "bench-token"
_TURN = 0.0001
"""Seconds that the thread which orders reloads may keep the load waiting for the interpreter; by default it is 5 ms."""


@dataclass(frozen=True, slots=True)
class Reloads:
    """What reloads did. ``windows``: begin and end of each, in seconds of the run."""

    calls: list[Served]
    windows: list[tuple[float, float]]

    @property
    def failed(self) -> int:
        """Calls without the provider's answer."""
        return sum(call.status != 200 for call in self.calls)

    @property
    def before(self) -> float:
        """p99 of latency before the first reload, in milliseconds."""
        first = self.windows[0][0]
        return _p99([call.latency for call in self.calls if first - _BEFORE <= call.due < first])

    @property
    def during(self) -> float:
        """p99 of latency in all swap windows together, in milliseconds."""
        return _p99([c.latency for c in self.calls if any(begin <= c.due < end for begin, end in self.windows)])


@dataclass(frozen=True, slots=True)
class Drain:
    """What a drain did. ``took``: seconds from SIGTERM to the end; ``code``: what it ended with."""

    calls: list[Served]
    took: float
    code: int

    @property
    def failed(self) -> int:
        """Calls without the provider's answer."""
        return sum(call.status != 200 for call in self.calls)


class Sidecar:
    """A running sidecar whose configuration may be written again."""

    def __init__(self, directory: Path, ports: dict[str, int], core: int, more: dict[str, Any] | None = None) -> None:
        self.port, self._ops, self._admin = free_port(), free_port(), free_port()
        self._ports = ports
        self._more = more or {}
        self._directory = directory
        self.config = directory / "sidecar.yaml"
        self.log = directory / f"{self.port}.log"
        self.write(0)
        command = [sys.executable, "-m", "sidecar.cli.main", "run", "-c", str(self.config)]
        with self.log.open("ab") as out:
            self.process = pinned(command, core, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
        self._wait_until_ready()

    def write(self, number: int) -> None:
        """Write the configuration; each ``number`` gives other settings."""
        self.config.write_text(self.text(number), encoding="utf-8")

    def text(self, number: int) -> str:
        """The configuration of that number."""
        config = {
            "version": 1,
            "listen": f"127.0.0.1:{self.port}",
            "ops": {"listen": f"127.0.0.1:{self._ops}"},
            "admin": {"listen": f"127.0.0.1:{self._admin}", "token": _TOKEN},
            "providers": {f"p{n}": self._provider(n, number) for n in range(PROVIDERS)},
            **self._more,
        }
        return json.dumps(config)

    def _provider(self, n: int, number: int) -> dict[str, Any]:
        secure = n % 5 == 0
        scheme, port = ("https", self._ports["tls"]) if secure else ("http", self._ports["plain"])
        settings: dict[str, Any] = {
            "base_url": f"{scheme}://127.0.0.1:{port}",
            "timeouts": {"total": f"{30 + number}s"},
            "pool": {"max_idle": 20 + (number if n < 2 else 0)},
            "breaker": {"window": "30s", "min_calls": 20},
            "rate": {"limit": "100000/s", "burst": 1000},
            "routes": [
                {"name": f"route-{m}", "match": {"path": f"/v{m}/files/{{id}}"}, "timeouts": {"head": f"{5 + m}s"}}
                for m in range(4)
            ],
        }
        if secure:
            settings["tls"] = {"ca": str(self._directory / "ca.pem")}
        return settings

    def _wait_until_ready(self) -> None:
        limit = time.monotonic() + _START_LIMIT
        while time.monotonic() < limit and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._ops}/readyz", timeout=1):
                    return
            except OSError:
                time.sleep(0.02)
        end(self.process)
        raise RuntimeError(f"the sidecar did not start: {self.log.read_text(encoding='utf-8')[-1000:]}")

    def reload(self) -> None:
        """``POST /reload``; returns when the new configuration is in force. In few bytes: the load waits meanwhile."""
        head = f"POST /reload HTTP/1.1\r\nHost: 127.0.0.1:{self._admin}\r\nAuthorization: Bearer {_TOKEN}\r\n"
        rest = "Content-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
        with socket.create_connection(("127.0.0.1", self._admin), timeout=20) as admin:
            admin.sendall((head + rest).encode())
            if not admin.recv(4096).startswith(b"HTTP/1.1 200"):
                raise RuntimeError("the reload was refused")


@contextlib.contextmanager
def stage(more: dict[str, Any] | None = None) -> Iterator[tuple[Sidecar, int]]:
    """A provider and a sidecar, each on its core; and the core that is left for the load."""
    proxy_core, load_core, provider_core = suite.cores()
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as name:
        directory = Path(name)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(directory / "ca.pem")
        chain = directory / "provider.pem"
        authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(chain)
        command = [sys.executable, "-m", "bench.provider", str(chain)]
        provider = pinned(command, provider_core, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            assert provider.stdout is not None
            ports = json.loads(provider.stdout.readline())
            sidecar = Sidecar(directory, ports, proxy_core, more)
            try:
                yield sidecar, load_core
            finally:
                end(sidecar.process)
        finally:
            end(provider)


def _requests(port: int) -> list[bytes]:
    """The small call, to one provider after the other."""
    return [traffic.request(f"p{n}", traffic.JSON_TARGET, port=port) for n in range(PROVIDERS)]


def measure_reloads() -> Reloads:
    """One run with reloads; about 15 seconds."""
    windows: list[tuple[float, float]] = []
    with stage() as (sidecar, core), suite.on_core(core):
        load = OpenLoop(sidecar.port, _requests(sidecar.port), RATE)

        # Made before: what the load generator does beside its load would look like the sidecar's doing.
        texts = [sidecar.text(number) for number in range(1, _RELOADS + 1)]

        def reload_again_and_again() -> None:
            time.sleep(_WARM + _BEFORE)
            for text in texts:
                sidecar.config.write_text(text, encoding="utf-8")
                begun = load.now
                sidecar.reload()
                windows.append((begun, load.now))
                time.sleep(_GAP)

        usual = sys.getswitchinterval()
        sys.setswitchinterval(_TURN)
        try:
            with ThreadPoolExecutor(1) as orders:
                ordered = orders.submit(reload_again_and_again)
                load.run(_WARM + _BEFORE + _RELOADS * (_GAP + 0.2))
                ordered.result()
        finally:
            sys.setswitchinterval(usual)
    return Reloads(load.served, windows)


def measure_drain() -> Drain:
    """One run with a drain; about 5 seconds."""
    with stage() as (sidecar, core), suite.on_core(core):
        load = OpenLoop(sidecar.port, _requests(sidecar.port), RATE)

        def terminate() -> tuple[float, int]:
            time.sleep(_WARM)
            begun = time.monotonic()
            sidecar.process.send_signal(signal.SIGTERM)
            code = sidecar.process.wait(30)
            return time.monotonic() - begun, code

        with ThreadPoolExecutor(1) as orders:
            ended = orders.submit(terminate)
            load.run(_WARM + _AFTER_TERM)
            took, code = ended.result()
    return Drain(load.served, took, code)


def _p99(seconds: list[float]) -> float:
    return measure.percentile(sorted(int(one * 1e6) for one in seconds), 0.99) / 1e3


def rows(runs: list[Reloads], drains: list[Drain]) -> list[report.Row]:
    """Figure, limit, value, judgement. Ratios are the median over the runs, failures their sum."""
    failed, cut = sum(run.failed for run in runs), sum(run.failed for run in drains)
    slower = statistics.median(run.during / run.before for run in runs)
    before, during = (statistics.median(getattr(run, name) for run in runs) for name in ("before", "during"))
    asked, ended = sum(len(run.calls) for run in runs), sum(len(run.calls) for run in drains)
    swaps = sum(len(run.windows) for run in runs)
    took = statistics.median(end - begin for run in runs for begin, end in run.windows)
    return [
        (f"failed of {asked:,} calls, {swaps} reloads", "0", str(failed), _verdict(failed == 0)),
        ("p99 before, ms", "", f"{before:.1f}", ""),
        ("p99 in the swap windows, ms", "", f"{during:.1f}", ""),
        ("in the windows to before", f"<= {_SLOWER:g}", f"{slower:.2f}", _verdict(slower <= _SLOWER)),
        ("a reload takes, ms", "", f"{took * 1e3:.0f}", ""),
        (f"failed of {ended:,} calls, SIGTERM amid them", "0", str(cut), _verdict(cut == 0)),
        ("from SIGTERM to the end, s", "", f"{statistics.median(run.took for run in drains):.1f}", ""),
    ]


def _verdict(met: bool) -> str:
    return "met" if met else "NOT MET"


def section(runs: int = 3) -> str:
    """All of it as a section of a report."""
    figures = rows([measure_reloads() for _ in range(runs)], [measure_drain() for _ in range(runs)])
    return report.limits(f"Reloads and drain at {RATE:,} calls a second, {PROVIDERS} providers", figures)


def main() -> None:
    """Measure and print."""
    runs = int(os.environ.get("RUNS", "1"))
    print(section(runs))


if __name__ == "__main__":
    main()
