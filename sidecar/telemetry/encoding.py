"""A record as one line of JSON: what events say is redacted here, and no value can make the encoding fail."""

from collections.abc import Callable, Mapping
from typing import Any

import orjson

Redact = Callable[[str], str]

TEXT_CAP = 64 * 1024
"""Characters of one text of an event that are written: a traceback may hold the text of a whole answer."""

_DEEPEST = 20
"""Levels of lists and mappings that are written."""
_INTEGERS = range(-(2**63), 2**64)
"""What orjson writes as a number; a larger one is written as text."""


def redacted(value: Any, redact: Redact, depth: int = 0) -> Any:
    """``value`` with every text in it redacted, the keys of mappings too. What is no JSON becomes text first."""
    if isinstance(value, str):
        return _text(value, redact)
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth < _DEEPEST:
        if isinstance(value, Mapping):
            return {str(_text(str(key), redact)): redacted(one, redact, depth + 1) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [redacted(one, redact, depth + 1) for one in value]
    return _text(as_text(value), redact)


def _text(text: str, redact: Redact) -> str | dict[str, Any]:
    """The text, redacted and then cut: a value that was cut first might not be known any more for what it is."""
    try:
        shown = redact(text)
    except Exception:  # noqa: BLE001 - fails closed: never the raw text
        return {"redaction": "failed", "bytes": len(text.encode("utf-8", "surrogatepass"))}
    more = len(shown) - TEXT_CAP
    return shown if more <= 0 else f"{shown[:TEXT_CAP]}... ({more} characters more)"


def as_text(value: object) -> str:
    """``str(value)``, or the name of its type where that fails."""
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - any class may define __str__
        return f"<{type(value).__name__}>"


def encoded_plainly(record: Mapping[str, Any], redact: Redact) -> bytes:
    """The line of a record that orjson refuses: for half a surrogate pair, a large integer, a key that is no text."""
    return orjson.dumps(_plain(record, redact, 0), option=orjson.OPT_APPEND_NEWLINE)


def _plain(value: Any, redact: Redact, depth: int) -> Any:
    if isinstance(value, str):
        return _unicode(value)
    if value is None or isinstance(value, bool | float) or (isinstance(value, int) and value in _INTEGERS):
        return value
    if depth < _DEEPEST:
        if isinstance(value, Mapping):
            return {_unicode(as_text(key)): _plain(one, redact, depth + 1) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return [_plain(one, redact, depth + 1) for one in value]
    shown = _text(as_text(value), redact)
    return _unicode(shown) if isinstance(shown, str) else shown


def _unicode(text: str) -> str:
    """Halves of surrogate pairs, as file names and wrong JSON hold them, written as escapes (RFC 8259 8.2)."""
    return text.encode("utf-8", "backslashreplace").decode()
