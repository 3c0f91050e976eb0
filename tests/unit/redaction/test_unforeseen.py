"""Tracebacks and texts of libraries: what looks made by a machine goes, what names things stays."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction.found import Found
from sidecar.redaction.redactor import DEFAULT, FAILED

MADE = "[REDACTED:secret]"


@pytest.mark.parametrize(
    "word",
    [
        "nO7SSWNotOHbCcemzCbf",
        "9f86d081884c7d65",
        "0544cd82-34ff-4ec3-aae0-9f4b8bc54df1",
        "a1b2c3d4e5f6",
        "aB_3xY-z9Q_w12",
    ],
)
def test_words_that_look_made_go(word: str) -> None:
    assert DEFAULT.unforeseen(f"RuntimeError: cannot use {word!r}!") == f"RuntimeError: cannot use '{MADE}'!"


@pytest.mark.parametrize(
    "text",
    [
        '  File "/usr/lib/python3.11/asyncio/base_events.py", line 1936, in run_until_complete_42',
        "<Task pending name='Task-17' coro=<serve() running at /app/sidecar2/runtime_v3.py:12>>",
        "<sidecar.http.pool.Pool object at 0x7fe60f458310>",
        "OSError: [Errno 24] Too many open files",
        "2026-11-21T16:58:05.049Z 1763744285049123",
        "KeyError: 'content_length_of_2026_in_bytes'",
        "[REDACTED:password] and [REDACTED:token:k1-9f86d081884c7d65]",
    ],
)
def test_names_and_numbers_stay(text: str) -> None:
    assert DEFAULT.unforeseen(text) == text


def test_what_is_known_for_what_it_is_keeps_its_kind() -> None:
    found = Found()
    found.secrets["swordfish-of-mine"] = "password"
    shown = DEFAULT.unforeseen("ann@corp.example said swordfish-of-mine, then a1b2c3d4e5f6", found)
    assert shown == f"[REDACTED:email] said [REDACTED:password], then {MADE}"
    assert found.counts == {"email": 1, "password": 1, "secret": 1}


@given(st.text(string.printable), st.text(string.ascii_letters + string.digits, min_size=12))
def test_twice_is_once(before: str, word: str) -> None:
    once = DEFAULT.unforeseen(f"{before} {word}")
    assert DEFAULT.unforeseen(once) == once


def test_what_cannot_be_redacted_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError

    monkeypatch.setattr("sidecar.redaction.redactor.without_made", broken)
    assert DEFAULT.unforeseen("any words") == FAILED
