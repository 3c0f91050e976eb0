"""The measurements: each takes running peers and leaves numbers in a ``Results``.

Peers are interleaved: every round goes through all of them, in an order that turns by one each round, so that
a slow minute of the machine hits all alike.
"""

import contextlib
import http.client
import os
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from bench import measure, traffic
from bench.load import Client, LoadError, Window
from bench.peers import Peer, Place
from bench.peers.catalog import Kind

SCHEMES = ("plain", "tls")
BODIES = {"64 KiB": (1 << 16, 16), "1 MiB": (1 << 20, 4), "100 MiB": (100 << 20, 1)}
"""Label -> (bytes, connections)."""
OPEN_CONNECTIONS = 1000
_FULL = 0.93
"""Share of its core a proxy must have used for its requests/s to count as its own limit."""

_DISTURBED = 0.05
"""Share of a window that a proxy may wait for its core before the run is called disturbed."""


class Results:
    """Measured values: (peer, metric) -> one value per round. ``notes`` holds what went wrong."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], dict[int, float]] = {}
        self.notes: list[str] = []

    def add(self, peer: str, metric: str, turn: int, value: float) -> None:
        """Record the value of one round."""
        self.values.setdefault((peer, metric), {})[turn] = value

    def median(self, peer: str, metric: str) -> float | None:
        """The median over the rounds, or None."""
        return measure.median(self.values.get((peer, metric), {}).values())

    def ratio(self, peer: str, metric: str, base: str = "envoy") -> float | None:
        """The median over the rounds of ``peer`` / ``base`` in the same round, or None."""
        mine, theirs = self.values.get((peer, metric), {}), self.values.get((base, metric), {})
        return measure.median(mine[turn] / theirs[turn] for turn in mine if theirs.get(turn))

    def note(self, text: str) -> None:
        """Keep a remark for the report, and show it now."""
        self.notes.append(text)
        print(f"  ! {text}", flush=True)


def interleaved(peers: list[Peer], rounds: int, results: Results, step: Callable[[Peer, int], None]) -> None:
    """Run ``step`` for each peer in each round; a peer that fails loses that value, with a note."""
    for turn in range(rounds):
        shift = turn % len(peers)
        for peer in peers[shift:] + peers[:shift]:
            try:
                step(peer, turn)
                peer.fail_if_dead()
            except (LoadError, OSError) as error:
                results.note(f"{peer.kind.name}, round {turn + 1}: {error}")
            if peer.kind.logs:
                peer.empty_log()


class Cost(NamedTuple):
    """Seconds that the proxy ran, and that it was ready to run but waited for its core."""

    cpu: float
    waited: float


def _window(peer: Peer, request: bytes, expect: int, connections: int, *, seconds: float) -> tuple[Window, Cost]:
    """Warm up, then one window; returns it and what the proxy used during it."""
    with Client(peer.port, request, expect, connections) as client:
        warm = client.run(min(0.2, seconds / 4))
        ran, waited = measure.usage(peer.pid)
        window = client.run(seconds)
        ran_after, waited_after = measure.usage(peer.pid)
    peer.sent += warm.requests + window.requests
    return window, Cost(ran_after - ran, waited_after - waited)


def small_calls(peers: list[Peer], rounds: int, seconds: float, results: Results) -> None:
    """CPU per request, requests/s and latency of the small call, at 32 connections and at one."""
    expect = len(traffic.JSON_BODY)

    def step(peer: Peer, turn: int) -> None:
        for scheme in SCHEMES:
            request = traffic.request(scheme, traffic.JSON_TARGET, port=peer.port)
            window, cost = _window(peer, request, expect, 32, seconds=seconds)
            results.add(peer.kind.name, f"{scheme} cpu", turn, cost.cpu / window.requests * 1e6)
            results.add(peer.kind.name, f"{scheme} rate", turn, window.requests / window.seconds)
            results.add(peer.kind.name, f"{scheme} full", turn, cost.cpu / window.seconds)
            results.add(peer.kind.name, f"{scheme} waited", turn, cost.waited / window.seconds)
            _latency(window, peer, f"{scheme} 32", turn)
            window, _ = _window(peer, request, expect, 1, seconds=seconds / 2)
            _latency(window, peer, f"{scheme} 1", turn)

    def _latency(window: Window, peer: Peer, metric: str, turn: int) -> None:
        for label, share in (("p50", 0.5), ("p99", 0.99)):
            value = measure.percentile(window.latencies, share) / 1e3
            results.add(peer.kind.name, f"{metric} {label}", turn, value)

    interleaved(peers, rounds, results, step)
    waited = [results.median(peer.kind.name, f"{scheme} waited") or 0 for peer in peers for scheme in SCHEMES]
    if max(waited) > _DISTURBED:
        results.note(
            f"something else ran on the proxies' core: they waited for it up to {max(waited):.0%} of the time. "
            "Rates and latencies are off, CPU per request is a little; run again on a quiet machine."
        )


def full(results: Results, peer: str, scheme: str) -> bool:
    """Whether the proxy's core was the limit, not the load's: else requests/s is only a lower bound."""
    return (results.median(peer, f"{scheme} full") or 0) >= _FULL


def bodies(peers: list[Peer], rounds: int, seconds: float, results: Results) -> None:
    """Megabytes (10^6) per CPU second: answers of three sizes, and uploads of 1 MiB."""
    sink = len(traffic.JSON_BODY)

    def step(peer: Peer, turn: int) -> None:
        for scheme in SCHEMES:
            for label, (size, connections) in BODIES.items():
                request = traffic.request(scheme, b"/bytes/%d" % size, port=peer.port)
                window, cost = _window(peer, request, size, connections, seconds=seconds)
                rate = window.requests * size / cost.cpu / 1e6
                results.add(peer.kind.name, f"{scheme} body {label}", turn, rate)
            request = traffic.request(scheme, traffic.SINK_TARGET, port=peer.port, body=1 << 20)
            window, cost = _window(peer, request, sink, 4, seconds=seconds)
            results.add(peer.kind.name, f"{scheme} upload", turn, window.requests * (1 << 20) / cost.cpu / 1e6)

    interleaved(peers, rounds, results, step)


def fresh_start(kind: Kind, place: Place, turn: int, connections: int, results: Results) -> None:
    """Start-up cost, idle memory and memory with open connections, of a process of its own.

    Idle is half a second after the first answer; then each of the 1,000 connections carries one call and stays
    open. After the end the access log must hold every call.
    """
    peer = Peer(kind, place)
    try:
        name = kind.name
        results.add(name, "start cpu", turn, peer.start_cpu)
        results.add(name, "start wall", turn, peer.start_wall)
        time.sleep(0.5)
        idle = measure.memory(peer.pid)
        results.add(name, "idle rss", turn, idle.rss / 1e6)
        results.add(name, "idle pss", turn, idle.pss / 1e6)
        if not connections:
            return
        request = traffic.request("plain", traffic.JSON_TARGET, port=peer.port)
        with Client(peer.port, request, len(traffic.JSON_BODY), connections) as client:
            client.one_each()
            peer.sent += connections
            held = measure.memory(peer.pid)
            results.add(name, "held rss", turn, held.rss / 1e6)
            results.add(name, "held pss", turn, held.pss / 1e6)
    finally:
        peer.stop()
    check_log(peer, results)


def check_log(peer: Peer, results: Results) -> None:
    """Note it when an ended peer's access log does not hold exactly one line per request."""
    if peer.kind.logs and peer.logged() != peer.sent:
        results.note(f"{peer.kind.name}: {peer.sent} requests, {peer.logged()} lines in its access log")


def _ask(peer: Peer, target: bytes, headers: dict[str, str], method: str = "GET") -> tuple[str, str]:
    """The body and the head of an answer, lower case."""
    connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=5)
    try:
        connection.request(method, "/plain" + target.decode(), headers=headers)
        answer = connection.getresponse()
        body = answer.read().decode("latin-1")
    finally:
        connection.close()
    peer.sent += 1
    return body.lower(), f"{answer.status} {answer.headers}".lower()


def check_work(peer: Peer, results: Results) -> None:
    """Note what a peer that should do the same work as the sidecar does not do (contract, section 4)."""
    if not peer.kind.same_work:
        return
    minted, answer = _ask(peer, traffic.ECHO_TARGET, {"Sidecar-Timeout": "20s"})
    kept, _ = _ask(peer, traffic.ECHO_TARGET, {"Trackingid": "from-the-app"})
    wanted = {
        "mints Trackingid": "\ntrackingid: " in minted,
        "keeps the app's Trackingid": kept.count("\ntrackingid:") == kept.count("\ntrackingid: from-the-app\r") == 1,
        "removes Sidecar-Timeout": "\nsidecar-" not in minted,
        "adds Via": "\nvia: 1.1 " in minted,
        "answers with Sidecar-Request-Id": "sidecar-request-id: " in answer,
        "answers with Sidecar-Attempts": "sidecar-attempts: 1" in answer,
        "answers with Sidecar-Outcome": "sidecar-outcome: success" in answer,
    }
    for what, done in wanted.items():
        if not done:
            results.note(f"{peer.kind.name} does not do the sidecar's work: not true that it {what}")


def check_policies(peer: Peer, results: Results) -> None:
    """Note it when a peer that should have every policy on does not try again, or has no numbers of the others."""
    if not peer.kind.policies:
        return
    _, answer = _ask(peer, traffic.FLAKY_TARGET, {})
    if not answer.startswith("200") or "sidecar-attempts: 2" not in answer:
        results.note(f"{peer.kind.name} did not try again after 503")
    shown = peer.metrics()
    for number in peer.kind.policies:
        if not re.search(number, shown):
            results.note(f"{peer.kind.name} does not show {number}: is that policy on?")


def fresh_starts(kinds: Iterable[Kind], place: Place, rounds: int, connections: int, results: Results) -> None:
    """``fresh_start`` of every kind, interleaved."""
    kinds = list(kinds)
    for turn in range(rounds):
        shift = turn % len(kinds)
        for kind in kinds[shift:] + kinds[:shift]:
            try:
                fresh_start(kind, place, turn, connections, results)
            except (LoadError, OSError) as error:
                results.note(f"{kind.name}, start {turn + 1}: {error}")


_USABLE = sorted(os.sched_getaffinity(0))
"""Asked once, before this process binds itself to one of them."""


def cores() -> tuple[int, int, int]:
    """The cores of proxy, load generator and provider: the last two share one where there are only two."""
    if len(_USABLE) < 2:
        raise SystemExit("bench: needs two cores, one for the proxy and one for the load")
    return _USABLE[0], _USABLE[1], _USABLE[min(2, len(_USABLE) - 1)]


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """This process on that core alone, for as long."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
