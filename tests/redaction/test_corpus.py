"""The examiner examined: labels agree with published numbers, and the score sees what a reader would see."""

import base64
import json

import pytest

from tests.redaction import check_digits
from tests.redaction.corpus import build, cases
from tests.redaction.labels import Value, part
from tests.redaction.score import View, kept, leaked
from tests.redaction.tables import NAMES


@pytest.mark.parametrize(
    ("made", "published"),
    [
        (check_digits.luhn("424242424242424"), "4242424242424242"),  # Stripe, testing
        (check_digits.iban("GB", "WEST12345698765432"), "GB82WEST12345698765432"),  # SWIFT IBAN registry
        (check_digits.iban("DE", "370400440532013000"), "DE89370400440532013000"),  # SWIFT IBAN registry
        (check_digits.aba("02100002"), "021000021"),  # JPMorgan Chase, New York
        (check_digits.cpf("529982247"), "52998224725"),
        (check_digits.dni("12345678"), "12345678Z"),  # specimen of the Spanish police
        (check_digits.codice_fiscale("RSSMRA85T10A562"), "RSSMRA85T10A562S"),  # Agenzia delle Entrate
        (check_digits.bsn("11122233"), "111222333"),  # RvIG test number
        (check_digits.pesel("4405140135"), "44051401359"),
        (check_digits.nhs("943476591"), "9434765919"),  # NHS Data Dictionary
        (check_digits.verhoeff("23412341234"), "234123412346"),  # UIDAI
        (check_digits.ean("756921707698"), "7569217076985"),  # Swiss ZAS specimen
        (check_digits.nir("2550814168025"), "255081416802538"),  # INSEE
        (check_digits.steuer_id("8609574271"), "86095742719"),  # BZSt
        (check_digits.hetu("131052", "-", "308"), "131052-308T"),  # DVV
        (check_digits.resident_id("11010519491231002"), "11010519491231002X"),  # GB 11643
        (check_digits.rut("30686957"), "306869574"),
        (check_digits.curp("SABC560626MDFLRN0"), "SABC560626MDFLRN01"),  # RENAPO
        (check_digits.tfn("12345678"), "123456782"),  # ATO
        (check_digits.crc_base62("zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ"), "zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"),  # GitHub
    ],
)
def test_check_digits_agree_with_published_numbers(made: str, published: str) -> None:
    assert made == published


SECRET = Value("k3yWith0utMeaning42", "token")


@pytest.mark.parametrize(
    "output",
    [
        '{"a": "k3yWith0utMeaning42"}',
        '{"a": "k3yWith0utMe..."}',
        '{"a": "\\u006b3yWith0utMeaning42"}',
        json.dumps({"a": json.dumps({"b": "k3yWith0ut\\Meaning42"})}).replace("\\\\\\\\", ""),
        "a=k3y%57ith0utMeaning42",
        "a=k3y%2557ith0utMeaning42",
        "<a>k3yWith0ut&#77;eaning42</a>",
        "x " + base64.b64encode(b'{"a":"k3yWith0utMeaning42"}').decode(),
        "k3yW\u200bith0utMeaning42",
        "\uff4b\uff13yWith0utMeaning42",
    ],
)
def test_a_secret_is_seen_however_it_is_written(output: str) -> None:
    assert leaked(SECRET, View(output))


@pytest.mark.parametrize("output", ["[REDACTED:token]", '{"a":"k3yW..."}', "k3y With 0ut Meaning 42", ""])
def test_less_than_half_of_a_secret_is_no_leak(output: str) -> None:
    assert not leaked(SECRET, View(output))


@pytest.mark.parametrize(
    ("value", "output", "seen"),
    [
        (Value("4242 4242 4242 4242", "card_number"), "n=4242424242424242", True),
        (Value("4242424242424242", "card_number"), "4242-4242-4242-4242", True),
        (Value("4242424242424242", "card_number"), "424242******4242", False),
        (Value("123", "cvv"), "cvv 123.", True),
        (Value("123", "cvv"), "amount 8123, v1.123", False),
        (Value("+1 415 555 2671", "phone"), "tel:+14155552671", True),
        (Value("ann@example.com", "email"), "a***@example.com", False),
        (Value("https://h/x", "webhook", pieces=("Zm9vYmFyYmF6",)), "https://h/Zm9vYmFyYmF6", True),
        (Value("https://h/Zm9vYmFyYmF6", "webhook", pieces=("Zm9vYmFyYmF6",)), "https://h/[REDACTED:webhook]", False),
    ],
)
def test_what_counts_as_the_same_value(value: Value, output: str, seen: bool) -> None:
    assert leaked(value, View(output)) is seen


def test_a_harmless_value_is_kept_also_when_it_is_written_otherwise() -> None:
    assert kept("a/b@2x.png", View('{"icon": "a\\/b\\u00402x.png"}'))
    assert not kept("a/b@2x.png", View('{"icon": "[REDACTED:email]"}'))


def test_a_case_is_the_same_whenever_it_is_made() -> None:
    assert build("json", "0007") == build("json", "0007")


def test_the_parts_share_no_case_and_leave_out_none() -> None:
    names = [{case.name for case in part(cases(), name)} for name in ("tuning", "held-out")]
    assert not names[0] & names[1]
    assert len(names[0] | names[1]) == len(cases())


def test_every_labelled_value_stands_in_its_payload() -> None:
    missing = [case.name for case in cases() for value in case.values if not leaked(value, View(case.plain))]
    assert not missing


def test_every_kind_has_names() -> None:
    assert all(name == name.lower() and name.strip() == name for names in NAMES.values() for name in names)
