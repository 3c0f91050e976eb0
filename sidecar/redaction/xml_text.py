"""XML and HTML: the text of elements by their names, and the values of attributes by theirs.

A tokenizer of our own reads tags one after another: it takes what is cut off or not well-formed as it comes, and reads
no DTD, so there are no entities to expand but those of HTML. Output is well-formed where the input was.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from sidecar.redaction.cut import TRUNCATED, windows
from sidecar.redaction.kinds import MARKER
from sidecar.redaction.leaves import Group, Leaf, Leaves, shown
from sidecar.redaction.xml_escapes import escaped, in_cdata, quoted, unescaped, unquoted

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

_LEAF = re.compile(r"<([A-Za-z_][\w.\-]*+:)?([A-Za-z_][\w.\-]*+)>([^<&]*+)</(?:\1)?\2>")
"""An element that holds nothing but text: most do, and one look is enough for them."""
_MARKUP = re.compile(
    r"<(?:([A-Za-z_:][\w.:\-]*+)(?=[\s/>]|\Z)((?:[^<>\"']++|\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))*+)>?"
    r"|/([^\s<>]*+)[^<>]*+>?"
    r"|!\[CDATA\[((?:[^\]]++|\](?!\]>))*+)(?:\]\]>|\Z)"
    r"|!--(?:[^-]++|-(?!->))*+(?:-->|\Z)"
    r"|\?(?:[^?]++|\?(?!>))*+(?:\?>|\Z)"
    rf"|!(?:[^<>\[]++|{MARKER.pattern})*+(?:\[(?:[^\[\]]++|{MARKER.pattern}|\[)*+(?:\]|\Z))?[^<>]*+>?"
    r")?"
)
"""One piece of markup: start tag, end tag, CDATA; comment, instruction, declaration (XML 1.0 2.4-2.8, 3.1).

Each ends at the end of the text if it must, or a tag before the next one: nothing is read twice.
"""
_ATTRIBUTES, _CLOSE, _CDATA = 2, 3, 4
_ATTRIBUTE = re.compile(
    r"([^\s=<>\"'/]++)(?:\s*+=\s*+(?:\"([^\"]*+)(\"?)|'([^']*+)('?)|((?:[^\s\"'<>/]++|/(?!\Z))++))?)?|\"[^\"]*+\"?|'[^']*+'?"
)
"""A name, with a value or without; or a value without a name, as the text may hold that was taken for a tag."""
_BODY = {3: 2, 5: 4, 6: 6}
"""Last group that an attribute matched -> the one that holds its value."""
_BARE = 6
"""The group of a value without quotes (HTML 13.1.2.3)."""
_TAG = re.compile(r"<(?:[?!]|[A-Za-z_][\w.:\-]*+[\s/>])")
"""How a document begins that is written as text."""
_RAW_END = re.compile(r"</(?:script|style)\b", re.IGNORECASE)
_RAW = frozenset({"script", "style"})
"""Elements of HTML whose text holds no markup."""

_NAMING = frozenset({"name", "key", "k", "field", "param", "parameter", "property", "attribute", "friendlyname"})
"""Attributes and elements that tell what a value is: ``<entry key="password">``, ``<name>password</name>``."""
_LABELS = _NAMING | {"th", "td", "dt"}
_VALUES = frozenset({
    "value", "val", "v", "string", "data", "text", "content", "attributevalue", "simplevalue", "int", "integer",
    "i4", "i8", "double", "real", "base64", "stringvalue", "default", "td", "dd", "pre", "code", "span",
})  # fmt: skip
"""Elements and attributes that hold what another one names (property lists, XML-RPC, SAML, HTML)."""
_SPECIAL = _LABELS | _VALUES | _RAW
_TELLING = _NAMING | _VALUES | {"type", "id"}
_LONGEST_LABEL = 64
_LONG_WORD = 6
"""Characters. Words in a tag that are no attributes may be an address: ``Bob <Bob bob@example.com>`` is no XML."""
_LONG_NAME = 16
"""Characters. A longer name of a tag, if not all letters, may be a token: ``<token>`` is what manuals write for one."""
_MOST = 2048
"""Tags, texts and attributes per 64 KiB that are looked at; it bounds the time that a hostile body takes."""
_MOST_UNCLOSED = 32
"""Elements without an end tag that one end tag may close: HTML leaves many of them out."""
_DEEPEST = 2
"""Levels of XML written as text in XML, as SOAP bodies carry it."""

_Write = Callable[[str], str]
_Value = tuple[int, int, Leaf, str, _Write]
"""Where a value stands, where it waits to be redacted, what it was told as, and how it is written there."""


def xml(text: str, scrub: "Scrub", depth: int = 0) -> str:
    """A document, or a piece of one, with its values redacted; ``depth``: how many documents are around it."""
    return _Document(text, scrub, depth).redacted()


class _Element:
    """An element that is open. ``given``: the name that it or its surroundings give its text.

    ``label``: a name that one child told for the next. ``inner``: the values of its children, beside each other.
    ``start``, ``content``: where it begins, and where its start tag ends.
    """

    __slots__ = ("content", "given", "inner", "label", "local", "start")

    def __init__(self, local: str, given: str, start: int, content: int) -> None:
        self.local = local
        self.given = given
        self.start = start
        self.content = content
        self.label = ""
        self.inner: Group | None = None


class _Document:
    """One pass over a document, in which its values are gathered."""

    __slots__ = (
        "_allowed", "_depth", "_edits", "_leaves", "_odd", "_open", "_scrub", "_stopped", "_text", "_values", "_whole",
    )  # fmt: skip

    def __init__(self, text: str, scrub: "Scrub", depth: int) -> None:
        self._text = text
        self._scrub = scrub
        self._depth = depth
        self._allowed = _MOST * windows(len(text))
        self._leaves = Leaves(scrub)
        self._values: list[_Value] = []
        self._edits: list[tuple[int, int, str]] = []
        self._whole: dict[int, tuple[int, int]] = {}
        self._open = [_Element("", "", 0, 0)]
        self._odd = False
        self._stopped = -1

    def redacted(self) -> str:
        """The document again. An element whose only value is dropped goes with it.

        By the allow list, what stands under no name is left out; where that is no comment or the like, all of it.
        """
        self._read()
        if self._odd:
            return self._scrub.unlisted(self._text)
        self._leaves.redact()
        edits = self._edits
        for start, end, leaf, value, write in self._values:
            left = shown(leaf)
            if left is None:
                whole = self._whole.get(start)
                edits.append((*whole, "") if whole else (start, end, write("")))
            elif left != value:
                edits.append((start, end, write(left)))
        return _edited(self._text, sorted(edits)) if edits else self._text

    def _read(self) -> None:
        text = self._text
        at = 0
        while self._allowed > 0:
            self._allowed -= 1
            start = text.find("<", at)
            if start != at:
                self._words(at, len(text) if start < 0 else start, escaped)
            if start < 0:
                return
            leaf = _LEAF.match(text, start)
            if leaf is not None and self._leaf(leaf):
                at = leaf.end()
                continue
            match = _MARKUP.match(text, start)
            assert match is not None  # all of it but the "<" is optional
            at = match.end()
            kind = match.lastindex
            if kind == _ATTRIBUTES:
                at = self._start_tag(match)
            elif kind == _CLOSE:
                self._end_tag(_local(match[_CLOSE]), at)
            elif kind == _CDATA:
                self._words(*match.span(_CDATA), in_cdata)
            else:
                self._loose(start, at)
        if self._stopped >= 0:
            at = self._stopped
        if at < len(text):
            self._edits.append((at, len(text), TRUNCATED))

    def _put(self, group: Group, name: str, span: tuple[int, int], value: str, write: _Write) -> None:
        """A value: as the rules see it, and as it is written."""
        if value == TRUNCATED:
            self._edits.append((*span, TRUNCATED))
        else:
            self._values.append((*span, self._leaves.add(group, name, value), value, write))

    def _inner(self, element: _Element) -> Group:
        if element.inner is None:
            element.inner = self._leaves.group()
        return element.inner

    def _loose(self, start: int, end: int) -> None:
        """Text that is not taken apart: comments, instructions, declarations, scripts, and what is no markup."""
        if self._scrub.listed_only:
            markup = self._text[start : min(start + 2, end)]
            self._odd = self._odd or (markup[:1] == "<" and markup[1:] not in {"!", "?"})
            self._edits.append((start, end, ""))
        else:
            self._put(self._leaves.group(), "", (start, end), self._text[start:end], str)

    def _named(self, start: int, end: int) -> None:
        """The name of a tag or an attribute, which may be a value itself."""
        name = self._text[start:end]
        if not _may_be_value(name):
            return
        if self._scrub.listed_only:
            self._odd = self._odd or self._scrub.shapes(name) != name
        else:
            self._loose(start, end)

    def _leaf(self, match: re.Match[str]) -> bool:
        """An element with nothing but text; False if its name is one that needs a closer look."""
        name = match[2]
        if name.lower() in _SPECIAL or _may_be_value(name):
            return False
        raw = match[3]
        bare = raw.strip()
        if bare:
            start = match.start(3) if len(bare) == len(raw) else self._text.find(bare, match.start(3))
            leaf = self._leaves.add(self._inner(self._open[-1]), name, bare)
            self._values.append((start, start + len(bare), leaf, bare, escaped))
            self._whole[start] = match.span()
        return True

    def _words(self, start: int, end: int, write: _Write) -> None:
        """Text between tags."""
        bare = self._text[start:end].strip()
        if not bare:
            return
        start = self._text.find(bare, start)
        end = start + len(bare)
        element = self._open[-1]
        above = self._open[-2] if len(self._open) > 1 else element
        value = unescaped(bare) if write is escaped else bare
        name = element.given
        if not name or (self._scrub.verdict(name) is None and self._scrub.verdict(element.local) is not None):
            name = element.local
        if len(value) <= _LONGEST_LABEL and element.local.lower() in _LABELS:
            above.label = value
        if value == TRUNCATED:
            self._edits.append((start, end, TRUNCATED))
        elif value[0] == "<" and self._depth < _DEEPEST and _TAG.match(value) and self._scrub.verdict(name) is None:
            inner = xml(value, self._scrub, self._depth + 1)
            if inner != value:
                self._edits.append((start, end, write(inner)))
        else:
            self._put(self._inner(above), name, (start, end), value, write)

    def _start_tag(self, match: re.Match[str]) -> int:
        """A start tag, or an empty element. Returns where the text goes on."""
        attributes = match[_ATTRIBUTES]
        local = _local(match[1])
        given = self._attributes(*match.span(_ATTRIBUTES)) if attributes and attributes != "/" else ""
        self._named(*match.span(1))
        at = match.end()
        if attributes.endswith("/"):
            return at
        lower = local.lower()
        if not given and lower in _VALUES:
            above = self._open[-1]
            given = above.label or above.given
        self._open.append(_Element(local, given, match.start(), at))
        if lower not in _RAW:
            return at
        end = _RAW_END.search(self._text, at)
        last = end.start() if end else len(self._text)
        self._loose(at, last)
        return last

    def _attributes(self, start: int, end: int) -> str:
        """The attributes of one tag. Returns the name that they give its text."""
        found: list[re.Match[str]] = []
        for match in _ATTRIBUTE.finditer(self._text, start, end):
            if len(found) >= self._allowed:
                self._stopped = match.start()
                break
            if match.lastindex in _BODY:
                found.append(match)
            elif match[1] is None or match.end() - match.start() >= _LONG_WORD:
                self._loose(*match.span())
        self._allowed -= len(found)
        if not found:
            return ""
        given = fallback = ""
        names = [_local(match[1]) for match in found]
        if not _TELLING.isdisjoint(lower := [name.lower() for name in names]):
            given, fallback = _told(lower, [match[_BODY[match.lastindex or 0]] for match in found])
        group = self._leaves.group()
        for name, match in zip(names, found, strict=True):
            last = match.lastindex or 0
            start, end = match.span(_BODY[last])
            self._named(*match.span(1))
            if last != _BODY[last] and not match[last]:
                self._edits.append((start, end, TRUNCATED))
            elif start < end:
                if given and name.lower() in _VALUES:
                    name = given
                name = "xmlns" if match[1][:5] == "xmlns" else name
                write = unquoted if last == _BARE else quoted
                self._put(group, name, (start, end), unescaped(self._text[start:end]), write)
        return given or fallback

    def _end_tag(self, local: str, end: int) -> None:
        elements = self._open
        for index in range(len(elements) - 1, max(0, len(elements) - _MOST_UNCLOSED), -1):
            element = elements[index]
            if element.local == local:
                del elements[index:]
                if self._values and self._values[-1][0] >= element.content:
                    self._whole.setdefault(self._values[-1][0], (element.start, end))
                return


def _may_be_value(name: str) -> bool:
    return "@" in name or (len(name) >= _LONG_NAME and not name.replace("_", "").isalpha())


def _told(names: list[str], values: list[str]) -> tuple[str, str]:
    """The name that attributes give, and the one they give where there is no other."""
    attributes = dict(zip(names, values, strict=True))
    if attributes.get("type", "").lower() == "password":
        return "password", ""
    given = next((attributes[name] for name in names if name in _NAMING), "")
    return unescaped(given)[:_LONGEST_LABEL], unescaped(attributes.get("id", ""))[:_LONGEST_LABEL]


def _local(name: str) -> str:
    """A name without the prefix of its namespace; a marker in the place of a name has none."""
    return name.rpartition(":")[2] if ":" in name and name[0] != "[" else name


def _edited(text: str, edits: list[tuple[int, int, str]]) -> str:
    pieces: list[str] = []
    at = 0
    for start, end, new in edits:
        if start >= at:
            pieces += (text[at:start], new)
            at = end
    return "".join((*pieces, text[at:]))
