"""Personal data (T1), each kind in the forms that its standard and its country give it."""

import datetime as dt
from collections.abc import Callable
from random import Random

from tests.redaction.labels import Value
from tests.redaction.shapes import fill
from tests.redaction.tables import NAMES, PEOPLE


def email(rng: Random) -> Value:
    """RFC 5321 mailboxes: dots, plus tags, digits; hosts of many top-level domains, also in capitals."""
    tag = fill(rng.choice(("", "{d:2}", "+{l:5}", "_{la:4}", "-x")), rng)
    text = f"{rng.choice(PEOPLE['mail_word'])}{tag}@{rng.choice(PEOPLE['mail_host'])}"
    return Value(text.upper() if rng.random() < 0.05 else text, "email", NAMES["email"], alone=True)


_AREAS = ("212", "415", "310", "617", "702", "305")


def phone(rng: Random) -> Value:
    """E.164 and its spaced forms, and punctuated NANP numbers anywhere; other national forms (E.123) under a name."""
    form = rng.choice(("e164", "e164", "e164", "nanp", "national_phone"))
    shape = rng.choice(PEOPLE[form]).replace("{n}", rng.choice(_AREAS)).replace("{e}", str(rng.randint(230, 989)))
    alone = form == "e164" or (form == "nanp" and "." not in shape)
    return Value(fill(shape, rng), "phone", NAMES["phone"], alone)


def birth(rng: Random) -> Value:
    """A date of birth in the forms that APIs and people write."""
    day = dt.date(1930, 1, 1) + dt.timedelta(days=rng.randint(0, 27000))
    return Value(day.strftime(rng.choice(PEOPLE["birth"])), "date_of_birth", NAMES["date_of_birth"])


_FIRST_OCTETS = (1, 8, 13, 23, 31, 45, 52, 62, 77, 81, 93, 104, 128, 142, 151, 176, 185, 193, 212, 217)


def ip(rng: Random) -> Value:
    """A public address: IPv4, or IPv6 in the forms of RFC 5952."""
    if rng.random() < 0.7:
        rest = (rng.randint(16, 254), rng.randint(1, 254), rng.randint(1, 254))
        return Value(".".join(map(str, (rng.choice(_FIRST_OCTETS), *rest))), "ip", NAMES["ip"], alone=True)
    # RFC 5952 section 4.1: no leading zeros in a group.
    text = ":".join(group.lstrip("0") or group[:1] for group in fill(rng.choice(PEOPLE["ipv6"]), rng).split(":"))
    return Value(text, "ip", NAMES["ip"], alone=True)


def person(rng: Random) -> Value:
    """A person's name under a key that says so."""
    given, family = rng.choice(PEOPLE["given"]), rng.choice(PEOPLE["family"])
    text, names = rng.choice(((given, "first_name"), (family, "last_name"), (f"{given} {family}", "name")))
    return Value(text, "name", NAMES[names])


def street(rng: Random) -> Value:
    """The line of an address that tells the house."""
    return Value(fill(rng.choice(PEOPLE["street"]), rng), "street", NAMES["street"])


def passport(rng: Random) -> Value:
    """ICAO 9303: up to nine letters and digits; each country has its own form."""
    return Value(fill(rng.choice(PEOPLE["passport"]), rng), "passport", NAMES["passport"])


def licence(rng: Random) -> Value:
    """A driving licence's number; its form differs by country and state."""
    return Value(fill(rng.choice(PEOPLE["licence"]), rng), "licence", NAMES["licence"])


def medical(rng: Random) -> Value:
    """Numbers of patients and health cards."""
    return Value(fill(rng.choice(PEOPLE["medical_id"]), rng), "medical_id", NAMES["medical_id"])


ALL: tuple[Callable[[Random], Value], ...] = (
    email, email, phone, phone, birth, ip, person, person, street, passport, licence, medical,
)  # fmt: skip
