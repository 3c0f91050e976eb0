"""Programs that the tests use and that no Python package brings: from PATH, else from a Debian package."""

import shutil
import subprocess
from functools import cache

import pytest

from tests.support.sidecar_process import ROOT

_UNPACKED = ROOT / ".venv" / "debian"
"""Where packages are unpacked, not installed: it needs no rights, and `make clean` removes it."""


_PATIENCE = 60.0
"""Seconds for each command of apt and dpkg."""


def program(name: str, package: str) -> str:
    """The path of a program; skips the test where there is none and none can be had.

    ``package``: the Debian package with it. It must need no other package, as static programs do.
    """
    found = _found(name, package)
    if found is None:
        pytest.skip(f"{name} is missing: not on PATH, and Debian's package {package} cannot be downloaded here")
    return found


@cache
def _found(name: str, package: str) -> str | None:
    """Looked for once: where there is no network, each try takes its time."""
    found = shutil.which(name) or _unpacked(name)
    if found is None:
        _unpack(package)
        found = _unpacked(name)
    return found


def _unpacked(name: str) -> str | None:
    return next((str(path) for path in _UNPACKED.glob(f"*/usr/bin/{name}") if path.is_file()), None)


def _unpack(package: str) -> None:
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        return
    _UNPACKED.mkdir(parents=True, exist_ok=True)
    if _download(package) or (_run("apt-get", "update") and _download(package)):
        for file in _UNPACKED.glob(f"{package}_*.deb"):
            _run("dpkg-deb", "-x", str(file), str(_UNPACKED / package))
            file.unlink()


def _download(package: str) -> bool:
    return _run("apt-get", "download", package)


def _run(*command: str) -> bool:
    try:
        done = subprocess.run(command, cwd=_UNPACKED, capture_output=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0
