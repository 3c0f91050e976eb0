"""GraphQL documents (October 2021): the literals in them, by the names of their arguments and variables."""

import re
from typing import TYPE_CHECKING

import orjson

from sidecar.redaction.cut import TRUNCATED, windows
from sidecar.redaction.kinds import MARKER
from sidecar.redaction.leaves import Leaf, Leaves, shown

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

_TOKEN = re.compile(
    r"(?=[#\"$A-Za-z_0-9\-\[\](){}])(?:"
    rf"(?P<marker>{MARKER.pattern})"
    r"|#(?P<comment>[^\n\r]*+)"
    r"|(?P<block>\"\"\"(?:[^\"\\]++|\\\"\"\"|\\|\"(?!\"\"))*+(?:\"\"\"|\Z))"
    r"|(?P<string>\"(?:[^\"\\\n\r]++|\\.)*+(?:\"|(?=[\n\r])|\Z|\\))"
    r"|\$(?P<variable>\w++)\s*+:\s*+[\w!\[\]\s]*+="
    r"|(?P<name>[A-Za-z_]\w*+)(?:(?P<colon>\s*+:)|)"
    r"|(?P<number>-?[0-9][0-9.eE+\-]*+)"
    r"|(?P<bracket>[\[\](){}]))"
)
"""Comments, literals, and what tells which name they have (2.1.8, 2.9, 2.10)."""
_NAMING = frozenset({"name", "key", "field", "param", "header"})
_VALUES = frozenset({"value", "val", "stringValue"})
_VALUED = frozenset({"block", "string", "number", "name", "marker"})
"""Kinds of tokens that end what a name announced, where they are not in a list."""
_MOST = 3072
"""Tokens per 64 KiB that are looked at; it bounds the time that a hostile document takes."""
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|.)")
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}

_Found = tuple[int, int, Leaf, str, str]
"""Where a literal stands and waits to be redacted, what it says, and which kind of token it is."""


def document(text: str, scrub: "Scrub") -> str:
    """A body that is a document, or looks like one: its literals by their names, and the rest by shape."""
    shown = inline(text, scrub)
    return scrub.shapes(shown) if scrub.listed_only else scrub.text(shown)


def inline(query: str, scrub: "Scrub") -> str:
    """A document with its literals redacted; numbers become strings, and what is dropped becomes ``null``."""
    leaves = Leaves(scrub)
    found, rest = _literals(query, leaves)
    leaves.redact()
    pieces: list[str] = []
    at = 0
    for start, end, leaf, value, kind in found:
        left = shown(leaf)
        if left != value:
            pieces += (query[at:start], "null" if left is None else _written(left, kind))
            at = end
    pieces.append(query[at:rest])
    if rest < len(query):
        pieces.append(TRUNCATED)
    return "".join(pieces)


def _literals(query: str, leaves: Leaves) -> tuple[list[_Found], int]:
    """Every literal and comment, and where the reading ended."""
    found: list[_Found] = []
    allowed = _MOST * windows(len(query))
    group = leaves.group()
    name = told = ""
    lists = 0
    for match in _TOKEN.finditer(query):
        allowed -= 1
        if allowed < 0:
            return found, match.start()
        kind = match.lastgroup or ""
        if kind in {"variable", "colon"}:
            name = match[kind] if kind == "variable" else match["name"]
        elif kind == "bracket":
            bracket = match[0]
            lists = max(0, lists + (bracket == "[") - (bracket == "]"))
            if bracket in "({":
                group, told = leaves.group(), ""
            if not lists or bracket in "{}":
                name = ""
        elif kind == "comment":
            found.append((*match.span(kind), leaves.add(group, "", match[kind]), match[kind], kind))
        elif kind in {"block", "string", "number"}:
            value = _value(match[0], kind)
            called = told if told and name in _VALUES else name
            found.append((*match.span(), leaves.add(group, called, value), value, kind))
            if called in _NAMING:
                told = value
        if kind in _VALUED and not lists:
            name = ""
    return found, len(query)


def _value(token: str, kind: str) -> str:
    if kind == "string":
        body = token[1:-1] if token[-1] == '"' and len(token) > 1 else token[1:]
        return _ESCAPE.sub(_unescaped, body) if "\\" in body else body
    if kind == "block":
        return token[3:].removesuffix('"""').replace('\\"""', '"""')
    return token


def _unescaped(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) == 1:
        return _SHORT.get(escape, escape)
    code = int(escape[1:].strip("{}"), 16)
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else "\ufffd"


def _written(text: str, kind: str) -> str:
    if kind == "comment":
        return text
    if kind == "block":
        return '"""' + text.replace('"""', '\\"""') + '"""'
    return orjson.dumps(text).decode()
