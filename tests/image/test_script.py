"""The commands of the Dockerfile, run without a container; then what they made, as a container would run it."""

import importlib.metadata
import json
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.dockerfile import dockerfile
from tests.image.script import Script
from tests.support.child import child
from tests.support.raw_client import RawClient
from tests.support.scripted_provider import OK, ScriptedProvider, answer
from tests.support.sidecar_process import ROOT, complete, first_line_of

LARGEST = 120_000_000
"""Bytes over the base image."""
LIBRARY = 15_000_000
"""Of them, the byte code of Python's own library: 13 MB for Python 3.13."""


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder with its size and the time of its last change."""
    return {str(one): (one.lstat().st_size, one.lstat().st_mtime_ns) for one in folder.rglob("*")}


@pytest.fixture(scope="module")
def image() -> Iterator[Script]:
    """The image's files, which nothing may change: a container has them on a read-only file system.

    Not in pytest's folder: its long name would not fit into the first line of a script.
    """
    with tempfile.TemporaryDirectory(prefix="image-") as folder:
        script = Script(Path(folder))
        script.build(dockerfile()[1:])
        # The administrator may write all the same; so the files are compared too.
        for inner in [script.root, *(one for one in script.root.rglob("*") if one.is_dir() and not one.is_symlink())]:
            inner.chmod(0o555)
        built = _files(script.root)
        yield script
        assert _files(script.root) == built


@pytest.fixture(scope="module")
def installed(image: Script) -> Path:
    """/opt/sidecar."""
    return Path(image.here("/opt/sidecar"))


def _start(image: Script) -> list[str]:
    return [*image.entrypoint, *image.command]


def test_what_is_installed_is_what_is_locked_and_the_sidecar(installed: Path) -> None:
    lock = (ROOT / "requirements" / "image.txt").read_text(encoding="utf-8")
    locked = re.findall(r"^([\w-]+)==([\w.]+)(?: ; python_full_version < '(3[\d.]+)')?", lock, re.MULTILINE)
    needed = {
        (name, version) for name, version, before in locked
        if not before or sys.version_info < tuple(map(int, before.split(".")))
    }  # fmt: skip
    there = importlib.metadata.distributions(path=[str(next(installed.glob("lib/python3*/site-packages")))])
    found = {(one.name.lower().replace("_", "-").replace(".", "-"), one.version) for one in there}
    assert {name for name, _ in found} & {"pip", "setuptools", "wheel", "rich"} == set()
    assert {one for one in found if one[0] != "resilience-sidecar"} == needed
    assert len(found) == len(needed) + 1


def test_it_is_small(installed: Path) -> None:
    size = sum(one.lstat().st_size for one in installed.rglob("*") if one.is_file() and not one.is_symlink())
    assert size + LIBRARY < LARGEST


def test_every_source_has_byte_code_that_is_never_compared_with_it(image: Script, installed: Path) -> None:
    library = next(Path(image.here("/usr/local/lib")).glob("python3*"))
    sources = [*installed.rglob("*.py"), *(one for one in library.rglob("*.py") if "site-packages" not in one.parts)]
    assert len(sources) > 500
    for source in sources:
        (code,) = source.parent.glob(f"__pycache__/{source.stem}.{sys.implementation.cache_tag}.pyc")
        # PEP 552: after the magic number, bit 0 says "by hash", bit 1 "compare it with the source".
        assert int.from_bytes(code.read_bytes()[4:8], "little") == 1, code
    assert len(list(installed.rglob("*.pyc"))) == len(list(installed.rglob("*.py")))


def test_without_a_configuration_it_says_where_it_looked_and_what_to_do(image: Script) -> None:
    done = subprocess.run(_start(image), env=image.environment, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: no configuration: there is no such file\n"
        f"where: {image.here('/etc/sidecar/sidecar.yaml')}\n"
        "do:    write it, in a container mount it there, or name another with -c FILE or $SIDECAR_CONFIG\n"
    )


def test_it_carries_a_call_from_byte_code_alone_and_ends_at_sigterm(image: Script, tmp_path: Path) -> None:
    file, log, stderr = (tmp_path / name for name in ("sidecar.yaml", "log", "stderr"))
    # With PYTHONVERBOSE, Python tells where the code of each module came from.
    environment = image.environment | {"SIDECAR_CONFIG": str(file), "PYTHONVERBOSE": "1"}
    assert environment["PYTHONDONTWRITEBYTECODE"] == "1"
    with ScriptedProvider(answer(OK)) as provider, log.open("wb") as out, stderr.open("wb") as told:
        config = {"providers": {"stripe": {"preset": "stripe", "profile": "user-flow", "base_url": provider.url}}}
        file.write_text(json.dumps(complete(config)))
        with child(_start(image), cwd=image.root, env=environment, stdout=out, stderr=told) as process:
            port = int(first_line_of(log, process)["listen"]["listen"].rpartition(":")[2])
            with RawClient(port) as app:
                got = app.ask(b"GET /stripe/v1/charges HTTP/1.1\r\nHost: app\r\n\r\n")
            assert (got.status, got.get("sidecar-outcome")) == (200, b"success")
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
    code = re.findall(r"^# code object from '?([^'\n]+)'?$", stderr.read_text(errors="replace"), re.MULTILINE)
    own = [name for name in code if name.startswith(str(image.root))]
    assert len(own) > 200
    assert [name for name in own if not name.endswith(".pyc")] == []
