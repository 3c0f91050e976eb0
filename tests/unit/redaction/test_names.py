import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction import names
from sidecar.redaction.names import mask_headers, mask_path, mask_text, mask_url

CLEAN = [
    b"/", b"/v1/charges", b"/v1/charges/ch_3NabcDEF12345678", b"/v1/orders/12345678/comments", b"/token/refresh",
    b"/password/forgotten", b"/oauth/token", b"/v1/token/abc123",
    b"/services/data/v59.0/sobjects/Account/0015e00000abcAAA",
    b"/webhooks/123456789/deliveries", b"/secrets/database-1", b"/sk-telecom-announces-new-network",
    b"/key-findings-2024-report", b"/keyboards/1", b"/serving/abcdefg1", b"/bots/12345678", b"/botany/plants1",
    b"/v1/tokens/tok_1NabcDEF123", b"/a/../b//c/%2F%20d", b"/token/%72efresh", b"/caf%C3%A9",
]  # fmt: skip


@pytest.mark.parametrize("path", CLEAN)
def test_clean_paths_stay_as_they_are(path: bytes) -> None:
    assert mask_path(path) == (path.decode(), "")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/bot123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/sendMessage", "/bot123456:[REDACTED:token]/sendMessage"),
        ("/file/bot123456:AAHdqTcvCH1v/a.jpg", "/file/bot123456:[REDACTED:token]/a.jpg"),
        ("/bot123456%3AAAHdqTcvCH1v/getMe", "/bot123456%3A[REDACTED:token]/getMe"),
        ("/services/T00000000/B00000000/XXXXXXXXXXXX", "/services/T00000000/B00000000/[REDACTED:webhook]"),
        ("/workflows/T0/A0/123/secretsecret", "/workflows/T0/A0/[REDACTED:webhook]"),
        ("/triggers/T0/123/abc", "/triggers/T0/123/[REDACTED:webhook]"),
        (
            f"/api/webhooks/123456789012345678/{'aB3_-' * 13}/slack",
            "/api/webhooks/123456789012345678/[REDACTED:webhook]/slack",
        ),
        ("/webhookb2/a-b@c-d/IncomingWebhook/0123abcd/e-f", "/webhookb2/a-b@c-d/IncomingWebhook/[REDACTED:webhook]"),
        ("/token/abcdefg1", "/token/[REDACTED:token]"),
        ("/token/keyABC123", "/token/[REDACTED:token]"),
        ("/token/abcdEFGH/x", "/token/[REDACTED:token]/x"),
        ("/token/%61bcdefg1", "/token/[REDACTED:token]"),
        ("/%74oken/abcdefg1", "/%74oken/[REDACTED:token]"),
        ("/apikey/12345678", "/apikey/[REDACTED:api_key]"),
        ("/reset-password/abc123def", "/reset-password/[REDACTED:password]"),
        ("/v1/keys/sk_live_4eC39HqLyjWDarjtT1zdp7dc", "/v1/keys/[REDACTED:api_key]"),
        ("/rk_test_4eC39HqLyjWDarjt/x", "/[REDACTED:api_key]/x"),
        ("/AKIAIOSFODNN7EXAMPLE", "/[REDACTED:api_key]"),
        ("/AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", "/[REDACTED:api_key]"),
        ("/key-3ax6xnjp29jd6fds4gc373sgvjxteol0", "/[REDACTED:api_key]"),
        ("/sk-proj-abcdefghij0123456789", "/[REDACTED:api_key]"),
        ("/SG.ngeVfQFYQlKU0ufo8x5d1A.TwL2iGABf9DHoTf", "/[REDACTED:api_key]"),
        ("/ghp_16C7e42F292c6912E7710c838347Ae178B4a", "/[REDACTED:token]"),
        ("/gho_16C7e42F292c6912E7710c838347Ae178B4a", "/[REDACTED:token]"),
        ("/github_pat_11ABCDEFG0123456789_abcdef", "/[REDACTED:token]"),
        ("/glpat-ABCDEFGHIJKLMNOPQRST", "/[REDACTED:token]"),
        ("/xoxb-123456789012-abcdefghij", "/[REDACTED:token]"),
        ("/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_", "/[REDACTED:token]"),
        ("/%65yJhbGciOiJIUzI1NiJ9", "/[REDACTED:token]"),
    ],
)
def test_secrets_in_paths(path: str, expected: str) -> None:
    assert mask_path(path.encode()) == (expected, "")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("limit=10&expand=customer", "limit=10&expand=customer"),
        ("limit=10&api_key=abc&x=1", "limit=10&api_key=[REDACTED:api_key]&x=1"),
        ("key=abc", "key=[REDACTED:api_key]"),
        ("appid=abc&sig=x%3D", "appid=[REDACTED:api_key]&sig=[REDACTED:signature]"),
        ("X-Amz-Signature=a&X-Amz-Credential=b%2Fc&X-Amz-Date=d",
         "X-Amz-Signature=[REDACTED:signature]&X-Amz-Credential=[REDACTED:credential]&X-Amz-Date=d"),
        ("api%5Fkey=abc", "api%5Fkey=[REDACTED:api_key]"),
        ("user[password]=a&user%5Bpassword%5D=b",
         "user[password]=[REDACTED:password]&user%5Bpassword%5D=[REDACTED:password]"),
        ("token=", "token="),
        ("token", "token"),
        ("token=a=b", "token=[REDACTED:token]"),
        ("a=1;token=b;c=2", "a=1;token=[REDACTED:token];c=2"),
        ("a=1&token=b;c=2", "a=1&token=[REDACTED:token];c=2"),
        ("max_tokens=5&next_page_token=abc", "max_tokens=5&next_page_token=abc"),
        ("q=sk_live_4eC39HqLyjWDarjt", "q=[REDACTED:api_key]"),
        ("q=%73k_live_4eC39HqLyjWDarjt", "q=[REDACTED:api_key]"),
        ("sk_live_4eC39HqLyjWDarjt", "[REDACTED:api_key]"),
        ("q=keyboards", "q=keyboards"),
        ("q=a%20b&at=10:30", "q=a%20b&at=10:30"),
        ("next=https://u:p@h/x", "next=[REDACTED:url]"),
        ("next=https%3A%2F%2Fh%2F%3Ftoken%3Dx", "next=[REDACTED:url]"),
        ("next=https%3A%2F%2Fh%2Fx", "next=https%3A%2F%2Fh%2Fx"),
        ("&&a", "&&a"),
    ],
)  # fmt: skip
def test_queries(query: str, expected: str) -> None:
    for _ in range(2):
        assert mask_path(b"/x?" + query.encode()) == ("/x", expected)


def test_an_empty_query_is_empty() -> None:
    assert mask_path(b"/x?") == ("/x", "")
    assert mask_path(b"") == ("", "")
    assert mask_path(b"*") == ("*", "")


def test_bytes_that_are_no_utf8_become_text() -> None:
    assert mask_path(b"/\xff?a=\xfe") == ("/\ufffd", "a=\ufffd")


def test_an_absolute_target_loses_its_userinfo() -> None:
    assert mask_path(b"http://u:p@h:80/a?token=b") == ("http://[REDACTED:userinfo]@h:80/a", "token=[REDACTED:token]")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h/a?b=c#d", "https://h/a?b=c#d"),
        ("https://user:pass@h/a", "https://[REDACTED:userinfo]@h/a"),
        ("https://ghp_token@h/a", "https://[REDACTED:userinfo]@h/a"),
        ("https://a@b@h/a", "https://[REDACTED:userinfo]@h/a"),
        ("https://@h/a", "https://@h/a"),
        ("//u:p@h/a", "//[REDACTED:userinfo]@h/a"),
        ("/cb?x=1#access_token=abc&state=1", "/cb?x=1#access_token=[REDACTED:token]&state=1"),
        ("token/abcdefg1", "token/[REDACTED:token]"),
        ("?token=x", "?token=[REDACTED:token]"),
        ("", ""),
    ],
)
def test_urls(url: str, expected: str) -> None:
    assert mask_url(url) == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        (b"Authorization", b"Bearer abc", "Bearer [REDACTED:authorization]"),
        (b"authorization", b"basic dTpw", "basic [REDACTED:authorization]"),
        (b"Authorization", b'Digest username="u", response="r"', "Digest [REDACTED:authorization]"),
        (b"Authorization", b"secret words", "[REDACTED:authorization]"),
        (b"Authorization", b"abc", "[REDACTED:authorization]"),
        (b"Authorization", b"Bearer ", "[REDACTED:authorization]"),
        (b"Authorization", b"", ""),
        (b"Proxy-Authorization", b"Basic dTpw", "Basic [REDACTED:authorization]"),
        (b"Cookie", b"a=b; c=d=e;f=", "a=[REDACTED:cookie]; c=[REDACTED:cookie];f="),
        (b"Cookie", b"naked; ;a=b", "[REDACTED:cookie]; ;a=[REDACTED:cookie]"),
        (b"Set-Cookie", b"a=b; Path=/; HttpOnly", "a=[REDACTED:cookie]; Path=/; HttpOnly"),
        (b"X-Api-Key", b"abc", "[REDACTED:api_key]"),
        (b"X-Vendor-Token", b"abc", "[REDACTED:token]"),
        (b"X-Forwarded-For", b"10.0.0.1", "[REDACTED:ip]"),
        (b"Location", b"https://u:p@h/a?token=x", "https://[REDACTED:userinfo]@h/a?token=[REDACTED:token]"),
        (b"Link", b'<https://h/a?key=x&page=2>; rel="next", <b>; rel="last"',
         '<https://h/a?key=[REDACTED:api_key]&page=2>; rel="next", <b>; rel="last"'),
        (b"Idempotency-Key", b"abc", "abc"),
        (b"traceparent", b"00-1-2-01", "00-1-2-01"),
        (b"X-Text", b"\xc3\xa9\xff\r\n", "\u00e9\ufffd\r\n"),
    ],
)  # fmt: skip
def test_header_values(name: bytes, value: bytes, expected: str) -> None:
    for _ in range(2):
        assert mask_headers([(name, value)]) == {name.decode().lower(): expected}


def test_repeated_headers_are_joined() -> None:
    assert mask_headers([(b"A", b"1"), (b"a", b"2"), (b"Set-Cookie", b"a=b"), (b"set-cookie", b"c=d")]) == {
        "a": "1, 2",
        "set-cookie": "a=[REDACTED:cookie], c=[REDACTED:cookie]",
    }


def test_the_header_cache_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_header_kinds", {})
    mask_headers([(b"X-%d" % number, b"") for number in range(5000)])
    assert len(names._header_kinds) == 4096
    assert mask_headers([(b"X-" + b"a" * 64 + b"-Token", b"v")]) == {"x-" + "a" * 64 + "-token": "[REDACTED:token]"}


@pytest.mark.parametrize(
    "text",
    [
        "", "connection to api.x.com:443 refused: [Errno 111]", "Basic authentication failed", "Bearer token expired",
        "basic: short", "token: null", "password=", "secret: ''", "max_tokens=5", "expected 200, got 503",
        "https://h/a?b=c", "has_password: true, password: false", "monkey: eats", "keywords: a, b",
    ],
)  # fmt: skip
def test_clean_texts(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sent Bearer abcdefgh1 to h", "sent Bearer [REDACTED:authorization] to h"),
        ("sent bearer abcdefghijklmnopq", "sent bearer [REDACTED:authorization]"),
        ("Basic QWxhZGRpbjpv!", "Basic [REDACTED:authorization]!"),
        ("at https://u:p@h/a failed", "at https://[REDACTED:userinfo]@h/a failed"),
        ("GET https://h/a?token=x: 503", "GET https://h/a?token=[REDACTED:token] 503"),
        ("postgres://u:p@h/db", "postgres://[REDACTED:userinfo]@h/db"),
        ("1http://u:p@h", "1http://[REDACTED:userinfo]@h"),
        ("error: token=abc def", "error: token=[REDACTED:token] def"),
        ("1token=abc", "1token=[REDACTED:token]"),
        ("password: hunter2", "password: [REDACTED:password]"),
        ("password = 'two words', x", "password = [REDACTED:password], x"),
        ('{"password": "two words", "x": 1}', '{"password": [REDACTED:password], "x": 1}'),
        ('{\\"password\\":\\"hunter2\\"}', '{\\"password\\":\\[REDACTED:password]}'),
        ('password="cut off', "password=[REDACTED:password]"),
        ("password='cut off", "password=[REDACTED:password]"),
        ("user[password]=x&a=b", "user[password]=[REDACTED:password]&a=b"),
        ("token=/ =/", "token=[REDACTED:token] =/"),
        ("token=password=x", "token=[REDACTED:token]"),
        ("Authorization: Digest a=b, c=d\nnext", "Authorization: Digest [REDACTED:authorization]\nnext"),
        ("authorization=abc def", "authorization=[REDACTED:authorization]"),
        ("Cookie: a=b; c=d", "Cookie: [REDACTED:cookie]"),
        ("No such key: sk_live_4eC39HqLyjWDarjt", "No such key: [REDACTED:api_key]"),
        ("a" * 70 + "_token=x", "a" * 70 + "_token=[REDACTED:token]"),
        ("GET /bot1:x/y failed", "GET /bot1:[REDACTED:token]/y failed"),
        ("GET /a?key=abc&sig=d failed, key=e", "GET /a?key=[REDACTED:api_key]&sig=[REDACTED:signature] failed, key=e"),
        ("key: sk-ant-api03-abcdefghijklmnop", "key: [REDACTED:api_key]"),
        ("https://api.telegram.org/bot1:AAabcdefgh/x", "https://api.telegram.org/bot1:[REDACTED:token]/x"),
        ("\udcff token=x", "\\udcff token=[REDACTED:token]"),
        ("caf\u00e9 token=x", "caf\u00e9 token=[REDACTED:token]"),
    ],
)  # fmt: skip
def test_texts(text: str, expected: str) -> None:
    assert mask_text(text) == expected


SECRETS = ["sk_live_4eC39HqLyjWDarjt", "Hunter2Hunter2", "AAHdqTcvCH1vGWJx"]
PARTS = st.sampled_from([
    "/", "//", "?", "&", ";", "=", ":", "#", "@", "%", "%3A", "%2F", "https://", "http", "token",
    "password", "api_key", "key",
    "Bearer ", "Basic ", "Authorization: ", "Cookie: ", "bot123:", "services/T0/B0/", "webhooks/",
    "page", "a", "1", " ", "\n",
    '"', "'", "\\", "[", "]", ",", "[REDACTED:token]", "\u00e9", "\udc80", "eyJabcdefghij", *SECRETS,
])  # fmt: skip
TEXTS = st.lists(PARTS, max_size=14).map("".join)


def encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@settings(max_examples=500)
@given(TEXTS | st.text())
def test_paths_are_idempotent_and_valid_json(text: str) -> None:
    path, query = mask_path(text.encode("utf-8", "surrogatepass"))
    again = mask_path(encoded(f"{path}?{query}"))
    assert again == (path, query)
    orjson.dumps([path, query])


@settings(max_examples=500)
@given(TEXTS | st.text())
def test_texts_are_idempotent_and_valid_json(text: str) -> None:
    once = mask_text(text)
    assert mask_text(once) == once
    orjson.dumps(once)


@given(
    st.sampled_from(["Authorization", "Cookie", "Set-Cookie", "Location", "Link", "X-Api-Key", "X-Other"]),
    TEXTS | st.text(),
)
def test_headers_are_idempotent_and_valid_json(name: str, text: str) -> None:
    once = mask_headers([(name.encode(), text.encode("utf-8", "surrogatepass"))])
    assert mask_headers([(name.encode(), encoded(value)) for value in once.values()]) == once
    orjson.dumps(once)


@given(st.binary(max_size=60))
def test_no_bytes_make_it_raise(data: bytes) -> None:
    mask_path(data)
    mask_path(b"/a?" + data)
    mask_headers([(data, data), (b"Cookie", data), (b"Link", data)])


@given(st.text("abcXYZ0189-_", min_size=1, max_size=30))
def test_the_value_of_a_secret_query_key_never_shows(value: str) -> None:
    assert mask_path(f"/x?a=1&access_token={value}".encode())[1] == "a=1&access_token=[REDACTED:token]"


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000, "a=" * 100_000, "a://" * 50_000, "token" * 40_000, "/token/" * 30_000, "eyJ" * 60_000,
        "<" * 100_000, "%25" * 60_000, "/bot1:" * 40_000, "token:" * 40_000, "/services/T/B/" * 20_000, "sk-" * 60_000,
    ],
)  # fmt: skip
def test_hostile_texts_end(text: str) -> None:
    # A quadratic scan of these would take minutes; the suite's own time limit is the judge.
    mask_text(text)
    mask_path(text.encode())
    mask_headers([(b"Link", text.encode()), (b"Cookie", text.encode())])
