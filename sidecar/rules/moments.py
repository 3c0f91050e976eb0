"""Times as providers write them: a number, a duration such as ``6m0s``, or a date. Read as generously as they are sent.

A number is told apart by its size: below 1e8 it is seconds from now; from there on it is a time since 1970, in seconds
below 1e11, in milliseconds below 1e14, in microseconds below 1e17, else in nanoseconds. (1e8 s is a wait of three
years, or March 1973.) What cannot be read is None; nothing here raises.
"""

import re
from datetime import UTC, datetime
from functools import lru_cache

LONGEST = float(2**31)
"""Seconds that stand for everything longer, 68 years: more than any deadline (RFC 9111 1.2.2)."""

_EPOCH_FORMS = ((1e11, 1.0), (1e14, 1e-3), (1e17, 1e-6), (1e20, 1e-9))
"""Times since 1970 below the first number are in units of so many seconds."""
_FIRST_EPOCH = 1e8

_NUMBER = re.compile(rb"[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
_DURATION = re.compile(rb"(?:[0-9]++(?:\.[0-9]*+)?(?:ns|us|\xc2\xb5s|ms|s|m|h|d))+")
_DURATION_PART = re.compile(rb"([0-9.]+)(ns|us|\xc2\xb5s|ms|s|m|h|d)")
_UNITS = {
    b"ns": 1e-9, b"us": 1e-6, b"\xc2\xb5s": 1e-6, b"ms": 1e-3, b"s": 1.0, b"m": 60.0, b"h": 3600.0, b"d": 86400.0,
}  # fmt: skip
_ISO_CHARACTERS = 40

_MONTHS = (b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec")
_CLOCK = rb"(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})"
_MONTH = rb"(?P<month>" + b"|".join(_MONTHS) + rb")"
# IMF-fixdate, RFC 850 and asctime (RFC 9110 5.6.7). The name of the day says nothing new and is not looked at.
_HTTP_DATES = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rb"(?P<day>[0-9]{2}) " + _MONTH + rb" (?P<year>[0-9]{4}) " + _CLOCK + rb" (?:GMT|UTC)",
        rb"(?P<day>[0-9]{2})-" + _MONTH + rb"-(?P<year>[0-9]{2}) " + _CLOCK + rb" (?:GMT|UTC)",
        _MONTH + rb" (?P<day>[ 0-9][0-9]) " + _CLOCK + rb" (?P<year>[0-9]{4})",
    )
)


def number(value: bytes) -> float | None:
    """A number that is not negative. ``1e-05`` is one: some languages write small fractions so."""
    return float(value) if value.isdigit() or _NUMBER.fullmatch(value) else None


def seconds_until(value: bytes, wall: float, date: bytes | None) -> float | None:
    """How long it is until the moment, or how long the time, that ``value`` tells: 0 to ``LONGEST`` seconds.

    Of several values, in a field that came repeatedly, the longest. ``wall``: Unix seconds now. ``date``: the answer's
    own ``Date``, the provider's clock, against which dates are read when there is one: ours may be wrong. It has no
    fractions, so that the wait is never too short, and less than a second too long.
    """
    if len(value) < 9 and value.isdigit():
        return float(value)
    if not value[:1].isdigit():
        found = _http_dates(value, wall)
        return _left(max(found), wall, date) if found else None
    if b"," not in value:
        return _one(value, wall, date)
    waits = [wait for part in value.split(b",") if (wait := _one(part.strip(), wall, date)) is not None]
    return max(waits, default=None)


def _one(value: bytes, wall: float, date: bytes | None) -> float | None:
    found = number(value)
    if found is not None:
        if found < _FIRST_EPOCH:
            return found
        scale = next((scale for below, scale in _EPOCH_FORMS if found < below), None)
        return LONGEST if scale is None else _left(found * scale, wall, date)
    if _DURATION.fullmatch(value):
        parts = _DURATION_PART.findall(value)
        return min(LONGEST, sum(float(amount) * _UNITS[unit] for amount, unit in parts))
    moment = _iso(value)
    return None if moment is None else _left(moment, wall, date)


def _left(moment: float, wall: float, date: bytes | None) -> float:
    """Seconds from now, by the provider's clock when we know it."""
    now = _provider_time(date) if date is not None else None
    return min(LONGEST, max(0.0, moment - (wall if now is None else now)))


@lru_cache(maxsize=64)
def _provider_time(date: bytes) -> float | None:
    """Unix seconds of a ``Date``: read once a second, not once an answer. A sender writes no other form than this."""
    match = _HTTP_DATES[0].search(date)
    return None if match is None else _unix(match, int(match["year"]))


def _http_dates(value: bytes, wall: float) -> list[float]:
    """Unix seconds of every HTTP-date in ``value``."""
    found = []
    for form in _HTTP_DATES:
        for match in form.finditer(value):
            year = int(match["year"])
            moment = _unix(match, year if year > 99 else _whole_year(year, wall))
            if moment is not None:
                found.append(moment)
    return found


def _whole_year(year: int, wall: float) -> int:
    """The year of two digits that is at most 50 years ahead (RFC 9110 5.6.7)."""
    latest = datetime.fromtimestamp(wall, UTC).year + 50
    return latest - (latest - year) % 100


def _unix(match: re.Match[bytes], year: int) -> float | None:
    """Unix seconds; second 60 is a leap second (RFC 9110 5.6.7) and the first of the next minute."""
    month = _MONTHS.index(match["month"].lower()) + 1
    try:
        minute = datetime(year, month, int(match["day"]), int(match["hour"]), int(match["minute"]), tzinfo=UTC)
    except ValueError:
        return None
    second = int(match["second"])
    return minute.timestamp() + second if second <= 60 else None


def _iso(value: bytes) -> float | None:
    """Unix seconds of an ISO 8601 date (RFC 3339 is one); without an offset it is UTC."""
    if len(value) > _ISO_CHARACTERS:
        return None
    try:
        moment = datetime.fromisoformat(value.decode("latin-1").removesuffix("UTC").rstrip())
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
