"""How fast redaction is: usual messages, and 42 shapes of text that are meant to be slow.

``python -m bench.redaction``, and part of ``make bench``. CPU time of one thread; of usual messages the median of many
batches, of the shapes the best of five, at 16 KiB and at 64 KiB: four times the size may take 4.5 times as long.
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.shapes import BODIES, HEADERS, SHAPES, TARGET
from sidecar.redaction.found import Found
from sidecar.redaction.redactor import Redactor

LIMITS_US = {"headers and URL": 4.0, "clean 500 B": 9.0, "dense 500 B": 16.0, "real 10 KB": 110.0}
"""What one of them may take, in microseconds."""
SLOWEST_MS = 10.0
"""What any body of up to 64 KiB may take."""
GROWTH = 4.5
"""How many times longer four times the size may take."""
_SMALL, _LARGE = 16 * 1024, 64 * 1024
_BATCHES, _IN_BATCH = 40, 200


@dataclass(frozen=True, slots=True)
class Row:
    """One usual message: its size in bytes, and the time it took in microseconds."""

    name: str
    size: int
    us: float

    @property
    def met(self) -> bool:
        """Whether it is within its limit."""
        return self.us <= LIMITS_US[self.name]


@dataclass(frozen=True, slots=True)
class Slow:
    """One shape: its time in milliseconds at 16 and at 64 KiB; ``failed``: it took too long, and was left out."""

    name: str
    small_ms: float
    large_ms: float
    failed: bool

    @property
    def growth(self) -> float:
        """How many times longer the large one took. Below a tenth of a millisecond a clock tells little."""
        return self.large_ms / max(self.small_ms, 0.025)

    @property
    def met(self) -> bool:
        """Whether it is within both limits."""
        return self.large_ms <= SLOWEST_MS and self.growth <= GROWTH


def usual(redactor: Redactor) -> list[Row]:
    """The time of usual messages."""

    def head() -> None:
        found = Found()
        redactor.headers(HEADERS, found)
        redactor.target(TARGET, found)

    rows = [Row("headers and URL", sum(map(len, sum(HEADERS, ()))) + len(TARGET), _median_us(head))]
    for name, data in BODIES.items():
        rows.append(
            Row(name, len(data), _median_us(lambda data=data: redactor.body(data, Found(), "application/json")))
        )  # type: ignore[misc]
    return rows


def shapes(redactor: Redactor) -> list[Slow]:
    """The time of texts that are meant to be slow."""
    rows = []
    for name, (content_type, make) in SHAPES.items():
        times = []
        failed = False
        for size in (_SMALL, _LARGE):
            data = make(size)[:size]
            best = 1e9
            for _ in range(5):
                found = Found()
                begun = time.thread_time()
                redactor.body(data, found, content_type)
                best = min(best, time.thread_time() - begun)
                failed = failed or bool(found.failures)
            times.append(best * 1000)
        rows.append(Slow(name, *times, failed))
    return rows


def _median_us(call: Callable[[], object]) -> float:
    call()
    times = []
    for _ in range(_BATCHES):
        begun = time.thread_time()
        for _ in range(_IN_BATCH):
            call()
        times.append((time.thread_time() - begun) / _IN_BATCH)
    return statistics.median(times) * 1e6


def table(rows: list[Row]) -> list[str]:
    """The usual messages as a Markdown table."""
    lines = ["| message | bytes | us | limit | |", "|---|---:|---:|---:|---|"]
    for row in rows:
        verdict = "met" if row.met else "**not met**"
        lines.append(f"| {row.name} | {row.size} | {row.us:.1f} | {LIMITS_US[row.name]:.0f} | {verdict} |")
    return lines


def slow_table(rows: list[Slow]) -> list[str]:
    """The shapes as a Markdown table, the slowest first."""
    lines = ["| shape | 16 KiB, ms | 64 KiB, ms | growth | |", "|---|---:|---:|---:|---|"]
    for row in sorted(rows, key=lambda row: -row.large_ms):
        verdict = ("met" if row.met else "**not met**") + (", left out" if row.failed else "")
        lines.append(f"| {row.name} | {row.small_ms:.2f} | {row.large_ms:.2f} | {row.growth:.1f} | {verdict} |")
    return lines


def sections() -> list[str]:
    """Both tables, as sections of a report."""
    redactor = Redactor(clock=time.thread_time)
    return [
        "\n".join(["### Redaction of usual messages", "", *table(usual(redactor)), ""]),
        "\n".join(["### Redaction of texts that are meant to be slow", "", *slow_table(shapes(redactor)), ""]),
    ]


def main() -> None:
    """Print both tables; ends with 1 when a limit is not met."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--usual", action="store_true", help="only the usual messages")
    only_usual = parser.parse_args().usual
    redactor = Redactor(clock=time.thread_time)
    rows = usual(redactor)
    print("\n".join(table(rows)))
    slow = [] if only_usual else shapes(redactor)
    if slow:
        print("\n" + "\n".join(slow_table(slow)))
    sys.exit(0 if all(row.met for row in [*rows, *slow]) else 1)


if __name__ == "__main__":
    main()
