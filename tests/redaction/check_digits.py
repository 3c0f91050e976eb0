"""Check digits, each written from its standard and apart from the engine's own: one cannot hide the other's slip.

Every function takes the digits before the check digit(s) and gives the whole number.
"""

import string
import zlib


def luhn(body: str) -> str:
    """ISO/IEC 7812-1 annex B: cards, SIN, personnummer, ABN-like ids."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        doubled = int(digit) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return body + str(-total % 10)


def iban(country: str, account: str) -> str:
    """ISO 13616: 98 minus the remainder modulo 97 of the number with the country and 00 moved to its end."""
    number = "".join(str(int(char, 36)) for char in account + country + "00")
    return f"{country}{98 - int(number) % 97:02d}{account}"


def aba(body: str) -> str:
    """ABA routing number: weights 3, 7, 1."""
    return body + str(-sum(int(digit) * (3, 7, 1)[place % 3] for place, digit in enumerate(body)) % 10)


def cpf(body: str) -> str:
    """Brazil, Receita Federal: two digits modulo 11, weights falling to 2."""
    for _ in range(2):
        rest = sum(int(digit) * weight for digit, weight in zip(body, range(len(body) + 1, 1, -1), strict=True)) % 11
        body += "0" if rest < 2 else str(11 - rest)
    return body


def dni(body: str) -> str:
    """Spain, Real Decreto 1553/2005: a letter by modulo 23."""
    return body + "TRWAGMYFPDXBNJZSQVHLCKE"[int(body.translate(str.maketrans("XYZ", "012"))) % 23]


_ODD_VALUES = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
"""Values of A to Z at odd places; a digit has the value of its letter (0 is A)."""


def codice_fiscale(body: str) -> str:
    """Italy, D.M. 23/12/1976: characters at odd places have values of their own."""
    total = 0
    for place, char in enumerate(body):
        even = int(char) if char.isdigit() else ord(char) - 65
        total += _ODD_VALUES[even] if place % 2 == 0 else even
    return body + chr(65 + total % 26)


def bsn(body: str) -> str | None:
    """Netherlands, elfproef: weights 9 to 2 and minus 1; ``None`` where the digit would be 10."""
    rest = sum(int(digit) * weight for digit, weight in zip(body, range(9, 1, -1), strict=True)) % 11
    return None if rest == 10 else body + str(rest)


def pesel(body: str) -> str:
    """Poland: weights 1, 3, 7, 9."""
    return body + str(-sum(int(digit) * (1, 3, 7, 9)[place % 4] for place, digit in enumerate(body)) % 10)


def nhs(body: str) -> str | None:
    """England, NHS Data Dictionary: weights 10 to 2, modulo 11; ``None`` where the digit would be 10."""
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(body, range(10, 1, -1), strict=True)) % 11
    return None if rest == 10 else body + str(rest % 11)


def _dihedral(left: int, right: int) -> int:
    """The product in the symmetry group of the pentagon, which Verhoeff's scheme works in."""
    if left < 5:
        return (left + right) % 5 if right < 5 else (left + right - 5) % 5 + 5
    return (left - 5 - right) % 5 + 5 if right < 5 else (left - right) % 5


def verhoeff(body: str) -> str:
    """Aadhaar (UIDAI): Verhoeff 1969."""
    turn = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    check = 0
    for place, digit in enumerate(reversed(body), 1):
        value = int(digit)
        for _ in range(place % 8):
            value = turn[value]
        check = _dihedral(check, value)
    return body + str(next(digit for digit in range(10) if _dihedral(check, digit) == 0))


def ean(body: str) -> str:
    """GS1 and the Swiss AHV number: weights 1 and 3 from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return body + str(-total % 10)


def nir(body: str) -> str:
    """France, INSEE: 97 minus the remainder modulo 97."""
    return body + f"{97 - int(body) % 97:02d}"


def steuer_id(body: str) -> str:
    """Germany, BZSt: ISO 7064 MOD 11,10."""
    product = 10
    for digit in body:
        rest = (int(digit) + product) % 10 or 10
        product = rest * 2 % 11
    return body + str((11 - product) % 10)


def hetu(born: str, sign: str, number: str) -> str:
    """Finland, DVV: a character by modulo 31 of the nine digits."""
    return f"{born}{sign}{number}{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(born + number) % 31]}"


def resident_id(body: str) -> str:
    """China, GB 11643: ISO 7064 MOD 11-2."""
    rest = sum(int(digit) * pow(2, 17 - place, 11) for place, digit in enumerate(body)) % 11
    return body + "10X98765432"[rest]


def rut(body: str) -> str:
    """Chile, SII: weights 2 to 7 from the right, modulo 11."""
    rest = 11 - sum(int(digit) * (2 + place % 6) for place, digit in enumerate(reversed(body))) % 11
    return body + "0123456789K0"[rest if rest != 11 else 0]


def curp(body: str) -> str:
    """Mexico, RENAPO: positions in an alphabet with the letter enye, weights 18 to 2."""
    alphabet = "0123456789ABCDEFGHIJKLMN\u00d1OPQRSTUVWXYZ"
    total = sum(alphabet.index(char) * (18 - place) for place, char in enumerate(body))
    return body + str(-total % 10)


def tfn(body: str) -> str | None:
    """Australia, ATO: weights 1 4 3 7 5 8 6 9 10, the sum divisible by 11."""
    total = sum(int(digit) * weight for digit, weight in zip(body, (1, 4, 3, 7, 5, 8, 6, 9), strict=True))
    return next((body + str(last) for last in range(10) if (total + last * 10) % 11 == 0), None)


def crc_base62(body: str) -> str:
    """GitHub and npm: CRC-32 of the random part in base 62, six characters."""
    rest, text = zlib.crc32(body.encode()), ""
    while rest:
        rest, digit = divmod(rest, 62)
        text = (string.digits + string.ascii_uppercase + string.ascii_lowercase)[digit] + text
    return body + text.rjust(6, "0")
