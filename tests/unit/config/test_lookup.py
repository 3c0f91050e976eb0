import pytest

from sidecar.config.load import load
from sidecar.config.lookup import NotFound, find

TEXT = """\
version: 1
listen: 127.0.0.1:8080
providers:
  pay:
    base_url: https://api.pay.example/base
    routes:
      - {name: create, match: {methods: [POST], path: /v1/charges}}
      - {name: one, match: {path: "/v1/charges/{id}"}}
  deep:
    base_url: https://api.pay.example/base/deep
  own:
    base_url: http://10.0.0.1:8000
    listen: 127.0.0.1:8101
    host: [own.localhost, own.internal]
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    path = tmp_path_factory.mktemp("lookup") / "sidecar.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return load(path, {})


@pytest.mark.parametrize(
    ("method", "target", "provider", "route", "url"),
    [
        ("POST", "/pay/v1/charges", "pay", "create", "https://api.pay.example/base/v1/charges"),
        ("GET", "/pay/v1/charges", "pay", None, "https://api.pay.example/base/v1/charges"),
        ("GET", "/pay/v1/charges/1?x=1", "pay", "one", "https://api.pay.example/base/v1/charges/1?x=1"),
        ("GET", "/pay", "pay", None, "https://api.pay.example/base/"),
        ("GET", "http://127.0.0.1:8080/pay/a", "pay", None, "https://api.pay.example/base/a"),
        ("GET", "http://localhost:8080/pay/a", "pay", None, "https://api.pay.example/base/a"),
        ("GET", "http://127.0.0.1:8101/pay/a", "own", None, "http://10.0.0.1:8000/pay/a"),
        ("GET", "http://own.localhost:8080/a", "own", None, "http://10.0.0.1:8000/a"),
        ("GET", "http://OWN.internal.:8080/a", "own", None, "http://10.0.0.1:8000/a"),
        ("POST", "https://api.pay.example/base/v1/charges", "pay", "create", "https://api.pay.example/base/v1/charges"),
        ("GET", "https://api.pay.example/base?x", "pay", None, "https://api.pay.example/base/?x"),
        ("GET", "https://api.pay.example/base/deep/a", "deep", None, "https://api.pay.example/base/deep/a"),
        ("GET", "https://api.pay.example/base/deeper", "pay", None, "https://api.pay.example/base/deeper"),
        ("GET", "http://10.0.0.1:8000", "own", None, "http://10.0.0.1:8000/"),
    ],
)
def test_found(loaded, method, target, provider, route, url):
    found = find(loaded, method, target)
    assert (found.provider, found.route, found.url) == (provider, route, url)


@pytest.mark.parametrize(
    ("target", "todo"),
    [
        ("/", "known prefixes: /pay, /deep, /own"),
        ("/payments/v1", "known prefixes"),
        ("http://127.0.0.1:8080/nobody", "known prefixes"),
        ("http://127.0.0.1:9999/pay", "known providers"),
        ("https://api.pay.example/other", "known providers"),
        ("api.pay.example/v1", "https://api.pay.example/v1"),
        ("ftp://api.pay.example/v1", "https://api.pay.example/v1"),
        ("http://[::1", "write"),
    ],
)
def test_not_found(loaded, target, todo):
    with pytest.raises(NotFound) as caught:
        find(loaded, "GET", target)
    assert todo in caught.value.todo
