"""Tables in a text: a line of names, and the values below them (RFC 4180 and its relatives with ``;``, tab or ``|``).

The name at the head of a column tells about every value in it; where the columns are called ``name`` and ``value``,
the name in a line tells about that line.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sidecar.redaction.family import Span
from sidecar.redaction.key_phrases import words
from sidecar.redaction.key_rules import kind_of
from sidecar.redaction.kinds import CLASS_OF, Class
from sidecar.redaction.value_rules import tells

_SEPARATORS = ",;\t|"
_HEAD_CELL = re.compile(r"[^\W\d_][\w .\-/#()\[\]@:*&]{0,47}")
_PROSE = re.compile(r"[,;] [^,;]*[^,; ] |\w \w[^,;|\t]*[,;] ")
"""Several words between commas that are followed by spaces: no head of a table."""
_RULE = re.compile(r"[ \t|+:=\-]*+(?<=[=\-])[ \t|]*+\r?\n")
"""The line below the head in Markdown and in the output of data bases."""
_LINES = {sign: re.compile(rf"(?:[^\n{sign}]*+[{sign}][^\n]*+(?:\n|\Z))*+") for sign in _SEPARATORS}
"""The lines that have a separator."""
_QUOTED = re.compile(r'\s*"((?:[^"\n]|"")*)"\s*')
_NAMES = frozenset(words("name key field setting parameter param property variable attribute option"))
_VALUES = frozenset(words("value val content data default"))
_MOST_COLUMNS = 200
_MOST_HEADS = 60
"""Lines that are looked at as the head of a table; it bounds the time that a hostile text takes."""
_LEAST_CELLS = 400
_CHARS_PER_CELL = 40
_LONGEST_NAME = 32
_KEPT = frozenset({"email", "ip", "certificate"} | {kind for kind, rank in CLASS_OF.items() if rank is Class.DETAIL})


class _Head(NamedTuple):
    """What parts the cells; column -> kind; the columns of names and of values, where names stand in lines.

    ``rows``: where the first line of values begins.
    """

    separator: str
    kinds: dict[int, str]
    pair: tuple[int, int] | None
    rows: int


def find(text: str, hits: Iterator[int]) -> Iterator[Span]:
    """The values in the tables of a text; ``hits``: places of sensitive names, perhaps in their heads, in order."""
    done = 0
    for _, hit in zip(range(_MOST_HEADS), hits, strict=False):
        if hit < done:
            continue
        start, end = _line(text, hit)
        first = _block_start(text, start, done)
        head = (_head(text, first) if first < start else None) or _head(text, start)
        done = end
        if head is not None:
            done = _end(text, head)
            yield from _rows(text, head, done)


def _line(text: str, at: int) -> tuple[int, int]:
    """Where the line begins and ends that a place stands in."""
    end = text.find("\n", at)
    return text.rfind("\n", 0, at) + 1, len(text) if end < 0 else end


def _block_start(text: str, start: int, done: int) -> int:
    """Where the lines before begin that have separators as well; a few, as a table is searched from its first name."""
    for _ in range(4):
        before = text.rfind("\n", 0, max(0, start - 1)) + 1
        if start <= done or before >= start - 1 or not any(sign in text[before:start] for sign in _SEPARATORS):
            break
        start = before
    return start


def _head(text: str, start: int) -> _Head | None:
    """The line as the head of a table, if that is what it is."""
    end = _line(text, start)[1]
    line = text[start:end].strip("\r")
    counted = max(_SEPARATORS, key=line.count)
    cells = [line[slice(*span)].strip() for span in _cells(line, 0, len(line), counted)]
    if not 1 < len(cells) <= _MOST_COLUMNS or not all(map(_HEAD_CELL.fullmatch, cells)):
        return None
    if counted != "|" and _PROSE.search(line) is not None:
        return None
    kinds = {at: kind for at, cell in enumerate(cells) if (kind := kind_of(cell)) is not None and kind not in _KEPT}
    lower = [cell.lower() for cell in cells]
    named = next((at for at, cell in enumerate(lower) if cell in _NAMES), None)
    valued = next((at for at, cell in enumerate(lower) if cell in _VALUES), None)
    pair = (named, valued) if named is not None and valued is not None else None
    if len(cells) == 2 and 0 in kinds and any(map(str.isdigit, cells[1])):
        return _Head(counted, {}, (0, 1), start)
    return _Head(counted, kinds, pair, end + 1) if kinds or pair else None


def _cells(text: str, start: int, end: int, separator: str) -> list[tuple[int, int]]:
    """Where the cells of a line stand, within their quotes; a frame around a line is no cell."""
    if separator == "|":
        while start < end and text[start] in " |":
            start += 1
        while end > start and text[end - 1] in " |":
            end -= 1
    spans: list[tuple[int, int]] = []
    if '"' not in text[start:end]:
        for cell in text[start:end].split(separator, _MOST_COLUMNS):
            spans.append((start, start + len(cell)))
            start += len(cell) + 1
        return spans
    while len(spans) <= _MOST_COLUMNS:
        match = _QUOTED.match(text, start, end)
        if match is not None and (match.end() == end or text[match.end()] == separator):
            spans.append(match.span(1))
            start = match.end()
        else:
            stop = text.find(separator, start, end)
            spans.append((start, stop if stop >= 0 else end))
            start = spans[-1][1]
        if start >= end:
            break
        start += 1
    return spans


def _end(text: str, head: _Head) -> int:
    """Where the table ends: before the first line without a separator, but for the rule below the head."""
    rule = _RULE.match(text, head.rows)
    match = _LINES[head.separator].match(text, rule.end() if rule is not None else head.rows)
    return match.end() if match is not None else head.rows


def _rows(text: str, head: _Head, end: int) -> Iterator[Span]:
    """The values of the lines below a head. What is more than any table of this size has is one secret."""
    start = head.rows
    allowed = max(_LEAST_CELLS, len(text) // _CHARS_PER_CELL)
    for line in text[start:end].split("\n"):
        stop = start + len(line) - line.endswith("\r")
        plain = head.pair is None and head.separator != "|" and '"' not in line
        cells = _plain_cells(text, start, stop, head) if plain else _told_cells(text, start, stop, head)
        for begin, value, kind in cells:
            allowed -= 1
            if tells(kind, value) and not _is_name(value):
                begin = text.find(value, begin)
                yield begin, begin + len(value), kind
        start += len(line) + 1
        if allowed < 0:
            yield start, end, "secret"
            return


def _plain_cells(text: str, start: int, end: int, head: _Head) -> Iterator[tuple[int, str, str]]:
    """The cells of a line without quotes under sensitive names: where each begins, its value, its kind."""
    parts = text[start:end].split(head.separator)
    before = 0
    for column, kind in head.kinds.items():
        if column >= len(parts):
            return
        start += sum(map(len, parts[before:column])) + column - before
        before = column
        yield start, parts[column].strip(), kind


def _told_cells(text: str, start: int, end: int, head: _Head) -> Iterator[tuple[int, str, str]]:
    """The same for any line."""
    cells = _cells(text, start, end, head.separator)
    told = head.kinds if head.pair is None else _told(text, cells, head)
    for column, kind in told.items():
        if column < len(cells):
            yield cells[column][0], text[slice(*cells[column])].strip(), kind


def _told(text: str, cells: list[tuple[int, int]], head: _Head) -> dict[int, str]:
    """Column -> kind for a line with its own name."""
    if head.pair is None or max(head.pair) >= len(cells):
        return head.kinds
    kind = kind_of(text[slice(*cells[head.pair[0]])].strip())
    return head.kinds if kind is None or kind in _KEPT else {**head.kinds, head.pair[1]: kind}


def _is_name(value: str) -> bool:
    """Whether a value is a name itself: another head, or a list of names."""
    return len(value) < _LONGEST_NAME and not any(map(str.isdigit, value)) and kind_of(value) is not None
