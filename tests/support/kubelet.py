"""A mounted ConfigMap or Secret, and its updates as the kubelet makes them.

The steps are those of the kubelet's ``AtomicWriter`` (kubernetes/pkg/volume/util/atomic_writer.go, the comment of
``Write``): the files go into a new folder named after the time, ``..data`` is swapped to it by a rename, each visible
name is a link through ``..data``, and the old folder is removed.
"""

import itertools
import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path


class Volume:
    """A folder that is mounted into the container. ``write`` replaces everything in it, in one moment."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.folder = folder
        self._number = itertools.count()
        folder.mkdir(parents=True, exist_ok=True)
        self.write(files)

    def __truediv__(self, name: str) -> Path:
        """Where the container finds a file."""
        return self.folder / name

    def write(self, files: Mapping[str, str]) -> None:
        """An update. The kubelet writes nothing when nothing has changed; nor does this."""
        data = self.folder / "..data"
        before = self.folder / os.readlink(data) if data.is_symlink() else None
        if before is not None and {file.name: file.read_text() for file in before.iterdir()} == dict(files):
            return
        fresh = self.folder / f"..{time.strftime('%Y_%m_%d_%H_%M_%S')}.{next(self._number):09}"
        fresh.mkdir(mode=0o755)
        for name, text in files.items():
            (fresh / name).write_text(text)
        swapped = self.folder / "..data_tmp"
        swapped.symlink_to(fresh.name)
        swapped.rename(data)
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        for file in self.folder.iterdir():
            if not file.name.startswith("..") and file.name not in files:
                file.unlink()
        if before is not None:
            shutil.rmtree(before)
