"""Bodies: by what they are, whatever they say they are."""

import gzip
import json
import zlib

import orjson
import pytest

from sidecar.redaction.found import Found
from sidecar.redaction.redactor import DEFAULT
from tests.unit.redaction.redaction_pieces import PASSWORD, REDACTORS, STRIPE_KEY

MASKED = "[REDACTED:password]"
EMAIL = "[REDACTED:email]"


def body(data, content_type="", coding="", redactor=DEFAULT, *, whole=True):
    found = Found()
    shown = redactor.body(
        data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"),
        found,
        content_type,
        coding,
        whole=whole,
    )
    assert found.failures == 0
    return shown


@pytest.mark.parametrize(
    ("data", "content_type", "expected"),
    [
        ('{"password":"aB3$xyzw"}', "", f'{{"password":"{MASKED}"}}'),
        ('{"password":"aB3$xyzw"}', "text/plain", f'{{"password":"{MASKED}"}}'),
        ('{"password":"aB3$xyzw"}', "application/x-www-form-urlencoded", f'{{"password":"{MASKED}"}}'),
        (' \n{"password":"aB3$xyzw"}', "application/json", f'{{"password":"{MASKED}"}}'),
        ('\ufeff{"password":"aB3$xyzw"}', "application/json", f'{{"password":"{MASKED}"}}'),
        (")]}',\n" + '{"password":"aB3$xyzw"}', "application/json", f'{{"password":"{MASKED}"}}'),
        ("{'password': 'aB3$xyzw', 'n': None}", "", f'{{"password":"{MASKED}","n":null}}'),
        ('{"a":1}\n{"password":"aB3$xyzw"}\n', "", f'{{"a":1}}\n{{"password":"{MASKED}"}}\n'),
        ('data: {"password":"aB3$xyzw"}\n\n', "text/event-stream", f'data: {{"password":"{MASKED}"}}\n\n'),
        ("password=aB3$xyzw&a=1", "", f"password={MASKED}&a=1"),
        ("password=aB3$xyzw", "application/x-www-form-urlencoded", f"password={MASKED}"),
        ("<a><password>aB3$xyzw</password></a>", "", f"<a><password>{MASKED}</password></a>"),
        ('mutation { login(password: "aB3$xyzw") }', "application/graphql",
         f'mutation {{ login(password: "{MASKED}") }}'),
        ('{"query":"{ u(password: \\"aB3$xyzw\\") }","variables":{"email":"jenny@corp.example"}}', "application/json",
         f'{{"query":"{{ u(password: \\"{MASKED}\\") }}","variables":{{"email":"{EMAIL}"}}}}'),
        ('--b\r\nContent-Disposition: form-data; name="password"\r\n\r\naB3$xyzw\r\n--b--',
         "multipart/form-data; boundary=b",
         f'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{MASKED}\r\n--b--'),
        ("mail jenny@corp.example now", "text/plain", f"mail {EMAIL} now"),
        ('"jenny@corp.example"', "application/json", f'"{EMAIL}"'),
        ("4242424242424242", "application/json", '"[REDACTED:card_number]"'),
        (" 4242424242424242\n", "application/json; charset=utf-8", '" [REDACTED:card_number]\\n"'),
        ("4242424242424242", "text/plain", "[REDACTED:card_number]"),
        ("12", "application/json", "12"), ("-1.5e3", "application/json", "-1.5e3"), ("true", "application/json",
         "true"),
        ("null", "application/json", "null"), ("nonsense jenny@corp.example", "application/json", f"nonsense {EMAIL}"),
        ("", "application/json", ""), (" \n", "", " \n"), ("{}", "", "{}"), ("[]", "", "[]"), ('""',
         "application/json", '""'),
        ('{"a":"\\ud800 jenny@corp.example"}', "application/json", f'{{"a":"\ufffd {EMAIL}"}}'),
        ('{"a":"\\u0000jenny@corp.example"}', "application/json", f'{{"a":"\\u0000{EMAIL}"}}'),
        ('{"a":"jenny\\u0040corp.example","b":"\\/x"}', "application/json", f'{{"a":"{EMAIL}","b":"/x"}}'),
        ('{"pass\\u0077ord":"aB3$xyzw"}', "application/json", f'{{"password":"{MASKED}"}}'),
        ('{"a":"\\u00e9","b":"\\/x"}', "application/json", '{"a":"\\u00e9","b":"\\/x"}'),
    ],
)  # fmt: skip
def test_every_format_is_taken_apart_by_what_it_is(data, content_type, expected):
    assert body(data, content_type) == expected
    assert body(expected, content_type) == expected


def test_bytes_that_are_no_utf8_are_replaced():
    assert (
        body(b'{"a":"\xff jenny@corp.example","password":"aB3$xyzw"}')
        == f'{{"a":"\ufffd {EMAIL}","password":"{MASKED}"}}'
    )
    assert body(b"\xff jenny@corp.example", "text/plain") == f"\ufffd {EMAIL}"
    assert body("naïve jenny@corp.example".encode("latin-1"), "text/plain; charset=iso-8859-1") == f"naïve {EMAIL}"
    assert body('{"password":"aB3$xyzw"}'.encode("utf-16"), "application/json") == f'{{"password":"{MASKED}"}}'


@pytest.mark.parametrize(
    ("coding", "pack"),
    [
        ("gzip", gzip.compress), ("x-gzip", gzip.compress), ("deflate", zlib.compress), ("", gzip.compress),
        ("identity", bytes), ("gzip, gzip", lambda data: gzip.compress(gzip.compress(data))), ("unknown", bytes),
    ],
)  # fmt: skip
def test_compressed_bodies_are_unpacked(coding, pack):
    assert body(pack(b'{"password":"aB3$xyzw"}'), "application/json", coding) == f'{{"password":"{MASKED}"}}'


def test_a_compressed_body_that_broke_off_is_read_as_far_as_it_goes():
    document = orjson.dumps({"password": PASSWORD, "items": [f"item {number}" for number in range(2000)]})
    shown = body(gzip.compress(document)[:600], "application/json", "gzip", whole=False)
    assert orjson.loads(shown)["password"] == MASKED
    assert PASSWORD not in shown


def test_a_compressed_body_is_read_up_to_one_mebibyte():
    shown = body(gzip.compress(b'{"a":["' + b"x" * (3 << 20) + b'"]}'), "application/json", "gzip")
    assert len(shown) < (1 << 20) + 100


@pytest.mark.parametrize("cut", range(0, 62, 3))
def test_a_json_body_that_was_cut_anywhere_stays_json_and_shows_no_half_values(cut):
    text = f'{{"a":1,"card":"4242 4242 4242 4242","key":"{STRIPE_KEY}"}}'[: 20 + cut]
    shown = body(text, "application/json", whole=False)
    assert isinstance(orjson.loads(shown), dict)
    assert "4242" not in shown
    assert "live" not in shown


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/x-ndjson", "text/event-stream"]
)
def test_what_was_cut_ends_before_the_value_that_was_cut(content_type):
    shown = body("note=a&n=4242424242", content_type, whole=False)
    assert "4242" not in shown
    assert shown.endswith("<truncated>")


def test_binary_bodies_are_told_by_type_length_and_hash():
    png = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
    shown = json.loads(body(png, "image/png"))
    assert (shown["binary"], shown["bytes"], len(shown["sha256"])) == ("image/png", 264, 64)
    assert json.loads(body(bytes(range(256)) * 4))["binary"] == "application/octet-stream"
    assert json.loads(body(b"PIN 1234 \0\1\2\3", "application/octet-stream")) == {
        "binary": "application/octet-stream",
        "bytes": 13,
    }


@pytest.mark.parametrize(
    ("data", "content_type", "expected"),
    [
        ("12", "application/json", '"<number>"'), ("true", "application/json", "true"), ("null", "application/json",
         "null"),
        ('"hello"', "application/json", '"<string, 5>"'), ("hello", "text/plain", "<string, 5>"),
        ("id=1&a=hello&bare", "application/x-www-form-urlencoded", "id=1&a=<string,+5>&<string,+4>"),
        ("<r><id>x1</id><a b='hello'>hi</a></r>", "application/xml",
         "<r><id>x1</id><a b='&lt;string, 5&gt;'>&lt;string, 2&gt;</a></r>"),
        ('{"id":1,"a":"hello"}\nhello\n', "application/x-ndjson", '{"id":1,"a":"<string, 5>"}\n<string, 5>\n'),
        ('event: hello\ndata: {"id":1,"a":"hello"}\nother: hello\n\n', "text/event-stream",
         'event: <string, 5>\ndata: {"id":1,"a":"<string, 5>"}\n<string, 12>\n\n'),
        ('{"id":1,"a":"hel', "application/json", '{"id":1,"a":"<truncated>"}'),
        ('query { user(id: "x1", name: "hello") { id } }', "application/graphql",
         'query { user(id: "x1", name: "<string, 5>") { id } }'),
    ],
)  # fmt: skip
def test_of_every_format_the_allow_list_shows_only_what_it_names(data, content_type, expected):
    shown = body(data, content_type, redactor=REDACTORS["allow"])
    assert shown == expected
    assert body(shown, content_type, redactor=REDACTORS["allow"]) == shown


def test_dropped_values_go_with_their_names_in_every_format():
    drop = REDACTORS["drop"]
    assert body('{"password":"aB3$xyzw","a":1}', redactor=drop) == '{"a":1}'
    assert body("password=aB3$xyzw&a=1", redactor=drop) == "a=1"
    assert body("<r><password>aB3$xyzw</password><a>1</a></r>", redactor=drop) == "<r><a>1</a></r>"


def test_clean_json_stays_byte_for_byte():
    text = '{ "a" : [1, 2.50, 1e3, "x y"],\n "b": {"c": "\u00e9", "d": null}, "e": 123456789012345678901234567890 }'
    assert body(text, "application/json") == text


def test_integers_of_more_than_64_bits_survive_where_something_else_is_masked():
    shown = orjson.loads(body('{"n":12345678901234567890,"password":"aB3$xyzw"}'))
    assert shown == {"n": 12345678901234567890, "password": MASKED}
