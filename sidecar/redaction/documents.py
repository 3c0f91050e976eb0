"""Travel documents and driving licences: machine-readable lines by their check digits, numbers after their word."""

import re
from collections.abc import Iterator

from sidecar.redaction.context import any_of, lowered, outside_markers, word_trigger
from sidecar.redaction.family import Family, Span

_LINE = re.compile(r"[0-9A-Z](?<![0-9A-Za-z<].)[0-9A-Z<]{29}(?:[0-9A-Z<]{6}(?:[0-9A-Z<]{8})?)?(?![0-9A-Za-z<])")
"""A line of 30 (cards, TD1), 36 (TD2) or 44 characters (passports, TD3) (ICAO 9303 parts 4 to 6)."""
_NAMES = re.compile(r"(?:[PVIAC][A-Z<][A-Z<]{3})?[A-Z]+(?:<[A-Z]+)*<<[A-Z<]+")
_DATED = {44: (13, 21), 36: (13, 21), 30: (0, 8)}
"""Where the date of birth and the date of expiry stand, by the length of the line; a check digit follows each."""

_PASSPORT = "passport|reisepass|passeport|pasaporte|passaporto|paspoort"
_PASSPORTS = frozenset(_PASSPORT.split("|"))
_LICENCE = (
    "driver license|driver licence|drivers license|drivers licence|driver's license|driver's licence|driving license|"
    "driving licence|dl number|dl no|dl#|führerschein|fuehrerschein|permis de conduire|licencia de conducir|"
    "patente di guida|rijbewijs"
)
_TOLD = re.compile(
    rf"(?<![a-z0-9_])(?P<word>{any_of(_PASSPORT + '|' + _LICENCE)})(?![a-z])"
    r"(?:[^0-9a-z\n]{0,3}(?:number|numbers|no|nr|num|nummer|numero|número|numéro|is|was|id|card|book|of|the|for|n°)"
    r"(?![a-z])){0,3}[^0-9a-z\n]{0,4}"
    r"(?P<number>(?=[a-z]{0,8}[0-9])[0-9a-z]{2,20}+(?:-[0-9a-z]{1,10}+){0,4}+)(?![0-9a-z:])"
)
_DATE = re.compile(r"(?:19|20)[0-9]{2}-?[01][0-9]-?[0-3][0-9]|[0-9]{1,2}-[0-9]{1,2}-(?:19|20)[0-9]{2}")


def _find(text: str, key: str) -> Iterator[Span]:  # noqa: ARG001 - lines and words tell by themselves
    if "<" in text:
        for match in _LINE.finditer(text):
            if _machine_readable(match[0]):
                yield (*match.span(), "passport" if match.end() - match.start() == 44 else "national_id")
    for match in _TOLD.finditer(lowered(text)):
        kind = "passport" if match["word"] in _PASSPORTS else "licence"
        number = match["number"]
        plain = number.replace("-", "")
        most = 9 if kind == "passport" else 20
        if 6 <= len(plain) <= most and sum(map(str.isdigit, plain)) >= 4 and _DATE.fullmatch(number) is None:
            yield (*match.span("number"), kind)


def _machine_readable(line: str) -> bool:
    """A line of names, or one whose dates have the right check digits."""
    birth, expiry = _DATED[len(line)]
    if _checked(line[birth : birth + 6], line[birth + 6]) and _checked(line[expiry : expiry + 6], line[expiry + 6]):
        return True
    if len(line) == 30 and line[0] in "IAC" and _checked(line[5:14], line[14]):
        return True
    return line.endswith("<") and _NAMES.fullmatch(line) is not None


def _checked(field: str, check: str) -> bool:
    """Weights 7, 3, 1 modulo 10; letters count from 10, fillers nothing (ICAO 9303-3 4.9)."""
    values = [0 if sign == "<" else int(sign, 36) for sign in field]
    total = sum(value * (7, 3, 1)[place % 3] for place, value in enumerate(values))
    return check == str(total % 10) and field.strip("<") != ""


DOCUMENT_FAMILY = Family(
    "travel document",
    rf"\b[0-9A-Z][0-9A-Z<]{{29}}|{word_trigger(_PASSPORT + '|' + _LICENCE)}",
    outside_markers(_find),
)
"""``find`` tells ``passport``, ``national_id`` (machine-readable cards) and ``licence``."""
