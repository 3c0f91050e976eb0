"""The tables, in Markdown: printed to the terminal and written to ``bench/RESULTS.md``.

A cell is the median over the rounds; in brackets its ratio to Envoy, the median of the ratios round by round.
"""

import datetime as dt
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.peers.catalog import Kind
from bench.suite import BODIES, OPEN_CONNECTIONS, SCHEMES, Results, full

Row = Sequence[str]
RESULTS = Path(__file__).parent / "RESULTS.md"


@dataclass(frozen=True, slots=True)
class Target:
    """What the sidecar must reach: a ratio to another peer, or (``base`` None) a plain value.

    ``peer``: the sidecar as it is by default, or with every policy on.
    """

    text: str
    metric: str
    limit: float
    base: str | None = "envoy"
    at_least: bool = False
    peer: str = "sidecar"


_SCHEME = {"plain": "plain", "tls": "TLS"}

TARGETS: tuple[Target, ...] = (
    Target("CPU per request, plain, to Envoy", "plain cpu", 0.85),
    Target("CPU per request, TLS, to Envoy", "tls cpu", 1.0),
    Target("memory idle (RSS), to Envoy", "idle rss", 0.8),
    Target("p50 at one connection, plain, to Envoy", "plain 1 p50", 1.0),
    Target("p50 at one connection, TLS, to Envoy", "tls 1 p50", 1.0),
    *(
        Target(
            f"MB per CPU second, {label} answers, {_SCHEME[scheme]}, to Envoy",
            f"{scheme} body {label}",
            0.8,
            at_least=True,
        )
        for scheme in SCHEMES
        for label in BODIES
    ),
    Target("requests per CPU second, plain, to aiohttp", "plain cpu", 3.0, "aiohttp", at_least=True),
    Target("requests per CPU second, TLS, to aiohttp", "tls cpu", 3.0, "aiohttp", at_least=True),
    Target("CPU seconds from start to ready", "start cpu", 0.5, None),
    Target("CPU per request with every policy on, plain, to Envoy", "plain cpu", 0.85, "envoy-all", peer="sidecar-all"),
    Target("CPU per request with every policy on, TLS, to Envoy", "tls cpu", 1.0, "envoy-all", peer="sidecar-all"),
    Target("us per call: rate, breaker and retry budget together", "policy check", 6.0, None),
)


def table(head: Row, rows: Sequence[Row]) -> str:
    """An aligned Markdown table: the first column to the left, numbers to the right."""
    widths = [max(len(row[n]) for row in (head, *rows)) for n in range(len(head))]

    def line(row: Row) -> str:
        cells = [row[0].ljust(widths[0])] + [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
        return "| " + " | ".join(cells) + " |"

    rule = ["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]
    return "\n".join([line(head), line(rule), *map(line, rows)])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _cell(results: Results, peer: str, metric: str, base: str) -> str:
    value, ratio = results.median(peer, metric), results.ratio(peer, metric, base)
    if value is None:
        return "-"
    return _number(value) + (f" ({ratio:.2f})" if ratio is not None else "")


def _section(
    title: str, head: Row, metrics: Sequence[str], results: Results, peers: Sequence[str], base: str = "envoy"
) -> str:
    """One table; empty when nothing was measured.

    A rate whose proxy did not fill its core is marked ``>``; a ratio of rates needs two full cores.
    """
    if not any((peer, metric) in results.values for peer in peers for metric in metrics):
        return ""

    def cell(peer: str, metric: str) -> str:
        text = _cell(results, peer, metric, base)
        scheme, _, what = metric.partition(" ")
        if what != "rate" or text == "-":
            return text
        number = text.partition(" ")[0]
        if not full(results, peer, scheme):
            return f">{number}"
        return text if full(results, base, scheme) else number

    rows = [(peer, *(cell(peer, metric) for metric in metrics)) for peer in peers]
    return f"### {title}\n\n{table(('proxy', *head), rows)}\n"


def _small(scheme: str, results: Results, peers: Sequence[str], what: str = "Small calls", base: str = "envoy") -> str:
    columns = {
        "CPU us/request": "cpu",
        "requests/s, one core": "rate",
        "p50 us, 1 conn": "1 p50",
        "p99 us, 1 conn": "1 p99",
        "p50 us, 32 conn": "32 p50",
        "p99 us, 32 conn": "32 p99",
    }
    title = f"{what}: 834-byte JSON answer, {_SCHEME[scheme]} provider"
    return _section(title, list(columns), [f"{scheme} {key}" for key in columns.values()], results, peers, base)


def _bodies(scheme: str, results: Results, peers: Sequence[str]) -> str:
    title = f"Bodies: MB per CPU second, {_SCHEME[scheme]} provider (more is better)"
    metrics = [f"{scheme} body {label}" for label in BODIES] + [f"{scheme} upload"]
    return _section(title, [f"{label} answer" for label in BODIES] + ["1 MiB upload"], metrics, results, peers)


def _process(results: Results, peers: Sequence[str]) -> str:
    columns = {
        "CPU s to ready": "start cpu",
        "wall s to ready": "start wall",
        "idle RSS MB": "idle rss",
        "idle PSS MB": "idle pss",
        f"RSS MB, {OPEN_CONNECTIONS:,} conn": "held rss",
        f"PSS MB, {OPEN_CONNECTIONS:,} conn": "held pss",
    }
    return _section("Start and memory", list(columns), list(columns.values()), results, peers)


def _judge(target: Target, results: Results) -> Row | None:
    """One row of the target table, or None where it was not measured."""
    if target.base is None:
        value = results.median(target.peer, target.metric)
    elif target.base == "aiohttp":
        value = results.ratio("aiohttp", target.metric, "sidecar")
    else:
        value = results.ratio(target.peer, target.metric, target.base)
    if value is None:
        return None
    met = value >= target.limit if target.at_least else value <= target.limit
    sign = ">=" if target.at_least else "<="
    return target.text, f"{sign} {target.limit:g}", f"{value:.2f}", "met" if met else "NOT MET"


def limits(title: str, rows: Sequence[Row]) -> str:
    """A section of figures with limits of their own."""
    return f"### {title}\n\n{table(('figure', 'limit', 'measured', ''), rows)}\n"


def tables(results: Results, kinds: Sequence[Kind], sections: Sequence[str] = ()) -> str:
    """All tables for which something was measured, then ``sections``, the targets and the notes."""
    peers = [kind.name for kind in kinds if not kind.policies]
    loaded = [kind.name for kind in kinds if kind.policies]
    parts = [_small(scheme, results, peers) for scheme in SCHEMES]
    parts += [_small(scheme, results, loaded, "With every policy on", "envoy-all") for scheme in SCHEMES]
    parts += [_bodies(scheme, results, peers) for scheme in SCHEMES]
    parts.append(_process(results, peers))
    parts += sections
    judged = [row for target in TARGETS if (row := _judge(target, results))]
    if judged:
        parts.append("### Targets of the sidecar\n\n" + table(("target", "limit", "measured", ""), judged) + "\n")
    if results.notes:
        parts.append("### Notes\n\n" + "\n".join(f"- {note}" for note in results.notes) + "\n")
    return "\n".join(part for part in parts if part)


def machine() -> str:
    """CPU model, cores, kernel and Python of this machine."""
    model = "unknown CPU"
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
    cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8").count("\nprocessor") + 1
    return f"{model}, {cpus} cores, Linux {platform.release()}, Python {platform.python_version()}"


def write(text: str, versions: dict[str, str], how: str) -> None:
    """Write ``bench/RESULTS.md``: when, where, which versions, then the tables."""
    now = dt.datetime.now(tz=dt.UTC)
    head = (
        "# Results of one run of `make bench`\n\n"
        f"- date: {now:%Y-%m-%d %H:%M} UTC\n"
        f"- machine: {machine()}\n"
        f"- proxies: {', '.join(f'{name} {number}' for name, number in versions.items())}\n"
        f"- run: {how}\n\n"
        "How each figure is measured stands in `bench/__init__.py`. A cell is the median over the rounds; in\n"
        "brackets its ratio to Envoy (the median of the ratios round by round). `>` before a rate: the proxy did\n"
        "not have its core full, so that it can do more.\n\n"
    )
    RESULTS.write_text(head + text, encoding="utf-8")
