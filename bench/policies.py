"""What each policy costs: the CPU time of a route's whole stack with the policy, less the time without it.

``python -m bench.policies``, and part of ``make bench``. One process and no socket: the configuration is loaded and
assembled as for serving; only the wire at the bottom is replaced, by an answer that is there at once. Batches of calls
go through the stack with and without the policy by turns, and each pair gives a difference: what both do alike (ids,
log line, metrics) drops out, and so does drift of the machine. CPU time of the thread is counted. Caches are as warm as
in a proxy under load, or warmer: what the policies cost the whole proxy stands beside it, in the table of small calls.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import uvloop
import yaml

from bench import report, suite, traffic
from sidecar import assembly
from sidecar.config.load import load
from sidecar.core.body import Body
from sidecar.core.env import Env
from sidecar.core.errors import Sent
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.core.layer import Handler
from sidecar.policies.order import ORDER, fold
from sidecar.policies.policy import Policy
from sidecar.policies.site import Site
from sidecar.redaction.redactor import DEFAULT
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.outputs import Output
from sidecar.telemetry.stats import Stats

PAIRS = 400
_CALLS = 100
"""Calls in a batch: two milliseconds, so that most batches run without an interruption."""

_CONFIGURATION = Path(__file__).parent / "peers" / "all.sidecar.yaml"

RECORD = "the log line and the counts, always there"
"""Logging of metadata, redaction included, has a limit of its own."""
CHECK = "together: rate, breaker and retry"
"""Limiter, breaker and budget check have a limit for the three."""

_ALL = "together: all"
_POST = "idempotency, POST, a key made"
_BARE = "none"
_LABELS = {"idempotency": _POST, "retry": "retry, its budget included", "rate": "rate, learning from the answers"}


def _fields(head: bytes) -> Headers:
    lines = (line.partition(b": ") for line in head.split(b"\r\n")[1:-2])
    return Headers.of((name, value) for name, _, value in lines)


_ANSWER = _fields(traffic.answer_head(len(traffic.JSON_BODY)))
_REQUEST = traffic.request("plain", traffic.JSON_TARGET, port=80)


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds per call: the median difference, and the middle half of all differences."""

    name: str
    median: float
    low: float
    high: float


class _Answers:
    """Stands for the wire: every call gets the suite's small answer, whole, without waiting."""

    def __init__(self, *_: object) -> None:
        pass

    async def handle(self, exchange: Exchange) -> Response:
        attempt = exchange.attempts[-1]
        attempt.sent = Sent.ALL
        attempt.headed = attempt.started
        return Response(200, b"OK", _ANSWER, Body.of(traffic.JSON_BODY))


def _request(method: bytes) -> Exchange:
    target = b"/plain" + traffic.JSON_TARGET
    exchange = Exchange(method, target, _fields(_REQUEST), None, "127.0.0.1", time.monotonic())
    exchange.path, exchange.provider, exchange.route = traffic.JSON_TARGET, "plain", "default"
    return exchange


def _stacks(directory: Path, variants: dict[str, dict[str, Any]], policies: tuple[Policy, ...]) -> dict[str, Handler]:
    """A stack for each set of settings, assembled as for serving."""
    stats, env = Stats(), Env()
    log = AccessLog([Output(os.open(os.devnull, os.O_WRONLY))], env, stats, DEFAULT.text)
    log.start(asyncio.get_running_loop())
    providers = {
        f"v{n}": {"base_url": "http://127.0.0.1:9", **settings} for n, settings in enumerate(variants.values())
    }
    path = directory / "sidecar.yaml"
    path.write_text(yaml.safe_dump({"version": 1, "providers": providers}), encoding="utf-8")

    def stack(inner: Handler, site: Site, _: object = None) -> Handler:
        return fold(inner, site, policies)

    with patch.object(assembly, "Wire", _Answers), patch.object(assembly, "fold", stack):
        assembler = assembly.Assembler(env, asyncio.get_running_loop(), stats, log, {})
        table, _ = assembler.build(load(path, {}))
    return {name: table.providers[f"v{n}"].handlers[-1] for n, name in enumerate(variants)}


async def _batch(stack: Handler, method: bytes) -> float:
    """Microseconds of CPU per call. Requests are made before; answers are closed as the listener does."""
    exchanges = [_request(method) for _ in range(_CALLS)]
    began = time.thread_time_ns()
    for exchange in exchanges:
        response = await stack(exchange)
        response.close(exchange, None)
    return (time.thread_time_ns() - began) / _CALLS / 1e3


async def _difference(name: str, bare: Handler, stack: Handler, pairs: int, method: bytes = b"GET") -> Cost:
    differences = []
    for turn in range(pairs):
        if turn % 2:
            without, costs = await _batch(bare, method), await _batch(stack, method)
        else:
            costs, without = await _batch(stack, method), await _batch(bare, method)
        differences.append(costs - without)
        await asyncio.sleep(0)
    low, median, high = statistics.quantiles(differences, n=4)
    return Cost(name, median, low, high)


def _variants() -> dict[str, dict[str, Any]]:
    """What is switched on, row by row. The settings are those of the configuration with every policy on."""
    every = yaml.safe_load(_CONFIGURATION.read_text(encoding="utf-8").replace("@", ""))["defaults"]
    every["retry"]["on"] = every["retry"].pop(True)  # PyYAML reads YAML 1.1, where "on" is a truth value
    limit = {"rate": every["rate"] | {"learn": False}}
    return {
        **{_LABELS.get(key, key): {key: settings} for key, settings in every.items()},
        "rate": limit,
        "concurrency, adaptive": {"concurrency": {"limit": "adaptive", "max": 1000}},
        CHECK: limit | {key: every[key] for key in ("breaker", "retry")},
        _ALL: every,
    }


async def _measure(pairs: int, directory: Path) -> list[Cost]:
    variants = _variants()
    stacks = _stacks(directory, {_BARE: {}} | variants, ORDER)
    bare = stacks.pop(_BARE)
    unkilled = _stacks(directory, {_BARE: {}}, tuple(policy for policy in ORDER if "kill" not in policy.name))[_BARE]
    costs = [await _difference("kill switch, always there", unkilled, bare, pairs)]
    unrecorded = _stacks(directory, {_BARE: {}}, tuple(policy for policy in ORDER if policy.name != "record"))[_BARE]
    costs.append(await _difference(RECORD, unrecorded, bare, pairs))
    for name, stack in stacks.items():
        costs.append(await _difference(name, bare, stack, pairs, b"POST" if name == _POST else b"GET"))
    return sorted(costs, key=lambda cost: (cost.name in (CHECK, _ALL), cost.median))


def measure(pairs: int = PAIRS) -> list[Cost]:
    """The cost of each policy alone, of limiter, breaker and budget check together (``CHECK``), and of all."""
    proxy_core, _, _ = suite.cores()
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as directory, suite.on_core(proxy_core):
        return uvloop.run(_measure(pairs, Path(directory)))


def section(costs: list[Cost]) -> str:
    """The costs in Markdown."""
    rows = [(cost.name, f"{cost.median:.2f}", f"{cost.low:.2f} to {cost.high:.2f}") for cost in costs]
    head = ("policy", "us of CPU per call", "middle half of the pairs")
    return f"### What each policy costs a call that succeeds\n\n{report.table(head, rows)}\n"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.policies", description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS, help="batches with and without (default %(default)s)")
    print(section(measure(parser.parse_args().pairs)))


if __name__ == "__main__":
    main()
