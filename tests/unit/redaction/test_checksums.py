"""Checksum rules against numbers that their standards and authorities publish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction import checksums

PUBLISHED = [
    (checksums.luhn, "4242424242424242"),  # Stripe's test card
    (checksums.luhn, "378282246310005"),  # American Express test card
    (checksums.luhn, "79927398713"),  # ISO/IEC 7812-1, the usual example
    (checksums.mod97, "WEST12345698765432GB82"),  # SWIFT registry, United Kingdom, rotated
    (checksums.mod97, "370400440532013000DE89"),  # SWIFT registry, Germany, rotated
    (checksums.mod11_10, "86095742719"),  # German tax id of the BZSt
    (checksums.mod11_10, "33392005961"),  # Croatian OIB
    (checksums.mod11_2, "11010519491231002X"),  # GB 11643-1999
    (checksums.mod11_2, "440524188001010014"),  # GB 11643-1999
    (checksums.verhoeff, "2363"),  # Verhoeff's 236 with its digit
    (checksums.ean, "4006381333931"),  # GS1 General Specifications
    (checksums.ean, "7569217076985"),  # ZAS, example of an AHV number
    (checksums.aba_routing, "021000021"),
    (checksums.aba_routing, "011401533"),
    (checksums.aba_routing, "111000025"),
    (checksums.clabe, "002010077777777771"),
    (checksums.clabe, "032180000118359719"),  # Banxico
]


@pytest.mark.parametrize(("rule", "number"), PUBLISHED)
def test_published_numbers_are_valid(rule, number):
    assert rule(number)


@pytest.mark.parametrize(("rule", "number"), PUBLISHED)
def test_one_wrong_digit_is_noticed(rule, number):
    place = next(place for place in range(len(number) - 1, -1, -1) if number[place].isdigit())
    wrong = number[:place] + str((int(number[place]) + 1) % 10) + number[place + 1 :]
    assert not rule(wrong)


@pytest.mark.parametrize("rule", sorted({rule for rule, _ in PUBLISHED}, key=lambda rule: rule.__name__))
@pytest.mark.parametrize("text", ["x", "12 34", "-1", "\uff14\uff12", "4.2", "²", "é"])
def test_other_signs_are_not_valid_and_raise_nothing(rule, text):
    assert rule(text) is False


@pytest.mark.parametrize("number", ["021000022", "991000021", "02100002", "0210000210", "133000021"])
def test_routing_numbers_need_checksum_prefix_and_length(number):
    assert not checksums.aba_routing(number)


@pytest.mark.parametrize(
    ("month", "day", "possible"),
    [("01", "31", True), ("02", "29", True), ("12", "31", True), ("02", "30", False), ("04", "31", False),
     ("00", "10", False), ("13", "01", False), ("01", "00", False), ("1", "01", False), ("0a", "01", False)],
)  # fmt: skip
def test_months_have_their_days(month, day, possible):
    assert checksums.month_and_day(month, day) is possible


@given(st.text("0123456789", min_size=1, max_size=40))
def test_exactly_one_last_digit_satisfies_luhn(digits):
    assert sum(checksums.luhn(digits + last) for last in "0123456789") == 1


@given(st.text("0123456789", min_size=1, max_size=20))
def test_exactly_one_last_digit_satisfies_verhoeff(digits):
    assert sum(checksums.verhoeff(digits + last) for last in "0123456789") == 1


@given(st.text("0123456789", min_size=2, max_size=20), st.data())
def test_verhoeff_notices_every_swap_of_neighbours(digits, data):
    number = next(digits + last for last in "0123456789" if checksums.verhoeff(digits + last))
    place = data.draw(st.integers(0, len(number) - 2))
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    assert checksums.verhoeff(swapped) is (number[place] == number[place + 1])
