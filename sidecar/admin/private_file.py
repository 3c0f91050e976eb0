"""Files that only we may read, written so that nobody ever sees half of one."""

import os
from contextlib import suppress


def write_private(path: str, content: str) -> None:
    """Write beside (mode 0600), flush to the disk, swap in: after a crash there is the old file or the new one.

    Raises:
        OSError: it cannot be written; the old file is still there.
    """
    beside = f"{path}.{os.urandom(4).hex()}"
    fd = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with open(fd, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)
        raise
    _flush_folder(os.path.dirname(path) or ".")


def _flush_folder(folder: str) -> None:
    """The swap itself must reach the disk too (fsync(2), NOTES); not every file system can be asked for it."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with suppress(OSError):
            os.fsync(fd)
    finally:
        os.close(fd)
