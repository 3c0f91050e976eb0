"""Header fields as they came, with a fast look-up by name.

Fields are kept as bytes in their order and spelling, because a proxy passes on what it was given. Names are
lower-cased once per spelling, in a bounded cache: a request carries few names, and always the same ones.
"""

from collections.abc import Iterable

Field = tuple[bytes, bytes, bytes]
"""Lower-case name, name as spelled, value."""

_CACHE_ENTRIES = 4096
_CACHE_NAME_BYTES = 64
_CACHE_SHAPES = 1024
_CACHE_SHAPE_BYTES = 2048
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


SPECIAL = frozenset({b"transfer-encoding", b"upgrade", b"te"})
"""Fields that change how a message is read or passed on."""


class Shape:
    """The names of a head's fields in their order, each of them once; and what follows from the names alone.

    One object per sequence of names: an app and a provider send the same names over and over, with other values.
    What depends on the names (which fields are dropped, how a head is put together) is worked out once for a shape.
    ``lowers``: the lower-case names. ``special``: there is one of ``SPECIAL``.
    """

    __slots__ = ("lowers", "names", "special")

    def __init__(self, names: tuple[bytes, ...], lowers: tuple[bytes, ...]) -> None:
        self.names = names
        self.lowers = lowers
        self.special = not SPECIAL.isdisjoint(lowers)


SHAPES: dict[bytes, Shape] = {}
"""Names as spelled, joined by colons, which stand in no name -> shape. A tuple of names takes 0.4 us to look up."""


def shape_of(names: tuple[bytes, ...]) -> Shape | None:
    """The shape of these names; None where a name is repeated in another spelling, and for what is not kept.

    Bounded like the names, since they come from strangers; what does not fit is read without a shape.
    """
    key = b":".join(names)
    known = SHAPES.get(key)
    if known is not None:
        return known
    lowers = tuple([lower_name(name) for name in names])
    if len(set(lowers)) != len(names) or len(SHAPES) >= _CACHE_SHAPES or len(key) > _CACHE_SHAPE_BYTES:
        return None
    return SHAPES.setdefault(key, Shape(names, lowers))


class Headers:
    """An ordered list of fields and an index of them.

    ``fields``: every field, in order. ``index``: lower-case name -> value; the values of a repeated name are
    joined by ``", "`` (RFC 9110 5.3), so a repeated singleton shows as an invalid value. ``shape``: what is known of
    the names, while the fields are as they were read. ``block``: their lines as they came, with CRLF between them, if
    at hand.
    """

    __slots__ = ("_fields", "block", "index", "shape")

    def __init__(
        self, fields: list[Field] | None = None, index: dict[bytes, bytes] | None = None, shape: Shape | None = None
    ) -> None:
        self._fields: list[Field] | None = [] if fields is None and shape is None else fields
        self.index: dict[bytes, bytes] = {} if index is None else index
        self.shape = shape
        self.block = b""

    @property
    def fields(self) -> list[Field]:
        """Every field in order: lower-case name, name as spelled, value."""
        fields = self._fields
        if fields is None:
            # Made on demand: most messages are passed on without a look at the list.
            assert self.shape is not None
            fields = self._fields = list(zip(self.shape.lowers, self.shape.names, self.index.values(), strict=True))
        return fields

    def _unshape(self) -> list[Field]:
        """The fields, which are about to change."""
        fields = self.fields
        self.shape = None
        self.block = b""
        return fields

    @classmethod
    def of(cls, pairs: Iterable[tuple[bytes, bytes]]) -> "Headers":
        """Build from (name, value) pairs."""
        headers = cls()
        for name, value in pairs:
            headers.add(name, value)
        return headers

    def add(self, name: bytes, value: bytes) -> None:
        """Append one field."""
        lower = lower_name(name)
        self._unshape().append((lower, name, value))
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
        if lower in self.index:
            self._fields = [field for field in self._unshape() if field[0] != lower]
            del self.index[lower]

    def set(self, name: bytes, value: bytes) -> None:
        """Replace a field where it first stood, or append it."""
        lower = lower_name(name)
        if lower not in self.index:
            self.add(name, value)
            return
        fresh: list[Field] = []
        placed = False
        for field in self._unshape():
            if field[0] != lower:
                fresh.append(field)
            elif not placed:
                fresh.append((lower, name, value))
                placed = True
        self._fields = fresh
        self.index[lower] = value

    def pairs(self) -> list[tuple[bytes, bytes]]:
        """(name, value) of every field, in order."""
        return [(field[1], field[2]) for field in self.fields]

    def __repr__(self) -> str:
        """Names only: values may be secret."""
        return f"<Headers {[field[1].decode('latin-1') for field in self.fields]}>"
