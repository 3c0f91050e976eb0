import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction.form import form
from tests.unit.redaction.plain_scrub import plain_scrub


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a=1",
        "a=1&b=2",
        "a",
        "&&&",
        "a=&=b&=&",
        "a==b",
        "a=1&a=2&a=3",
        "q=a+b%20c%2Bd&e=%C3%A9",
        "a=%zz&b=%&c=100%25",
        "a=1;b=2",
        "a=x;y&b=z",
        "a=1&<truncated>",
        "url=https%3A%2F%2Fx.example%2F%3Fa%3D1",
        "j=%7B%22a%22%3A1%7D",
    ],
)
def test_a_form_with_nothing_to_redact_stays_byte_for_byte(text: str) -> None:
    assert form(text, plain_scrub()) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password=x&a=1", "password=[REDACTED:password]&a=1"),
        ("password=a=b&c", "password=[REDACTED:password]&c"),
        ("user%5Bpassword%5D=x", "user%5Bpassword%5D=[REDACTED:password]"),
        ("a[b][password]=x", "a[b][password]=[REDACTED:password]"),
        ("m=mail+bob%40x.com+now", "m=mail+[REDACTED:email]+now"),
        ("m=bob%40x.com%26co", "m=[REDACTED:email]%26co"),
        ("m=bob%2540x.com", "m=[REDACTED:email]"),
        ("m=bob%252540x.com", "m=[REDACTED:email]"),
        ("m=4242+4242%204242+4242", "m=[REDACTED:card_number]"),
        ("a=1;password=x", "a=1;password=[REDACTED:password]"),
        ("a=1&amp;password=x", "a=1&amp;password=[REDACTED:password]"),
        ("bob@x.com", "[REDACTED:email]"),
        ("bob@x.com=1", "[REDACTED:email]=1"),
        (
            "f[0][name]=password&f[0][value]=x&f[1][value]=y",
            "f[0][name]=password&f[0][value]=[REDACTED:password]&f[1][value]=y",
        ),
        ("a=1&a=bob@x.com&a=2", "a=1&a=[REDACTED:email]&a=2"),
    ],
)
def test_values_are_redacted_by_name_and_shape(text: str, expected: str) -> None:
    assert form(text, plain_scrub()) == expected


def test_a_plus_sign_that_was_meant_is_no_space() -> None:
    seen: list[object] = []

    class Watching:
        def tree(self, node: object) -> None:
            seen.append(node)

    form("a=+14155550100&b=bob+tag@x.com&c=a+b", Watching())  # type: ignore[arg-type]
    assert seen == [{"a": "+14155550100", "b": "bob+tag@x.com", "c": "a b"}]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("dropped=1&b=2", "b=2"), ("b=2&dropped=1", "b=2"), ("a=1&dropped=x&b=2", "a=1&b=2"), ("dropped=1", "")],
)
def test_a_dropped_pair_leaves_nothing(text: str, expected: str) -> None:
    assert form(text, plain_scrub()) == expected


def test_pairs_beyond_the_limit_are_cut() -> None:
    text = "&".join(["password=x"] * 3000)
    shown = form(text, plain_scrub())
    assert shown == "&".join(["password=[REDACTED:password]"] * 1536) + "&<truncated>"
    assert form("&" * 65_536, plain_scrub()) == "&" * 1536 + "<truncated>"


PARTS = st.sampled_from(
    ["password", "a", "b[token]", "=", "&", ";", "+", "%40", "%2540", "bob@x.com", "x", "dropped", "%", "["]
)


@given(st.lists(PARTS, max_size=20).map("".join))
def test_redacting_twice_changes_nothing(text: str) -> None:
    once = form(text, plain_scrub())
    assert form(once, plain_scrub()) == once
