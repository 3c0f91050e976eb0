"""Passports, cards and licences: the examples of ICAO 9303, and numbers after their words."""

import pytest

from sidecar.redaction.documents import DOCUMENT_FAMILY


def found(text):
    return [(text[start:end], kind) for start, end, kind in DOCUMENT_FAMILY.find(text, "")]


# ICAO 9303 parts 4, 5 and 6, appendix B.
LINES = [
    ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "passport"),
    ("L898902C36UTO7408122F1204159ZE184226B<<<<<10", "passport"),
    ("I<UTOD231458907<<<<<<<<<<<<<<<", "national_id"), ("7408122F1204159UTO<<<<<<<<<<<6", "national_id"),
    ("ERIKSSON<<ANNA<MARIA<<<<<<<<<<", "national_id"), ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "national_id"),
    ("D231458907UTO7408122F1204159<<<<<<<6", "national_id"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "kind"), LINES)
def test_machine_readable_lines_are_found_each_by_itself(line, kind):
    assert found(line) == [(line, kind)]
    assert found(f"scan:\n{line}\nend") == [(line, kind)]


@pytest.mark.parametrize(
    ("text", "number", "kind"),
    [
        ("passport number C01X00T47", "C01X00T47", "passport"),
        ("Passport: 123456789", "123456789", "passport"),
        ("passport no. AB1234567", "AB1234567", "passport"),
        ("Reisepass Nr. C01X00T47", "C01X00T47", "passport"),
        ("her passport is X12345678", "X12345678", "passport"),
        ("driver's license D1234567", "D1234567", "licence"),
        ("Drivers License Number: D123-4567-8901", "D123-4567-8901", "licence"),
        ("driving licence MORGA753116SM9IJ", "MORGA753116SM9IJ", "licence"),
        ("DL# D1234567", "D1234567", "licence"),
        ("Führerschein B072RRE2I55", "B072RRE2I55", "licence"),
    ],
)
def test_numbers_are_found_after_their_word(text, number, kind):
    assert found(f"{text}, ok") == [(number, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "passport.js 0.6.0", "passport 2024", "passport expires 2028-01-01", "passport 20280101",
        "passport-local 1.0.0",
        "passports issued: 123456789012", "license number 123456", "license MIT", "driver 12345678", "C01X00T47",
        "L898902C36UTO7408123F1204159ZE184226B<<<<<10", "P<UTOERIKSSON<ANNA", "List<Map<String, Object>>", "A<B<C<D",
        "<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
        "0123456789012345678901234567890123456789<<<<",
        "[REDACTED:passport] 123456789", "passport is required since 12345",
    ],
)  # fmt: skip
def test_look_alikes_are_left_alone(text):
    assert found(text) == []
