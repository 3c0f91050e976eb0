from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.proxy_env import ProxyAddress, bypassed, parse_proxy, proxy_for


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://proxy.corp:3128", ProxyAddress("proxy.corp", 3128)),
        ("http://proxy.corp", ProxyAddress("proxy.corp", 80)),
        ("HTTP://Proxy.Corp:3128/", ProxyAddress("proxy.corp", 3128)),
        (" http://[::1]:3128 ", ProxyAddress("::1", 3128)),
        ("http://u:p@proxy.corp:1", ProxyAddress("proxy.corp", 1, b"Basic dTpw")),
        ("http://@proxy.corp:1", ProxyAddress("proxy.corp", 1)),
    ],
)
def test_parse_proxy(url: str, expected: ProxyAddress) -> None:
    assert parse_proxy(url) == expected


def test_credentials_are_percent_decoded_and_never_shown() -> None:
    proxy = parse_proxy("http://us%40er:p%3A%2Fss@proxy.corp:3128")
    assert proxy.authorization is not None
    assert b64decode(proxy.authorization.removeprefix(b"Basic ")) == b"us@er:p:/ss"
    assert "p:/ss" not in repr(proxy)
    assert proxy.authorization.decode() not in repr(proxy)
    assert parse_proxy("http://user@p:1").authorization == b"Basic dXNlcjo="
    assert parse_proxy("http://:pass@p:1").authorization == b"Basic OnBhc3M="


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("proxy.corp:3128", "like http://proxy.corp:3128"),
        ("", "like http://proxy.corp:3128"),
        ("https://proxy.corp", "https:// is not supported"),
        ("socks5://proxy.corp", "socks5:// is not supported"),
        ("http://", "has no host"),
        ("http://:3128", "has no host"),
        ("http://a b:3128", "has no host"),
        ("http://proxy:port", "not valid"),
        ("http://proxy:99999", "not valid"),
        ("http://[::1", "not valid"),
        ("http://proxy:0", "between 1 and 65535"),
        ("http://proxy/path", "ends after the port"),
        ("http://proxy?x", "ends after the port"),
        ("http://proxy#x", "ends after the port"),
        ("http://a%3Ab:c@proxy", "colon"),
    ],
)
def test_bad_proxies_are_refused_with_a_text(url: str, text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_proxy(url)
    assert text in str(caught.value)


def test_a_refusal_never_quotes_the_password() -> None:
    for url in ("http://u:hunter2@", "http://u:hunter2@h:bad", "http://u:hunter2@h/p", "socks5://u:hunter2@h"):
        with pytest.raises(ValueError) as caught:
            parse_proxy(url)
        assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("scheme", "environ", "port"),
    [
        ("https", {}, None),
        ("https", {"HTTPS_PROXY": "http://p:1"}, 1),
        ("https", {"https_proxy": "http://p:2", "HTTPS_PROXY": "http://p:1"}, 2),
        ("https", {"https_proxy": "", "HTTPS_PROXY": "http://p:1"}, 1),
        ("https", {"https_proxy": "p:3"}, 3),
        ("https", {"http_proxy": "http://p:1"}, None),
        ("https", {"ALL_PROXY": "http://p:4"}, 4),
        ("https", {"all_proxy": "http://p:5", "ALL_PROXY": "http://p:4"}, 5),
        ("http", {"HTTPS_PROXY": "http://p:1"}, None),
        ("http", {"http_proxy": "http://p:6"}, 6),
        ("http", {"HTTP_PROXY": "http://p:6"}, None),
        ("http", {"HTTP_PROXY": "http://p:6", "all_proxy": "http://p:7"}, 7),
        ("https", {"HTTPS_PROXY": "http://p:1", "NO_PROXY": "x.com"}, None),
        ("https", {"HTTPS_PROXY": "http://p:1", "no_proxy": "y.com", "NO_PROXY": "x.com"}, 1),
    ],
)
def test_which_variable_counts(scheme: str, environ: dict[str, str], port: int | None) -> None:
    proxy = proxy_for(scheme, "api.x.com", 443, environ)
    assert (proxy.port if proxy else None) == port


def test_a_bad_variable_is_named() -> None:
    with pytest.raises(ValueError, match=r"^ALL_PROXY: a proxy must be an http:// URL, socks5"):
        proxy_for("https", "api.x.com", 443, {"ALL_PROXY": "socks5://p:1"})


@pytest.mark.parametrize(
    ("host", "no_proxy", "expected"),
    [
        ("api.x.com", "", False),
        ("api.x.com", " , ,", False),
        ("api.x.com", "*", True),
        ("api.x.com", "y.com,*", True),
        ("api.x.com", "x.com", True),
        ("api.x.com", ".x.com", True),
        ("x.com", ".x.com", True),
        ("API.x.com.", "X.COM.", True),
        ("api.x.com", "api.x.com", True),
        ("api.x.com", "pi.x.com", False),
        ("notx.com", "x.com", False),
        ("x.com", "api.x.com", False),
        ("api.x.com", "y.com x.com", True),
        ("api.x.com", ".", False),
        ("api.x.com", "x.com:443", True),
        ("api.x.com", "x.com:8443", False),
        ("api.x.com", "*.x.com", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.0.0.0/8", True),
        ("10.1.2.3", "10.1.2.9/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3:443", True),
        ("10.1.2.3", "10.1.2.3:80", False),
        ("10.1.2.3", "2.3", False),
        ("10.1.2.3", "fe80::/10", False),
        ("::1", "::1", True),
        ("[::1]", "[::1]", True),
        ("::1", "[::1]:443", True),
        ("::1", "[::1]:80", False),
        ("fe80::2", "fe80::/10", True),
        ("0:0:0:0:0:0:0:1", "::1", True),
    ],
)
def test_no_proxy(host: str, no_proxy: str, expected: bool) -> None:
    assert bypassed(host, 443, no_proxy) is expected


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_environment_gives_an_answer_or_a_value_error(value: str, no_proxy: str) -> None:
    for url in (value, f"http://{value}"):
        text = "https_proxy: "
        proxy = None
        try:
            proxy = proxy_for("https", "api.x.com", 443, {"https_proxy": url, "no_proxy": no_proxy})
        except ValueError as error:
            text = str(error)
        assert text.startswith("https_proxy: ")
        assert proxy is None or (proxy.host and 0 < proxy.port < 65536)
