"""Card numbers: every network, every grouping, tracks; and what has as many digits and is none."""

import pytest

from sidecar.redaction.cards import CARD_FAMILY, is_card
from sidecar.redaction.checksums import luhn


def found(text, key=""):
    spans = CARD_FAMILY.find(text, key)
    assert all(kind == "card_number" for _, _, kind in spans)
    return [text[start:end] for start, end, _ in spans]


def completed(digits):
    return next(digits + last for last in "0123456789" if luhn(digits + last))


# Numbers for tests that Stripe, Adyen, Braintree and PayPal publish.
PUBLISHED = [
    "4242424242424242", "4000056655665556", "4111111111111111", "4012888888881881", "4222222222222",
    "5555555555554444", "5105105105105100", "2223003122003222", "2720990000000007", "378282246310005",
    "371449635398431", "6011111111111117", "6011000990139424", "3056930009020004", "36227206271667", "30569309025904",
    "3566002020360505", "6200000000000005", "6205500000000000004", "6759649826438453", "5019717010103742",
    "501870778989", "213178055552191", "180096303452783",
]  # fmt: skip


@pytest.mark.parametrize("number", PUBLISHED)
def test_published_test_cards_are_found_bare(number):
    assert luhn(number)
    assert found(number) == [number]
    assert found(f"paid with {number}, thanks") == [number]
    assert is_card(number)


@pytest.mark.parametrize(
    "prefix",
    ["2200", "2204", "9792", "6521", "5081", "8171", "5066", "5078", "8600", "9860", "9704", "6440", "3528", "5614"],
)
def test_national_networks_are_found(prefix):
    number = completed(prefix + "12345678901"[: 15 - len(prefix)])
    assert found(number) == [number]


@pytest.mark.parametrize("separator", [" ", "-", ".", "\u00a0", "\u202f", "\u2011", "\u2013"])
def test_groups_of_four_with_any_one_separator_are_found(separator):
    number = separator.join(["4242"] * 4)
    assert found(f"card: {number}.") == [number]


@pytest.mark.parametrize(
    "number",
    ["3782 822463 10005", "3782-822463-10005", "3056 930902 5904", "4222 222 222 222", "6205 5000 0000 0000 004",
     "620550 0000000000004", "4111 1111 1111 1111", "5018 7077 8901 2340"],
)  # fmt: skip
def test_other_printed_groups_are_found(number):
    assert found(number) == [number]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4242 4242 4242 4242 12/26 123", "4242 4242 4242 4242"),
        ("4242 4242 4242 4242 123", "4242 4242 4242 4242"),
        ("4242424242424242|12|2026|123", "4242424242424242"),
        ("order 5511 4242 4242 4242 4242 paid", "4242 4242 4242 4242"),
        (r"card\n4242424242424242\n", "4242424242424242"),
        ('{"pan":"4242424242424242"}', "4242424242424242"),
        ("pan=4242424242424242&x", "4242424242424242"),
        ("card-4242424242424242", "4242424242424242"),
        ("No.4242424242424242.", "4242424242424242"),
    ],
)
def test_a_card_is_found_between_other_things(text, number):
    assert found(text) == [number]


def test_all_cards_of_a_line_are_found():
    assert found("4242 4242 4242 4242 5555 5555 5555 4444") == ["4242 4242 4242 4242", "5555 5555 5555 4444"]
    row = "0001 0002 0003 0004 0005 4242 4242 4242 4242 0006 0007 0008 0009"
    assert found(row) == ["4242 4242 4242 4242"]


@pytest.mark.parametrize(
    "track",
    [
        "%B4242424242424242^DOE/JOHN^2512101000000000000?",
        "B378282246310005^ROSEN/JENNY           ^28121011234567890?",
        ";4242424242424242=25121010000012345678?",
        "4242424242424242=25121010000012345678",
        "4242424242424242D25121010000012345678F",
    ],
)
def test_tracks_of_the_magnetic_stripe_are_found_whole(track):
    assert found(f"swiped {track} ok") == [track]


LOOK_ALIKES = [
    ("", "4242424242424241"),  # wrong check digit
    ("", "1234567812345670"),  # no network
    ("", "1700000000000"), ("", "1700000000000000"), ("", "1700000000000000000"),  # milli-, micro-, nanoseconds
    ("", "0.4242424242424242"), ("", "4242424242424242.5"), ("", "-122.4242424242424242"),
    ("", "a4242424242424242"), ("", "4242424242424242f"), ("", "user_4242424242424242"), ("", "4242424242424242_x"),
    ("", "8fe14242424242424242"), ("", "42424242-4242-4242-4242-424242424242"),
    ("", "1-4242424242424242"), ("", "4242-4242-4242-4242-4242"), ("", "4242 4242-4242 4242"),
    ("", "42 42 42 42 42 42 42 42"),
    ("created_at", "4242424242424242"), ("timestamp", "4242424242424242"), ("updatedMs", "4242424242424242"),
    ("ean", "4006381333931"), ("isbn", "4006381333931"), ("", "EAN 4012345678901"),
    ("", "arn:aws:iam::501870778989:role/x"), ("account_id", "501870778989"),
    ("", "2024-01-02 10:20:30.424242424242"), ("", "20240102103000"), ("", "9999999999999999"),
    ("", "AKIA4242424242424242"), ("", "[REDACTED:card_number:k-4242424242424242]"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "text"), LOOK_ALIKES)
def test_look_alikes_are_left_alone(key, text):
    assert found(text, key) == []


@pytest.mark.parametrize("key", ["order_id", "number", "id", "note", "format", "what"])
def test_a_bare_card_is_found_under_any_name_but_a_time(key):
    assert found("4242424242424242", key) == ["4242424242424242"]


@pytest.mark.parametrize("number", ["", "4242", "424242424242424", "42424242424242420", "4242424242424241", "x" * 16])
def test_numbers_that_are_no_cards(number):
    assert not is_card(number)
