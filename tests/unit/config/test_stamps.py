import os
from pathlib import Path

from sidecar.config.stamps import changed, stamp, stamps


def test_what_stays_the_same_has_not_changed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    assert not changed(stamps([tmp_path / "a", tmp_path / "none"]))


def test_a_missing_file_that_comes_has_changed(tmp_path: Path) -> None:
    seen = stamps([tmp_path / "a"])
    assert seen == {tmp_path / "a": ()}
    (tmp_path / "a").write_text("")
    assert changed(seen)


def test_a_file_that_goes_has_changed(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1")
    seen = stamps([tmp_path / "a"])
    (tmp_path / "a").unlink()
    assert changed(seen)


def test_a_link_that_leads_elsewhere_has_changed(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("same")
        os.utime(tmp_path / name, ns=(5, 5))
    (tmp_path / "link").symlink_to("one")
    seen = stamps([tmp_path / "link"])
    (tmp_path / "tmp").symlink_to("two")
    (tmp_path / "tmp").rename(tmp_path / "link")
    assert changed(seen)


def test_a_time_that_was_set_back_does_not_hide_a_change(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_text("1")
    os.utime(file, ns=(5, 5))
    before = stamp(file)
    file.write_text("2")
    os.utime(file, ns=(5, 5))
    assert stamp(file)[:4] == before[:4]
    assert stamp(file) != before


def test_a_name_that_no_file_can_have_is_missing() -> None:
    assert stamp("a\0b") == ()
