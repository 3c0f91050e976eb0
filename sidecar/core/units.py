"""Durations, sizes, rates and percentages as people write them.

Used by the configuration and by the ``Sidecar-Timeout`` header. Every function raises ``ValueError`` with a
text that says what would have been right.
"""

import re
from typing import NamedTuple

_NUMBER = r"([0-9]{1,15}(?:\.[0-9]{1,15})?)"
"""ASCII digits, and never so many that the number would be infinite."""
_DURATION = re.compile(rf"{_NUMBER}(us|ms|s|m|h|d)")
_SIZE = re.compile(rf"{_NUMBER}\s?(B|KB|MB|GB|KiB|MiB|GiB)?")
_RATE = re.compile(rf"{_NUMBER}/(s|m|h|d)")
_PERCENT = re.compile(rf"{_NUMBER}\s?%")

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    None: 1, "B": 1, "KB": 1000, "MB": 1000**2, "GB": 1000**3, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3,
}  # fmt: skip


class Rate(NamedTuple):
    """So many events in so many seconds. The period is part of it: 60/m is not the quota that 1/s is."""

    events: float
    seconds: float

    def __str__(self) -> str:
        unit = next(name for name, seconds in _SECONDS.items() if seconds == self.seconds)
        return f"{self.events:g}/{unit}"


def duration(text: str) -> float:
    """Seconds of ``250ms``, ``1.5s``, ``2m``, ``1h30m``.

    Raises:
        ValueError: no unit, an unknown unit, or no number.
    """
    text = text.strip()
    total, at = 0.0, 0
    for part in _DURATION.finditer(text):
        if part.start() != at:
            break
        total += float(part[1]) * _SECONDS[part[2]]
        at = part.end()
    if at == 0 or at != len(text):
        if re.fullmatch(_NUMBER, text):
            msg = f"a duration needs a unit: {text}s or {text}ms?"
        else:
            msg = f"not a duration: {text!r}; write it like 250ms, 1.5s, 2m or 1h"
        raise ValueError(msg)
    return total


def size(text: str) -> int:
    """Bytes of ``64KiB``, ``10MB`` or ``512``.

    Raises:
        ValueError: an unknown unit or no number.
    """
    match = _SIZE.fullmatch(text.strip())
    if not match:
        msg = f"not a size: {text!r}; write it like 64KiB, 10MB or 512"
        raise ValueError(msg)
    return int(float(match[1]) * _BYTES[match[2]])


def rate(text: str) -> Rate:
    """``100/s``, ``1000/m``, ``50000/d``.

    Raises:
        ValueError: no period, or an unknown one.
    """
    match = _RATE.fullmatch(text.strip())
    if not match:
        msg = f"not a rate: {text!r}; write it like 100/s, 1000/m or 50000/d"
        raise ValueError(msg)
    return Rate(float(match[1]), _SECONDS[match[2]])


def fraction(text: str) -> float:
    """0.2 of ``20%`` or ``0.2``.

    Raises:
        ValueError: not a percentage, or outside 0 to 100 %.
    """
    text = text.strip()
    match = _PERCENT.fullmatch(text)
    if match:
        value = float(match[1]) / 100
    elif re.fullmatch(_NUMBER, text):
        value = float(text)
    else:
        msg = f"not a percentage: {text!r}; write it like 20% or 0.2"
        raise ValueError(msg)
    if not 0 <= value <= 1:
        msg = f"out of range: {text!r}; it must lie between 0% and 100%"
        raise ValueError(msg)
    return value


def show_duration(seconds: float) -> str:
    """The shortest of ``250ms``, ``1.5s``, ``2m``, ``1h`` that says the same."""
    for unit in ("d", "h", "m"):
        if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0:
            return f"{seconds / _SECONDS[unit]:g}{unit}"
    return f"{seconds:g}s" if seconds >= 1 or seconds == 0 else f"{seconds * 1000:g}ms"


def show_size(count: int) -> str:
    """The shortest of ``64KiB``, ``10MiB``, ``512`` that says the same."""
    for unit in ("GiB", "MiB", "KiB"):
        if count >= _BYTES[unit] and count % _BYTES[unit] == 0:
            return f"{count // _BYTES[unit]}{unit}"
    return str(count)
