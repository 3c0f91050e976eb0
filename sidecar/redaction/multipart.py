"""Multipart bodies (RFC 2046 5.1, RFC 7578): fields by their names, files by name and size, other parts by their type.

They are taken apart as bytes, since files are no text. What stands around the parts stays as it is.
"""

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from typing import TYPE_CHECKING

from sidecar.redaction.cut import TRUNCATED, safe_cut, windows
from sidecar.redaction.encodings import to_text, wide
from sidecar.redaction.form import form
from sidecar.redaction.leaves import Leaf, Leaves, shown
from sidecar.redaction.media_types import media_type
from sidecar.redaction.part import Part
from sidecar.redaction.sniff import Format, format_of, is_binary
from sidecar.redaction.streams import document
from sidecar.redaction.xml_text import xml

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

_MOST = 256
"""Parts per 64 KiB that are looked at; it bounds the time that a hostile body takes."""
_DEEPEST = 2
"""Levels of multipart bodies in multipart bodies."""
_BOUNDARY = re.compile(r"\bboundary\s{0,4}=\s{0,4}(?:\"([^\"]{1,70})\"|([^\s;\"]{1,70}))", re.IGNORECASE)
_FIRST_LINE = re.compile(rb"\s{0,4}(--[^\r\n]++)\r?\n")
_AFTER_DELIMITER = (b"", b"\r", b"\n", b"-", b" ", b"\t")
_BLANK_LINE = re.compile(rb"(?:\A|\r?\n)\r?\n")
_FILE = re.compile(rb"<file(?: [^<>\r\n]{1,1000})?, \d{1,12} bytes>")
"""What has been told of a file already."""
_NO_FILE_NAME = re.compile(r"[<>\x00-\x1f]")
_HTTP = frozenset({"application/http", "message/http"})
"""Requests and answers in batch APIs (RFC 9112 10.1)."""


class _Piece:
    """A part as it will be shown: ``head`` and ``body``; or if redaction changes its ``value``, ``bare_head`` and that.

    ``leaf``: where the value waits to be redacted, if it does. ``gone``: what is left where it is dropped.
    A changed body is no longer in a transfer encoding.
    """

    __slots__ = ("bare_head", "body", "gone", "head", "leaf", "tail", "value")

    def __init__(self, head: str, body: str) -> None:
        self.head = self.bare_head = head
        self.body = body
        self.value = body
        self.leaf: Leaf | None = None
        self.tail = self.gone = ""

    def text(self) -> str:
        """The part, redacted; nothing if it was dropped."""
        left = shown(self.leaf) if self.leaf else self.value
        if left is None:
            return self.gone
        return self.head + self.body + self.tail if left == self.value else self.bare_head + left + self.tail


def multipart(data: bytes, content_type: str, scrub: "Scrub", depth: int = 0) -> str:
    """A body with its parts redacted. One that is dropped leaves nothing; a last one without an end was cut."""
    if wide(data) or data.startswith((BOM_UTF16_BE, BOM_UTF16_LE)):
        data = to_text(data).encode()
    allowed = _MOST * windows(len(data))
    delimiter, starts = _delimiters(data, content_type, allowed)
    if not starts:
        return scrub.text(safe_cut(to_text(data))) if data else ""
    reader = _Reader(scrub, depth)
    pieces: list[_Piece] = []
    rest = scrub.shapes(_plain(delimiter)) + "\r\n" + TRUNCATED if len(starts) > allowed else ""
    for start, end in zip(starts[:allowed], (*starts[1:], len(data)), strict=False):
        if data.startswith(b"--", start + len(delimiter)):
            line_end = data.find(b"\n", start) + 1 or end
            rest = reader.shown_line(data[start:line_end]) + document(_plain(data[line_end:]), scrub)
            break
        line_end = data.find(b"\n", start, end) + 1 or end
        pieces.append(reader.part(data[start:line_end], data[line_end:end], cut=end == len(data)))
    reader.leaves.redact()
    return document(_plain(data[: starts[0]]), scrub) + "".join([piece.text() for piece in pieces]) + rest


def _delimiters(data: bytes, content_type: str, allowed: int) -> tuple[bytes, list[int]]:
    """What stands before each part, and where: as the type says, or if that stands nowhere, as the first line does."""
    declared = _BOUNDARY.search(content_type)
    if declared:
        delimiter = b"--" + (declared[1] or declared[2]).encode()
        starts = _starts(data, delimiter, allowed)
        if starts:
            return delimiter, starts
    first = _FIRST_LINE.match(data)
    delimiter = first[1].rstrip(b" \t") if first else b"--"
    return delimiter, _starts(data, delimiter, allowed) if len(delimiter) > len(b"--") else []


def _starts(data: bytes, delimiter: bytes, allowed: int) -> list[int]:
    """Where delimiters stand, each at the beginning of a line; one more than allowed, if there are so many."""
    starts: list[int] = []
    at = 0 if data.startswith(delimiter) else data.find(b"\n" + delimiter) + 1 or -1
    while at >= 0 and len(starts) <= allowed:
        end = at + len(delimiter)
        if data[end : end + 1] in _AFTER_DELIMITER:
            starts.append(at)
        at = data.find(b"\n" + delimiter, end) + 1 or -1
    return starts


class _Reader:
    """Reads the parts of one body. ``leaves``: the values that are redacted together at the end."""

    __slots__ = ("_depth", "_fields", "_line", "_scrub", "leaves")

    def __init__(self, scrub: "Scrub", depth: int) -> None:
        self._scrub = scrub
        self._depth = depth
        self.leaves = Leaves(scrub)
        self._fields = self.leaves.group()
        self._line = (b"", "")

    def shown_line(self, line: bytes) -> str:
        """The line of a delimiter; one is like the other."""
        if line != self._line[0]:
            self._line = (line, self._scrub.shapes(_plain(line)))
        return self._line[1]

    def part(self, delimiter: bytes, content: bytes, *, cut: bool) -> _Piece:
        """One part, after the line of its delimiter."""
        line = self.shown_line(delimiter)
        tail = b"" if cut else b"\r\n" if content.endswith(b"\r\n") else b"\n" if content.endswith(b"\n") else b""
        content = content.removesuffix(tail)
        blank = _BLANK_LINE.search(content)
        if blank is None:
            piece = _Piece(line, TRUNCATED if content else "")
        else:
            part = Part(_plain(content[: blank.start()]), self._scrub)
            break_ = "\r\n" if blank[0].endswith(b"\r\n") else "\n"
            piece = _Piece(line + _head(part.lines, break_), "")
            piece.bare_head = line + _head(part.decoded_lines(), break_)
            self._body(piece, part, content[blank.end() :], cut=cut)
        piece.tail = tail.decode()
        piece.gone = TRUNCATED if cut else ""
        return piece

    def _body(self, piece: _Piece, part: Part, body: bytes, *, cut: bool) -> None:
        scrub = self._scrub
        declared = media_type(part.type)
        piece.body = to_text(body, part.type)
        if _FILE.fullmatch(body):
            piece.value = piece.body
        elif part.file is not None or is_binary(part.type, body):
            piece.value = piece.body = _file(part.file, body)
        elif declared.startswith("multipart/") and self._depth < _DEEPEST:
            piece.value = piece.body = multipart(body, part.type, scrub, self._depth + 1)
        else:
            value = part.text(body)
            changed = None if part.name and scrub.verdict(part.name) else self._by_format(value, part.type, cut=cut)
            if changed is not None and changed != value:
                piece.head, piece.value, piece.body = piece.bare_head, changed, changed
            elif changed is None:
                if cut:
                    piece.body = value = safe_cut(value)
                piece.value = value
                piece.leaf = self.leaves.add(self._fields, part.name, value)

    def _by_format(self, text: str, content_type: str, *, cut: bool) -> str | None:
        """A value that is a document itself, redacted; None if it is plain text."""
        kind = format_of(content_type, text)
        if kind is Format.JSON:
            return document(text, self._scrub, cut=cut)
        if cut:
            text = safe_cut(text)
        declared = media_type(content_type)
        if declared in _HTTP:
            return _http(text, self._scrub)
        if kind is Format.XML:
            return xml(text, self._scrub)
        return form(text, self._scrub) if declared == "application/x-www-form-urlencoded" else None


def _plain(data: bytes) -> str:
    """What stands around the bodies of parts, which has no charset of its own (RFC 7578 5.1)."""
    return data.decode("utf-8", "replace")


def _head(lines: list[str], break_: str) -> str:
    return break_.join((*lines, "", "")) if lines else break_


def _file(name: str | None, body: bytes) -> str:
    """What is told of a file."""
    name = _NO_FILE_NAME.sub("", name or "")
    return f"<file {name}, {len(body)} bytes>" if name else f"<file, {len(body)} bytes>"


def _http(text: str, scrub: "Scrub") -> str:
    """A request or an answer: its target as a URL, its header by names, its body as a document."""
    head, blank, body = text.partition("\r\n\r\n" if "\r\n" in text else "\n\n")
    lines: list[str] = []
    for index, line in enumerate(head.splitlines()):
        name, colon, value = line.partition(":")
        if index == 0:
            lines.append(" ".join([scrub.url(word) if "/" in word else word for word in line.split(" ")]))
        elif not colon:
            lines.append(scrub.text(line))
        elif (left := scrub.value(value.strip(), name)) is not None:
            lines.append(line if left == value.strip() else f"{name}: {left}")
    return ("\r\n" if "\r\n" in head else "\n").join(lines) + blank + document(body, scrub)
