"""Where an admin API is, and what a refusal of it says."""

import pytest
from click.testing import CliRunner

from sidecar.cli.admin_client import Answer, parse_address
from sidecar.cli.shutdown import command


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://127.0.0.1:9091", "http://127.0.0.1:9091"),
        ("http://localhost:9091/", "http://localhost:9091"),
        ("HTTP://localhost:9091", "http://localhost:9091"),
        ("localhost:80", "http://localhost:80"),
        ("http://[::1]:9091", "http://[::1]:9091"),
        ("unix:/run/a.sock", "unix:/run/a.sock"),
    ],
)
def test_addresses(text, shown):
    assert str(parse_address(text)) == shown


@pytest.mark.parametrize(
    "text",
    ["", "9091", "localhost", "https://localhost:9091", "http://a:1/x", "http://u:p@a:1", "a:0", "a:x", "unix:a"],
)
def test_what_is_no_address(text):
    with pytest.raises(ValueError):
        parse_address(text)
    if text:
        result = CliRunner().invoke(command, ["--admin", text], env={"SIDECAR_ADMIN": None})
        assert (result.exit_code, result.stdout) == (1, "")
        assert "not the address of an admin API" in result.stderr
        assert f"where: --admin {text}" in result.stderr


PROBLEM = b'{"type": "https://sidecar.invalid/problems/unknown_call", "detail": "no", "kept": 3}'


@pytest.mark.parametrize(
    ("body", "name", "found"),
    [
        (PROBLEM, "detail", "no"),
        (PROBLEM, "kept", 3),
        (PROBLEM, "code", None),
        (b'{"type": "about:blank", "detail": "no"}', "detail", None),
        (b'{"detail": "no"}', "detail", None),
        (b"[1]", "detail", None),
        (b"<html>", "detail", None),
        (b"", "detail", None),
    ],
)
def test_only_a_sidecars_refusal_is_believed(body, name, found):
    assert Answer(404, body).member(name) == found
