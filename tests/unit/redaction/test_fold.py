import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction.fold import fold

CARD = "4242424242424242"


@pytest.mark.parametrize("text", ["", "plain 4242", "café", "日本語", "Привет", "½ … ™ º", "naïve", "e\u0301"])
def test_texts_that_hide_nothing_are_told_at_once(text: str) -> None:
    assert fold(text) is None


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("".join(chr(0xFF10 + int(digit)) for digit in CARD), CARD),
        ("".join(chr(0x660 + int(digit)) for digit in CARD), CARD),
        ("".join(chr(0x1D7CE + int(digit)) for digit in CARD), CARD),
        ("\u2074\u2082\u2463", "424"),
        ("\u200b".join(CARD), CARD),
        ("4242\u00ad4242", "42424242"),
        ("4242\u00a04242", "4242 4242"),
        ("4242\u20114242\u22124242", "4242-4242-4242"),
        ("bob\uff20example\uff0ecom", "bob@example.com"),
        ("bob\uff20example\u3002com", "bob@example.com"),
        ("\ufeffpass\u2060word", "password"),
        ("\u202ebob@example.com\u202c", "bob@example.com"),
        ("\U0001d5c9\U0001d5ba\U0001d5cc\U0001d5cc", "pass"),
        ("".join(chr(0xE0000 + ord(char)) for char in "secret"), "secret"),
        ("caf\u00e9 \uff14", "caf\u00e9 4"),
    ],
)
def test_what_reads_like_ascii_becomes_ascii(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_every_decimal_digit_of_unicode_14_is_folded() -> None:
    digits = [chr(code) for code in range(0x80, sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Nd"]
    known = [char for char in digits if unicodedata.unidata_version == "14.0.0" or fold(char) is not None]
    assert len(known) >= 650
    assert [char for char in known if fold(char) != str(unicodedata.digit(char))] == []


@given(st.text())
def test_a_folded_text_holds_nothing_to_fold(text: str) -> None:
    folded = fold(text)
    assert folded is None or fold(folded) is None
