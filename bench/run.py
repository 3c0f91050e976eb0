"""The suite's command: start provider and proxies, measure in rounds, print the tables, end everything."""

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
if str(REPOSITORY) not in sys.path:
    sys.path.insert(0, str(REPOSITORY))

import trustme  # noqa: E402

from bench import footprint, hints, lifecycle, policies, redaction, report, shaping, suite  # noqa: E402
from bench.peers import Peer, Place, StartError, end, pinned  # noqa: E402
from bench.peers.catalog import KINDS, Kind, version  # noqa: E402


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [kind.name for kind in KINDS]
    parser.add_argument("--only", metavar="NAME,NAME", help=f"compare only these: {', '.join(names)}")
    parser.add_argument("--rounds", type=int, help="rounds of the small calls (default 7, quick 3)")
    parser.add_argument("--seconds", type=float, help="length of a window of load (default and quick 1.5)")
    parser.add_argument(
        "--quick", action="store_true", help="two minutes, for development: sidecar and Envoy, small calls only"
    )
    parser.add_argument("--write", action="store_true", help="write the tables to bench/RESULTS.md")
    options = parser.parse_args(arguments)
    options.only = options.only or ("sidecar,envoy,sidecar-all,envoy-all" if options.quick else ",".join(names))
    unknown = set(options.only.split(",")) - set(names)
    if unknown:
        parser.error(f"no such proxy: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    options.rounds = options.rounds or (3 if options.quick else 7)
    options.seconds = options.seconds or 1.5
    return options


def _say(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


@contextlib.contextmanager
def _place() -> Iterator[Place]:
    """The temporary directory, the provider's certificate, the provider; and this process on its own core."""
    proxy_core, load_core, provider_core = suite.cores()
    with tempfile.TemporaryDirectory(prefix="sidecar-bench-") as name:
        directory = Path(name)
        # Workers that give up root must still reach their files.
        directory.chmod(0o755)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(directory / "ca.pem")
        chain = directory / "provider.pem"
        authority.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(chain)
        provider = pinned(
            [sys.executable, "-m", "bench.provider", str(chain)],
            provider_core,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        os.sched_setaffinity(0, {load_core})
        try:
            assert provider.stdout is not None
            ports = json.loads(provider.stdout.readline())
            yield Place(directory, ports, directory / "ca.pem", proxy_core)
        finally:
            end(provider)


def _present(names: list[str]) -> dict[Kind, str]:
    """The proxies that are installed, each with its version; the others are named."""
    found: dict[Kind, str] = {}
    for kind in KINDS:
        if kind.name in names:
            program = kind.find()
            if program is None:
                _say(f"{kind.name}: missing ({kind.missing})")
            else:
                found[kind] = version(kind, program)
                _say(f"{kind.name}: {found[kind]}")
    return found


def _start(kinds: list[Kind], place: Place) -> list[Peer]:
    """Start all; one that cannot start is left out, with its last words."""
    peers = []
    try:
        for kind in kinds:
            try:
                peers.append(Peer(kind, place))
            except StartError as error:
                _say(f"{kind.name} is left out: {error}")
    except BaseException:
        for peer in peers:
            peer.stop()
        raise
    return peers


def _measure(options: argparse.Namespace, kinds: list[Kind], place: Place, results: suite.Results) -> None:
    peers = _start(kinds, place)
    if not peers:
        raise SystemExit("bench: no proxy could be started")
    try:
        names = ", ".join(peer.kind.name for peer in peers)
        _say(f"small calls: {options.rounds} rounds of {names}")
        for peer in peers:
            suite.check_work(peer, results)
            suite.check_policies(peer, results)
        suite.small_calls(peers, options.rounds, options.seconds, results)
        bare = [peer for peer in peers if not peer.kind.policies]
        if bare and not options.quick:
            rounds = max(1, options.rounds - 2)
            _say(f"bodies: {rounds} rounds")
            suite.bodies(bare, rounds, options.seconds / 4, results)
    finally:
        for peer in peers:
            peer.stop()
    for peer in peers:
        suite.check_log(peer, results)
    rounds = 1 if options.quick else options.rounds
    _say(f"start and memory: {rounds} rounds")
    connections = 0 if options.quick else suite.OPEN_CONNECTIONS
    if bare:
        suite.fresh_starts([peer.kind for peer in bare], place, rounds, connections, results)


def _policies(options: argparse.Namespace, results: suite.Results) -> list[str]:
    """What concerns the sidecar alone: sections of the report; their limits go into ``results``."""
    _say("cost of each policy")
    costs = policies.measure(policies.PAIRS // 4 if options.quick else policies.PAIRS)
    check = next(cost.median for cost in costs if cost.name == policies.CHECK)
    results.add("sidecar", "policy check", 0, check)
    sections = [policies.section(costs)]
    _say("sends after a provider's hint")
    sections.append(report.limits("Sent again when the provider said, by the real clock", hints.rows(hints.measure())))
    _say("redaction: usual messages, and 42 shapes of text")
    sections += redaction.sections()
    runs = 1 if options.quick else 3
    _say(f"reloads and drain, memory and scrapes: {runs} runs of 35 s")
    sections += [lifecycle.section(runs), footprint.section(runs)]
    if not options.quick:
        _say("shaping: two runs of 20 s")
        rows = shaping.rows(shaping.measure())
        sections.append(report.limits("1,000 calls at once to a provider of 50 a second", rows))
    return sections


def main(arguments: list[str] | None = None) -> None:
    """Run the suite. Ctrl-C and SIGTERM end it and all that it started."""
    options = _options(sys.argv[1:] if arguments is None else arguments)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    began = time.monotonic()
    found, results, sections = _present(options.only.split(",")), suite.Results(), []
    try:
        with _place() as place:
            _measure(options, list(found), place, results)
        if any(kind.name == "sidecar" for kind in found):
            sections = _policies(options, results)
    except KeyboardInterrupt:
        raise SystemExit("bench: stopped; all that it started has ended") from None
    measured = [kind for kind in found if any(peer == kind.name for peer, _ in results.values)]
    how = f"{options.rounds} rounds, windows of {options.seconds:g} s, {time.monotonic() - began:.0f} s in all"
    text = report.tables(results, measured, sections)
    print(f"\n{report.machine()}; {how}\n\n{text}")
    if options.write:
        report.write(text, {kind.name: found[kind] for kind in measured}, how)
        _say(f"written to {report.RESULTS.relative_to(REPOSITORY)}")


if __name__ == "__main__":
    main()
