from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.rewrite import Rewriter

HOST = b"127.0.0.1:8080"
PLAIN = Rewriter("https", "api.x.com", "", "/payments")
BASE = Rewriter("https", "api.x.com", "/v1/", "/payments")
OWN = Rewriter("https", "api.x.com")
OWN_BASE = Rewriter("https", "api.x.com", "/v1")
PORT = Rewriter("http", "API.x.com:8443", "", "/payments")
V6 = Rewriter("http", "[::1]:9000", "", "/p")


@pytest.mark.parametrize(
    ("rewriter", "value", "expected"),
    [
        # Absolute URLs of the provider.
        (PLAIN, b"https://api.x.com/v1/y?a=b#c", b"http://127.0.0.1:8080/payments/v1/y?a=b#c"),
        (PLAIN, b"HTTPS://API.X.com/v1", b"http://127.0.0.1:8080/payments/v1"),
        (PLAIN, b"https://api.x.com:443/v1", b"http://127.0.0.1:8080/payments/v1"),
        (PLAIN, b"https://api.x.com", b"http://127.0.0.1:8080/payments/"),
        (PLAIN, b"https://api.x.com?q", b"http://127.0.0.1:8080/payments/?q"),
        (PLAIN, b"https://api.x.com#f", b"http://127.0.0.1:8080/payments/#f"),
        (OWN, b"https://api.x.com/v1", b"http://127.0.0.1:8080/v1"),
        (PORT, b"http://api.x.com:8443/a", b"http://127.0.0.1:8080/payments/a"),
        (V6, b"http://[::1]:9000/a", b"http://127.0.0.1:8080/p/a"),
        # Other origins: host, subdomain, port, scheme (either way), userinfo, a host that only begins alike.
        (PLAIN, b"https://files.x.com/v1", b"https://files.x.com/v1"),
        (PLAIN, b"https://api.x.com.evil.example/v1", b"https://api.x.com.evil.example/v1"),
        (PLAIN, b"https://api.x.com:8443/v1", b"https://api.x.com:8443/v1"),
        (PLAIN, b"http://api.x.com/v1", b"http://api.x.com/v1"),
        (PORT, b"https://api.x.com:8443/v1", b"https://api.x.com:8443/v1"),
        (PORT, b"http://api.x.com/v1", b"http://api.x.com/v1"),
        (PLAIN, b"https://api.x.com@evil.example/", b"https://api.x.com@evil.example/"),
        (PLAIN, b"https://u:p@api.x.com/", b"https://u:p@api.x.com/"),
        (PLAIN, b"myapp://api.x.com/cb", b"myapp://api.x.com/cb"),
        (PLAIN, b"mailto:a@api.x.com", b"mailto:a@api.x.com"),
        # Network-path references take the provider's scheme.
        (PLAIN, b"//api.x.com/a", b"http://127.0.0.1:8080/payments/a"),
        (PLAIN, b"//cdn.x.com/a", b"https://cdn.x.com/a"),
        (OWN, b"//cdn.x.com/a", b"https://cdn.x.com/a"),
        # Absolute paths.
        (PLAIN, b"/v1/y", b"/payments/v1/y"),
        (PLAIN, b"/", b"/payments/"),
        (OWN, b"/v1/y", b"/v1/y"),
        (BASE, b"/v1/y?z", b"/payments/y?z"),
        (BASE, b"/v1", b"/payments/"),
        (BASE, b"/v1?z", b"/payments/?z"),
        (BASE, b"/v1#z", b"/payments/#z"),
        (OWN_BASE, b"/v1/y", b"/y"),
        (BASE, b"https://api.x.com/v1/y", b"http://127.0.0.1:8080/payments/y"),
        # Outside the base path nothing leads back: the provider's own URL.
        (BASE, b"/v2/y", b"https://api.x.com/v2/y"),
        (BASE, b"/v10/y", b"https://api.x.com/v10/y"),
        (BASE, b"https://api.x.com/v2/y", b"https://api.x.com/v2/y"),
        (BASE, b"HTTPS://api.x.com/v2/y", b"HTTPS://api.x.com/v2/y"),
        # A path that climbs would leave the prefix.
        (PLAIN, b"/../other/x", b"https://api.x.com/../other/x"),
        (PLAIN, b"/a/%2E%2e/../b", b"https://api.x.com/a/%2E%2e/../b"),
        (PLAIN, b"/a/..", b"https://api.x.com/a/.."),
        (PLAIN, b"/a/.b/..c/%20", b"/payments/a/.b/..c/%20"),
        # Relative references resolve against the app's own URL.
        (PLAIN, b"", b""),
        (PLAIN, b"y/z", b"y/z"),
        (PLAIN, b"?page=2", b"?page=2"),
        (PLAIN, b"#f", b"#f"),
        (PLAIN, b"../y", b"../y"),
        (PLAIN, b"y?next=https://api.x.com/", b"y?next=https://api.x.com/"),
    ],
)  # fmt: skip
def test_location(rewriter: Rewriter, value: bytes, expected: bytes) -> None:
    assert rewriter.location(value, HOST) == expected


def test_without_a_host_only_the_path_remains() -> None:
    assert PLAIN.location(b"https://api.x.com/v1", b"") == b"/payments/v1"
    assert PLAIN.location(b"HTTPS://api.x.com/v1", b"") == b"/payments/v1"


@pytest.mark.parametrize(
    ("rewriter", "value", "expected"),
    [
        (
            PLAIN,
            b'<https://api.x.com/i?page=2>; rel="next", </i?page=9>; rel="last"',
            b'<http://127.0.0.1:8080/payments/i?page=2>; rel="next", </payments/i?page=9>; rel="last"',
        ),
        # Quoted parameters may hold everything; an anchor is no target.
        (
            PLAIN,
            b'<https://api.x.com/a>; title="x, <https://api.x.com/b>; \\" </c>"; anchor="</d>"; rel=next',
            b'<http://127.0.0.1:8080/payments/a>; title="x, <https://api.x.com/b>; \\" </c>"; anchor="</d>"; rel=next',
        ),
        (PLAIN, b"<https://cdn.y.com/a>; rel=preload", b"<https://cdn.y.com/a>; rel=preload"),
        (PLAIN, b"<?page=2>; rel=next", b"<?page=2>; rel=next"),
        (PLAIN, b"</a", b"</a"),
        (PLAIN, b'</a>; title="cut off, </b>', b'</payments/a>; title="cut off, </b>'),
        (PLAIN, b"", b""),
        (OWN, b"</a>; rel=next", b"</a>; rel=next"),
        (OWN, b"<https://api.x.com:443/a>; rel=next", b"<http://127.0.0.1:8080/a>; rel=next"),
        (OWN, b"<//cdn.y.com/a>; rel=next", b"<https://cdn.y.com/a>; rel=next"),
        (BASE, b"</v1/a>, </v2/b>", b"</payments/a>, <https://api.x.com/v2/b>"),
    ],
)
def test_link(rewriter: Rewriter, value: bytes, expected: bytes) -> None:
    assert rewriter.link(value, HOST) == expected


@pytest.mark.parametrize(
    ("rewriter", "value", "expected"),
    [
        (PLAIN, b"a=b", b"a=b"),
        (PLAIN, b"a=b; HttpOnly; Max-Age=5", b"a=b; HttpOnly; Max-Age=5"),
        (PLAIN, b"a=b; Domain=api.x.com; HttpOnly", b"a=b; HttpOnly"),
        (PLAIN, b"a=b;domain = .X.com ;HttpOnly", b"a=b;HttpOnly"),
        (PLAIN, b"a=b; Domain=y.com", b"a=b; Domain=y.com"),
        (PLAIN, b"a=b; Domain=pi.x.com", b"a=b; Domain=pi.x.com"),
        (PLAIN, b"a=b; Domain=", b"a=b; Domain="),
        (V6, b"a=b; Domain=[::1]", b"a=b"),
        (PORT, b"a=b; Domain=api.x.com", b"a=b"),
        (PLAIN, b"a=b; Path=/", b"a=b; Path=/payments"),
        (PLAIN, b"a=b; path=/v1/; X", b"a=b; path=/payments/v1/; X"),
        (PLAIN, b"a=b; Path=", b"a=b; Path="),
        (PLAIN, b"a=b; Path=v1", b"a=b; Path=v1"),
        (PLAIN, b"a=b; Path", b"a=b; Path"),
        (BASE, b"a=b; Path=/", b"a=b; Path=/payments"),
        (BASE, b"a=b; Path=/v1", b"a=b; Path=/payments"),
        (BASE, b"a=b; Path=/v1/", b"a=b; Path=/payments"),
        (BASE, b"a=b; Path=/v1/x/", b"a=b; Path=/payments/x/"),
        (BASE, b"a=b; Path=/v2", b"a=b; Path=/payments/v2"),
        (BASE, b"a=b; Path=/v10", b"a=b; Path=/payments/v10"),
        (OWN, b"a=b; Path=/x", b"a=b; Path=/x"),
        (OWN_BASE, b"a=b; Path=/v1", b"a=b; Path=/"),
        (OWN_BASE, b"a=b; Path=/v1/x", b"a=b; Path=/x"),
        (PLAIN, b"a=b; Secure; HttpOnly", b"a=b; HttpOnly"),
        (PLAIN, b"a=b; secure", b"a=b"),
        (PLAIN, b"__Host-a=b; Secure; Path=/", b"__Host-a=b; Secure; Path=/payments"),
        (PLAIN, b"__secure-a=b; Secure", b"__secure-a=b; Secure"),
        (PLAIN, b"a=b; SameSite=None; Secure", b"a=b; SameSite=None; Secure"),
        (PLAIN, b"a=b; Secure; SameSite= none", b"a=b; Secure; SameSite= none"),
        (PLAIN, b"a=b; SameSite=Lax; Secure", b"a=b; SameSite=Lax"),
        # The first pair is the cookie itself, whatever it is called.
        (PLAIN, b"Domain=x.com; Path=/a", b"Domain=x.com; Path=/payments/a"),
    ],
)
def test_set_cookie(rewriter: Rewriter, value: bytes, expected: bytes) -> None:
    assert rewriter.set_cookie(value) == expected


@pytest.mark.parametrize("path", ["/payments", "/payments/x"])
def test_a_rewritten_root_cookie_matches_the_prefix_with_and_without_a_rest(path: str) -> None:
    cookie_path = PLAIN.set_cookie(b"a=b; Path=/").partition(b"Path=")[2].decode()
    # RFC 6265 section 5.1.4
    assert path == cookie_path or (path.startswith(cookie_path) and path[len(cookie_path)] == "/")


@pytest.mark.parametrize(
    "value", [b"<" * 65536, b'"' + b'\\"' * 32768, b"</a>" * 16384, b"/.." * 20000, b"/%2e" * 16384, b";" * 65536]
)
def test_hostile_values_end(value: bytes) -> None:
    # A quadratic scan of these would take minutes; the suite's own time limit is the judge.
    PLAIN.link(value + b"</", HOST)
    PLAIN.location(value, HOST)
    PLAIN.set_cookie(value)


@given(st.binary(max_size=60), st.sampled_from([PLAIN, BASE, OWN, OWN_BASE, PORT, V6]))
def test_nothing_raises(value: bytes, rewriter: Rewriter) -> None:
    for prefix in (b"", b"/", b"//", b"https://api.x.com", b"a=b; Path=", b"<"):
        rewriter.location(prefix + value, HOST)
        rewriter.link(prefix + value, HOST)
        rewriter.set_cookie(prefix + value)


@given(st.text("ab/.%2e?#", max_size=20))
def test_what_is_led_back_stays_below_the_prefix(rest: str) -> None:
    value = PLAIN.location(b"/a" + rest.encode(), HOST)
    if value.startswith(b"/"):
        resolved = urlsplit(urljoin("http://localhost/payments/x", value.decode())).path
        depth = 0
        for segment in unquote(resolved).removeprefix("/payments/").split("/"):
            depth += -1 if segment == ".." else 1
            assert depth >= 0
