"""Dates of birth in texts: a date, in any usual form, after a word such as ``born`` or ``DOB``."""

import re
from collections.abc import Iterator

from sidecar.redaction.checksums import month_and_day
from sidecar.redaction.context import any_of, lowered, outside_markers, word_trigger
from sidecar.redaction.family import Family, Span

_WORDS = (
    "dob|d.o.b|date of birth|birth date|birthdate|birthday|born|né|née|geboren|geburtsdatum|geburtstag|nacido|nacida|"
    "fecha de nacimiento|date de naissance|nato|nata|data di nascita|data de nascimento|nascido|nascida|geboortedatum|"
    "födelsedatum|fødselsdato|syntymäaika|data urodzenia|geb"
)
_MONTHS = (
    "jan(?:uary|uar|vier|uari)?|feb(?:ruary|ruar|ruari)?|février|mar(?:ch|s|zo)?|märz|apr(?:il)?|avril|ma[yij]|june?|juin|"
    "juni|july?|juillet|juli|aug(?:ust)?|août|sep(?:t|tember|tembre)?|oct(?:ober|obre)?|okt(?:ober)?|nov(?:ember|embre)?|"
    "de[cz](?:ember)?|décembre|enero|febrero|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre"
)
_YEAR = r"(?:18|19|20)[0-9]{2}"
_BORN = re.compile(
    rf"(?<![a-z0-9_])(?:{any_of(_WORDS)})(?![a-z])"
    r"(?:[^0-9a-z\n]{1,3}(?:on|the|is|was|am|le|el|il|em|den|of|in|patient|date)(?![a-z])){0,3}[^0-9a-z\n]{0,4}"
    rf"(?P<date>(?P<iso>{_YEAR}[\-/.][0-9]{{1,2}}[\-/.][0-9]{{1,2}})|(?P<day>[0-9]{{1,2}}[\-/. ][0-9]{{1,2}}[\-/. ]"
    rf"(?:{_YEAR}|[0-9]{{2}}))|(?P<digits>[0-9]{{8}})"
    rf"|[0-9]{{1,2}}(?:st|nd|rd|th|er|\.)?[ \-]?(?:of |de )?(?:{_MONTHS})\.?,?[ \-]?(?:de )?{_YEAR}"
    rf"|(?:{_MONTHS})\.? [0-9]{{1,2}}(?:st|nd|rd|th)?,? {_YEAR})(?![0-9])"
)
_DIGITS = re.compile("[0-9]{4}|[0-9]{2}[^0-9][0-9]{2}")


def _find(text: str, key: str) -> Iterator[Span]:  # noqa: ARG001 - the word before the date tells
    if _DIGITS.search(text) is None:
        return
    for match in _BORN.finditer(lowered(text)):
        if _is_date(match):
            yield (*match.span("date"), "date_of_birth")


def _is_date(match: re.Match[str]) -> bool:
    shown = match["date"]
    if match["digits"]:
        return month_and_day(shown[4:6], shown[6:]) or month_and_day(shown[2:4], shown[:2])
    if match["iso"] or match["day"]:
        first, second, third = (part.zfill(2) for part in re.split("[-/. ]", shown))
        if match["iso"]:
            return month_and_day(second, third)
        return month_and_day(first, second) or month_and_day(second, first)
    return True


BIRTH_FAMILY = Family("date of birth", word_trigger(_WORDS), outside_markers(_find))
"""``find`` tells dates as ``date_of_birth``."""
