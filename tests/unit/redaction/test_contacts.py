"""E-mail addresses, and all that has an at sign and is none."""

import pytest

from sidecar.redaction.contacts import EMAIL_FAMILY


def found(text, key=""):
    spans = EMAIL_FAMILY.find(text, key)
    assert all(kind == "email" for _, _, kind in spans)
    return [text[start:end] for start, end, _ in spans]


@pytest.mark.parametrize(
    "address",
    [
        "alice@example.com", "Alice.B+tag@sub.example.co.uk", "o'brien@example.ie", "a@b.io", "alice_@example.com",
        "first-last@example-host.museum", "1234567890@example.com", "qq@163.com", "noreply@github.com",
        "support@example.com", "alice%2Bx%40example.com", "alice%40example.com", "x~y@example.org", "a.b.@docomo.ne.jp",
        "юзер@пример.рф", "用户@例子.公司", "josé@example.es", "a@xn--e1afmkfd.xn--p1ai", "alice@[192.0.2.1]",
        "alice@[IPv6:2001:db8::1]", "x" * 64 + "@example.com", "bounce-0123456789abcdef-alice=x@lists.example.com",
        "bot@project.iam.gserviceaccount.com", "alice@example.internal",
    ],
)  # fmt: skip
def test_addresses_are_found_in_any_text(address):
    shown = address.partition("=")[2] or address
    for text in (address, f"Mail {address}.", f"<{address}>,", f"mailto:{address}?subject=x", f'"{address}"'):
        assert found(text) == [shown]


def test_every_address_of_a_list_is_found():
    text = "Alice <alice@example.com>, bob@example.org;carol@example.net/dave@example.com"
    assert found(text) == ["alice@example.com", "bob@example.org", "carol@example.net", "dave@example.com"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("alice@example.com:hunter2", "alice@example.com"),
        ("alice@example.com:8080/path", "alice@example.com"),
        ("to=alice@example.com&cc=x", "alice@example.com"),
        ("email%3Dalice%40example.com", "alice%40example.com"),
        ("/users/alice@example.com/posts", "alice@example.com"),
        ("'alice@example.com'", "alice@example.com"),
        ("...alice@example.com...", "alice@example.com"),
    ],
)
def test_what_stands_around_an_address_is_left(text, address):
    assert found(text) == [address]


@pytest.mark.parametrize(
    "text",
    [
        "git@github.com:octocat/hello.git", "org-1@github.com:a/b.git", "git@host.example.com:x",
        "deploy@host.com:/srv/x",
        "deploy@host.com:~/x", "ssh://git@github.com/octocat", "https://bob@example.com/x", "icon@2x.png",
        "logo@3x.webp",
        "lodash@4.17.21", "pkg@1.2.3-beta.alpha", "https://cdn.jsdelivr.net/npm/vue@3.2.0/dist/vue.global.js",
        "@types/node", "@alice", "cc @alice and @bob.", "user@localhost", "x@y", "a@b.c", "getty@tty1.service",
        "user@1000.service", "actions/checkout@v4.1.0", "image@sha256:abc", "12345678@N00", "j***@example.com",
        "@example.com", "alice@", "alice@.com", "alice@example", "5 @ 3.50", "[REDACTED:email]", "style@media.css",
        "https://medium.com/@alice/post", "https://maps.example.com/@40.7,-74.0,15z",
    ],
)  # fmt: skip
def test_look_alikes_are_left_alone(text):
    assert found(text) == []


def test_a_partly_masked_address_is_not_found_again():
    assert found("a***@example.com and j***@example.org") == []
