"""Which version of a file was read, so that a change is noticed and no two generations are mixed.

Files are looked at by ``stat``, never watched: watching the file of a mounted ConfigMap shows its first change at most,
since Kubernetes swaps a link above it (kubernetes.io/docs/concepts/configuration/configmap, "Mounted ConfigMaps are
updated automatically"). A look takes 2 us, and works on every file system and with every editor.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

Stamp = tuple[int, ...]
"""Device, inode, size, and the times of the last change to content and to inode, in ns. Empty: there is no such file.

A swapped link leads to another inode. The inode's time cannot be set back, as that of the content can (``cp -p``).
"""

Seen = Mapping[Path, Stamp]
"""Every file that one reading of the configuration looked for, missing ones too, as it was just before it was read."""


def stamp(path: str | Path) -> Stamp:
    """What the file is now."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return ()
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def stamps(paths: Iterable[Path]) -> dict[Path, Stamp]:
    """What each file is now."""
    return {path: stamp(path) for path in paths}


def changed(seen: Seen) -> bool:
    """Whether any of these files has changed, come or gone since."""
    return any(stamp(path) != before for path, before in seen.items())
