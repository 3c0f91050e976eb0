"""Encodings inside a text: percent-encoded words, and JSON in Base64. Each is looked into, and put back if clean."""

import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from sidecar.redaction.family import Family, Span

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub


def _nothing(text: str, name: str) -> Iterator[Span]:  # noqa: ARG001 - the signature of every family
    """A trigger without values of its own."""
    return iter(())


_WORD = re.compile(r"[^\s\"'<>&=,;?#]*+")
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_ROUNDS = 3
"""How often a text may be encoded: names and values are hidden by encoding them twice."""

_BASE64_JSON = re.compile(
    r"(?<![A-Za-z0-9+/_\-.])(?:eyJ|eyAi|ewog|ewoJ|W3si|W3sg|Wwog|WyJ)[A-Za-z0-9+/_\-]{21,}+={0,2}(?!\.)"
)
"""``{"``, ``{ "``, ``{`` and a line break, ``[{``, ``["`` in Base64 (RFC 4648)."""


NESTED, PERCENT, BASE64, FOLDING = range(4)
"""The first triggers of every gate: they tell that a text must be decoded before its values show."""

LAYERS = (
    # JSON inside a text, unlike a marker; every JSON body begins like that itself.
    Family("nested JSON", r"(?m:^\s*[\[{](?:[^R]|$))", _nothing),
    Family("percent-encoding", r"%[0-9A-Fa-f]{2}", _nothing),
    Family("Base64", r"(?:eyJ|eyAi|ewog|ewoJ|W3si|W3sg|Wwog|WyJ)[A-Za-z0-9+/_\-]{21}", _nothing),
    # Full-width forms, spaces of other scripts, invisible characters: see fold.py.
    Family("folding", r"[^\x00-\x7f]", _nothing),
)


def loaded(text: str) -> Any:
    """The object or array that a text is in JSON; None when it is none."""
    try:
        inner = orjson.loads(text)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return None
    return inner if isinstance(inner, dict | list) else None


def decoded(text: str) -> str:
    """Percent-decoded (RFC 3986 2.1) until nothing changes, three times at most."""
    for _ in range(_ROUNDS):
        plain = unquote(text)
        if plain == text:
            break
        text = plain
    return text


def percent_tokens(text: str, redact: Callable[[str], str]) -> str:
    """A text with those of its percent-encoded words decoded in which there is something to redact."""
    if _ENCODED.search(text) is None:
        return text
    pieces: list[str] = []
    at = 0
    for match in _WORD.finditer(text):
        word = match[0]
        if "%" not in word or _ENCODED.search(word) is None:
            continue
        plain = decoded(word)
        shown = redact(plain)
        if shown != plain:
            pieces += (text[at : match.start()], shown)
            at = match.end()
    return "".join((*pieces, text[at:])) if at else text


def base64_json(text: str, scrub: "Scrub") -> str:
    """A text with the JSON documents in Base64 in it redacted, and encoded again."""
    return _BASE64_JSON.sub(lambda match: _document(match[0], scrub), text)


def _document(word: str, scrub: "Scrub") -> str:
    urlsafe = "-" in word or "_" in word
    bare = word.rstrip("=")
    try:
        data = b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_" if urlsafe else None, validate=True)
        inner = orjson.loads(data)
    except (Error, ValueError):
        return word
    before = orjson.dumps(inner)
    after = orjson.dumps(scrub.tree(inner))
    if after == before:
        return word
    coded = b64encode(after, altchars=b"-_" if urlsafe else None).decode()
    return coded if word.endswith("=") or len(bare) % 4 == 0 else coded.rstrip("=")
