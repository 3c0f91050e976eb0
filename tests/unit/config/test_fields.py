import pytest

from sidecar.config import fields
from sidecar.core.routing import PathTemplate


@pytest.mark.parametrize(
    ("text", "listen"),
    [
        ("127.0.0.1:8080", fields.Listen("127.0.0.1", 8080)),
        ("[::1]:0", fields.Listen("::1", 0)),
        ("LocalHost:1", fields.Listen("localhost", 1)),
        ("unix:/run/a.sock", fields.Listen(unix="/run/a.sock")),
    ],
)
def test_addresses(text, listen):
    assert fields.parse_listen(text) == listen
    assert fields.parse_listen(str(listen)) == listen


@pytest.mark.parametrize(
    "text",
    ["", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "1.2.3:80", "a b:80", "::1:80", "[::1]", "h:65536", "h:-1", "h:٣",
     "unix:a", "unix:/" + "x" * 107, "-a:80", "http://a:80", True, None, 1.5],
)  # fmt: skip
def test_no_addresses(text):
    with pytest.raises(ValueError):
        fields.parse_listen(text)


@pytest.mark.parametrize(
    ("one", "other", "clash"),
    [
        ("127.0.0.1:80", "127.0.0.1:80", True),
        ("127.0.0.1:80", "localhost:80", True),
        ("127.0.0.1:80", "0.0.0.0:80", True),
        ("127.0.0.1:80", "127.0.0.1:81", False),
        ("127.0.0.1:80", "10.0.0.1:80", False),
        ("127.0.0.1:0", "127.0.0.1:0", False),
        ("unix:/a", "unix:/a", True),
        ("unix:/a", "unix:/b", False),
        ("unix:/a", "127.0.0.1:80", False),
    ],
)
def test_clashes(one, other, clash):
    first, second = fields.parse_listen(one), fields.parse_listen(other)
    assert first.clashes(second) is clash
    assert second.clashes(first) is clash


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("a.localhost.", True),
     ("0.0.0.0", False), ("10.0.0.1", False), ("example.com", False), ("localhost.example.com", False)],
)  # fmt: skip
def test_loopback(host, loopback):
    assert fields.is_loopback(host) is loopback


@pytest.mark.parametrize(
    ("text", "host", "port", "authority", "path"),
    [
        ("https://api.example.com", "api.example.com", 443, "api.example.com", ""),
        ("https://api.example.com/", "api.example.com", 443, "api.example.com", ""),
        ("http://h:8000/v2/", "h", 8000, "h:8000", "/v2"),
        ("HTTP://H:80/A%20b", "h", 80, "h", "/A%20b"),
        ("https://[::1]:8443", "::1", 8443, "[::1]:8443", ""),
    ],
)
def test_base_urls(text, host, port, authority, path):
    url = fields.parse_base_url(text)
    assert (url.host, url.port, url.authority, url.path) == (host, port, authority, path)
    assert fields.parse_base_url(str(url)) == url


@pytest.mark.parametrize(
    "text",
    ["", "example.com", "//example.com", "ftp://a", "https://", "https://a?x", "https://a#x", "https://a?", "https://u@a",
     "https://a:b",
     "https://a:70000", "https://a b", "https://ä.example", "https://a/<x>", "https://[::1", "https://1.2", 5],
)  # fmt: skip
def test_no_base_urls(text):
    with pytest.raises(ValueError):
        fields.parse_base_url(text)


@pytest.mark.parametrize("text", ["http://proxy:3128", "http://u:p@proxy:3128", "http://[::1]:1/", "off", "none"])
def test_proxies(text):
    assert fields.parse_proxy(text) == {"none": "off"}.get(text, text.rstrip("/"))


@pytest.mark.parametrize("text", ["", "proxy:3128", "http://proxy", "https://proxy:1", "http://p:1/x", "http://:1"])
def test_no_proxies(text):
    with pytest.raises(ValueError):
        fields.parse_proxy(text)


def test_a_wrong_proxy_does_not_repeat_its_password():
    with pytest.raises(ValueError) as caught:
        fields.parse_proxy("socks5://u:hunter2@proxy:1")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "outputs"),
    [
        ("stdout", ("stdout",)),
        ("stderr", ("stderr",)),
        ("file:/a/b", ("/a/b",)),
        ("/a/b", ("/a/b",)),
        (["stdout", "file:/a/b", "/c"], ("stdout", "/a/b", "/c")),
        (("stderr",), ("stderr",)),
    ],
)
def test_outputs(value, outputs):
    assert fields.parse_outputs(value) == outputs


@pytest.mark.parametrize(
    ("value", "why"),
    [
        *(
            (one, "not a log output")
            for one in ("", "STDOUT", "file:stdout", "a/b", "/a/", "file:", 3, ["x"], {}, None)
        ),
        ([], "the list of log outputs is empty"),
        (["/a", "stdout", "file:/a"], "named twice"),
    ],
)
def test_no_outputs(value, why):
    with pytest.raises(ValueError, match=why):
        fields.parse_outputs(value)


@pytest.mark.parametrize(
    "text", ["/", "/v1/charges", "/v1/{id}", "/v1/{id}/lines/{line_2}", "/**", "/v1/**", "/a%20b", "/v1/charges/"]
)
def test_templates_are_those_of_the_router(text):
    assert fields.parse_template(text) == text
    PathTemplate(text)


@pytest.mark.parametrize(
    "text",
    ["", "v1", "/{}", "/{id}.json", "/a{id}", "/{id", "/id}", "/*", "/**/a", "/a**", "/a?x", "/a#x", "/a b", "/ä", 1],
)
def test_no_templates(text):
    with pytest.raises(ValueError):
        fields.parse_template(text)
