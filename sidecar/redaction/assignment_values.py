"""Where the value of an assignment ends: quoted, bare, a block of YAML, the rest of a header line.

All searches go forward from where the value begins, and never back: their time is in proportion to the value.
"""

import re

_MOST_BACKSLASHES = 16
_STRING_PREFIX = re.compile(r"(?:[bBfFrRuUNL@$&]{0,2}|[+(]{1,2}|\\{1,4})(?=\\*[\"'`])")
_TRIPLE = ('"""', "'''")

# Separators belong to a bare value unless something of its surroundings follows them: the next name, a quote, the end.
_BARE = re.compile(
    r"(?:[^\s\"'`<>,;&|)}\]\\#]++|#(?<!\s#)|\\(?![nrt\"'\\/])"
    r"|[,;&|)}\]](?!\s|$|[\"'`,;&|)}\]<>\\]|[\w.\-\[\]%]{1,40}[=:]))++"
)
_WORD = re.compile(r"[^\s\"'`<>&;]++")
_COMMENT = re.compile(r"[ \t]+(?:#|//|--|/\*|<!--).*$")
_NEXT_NAME = re.compile(r"[\s,;&][\w.\-\[\]]{1,40}=|[,;&][ ]?[\w.\-\[\]\"']{1,40}[:=]")
_BLOCK = re.compile(r"[|>][+-]?[0-9]?[+-]?[ \t]*(?:#[^\n]*)?\n(?P<indent>[ \t]+)(?=\S)")

Part = tuple[int, int]
"""Where a value stands: start and end, in characters."""


def quote_at(text: str, at: int) -> int:
    """Where the opening quote of a literal stands, over prefixes such as ``b`` or ``@``; -1 if there is none."""
    match = _STRING_PREFIX.match(text, at)
    return -1 if match is None else match.end()


def quoted(text: str, at: int) -> tuple[Part, int]:
    r"""The value behind the quote at ``at``, and where the text goes on. ``\"`` opens what ``\"`` closes.

    A quote that is never closed holds the rest of its line.
    """
    start = at
    while text[start] == "\\":
        start += 1
    depth, mark = start - at, text[start]
    start += 1
    triple = mark * 3
    if depth == 0 and triple in _TRIPLE and text.startswith(triple, start - 1):
        end = text.find(triple, start + 2)
        return ((start + 2, end), end + 3) if end >= 0 else ((start + 2, len(text)), len(text))
    line = text.find("\n", start)
    line = len(text) if line < 0 else line
    end = start
    while (end := text.find(mark, end, line)) >= 0:
        backslashes = _backslashes_before(text, end, start)
        if backslashes <= depth if depth else backslashes % 2 == 0:
            return (start, end - backslashes if depth else end), end + 1
        end += 1
    return (start, line), line


def _backslashes_before(text: str, at: int, start: int) -> int:
    low = max(start, at - _MOST_BACKSLASHES)
    count = at
    while count > low and text[count - 1] == "\\":
        count -= 1
    return at - count


def bare(text: str, at: int) -> Part:
    """A value without quotes, up to where its surroundings go on."""
    match = _BARE.match(text, at)
    return (at, match.end()) if match is not None else (at, at)


def word(text: str, at: int) -> Part:
    """All up to the next white space, quote, bracket of XML or separator of a query."""
    match = _WORD.match(text, at)
    return (at, match.end()) if match is not None else (at, at)


def line_end(text: str, at: int) -> int:
    """Where the line ends that ``at`` stands in."""
    end = text.find("\n", at)
    if end < 0:
        return len(text)
    return end - 1 if end > at and text[end - 1] == "\r" else end


def rest_of_line(text: str, at: int) -> Part:
    """What is left of the line, without a comment; the bare value alone if another name follows on the same line."""
    line = text[at : line_end(text, at)]
    if _NEXT_NAME.search(line) is not None:
        return bare(text, at)
    comment = _COMMENT.search(line)
    if comment is not None:
        line = line[: comment.start()]
    return (at, at + len(line.rstrip()))


def block(text: str, at: int) -> Part | None:
    """The lines of a YAML block scalar (``password: |``), which are those that are indented as deep as the first."""
    match = _BLOCK.match(text, at)
    if match is None:
        return None
    indent = match["indent"]
    start = end = match.end()
    while True:
        end = line_end(text, end)
        following = text.find("\n", end)
        if following < 0 or not text.startswith(indent, following + 1):
            return (start, end)
        end = following + 1 + len(indent)


def items(text: str, at: int) -> tuple[list[Part], int]:
    """The quoted texts of a list that opens at ``at``: ``["a", "b"]``; and where the text goes on."""
    parts: list[Part] = []
    at += 1
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        opening = quote_at(text, at) if at < len(text) else -1
        if opening < 0:
            return parts, at
        part, at = quoted(text, opening)
        parts.append(part)
