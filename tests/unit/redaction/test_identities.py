"""Numbers of states by their shape alone; and codes, dates and numbers of goods that look like them."""

import pytest

from sidecar.redaction.identities import IDENTITY_FAMILIES, SHAPE_FAMILY


def found(text, key=""):
    return [(text[start:end], kind) for start, end, kind in SHAPE_FAMILY.find(text, key)]


SHAPED = [
    ("123-45-6789", "ssn"), ("078-05-1120", "ssn"), ("912-70-1234", "tax_id"), ("046-454-286", "national_id"),
    ("529.982.247-25", "national_id"), ("11.222.333/0001-81", "tax_id"), ("12.ABC.345/01DE-35", "tax_id"),
    ("12.345.678-5", "national_id"), ("30.686.957-4", "national_id"), ("20-26756539-3", "tax_id"),
    ("HEGG560427MVZRRL04", "national_id"), ("GODE561231GR8", "tax_id"), ("1EG4-TE5-MK73", "medical_id"),
    ("12345678Z", "national_id"), ("12345678-Z", "national_id"), ("12.345.678-Z", "national_id"),
    ("X1234567L", "national_id"), ("X-1234567-L", "national_id"), ("RSSMRA85T10A562S", "national_id"),
    ("AB123456C", "national_id"), ("QQ 12 34 56 C", "national_id"), ("ZZ 649874 T", "national_id"),
    ("MORGA753116SM9IJ", "licence"), ("1 84 12 76 451 089 46", "national_id"), ("184127645108946", "national_id"),
    ("756.9217.0769.85", "national_id"), ("85.07.30-033.28", "national_id"), ("811218-9876", "national_id"),
    ("19811218-9876", "national_id"), ("151086 95088", "national_id"), ("131052-308T", "national_id"),
    ("710319/2745", "national_id"), ("2341 2341 2346", "national_id"), ("ABCPP1234F", "tax_id"),
    ("11010519491231002X", "national_id"), ("820701-2409184", "national_id"), ("S1234567D", "national_id"),
    ("A123456(3)", "national_id"), ("AB987654(3)", "national_id"), ("770305-02-1234", "national_id"),
    ("1-2345-45678-78-1", "national_id"), ("2123 45670 1", "medical_id"),
]  # fmt: skip


@pytest.mark.parametrize(("number", "kind"), SHAPED)
def test_shapes_with_a_valid_checksum_are_found_in_any_text(number, kind):
    for text in (number, f"he has {number}, she not", f'"{number}"', f"id={number};", f"({number})"):
        assert found(text) == [(number, kind)]


@pytest.mark.parametrize(
    ("number", "kind"), [("123 45 6789", "ssn"), ("943 476 5919", "medical_id"), ("1234 5678 9018", "national_id")]
)
def test_shapes_that_other_texts_have_by_chance_are_found_only_alone(number, kind):
    assert found(number) == [(number, kind)]
    assert found(f"sizes {number} in use") == []


def test_numbers_in_a_row_are_each_found():
    assert found("123-45-6789 2024-01-01 12345678Z") == [("123-45-6789", "ssn"), ("12345678Z", "national_id")]


LOOK_ALIKES = [
    ("", "000-12-3456"), ("", "666-12-3456"), ("", "123-00-6789"), ("", "123-45-0000"), ("", "123-45-678"),
    ("", "1123-45-6789"), ("", "a123-45-6789"), ("", "123-45-6789-1"), ("", "123-45-6789.5"), ("", "046-454-287"),
    ("", "529.982.247-26"), ("", "999.999.999-99"), ("", "11.222.333/0001-82"), ("", "12345678A"), ("", "X1234567A"),
    ("", "RSSMRA85T10A562T"), ("", "AO123456C"), ("", "240102-1234"), ("", "20240102-1234"), ("", "2024-01-02"),
    ("", "131052-308U"), ("", "2341 2341 2348"), ("", "1234 5678 9012"), ("", "2341 2341 2346 1111"),
    ("", "ABCFE1234F"),
    ("", "110105194912310021"), ("", "999999999999999999"), ("", "S1234567A"), ("", "A123456(4)"), ("", "123456789"),
    ("", "550e8400-e29b-41d4-a716-446655440000"), ("", "ABCD-1234-EFGH"), ("", "978-0-306-40615-7"), ("", "V1.2.3-4"),
    ("", "AKIAIOSFODNN7EXAMPLE"), ("", "PTC-12345-67890-12"), ("", "2147483647"), ("", "1EG4-TE5-MK7S"),
    ("", "[REDACTED:ssn:k1-123-45-6789]"), ("sku", "12345678Z"), ("orderNumber", "811218-9876"),
    ("invoice_no", "046-454-286"), ("build", "AB123456C"), ("", "4242 4242 4242 4242"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "text"), LOOK_ALIKES)
def test_look_alikes_are_left_alone(key, text):
    assert found(text, key) == []


def test_a_strong_shape_is_found_under_any_name():
    assert found("123-45-6789", "order") == [("123-45-6789", "ssn")]
    assert found("529.982.247-25", "sku") == [("529.982.247-25", "national_id")]


def test_the_families_of_identities_have_names_of_their_own():
    assert [family.name for family in IDENTITY_FAMILIES] == [
        "national number", "labelled number", "travel document", "date of birth",
    ]  # fmt: skip
