"""What the operating system knows of this process, under the names that every Prometheus client uses.

See prometheus.io/docs/instrumenting/writing_clientlibs, "Process metrics". What cannot be found out (no ``/proc``)
is left out.
"""

import os
import resource
from functools import cache

_PROC = "/proc"
_PAGE = resource.getpagesize()


def cpu_seconds() -> float:
    """User and system CPU time."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def virtual_bytes() -> int | None:
    """Address space (proc(5), statm, first field)."""
    return _pages(0)


def resident_bytes() -> int | None:
    """Memory in RAM (proc(5), statm, second field)."""
    return _pages(1)


def open_fds() -> int | None:
    """Open file descriptors.

    Since Linux 6.2 the directory's size is their number; before, it is 0 and they are counted one by one, which
    takes milliseconds with thousands of connections.
    """
    folder = f"{_PROC}/self/fd"
    try:
        # Counting opens one more descriptor.
        return os.stat(folder).st_size or len(os.listdir(folder)) - 1
    except OSError:
        return None


def max_fds() -> int | None:
    """The limit that applies to ``open_fds``; None without one."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


@cache
def start_time() -> float | None:
    """Unix seconds at which the process began: ticks since boot (proc(5), stat, field 22) and the time of boot."""
    try:
        with open(f"{_PROC}/self/stat", "rb") as file:
            # The second field, the name, may hold spaces and brackets; the third begins behind the last bracket.
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        with open(f"{_PROC}/stat", "rb") as file:
            boot = next(float(line.split()[1]) for line in file if line.startswith(b"btime "))
        return boot + ticks / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, StopIteration):
        return None


def _pages(field: int) -> int | None:
    try:
        with open(f"{_PROC}/self/statm", "rb") as file:
            return int(file.read().split()[field]) * _PAGE
    except (OSError, ValueError, IndexError):
        return None
