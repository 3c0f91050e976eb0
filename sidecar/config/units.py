"""Which unit a setting has, and its value as people write it."""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, get_args

from pydantic.fields import FieldInfo

from sidecar.core import units
from sidecar.policies.settings import Duration, Fraction, Rate, Size


class Unit(Enum):
    """How a number is written."""

    NONE = auto()
    DURATION = auto()
    SIZE = auto()
    FRACTION = auto()
    RATE = auto()


_MARKS = (
    (Unit.DURATION, get_args(Duration)[1]),
    (Unit.SIZE, get_args(Size)[1]),
    (Unit.FRACTION, get_args(Fraction)[1]),
    (Unit.RATE, get_args(Rate)[1]),
)


def unit_of(field: FieldInfo) -> Unit:
    """The unit of a model's field, told by the annotated type it was made with."""
    optional = [mark for part in get_args(field.annotation) for mark in getattr(part, "__metadata__", ())]
    marks = [*field.metadata, *optional]
    return next((unit for unit, mark in _MARKS if mark in marks), Unit.NONE)


def unit_of_text(text: str) -> Unit:
    """The unit of a value as it was written: ``5s`` is a duration, ``64KiB`` a size, ``20%`` a fraction."""
    for unit, parse in (
        (Unit.DURATION, units.duration),
        (Unit.SIZE, units.size),
        (Unit.FRACTION, units.fraction),
        (Unit.RATE, units.rate),
    ):
        try:
            parse(text)
        except ValueError:
            continue
        return Unit.NONE if text.strip().replace(".", "", 1).isdigit() else unit
    return Unit.NONE


def show(value: Any, unit: Unit) -> str:
    """``10s`` for 10.0 of a duration, ``64KiB``, ``20%``; other values as YAML has them in one line.

    Where a value may also be a word (``200ms | p95``), only numbers have the unit.
    """
    if unit is not Unit.NONE and isinstance(value, int | float):
        return _SHOWN[unit](value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "null"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key}: {show(item, Unit.NONE)}' for key, item in value.items())}}}"
    if isinstance(value, list | tuple) and not isinstance(value, units.Rate):
        return f"[{', '.join(show(item, unit) for item in value)}]"
    return str(value)


_SHOWN: Mapping[Unit, Callable[[float], str]] = {
    Unit.DURATION: units.show_duration,
    Unit.SIZE: lambda value: units.show_size(int(value)),
    Unit.FRACTION: lambda value: f"{value * 100:g}%",
    Unit.RATE: str,
}
