"""Header fields: by their names, by their shapes, and what of them stays."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.found import Found
from sidecar.redaction.redactor import DEFAULT, Redactor
from sidecar.redaction.rules import Action, Rules
from tests.unit.redaction.redaction_pieces import GITHUB_TOKEN, JWT, PASSWORD, REDACTORS, STRIPE_KEY

A = "[REDACTED:authorization]"


def headers(*pairs, redactor=DEFAULT):
    found = Found()
    shown = redactor.headers([(name.encode("latin-1"), value.encode()) for name, value in pairs], found)
    assert found.failures == 0
    return shown


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("Authorization", "Bearer abc", f"Bearer {A}"),
        ("authorization", "basic dTpw", f"basic {A}"),
        ("Authorization", 'Digest username="u", response="r"', f"Digest {A}"),
        ("Authorization", "AWS4-HMAC-SHA256 Credential=AKID/x, Signature=abc", f"AWS4-HMAC-SHA256 {A}"),
        ("Authorization", "secret words", A),
        ("Authorization", "abc", A),
        ("Authorization", "Bearer ", A),
        ("Authorization", "Bearer", A),
        ("Authorization", "Bearer\tabcDEF1234", A),
        ("Authorization", "Bearer   abcDEF1234  ", f"Bearer {A}"),
        ("Authorization", f"{STRIPE_KEY} x", A),
        ("Authorization", f"Bearer {A}", f"Bearer {A}"),
        ("Authorization", f"Bearer [REDACTED:a]{PASSWORD}", f"Bearer {A}"),
        ("Authorization", f"[REDACTED:a]{PASSWORD}", A),
        ("Authorization", "", ""),
        ("Proxy-Authorization", "Basic dTpw", f"Basic {A}"),
        ("Cookie", "a=b; c=d=e;f=", "a=[REDACTED:cookie]; c=[REDACTED:cookie];f="),
        ("Cookie", "naked; ;a=b", "[REDACTED:cookie]; ;a=[REDACTED:cookie]"),
        ("Cookie", 'a="x y"', "a=[REDACTED:cookie]"),
        ("Cookie", f"a=[REDACTED:cookie]{PASSWORD}", "a=[REDACTED:cookie]"),
        ("Cookie", "a=[REDACTED:cookie]", "a=[REDACTED:cookie]"),
        ("Set-Cookie", "a=b; Path=/; HttpOnly", "a=[REDACTED:cookie]; Path=/; HttpOnly"),
        ("Set-Cookie", "a=b; Expires=Wed, 21 Oct 2015 07:28:00 GMT; SameSite=Lax; Domain=x.example",
         "a=[REDACTED:cookie]; Expires=Wed, 21 Oct 2015 07:28:00 GMT; SameSite=Lax; Domain=x.example"),
        ("Set-Cookie", "a=b; Path=/, c=d; Secure", "a=[REDACTED:cookie]; Path=/, c=[REDACTED:cookie]; Secure"),
        ("Set-Cookie", "naked", "[REDACTED:cookie]"),
        ("X-Api-Key", "abc", "[REDACTED:api_key]"),
        ("X-Vendor-Token", "abc", "[REDACTED:token]"),
        ("X-Vendor-Token", "[REDACTED:token]", "[REDACTED:token]"),
        ("X-Forwarded-For", "10.0.0.1", "[REDACTED:ip]"),
        ("Forwarded", "for=192.0.2.60;proto=http", "[REDACTED:ip]"),
        ("Location", "https://u:p@h/a?token=x1#access_token=y1",
         "https://[REDACTED:userinfo]@h/a?token=[REDACTED:token]#access_token=[REDACTED:token]"),
        ("Location", "/cb?code=SplxlOBeZQQYbYS6WxSbIA&state=1", "/cb?code=[REDACTED:credential]&state=1"),
        ("Location", "/reset/token/abcDEF1234", "/reset/token/[REDACTED:token]"),
        ("Referer", "https://h/?email=jenny%40corp.example", "https://h/?email=[REDACTED:email]"),
        ("Content-Location", "/x?key=abc", "/x?key=[REDACTED:api_key]"),
        ("Refresh", "5; url=https://h/?token=abcDEF1", "5; url=https://h/?token=[REDACTED:token]"),
        ("Refresh", "5;URL='https://u:p@h/?token=abcDEF1'",
         "5;URL='https://[REDACTED:userinfo]@h/?token=[REDACTED:token]'"),
        ("Refresh", "5", "5"),
        ("Link", '<https://h/a?key=x&page=2>; rel="next", <b>; rel="last"',
         '<https://h/a?key=[REDACTED:api_key]&page=2>; rel="next", <b>; rel="last"'),
        ("Link", "<https://h/a?token=abcDEF1234", "<https://h/a?token=[REDACTED:token]"),
        ("Link", 'https://h/a?key=abcDEF1234; title="jenny@corp.example"',
         'https://h/a?key=[REDACTED:api_key]; title="[REDACTED:email]"'),
        ("Link", "<https://h/a?q=%3Cjenny@corp.example%3E>", "<https://h/a?q=%3C[REDACTED:email]%3E>"),
        ("Idempotency-Key", "abc", "abc"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
         "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        ("ETag", '"33a64df551425fcc55e4d42a148795d9f25f89d4"', '"33a64df551425fcc55e4d42a148795d9f25f89d4"'),
        ("X-Request-Id", "req_1NabcDEF12345678", "req_1NabcDEF12345678"),
        ("X-RateLimit-Remaining-Tokens", "149984", "149984"),
        ("Date", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 21 Oct 2015 07:28:00 GMT"),
        ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0",
         "Mozilla/5.0 (X11; Linux x86_64) Chrome/126.0.0.0"),
        ("X-Error", f"bad key {STRIPE_KEY}", "bad key [REDACTED:api_key]"),
        ("X-User", "jenny@corp.example", "[REDACTED:email]"),
        ("X-Debug", '{"password":"aB3$xyzw"}', '{"password":"[REDACTED:password]"}'),
        ("X-Auth", f"Bearer {JWT}", "Bearer [REDACTED:authorization]"),
        ("WWW-Authenticate", 'Bearer realm="x", error="invalid_token"', 'Bearer realm="x", error="invalid_token"'),
        ("X-Text", "é\r\n", "é\r\n"),
        ("X-Empty", "", ""), ("", "x", "x"),
        ("Value", "plain", "plain"), ("Name", "plain", "plain"), ("Data", "plain", "plain"), ("Query", "plain",
         "plain"),
    ],
)  # fmt: skip
def test_header_values(name, value, expected):
    for _ in range(2):  # what was clean once is remembered
        shown = headers((name, value))
        assert shown == {name.lower(): expected}
        assert headers(*shown.items()) == shown


def test_bytes_that_are_no_utf8_become_text():
    assert DEFAULT.headers([(b"X-Text", b"\xc3\xa9\xff"), (b"X-\xe9", b"\xfe")], Found()) == {
        "x-text": "é\ufffd", "x-é": "\ufffd",
    }  # fmt: skip


def test_repeated_headers_are_joined():
    pairs = [
        ("A", "1"), ("a", "2"), ("Set-Cookie", "a=b; Path=/"), ("set-cookie", "c=d"), ("X-E", "jenny@corp.example"),
        ("A", "3"),
        ("x-e", "ok"), ("Link", "<a>"), ("Link", "<b>"),
    ]  # fmt: skip
    for _ in range(2):
        shown = headers(*pairs)
        assert shown == {
            "a": "1, 2, 3", "set-cookie": "a=[REDACTED:cookie]; Path=/, c=[REDACTED:cookie]",
            "x-e": "[REDACTED:email], ok",
            "link": "<a>, <b>",
        }  # fmt: skip
        assert headers(*shown.items()) == shown


def test_a_value_that_only_one_name_excuses_is_searched_under_all_others():
    redactor = Redactor()
    assert headers(("X-App-Version", "203.0.113.77"), redactor=redactor) == {"x-app-version": "203.0.113.77"}
    for _ in range(2):
        shown = headers(("X-App-Version", "203.0.113.77"), ("X-Peer", "203.0.113.77"), redactor=redactor)
        assert shown == {"x-app-version": "203.0.113.77", "x-peer": "[REDACTED:ip]"}


def test_what_is_remembered_is_bounded_in_number_and_length():
    redactor = Redactor()
    for number in range(5000):
        headers((f"X-{number}", f"v{number}"), redactor=redactor)
    assert len(redactor.clean_fields) <= 4096
    assert len(redactor.header_names) <= 4096
    headers(("X-A", "x" * 257), ("X-" + "a" * 64, "y"), redactor=redactor)
    assert (b"X-A", b"x" * 257) not in redactor.clean_fields
    assert headers(("X-" + "a" * 64 + "-Token", "v"), redactor=redactor) == {
        "x-" + "a" * 64 + "-token": "[REDACTED:token]"
    }


def test_secrets_are_never_remembered():
    redactor = Redactor()
    headers(("X-Error", f"bad {GITHUB_TOKEN}"), ("Authorization", f"Bearer {PASSWORD}"), redactor=redactor)
    assert redactor.clean_fields == {}


def test_basic_credentials_teach_user_and_password():
    found = Found()
    DEFAULT.headers([(b"Authorization", b"Basic am9zZXBoMTI6VHIwdWI0ZG9yJjN4")], found)  # joseph12:Tr0ub4dor&3x
    assert found.secrets["Tr0ub4dor&3x"] == "password"
    assert found.secrets["joseph12"] == "credential"
    for broken in (b"Basic !!", b"Basic am9z", b"Basic", b"Basic \xff"):
        assert "authorization" in DEFAULT.headers([(b"Authorization", broken)], Found())


def test_names_of_the_configuration_count_for_headers_and_cookies():
    rules = Rules(
        keys={
            "X-Shop": Action.KEEP,
            "X-Ref": Action.MASK,
            "x-gone": Action.DROP,
            "theme": Action.KEEP,
            "sid": Action.HASH,
        },
        hash_key=b"0123456789abcdef",
    )
    redactor = Redactor(rules)
    shown = headers(
        ("X-Shop", "jenny@corp.example"), ("X-Ref", "1"), ("X-Gone", "x"), ("Cookie", "theme=dark; sid=abc; x=y"),
        ("X-Vendor-Token", "abc"), redactor=redactor,
    )  # fmt: skip
    hashed = shown["cookie"].split("sid=")[1].split(";")[0]
    assert shown == {
        "x-shop": "jenny@corp.example", "x-ref": "[REDACTED:x_ref]", "x-gone": "",
        "cookie": f"theme=dark; sid={hashed}; x=[REDACTED:cookie]", "x-vendor-token": "[REDACTED:token]",
    }  # fmt: skip
    assert hashed.startswith("[REDACTED:sid:")


def test_in_the_mode_of_the_allow_list_only_listed_headers_are_shown():
    redactor = Redactor(Rules(allow_list=True, keys={"content-type": Action.KEEP}))
    shown = headers(
        ("Content-Type", "text/plain"), ("X-Note", "hello"), ("Authorization", "Bearer abcDEF1234"), ("Cookie", "a=b"),
        ("Location", "/x/hello"), redactor=redactor,
    )  # fmt: skip
    assert shown == {
        "content-type": "text/plain", "x-note": "<string, 5>", "authorization": "<string, 17>", "cookie": "<string, 3>",
        "location": "<string, 8>",
    }  # fmt: skip


def test_a_name_that_is_a_value_is_replaced():
    assert headers((STRIPE_KEY, "x")) == {"[REDACTED:api_key]": "x"}


NAMES = st.sampled_from(
    ["Authorization", "Cookie", "Set-Cookie", "Location", "Link", "X-Api-Key", "X-Other", "Refresh", "Forwarded"]
)
PIECES = st.sampled_from([
    "a=b", "; ", ", ", "<", ">", "https://", "u:p@h", "/x", "?token=abcDEF1234", "Bearer ", "Basic ", PASSWORD,
    STRIPE_KEY, "é",
    "[REDACTED:token]", '"', "=", " ", "Path=/", "rel=next", "5", "url=",
])  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(NAMES, st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=40), st.sampled_from(sorted(REDACTORS)))
def test_no_header_raises_and_all_can_be_written_as_json(name, value, which):
    found = Found()
    shown = REDACTORS[which].headers([(name.encode(), value.encode("utf-8", "surrogatepass"))], found)
    assert found.failures == 0
    orjson.dumps(shown)


@settings(deadline=None)
@given(st.binary(max_size=40), st.binary(max_size=60))
def test_no_bytes_make_it_raise(name, value):
    found = Found()
    DEFAULT.headers([(name, value), (b"Cookie", value), (b"Link", value), (b"Authorization", value)], found)
    assert found.failures == 0


@pytest.mark.parametrize(
    "name", ["authorization", "cookie", "set-cookie", "x-api-key", "x-auth-token", "proxy-authorization"]
)
@settings(deadline=None)
@given(st.text("abcXYZ0189-_.~", min_size=12, max_size=30))
def test_the_value_of_a_secret_header_never_shows(name, value):
    shown = headers((name, value))[name]
    assert value not in shown
