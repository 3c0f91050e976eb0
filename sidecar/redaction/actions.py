"""What takes a value's place: a marker, a part of the value, a keyed hash, or nothing."""

import hashlib
import re

from sidecar.redaction.kinds import CLASS_OF, MARKER, MARKERS, Class
from sidecar.redaction.rules import Action, Rules

_DIGIT = re.compile(r"\d")
_DIGITS_ONLY = frozenset({"card_number", "phone", "ssn", "account_number"})
"""Kinds that are written with and without separators: the same number gives the same hash."""

_PART = r"\*{4}\w{4}(?!\w)|(?<!\w)\w\*{3}(?:@[\w.\-]+)?|(?:\d{1,3}\.){3}\*"
_MARKER_OR_PART = re.compile(f"{MARKER.pattern}|{_PART}")
"""``[REDACTED:kind]``, ``****4242``, ``j***@example.com``, ``J***``, ``203.0.113.*``."""

_HASH_BYTES = 8
"""64 bits: no chance meeting among a million values (birthday bound 3e-8), and too short to be a key of anything."""


class Actions:
    """Replaces values by the rules of one route."""

    __slots__ = ("_key", "_key_id", "_rules", "_sign", "kept", "left", "marks")

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._key = rules.hash_key[:64]  # the longest key of blake2b (RFC 7693 2.1)
        self._key_id = rules.hash_id
        masked = {kind: mark for kind, mark in MARKERS.items() if rules.action_for(kind) is Action.MASK}
        # Kind -> marker, for kinds that are simply masked: the usual case, and one look-up.
        self.marks: dict[str, str] = masked
        self.kept = frozenset(kind for kind in CLASS_OF if rules.action_for(kind) is Action.KEEP)
        in_parts = Action.PARTIAL in {rules.action_for(kind) for kind in CLASS_OF}
        # What replacing leaves behind, and what every such text holds.
        self.left = _MARKER_OR_PART if in_parts else MARKER
        self._sign = "***" if in_parts else "[REDACTED:"

    def replace(self, kind: str, value: str, action: Action | None = None) -> str | None:
        """What stands for a value of a kind; None: nothing does, its name goes too. ``action``: not the kind's own."""
        if action is None:
            mark = self.marks.get(kind)
            if mark is not None:
                return mark
            action = self._rules.action_for(kind)
        if action is Action.KEEP:
            return value
        if action is Action.DROP:
            return None
        if action is Action.HASH and self._key:
            return f"[REDACTED:{kind}:{self._hash(kind, value)}]"
        if action is Action.PARTIAL:
            part = partial(kind, value)
            if part is not None:
                return part
        return MARKERS.get(kind) or f"[REDACTED:{kind}]"

    def may_be_left(self, text: str) -> bool:
        """Whether ``left`` may match in a text."""
        return "[REDACTED:" in text or self._sign in text

    def _hash(self, kind: str, value: str) -> str:
        """Keyed BLAKE2b (RFC 7693) over kind and value; the id of the key stands before it."""
        plain = "".join(_DIGIT.findall(value)) if kind in _DIGITS_ONLY else value.strip().casefold()
        told = f"{kind}\0{plain}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(told, digest_size=_HASH_BYTES, key=self._key).hexdigest()
        return f"{self._key_id}-{digest}" if self._key_id else digest


def partial(kind: str, value: str) -> str | None:
    """What may be shown of a value; None where a part would say too much.

    Of a card its last four digits (PCI DSS 3.4.1 allows the first six as well), of an account or a telephone the last
    four, of an e-mail address the first character and the domain, of an IP address its network, of a name the initial.
    A partial value stays as it is when it is redacted again.
    """
    if kind == "email":
        local, at, domain = value.rpartition("@")
        return f"{local[:1]}***@{domain}" if at and local and domain else None
    if kind in ("card_number", "phone", "ssn", "iban", "account_number"):
        tail = "".join(char for char in value if char.isalnum())[-4:]
        return f"****{tail}" if len(value) >= 8 and len(tail) == 4 else None
    if kind == "ip" and value.count(".") == 3:
        return f"{value.rpartition('.')[0]}.*"
    if kind == "name" and CLASS_OF[kind] is Class.PERSONAL:
        return f"{value.strip()[:1]}***" if value.strip() else None
    return None
