"""Files that are mounted by themselves: Kubernetes never updates those (``subPath``), and editors cannot replace them.

kubernetes.io/docs/concepts/storage/volumes, "Using subPath": a container that uses one gets no updates.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path

MOUNTS = "/proc/self/mountinfo"

_ESCAPED = re.compile(r"\\([0-7]{3})")
"""Space, tab, line feed and backslash in mountinfo (proc(5))."""


def mount_points(mountinfo: str) -> set[str]:
    """The fifth field of each line of ``/proc/self/mountinfo`` (proc(5)): where something is mounted."""
    lines = (line.split(" ") for line in mountinfo.splitlines())
    return {_ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4]) for fields in lines if len(fields) > 4}


def mounted_alone(files: Iterable[Path], mountinfo: str) -> list[Path]:
    """Those files that are a mount of their own; in a mounted folder they are not."""
    points = mount_points(mountinfo)
    return [file for file in files if os.path.realpath(file) in points]


def read_mounts(path: str = MOUNTS) -> str:
    """The text of ``mountinfo``; empty where there is none."""
    try:
        return Path(path).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
