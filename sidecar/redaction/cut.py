"""Where a text was cut: half a value is found by no detector, so the text ends before the value that was cut."""

import re

from sidecar.redaction.kinds import MARKER

TRUNCATED = "<truncated>"
"""Stands where the rest of a body, or of a value, is missing."""

_WINDOW = 64 * 1024

MARK = rf"(?:{TRUNCATED}|{MARKER.pattern})"
"""What redaction leaves behind, as a pattern: in every format it is a word, whatever its brackets mean elsewhere."""

_DONE = re.compile(rf"{MARK}\Z")
"""What was cut, or redacted, before: no value ends like this."""
_LONGEST_MARK = 128
_LONGEST_QUOTED = 600

# All patterns below read the text backwards, from the cut: each looks once at what it drops, and at nothing else.
_TOKEN = re.compile(r"(?:=++|[0-9A-Fa-fxX]{0,7}#&)?+(?:[^\s<>\"'&;,=(){}\[\]|]++|;\w{1,8}#?&)*+")
"""A word; with the character references in it (``bob&#64;example.com``, ``bob&#6``), and a ``=`` before the cut."""
_NUMERIC = re.compile(r"\ufffd{0,3}[0-9A-Z.\-/]{0,20}\+?")
"""What may be the last part of a number in groups: nothing, or digits, and capitals as in an IBAN; half a character."""
_GROUPS = re.compile(r"(?:[ .\-/()\u00a0]{1,3}(?:[0-9A-Z]{0,5}[0-9][A-Z]{0,4}|[A-Z]{4})(?![0-9A-Za-z])[(+]{0,2}){1,12}")
"""Groups of digits and capitals, each before a space or a dash: cards, IBANs, telephone and social security numbers."""
_URL = re.compile(r"[^\s<>\"'&]*+")
_OPEN = re.compile(r"[=:]\s{0,4}(?P<quote>[\"'])(?:(?!(?P=quote))[^\n]){0,512}\Z")
"""A quoted value of the last line that has no end: a sentence may be a password, and its words look like any."""
_BEGIN = "-----BEGIN "
_END = re.compile(r"-----END [A-Z0-9 ]{1,64}-----")


def safe_cut(text: str) -> str:
    """A text that was cut at its end, without the value that the cut went through, and with a mark in its place.

    Dropped are a quoted value without an end, the last word, the groups of a number before it, a URL, and a PEM block
    (RFC 7468) that has no end.
    """
    if _DONE.search(text, max(0, len(text) - _LONGEST_MARK)):
        return text
    begin = text.find(_BEGIN)
    if begin >= 0:
        for end in _END.finditer(text, begin):
            begin = end.end()
        begin = text.find(_BEGIN, begin)
        if begin >= 0:
            return text[:begin] + TRUNCATED
    opened = _OPEN.search(text, max(0, len(text) - _LONGEST_QUOTED))
    if opened is not None:
        return text[: opened.start("quote") + 1] + TRUNCATED
    back = text[::-1]
    dropped = _length(_TOKEN, back, 0)
    word = back[:dropped]
    if _NUMERIC.fullmatch(word):
        dropped += _length(_GROUPS, back, dropped)
    # What stands before a password in a URL is no end: the whole URL goes.
    url = _length(_URL, back, 0)
    if "//:" in back[:url]:
        dropped = max(dropped, url)
    return text[: len(text) - dropped] + TRUNCATED


def _length(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() - at if match else 0


def windows(length: int) -> int:
    """How many times 64 KiB a body has, at least one: limits on its parts are per so many characters."""
    return max(1, length // _WINDOW)
