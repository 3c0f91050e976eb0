import os
from pathlib import Path

import pytest

from sidecar.admin.private_file import write_private


def test_only_we_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write_private(str(tmp_path / "f"), "ä\n")
    finally:
        os.umask(before)
    assert (tmp_path / "f").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "f").read_bytes() == b"\xc3\xa4\n"


def test_it_replaces_and_leaves_nothing_beside(tmp_path: Path) -> None:
    for content in ("one", "two"):
        write_private(str(tmp_path / "f"), content)
    assert os.listdir(tmp_path) == ["f"]
    assert (tmp_path / "f").read_text() == "two"


def test_it_is_on_the_disk_before_it_takes_the_place_of_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flush(fd: int) -> None:
        done.append("flush folder" if os.path.isdir(os.readlink(f"/proc/self/fd/{fd}")) else "flush file")
        fsync(fd)

    def swap(source: str, target: str) -> None:
        done.append("swap")
        replace(source, target)

    monkeypatch.setattr(os, "fsync", flush)
    monkeypatch.setattr(os, "replace", swap)
    write_private(str(tmp_path / "f"), "x")
    assert done == ["flush file", "swap", "flush folder"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    write_private(str(tmp_path / "f"), "old")
    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space"):
        write_private(str(tmp_path / "f"), "new")
    assert os.listdir(tmp_path) == ["f"]
    assert (tmp_path / "f").read_text() == "old"


def test_a_name_without_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_private("f", "x")
    assert (tmp_path / "f").read_text() == "x"
