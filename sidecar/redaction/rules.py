"""What to do with what is found: the rules of one route, as the configuration's ``redaction`` key gives them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from sidecar.redaction.kinds import CLASS_OF, Class


class Action(StrEnum):
    """What happens to a value."""

    MASK = "mask"
    """``[REDACTED:kind]`` in its place."""
    PARTIAL = "partial"
    """The last four digits of a card, ``j***@example.com``: enough to recognise, too little to use."""
    HASH = "hash"
    """``[REDACTED:kind:id-hash]``, keyed: the same value gives the same hash, so that calls can be correlated."""
    DROP = "drop"
    """Taken out with its name."""
    KEEP = "keep"
    """Left as it is."""


_CLASSES = MappingProxyType({Class.SECRET: Action.MASK, Class.PERSONAL: Action.MASK, Class.DETAIL: Action.KEEP})
_NONE: Mapping[str, Action] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one route.

    ``allow_list``: only what ``keys`` and ``pointers`` keep stays; of everything else type and length are told.
    ``classes``, ``kinds``: what happens to a class, and to one kind. ``keys``: names (as written) with an action of
    their own. ``pointers``: the same for JSON Pointers (RFC 6901), ``*`` standing for any one step. ``patterns``: kind
    -> RE2 pattern of values. ``hash_key`` and ``hash_id``: the key of ``hash`` and the name it goes by, so that it can
    be changed; without a key, what should be hashed is masked.
    """

    allow_list: bool = False
    classes: Mapping[Class, Action] = field(default_factory=lambda: _CLASSES)
    kinds: Mapping[str, Action] = field(default_factory=lambda: _NONE)
    keys: Mapping[str, Action] = field(default_factory=lambda: _NONE)
    pointers: Mapping[str, Action] = field(default_factory=lambda: _NONE)
    patterns: Mapping[str, str] = field(default_factory=dict)
    hash_key: bytes = b""
    hash_id: str = ""

    def action_for(self, kind: str) -> Action:
        """What happens to a kind; one that the configuration made up is personal data."""
        return self.kinds.get(kind) or self.classes[CLASS_OF.get(kind, Class.PERSONAL)]
