"""URLs: userinfo, path segments, query and fragment, each by its own rules.

A clean target costs one look by the gate and one look-up for each name in its query.
"""

import re
from typing import TYPE_CHECKING

from sidecar.redaction.family import Family, Span
from sidecar.redaction.gate import merged
from sidecar.redaction.key_rules import kind_of, kind_of_query, tells
from sidecar.redaction.kinds import MARKER
from sidecar.redaction.layers import decoded
from sidecar.redaction.verdicts import ITSELF, NAMELESS

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

_PARTS = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.\-]*+:)?//)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
"""Scheme, authority, path, query and fragment (RFC 3986, appendix B); every part may be empty."""

_VALUE_CHARS = 8
"""Shorter path segments are words or versions, not secrets."""

_IN_QUERY = str.maketrans({char: f"%{ord(char):02X}" for char in "%&;#+"})
_IN_PATH = str.maketrans({char: f"%{ord(char):02X}" for char in "%?#/"})
_IN_WHOLE_PATH = str.maketrans({char: f"%{ord(char):02X}" for char in "%?#"})
"""What would mean something else where a decoded text is put back; the rest is easier to read as it is."""

_QUERY_WORDS = (
    "key|sig|code|hmac|app_?id|auth|ticket|sid|jwt|hash|assertion|pw|token|secret|pass|credential|session|sas|otp|pin"
)
_STEP_WORDS = (
    "token|secret|password|passwd|passcode|key|otp|session|jwt|credential|signature|ssn|iban|email|phone|mobile|number"
)
_PAIR = re.compile(r"[?&;#]([A-Za-z_%][\w.\-\[\]%~]{0,80})=([^&;\s\"'<>#\\]+)", re.ASCII)
_SENSITIVE = re.compile(f"{_QUERY_WORDS}|%|^[st]$", re.IGNORECASE)
_STEP = re.compile(rf"/([A-Za-z_\-]{{0,40}}(?:{_STEP_WORDS}))(?=/([^/?#\s\"'<>]{{8,}}))", re.IGNORECASE)
_TRIGGER = (
    rf"[?&;#](?:[\w.\-\[\]%~]*(?i:{_QUERY_WORDS})[\w.\-\[\]%~]*|[\w.\-\[\]~]*%[\w.\-\[\]%~]*|[stST])="
    rf"|/[A-Za-z_\-]*(?i:{_STEP_WORDS})/[^/?#\s\"'<>]{{8}}"
)


def find(text: str, name: str) -> list[Span]:  # noqa: ARG001 - the signature of every family
    """Values in the query of a URL inside a text, and path segments after a name that announces a secret.

    Only under names that the trigger knows; what a name and ``=`` announce in any text is the matter of assignments.
    """
    spans: list[Span] = []
    for match in _PAIR.finditer(text):
        if _SENSITIVE.search(match[1]) is not None:
            kind = kind_of_query(match[1])
            if kind is not None and kind[0] != "*" and tells(kind, match[2]):
                spans.append((*match.span(2), kind))
    for match in _STEP.finditer(text):
        kind = kind_after(match[1])
        if kind is not None and value_like(decoded(match[2])) and "[REDACTED:" not in match[2]:
            spans.append((*match.span(2), kind))
    return merged(spans)


URL_FAMILY = Family("url", _TRIGGER, find)


def kind_after(name: str) -> str | None:
    """The kind of the segment after a name. Plurals are collections: ``/secrets/db-1`` is an id, needed to debug."""
    kind = None if name[-1:] == "s" else kind_of(name)
    return None if kind is None or kind[0] == "*" else kind


def value_like(text: str) -> bool:
    """Whether a segment after a secret name is a value: eight characters with a digit or mixed case.

    ``/token/refresh`` and ``/password/forgotten`` are words of an API; what machines make has one or the other.
    """
    return len(text) >= _VALUE_CHARS and (
        any(map(str.isdigit, text)) or (text.lower() != text and text.upper() != text)
    )


def in_url(text: str, scrub: "Scrub") -> str:
    """An absolute or relative URL: userinfo, path, query and fragment."""
    match = _PARTS.fullmatch(text)
    assert match is not None  # every part may be empty: every text matches
    scheme, authority, path, query, fragment = match.groups()
    if scheme is None:
        shown = in_path(authority + path, scrub)
    else:
        userinfo, at, host = authority.rpartition("@")
        if at and userinfo and not MARKER.fullmatch(userinfo):
            for part in userinfo.split(":", 1)[1:]:
                scrub.learn(decoded(part), "userinfo")
            replaced = scrub.named("userinfo", userinfo, "userinfo", certain=True)
            authority = f"{replaced}@{host}" if replaced else host
        shown = scheme + authority + in_path(path, scrub)
    if query is not None:
        shown += f"?{in_query(query, scrub)}"
    if fragment is not None:
        shown += f"#{in_query(fragment, scrub)}"
    return shown


def in_path(path: str, scrub: "Scrub") -> str:
    """A path: shapes that cover several segments first, then each segment that is percent-encoded."""
    if ";" in path:
        path = "/".join([_parameters(segment, scrub) if ";" in segment else segment for segment in path.split("/")])
    # A relative path as if it were absolute: its first segment is a name as good as any other.
    path = scrub.shapes(path, "") if path[:1] == "/" else scrub.shapes(f"/{path}", "")[1:]
    return _encoded_path(path, scrub) if "%" in path else path


def _encoded_path(path: str, scrub: "Scrub") -> str:
    segments = path.split("/")
    previous = ""
    encoded = False
    for index, segment in enumerate(segments):
        plain = decoded(segment) if "%" in segment else segment
        encoded, named = plain != segment, encoded
        if (encoded or named) and not MARKER.search(segment):
            kind = kind_after(previous) if value_like(plain) else None
            shown = scrub.shapes(plain, previous) if kind is None else scrub.named(kind, plain, previous)
            if shown != plain:
                segments[index] = (shown or "").translate(_IN_PATH)
        previous = plain
    path = "/".join(segments)
    if "%2" in path and "/" in (plain := decoded(path)):
        # An encoded slash hides shapes that cover several segments.
        shown = scrub.shapes(plain)
        return path if shown == plain else shown.translate(_IN_WHOLE_PATH)
    return path


def _parameters(segment: str, scrub: "Scrub") -> str:
    """A segment with the parameters in it, as ``;jsessionid=x`` (RFC 3986 3.3)."""
    name, *pairs = segment.split(";")
    return ";".join([name, *[_pair(pair, scrub) if pair else pair for pair in pairs]])


def in_query(query: str, scrub: "Scrub") -> str:
    """``key=value`` pairs parted by ``&``; also by ``;``, as some servers still do, and before a fragment."""
    for separator in "#;":
        if separator in query:
            return separator.join([in_query(part, scrub) for part in query.split(separator)])
    # One look at each; what is dropped goes with its ``&``, what was empty before stays.
    return "&".join([shown for pair in query.split("&") if (shown := _pair(pair, scrub) if pair else pair) or not pair])


def _pair(pair: str, scrub: "Scrub") -> str:
    name, equals, value = pair.partition("=")
    if not equals:
        plain = _plain(pair)
        shown = scrub.in_pair(plain, "") or ""
        return pair if shown == plain else shown.translate(_IN_QUERY)
    plain = _plain(value)
    verdict = scrub.query_kind(name)
    # Decoded as a URL: the names in one that is a value of another count as well.
    replaced = scrub.url(plain) if verdict is None and "://" in plain else scrub.in_pair(plain, name)
    if replaced is None:
        return ""
    shown_name = name
    if "%" in name or verdict in (ITSELF, NAMELESS):
        plain_name = _plain(name)
        shown_name = scrub.shapes(plain_name, "")
        shown_name = name if shown_name == plain_name else shown_name.translate(_IN_QUERY)
    return f"{shown_name}={value if replaced == plain else replaced.translate(_IN_QUERY)}"


def _plain(text: str) -> str:
    """Decoded as in a form: ``+`` is a space, except where it stands for itself, as in ``+14155552671``."""
    if "+" in text:
        first = 1 if text[1:2].isdigit() else 0
        text = text[:first] + text[first:].replace("+", " ")
    return decoded(text) if "%" in text else text
