import hashlib
import os

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction.sniff import Format, describe_binary, format_of, is_binary

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("content_type", "body", "kind"),
    [
        ("application/json", '{"a": 1}', Format.JSON),
        ("text/plain", ' \r\n{"a": 1}', Format.JSON),
        (FORM, '{"a": 1}', Format.JSON),
        ("application/octet-stream", "[1, 2]", Format.JSON),
        ("", '["a', Format.JSON),
        ("", "{", Format.JSON),
        ("", "{'a': 1}", Format.JSON),
        ("", "{a: 1}", Format.JSON),
        ("", '"a text"', Format.JSON),
        ("", ")]}',\n{}", Format.JSON),
        ("text/javascript", 'cb({"a": 1})', Format.JSON),
        ("application/vnd.api+json; charset=utf-8", "{}", Format.JSON),
        ("application/x-ndjson", '{"a": 1}', Format.NDJSON),
        ("application/json", '{"a": 1}\n{"a": 2}\n', Format.NDJSON),
        ("", "[1]\r\n\r\n[2]", Format.NDJSON),
        ("application/json-seq", '\x1e{"a": 1}\n', Format.NDJSON),
        ("application/json", '{\n  "a": [\n    {"b": 1},\n    {"b": 2}\n  ]\n}\n', Format.JSON),
        ("text/event-stream", "data: x\n\n", Format.SSE),
        ("text/plain", 'event: a\ndata: {"b": 1}\n\n', Format.SSE),
        ("", ": ping\n\ndata: x\n", Format.SSE),
        ("", "data: [DONE]\n\n", Format.SSE),
        (FORM, "anything", Format.FORM),
        ("application/json", "a=1&b%5Bc%5D=2", Format.FORM),
        ("", "a=1&b=&c", Format.FORM),
        ("", "grant_type=password", Format.FORM),
        ("multipart/form-data; boundary=x", "--x\r\n", Format.MULTIPART),
        ("multipart/form-data; boundary=x", "preamble\r\n--x\r\n", Format.MULTIPART),
        ("", "--x1\r\nContent-Disposition: form-data\r\n\r\n", Format.MULTIPART),
        ("text/xml", "<a/>", Format.XML),
        ("application/json", '<?xml version="1.0"?><a/>', Format.XML),
        ("text/html", "<!doctype html><html>", Format.XML),
        ("image/svg+xml", "<svg width='1'>", Format.XML),
        ("", "<html>", Format.XML),
        ("application/graphql", "{ a { b } }", Format.GRAPHQL),
        ("application/graphql", "{ a }", Format.GRAPHQL),
        ("", "query Q($a: Int) { b(a: $a) }", Format.GRAPHQL),
        ("", "# why\nmutation { a }", Format.GRAPHQL),
        ("", "{ user(id: 1) { name } }", Format.GRAPHQL),
        ("", "fragment F on User { id }", Format.GRAPHQL),
    ],
)
def test_the_beginning_of_a_body_tells_before_its_media_type(content_type: str, body: str, kind: Format) -> None:
    assert format_of(content_type, body.encode()) is kind
    assert kind is Format.MULTIPART or format_of(content_type, body) is kind


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "hello a=b",
        "[INFO] started",
        "[2024-01-01 10:00:00] a",
        "{a=1, b=2}",
        "<134>Jan 1",
        "<bob@x.com> hi",
        "a: b\nc: d",
        "abcd==",
        "https://a.example/b?c=1&d=2",
        "a=b; c=d",
        "query failed",
        "--\nabc",
        "---- title\ntext",
        "a,b\n1,2",
        "4242",
        "-1",
        "{{ .Values }}",
        "data",
        "id: 1\nname: 2\n",
        '"a","b"\n1,2',
        "{0} failed",
    ],
)
@pytest.mark.parametrize("content_type", ["", "text/plain", "application/json", "application/yaml", "nonsense"])
def test_what_shows_no_format_is_text(body: str, content_type: str) -> None:
    assert format_of(content_type, body.encode()) is Format.TEXT


@pytest.mark.parametrize(
    "content_type",
    [
        "image/png",
        "audio/mpeg; x=y",
        "video/mp4",
        "font/woff2",
        "application/pdf",
        "application/zip",
        "application/grpc",
        "application/grpc+json",
        "application/grpc-web-text",
        "application/x-protobuf",
        "application/vnd.x+cbor",
        "application/msgpack",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/cbor",
        "application/avro",
        "IMAGE/PNG",
    ],
)
def test_media_types_that_are_no_text_are_believed(content_type: str) -> None:
    assert format_of(content_type, b'{"a": 1}') is Format.BINARY


@pytest.mark.parametrize(
    "body",
    [
        b"%PDF-1.7\nabc",
        b"PK\x03\x04abc",
        b"GIF89a abc",
        b"\x08\x96\x01\x12\x07testing",
        b"\x82\xa1a\x01\xa1b\x02\x00\x00",
        b"\x00" * 10,
        b"\x1f\x8b\x08\x00abc",
        b"\xff\xd8\xff\xe0abc",
        bytes(range(256)),
    ],
)
@pytest.mark.parametrize(
    "content_type", ["", "application/json", "text/plain; charset=utf-8", "application/octet-stream"]
)
def test_what_is_no_text_is_binary_whatever_it_is_called(body: bytes, content_type: str) -> None:
    assert format_of(content_type, body) is Format.BINARY


@pytest.mark.parametrize(
    ("content_type", "body", "binary"),
    [
        ("", "h\u00e9llo w\u00f6rld".encode("latin-1"), False),
        ("text/plain; charset=windows-1251", "\u041f\u0440\u0438\u0432\u0435\u0442".encode("cp1251"), False),
        ("text/plain", "\u041f\u0440\u0438\u0432\u0435\u0442".encode("cp1251"), True),
        ("", "\u041f\u0440\u0438\u0432\u0435\u0442".encode(), False),
        ("", '{"a": 1}'.encode("utf-16-le"), False),
        ("", "\u65e5\u672c".encode("utf-16"), False),
        ("text/plain; charset=utf-16", "\u65e5\u672c\u0100".encode("utf-16-le"), False),
        ("", b"a coloured \x1b[31mline\x1b[0m\n", False),
        ("", b"one stray \x00 in a text of some length: " + b"x" * 60, False),
        ("", b"", False),
    ],
)
def test_texts_in_other_charsets_are_texts(content_type: str, body: bytes, binary: bool) -> None:
    assert is_binary(content_type, body) is binary


def test_random_bytes_are_binary() -> None:
    assert all(is_binary("", os.urandom(64)) for _ in range(200))


@given(st.text(min_size=1))
def test_utf_8_without_control_characters_is_text(text: str) -> None:
    text = "".join(char for char in text if char.isprintable())
    assert text.startswith(("%PDF-", "PK\x03", "GIF8", "OggS", "wOF")) or not is_binary("", text.encode())


def test_binary_bodies_are_told_by_type_length_and_hash() -> None:
    data = b"x" * 64
    told = orjson.loads(describe_binary(data, "Image/PNG; a=b", 64))
    assert told == {"binary": "image/png", "bytes": 64, "sha256": hashlib.sha256(data).hexdigest()}


def test_the_hash_of_a_short_body_is_not_told_as_it_could_be_turned_back() -> None:
    assert orjson.loads(describe_binary(b"x" * 63, "image/png", 63)) == {"binary": "image/png", "bytes": 63}


def test_of_a_body_that_was_cut_the_hash_is_not_told() -> None:
    assert orjson.loads(describe_binary(b"x" * 64, "image/png", 500)) == {
        "binary": "image/png",
        "bytes": 500,
        "kept": 64,
    }


@pytest.mark.parametrize(
    ("data", "content_type", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "", "image/png"),
        (b"\x89PNG\r\n\x1a\n", "application/octet-stream", "image/png"),
        (b"\x00\x01", "", "application/octet-stream"),
        (b"\x00\x01", "nonsense", "application/octet-stream"),
        (b"\x00\x01", "secret/abc", "application/octet-stream"),
        (b"\x00\x01", "application/json", "application/json"),
    ],
)
def test_the_type_is_told_by_the_first_bytes_where_none_is_declared(data: bytes, content_type: str, kind: str) -> None:
    assert orjson.loads(describe_binary(data, content_type, len(data)))["binary"] == kind
