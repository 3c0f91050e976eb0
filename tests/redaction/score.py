"""Tells whether a value leaked through an output, and whether a harmless one was lost.

An output is judged by everything a reader could undo: JSON and XML escapes, percent-encoding, base64, character forms,
characters of no width. Of a secret any contiguous half of at least eight characters is a leak; of personal data the
whole, also without its spaces, dots and dashes.
"""

import base64
import binascii
import html
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, unquote_plus

from tests.redaction.labels import Value

_UNSEEN = dict.fromkeys((0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0x00AD))
_LOOSE = str.maketrans("", "", " -.()\u00a0/")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\(.)")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{24,}")
_COMPACT = frozenset({"card_number", "phone", "iban", "ssn", "national_id", "tax_id", "account_number"})
"""Kinds that are the same value with and without separators."""

LEAST = 8
"""Shorter pieces of a secret do not count, unless they are the whole."""


class View:
    """One output with all that can be read from it."""

    __slots__ = ("_loose", "texts")

    def __init__(self, output: str) -> None:
        self.texts = list(dict.fromkeys(_readings(output)))
        self._loose: list[str] | None = None

    @property
    def loose(self) -> list[str]:
        """The readings without separators."""
        if self._loose is None:
            self._loose = [text.translate(_LOOSE) for text in self.texts]
        return self._loose


def _readings(output: str) -> Iterator[str]:
    plain = output
    if not output.isascii():
        plain = unicodedata.normalize("NFKC", output.translate(_UNSEEN))
        yield output
    yield plain
    leaves = strings(plain)
    texts = [plain] if leaves is None else [plain, leaves]
    if leaves is not None:
        yield leaves
    if "\\" in plain:
        once = _ESCAPE.sub(_unescape, texts[-1])
        texts += [once, _ESCAPE.sub(_unescape, once)]
        yield from texts[-2:]
    for text in tuple(texts):
        if "%" in text:
            once = unquote(text, errors="replace")
            yield once
            yield unquote_plus(once, errors="replace")
        if "&" in text and ";" in text:
            yield html.unescape(text)
    for match in _BASE64.finditer(texts[-1]):
        yield from _decoded(match[0])


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else {"n": "\n", "t": "\t", "r": "\r"}.get(match[3], match[3])


def _decoded(run: str) -> Iterator[str]:
    """Text that was made base64; random tokens are no UTF-8 and drop out."""
    try:
        raw = base64.b64decode(run + "=" * (-len(run) % 4), altchars=b"-_" if "-" in run or "_" in run else None)
        text = raw.decode()
    except (binascii.Error, UnicodeDecodeError):
        return
    if text.isprintable() or "\n" in text:
        yield text
        leaves = strings(text)
        if leaves is not None:
            yield leaves


def strings(text: str) -> str | None:
    """All strings and numbers of a JSON text, one a line; ``None`` if it is none."""
    if text[:1] not in {"{", "[", '"'}:
        return None
    try:
        parsed = json.loads(text)
    except ValueError:
        return None
    except RecursionError:
        return None
    return "\n".join(_walk(parsed))


def _walk(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)
    elif isinstance(value, str):
        yield value
    else:
        yield json.dumps(value)


def leaked(value: Value, view: View) -> bool:
    """Whether a value, or too much of it, can be read from an output."""
    return any(_one_leaked(piece, value, view) for piece in value.pieces or (value.text,))


def _one_leaked(text: str, value: Value, view: View) -> bool:
    if value.kind in _COMPACT and len(text) >= LEAST:
        bare = text.translate(_LOOSE)
        if any(bare in loose for loose in view.loose):
            return True
        if value.tier == "T0" and any(_windows(bare, loose) for loose in view.loose):
            return True
    if len(text) < LEAST:
        # Short texts are looked for as words: "123" within "81234" is another number.
        word = re.compile(rf"(?<![\w.]){re.escape(text)}(?!\w)")
        return any(word.search(reading) is not None for reading in view.texts)
    if value.tier == "T0":
        return any(_windows(text, reading) for reading in view.texts)
    return any(text in reading for reading in view.texts)


def _windows(text: str, reading: str) -> bool:
    """Whether half of a text stands in another.

    Every window of ``size`` holds a whole chunk of half that length from a fixed grid: without a chunk, no window.
    """
    size = max(LEAST, (len(text) + 1) // 2)
    if len(text) <= size:
        return text in reading
    step = size // 2
    if not any(text[start : start + step] in reading for start in range(0, len(text) - step + 1, step)):
        return False
    return any(text[start : start + size] in reading for start in range(len(text) - size + 1))


def kept(text: str, view: View) -> bool:
    """Whether a harmless value is still to be read in an output."""
    return any(text in reading for reading in view.texts)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every leaf of parsed JSON with its path; keys are leaves too, as they can be masked."""
    if isinstance(value, dict):
        for place, (key, inner) in enumerate(value.items()):
            yield f"{path}/{place}#", key
            yield from leaves(inner, f"{path}/{place}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from leaves(inner, f"{path}/{place}")
    else:
        yield path, value
