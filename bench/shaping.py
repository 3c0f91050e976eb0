"""1,000 calls at once to a provider that takes 50 a second: when all are served, how evenly, and how many it refuses.

``python -m bench.shaping``, and part of ``make bench``; a minute. Twice: with the limit configured, and with ``learn``
only, against a provider that publishes its limit. It counts for itself, in a process of its own: the configured limit
over every second that there is (a sliding window, the strictest count), the learned one as many APIs do, 250 in each
5 s, told in whole seconds. Both answer after 50 ms.
"""

import argparse
import asyncio
import itertools
import json
import math
import signal
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import uvloop

from bench import report, suite, traffic
from bench.outage.app import Client
from bench.outage.provider import Connection
from bench.peers import Peer, Place, end, pinned
from bench.peers.catalog import KINDS

CALLS = 1000
RATE = 50
"""Calls a second."""

_SERVICE_TIME = 0.05
_PATIENCE = 60.0
_BODY = traffic.answer_head(len(traffic.JSON_BODY)) + traffic.JSON_BODY
_REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n%b\r\n"


class _Sliding:
    """``RATE`` calls in any second."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque()

    def count(self, now: float) -> tuple[bool, bytes]:
        """Whether a call is taken, and what the answer says of it."""
        while self._taken and self._taken[0] <= now - 1.0:
            self._taken.popleft()
        if len(self._taken) >= RATE:
            return False, b"Retry-After: 1\r\n"
        self._taken.append(now)
        return True, b""


class _Fixed:
    """Windows of 5 s one after the other, each for ``RATE`` calls a second; they are published."""

    SECONDS = 5
    LIMIT = RATE * SECONDS

    def __init__(self) -> None:
        self._ends = 0.0
        self._left = 0

    def count(self, now: float) -> tuple[bool, bytes]:
        """See ``_Sliding``."""
        if now >= self._ends:
            self._ends = (now // self.SECONDS + 1) * self.SECONDS
            self._left = self.LIMIT
        taken = self._left > 0
        self._left -= taken
        fields = (self.LIMIT, self._left, math.ceil(self._ends - now))
        return taken, b"X-RateLimit-Limit: %d\r\nX-RateLimit-Remaining: %d\r\nX-RateLimit-Reset: %d\r\n" % fields


@dataclass(frozen=True, slots=True)
class Served:
    """One run.

    ``seconds``: until the last answer was here. ``arrivals``: when calls came to the provider. ``refused``: of them, by
    it; ``refused_later``: after its first window. ``failed``: calls that the app got no good answer for.
    """

    seconds: float
    arrivals: list[float]
    refused: int
    refused_later: int
    failed: int

    @property
    def spacing_error(self) -> float:
        """Mean distance of the gaps between calls from the gap that was to be, as a part of it."""
        wanted = 1 / (RATE - 1)
        gaps = [after - before for before, after in itertools.pairwise(self.arrivals)]
        return statistics.fmean(abs(gap - wanted) for gap in gaps) / wanted


class _Provider:
    """Serves; at the end it tells when each call came, and whether it was taken."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.calls: dict[str, list[tuple[float, bool]]] = {"configured": [], "learned": []}
        self._counts = {"configured": _Sliding().count, "learned": _Fixed().count}
        self._loop = asyncio.get_running_loop()

    def handle(self, connection: Connection, head: bytes, body: bytes) -> None:
        """One request."""
        del body
        name = head.split(b"/", 2)[1].decode()
        if name not in self.calls:
            connection.answer(_BODY)
            return
        now = time.monotonic()
        taken, fields = self._counts[name](now)
        self.calls[name].append((now, taken))
        answer = _BODY.replace(b"\r\n\r\n", b"\r\n" + fields + b"\r\n", 1) if taken else _REFUSED % fields
        self._loop.call_later(_SERVICE_TIME, connection.answer, answer)


async def _serve() -> None:
    provider, loop = _Provider(), asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(provider), "127.0.0.1", 0, backlog=4096)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    await lines.read()
    print(json.dumps(provider.calls), flush=True)


@dataclass(frozen=True, slots=True)
class _Call:
    provider: str

    def request(self, prefix: bytes, port: int) -> bytes:
        return b"GET %b/%b/order HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (prefix, self.provider.encode(), port)


async def _offer(port: int, name: str, calls: int) -> tuple[float, int]:
    """Offer all calls at once, on connections that are open; seconds until all are answered, and how many failed."""
    client = Client(port, b"")
    async with asyncio.timeout(_PATIENCE):
        await asyncio.gather(*(client.send(_Call("plain")) for _ in range(calls)))
        begun = time.monotonic()
        answers = await asyncio.gather(*(client.send(_Call(name)) for _ in range(calls)))
    seconds = time.monotonic() - begun
    client.close()
    return seconds, sum(answer.status != 200 for answer in answers)


def measure(calls: int = CALLS) -> dict[str, Served]:
    """The run with the limit configured, and the one where it is learned."""
    proxy_core, load_core, provider_core = suite.cores()
    kind = next(replace(kind, template="shaping.sidecar.yaml") for kind in KINDS if kind.name == "sidecar")
    pipe = {"stdin": -1, "stdout": -1}
    provider = pinned([sys.executable, "-m", "bench.shaping", "--provider"], provider_core, **pipe)
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as directory:
        try:
            assert provider.stdout is not None
            port = json.loads(provider.stdout.readline())["port"]
            peer = Peer(kind, Place(Path(directory), {"plain": port, "tls": port}, Path(directory), proxy_core))
            try:
                with suite.on_core(load_core):
                    ends = {name: uvloop.run(_offer(peer.port, name, calls)) for name in ("configured", "learned")}
            finally:
                peer.stop()
            told = json.loads(provider.communicate()[0])
        finally:
            end(provider)
    return {name: _served(*ends[name], told[name]) for name in ends}


def _served(seconds: float, failed: int, calls: list[tuple[float, bool]]) -> Served:
    refusals = [at for at, taken in calls if not taken]
    later = sum(at - calls[0][0] > _Fixed.SECONDS for at in refusals)
    return Served(seconds, [at for at, _ in calls], len(refusals), later, failed)


def rows(runs: dict[str, Served]) -> list[report.Row]:
    """Figure, limit, value, judgement."""
    configured, learned = runs["configured"], runs["learned"]
    ideal = len(configured.arrivals) / RATE
    share = learned.refused_later / len(learned.arrivals)

    def row(name: str, limit: str, value: str, met: Callable[[], bool]) -> report.Row:
        return name, limit, value, "met" if met() else "NOT MET"

    seconds, error = configured.seconds, configured.spacing_error
    return [
        row(
            "configured: all served after, s",
            f"{ideal:g} +- 3 %",
            f"{seconds:.2f}",
            lambda: abs(seconds / ideal - 1) <= 0.03,
        ),
        row("configured: spacing error", "< 5 %", f"{error:.1%}", lambda: error < 0.05),
        row("configured: refused by the provider", "0", str(configured.refused), lambda: not configured.refused),
        row("learned: refused after its first window", "<= 1 %", f"{share:.1%}", lambda: share <= 0.01),
        ("learned: refused in its first window", "", str(learned.refused - learned.refused_later), ""),
        ("learned: all served after, s", "", f"{learned.seconds:.2f}", ""),
        ("calls that the app got no answer for", "0", str(configured.failed + learned.failed), ""),
    ]


def main() -> None:
    """Measure and print, or be the provider."""
    parser = argparse.ArgumentParser(description="1,000 calls at once to a provider of 50/s")
    parser.add_argument("--provider", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().provider:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        uvloop.run(_serve())
    else:
        print(report.table(("figure", "limit", "measured", ""), rows(measure())))


if __name__ == "__main__":
    main()
