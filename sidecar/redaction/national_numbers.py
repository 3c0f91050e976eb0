"""Numbers that states outside of Europe give to people: which are valid. One function a number, with its source.

All take the number in upper case without separators, and any other text too: that is not valid.
"""

import re

from sidecar.redaction.checksums import digits, luhn, mod11_2, month_and_day, verhoeff, weighted

# Americas


def us_ssn(text: str) -> bool:
    """US social security number: area not 000, 666 or 9xx, group not 00, serial not 0000 (SSA POMS RM 10201.035)."""
    return (
        digits(text, 9)
        and text[:3] not in {"000", "666"}
        and text[0] != "9"
        and text[3:5] != "00"
        and text[5:] != "0000"
    )


def us_itin(text: str) -> bool:
    """US individual taxpayer number: 9xx, fourth and fifth digit 50-65, 70-88, 90-92, 94-99 (IRS IRM 3.21.263)."""
    if not digits(text, 9) or text[0] != "9":
        return False
    group = int(text[3:5])
    return 50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99


_EIN_UNUSED = frozenset(
    {"00", "07", "08", "09", "17", "18", "19", "28", "29", "49", "69", "70", "78", "79", "89", "96", "97"}
)


def us_ein(text: str) -> bool:
    """US employer number: some prefixes were never given out (IRS, "How EINs are assigned and valid EIN prefixes")."""
    return digits(text, 9) and text[:2] not in _EIN_UNUSED


def us_npi(text: str) -> bool:
    """US provider number: Luhn with the prefix 80840 (CMS, "Requirements for NPI and NPI check digit")."""
    return digits(text, 10) and text[0] in "12" and luhn("80840" + text)


_MBI = re.compile(r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9][0-9]"
                  r"[AC-HJKMNP-RT-Y]{2}[0-9]{2}")  # fmt: skip


def us_mbi(text: str) -> bool:
    """US Medicare beneficiary id: fixed places of digits and letters, no S, L, O, I, B, Z (CMS, "MBI format")."""
    return _MBI.fullmatch(text) is not None


def ca_sin(text: str) -> bool:
    """Canadian social insurance number: Luhn; 0 and 8 are not given to people, but 0 stands in examples."""
    return digits(text, 9) and text[0] != "8" and text != "000000000" and luhn(text)


def mx_curp(text: str) -> bool:
    """Mexican CURP: date of birth, sex, state, and a check digit modulo 10 (Renapo, Instructivo normativo, 2008)."""
    if re.fullmatch(r"[A-Z][AEIOUX][A-Z]{2}[0-9]{6}[HMX][A-Z]{5}[A-Z0-9][0-9]", text) is None:
        return False
    alphabet = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ"  # & keeps the place of the letter that follows N in Spanish
    total = sum(alphabet.index(character) * (18 - place) for place, character in enumerate(text[:17]))
    return month_and_day(text[6:8], text[8:10]) and int(text[17]) == -total % 10


_RFC = re.compile(r"[A-Z&\u00d1]{3,4}[0-9]{6}[0-9A-Z]{3}")


def mx_rfc_shape(text: str) -> bool:
    """Mexican RFC by its letters and its date alone: many that are valid for the SAT fail the published check digit."""
    return _RFC.fullmatch(text) is not None and month_and_day(text[-7:-5], text[-5:-3])


def mx_rfc(text: str) -> bool:
    """Mexican RFC: date and a check digit modulo 11; companies have a letter less (SAT, Anexo 3 of RFC rules)."""
    if re.fullmatch(r"[A-Z&\u00d1]{3,4}[0-9]{6}[A-Z0-9]{2}[0-9A]", text) is None:
        return False
    alphabet = "0123456789ABCDEFGHIJKLMN&OPQRSTUVWXYZ \u00d1"
    padded = text.rjust(13)
    total = sum(alphabet.index(character) * (13 - place) for place, character in enumerate(padded[:12]))
    check = "0A987654321"[total % 11]
    return month_and_day(padded[6:8], padded[8:10]) and padded[12] == check


def br_cpf(text: str) -> bool:
    """Brazilian CPF: two digits modulo 11 (Receita Federal, IN RFB 2.172/2024)."""
    if not digits(text, 11) or len(set(text)) == 1:
        return False
    first = -weighted(text, range(10, 1, -1)) % 11 % 10
    second = -weighted(text, range(11, 1, -1)) % 11 % 10
    return text[9:] == f"{first}{second}"


def br_cnpj(text: str) -> bool:
    """Brazilian CNPJ: two digits modulo 11; letters count as their ASCII code less 48 (IN RFB 2.229/2024)."""
    if re.fullmatch(r"[0-9A-Z]{12}[0-9]{2}", text) is None or len(set(text)) == 1:
        return False
    values = [ord(character) - 48 for character in text]
    weights = (6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    for place in (12, 13):
        total = sum(value * weight for value, weight in zip(values[:place], weights[13 - place :], strict=True))
        if values[place] != -total % 11 % 10:
            return False
    return True


def cl_rut(text: str) -> bool:
    """Chilean RUT: weights 2 to 7 in turn from the right, K for ten (Registro Civil)."""
    if len(text) not in {8, 9} or not digits(text[:-1], 7, 8):
        return False
    total = weighted(text[-2::-1], (2, 3, 4, 5, 6, 7, 2, 3))
    return text[-1] == "0K987654321"[total % 11]


def ar_cuit(text: str) -> bool:
    """Argentine CUIT and CUIL: type, weights 5, 4, 3, 2, 7 to 2 modulo 11 (AFIP)."""
    if not digits(text, 11) or text[:2] not in {"20", "23", "24", "25", "26", "27", "30", "33", "34"}:
        return False
    return text[10] == "01234567899"[-weighted(text, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11]


# Asia, Africa, Oceania


def in_aadhaar(text: str) -> bool:
    """Aadhaar: twelve digits, not from 0 or 1, Verhoeff (UIDAI, numbering scheme)."""
    return digits(text, 12) and text[0] not in "01" and verhoeff(text)


def in_pan(text: str) -> bool:
    """Indian PAN: the fourth letter tells the holder (Income Tax Department, "Structure of PAN")."""
    return re.fullmatch(r"[A-Z]{3}[ABCFGHJLPT][A-Z](?!0000)[0-9]{4}[A-Z]", text) is not None


def cn_resident(text: str) -> bool:
    """Chinese resident number: place, date, MOD 11-2 (GB 11643-1999)."""
    if re.fullmatch(r"[1-9][0-9]{5}(?:19|20)[0-9]{9}[0-9X]", text) is None:
        return False
    return month_and_day(text[10:12], text[12:14]) and mod11_2(text)


def kr_rrn(text: str) -> bool:
    """Korean resident number: date, a digit for sex and century, and a check digit (until October 2020)."""
    if not digits(text, 13) or not month_and_day(text[2:4], text[4:6]):
        return False
    return (11 - weighted(text, (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)) % 11) % 10 == int(text[12])


def kr_rrn_shape(text: str) -> bool:
    """The same without a check digit, which numbers since October 2020 have not; a digit for sex and century."""
    return digits(text, 13) and text[6] in "12345678" and month_and_day(text[2:4], text[4:6])


def jp_my_number(text: str) -> bool:
    """Japanese individual number: weights 6 to 2, 7 to 2 modulo 11 (order 85 of 2014, article 5)."""
    if not digits(text, 12):
        return False
    rest = weighted(text, (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return int(text[11]) == (0 if rest <= 1 else 11 - rest)


_NRIC_LETTERS = {"S": "JZIHGFEDCBA", "T": "JZIHGFEDCBA", "F": "XWUTRQPNMLK", "G": "XWUTRQPNMLK", "M": "XWUTRQPNJLK"}


def sg_nric(text: str) -> bool:
    """Singaporean NRIC and FIN: weights 2, 7 to 2; T and G add 4, M adds 3 (ICA)."""
    if re.fullmatch(r"[STFGM][0-9]{7}[A-Z]", text) is None:
        return False
    total = weighted(text[1:8], (2, 7, 6, 5, 4, 3, 2)) + {"T": 4, "G": 4, "M": 3}.get(text[0], 0)
    return text[8] == _NRIC_LETTERS[text[0]][total % 11]


def hk_id(text: str) -> bool:
    """Hong Kong identity number: weights 9 to 1 modulo 11, a missing letter counts 36 (Immigration Department)."""
    if re.fullmatch(r"[A-Z]{1,2}[0-9]{6}[0-9A]", text) is None:
        return False
    values = [36] * (9 - len(text)) + [int(character, 36) for character in text]
    return sum(value * (9 - place) for place, value in enumerate(values)) % 11 == 0


def tw_id(text: str) -> bool:
    """Taiwanese number: the letter as two digits, weights 1, 9 to 1, 1 modulo 10 (Ministry of the Interior)."""
    if re.fullmatch(r"[A-Z][1289][0-9]{8}", text) is None:
        return False
    letter = str("ABCDEFGHJKLMNPQRSTUVXYWZIO".index(text[0]) + 10)
    return weighted(letter + text[1:], (1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1)) % 10 == 0


def th_id(text: str) -> bool:
    """Thai identity number: weights 13 to 2 modulo 11 (Department of Provincial Administration)."""
    if not digits(text, 13) or text[0] in "09":
        return False
    return (11 - weighted(text, range(13, 1, -1)) % 11) % 10 == int(text[12])


def my_kad(text: str) -> bool:
    """Malaysian MyKad: a date, a place of birth that is given out, four digits (JPN, "Kod negeri")."""
    if not digits(text, 12) or not month_and_day(text[2:4], text[4:6]):
        return False
    return text[6:8] not in {"00", "17", "18", "19", "20", "69", "70", "73", "80", "81", "94", "95", "96", "97"}


def za_id(text: str) -> bool:
    """South African identity number: date, citizenship, Luhn (Department of Home Affairs)."""
    return digits(text, 13) and text[10] in "012" and month_and_day(text[2:4], text[4:6]) and luhn(text)


def il_id(text: str) -> bool:
    """Israeli identity number: Luhn over nine digits (Population Authority)."""
    return digits(text, 9) and text != "000000000" and luhn(text)


def au_tfn(text: str) -> bool:
    """Australian tax file number: weights 1, 4, 3, 7, 5, 8, 6, 9, 10 modulo 11 (ATO, TFN algorithm)."""
    return digits(text, 9) and text != "000000000" and weighted(text, (1, 4, 3, 7, 5, 8, 6, 9, 10)) % 11 == 0


def au_medicare(text: str) -> bool:
    """Australian Medicare card: from 2 to 6, weights 1, 3, 7, 9 modulo 10, issue number (Services Australia)."""
    return digits(text, 10, 11) and text[0] in "23456" and weighted(text, (1, 3, 7, 9, 1, 3, 7, 9)) % 10 == int(text[8])


def nz_ird(text: str) -> bool:
    """New Zealand IRD number: two rounds of weights modulo 11 (Inland Revenue, validation specification)."""
    if not digits(text, 8, 9):
        return False
    number = text.rjust(9, "0")
    check = -weighted(number, (3, 2, 7, 6, 5, 4, 3, 2)) % 11
    if check == 10:
        check = -weighted(number, (7, 4, 3, 2, 5, 2, 7, 6)) % 11
    return 10_000_000 < int(text) < 150_000_000 and check == int(number[8])
