import json
import os
from pathlib import Path
from typing import Any

import pytest

from sidecar.admin.kill_file import SwitchesUnreadable, load, save
from sidecar.policies.switches import Kill

KILLS = {"pay": Kill("refunds run twice", "ana", 784111777.25, 784112377.0), "mail": Kill("ü", "bo", 1.0)}
ONE = {"reason": "x", "who": "ana", "since": 1.0, "until": None}


def test_what_is_written_is_read(tmp_path: Path) -> None:
    save(tmp_path, KILLS)
    assert load(tmp_path) == KILLS
    assert (tmp_path / "switches.json").stat().st_mode & 0o777 == 0o600


def test_people_can_read_it(tmp_path: Path) -> None:
    save(tmp_path, {"pay": KILLS["pay"]})
    assert json.loads((tmp_path / "switches.json").read_text()) == {
        "version": 1,
        "kills": {
            "pay": {"reason": "refunds run twice", "who": "ana", "since": 784111777.25, "until": 784112377.0},
        },
    }


def test_no_file_is_no_kill_and_the_folder_is_made(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "state"
    assert load(folder) == {}
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "content",
    [
        "", "{", "[]", "null", "7", "\xff", "{}",
        {"version": 2, "kills": {}}, {"version": 1}, {"version": 1, "kills": []}, {"version": 1, "kills": {"p": None}},
        {"version": 1, "kills": {"p": {}}}, {"version": 1, "kills": {"p": ONE | {"reason": 7}}},
        {"version": 1, "kills": {"p": ONE | {"who": None}}}, {"version": 1, "kills": {"p": ONE | {"since": None}}},
        {"version": 1, "kills": {"p": ONE | {"until": "soon"}}}, {"version": 1, "kills": {"p": ONE | {"until": 1e30}}},
        {"version": 1, "kills": {"p": ONE | {"since": 1e300}}},
    ],
)  # fmt: skip
def test_a_file_that_makes_no_sense_is_an_error(tmp_path: Path, content: Any) -> None:
    text = content if isinstance(content, str) else json.dumps(content)
    (tmp_path / "switches.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(SwitchesUnreadable, match="not what the sidecar writes") as caught:
        load(tmp_path)
    assert caught.value.path == tmp_path / "switches.json"


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "switches.json").mkdir()
    with pytest.raises(SwitchesUnreadable, match="is a directory"):
        load(tmp_path)
    with pytest.raises(SwitchesUnreadable, match="is a directory"):
        save(tmp_path, {})


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SwitchesUnreadable, match="not a directory"):
        load(tmp_path / "file" / "state")


def test_a_file_without_end_is_not_read_whole(tmp_path: Path) -> None:
    os.truncate(os.open(tmp_path / "switches.json", os.O_CREAT | os.O_RDWR), 5 * 1024 * 1024)
    with pytest.raises(SwitchesUnreadable, match="larger than"):
        load(tmp_path)
