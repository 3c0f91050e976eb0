"""Keys of vendors, as the vendors' documentation and account pages show them.

``data/vendors.txt`` has one a line: vendor, kind, the names it is found under (most usual first), its shapes. ``*``
after the vendor says that only the name tells (32 hexadecimal digits are anything); ``?`` that the shape is shared with
other things, so that the name must help.
"""

from random import Random

from tests.redaction.labels import Value
from tests.redaction.shapes import fill
from tests.redaction.tables import lines

_Row = tuple[str, str, tuple[str, ...], tuple[str, ...]]


def _row(line: str) -> _Row:
    vendor, kind, names, shapes = line.split(" | ")
    return vendor, kind, tuple(names.split("; ")), tuple(shapes.split(" ; "))


_ROWS = [_row(line) for line in lines("vendors.txt")]
_SHAPED = [row for row in _ROWS if row[0][-1] != "*"]
_NAMED = [row for row in _ROWS if row[0][-1] == "*"]

VENDORS = frozenset(row[0].rstrip("*?") for row in _ROWS)


def _make(row: _Row, rng: Random) -> Value:
    vendor, kind, names, shapes = row
    return Value(fill(rng.choice(shapes), rng), kind, names, vendor[-1] not in "*?", vendor.rstrip("*?"))


def shaped(rng: Random) -> Value:
    """A key that its vendor made recognisable."""
    return _make(rng.choice(_SHAPED), rng)


def named(rng: Random) -> Value:
    """A key that only its name tells."""
    return _make(rng.choice(_NAMED), rng)


def of_every_vendor(rng: Random) -> list[Value]:
    """One recognisable key of every row."""
    return [_make(row, rng) for row in _SHAPED]
