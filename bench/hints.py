"""How late after the provider's hint the sidecar sends a call again, by the real clock; never before it.

``python -m bench.hints``, and part of ``make bench``. Each call gets a 429 that says when to come again: by
``Retry-After`` in seconds, the same as a date, or ``retry-after-ms``. The provider takes the time, from the moment that
it named to the moment when the call is there again: sidecar, loopback and the provider's own loop are in it.
"""

import asyncio
import random
import statistics
import tempfile
import time
from dataclasses import dataclass, replace
from email.utils import formatdate
from math import ceil
from pathlib import Path

import uvloop

from bench import report, suite, traffic
from bench.outage.app import Client
from bench.outage.provider import Connection
from bench.peers import Peer, Place
from bench.peers.catalog import KINDS

CALLS = 300
_EVERY = 0.01
"""Seconds between two calls."""

_LATEST = 50.0
"""Milliseconds: the limit."""

_READY = traffic.answer_head(len(traffic.JSON_BODY)) + traffic.JSON_BODY
_COME_AGAIN = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n%b\r\n\r\n"


@dataclass(frozen=True, slots=True)
class _Call:
    number: int

    def request(self, prefix: bytes, port: int) -> bytes:
        return b"GET %b/hint/%d HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n\r\n" % (prefix, self.number, port)


class _Provider:
    """Says when to come again, and takes the time. ``late``: seconds after the named moment, negative when early."""

    def __init__(self) -> None:
        self.connections: set[Connection] = set()
        self.late: dict[bytes, float] = {}
        self._due: dict[bytes, float] = {}
        self._draw = random.Random(1)

    def handle(self, connection: Connection, head: bytes, body: bytes) -> None:
        """The first send of a call gets a hint, the second an answer."""
        del body
        now, target = time.time(), head.split(b" ", 2)[1]
        due = self._due.get(target)
        if due is None:
            if target.startswith(b"/hint/"):
                connection.answer(_COME_AGAIN % self._hint(target, now))
                return
        else:
            self.late[target] = now - due
        connection.answer(_READY)

    def _hint(self, target: bytes, now: float) -> bytes:
        form = int(target.rpartition(b"/")[2]) % 3
        if form == 0:
            self._due[target] = now + 1
            return b"Retry-After: 1"
        if form == 1:
            wait = self._draw.randrange(50, 1500)
            self._due[target] = now + wait / 1e3
            return b"Retry-After-Ms: %d" % wait
        self._due[target] = ceil(now + 0.5)
        return b"Retry-After: " + formatdate(self._due[target], usegmt=True).encode()


async def _run(directory: Path, calls: int) -> list[float]:
    proxy_core, load_core, _ = suite.cores()
    loop, provider = asyncio.get_running_loop(), _Provider()
    server = await loop.create_server(lambda: Connection(provider), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    kind = next(replace(kind, template="hints.sidecar.yaml") for kind in KINDS if kind.name == "sidecar")
    place = Place(directory, {"plain": port, "tls": port}, directory, proxy_core)
    peer = await loop.run_in_executor(None, Peer, kind, place)
    try:
        with suite.on_core(load_core):
            client = Client(peer.port, b"/plain")
            async with asyncio.timeout(calls * _EVERY + 20), asyncio.TaskGroup() as tasks:
                for number in range(calls):
                    tasks.create_task(client.send(_Call(number)))
                    await asyncio.sleep(_EVERY)
            client.close()
    finally:
        await loop.run_in_executor(None, peer.stop)
        server.close()
    if len(provider.late) != calls:
        raise RuntimeError(f"{calls} calls were told to come again, {len(provider.late)} did")
    return sorted(seconds * 1e3 for seconds in provider.late.values())


def measure(calls: int = CALLS) -> list[float]:
    """Milliseconds between the named moment and the second send of each call, sorted."""
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as directory:
        return uvloop.run(_run(Path(directory), calls))


def rows(late: list[float]) -> list[report.Row]:
    """Figure, limit, value, judgement."""
    earliest, latest = late[0], late[-1]
    return [
        ("earliest send after the hint, ms", ">= 0", f"{earliest:.1f}", "met" if earliest >= 0 else "NOT MET"),
        ("median, ms", "", f"{statistics.median(late):.1f}", ""),
        ("latest, ms", f"<= {_LATEST:g}", f"{latest:.1f}", "met" if latest <= _LATEST else "NOT MET"),
    ]


def main() -> None:
    """Measure and print."""
    print(report.table(("figure", "limit", "measured", ""), rows(measure())))


if __name__ == "__main__":
    main()
