"""What redaction found in one exchange: how often of each kind, where, and which secrets to look for elsewhere."""

from typing import NamedTuple


class Place(NamedTuple):
    """One find, without its value: the kind, where it stood, and the rule that found it (``key``, ``detector``)."""

    kind: str
    place: str
    rule: str


class Found:
    """Collects over every part of one exchange: its headers, its target, its bodies, its error texts.

    ``counts``: kind -> values taken out. ``secrets``: value -> kind of the secrets seen under names that announce one;
    the same value is taken out wherever else it occurs in the exchange, as in an error message that echoes a token.
    ``runs``: of each secret what stands in every text that holds it, however it is written there.
    ``places``: every find, where somebody wants to know (``sidecar redact --explain``); else None. ``failures``: parts
    that could not be redacted, and were left out instead.
    """

    __slots__ = ("counts", "failures", "places", "runs", "secrets")

    def __init__(self, *, explain: bool = False) -> None:
        self.counts: dict[str, int] = {}
        self.secrets: dict[str, str] = {}
        self.runs: dict[str, str] = {}
        self.places: list[Place] | None = [] if explain else None
        self.failures = 0

    def count(self, kind: str) -> None:
        """One more value of a kind was taken out."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
