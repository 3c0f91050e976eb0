"""What every group of value detectors offers: a cheap trigger for the gate, and an exact search."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

Span = tuple[int, int, str]
"""Where a value stands in a text (start, end; in characters), and its kind."""

Find = Callable[[str, str], Iterable[Span]]
"""``find(text, key)``: every value of a family in a decoded text; ``key`` is the nearest name, ``""`` if none.

Takes time in proportion to the text, whatever the text is. Spans of one family do not overlap.
"""


@dataclass(frozen=True, slots=True)
class Family:
    """One group of value detectors.

    ``trigger``: an RE2 pattern over UTF-8 that matches somewhere in every text in which ``find`` finds anything, and as
    seldom as may be elsewhere. The triggers of all families are one automaton, which reads a body once: what it does
    not hit is not searched.
    """

    name: str
    trigger: str
    find: Find
