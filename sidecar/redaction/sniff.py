"""What a body is: by what it begins with, and where that leaves a choice, by its media type.

Providers send JSON as ``text/plain``, forms as JSON, and error pages as anything.
"""

import hashlib
import re
from enum import Enum, auto

import orjson

from sidecar.redaction.cut import MARK, TRUNCATED
from sidecar.redaction.encodings import charset_of, to_text, wide
from sidecar.redaction.media_types import is_binary_type, media_type, type_by_magic


class Format(Enum):
    """How a body is taken apart."""

    JSON = auto()
    NDJSON = auto()
    """One JSON document after another, in lines or with record separators (RFC 7464)."""
    SSE = auto()
    FORM = auto()
    MULTIPART = auto()
    XML = auto()
    """HTML too."""
    GRAPHQL = auto()
    TEXT = auto()
    BINARY = auto()


_DECLARED = {
    "application/x-www-form-urlencoded": Format.FORM,
    "application/x-ndjson": Format.NDJSON,
    "application/ndjson": Format.NDJSON,
    "application/jsonl": Format.NDJSON,
    "application/jsonlines": Format.NDJSON,
    "application/x-jsonlines": Format.NDJSON,
    "application/json-lines": Format.NDJSON,
    "application/stream+json": Format.NDJSON,
    "application/json-seq": Format.NDJSON,
    "text/event-stream": Format.SSE,
    "application/graphql": Format.GRAPHQL,
}
"""Media types whose bodies need no mark at their beginning. JSON and XML always have one."""

_HEAD = 256
_SAMPLE = 4096
_CONTROLS = bytes(code for code in range(0x20) if code not in b"\t\n\r\f\x08\x1b\x1e") + b"\x7f"
"""Control characters that texts do not have; RS parts JSON texts (RFC 7464), ESC colours terminals."""
_MOST_CONTROLS = 0.02
_MOST_INVALID = 0.3
"""Shares of a text. Random bytes have 0.1 and 0.5; a few words of French in an unknown charset may have 0 and 0.2."""
_LEAST_HASHED = 64
"""Bytes. The hash of less could be turned back by trying all that it may be, such as every PIN."""

_GUARD = re.compile(r"\)\]\}'|for ?\(;;\);|while ?\(1\);|throw 1;|(?:/\*\*/)?[\w$.]{1,64}\([{\[]")
"""What is put before JSON so that no script can include it, or so that one can (JSONP)."""
_OBJECT = re.compile(r"\{\s*+(?:[\"'}/`]|\Z|[\w$.\-]{1,128}+\s*+:(?!:))")
_ARRAY = re.compile(
    rf"\[\s*+(?!{MARK})"
    r"(?:[\"'{\[\]/]|\Z|(?:-?[0-9.]{1,40}+(?:[eE][+\-]?[0-9]{1,4})?|true|false|null)\s*+(?:[,\]]|\Z)|[uUbB]['\"])"
)
_NEXT_DOCUMENT = re.compile(r"[}\]][ \t]*+\r?\n\s*+[{\[]")
"""The end of one document and, on a line of its own, the beginning of another; inside one, a comma is between them."""
_OPERATION = re.compile(
    r"(?:#[^\n]*+\n\s*+){0,20}"
    r"(?:(?:query|mutation|subscription)\s*+\w{0,80}+\s*+(?:\(\s*+\$|[@{])|fragment \w{1,80} on \w{1,80}+\s*+[@{])"
)
_SELECTION = re.compile(r"\{\s*+\w{1,80}+\s*+(?:\(\s*+\w{1,80}+\s*+:|\{)")
"""GraphQL (October 2021, 2.3): operations, and the short form of a query."""
_TAG = re.compile(r"<(?:\?xml|!DOCTYPE\b|!--|!\[CDATA\[|[A-Za-z_][\w.:\-]{0,200}+(?:\s|/?>|\Z))", re.IGNORECASE)
_EVENTS = re.compile(
    r"(?:(?:event|id|retry):[^\n]*+\n|:[^\n]*+\n+){1,8}(?:data|event|id|retry):"
    r"|data: ?(?:[{\[\"]|[^\n]*+\n\n(?:data|event|id|:))"
)
"""Server-sent events (HTML 9.2.5)."""
_NAME = r"[\w.\-\[\]%+~$!*'(),:@]"
_VALUE = rf"(?:[^\s&<>\"]|{TRUNCATED})*+"
_FORM = re.compile(rf"{_NAME}++={_VALUE}(?:&(?:{_NAME}++(?:={_VALUE})?|{TRUNCATED})?)++\s*+")
_PAIR = re.compile(rf"[A-Za-z_][\w.\-\[\]%]{{0,60}}+=(?:[^\s=&<>\"{{}}\[]|{MARK})++={{0,2}}\s*+")
"""Pairs of a form (WHATWG URL 5); one alone is told more strictly."""
_BOUNDARY = re.compile(r"\s{0,4}--[\w'()+,\-./:=?]{1,70}[ \t]{0,4}\r?\n(?:[A-Za-z\-]{1,40}:|\r?\n)")
"""A delimiter and a header field of a part, or none (RFC 2046 5.1.1)."""


def format_of(content_type: str, body: bytes | str) -> Format:
    """The format of a body, given as bytes or, where it is known to be text, decoded."""
    declared = media_type(content_type)
    if isinstance(body, bytes):
        if declared.startswith("multipart/") and (body.startswith(b"--") or b"\n--" in body):
            return Format.MULTIPART
        if _BOUNDARY.match(body[:_HEAD].decode("latin-1")):
            return Format.MULTIPART
        if is_binary(content_type, body):
            return Format.BINARY
        body = to_text(body, content_type)
        if _BOUNDARY.match(body):
            return Format.MULTIPART
    return _by_content(body.lstrip("\ufeff \t\r\n"), declared) or _DECLARED.get(declared, Format.TEXT)


def is_binary(content_type: str, data: bytes) -> bool:
    """Whether a body is no text: its media type says so, or its first bytes do."""
    if is_binary_type(media_type(content_type)) or type_by_magic(data):
        return True
    sample = data[:_SAMPLE]
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if (controls or not sample.isascii()) and _is_wide(sample, content_type):
        return False
    if controls > len(sample) * _MOST_CONTROLS:
        return True
    if sample.isascii() or charset_of(sample, content_type):
        return False
    return sample.decode("utf-8", "replace").count("\ufffd") > len(sample) * _MOST_INVALID


def _is_wide(sample: bytes, content_type: str) -> bool:
    """UTF-16 or UTF-32, whose bytes look like no text."""
    if wide(sample) or sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return charset_of(sample, content_type).startswith(("utf-16", "utf-32"))


def describe_binary(data: bytes, content_type: str, length: int) -> str:
    """JSON that tells type, length and SHA-256 of a body of which ``data`` is kept, perhaps only its beginning."""
    kind = media_type(content_type)
    if not kind or kind == "application/octet-stream":
        kind = type_by_magic(data) or kind or "application/octet-stream"
    told: dict[str, object] = {"binary": kind, "bytes": length}
    if len(data) != length:
        told["kept"] = len(data)
    elif length >= _LEAST_HASHED:
        told["sha256"] = hashlib.sha256(data).hexdigest()
    return orjson.dumps(told).decode()


def _by_content(text: str, declared: str) -> Format | None:
    """The format that a text shows by its beginning; None if it may be anything."""
    first = text[:1]
    if first in {"{", "["}:
        return _brackets(text, declared)
    if first == "\x1e":
        return Format.NDJSON
    if first == "<":
        return Format.XML if _TAG.match(text) else None
    if first == '"':
        return Format.JSON if text.rstrip().endswith('"') else None
    if _GUARD.match(text):
        return Format.JSON
    if _OPERATION.match(text):
        return Format.GRAPHQL
    if declared != "application/x-www-form-urlencoded":
        if declared == "text/event-stream" or _EVENTS.match(text):
            return Format.SSE
        if _FORM.fullmatch(text) or _PAIR.fullmatch(text):
            return Format.FORM
    return None


def _brackets(text: str, declared: str) -> Format | None:
    if not (_OBJECT if text[0] == "{" else _ARRAY).match(text):
        return Format.GRAPHQL if _SELECTION.match(text) or declared == "application/graphql" else None
    if _DECLARED.get(declared) is Format.NDJSON or _NEXT_DOCUMENT.search(text):
        return Format.NDJSON
    return Format.JSON
