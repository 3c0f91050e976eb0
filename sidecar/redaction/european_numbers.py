"""Numbers that the states of Europe give to people: which are valid. One function a number, with its source.

All take the number in upper case without separators, and any other text too: that is not valid.
"""

import re

from sidecar.redaction.checksums import digits, ean, luhn, mod11_10, month_and_day, weighted


def uk_nhs(text: str) -> bool:
    """NHS number: weights 10 to 2 modulo 11 (NHS Data Dictionary, "NHS NUMBER")."""
    return digits(text, 10) and text[0] != "0" and -weighted(text, range(10, 1, -1)) % 11 == int(text[9])


_NINO = re.compile(r"(?!BG|GB|KN|NK|NT|TN|ZZ)(?:[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]|QQ)[0-9]{6}[A-D]|ZZ[0-9]{6}T")


def uk_nino(text: str) -> bool:
    """National insurance number: the letters given out, and QQ and ZZ of examples (HMRC manual NIM39110)."""
    return _NINO.fullmatch(text) is not None


_UK_LICENCE = re.compile(r"[A-Z]{1,5}9{0,4}[0-9](?:0[1-9]|1[0-2]|5[1-9]|6[0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9]"
                         r"[A-Z][A-Z9][A-HJ-NP-Z2-9][A-Z]{2}(?:[0-9]{2})?")  # fmt: skip


def uk_licence(text: str) -> bool:
    """British driver number: five of the surname, decade, month, day, year, initials (DVLA, INF45/1)."""
    return len(text) in {16, 18} and text[5].isdigit() and _UK_LICENCE.fullmatch(text) is not None


def ie_pps(text: str) -> bool:
    """Irish PPS number: weights 8 to 2, a second letter times 9 (old W, T, X: 0), modulo 23 (Revenue, PPSN)."""
    if re.fullmatch(r"[0-9]{7}[A-W][A-IWTX]?", text) is None:
        return False
    extra = 0 if text[8:] in {"", "W", "T", "X"} else ord(text[8]) - 64
    return text[7] == "WABCDEFGHIJKLMNOPQRSTUV"[(weighted(text[:7], range(8, 1, -1)) + 9 * extra) % 23]


def fr_nir(text: str) -> bool:
    """French NIR: sex, year, month, place, and 97 less the rest; Corsica's 2A, 2B as 19, 18 (Insee, decree 82-103)."""
    place = text[5:7]
    number = text[:5] + {"2A": "19", "2B": "18"}.get(place, place) + text[7:]
    if not digits(number, 15) or text[0] not in "123478":
        return False
    month = int(number[3:5])
    return (1 <= month <= 12 or month >= 20) and int(number[13:]) == 97 - int(number[:13]) % 97


def de_steuer_id(text: str) -> bool:
    """German tax id: MOD 11,10; of the first ten digits one comes twice or thrice (AO 139b, BZSt)."""
    if not digits(text, 11) or text[0] == "0" or not mod11_10(text):
        return False
    counts = sorted((text[:10].count(digit) for digit in set(text[:10])), reverse=True)
    return counts[0] in {2, 3} and counts[1] == 1


def nl_bsn(text: str) -> bool:
    """Dutch BSN: the eleven test, the last weight -1 (Logisch Ontwerp BSN, RvIG)."""
    return digits(text, 9) and text != "000000000" and weighted(text, (9, 8, 7, 6, 5, 4, 3, 2, -1)) % 11 == 0


def be_register(text: str) -> bool:
    """Belgian register number: 97 less the rest, with a 2 before it from 2000 on (royal decree 3 April 1984)."""
    if not digits(text, 11) or not 0 <= int(text[2:4]) % 20 <= 12:
        return False
    return int(text[9:]) in {97 - int(text[:9]) % 97, 97 - int("2" + text[:9]) % 97}


def es_dni(text: str) -> bool:
    """Spanish DNI and NIE: the rest modulo 23 picks the letter (Interior, "Calculo del digito de control")."""
    if re.fullmatch(r"[0-9XYZ][0-9]{7}[A-Z]", text) is None:
        return False
    number = {"X": "0", "Y": "1", "Z": "2"}.get(text[0], text[0]) + text[1:8]
    return text[8] == "TRWAGMYFPDXBNJZSQVHLCKE"[int(number) % 23]


def pt_nif(text: str) -> bool:
    """Portuguese NIF: weights 9 to 2 modulo 11 (decree-law 14/2013)."""
    return digits(text, 9) and text[0] != "0" and -weighted(text, range(9, 1, -1)) % 11 % 10 == int(text[8])


_CODICE = re.compile(r"[A-Z]{6}[0-9LMNP-V]{2}[ABCDEHLMPRST][0-9LMNP-V]{2}[A-Z][0-9LMNP-V]{3}[A-Z]")
_CODICE_ODD = dict(zip(
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10,
     22, 25, 24, 23), strict=True,
))  # fmt: skip


def it_codice_fiscale(text: str) -> bool:
    """Italian codice fiscale, also with letters for digits: the sum modulo 26 picks the last letter (DM 23/12/1976)."""
    if _CODICE.fullmatch(text) is None:
        return False
    odd = sum(_CODICE_ODD[character] for character in text[0:15:2])
    even = sum(int(character) if character.isdigit() else ord(character) - 65 for character in text[1:15:2])
    return ord(text[15]) - 65 == (odd + even) % 26


def ch_ahv(text: str) -> bool:
    """Swiss AHV number: 756 and the check digit of EAN-13 (ZAS, AHVN13)."""
    return digits(text, 13) and text.startswith("756") and ean(text)


def se_personnummer(text: str) -> bool:
    """Swedish personnummer: date, or day + 60, and Luhn over ten digits (Skatteverket, SKV 704)."""
    if not digits(text, 10, 12):
        return False
    ten = text[-10:]
    day = int(ten[4:6])
    return month_and_day(ten[2:4], f"{day - 60 if day > 60 else day:02}") and luhn(ten)


def no_fodselsnummer(text: str) -> bool:
    """Norwegian number: date, or day + 40, and two digits modulo 11 (Skatteetaten, folkeregisteret)."""
    if not digits(text, 11):
        return False
    day, month = int(text[:2]) % 40, int(text[2:4]) % 40
    first = -weighted(text, (3, 7, 6, 1, 8, 9, 4, 5, 2)) % 11
    second = -weighted(text, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11
    return month_and_day(f"{month:02}", f"{day:02}") and text[9:] == f"{first}{second}"


def dk_cpr(text: str) -> bool:
    """Danish CPR: a date and four digits; since 2007 without a checksum (CPR-kontoret, "Personnummeret i CPR")."""
    return digits(text, 10) and month_and_day(text[2:4], text[:2])


def fi_hetu(text: str) -> bool:
    """Finnish hetu with its century sign: the rest modulo 31 picks the last (Digital and Population Data Services)."""
    if re.fullmatch(r"[0-9]{6}[-+A-FU-Y][0-9]{3}[0-9A-Y]", text) is None:
        return False
    check = "0123456789ABCDEFHJKLMNPRSTUVWXY"[int(text[:6] + text[7:10]) % 31]
    return month_and_day(text[2:4], text[:2]) and text[10] == check


def pl_pesel(text: str) -> bool:
    """Polish PESEL: weights 1, 3, 7, 9 modulo 10; the month tells the century (law of 24 September 2010)."""
    if not digits(text, 11) or weighted(text, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10:
        return False
    return month_and_day(f"{int(text[2:4]) % 20:02}", text[4:6])


def cz_rodne_cislo(text: str) -> bool:
    """Czech and Slovak birth number: date, women's month + 50; since 1954 the rest modulo 11 (law 133/2000)."""
    if not digits(text, 9, 10):
        return False
    month = int(text[2:4]) % 50
    dated = month_and_day(f"{month - 20 if month > 20 else month:02}", text[4:6])
    return dated and (len(text) == 9 or int(text[:9]) % 11 % 10 == int(text[9]))


def hr_oib(text: str) -> bool:
    """Croatian OIB: MOD 11,10 (Porezna uprava)."""
    return digits(text, 11) and mod11_10(text)


def ro_cnp(text: str) -> bool:
    """Romanian CNP: weights 279146358279 modulo 11 (law 105/1996)."""
    if not digits(text, 13) or text[0] == "0" or not month_and_day(text[3:5], text[5:7]):
        return False
    return "01234567891"[weighted(text, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11] == text[12]


def tr_kimlik(text: str) -> bool:
    """Turkish identity number: two digits from sums of odd and even places (NVI)."""
    if not digits(text, 11) or text[0] == "0":
        return False
    values = [int(digit) for digit in text]
    return (7 * sum(values[0:9:2]) - sum(values[1:8:2])) % 10 == values[9] and sum(values[:10]) % 10 == values[10]


def fr_nir_plain(text: str) -> bool:
    """French NIR as it may stand without a word or groups: of somebody whose sex, month and place are known."""
    return text[:1] in {"1", "2"} and text[3:5] <= "12" and text[5:7] not in {"00", "96"} and fr_nir(text)


def at_svnr(text: str) -> bool:
    """Austrian insurance number: the fourth digit checks a number and a date (ASVG 460d, Dachverband)."""
    if not digits(text, 10) or text[0] == "0" or not 1 <= int(text[6:8]) <= 15:
        return False
    return weighted(text, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == int(text[3])


def baltic_code(text: str) -> bool:
    """Estonian and Lithuanian code: date, weights 1 to 9, 1, then 3 to 9, 1 to 3 modulo 11 (EVS 585:2007)."""
    if not digits(text, 11) or not month_and_day(text[3:5], text[5:7]):
        return False
    rest = weighted(text, (1, 2, 3, 4, 5, 6, 7, 8, 9, 1)) % 11
    if rest == 10:
        rest = weighted(text, (3, 4, 5, 6, 7, 8, 9, 1, 2, 3)) % 11 % 10
    return rest == int(text[10])


def bg_egn(text: str) -> bool:
    """Bulgarian EGN: month + 20 before 1900, + 40 since 2000, weights 2 to 6 modulo 11 (GRAO ordinance)."""
    if not digits(text, 10) or not month_and_day(f"{int(text[2:4]) % 20:02}", text[4:6]):
        return False
    return weighted(text, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == int(text[9])


def gr_amka(text: str) -> bool:
    """Greek AMKA: a date, and Luhn (IDIKA)."""
    return digits(text, 11) and month_and_day(text[2:4], text[:2]) and luhn(text)


def jmbg(text: str) -> bool:
    """JMBG and EMSO of the states of former Yugoslavia: weights 7 to 2 twice modulo 11 (law of 1976)."""
    if not digits(text, 13) or not month_and_day(text[2:4], text[:2]):
        return False
    return -weighted(text, (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11 % 10 == int(text[12])


def is_kennitala(text: str) -> bool:
    """Icelandic kennitala: weights 3, 2, 7 to 2 modulo 11, a digit for the century (Registers Iceland)."""
    if not digits(text, 10) or text[9] not in "890" or not month_and_day(text[2:4], f"{int(text[:2]) % 40:02}"):
        return False
    return -weighted(text, (3, 2, 7, 6, 5, 4, 3, 2)) % 11 == int(text[8])
