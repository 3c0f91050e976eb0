"""What the sidecar takes from the app's pod: its memory under load, and the loop's time while it is scraped.

``python -m bench.footprint``, and part of ``make bench``.

Memory: one sidecar with 20 providers, four of them TLS, and 500 open connections. 64 of them at a time, each in its
turn, carry a call: small ones, JSON of 64 KiB up, 256 KiB down, calls that fail with 422, whose bodies are redacted and
logged, and all of these in turn; every body differs. The peak is the kernel's own (``VmHWM``); nothing limits the
process, so nothing is reclaimed that a container's limit would reclaim.

Scrapes: 50 providers with 200 routes, 20 series of ``sidecar_requests_total`` and 5 of ``sidecar_attempts_total`` each,
fetched by another process over the real ops listener, as text and as OpenMetrics with exemplars. What blocks the loop
is the CPU time of its thread between two turns: work and collections of garbage, but not other programs of the machine.
"""

import asyncio
import json
import random
import statistics
import string
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop

from bench import report, traffic
from bench.lifecycle import PROVIDERS, stage
from sidecar.admin.ops import Ops
from sidecar.core.env import Env
from sidecar.http.limits import Limits
from sidecar.http.listener import address_of, listen
from sidecar.http.server import Server
from sidecar.telemetry.stats import Stats

CONNECTIONS = 500
BUSY = 64
"""Of these at a time."""
_SECONDS = 5.0
_MOST_MIB = 96.0
"""The limit: three quarters of a container of 128 MiB."""
_UP, _DOWN = 64 * 1024, 256 * 1024
_KINDS = {
    "small calls": (0,), "64 KiB up": (1,), "256 KiB down": (2,), "refused, bodies logged": (3,),
    "all of these in turn": (0, 1, 2, 3),
}  # fmt: skip
"""What connections carry: indexes of ``_calls``."""

SCRAPED_PROVIDERS, SCRAPED_ROUTES, SCRAPES = 50, 200, 20
_BLOCKED_MS = 3.0

_FETCH = """
import sys, urllib.request
for accept in ["text/plain", "application/openmetrics-text; version=1.0.0"] * int(sys.argv[2]):
    request = urllib.request.Request(sys.argv[1], headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=30) as answer:
        answer.read()
"""


# ---- memory ----


def _body(draw: random.Random) -> bytes:
    """JSON of exactly ``_UP`` bytes, with names, addresses and keys that no other has."""
    orders = []
    while len(orders) * 100 < _UP:
        name = "".join(draw.choices(string.ascii_lowercase, k=12))
        key = "".join(draw.choices(string.ascii_letters + string.digits, k=40))
        orders.append({"id": name, "email": f"{name}@example.com", "api_key": key, "amount": draw.randrange(10**6)})
    return json.dumps(orders).encode()[:_UP]


def _calls(number: int, port: int) -> list[bytes]:
    """What one connection asks in turn."""
    name = f"p{number % PROVIDERS}"
    body = _body(random.Random(number))
    return [
        traffic.request(name, traffic.JSON_TARGET, port=port),
        traffic.request(name, traffic.SINK_TARGET, port=port, body=_UP)[:-_UP] + body,
        traffic.request(name, b"/bytes/%d" % _DOWN, port=port),
        traffic.request(name, traffic.REFUSE_TARGET, port=port, body=_UP)[:-_UP] + body,
    ]


async def _connection(number: int, port: int, end: float, turn: asyncio.Semaphore, kinds: Sequence[int]) -> int:
    """Ask until the time is up, one call in each turn; the number of answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    whole = _calls(number, port)
    calls, answers = [whole[kind] for kind in kinds], 0
    try:
        while time.monotonic() < end or not answers:
            async with turn:
                writer.write(calls[(number + answers) % len(calls)])
                await writer.drain()
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                left = int(head.partition(b"\r\ncontent-length: ")[2].partition(b"\r\n")[0])
                while left:
                    left -= len(await reader.read(min(left, 65536)))
            answers += 1
    finally:
        writer.close()
    return answers


async def _all(port: int, kinds: Sequence[int]) -> list[int]:
    end, turn = time.monotonic() + _SECONDS, asyncio.Semaphore(BUSY)
    return await asyncio.gather(*(_connection(number, port, end, turn, kinds) for number in range(CONNECTIONS)))


def measure_memory(kinds: Sequence[int]) -> dict[str, float]:
    """Memory in MiB at the start and at the peak, and the number of calls; about 7 seconds."""
    more = {"log": {"output": "stdout", "bodies": "on_error"}}
    with stage(more) as (sidecar, _):
        start = _mib(sidecar.process.pid, "VmRSS")
        answers = uvloop.run(_all(sidecar.port, kinds))
        return {
            "start": start,
            "after": _mib(sidecar.process.pid, "VmRSS"),
            "peak": _mib(sidecar.process.pid, "VmHWM"),
            "calls": sum(answers),
        }


def _mib(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {field} in /proc/{pid}/status")


# ---- scrapes ----


def _busy_stats() -> Stats:
    stats = Stats()
    outcomes = ((200, "success"), (404, "client_error"), (429, "throttled"), (503, "server_error"), (504, "timeout"))
    for number in range(SCRAPED_ROUTES):
        provider = f"provider-{number % SCRAPED_PROVIDERS}"
        stats.provider(provider)
        route = stats.route(provider, f"route-{number}")
        for code, outcome in outcomes:
            route.attempts[code] = 1000 + number
            for method in (b"GET", b"POST", b"PUT", b"DELETE"):
                route.requests[method, code, outcome] = 1000 + number
        for step in range(18):
            route.duration.observe_with(0.002 * 2**step, f"{number:032x}")
            route.attempt_duration.observe(0.002 * 2**step)
    return stats


class _Alive:
    """What the probes ask."""

    started = True
    draining = False

    def checks(self) -> list[Any]:
        """Nothing more."""
        return []


async def _scrapes() -> dict[str, float]:
    env, loop, stats = Env(), asyncio.get_running_loop(), _busy_stats()
    bugs: list[BaseException] = []
    server = Server(loop, env, Limits(), Ops(stats, _Alive(), env).handle, Stats(), bugs.append)
    listener = await listen(server, "127.0.0.1", 0)
    command = [sys.executable, "-c", _FETCH, f"http://{address_of(listener)}/metrics", str(SCRAPES)]
    fetching = await loop.run_in_executor(None, subprocess.Popen, command)
    turns: list[float] = []
    last = time.thread_time()
    while fetching.poll() is None:
        await asyncio.sleep(0)
        now = time.thread_time()
        turns.append(now - last)
        last = time.thread_time()
    listener.close()
    server.abort()
    if bugs or fetching.returncode:
        raise RuntimeError(f"a scrape failed: {bugs}")
    turns.sort()
    return {"worst": turns[-1] * 1e3, "tenth": turns[-10] * 1e3}


def measure_scrapes() -> dict[str, float]:
    """The longest turn of the loop, and the tenth longest, in milliseconds of CPU; about 3 seconds."""
    return uvloop.run(_scrapes())


# ---- the report ----


Run = dict[str, float]


def rows(memory: dict[str, Run], scrapes: list[Run]) -> list[report.Row]:
    """Figure, limit, value, judgement; of the loop the median of the runs' worst turns."""
    worst = statistics.median(run["worst"] for run in scrapes)
    start = statistics.median(run["start"] for run in memory.values())
    return [
        ("memory at the start (RSS), MiB", "", f"{start:.1f}", ""),
        *(
            (
                f"its peak, {CONNECTIONS} connections, {BUSY} busy, {name}, {run['calls']:,.0f} calls, MiB",
                f"<= {_MOST_MIB:g}",
                f"{run['peak']:.1f}",
                _verdict(run["peak"] <= _MOST_MIB),
            )
            for name, run in memory.items()
        ),
        (
            f"longest turn of the loop in {2 * SCRAPES} scrapes of {SCRAPED_ROUTES} routes, ms",
            f"<= {_BLOCKED_MS:g}",
            f"{worst:.2f}",
            _verdict(worst <= _BLOCKED_MS),
        ),
    ]


def _verdict(met: bool) -> str:
    return "met" if met else "NOT MET"


def section(runs: int = 3) -> str:
    """All of it as a section of a report."""
    memory = {name: measure_memory(kinds) for name, kinds in _KINDS.items()}
    figures = rows(memory, [measure_scrapes() for _ in range(runs)])
    return report.limits(f"Memory and scrapes, {PROVIDERS} and {SCRAPED_PROVIDERS} providers", figures)


def main() -> None:
    """Measure and print."""
    print(section(1))


if __name__ == "__main__":
    main()
