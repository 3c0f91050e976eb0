"""What a process costs, read from the kernel's own accounting; and medians.

CPU: ``/proc/PID/task/*/schedstat`` (nanoseconds that each live thread ran, and waited for a CPU), or
``/proc/PID/stat`` (``utime + stime``, 10 ms ticks) where that is more because a thread has ended; children
included, ended ones by ``cutime + cstime`` (proc(5)). Memory: ``VmRSS`` and ``Pss`` of ``smaps_rollup``, children
included.
"""

import os
import statistics
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of a process and its children: ``rss`` counts shared pages in full, ``pss`` in shares."""

    rss: int
    pss: int


def _stat(pid: int) -> list[str]:
    """The fields of ``/proc/PID/stat`` from the third on (the second may hold spaces)."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()


def family(pid: int) -> list[int]:
    """``pid`` and all its living descendants."""
    parents: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                parents.setdefault(int(_stat(int(entry))[1]), []).append(int(entry))
            except OSError:
                continue
    found = [pid]
    for member in found:
        found.extend(parents.get(member, ()))
    return found


def _process(pid: int) -> tuple[float, float]:
    ran = waited = 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        try:
            fields = (thread / "schedstat").read_text().split()
        except OSError:
            continue
        ran += int(fields[0])
        waited += int(fields[1])
    fields = _stat(pid)
    own, reaped = int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14])
    return max(ran / 1e9, own * _TICK) + reaped * _TICK, waited / 1e9


def usage(pid: int) -> tuple[float, float]:
    """Seconds that the process, its threads and its children have run, and have waited for a CPU, since their start.

    Alone on its core a proxy hardly waits: the second number shows that something else ran there.
    """
    members = [_process(member) for member in family(pid)]
    return sum(ran for ran, _ in members), sum(waited for _, waited in members)


def cpu_seconds(pid: int) -> float:
    """The first number of ``usage``."""
    return usage(pid)[0]


def _kib(path: str, key: str) -> int:
    for line in Path(path).read_text(encoding="ascii").splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    return 0


def memory(pid: int) -> Memory:
    """Resident memory of the process and its children."""
    members = family(pid)
    return Memory(
        rss=sum(_kib(f"/proc/{member}/status", "VmRSS:") for member in members),
        pss=sum(_kib(f"/proc/{member}/smaps_rollup", "Pss:") for member in members),
    )


def median(values: Iterable[float]) -> float | None:
    """The median, or None where nothing was measured."""
    values = list(values)
    return statistics.median(values) if values else None


def percentile(ordered: list[int], share: float) -> int:
    """The value below which ``share`` (0 to 1) of the sorted values lie; the nearest rank, no interpolation."""
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
