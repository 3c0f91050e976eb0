"""A child process that never outlives the ``with`` block that started it."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


@contextmanager
def child(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """``subprocess.Popen(command, **options)``, killed when the block fails.

    ``Popen`` alone waits for the end of its process, so that a failed check in the block would hang the whole run.
    """
    with subprocess.Popen(command, **options) as process:
        try:
            yield process
        except BaseException:
            process.kill()
            raise
