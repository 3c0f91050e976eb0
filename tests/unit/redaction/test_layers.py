"""Encodings inside a text: percent-encoding, JSON in Base64, JSON in strings."""

from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.layers import decoded, loaded, percent_tokens
from sidecar.redaction.redactor import DEFAULT
from tests.unit.redaction.redaction_pieces import PASSWORD

MASKED = "[REDACTED:password]"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"), ("a%20b", "a b"), ("a%2520b", "a b"), ("a%252520b", "a b"), ("a%25252520b", "a%20b"),
        ("100%", "100%"), ("%zz", "%zz"), ("a+b", "a+b"), ("%C3%A9", "é"), ("%ff", "\ufffd"),
    ],
)  # fmt: skip
def test_percent_encoding_is_undone_three_times_at_most(text, expected):
    assert decoded(text) == expected


@settings(deadline=None)
@given(st.text(max_size=30))
def test_what_was_encoded_once_twice_or_thrice_is_decoded(text):
    for rounds in range(1, 4):
        coded = text
        for _ in range(rounds):
            coded = quote(coded, safe="")
        once_more = decoded(coded)
        assert once_more in (text, decoded(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x jenny%40corp y", "x <jenny@corp> y"), ("a=%41b&c=%41d", "a=<Ab>&c=<Ad>"), ("no percent", "no percent"),
        ("100% sure", "100% sure"), ("<%41>", "<<A>>"), ("%41", "<A>"), ('"%41"', '"<A>"'),
    ],
)  # fmt: skip
def test_only_encoded_words_are_decoded(text, expected):
    assert percent_tokens(text, lambda part: f"<{part}>") == expected


def test_encoded_words_without_anything_to_redact_stay_as_they_were():
    assert percent_tokens("%41 %20 b%2Fc", lambda part: part) == "%41 %20 b%2Fc"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail jenny%40corp.example now", "mail [REDACTED:email] now"),
        ("mail jenny%2540corp.example now", "mail [REDACTED:email] now"),
        ("n %34242%204242%204242%204242", "n [REDACTED:card_number]"),
        ("100%20percent%20clean", "100%20percent%20clean"),
        ("token%3DabcDEF1234", "token=[REDACTED:token]"),
    ],
)
def test_values_in_encoded_words_are_found(text, expected):
    assert DEFAULT.text(text) == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a":1}', {"a": 1}),
        (" [1] ", [1]),
        ('"x"', None),
        ("1", None),
        ("{", None),
        ("", None),
        ('{"a":"\ud800"}', None),
    ],
)
def test_only_whole_objects_and_arrays_are_documents(text, value):
    assert loaded(text) == value


def document(**extra):
    return {"user": "jenny", "password": PASSWORD, **extra}


@pytest.mark.parametrize("coder", [b64encode, urlsafe_b64encode])
@pytest.mark.parametrize("extra", ["", "?", "??", "???", "ÿÿÿ>>>???"])
@pytest.mark.parametrize("padded", [True, False])
def test_json_in_base64_is_redacted_and_encoded_again(coder, extra, padded):
    coded = coder(orjson.dumps(document(x=extra))).decode()
    if not padded:
        coded = coded.rstrip("=")
    shown = DEFAULT.text(f"payload {coded} end")
    word = shown.removeprefix("payload ").removesuffix(" end")
    alphabet = b"-_" if coder is urlsafe_b64encode else None
    from base64 import b64decode  # noqa: PLC0415 - beside its use

    assert orjson.loads(b64decode(word + "=" * (-len(word) % 4), altchars=alphabet)) == {
        "user": "jenny", "password": MASKED, "x": extra,
    }  # fmt: skip
    assert DEFAULT.text(shown) == shown


@pytest.mark.parametrize(
    "text", ['{"a":[1,2,3],"b":"hello world, hello"}', '[{"a":"hello hello hello"}]', '["one","two","three","four"]']
)
def test_base64_without_secrets_stays_as_it_was(text):
    coded = b64encode(text.encode()).decode()
    assert DEFAULT.text(f"x {coded} y") == f"x {coded} y"


def test_what_only_begins_like_base64_json_stays():
    assert DEFAULT.text("eyJub3QganNvbiBhdCBhbGwsIGp1c3QgdGV4dA") == "eyJub3QganNvbiBhdCBhbGwsIGp1c3QgdGV4dA"


def nested(levels):
    value = document()
    for _ in range(levels):
        value = {"inner": orjson.dumps(value).decode()}
    return value


@pytest.mark.parametrize("levels", [1, 2, 3])
def test_json_in_strings_in_json_is_looked_into(levels):
    value = orjson.loads(DEFAULT.text(orjson.dumps(nested(levels)).decode()))
    for _ in range(levels):
        value = orjson.loads(value["inner"])
    assert value == {"user": "jenny", "password": MASKED}


def test_json_in_a_string_stays_as_it_was_written_if_it_is_clean():
    text = '{ "a" : 1 }'
    assert DEFAULT.text(text) == text


def test_json_in_a_string_may_stand_behind_white_space():
    assert orjson.loads(DEFAULT.text(' \n{"password":"' + PASSWORD + '"}')) == {"password": MASKED}
