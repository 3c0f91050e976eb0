"""The real build, where there is a program for it and the base image can be had."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sidecar import __version__
from tests.image.dockerfile import dockerfile
from tests.support.sidecar_process import ROOT

BASE = dockerfile()[0].arguments()["BASE"]
NAME = f"sidecar-test-{os.getpid()}"
PULL, BUILD = 120, 280
"""Seconds."""


def _run(*command: str, timeout: float = 60) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout, check=False)


def _builder() -> str:
    """Buildah needs no daemon; docker one that runs."""
    if shutil.which("buildah"):
        return "buildah"
    if shutil.which("docker") and _run("docker", "info").returncode == 0:
        return "docker"
    pytest.skip("neither buildah nor docker with a running daemon is here")


def _pull(builder: str) -> None:
    try:
        done = _run(builder, "pull", BASE, timeout=PULL)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{builder} did not get the base image {BASE} within {PULL} s")
    # It may be here all the same, from an earlier day.
    if done.returncode and _run(builder, "inspect", "--type=image", BASE).returncode:
        pytest.skip(f"{builder} cannot pull the base image {BASE}: {done.stderr.strip().splitlines()[-1]}")


def _pip_settings() -> dict[str, str]:
    """What pip is told on this machine: from files and the environment."""
    told = _run(sys.executable, "-m", "pip", "config", "list").stdout
    return dict(re.findall(r"^(?:global|:env:)\.([\w-]+)='(.*)'$", told, re.MULTILINE))


def _same_index(folder: Path) -> list[str]:
    """Options that give the build the package index of this machine, folders included."""
    settings = _pip_settings()
    file = folder / "pip.conf"
    file.write_text("[global]\n" + "".join(f"{name} = {value}\n" for name, value in settings.items()))
    places = {str(file): "/etc/pip.conf"}
    for value in " ".join(settings.values()).split():
        # The pages of an index name files beside it.
        path = str(Path(urlsplit(value).path).parent) if value.startswith("file://") else value
        if path.startswith("/") and Path(path).exists():
            places[path] = path
    return [f"--volume={here}:{there}:ro" for here, there in places.items()]


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The program that has built the image under ``NAME``; the image is removed afterwards."""
    builder = _builder()
    _pull(builder)
    command = ["docker", "build"]
    if builder == "buildah":
        folder = tmp_path_factory.mktemp("index")
        command = ["buildah", "bud", "--isolation=chroot", "--layers=false", *_same_index(folder)]
    try:
        done = _run(*command, "--tag", NAME, ".", timeout=BUILD)
        assert done.returncode == 0, done.stdout + done.stderr
        yield builder
    finally:
        _run(builder, "rmi", "--force", NAME)


def _in_image(builder: str, *command: str) -> str:
    """What a command prints in a container of the image, run as the image's user."""
    if builder == "docker":
        done = _run("docker", "run", "--rm", "--read-only", "--entrypoint", command[0], NAME, *command[1:])
    else:
        container = _run("buildah", "from", "--pull-never", NAME).stdout.strip()
        try:
            done = _run("buildah", "run", "--isolation=chroot", container, "--", *command)
        finally:
            _run("buildah", "rm", container)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_image_has_the_sidecar_and_runs_it_without_root(builder: str) -> None:
    assert _in_image(builder, "sidecar", "--version") == f"sidecar {__version__}\n"
    tell = "import os, sys; print(os.getuid(), os.getgid(), sys.prefix, os.environ['SIDECAR_CONFIG'])"
    assert _in_image(builder, "python", "-c", tell) == "65532 65532 /opt/sidecar /etc/sidecar/sidecar.yaml\n"


def test_every_module_that_a_start_needs_has_byte_code(builder: str) -> None:
    tell = (
        "import sys, os, sidecar.cli.run, sidecar.runtime\n"
        "specs = [module.__spec__ for module in sys.modules.values() if getattr(module, '__spec__', None)]\n"
        "print([one.origin for one in specs if one.cached and not os.path.exists(one.cached)])"
    )
    assert _in_image(builder, "python", "-c", tell) == "[]\n"
