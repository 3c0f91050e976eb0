"""Numbers that states and banks give to people: made valid by the check digits of their standards."""

from collections.abc import Callable
from random import Random

from tests.redaction import check_digits
from tests.redaction.labels import Value
from tests.redaction.shapes import fill
from tests.redaction.tables import NAMES, keyed


def _until(make: Callable[[], str | None]) -> str:
    """The first that exists: some schemes leave out numbers whose check digit would be ten."""
    while (text := make()) is None:
        pass
    return text


def _date(rng: Random, order: str) -> str:
    parts = {"y": f"{rng.randint(40, 99)}", "m": f"{rng.randint(1, 12):02d}", "d": f"{rng.randint(1, 28):02d}"}
    return "".join(parts[letter] for letter in order)


def ssn(rng: Random) -> Value:
    """US, SSA: area not 000, 666 or 9xx; with dashes it is plain, without only by its name."""
    area, group, serial = (
        rng.choice((123, 219, 345, 415, 512, 640, 701, 765, 889)),
        rng.randint(1, 99),
        rng.randint(1, 9999),
    )
    dashed = rng.random() < 0.7
    text = f"{area:03d}-{group:02d}-{serial:04d}" if dashed else f"{area:03d}{group:02d}{serial:04d}"
    return Value(text, "ssn", NAMES["ssn"], dashed)


def _cpf(rng: Random) -> tuple[str, str, bool]:
    digits = check_digits.cpf(fill("{d:9}", rng))
    dotted = rng.random() < 0.7
    return (f"{digits[:3]}.{digits[3:6]}.{digits[6:9]}-{digits[9:]}" if dotted else digits), "cpf", dotted


def _dni(rng: Random) -> tuple[str, str, bool]:
    number = check_digits.dni(rng.choice((fill("{d:8}", rng), rng.choice("XYZ") + fill("{d:7}", rng))))
    return number, ("nie" if number[0] in "XYZ" else "dni"), False


def _codice_fiscale(rng: Random) -> tuple[str, str, bool]:
    consonants = "BCDFGLMNPRSTVZ"
    body = (
        "".join(rng.choices(consonants, k=6))
        + f"{rng.randint(40, 99)}{rng.choice('ABCDEHLMPRST')}{rng.randint(1, 28):02d}"
    )
    return check_digits.codice_fiscale(f"{body}{rng.choice('AFHL')}{fill('{d:3}', rng)}"), "codice fiscale", True


def _nino(rng: Random) -> tuple[str, str, bool]:
    text = fill(rng.choice(("{d:6}", "{d:2} {d:2} {d:2}")), rng)
    spaced = " " in text
    prefix, suffix = rng.choice(("AB", "JG", "SX", "PW", "CE", "LH")), rng.choice("ABCD")
    return (f"{prefix} {text} {suffix}" if spaced else f"{prefix}{text}{suffix}"), "national insurance number", spaced


def _nir(rng: Random) -> tuple[str, str, bool]:
    born = f"{rng.randint(1, 2)}{_date(rng, 'ym')}"
    body = f"{born}{rng.randint(1, 19):02d}{rng.randint(1, 400):03d}{rng.randint(1, 400):03d}"
    return check_digits.nir(body), "nir", False


def _aadhaar(rng: Random) -> tuple[str, str, bool]:
    digits = check_digits.verhoeff(f"{rng.randint(2, 9)}{fill('{d:10}', rng)}")
    spaced = rng.random() < 0.5
    return (f"{digits[:4]} {digits[4:8]} {digits[8:]}" if spaced else digits), "aadhaar number", spaced


def _ahv(rng: Random) -> tuple[str, str, bool]:
    digits = check_digits.ean("756" + fill("{d:9}", rng))
    return f"{digits[:3]}.{digits[3:7]}.{digits[7:11]}.{digits[11:]}", "ahv number", True


def _sin(rng: Random) -> tuple[str, str, bool]:
    digits = check_digits.luhn(f"{rng.randint(1, 7)}{fill('{d:7}', rng)}")
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}", "social insurance number", False


def _steuer_id(rng: Random) -> tuple[str, str, bool]:
    # Of the first ten digits one occurs twice, one not at all, and the first is not 0 (BZSt).
    digits = rng.sample("123456789", 9)
    digits.insert(rng.randint(1, 9), rng.choice(digits))
    return check_digits.steuer_id("".join(digits)), "steuer id", False


def _personnummer(rng: Random) -> tuple[str, str, bool]:
    digits = check_digits.luhn(_date(rng, "ymd") + fill("{d:3}", rng))
    return f"19{digits[:6]}-{digits[6:]}", "personnummer", False


def _curp(rng: Random) -> tuple[str, str, bool]:
    consonants = "BCDFGHJKLMNPQRSTVWXYZ"
    head = rng.choice(consonants) + rng.choice("AEIOU") + "".join(rng.choices(consonants, k=2))
    tail = "".join(rng.choices(consonants, k=3))
    state = rng.choice(("DF", "JC", "NL"))
    return check_digits.curp(f"{head}{_date(rng, 'ymd')}{rng.choice('HM')}{state}{tail}0"), "curp", True


def _rut(rng: Random) -> tuple[str, str, bool]:
    number = check_digits.rut(str(rng.randint(5_000_000, 25_999_999)))
    return f"{int(number[:-1]):,}".replace(",", ".") + "-" + number[-1], "rut", False


def _resident_id(rng: Random) -> tuple[str, str, bool]:
    place = rng.choice(("110105", "310115", "440305"))
    return check_digits.resident_id(f"{place}19{_date(rng, 'ymd')}{fill('{d:3}', rng)}"), "id card", True


def _tfn(rng: Random) -> tuple[str, str, bool]:
    return _until(lambda: check_digits.tfn(f"{rng.randint(1, 9)}{fill('{d:7}', rng)}")), "tax file number", False


_STATES: tuple[Callable[[Random], tuple[str, str, bool]], ...] = (
    _cpf, _cpf, _dni, _codice_fiscale, _nino, _nir, _aadhaar, _ahv, _sin, _steuer_id, _personnummer,
    _curp, _rut, _resident_id,
    lambda rng: (_until(lambda: check_digits.bsn(fill("{d:8}", rng))), "bsn", False),
    lambda rng: (check_digits.pesel(_date(rng, "ymd") + fill("{d:4}", rng)), "pesel", False),
    lambda rng: (_until(lambda: check_digits.nhs("4" + fill("{d:8}", rng))), "nhs number", False),
    lambda rng: (check_digits.hetu(_date(rng, "dmy"), "-", f"{rng.randint(2, 899):03d}"), "henkilotunnus", True),
    _tfn,
)  # fmt: skip
_TAX = frozenset({"cpf", "steuer id", "rut", "tax file number", "codice fiscale"})


def national_id(rng: Random) -> Value:
    """A person's number in one of nineteen countries, under its own name or a general one."""
    text, name, alone = rng.choice(_STATES)(rng)
    names = (name, name, *(("tax id", "tax number") if name in _TAX else NAMES["national_id"]))
    return Value(text, "tax_id" if name in _TAX else "national_id", names, alone)


_IBAN = dict(keyed("iban.txt"))
"""Country -> structure of the account part: SWIFT IBAN registry."""


def iban(rng: Random) -> Value:
    """ISO 13616, of 26 countries; bare or in the printed groups of four."""
    country = rng.choice(tuple(_IBAN))
    text = check_digits.iban(country, fill(_IBAN[country], rng))
    if rng.random() < 0.3:
        text = " ".join(text[at : at + 4] for at in range(0, len(text), 4))
    return Value(text, "iban", NAMES["iban"], alone=True)


def account(rng: Random) -> Value:
    """Account, routing and sort codes: digits that their names tell."""
    form = rng.choice(("account_number", "account_number", "account_number", "routing_number", "sort_code"))
    text = {
        "account_number": fill(rng.choice(("{d:8}", "{d:10}", "000{d:9}")), rng),
        "routing_number": check_digits.aba(fill("0{d:7}", rng)),
        "sort_code": fill("{d:2}-{d:2}-{d:2}", rng),
    }[form]
    return Value(text, "account_number", NAMES[form])


ALL: tuple[Callable[[Random], Value], ...] = (ssn, national_id, national_id, national_id, iban, iban, account)
