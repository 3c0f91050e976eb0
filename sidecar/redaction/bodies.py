"""Bodies: from bytes to redacted text, by what they are rather than by what they say they are."""

import re
from typing import TYPE_CHECKING

import orjson

from sidecar.redaction import echo, graphql, streams, tree
from sidecar.redaction.cut import safe_cut
from sidecar.redaction.encodings import decompress, to_text
from sidecar.redaction.form import form
from sidecar.redaction.multipart import multipart
from sidecar.redaction.pointers import restore
from sidecar.redaction.repair import NO_JSON, repaired
from sidecar.redaction.sniff import Format, describe_binary, format_of
from sidecar.redaction.xml_text import xml

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

_MOST_DECODED = 1 << 20
"""Bytes that a compressed body may grow to; what is more is cut."""
_LONGEST_BARE = 400
"""Bytes; the longest number that has a value has fewer (IEEE 754)."""
_MOST_PASSES = 4
"""Times that a body is redacted again; the first finds nothing more in nearly all."""
_CHARSET = re.compile(r";\s*charset\s*=[^;]*", re.IGNORECASE)
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5")
"""How gzip (RFC 1952 2.3.1) and Zstandard (RFC 8878 3.1.1) begin."""


class Unsettled(Exception):
    """A body comes out differently every time that it is redacted."""


def redact(data: bytes, scrub: "Scrub", content_type: str, content_encoding: str, *, whole: bool) -> str:
    """A body as redacted text; JSON stays JSON. ``whole`` False: it was cut, or broke off.

    Raises:
        Unsettled: every time that it is redacted it comes out differently.
    """
    scrub.listed_only = scrub.redactor.allow_list
    if content_encoding or data[:2] in _COMPRESSED:
        data, complete = decompress(data, content_encoding, _MOST_DECODED)
        whole = whole and complete
    if whole and data[:1] in (b"{", b"["):
        counts = scrub.found.counts.copy()
        try:
            return _json(data, scrub)
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            # No JSON, or nested more deeply than it is written again: what was found is found once more.
            scrub.found.counts = counts
    shown = _by_format(data, scrub, content_type, whole=whole)
    return shown if whole and shown.encode() == data else _settled(shown, scrub, _CHARSET.sub("", content_type))


def _settled(shown: str, scrub: "Scrub", content_type: str) -> str:
    """What was redacted, redacted until it stays the same: without a value, the rest may read differently.

    Valid JSON is a tree whatever its values are, and stays the same at once.
    """
    for _ in range(_MOST_PASSES):
        data = shown.encode()
        scrub.changed = False
        if data[:1] in (b"{", b"["):
            try:
                return _json(data, scrub)
            except (orjson.JSONDecodeError, orjson.JSONEncodeError):
                pass  # text that begins like JSON
        again = _by_format(data, scrub, content_type, whole=True)
        if again == shown:
            return shown
        shown = again
    raise Unsettled


def _by_format(data: bytes, scrub: "Scrub", content_type: str, *, whole: bool) -> str:
    """A body taken apart by what it is."""
    kind = format_of(content_type, data)
    if kind is Format.BINARY:
        return describe_binary(data, content_type, len(data))
    if kind is Format.MULTIPART:
        return echo.in_text(multipart(data, content_type, scrub), scrub)
    text = to_text(data, content_type)
    if kind is Format.TEXT and whole and len(data) <= _LONGEST_BARE and "json" in content_type.lower():
        return _bare(text, scrub)
    return _text(text, kind, scrub, whole=whole)


def _json(data: bytes, scrub: "Scrub") -> str:
    """Valid JSON: by names and values, then without the secrets of the exchange, which may have hidden others."""
    for _ in range(_MOST_PASSES):
        text = _by_names_and_values(data, scrub)
        shown = echo.in_json(text, scrub) if scrub.found.secrets else text
        if shown == text:
            return text
        data = shown.encode()
        scrub.changed = False
    raise Unsettled


def _by_names_and_values(data: bytes, scrub: "Scrub") -> str:
    """What is in the tree; unchanged, it stays as it came."""
    root = orjson.loads(data)
    pointers = scrub.redactor.pointers
    held = pointers.apply(root, scrub) if pointers.any else []
    root = tree.redact(root, scrub)
    restore(held)
    return (orjson.dumps(root) if scrub.changed else data).decode()


def _bare(text: str, scrub: "Scrub") -> str:
    """What calls itself JSON and may be a number, ``true``, ``false`` or ``null``; what stands for it is a string."""
    try:
        value = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return scrub.echoes(scrub.text(text))
    if value is None or type(value) is bool:
        return text
    shown = scrub.unlisted(value) if scrub.listed_only else scrub.echoes(scrub.shapes(text))
    return text if shown == text else orjson.dumps(shown).decode()


def _text(text: str, kind: Format, scrub: "Scrub", *, whole: bool) -> str:
    if kind is Format.JSON:
        root = repaired(text)
        if root is not NO_JSON:
            return echo.in_json(orjson.dumps(scrub.document(root)).decode(), scrub)
        kind = Format.TEXT
    if kind is Format.NDJSON or kind is Format.SSE:
        shown = (streams.ndjson if kind is Format.NDJSON else streams.sse)(text, scrub, whole=whole)
        return echo.in_lines(shown, scrub)
    if not whole:
        text = safe_cut(text)
    if kind is Format.FORM:
        pairs = text.rstrip("\r\n")  # a line break at the end is none of the last value
        shown = form(pairs, scrub) + text[len(pairs) :]
    elif kind is Format.XML:
        shown = xml(text, scrub)
    elif kind is Format.GRAPHQL:
        shown = graphql.document(text, scrub)
    else:
        shown = scrub.text(text)
    return echo.in_text(shown, scrub)
