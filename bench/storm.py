"""A storm: 500 calls/s while the provider is down for 10 s and comes back; what gets through, and what it costs it.

``python -m bench.storm``, or ``make storm``: the same calls through the sidecar, through it without its breaker,
through Envoy with retry policy, retry budget and outlier detection, and from a naive client that tries three times
more. A run takes 35 s and ends by itself. Prints the figures beside their limits, writes ``bench/STORM.md`` and the
plot ``bench/storm.svg``; exits with 1 if the sidecar misses a limit. ``--down`` chooses what "down" is: ``503`` (at
once), ``refuse``, ``hang``, or several of them.
"""

import argparse
import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import uvloop

from bench import suite
from bench.outage import CONTENDERS, PATIENCE, Contender, Down, Scenario, account, figures, offered, plot
from bench.outage.app import Client, Result, run
from bench.outage.figures import Storm
from bench.peers import Peer, Place, StartError, end, pinned
from bench.peers.catalog import KINDS

BENCH = Path(__file__).resolve().parent

_LEAD = 0.5
"""Seconds between the last preparation and the first call."""

_LIMIT = 30.0
"""Seconds that a run may take longer than its scenario before it is given up."""


@contextlib.contextmanager
def _provider(scenario: Scenario, core: int) -> Iterator["subprocess.Popen[bytes]"]:
    fields = json.dumps(asdict(scenario))
    process = pinned(
        [sys.executable, "-m", "bench.outage.provider", fields], core, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        yield process
    finally:
        end(process)


def _run_line(line: Contender, scenario: Scenario, directory: Path) -> Storm:
    """One line's run: a provider and a proxy of its own, the same calls."""
    proxy_core, load_core, provider_core = suite.cores()
    with _provider(scenario, provider_core) as provider, contextlib.ExitStack() as stack:
        assert provider.stdin is not None
        assert provider.stdout is not None
        port, prefix = json.loads(provider.stdout.readline())["port"], b""
        if line.proxy is not None:
            kind = next(kind for kind in KINDS if kind.name == line.proxy)
            place = Place(directory, {"plain": port, "tls": port}, directory, proxy_core)
            peer = Peer(replace(kind, template=f"storm.{line.proxy}.yaml"), place, dict(line.environ))
            stack.callback(peer.stop)
            port, prefix = peer.port, b"/plain"
        begun = time.monotonic() + _LEAD
        provider.stdin.write(b"%r\n" % begun)
        provider.stdin.flush()
        with suite.on_core(load_core):
            results = uvloop.run(_offer(scenario, Client(port, prefix), begun, naive=line.proxy is None))
        seen = json.loads(provider.communicate(timeout=PATIENCE)[0])
    return Storm(scenario, results, sorted(seen["calls"]), Counter(seen["orders"]))


async def _offer(scenario: Scenario, client: Client, begun: float, *, naive: bool) -> list[Result]:
    async with asyncio.timeout(scenario.seconds + _LIMIT):
        results = await run(client.send_naively if naive else client.send, offered(scenario), begun)
    client.close()
    return results


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.storm", description=__doc__)
    parser.add_argument("--down", default="503", metavar="KIND,KIND", help="503 (default), refuse, hang")
    parser.add_argument("--only", metavar="TEXT", default="", help="only the lines in whose name this is")
    parser.add_argument("--to", type=Path, default=BENCH, metavar="DIR", help="where the files go; default bench/")
    options = parser.parse_args(arguments)
    try:
        options.down = [Down(kind) for kind in options.down.split(",")]
    except ValueError as error:
        parser.error(str(error))
    options.lines = [line for line in CONTENDERS if options.only in line.name]
    return options


def _picture(down: Down) -> str:
    return "storm.svg" if down is Down.ANSWERS_503 else f"storm-{down}.svg"


def main(arguments: list[str] | None = None) -> None:
    """Run the storms. Ctrl-C and SIGTERM end them and all that they started."""
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _options(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    parts, met = [account.introduction(Scenario(), arguments)], True
    for down in options.down:
        scenario, storms = Scenario(down), {}
        for line in options.lines:
            print(f"[{time.strftime('%H:%M:%S')}] {down}, {line.name}: {scenario.seconds:g} s", flush=True)
            with tempfile.TemporaryDirectory(prefix="sidecar-storm-") as directory:
                try:
                    storms[line] = _run_line(line, scenario, Path(directory))
                except StartError as error:
                    raise SystemExit(f"bench: {line.name} did not start; {error}") from None
        summary = account.summary(down, storms)
        print(f"\n{summary}", flush=True)
        parts += [summary, f"![calls per second and latency]({_picture(down)})\n", account.second_by_second(storms)]
        lines = {line: figures.seconds(storm) for line, storm in storms.items()}
        (options.to / _picture(down)).write_text(plot.draw(lines, scenario), encoding="utf-8")
        met = met and all(check.met(storms) for check in account.CHECKS)
    (options.to / "STORM.md").write_text("\n".join(parts), encoding="utf-8")
    if not met:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
