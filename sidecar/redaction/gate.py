r"""The gate: one pass of one automaton tells which families of values a body may hold; for most bodies, none.

RE2 runs in time proportional to the text, whatever the patterns. Its ``Set`` tells which of all patterns match, at
about 1.5 ns a byte, no matter how many they are. It says nothing both when nothing matches and when it gave up for
want of memory; a pattern that always matches (``\z``, as "" takes twice the time) tells the two apart.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import re2

from sidecar.redaction.family import Family, Span

_MEMORY = 8 << 20
"""Bytes that the automaton may take: states are made as texts need them, and forgotten when there are too many.

It never gave up with half of it. With 64 MiB a random text of 16 KiB takes 21 ms instead of 26, and the process 12 MiB
more.
"""


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return options


PARTING = "\x1e"
BETWEEN = f"\n{PARTING}\n"
"""What parts texts that are searched together: lines for a trigger, and a sign that no text holds."""
_PARTING = PARTING.encode()

Search = Callable[[Any, bytes, int, int], list[tuple[int, int]]]
"""``search(anchor, data, start, end)``: the span of the first match, and of its groups; -1 where there is none."""
_UNANCHORED = re2._re2.RE2.Anchor.UNANCHORED  # noqa: SLF001


class Gate:
    """The triggers of some families as one automaton, and each by itself to find the places.

    The compiled patterns are asked directly, not through the wrappers around them in ``re2``, which take three times
    as long as a search of a short text itself.
    """

    __slots__ = ("_all", "_match", "_options", "_searches", "_sentinel", "families")

    def __init__(self, families: Sequence[Family]) -> None:
        self.families = tuple(families)
        options = _options()
        triggers = re2.Set.SearchSet(options)
        for family in families:
            triggers.Add(family.trigger)
        self._sentinel = triggers.Add(r"\z")
        triggers.Compile()
        self._match = triggers._set.Match  # noqa: SLF001
        self._all = list(range(len(families)))
        self._searches: list[Search | None] = [None] * len(self.families)
        self._options = options

    def hits(self, data: bytes) -> list[int]:
        """The indexes of the families whose trigger matches somewhere, in no order."""
        found: list[int] = self._match(data)
        if self._sentinel not in found:
            return self._all
        found.remove(self._sentinel)
        return found

    def places(self, indexes: Sequence[int], data: bytes) -> dict[int, list[int]]:
        """In which parts of ``data`` the triggers of these families match: part -> families. ``BETWEEN`` parts them.

        A match may go over several parts: then it is in all of them.
        """
        found: dict[int, list[int]] = {}
        for index in sorted(indexes):
            for part in self._places(index, data):
                found.setdefault(part, []).append(index)
        return found

    def _places(self, index: int, data: bytes) -> Iterator[int]:
        search = self._search(index)
        at = counted = part = 0
        end = len(data)
        while (span := search(_UNANCHORED, data, at, end)[0])[0] >= 0:
            part += data.count(_PARTING, counted, span[0])
            last = part + data.count(_PARTING, span[0], span[1])
            yield from range(part, last + 1)
            counted = data.find(_PARTING, span[1])
            if counted < 0:
                return
            at, part = counted + 1, last

    def _search(self, index: int) -> Search:
        """The search for a family's trigger, compiled when it is needed first."""
        search = self._searches[index]
        if search is None:
            pattern = re2.compile(self.families[index].trigger.encode(), self._options)
            search = self._searches[index] = pattern._regexp.Match  # noqa: SLF001
        return search

    def spans(self, indexes: Sequence[int], text: str, name: str) -> list[Span]:
        """What some families find in a text, in order, without overlaps. Who finds that all of it is one, is right."""
        found: list[Span] = []
        for index in sorted(indexes) if len(indexes) > 1 else indexes:
            spans = list(self.families[index].find(text, name))
            if len(spans) == 1 and not found and spans[0][0] == 0 and spans[0][1] == len(text):
                return spans
            found += spans
        return merged(found) if len(found) > 1 else found


def merged(spans: list[Span]) -> list[Span]:
    """Spans in order; of those that overlap, one over both, of the kind of the longer.

    A password and the host behind it, ``u:p@h.example``, only look like an address: the host stays.
    """
    spans.sort()
    result: list[Span] = []
    for start, end, kind in spans:
        if result and start < result[-1][1]:
            before = result[-1]
            if kind == "email" and before[2] == "userinfo":
                continue
            longer = kind if end - start > before[1] - before[0] else before[2]
            result[-1] = (before[0], max(end, before[1]), longer)
        else:
            result.append((start, end, kind))
    return result
