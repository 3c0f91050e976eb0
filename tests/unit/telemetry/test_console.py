import re
import unicodedata
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.telemetry.console import Console, _span, escaped

CALL: dict[str, Any] = {
    "ts": "1994-11-06T08:49:37.250Z", "level": "info", "event": "request", "provider": "stripe", "route": "default",
    "method": "GET", "path": "/stripe/v1/charges", "query": "limit=3", "status": 200, "outcome": "success",
    "sent": "all", "duration_ms": 12.345, "ttfb_ms": 12.0, "bytes_in": 0, "bytes_out": 5,
    "attempts": [
        {
            "n": 1, "status": 200, "ms": 11.0, "wait_ms": 0.0, "tracking_id": "req_1", "connection": "new",
            "addr": "1.2.3.4:443",
        },
    ],
    "request_id": "signup-4712", "tracking_id": "signup-4712", "trace_id": "0544", "client": "127.0.0.1",
    "user_agent": "curl/8",
}  # fmt: skip


def show(record: dict[str, Any], *, colours: bool = False) -> str:
    return Console(colours=colours)(orjson.dumps(record) + b"\n").decode()


def test_a_call_is_one_line() -> None:
    assert show(CALL) == (
        "08:49:37.250Z info    GET    stripe /stripe/v1/charges?limit=3 -> 200  12.3 ms  signup-4712\n"
    )


def test_a_call_that_failed_says_why_below() -> None:
    attempts = [
        {"n": 1, "error": "reset", "ms": 3.0, "wait_ms": 0.0, "connection": "reused", "addr": "[::1]:1"},
        {"n": 2, "status": 503, "ms": 1234.5, "wait_ms": 20.0, "connection": "new", "addr": "[::1]:1"},
    ]
    record = CALL | {
        "level": "warning", "method": "POST", "query": "", "status": 504, "outcome": "timeout", "sent": "maybe",
        "duration_ms": 61_500.0, "attempts": attempts, "error": "deadline", "detail": "no time is left\nfor more",
        "retry_reason": "503", "breaker": None, "judged": "",
        "request_headers": {"host": "x", "accept": "*/*"}, "response_body": '{\n\t"a": 1\n}\n', "redactions": {},
    }  # fmt: skip
    assert show(record).splitlines() == [
        "08:49:37.250Z warning POST   stripe /stripe/v1/charges -> 504  1 min 2 s  2 attempts  deadline  sent=maybe"
        "  signup-4712  retry_reason=503  judged=",
        r"    no time is left\nfor more",
        "    attempt 1: reset in 3.00 ms, reused connection to [::1]:1",
        "    attempt 2: 503 in 1.23 s after 20.0 ms for a connection, new connection to [::1]:1",
        "    request_headers:",
        "      host: x",
        "      accept: */*",
        "    response_body:",
        "      {",
        '          "a": 1',
        "      }",
    ]


def test_a_call_without_an_answer_or_a_provider() -> None:
    gone = CALL | {"status": None, "provider": "", "outcome": "canceled", "sent": "nothing", "attempts": []}
    assert " GET    - /stripe/v1/charges?limit=3 -> no answer  12.3 ms  0 attempts  canceled  sent=nothing " in show(
        gone
    )


def test_an_event_is_its_name_and_its_fields() -> None:
    record = {
        "ts": CALL["ts"], "level": "info", "event": "started", "pid": 7, "providers": ["a", "b"], "warnings": [],
        "listen": {"listen": "127.0.0.1:8080", "more": [1]}, "problems": ["x" * 200, {"a": 1}], "ok": True,
    }  # fmt: skip
    assert show(record).splitlines() == [
        "08:49:37.250Z info    started  pid=7  providers=a,b  ok=true",
        "    listen:",
        "      listen: 127.0.0.1:8080",
        "      more: [1]",
        "    problems:",
        f"      {'x' * 200}",
        '      {"a":1}',
    ]


def test_a_traceback_keeps_its_lines() -> None:
    record = {"ts": CALL["ts"], "level": "error", "event": "internal_error", "traceback": "Traceback:\n  File\nE: x\n"}
    assert show(record).splitlines()[1:] == ["    traceback:", "      Traceback:", "        File", "      E: x"]


@pytest.mark.parametrize(
    "line", [b"no json \x1b[2J\n", b"[]\n", b"{}\n", b'{"event":"request","level":1}\n', b"\xff\n"]
)
def test_what_is_no_record_is_shown_as_it_is(line: bytes) -> None:
    shown = Console(colours=False)(line).decode()
    assert shown == escaped(line.decode("utf-8", "replace").rstrip("\n")) + "\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("a\nb\r\tc\x00\x7f", r"a\nb\r\tc\x00\x7f"),
        ("\x9b31m\x85", r"\x9b31m\x85"),
        ("abc\u202efdp.exe\u2066", r"abc\u202efdp.exe\u2066"),
        ("\u200b\ufeff\u2028\U000e0041", r"\u200b\ufeff\u2028\U000e0041"),
        ("grün 中文 🎉 \\x1b", "grün 中文 🎉 \\x1b"),
    ],
)
def test_nothing_that_steers_a_terminal_reaches_it(text: str, shown: str) -> None:
    assert escaped(text) == shown


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(TEXTS, st.sampled_from(("", "\n1994-11-06 info forged")), st.booleans())
def test_no_field_of_a_call_or_event_can_forge_a_line(text: str, forged: str, colours: bool) -> None:
    hostile = text + "\x1b]0;x\x07\x85\u2028" + forged
    fields = {name: hostile for name, value in CALL.items() if isinstance(value, str) and name not in ("event",)}
    attempt = {name: hostile if isinstance(value, str) else value for name, value in CALL["attempts"][0].items()}
    call = CALL | fields | {"attempts": [attempt, attempt], "error": hostile, "detail": hostile, hostile: hostile}
    event = {"ts": hostile, "level": hostile, "event": hostile, "a": {hostile: hostile}, "b": [hostile, {"c": hostile}]}
    for record in (call, event):
        first, *rest = re.sub("\x1b\\[[0-9;]*m", "", show(record, colours=colours)).rstrip("\n").split("\n")
        assert all(row.startswith("    ") for row in rest)
        left = [one for one in "".join([first, *rest]) if unicodedata.category(one) in ("Cc", "Zl", "Zp")]
        assert left == []


def test_colours_follow_level_and_status() -> None:
    shown = show(CALL | {"status": 503, "outcome": "server_error", "level": "error"}, colours=True)
    assert "\x1b[1;31merror  \x1b[0m" in shown
    assert "\x1b[1;31m503\x1b[0m" in shown
    assert "\x1b[31mserver_error\x1b[0m" in shown
    assert "\x1b[1;32m200\x1b[0m" in show(CALL, colours=True)


@pytest.mark.parametrize(
    ("ms", "shown"),
    [(0.0, "0.00 ms"), (9.876, "9.88 ms"), (12.34, "12.3 ms"), (1520.0, "1.52 s"), (125_000.0, "2 min 5 s")],
)
def test_durations_as_people_read_them(ms: float, shown: str) -> None:
    assert _span(ms) == shown
