import os
import stat

import pytest

from sidecar.admin.access import load_or_make_token


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_a_configured_token_is_taken_and_no_file_written(tmp_path):
    file = tmp_path / "token"
    assert load_or_make_token("configured", str(file)) == "configured"
    assert not file.exists()


def test_without_a_file_every_token_is_new():
    first, second = load_or_make_token(None, None), load_or_make_token("", None)
    assert len(first) == len(second) == 64
    assert first != second


def test_a_made_token_can_be_read_by_us_only(tmp_path):
    file = tmp_path / "token"
    before = os.umask(0)
    try:
        token = load_or_make_token(None, str(file))
    finally:
        os.umask(before)
    assert file.read_text() == token + "\n"
    assert mode(file) == 0o600
    assert os.listdir(tmp_path) == ["token"]


def test_a_restart_keeps_the_token(tmp_path):
    file = tmp_path / "token"
    token = load_or_make_token(None, str(file))
    assert load_or_make_token(None, str(file)) == token


@pytest.mark.parametrize(("content", "permissions"), [("known-to-others", 0o644), ("", 0o600), ("short", 0o600)])
def test_a_file_that_cannot_be_believed_is_replaced(tmp_path, content, permissions):
    file = tmp_path / "token"
    file.write_text(content)
    file.chmod(permissions)
    token = load_or_make_token(None, str(file))
    assert token != content
    assert file.read_text().strip() == token
    assert mode(file) == 0o600


def test_a_link_is_replaced_and_not_followed(tmp_path):
    target, link = tmp_path / "target", tmp_path / "token"
    target.write_text("planted-by-somebody")
    target.chmod(0o600)
    link.symlink_to(target)
    token = load_or_make_token(None, str(link))
    assert token != "planted-by-somebody"
    assert not link.is_symlink()
    assert target.read_text() == "planted-by-somebody"


def test_a_pipe_in_its_place_does_not_hang_the_start(tmp_path):
    os.mkfifo(tmp_path / "token", 0o600)
    assert len(load_or_make_token(None, str(tmp_path / "token"))) == 64


def test_a_file_that_cannot_be_written_is_an_error_and_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_or_make_token(None, str(tmp_path / "missing" / "token"))
    (tmp_path / "token").mkdir()
    with pytest.raises(OSError, match="directory"):
        load_or_make_token(None, str(tmp_path / "token"))
    assert os.listdir(tmp_path) == ["token"]
