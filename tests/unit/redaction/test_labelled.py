"""Numbers of people after the words that tell them."""

import pytest

from sidecar.redaction.labelled import LABELLED_FAMILY


def found(text):
    return [(text[start:end], kind) for start, end, kind in LABELLED_FAMILY.find(text, "")]


TOLD = [
    ("SSN: 123456789", "123456789", "ssn"), ("my ssn is 123 45 6789", "123 45 6789", "ssn"),
    ("Social Security Number 123-45-6789", "123-45-6789", "ssn"), ("ITIN 912701234", "912701234", "tax_id"),
    ("EIN 12-3456789", "12-3456789", "tax_id"), ("NPI 1234567893", "1234567893", "medical_id"),
    ("SIN 046 454 286", "046 454 286", "national_id"), ("RFC: WIUK250101PBG", "WIUK250101PBG", "tax_id"),
    ("CPF 52998224725", "52998224725", "national_id"), ("RUT 12345678-5", "12345678-5", "national_id"),
    ("NHS number: 943 476 5919", "943 476 5919", "medical_id"), ("NINO ZZ 649874 T", "ZZ 649874 T", "national_id"),
    ("PPS number 1234567FA", "1234567FA", "national_id"), ("NIR 184127645108946", "184127645108946", "national_id"),
    ("Steuer-ID 86 095 742 719", "86 095 742 719", "tax_id"), ("BSN 111222333", "111222333", "national_id"),
    ("patient BSN is 111222333.", "111222333", "national_id"),
    ("rijksregisternummer 85073003328", "85073003328", "national_id"),
    ("codice fiscale rssmra85t10a562s", "rssmra85t10a562s", "national_id"),
    ("AHV 7569217076985", "7569217076985", "national_id"),
    ("Personnummer 8112189876", "8112189876", "national_id"),
    ("fødselsnummer 15108695088", "15108695088", "national_id"),
    ("CPR 070761-4285", "070761-4285", "national_id"), ("HETU 131052-308t", "131052-308t", "national_id"),
    ("PESEL 44051401359", "44051401359", "national_id"), ("rodné číslo 710319/2745", "710319/2745", "national_id"),
    ("OIB 33392005961", "33392005961", "tax_id"), ("TC Kimlik No: 10000000146", "10000000146", "national_id"),
    ("Aadhaar number 234123412346", "234123412346", "national_id"), ("PAN: ABCPE1234F", "ABCPE1234F", "tax_id"),
    ("身份证号11010519491231002X", "11010519491231002X", "national_id"),
    ("RRN 2011303123456", "2011303123456", "national_id"),
    ("My Number 1234 5678 9018", "1234 5678 9018", "national_id"), ("NRIC s1234567d", "s1234567d", "national_id"),
    ("South African ID 8001015009087", "8001015009087", "national_id"), ("TFN: 123 456 782", "123 456 782", "tax_id"),
    ("Medicare 2123 45670 1", "2123 45670 1", "medical_id"), ("VAT DE123456789", "DE123456789", "tax_id"),
    ("tax id: 12-3456789", "12-3456789", "tax_id"), ("MRN 00123456", "00123456", "medical_id"),
    ("SVNR 1237 010180", "1237 010180", "national_id"), ("isikukood 37605030299", "37605030299", "national_id"),
    ("national id 1234567890", "1234567890", "national_id"), ("ssn=123456789", "123456789", "ssn"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "number", "kind"), TOLD)
def test_the_word_before_tells_the_kind(text, number, kind):
    assert found(text) == [(number, kind)]
    assert found(f"He said: {text}, on 2024-01-02") == [(number, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "123456789", "SSN 000123456", "SSN 12345", "SSN\n123456789", "BSN 111222334", "PESEL 44051401358", "RFC 5321",
        "RFC 7231 section 4.3.1", "sin(x) 12345", "a sin 046454287", "pan 12", "VAT 20", "vat 20.00 EUR",
        "tin can 12345",
        "using 123456782", "DNI 12345678A", "nas 123456", "CPR 991399-1234", "medicare 12", "span 1234567893", "FNR 12",
        "the nhs has 1234567890 patients", "ssnx 123456789", "my_ssn 123456789", "[REDACTED:ssn] 123456789",
        "SSN [REDACTED:ssn], order 123456789", "idnr 12345678901", "BSN of nobody at all, order 111222333",
    ],
)  # fmt: skip
def test_look_alikes_are_left_alone(text):
    assert found(text) == []
