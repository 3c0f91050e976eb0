import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction.streams import document, ndjson, sse
from tests.unit.redaction.plain_scrub import plain_scrub

HIDDEN = '{"password":"[REDACTED:password]"}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        '{"a": 1}\n{"b" : 2}\n',
        '{"a": 1}\r\n\r\n[2]',
        "plain\nlines",
        '\x1e{"a": 1}\n\x1e{"b": 2}\n',
        '"a"\n1\nnull',
    ],
)
def test_lines_with_nothing_to_redact_stay_byte_for_byte(text: str) -> None:
    assert ndjson(text, plain_scrub()) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"password": "x"}\n{"a": 1}\n', HIDDEN + '\n{"a": 1}\n'),
        ('{"a": 1}\r\n {"password": "x"} \r\n', '{"a": 1}\r\n ' + HIDDEN + " \r\n"),
        ('{"a": 1}\nto bob@x.com\n"bob@x.com"', '{"a": 1}\nto [REDACTED:email]\n"[REDACTED:email]"'),
        ('{"a": 1}\n{"password": "hunt', '{"a": 1}\n' + HIDDEN),
        ("{'password': 'x'}\n{'a': 1}", HIDDEN + '\n{"a":1}'),
        ('\x1e{"password": "x"}\n\x1e{"a": 1}\n', "\x1e" + HIDDEN + '\n\x1e{"a": 1}\n'),
        ('{\n "password": "x"\n}\n{\n "a": 1\n}\n', HIDDEN + '\n{"a":1}\n'),
        ('{\n "a": 1\n} {\n "password": "hun', '{"a":1}\n' + HIDDEN),
    ],
)
def test_each_document_is_redacted_where_it_stands(text: str, expected: str) -> None:
    assert ndjson(text, plain_scrub()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}\n4242 4242 42', '{"a": 1}\n<truncated>'),
        ('{"a": 1}\n{"b": 4242', '{"a": 1}\n{"b":"<truncated>"}'),
        ('{"a": 1}\n', '{"a": 1}\n'),
    ],
)
def test_the_last_line_of_a_stream_that_was_cut_ends_before_the_cut(text: str, expected: str) -> None:
    assert ndjson(text, plain_scrub(), whole=False) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "data: [DONE]\n\n",
        'data: {"a": 1}\n\n',
        "data:a\ndata:b\n\n",
        ": ping\n\nid: 12\nevent: x\r\n\r\n",
        "other\rlines",
    ],
)
def test_events_with_nothing_to_redact_stay_byte_for_byte(text: str) -> None:
    assert sse(text, plain_scrub()) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('id: 1\ndata: {"password": "x"}\n\ndata: [DONE]\n\n', f"id: 1\ndata: {HIDDEN}\n\ndata: [DONE]\n\n"),
        ('data:{"password": "x"}', f"data:{HIDDEN}"),
        ('data: {\r\ndata: "password": "x"}\r\n\r\n', f"data: {HIDDEN}\r\n\r\n"),
        ("data: to\ndata: bob@x.com\n\n", "data: to\ndata: [REDACTED:email]\n\n"),
        (
            ": bob@x.com\nevent: bob@x.com\nbob@x.com\n",
            ": [REDACTED:email]\nevent: [REDACTED:email]\n[REDACTED:email]\n",
        ),
        ('data: {"password": "hunt', f"data: {HIDDEN}"),
    ],
)
def test_each_event_is_redacted_where_it_stands(text: str, expected: str) -> None:
    assert sse(text, plain_scrub()) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("data: a\n\ndata: 4242 4242 42", "data: a\n\ndata: <truncated>"),
        ('data: {"b": 4242', 'data: {"b":"<truncated>"}'),
        ("id: 4242 42", "id: <truncated>"),
        ("data: a\n\n", "data: a\n\n"),
    ],
)
def test_the_last_event_of_a_stream_that_was_cut_ends_before_the_cut(text: str, expected: str) -> None:
    assert sse(text, plain_scrub(), whole=False) == expected


def test_documents_beyond_the_limit_are_cut() -> None:
    assert ndjson('{"password": 1}\n' * 2000, plain_scrub()) == (HIDDEN + "\n") * 1024 + "<truncated>"
    assert sse("data: a\n\n" * 2000, plain_scrub()) == "data: a\n\n" * 1024 + "<truncated>"


def test_nesting_too_deep_to_be_written_is_cut() -> None:
    assert "<truncated>" in document("[" * 900 + "]" * 900, plain_scrub())


PARTS = st.sampled_from(
    [
        '{"a": 1}',
        '{"password": "x"}',
        "{",
        "}",
        "[",
        "\n",
        "\r\n",
        "\n\n",
        "data: ",
        "data:",
        "id: ",
        ":",
        "\x1e",
        "bob@x.com ",
        " ",
        "x",
        "'a'",
    ]
)


@given(st.lists(PARTS, max_size=16).map("".join), st.booleans())
def test_redacting_twice_changes_nothing(text: str, whole: bool) -> None:
    for redact in (ndjson, sse):
        once = redact(text, plain_scrub(), whole=whole)
        assert redact(once, plain_scrub()) == once
        assert "bob" not in once


@given(st.lists(st.dictionaries(st.text(max_size=4), st.integers(-9, 9) | st.text(max_size=9), max_size=3), max_size=5))
def test_lines_of_json_stay_lines_of_json(documents: list[dict[str, object]]) -> None:
    lines = ndjson("\n".join(orjson.dumps(item).decode() for item in documents), plain_scrub()).split("\n")
    assert len([orjson.loads(line) for line in lines if line]) == len(documents)
