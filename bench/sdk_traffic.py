"""A real SDK's calls while one request in ten is broken on the way: what the app sees, and what is carried out twice.

``python -m bench.sdk_traffic``; two to three minutes. The ``stripe`` library, its own retries off and without its own
keys, makes the same calls of a shop directly, through HAProxy and through the sidecar. Behind them a hop breaks the
requests (reset before execution, reset after it, cut mid-body, answered 503), and counts what the emulator behind it
carries out. Prints a table in Markdown. Needs what ``make test`` installs, and HAProxy for its lines.
"""

import argparse
import contextlib
import socket
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from bench.peers import end, free_port
from bench.peers.catalog import KINDS
from tests.sdk.emulators.launch import emulator
from tests.sdk.faulty_hop import FaultyHop
from tests.sdk.traffic import POSTS, Shop
from tests.support.sidecar_process import SidecarProcess

_START_LIMIT = 10.0
_HAPROXY = next(kind for kind in KINDS if kind.name == "haproxy")
_HAPROXY_CONFIG = """
global
    maxconn 100
    nbthread 1
defaults
    mode http
    timeout connect 1s
    timeout client 75s
    timeout server 60s
    retries 3
    retry-on all-retryable-errors
    http-reuse always
    # Only a request that is whole in the buffer can be sent again.
    option http-buffer-request
frontend app
    bind 127.0.0.1:{port}
    default_backend provider
backend provider
    {careful}
    server provider {provider}
"""
_CAREFUL = "http-request disable-l7-retry if METH_POST"
"""As the manual advises for requests that must not be sent twice (HAProxy configuration manual, retry-on)."""

Way = Callable[[str], AbstractContextManager[str]]
"""Takes the provider's URL, and gives the one that the app is to call."""


@contextlib.contextmanager
def _direct(provider: str) -> Iterator[str]:
    yield provider


def _haproxy(careful: str) -> Way:
    @contextlib.contextmanager
    def way(provider: str) -> Iterator[str]:
        program = _HAPROXY.find()
        assert program is not None
        port = free_port()
        text = _HAPROXY_CONFIG.format(port=port, provider=urlsplit(provider).netloc, careful=careful)
        with tempfile.TemporaryDirectory(prefix="sidecar-sdk-") as directory:
            config = Path(directory, "haproxy.cfg")
            config.write_text(text, encoding="utf-8")
            process = subprocess.Popen([program, "-db", "-f", config], stderr=subprocess.DEVNULL)
            try:
                _wait_until_listening(port, process)
                yield f"http://127.0.0.1:{port}"
            finally:
                end(process)

    return way


def _wait_until_listening(port: int, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + _START_LIMIT
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.01)
    raise SystemExit("bench: haproxy did not start")


def _sidecar(**settings: object) -> Way:
    @contextlib.contextmanager
    def way(provider: str) -> Iterator[str]:
        # The preset's limit of 100 calls a second would only make the run longer.
        stripe = {"preset": "stripe", "base_url": provider, "rate": "off"} | settings
        with SidecarProcess({"providers": {"stripe": stripe}}) as process:
            yield f"{process.url}/stripe"

    return way


WAYS: dict[str, Way] = {
    "direct": _direct,
    "HAProxy, retries 3, all-retryable-errors": _haproxy(""),
    "HAProxy, the same, but no POST": _haproxy(_CAREFUL),
    "sidecar, preset stripe": _sidecar(),
    "sidecar, preset stripe, profile user-flow": _sidecar(profile="user-flow"),
    "sidecar, preset stripe, no keys, unsafe: never": _sidecar(idempotency="off", retry={"unsafe": "never"}),
}


@dataclass(slots=True)
class Line:
    """One line of the table, over all runs."""

    calls: int = 0
    posts: int = 0
    failed: int = 0
    failed_posts: int = 0
    twice: int = 0
    requests: int = 0
    seconds: float = 0.0
    why: Counter[tuple[str, str]] = field(default_factory=Counter)

    def run(self, way: Way, calls: int, seed: int) -> None:
        """One run: an emulator with empty books, and the same faults for every line."""
        with emulator("stripe") as url, FaultyHop(url, seed) as hop:
            with way(hop.url) as line:
                began = time.monotonic()
                shop = Shop(line, url, seed).run(calls)
                self.seconds += time.monotonic() - began
            self.calls += shop.total
            self.posts += sum(shop.calls[kind] for kind in POSTS)
            self.failed += len(shop.failed)
            self.failed_posts += shop.failures(POSTS)
            self.twice += len(hop.twice)
            self.requests += hop.requests
            self.why.update(shop.failed)

    def row(self, name: str) -> str:
        """It, in Markdown."""
        failed = f"{self.failed} ({self.failed / self.calls:.1%})"
        cells = (name, self.calls, self.requests, failed, f"{self.failed_posts} of {self.posts}", self.twice)
        return "| " + " | ".join(map(str, cells)) + " |"


HEAD = (
    "| line | calls | requests at the provider | failed for the app | of these POST | POST executed twice |\n"
    "|---|---|---|---|---|---|"
)


def main(arguments: list[str] | None = None) -> None:
    """Run every line and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.sdk_traffic", description=__doc__)
    parser.add_argument("--calls", type=int, default=520, help="calls of a run; default 520")
    parser.add_argument("--seeds", type=int, default=3, help="runs of each line; default 3")
    parser.add_argument("--why", action="store_true", help="say which calls failed, and how")
    options = parser.parse_args(arguments)
    rows, why = [], []
    for name, way in WAYS.items():
        if name.startswith("HAProxy") and _HAPROXY.find() is None:
            rows.append(f"| {name} | left out: {_HAPROXY.missing} | | | | |")
            continue
        line = Line()
        for seed in range(1, options.seeds + 1):
            line.run(way, options.calls, seed)
        print(f"[{time.strftime('%H:%M:%S')}] {name}: {line.seconds:.0f} s", flush=True)
        rows.append(line.row(name))
        why += [f"{name}: {times} x {kind}, {error}" for (kind, error), times in line.why.most_common()]
    print("\n".join(["", HEAD, *rows, *([""] + why if options.why else [])]))


if __name__ == "__main__":
    main()
