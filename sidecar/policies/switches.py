"""The kill switches that people turn by hand: who did it, why, and until when."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kill:
    """Calls to a provider are switched off. ``until``: Unix seconds, None for no end; ``since``: Unix seconds."""

    reason: str
    who: str
    since: float
    until: float | None = None


class Switch:
    """One provider's switch. ``kill``: None while calls may pass."""

    __slots__ = ("kill",)

    def __init__(self) -> None:
        self.kill: Kill | None = None
