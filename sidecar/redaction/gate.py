r"""The gate: one pass of one automaton tells which families of values a body may hold; for most bodies, none.

RE2 runs in time proportional to the text, whatever the patterns. Its ``Set`` tells which of all patterns match, at
about 1.5 ns a byte, no matter how many they are. It says nothing both when nothing matches and when it gave up for
want of memory; a pattern that always matches (``\z``, as "" takes twice the time) tells the two apart.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import re2

from sidecar.redaction.family import Family, Span

_MEMORY = 64 << 20
"""Bytes that the automaton may take: states are made as texts need them, and forgotten when there are too many."""


def _options() -> re2.Options:
    options = re2.Options()
    options.max_mem = _MEMORY
    options.log_errors = False
    return options


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

    def matches(self, index: int, data: bytes) -> Iterator[tuple[int, int]]:
        """Where the trigger of a family matches, from left to right; where it is known by a literal, there.

        A trigger may take what parts one value from the next along with either: each search begins on the last byte
        of the match before.
        """
        end = len(data)
        if literal := self.families[index].literal.encode():
            at = -1
            while (at := data.find(literal, at + 1, end)) >= 0:
                yield at, at + len(literal)
            return
        search = self._search(index)
        at = 0
        while (span := search(_UNANCHORED, data, at, end)[0])[0] >= 0:
            yield span
            at = max(span[1] - 1, span[0] + 1)

    def places(self, indexes: Sequence[int], data: bytes, starts: Sequence[int]) -> list[int]:
        """In which parts of ``data`` a trigger of these families matches; ``starts``: where each part begins.

        One byte parts them. A match may begin on it, or go over several parts: then it is in all of them.
        """
        found: set[int] = set()
        for index in indexes:
            found.update(self._places(index, data, starts))
        return sorted(found)

    def _places(self, index: int, data: bytes, starts: Sequence[int]) -> Iterator[int]:
        search = self._search(index)
        at, end, done, last = 0, len(data), -1, len(starts) - 1
        while done < last and (span := search(_UNANCHORED, data, at, end)[0])[0] >= 0:
            first = bisect_right(starts, span[0]) - 1
            until = bisect_right(starts, max(span[0], span[1] - 1)) - 1
            yield from range(max(first, done + 1), until + 1)
            done = max(done, until)
            at = max(starts[done + 1] - 1, span[0] + 1) if done < last else end

    def _search(self, index: int) -> Search:
        """The search for a family's trigger, compiled when it is needed first."""
        search = self._searches[index]
        if search is None:
            pattern = re2.compile(self.families[index].trigger.encode(), self._options)
            search = self._searches[index] = pattern._regexp.Match  # noqa: SLF001
        return search

    def spans(self, indexes: Sequence[int], text: str, name: str) -> list[Span]:
        """What some families find in a text, in order, without overlaps."""
        found: list[Span] = []
        for index in indexes:
            found += self.families[index].find(text, name)
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
