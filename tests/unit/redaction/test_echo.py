"""Secrets of an exchange are taken out wherever else they occur in it."""

import html
import json
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.echo import heard
from sidecar.redaction.found import Found
from sidecar.redaction.redactor import DEFAULT
from tests.unit.redaction.redaction_pieces import PASSWORD, REDACTORS

SECRET = "qT7vLm2ZpX"
"""Nothing but its name shows that it is one."""
MASKED = "[REDACTED:token]"


def after(secret, kind="token"):
    found = Found()
    found.secrets[secret] = kind
    return found


@pytest.mark.parametrize(
    ("learn", "kind"),
    [
        (lambda found: DEFAULT.headers([(b"Authorization", f"Bearer {SECRET}".encode())], found), "authorization"),
        (lambda found: DEFAULT.headers([(b"Authorization", SECRET.encode())], found), "authorization"),
        (lambda found: DEFAULT.headers([(b"X-Vendor-Token", SECRET.encode())], found), "token"),
        (lambda found: DEFAULT.headers([(b"Cookie", f"a=b; sid={SECRET}".encode())], found), "cookie"),
        (lambda found: DEFAULT.headers([(b"Set-Cookie", f"sid={SECRET}; Path=/".encode())], found), "cookie"),
        (lambda found: DEFAULT.headers([(b"Authorization", b"Basic am9lOnFUN3ZMbTJacFg=")], found), "password"),
        (lambda found: DEFAULT.headers([(b"Authorization", b"Basic am9lOnFUN3ZMbTJacFg")], found), "password"),
        (lambda found: DEFAULT.headers([(b"Location", f"https://h/?token={SECRET}".encode())], found), "token"),
        (lambda found: DEFAULT.target(f"/x?access_token={SECRET}".encode(), found), "token"),
        (lambda found: DEFAULT.url(f"https://joe:{SECRET}@h/", found), "userinfo"),
        (lambda found: DEFAULT.url(f"https://h/cb#access_token={SECRET}", found), "token"),
        (lambda found: DEFAULT.body(orjson.dumps({"client_secret": SECRET}), found), "secret"),
        (lambda found: DEFAULT.body(f"grant=x&client_secret={SECRET}".encode(), found), "secret"),
        (lambda found: DEFAULT.body(f"<a><token>{SECRET}</token></a>".encode(), found), "token"),
        (lambda found: DEFAULT.body(orjson.dumps([["token", SECRET]]), found), "token"),
    ],
)
def test_a_secret_seen_under_its_name_is_masked_in_what_comes_later(learn, kind):
    found = Found()
    learn(found)
    assert DEFAULT.text(f"no such thing: {SECRET}!", found) == f"no such thing: [REDACTED:{kind}]!"


BODIES = [
    ("json", orjson.dumps({"message": f"bad {SECRET}."}), {"message": f"bad {MASKED}."}),
    ("json", orjson.dumps({"a": [{SECRET: 1}]}), {"a": [{MASKED: 1}]}),
    ("json", orjson.dumps([SECRET]), [MASKED]),
    ("json", f'{{"a":"bad {SECRET}","b":[1'.encode(), {"a": f"bad {MASKED}", "b": ["<truncated>"]}),
    ("json", f'"{SECRET}"'.encode(), MASKED),
]


@pytest.mark.parametrize(("kind", "body", "expected"), BODIES)
def test_in_json_values_and_names_are_looked_at(kind, body, expected):
    shown = DEFAULT.body(body, after(SECRET), f"application/{kind}")
    assert orjson.loads(shown) == expected


@pytest.mark.parametrize(
    ("body", "content_type", "expected"),
    [
        (f"a=bad+{SECRET}&b=1", "application/x-www-form-urlencoded", f"a=bad+{MASKED}&b=1"),
        (f"<a b='{SECRET}'>bad {SECRET}</a>", "application/xml", f"<a b='{MASKED}'>bad {MASKED}</a>"),
        (f"bad {SECRET}", "text/plain", f"bad {MASKED}"),
        (f'{{"a":"{SECRET}"}}\n{{"b":1}}\n', "application/x-ndjson", f'{{"a":"{MASKED}"}}\n{{"b":1}}\n'),
        (f'event: {SECRET}\ndata: {{"a":"{SECRET}"}}\n\n', "text/event-stream",
         f'event: {MASKED}\ndata: {{"a":"{MASKED}"}}\n\n'),
        (f'{{ user(id: "{SECRET}") {{ id }} }}', "application/graphql", f'{{ user(id: "{MASKED}") {{ id }} }}'),
        (f'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n{SECRET}\r\n--b--\r\n',
         "multipart/form-data; boundary=b",
         f'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n{MASKED}\r\n--b--\r\n'),
    ],
)  # fmt: skip
def test_every_format_is_looked_at(body, content_type, expected):
    assert DEFAULT.body(body.encode(), after(SECRET), content_type) == expected


def test_headers_targets_and_urls_are_looked_at():
    found = after(SECRET)
    assert DEFAULT.headers([(b"X-Error", f"bad {SECRET}".encode()), (b"X-Ok", b"ok")], found) == {
        "x-error": f"bad {MASKED}", "x-ok": "ok",
    }  # fmt: skip
    assert DEFAULT.target(f"/x/{SECRET}?q={SECRET}".encode(), found) == (f"/x/{MASKED}", f"q={MASKED}")
    assert DEFAULT.url(f"https://h/{SECRET}", found) == f"https://h/{MASKED}"


def test_a_number_that_is_a_secret_becomes_a_text():
    found = after("1234567890", "account_number")
    shown = DEFAULT.body(b'{"a":1234567890,"b":12345678901,"c":"x 1234567890"}', found)
    assert orjson.loads(shown) == {
        "a": "[REDACTED:account_number]",
        "b": 12345678901,
        "c": "x [REDACTED:account_number]",
    }


def test_lines_of_json_stay_json_where_a_number_is_a_secret():
    found = after("1234567890", "pin")
    body = b'{"a":1234567890}\n{"b":91234567890}\nplain 1234567890\n'
    assert DEFAULT.body(body, found, "application/x-ndjson") == (
        '{"a":"[REDACTED:pin]"}\n{"b":91234567890}\nplain [REDACTED:pin]\n'
    )
    events = b'data: {"a":1234567890}\n\ndata: 1234567890\n\n'
    assert DEFAULT.body(events, found, "text/event-stream") == (
        'data: {"a":"[REDACTED:pin]"}\n\ndata: "[REDACTED:pin]"\n\n'
    )


AWKWARD = 'p"w\\d/é&<7'


@pytest.mark.parametrize(
    "form",
    [
        AWKWARD,
        orjson.dumps(AWKWARD).decode()[1:-1],
        json.dumps(AWKWARD)[1:-1],
        orjson.dumps(AWKWARD).decode()[1:-1].replace("/", "\\/"),
        quote(AWKWARD, safe=""),
        quote_plus(AWKWARD),
        html.escape(AWKWARD),
    ],
)
def test_every_way_to_write_a_secret_is_known(form):
    assert DEFAULT.text(f"bad {form} given", after(AWKWARD)) == f"bad {MASKED} given"


def test_a_secret_that_json_writes_with_escapes_is_found_in_it():
    for dumps in (json.dumps, lambda value: orjson.dumps(value).decode()):
        text = dumps({"message": f"bad {AWKWARD}."})
        assert orjson.loads(DEFAULT.body(text.encode(), after(AWKWARD))) == {"message": f"bad {MASKED}."}


@pytest.mark.parametrize(
    "secret", ["short1", "1234", "a1b2c3d", "password", "bearer", "accesstoken", "api_key", "X-Auth-Token"]
)
def test_short_secrets_words_and_names_are_not_looked_for(secret):
    found = Found()
    DEFAULT.body(orjson.dumps({"token": secret, "password": secret}), found)
    DEFAULT.headers([(b"X-Api-Key", secret.encode())], found)
    assert found.secrets == {}
    assert DEFAULT.text(f"see {secret} there", found) == f"see {secret} there"


@pytest.mark.parametrize("secret", ["12345678", "a1b2c3d4", "correcthorsebattery", "Summer2024password"])
def test_longer_secrets_are_looked_for(secret):
    found = Found()
    DEFAULT.headers([(b"X-Api-Key", secret.encode())], found)
    assert found.secrets == {secret: "api_key"}


def test_personal_data_is_not_looked_for():
    found = Found()
    DEFAULT.body(b'{"email":"jenny@corp.example","first_name":"Jennifer1","phone":"+14155552671"}', found)
    assert found.secrets == {}


def test_what_was_masked_before_is_no_secret():
    found = Found()
    DEFAULT.headers(
        [(b"X-Api-Key", b"[REDACTED:api_key]"), (b"Authorization", b"Bearer [REDACTED:authorization]")], found
    )
    DEFAULT.body(b'{"password":"[REDACTED:password]"}', found)
    assert found.secrets == {}
    assert found.counts == {}


def test_echoes_are_counted_and_told_without_the_value():
    found = Found(explain=True)
    found.secrets[SECRET] = "token"
    DEFAULT.body(orjson.dumps({"a": f"{SECRET} {SECRET}"}), found)
    assert found.counts == {"token": 1}
    assert [place.rule for place in found.places] == ["echo"]
    assert SECRET not in str(found.places)


def test_an_echo_is_hashed_like_the_secret():
    redactor, found = REDACTORS["hash"], Found()
    shown = orjson.loads(redactor.body(orjson.dumps({"token": SECRET, "message": f"bad {SECRET}"}), found))
    assert shown["message"] == f"bad {shown['token']}"


def test_a_dropped_secret_leaves_a_gap():
    found = after(PASSWORD, "password")
    assert REDACTORS["drop"].text(f"bad {PASSWORD} given", found) == "bad  given"


def test_the_number_of_secrets_is_bounded_the_first_ones_stay():
    found = Found()
    DEFAULT.headers([(b"X-Api-Key", SECRET.encode())], found)
    DEFAULT.body(orjson.dumps([{"password": f"aB3$xyz{number}"} for number in range(500)]), found)
    assert len(found.secrets) == 32
    assert next(iter(found.secrets)) == SECRET


def test_nothing_is_heard_where_there_is_nothing():
    assert heard("any text", Found()) == []
    assert heard("", after(SECRET)) == []
    assert heard("any text", after(SECRET)) == []
    assert heard(SECRET, after(SECRET)) == [(SECRET, "token", (SECRET,))]


SECRETS = st.text(st.characters(exclude_categories=("Cs",)), min_size=8, max_size=20).filter(
    lambda secret: secret == secret.strip() and not secret.startswith(("[", "<")) and "REDACTED" not in secret
)


@settings(max_examples=200, deadline=None)
@given(
    SECRETS, st.sampled_from(["", "x ", "é"]), st.sampled_from([json.dumps, lambda value: orjson.dumps(value).decode()])
)
def test_no_secret_is_shown_in_json_however_it_is_written(secret, before, dumps):
    text = dumps({"a": before + secret, "b": [{"c": secret}]})
    shown = orjson.loads(DEFAULT.body(text.encode(), after(secret)))
    assert secret not in shown["a"]
    assert secret not in shown["b"][0]["c"]
