"""Header fields as they came, with a fast look-up by name.

Fields are kept as bytes in their order and spelling, because a proxy passes on what it was given. Names are
lower-cased once per spelling, in a bounded cache: a request carries few names, and always the same ones.
"""

from collections.abc import Iterable

Field = tuple[bytes, bytes, bytes]
"""Lower-case name, name as spelled, value."""

_CACHE_ENTRIES = 4096
_CACHE_NAME_BYTES = 64
LOWER_NAMES: dict[bytes, bytes] = {}

OWN = b"sidecar-*"
"""Stands for every ``Sidecar-`` name that has no meaning: dropped on the way to the provider."""

OWN_NAMES = frozenset(
    {b"sidecar-timeout", b"sidecar-fault", b"sidecar-request-id", b"sidecar-attempts", b"sidecar-outcome"}
)


def lower_name(name: bytes) -> bytes:
    """The lower-case form of a field name; one shared object per name.

    The cache is bounded by entries and by name length, since names come from strangers.
    """
    known = LOWER_NAMES.get(name)
    if known is not None:
        return known
    lower = name.lower()
    if lower.startswith(b"sidecar-") and lower not in OWN_NAMES:
        lower = OWN
    if len(name) <= _CACHE_NAME_BYTES and len(LOWER_NAMES) < _CACHE_ENTRIES:
        lower = LOWER_NAMES.setdefault(lower, lower)
        LOWER_NAMES[name] = lower
        return lower
    return LOWER_NAMES.get(lower, lower)


def index_of(fields: list[Field]) -> dict[bytes, bytes]:
    """Lower-case name -> value; the values of a repeated name joined by ``", "`` (RFC 9110 5.3)."""
    index = {lower: value for lower, _, value in fields}
    if len(index) != len(fields):
        index = {}
        for lower, _, value in fields:
            index[lower] = index[lower] + b", " + value if lower in index else value
    return index


class Headers:
    """An ordered list of fields and an index of them.

    ``fields``: every field, in order. ``index``: lower-case name -> value; the values of a repeated name are
    joined by ``", "`` (RFC 9110 5.3), so a repeated singleton shows as an invalid value. ``block``: the lines as they
    came, each with CRLF, when they are at hand and unchanged; else empty.
    """

    __slots__ = ("block", "fields", "index")

    def __init__(self, fields: list[Field] | None = None, index: dict[bytes, bytes] | None = None) -> None:
        self.fields: list[Field] = [] if fields is None else fields
        self.index: dict[bytes, bytes] = {} if index is None else index
        self.block = b""

    @classmethod
    def of(cls, pairs: Iterable[tuple[bytes, bytes]]) -> "Headers":
        """Build from (name, value) pairs."""
        headers = cls()
        for name, value in pairs:
            headers.add(name, value)
        return headers

    def add(self, name: bytes, value: bytes) -> None:
        """Append one field."""
        self.block = b""
        lower = lower_name(name)
        self.fields.append((lower, name, value))
        index = self.index
        before = index.get(lower)
        index[lower] = value if before is None else before + b", " + value

    def get(self, lower: bytes) -> bytes | None:
        """The value of a field by its lower-case name, repeated ones joined; None when absent."""
        return self.index.get(lower)

    def all(self, lower: bytes) -> list[bytes]:
        """Every value of a field, in order."""
        return [field[2] for field in self.fields if field[0] == lower]

    def remove(self, lower: bytes) -> None:
        """Drop every field of that lower-case name."""
        if self.index.pop(lower, None) is not None:
            self.block = b""
            self.fields = [field for field in self.fields if field[0] != lower]

    def set(self, name: bytes, value: bytes) -> None:
        """Replace a field where it first stood, or append it."""
        self.block = b""
        lower = lower_name(name)
        if lower not in self.index:
            self.add(name, value)
            return
        fresh: list[Field] = []
        placed = False
        for field in self.fields:
            if field[0] != lower:
                fresh.append(field)
            elif not placed:
                fresh.append((lower, name, value))
                placed = True
        self.fields = fresh
        self.index[lower] = value

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """(name, value) of every field, in order."""
        return [(field[1], field[2]) for field in self.fields]

    def __repr__(self) -> str:
        """Names only: values may be secret."""
        return f"<Headers {[field[1].decode('latin-1') for field in self.fields]}>"
