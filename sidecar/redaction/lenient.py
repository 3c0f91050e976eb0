"""A reader for what looks like JSON: JavaScript, Python and Ruby literals, comments, commas too many, quotes missing.

It reads once from left to right and keeps a stack of its own, so it takes time in proportion to the text, and no
nesting is too deep for it. What it cannot read it drops or keeps as text; it never guesses a value.
"""

import re
from typing import Any, Final

import orjson

from sidecar.redaction.cut import TRUNCATED, safe_cut, windows
from sidecar.redaction.kinds import MARKER

NO_JSON: Final = object()
"""There is no JSON in the text."""
DEEPEST = 200
"""Levels of nesting; orjson writes 254 at most. What is deeper is cut."""
REST = "<text>"
"""The name under which that stands which could not be read."""

_MOST = 3072
"""Members and values per 64 KiB that are read one by one; the rest is cut. Bodies that need this reader are small."""
_MOST_ROOTS = 256
_MOST_ESCAPES = 1024
_MOST_DIGITS = 18
"""Longer numbers do not fit into 64 bits, and stay texts."""

_SKIP = r"[\s,]*+(?:(?://[^\n]*+|/\*(?:[^*]++|\*(?!/))*+(?:\*/)?)[\s,]*+)*+"
"""White space, commas and comments."""


def _quoted(quote: str, before: str) -> str:
    """A string: its last quote is the first that stands before what may follow a string."""
    return rf"[bBrRuU]{{0,2}}{quote}((?:[^{quote}\\]++|\\.|{quote}(?!{before}))*+){quote}"


_AFTER_KEY = r"\s*+(?::|=)"
_AFTER_VALUE = r"(?:[ \t\r]*+(?:[,}\])\n]|\Z|//|/\*))"
_WORD = rf"(?:[\w$@.\-]|{MARKER.pattern})++"
"""A name without quotes; what stands for one that was redacted is a word too."""
_KEY = re.compile(
    rf"{_SKIP}(?:(?:{_quoted(chr(34), _AFTER_KEY)}|{_quoted(chr(39), _AFTER_KEY)}|(:?{_WORD}))\s*+(?::|=>?)"
    r"|([}\])])|\Z)",
    re.DOTALL,
)
_VALUE = re.compile(
    rf"{_SKIP}(?:{_quoted(chr(34), _AFTER_VALUE)}|{_quoted(chr(39), _AFTER_VALUE)}|{_quoted('`', _AFTER_VALUE)}"
    r"|((?!\[REDACTED:)[{\[(])|([}\])])"
    rf"|((?:new )?[A-Za-z_$][\w.$]*+\([^()\n]*+\)|(?:{MARKER.pattern}|[^\s,\]}})\"'`])"
    rf"(?:{MARKER.pattern}|[^,\[\]}})\n/]++|\[|/(?!/)|(?<=\S)/)*+)|\Z)",
    re.DOTALL,
)
"""Strings in three kinds of quotes; opening; closing; words without quotes, or a call such as ``ObjectId("x")``."""
_PLAIN_MEMBER = re.compile(
    r"[\s,]*+(['\"]?)([^'\"\\\s:,=/{}\[\]()]++)\1\s*+:\s*+"
    r"(?:(['\"])([^'\"\\\n]*+)\3|(-?[0-9][0-9.]*+|[A-Za-z]++))(?=\s*+[,}])"
)
"""A name and a simple value, which most members are."""
_CUT_NAME = re.compile(rf"{_SKIP}(?:[\"'][^:{{}}\[\]]*+|[\w$@.\-]*+)\Z")
_NEXT = re.compile(r"[\s,;)]*+")
_OPENER = {"}": "{", "]": "[", ")": "("}
_WORDS = {
    "true": True, "True": True, "false": False, "False": False, "null": None, "None": None, "nil": None,
    "undefined": None,
}  # fmt: skip
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+\-]?[0-9]{1,2})?")
_ESCAPE = re.compile(r"\\(u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|.)", re.DOTALL)
_SHORT = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "0": "\0", "\n": ""}


def lenient(text: str) -> Any:
    """The tree of a text that begins with ``{`` or ``[``; a list of trees if it holds several; ``NO_JSON`` if none."""
    roots: list[Any] = []
    at = 0
    allowed = _MOST * windows(len(text))
    while True:
        reader = _Reader(text, at, allowed)
        if not reader.run():
            return NO_JSON
        roots.append(reader.root)
        allowed = reader.allowed
        match = _NEXT.match(text, reader.at)
        at = match.end() if match else reader.at
        if at >= len(text):
            return roots[0] if len(roots) == 1 else roots
        if text[at] not in "{[" or isinstance(roots[0], list) or len(roots) >= _MOST_ROOTS:
            return NO_JSON


class _Reader:
    """Reads one document. ``root``: what came of it; ``at``: where it ends; ``allowed``: parts that may still come."""

    __slots__ = ("_node", "_opened", "_stack", "_text", "allowed", "at", "root")

    def __init__(self, text: str, at: int, allowed: int) -> None:
        self._text = text
        self.at = at + 1
        self.allowed = allowed
        self.root: Any = {} if text[at] == "{" else []
        self._node: Any = self.root
        self._stack: list[Any] = []
        self._opened = text[at]

    def run(self) -> bool:
        """Read until the document is closed, or the text is over; False if it is no JSON."""
        while self._node is not None:
            if type(self._node) is dict:
                self._plain_members()
            self.allowed -= 2
            if self.allowed < 0:
                self._give_up(TRUNCATED)
            elif type(self._node) is list:
                self._value(None)
                if self._is_prose():
                    return False
            elif not self._member():
                return False
        return True

    def _is_prose(self) -> bool:
        """Whether the document begins with words without quotes: ``[INFO] started`` and ``[DONE]`` are no JSON."""
        if self._node is not self.root or type(self.root) is not list or len(self.root) != 1:
            return False
        first = self.root[0]
        return type(first) is str and first != TRUNCATED and self._text[self.at - len(first) : self.at] == first

    def _plain_members(self) -> None:
        node, text, at = self._node, self._text, self.at
        match = _PLAIN_MEMBER.match(text, at)
        while match is not None and self.allowed > 0:
            self.allowed -= 1
            name, quote, value, word = match.group(2, 3, 4, 5)
            node[name] = value if quote else _scalar(word)
            at = match.end()
            match = _PLAIN_MEMBER.match(text, at)
        self.at = at

    def _member(self) -> bool:
        match = _KEY.match(self._text, self.at)
        if match is None:
            rest = self._text[self.at :]
            if _CUT_NAME.match(rest):
                self._end()
            elif self._node is self.root and not self.root:
                return False
            else:
                self._give_up(safe_cut(rest))
            return True
        self.at = match.end()
        group = match.lastindex
        if group is None:
            self._end()
        elif group == 4:
            self._close(match[4])
        else:
            self._value(match[3] if group == 3 else _plain(match[group]))
        return True

    def _value(self, name: str | None) -> None:
        match = _VALUE.match(self._text, self.at)
        group = match.lastindex if match else None
        if match is None or group is None or (match.end() == len(self._text) and group == 6):
            # A string without an end, nothing at all, or a number or word that may go on after the cut.
            self._put(name, TRUNCATED)
            self._end()
            return
        self.at = match.end()
        if group == 4:
            self._open(name, match[4])
        elif group == 5:
            if name is not None:
                self._node[name] = None
            self._close(match[5])
        else:
            self._put(name, _plain(match[group]) if group <= 3 else _scalar(match[group].rstrip()))

    def _put(self, name: str | None, value: Any) -> None:
        if name is None:
            self._node.append(value)
        else:
            self._node[name] = value

    def _open(self, name: str | None, bracket: str) -> None:
        if len(self._stack) >= DEEPEST:
            self._put(name, TRUNCATED)
            self._end()
            return
        inner: Any = {} if bracket == "{" else []
        self._put(name, inner)
        self._stack.append(self._node)
        self._opened += bracket
        self._node = inner

    def _close(self, bracket: str) -> None:
        """Close the nearest container of the kind, with all that is still open in it; if there is none, nothing."""
        depth = self._opened.rfind(_OPENER[bracket])
        if depth > 0:
            self._node = self._stack[depth - 1]
            del self._stack[depth - 1 :]
            self._opened = self._opened[:depth]
        elif depth == 0:
            self._node = None

    def _end(self) -> None:
        self.at = len(self._text)
        self._node = None

    def _give_up(self, rest: str) -> None:
        self._put(None if type(self._node) is list else REST, rest)
        self._end()


def _plain(body: str) -> str:
    """What a string says, without its escapes."""
    if "\\" in body:
        if body.count("\\") > _MOST_ESCAPES:
            return TRUNCATED
        body = _ESCAPE.sub(_unescaped, body)
    # Halves of surrogate pairs cannot be written as UTF-8.
    return body if body.isascii() else body.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unescaped(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) > 1:
        return chr(int(escape[1:], 16))
    return _SHORT.get(escape, escape)


def _scalar(text: str) -> Any:
    """A number or a word: ``True`` and its like, or a text without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text) is None or len(text) > _MOST_DIGITS:
        return text.rstrip()
    return orjson.loads(text)
