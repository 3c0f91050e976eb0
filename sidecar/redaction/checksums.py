"""The checksum rules that numbers of people and money share; each takes plain characters, without separators.

Every function is pure, takes any text, and says False to what has the wrong characters or length.
"""

from collections.abc import Sequence

VALUES = bytes.maketrans(b"0123456789", bytes(range(10)))
"""Turns digits into their values."""
DOUBLED = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
"""Turns digits into what Luhn counts for every second one: doubled, and the digits of that added up."""

_VERHOEFF_PRODUCT = (
    "0123456789", "1234067895", "2340178956", "3401289567", "4012395678",
    "5987604321", "6598710432", "7659821043", "8765932104", "9876543210",
)  # fmt: skip
_VERHOEFF_PLACE = (
    "0123456789", "1576283094", "5803796142", "8916043527", "9453126870", "4286573901", "2793806415", "7046913258",
)  # fmt: skip

_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def digits(text: str, *lengths: int) -> bool:
    """Whether a text is all ASCII digits, of one of the lengths."""
    return len(text) in lengths and text.isascii() and text.isdigit()


def weighted(text: str, weights: Sequence[int]) -> int:
    """The sum of digits, each times the weight at its place; digits without a weight do not count."""
    return sum(int(digit) * weight for digit, weight in zip(text, weights, strict=False))


def luhn(text: str) -> bool:
    """Every second digit from the right doubled, the digit sum divisible by ten (ISO/IEC 7812-1 annex B)."""
    if not (text.isascii() and text.isdigit()):
        return False
    data = text.encode()
    return (sum(data[-1::-2].translate(VALUES)) + sum(data[-2::-2].translate(DOUBLED))) % 10 == 0


def mod97(text: str) -> bool:
    """Letters as 10 to 35, the whole number leaves 1 when divided by 97 (ISO/IEC 7064 MOD 97-10)."""
    if not (text.isascii() and text.isalnum()):
        return False
    return int("".join([str(int(character, 36)) for character in text])) % 97 == 1


def mod11_10(text: str) -> bool:
    """The hybrid system ISO/IEC 7064 MOD 11,10: German and Croatian tax numbers."""
    if not (text.isascii() and text.isdigit()):
        return False
    rest = 10
    for digit in text[:-1]:
        rest = (rest + int(digit)) % 10 or 10
        rest = rest * 2 % 11
    return (rest + int(text[-1])) % 10 == 1


def mod11_2(text: str) -> bool:
    """The pure system ISO/IEC 7064 MOD 11-2, with X for ten at the end: Chinese resident numbers."""
    if not (text.isascii() and text[:-1].isdigit() and (text[-1].isdigit() or text[-1] == "X")):
        return False
    rest = 0
    for digit in text[:-1]:
        rest = (rest + int(digit)) * 2 % 11
    return (rest + (10 if text[-1] == "X" else int(text[-1]))) % 11 == 1


def verhoeff(text: str) -> bool:
    """The dihedral check of J. Verhoeff, "Error Detecting Decimal Codes" (1969): Aadhaar."""
    if not (text.isascii() and text.isdigit()):
        return False
    rest = 0
    for place, digit in enumerate(reversed(text)):
        rest = int(_VERHOEFF_PRODUCT[rest][int(_VERHOEFF_PLACE[place % 8][int(digit)])])
    return rest == 0


def ean(text: str) -> bool:
    """Weights 1 and 3 in turn, the sum divisible by ten (GS1 General Specifications 7.9): Swiss AHV numbers, EAN-13."""
    return text.isascii() and text.isdigit() and weighted(text[::-1], (1, 3) * (len(text) // 2 + 1)) % 10 == 0


def aba_routing(text: str) -> bool:
    """A US routing number: weights 3, 7, 1, and a prefix of a Federal Reserve district, thrift or government.

    Source: American Bankers Association, Routing Number Policy; Federal Reserve E-Payments directory.
    """
    if not digits(text, 9) or weighted(text, (3, 7, 1) * 3) % 10:
        return False
    prefix = int(text[:2])
    return 1 <= prefix <= 12 or 21 <= prefix <= 32 or 61 <= prefix <= 72 or prefix == 80


def clabe(text: str) -> bool:
    """A Mexican account number: 18 digits, products with 3, 7, 1 each cut to one digit (Banxico, CLABE)."""
    if not digits(text, 18):
        return False
    total = sum(int(digit) * weight % 10 for digit, weight in zip(text[:17], (3, 7, 1) * 6, strict=False))
    return int(text[17]) == -total % 10


def month_and_day(month: str, day: str) -> bool:
    """Whether two digits and two digits can be a month and its day, in some year."""
    return digits(month, 2) and digits(day, 2) and 1 <= int(month) <= 12 and 1 <= int(day) <= _DAYS[int(month) - 1]
