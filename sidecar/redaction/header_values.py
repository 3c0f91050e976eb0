"""Credentials and cookies as they stand in texts: ``Authorization: Bearer x``, ``Cookie: a=b; c=d``.

The scheme and the names of the cookies stay; a header goes to the end of its line, or of the quote it stands in.
"""

import re
from itertools import islice

from sidecar.redaction.assignment_rules import Place
from sidecar.redaction.assignment_values import Part, line_end, quote_at, quoted, word
from sidecar.redaction.key_phrases import words
from sidecar.redaction.key_rules import kind_of
from sidecar.redaction.placeholders import is_placeholder
from sidecar.redaction.value_rules import tells

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9_\-]{1,40})[ \t]+(?=\S)")
_SCHEMES = frozenset(
    words("""
    basic bearer digest hoba mutual negotiate ntlm oauth scram-sha-1 scram-sha-256 vapid dpop hawk gnap privatetoken
    token apikey api-key key jwt bot ssws geniekey sharedkey sharedkeylite sharedaccesssignature signature aws
    aws4-hmac-sha256 aws4-ecdsa-p256-sha256 klaviyo-api-key deepl-auth-key zoho-oauthtoken discogs snowflake splunk
""")
)
"""Of the IANA registry, and of vendors' documentation."""
_PAIR = re.compile(r"([^\s=;,\"']+)=(\"[^\"]*\"|[^;\"'\n]*)")
_COOKIE_ATTRIBUTES = frozenset(
    words("path domain expires max-age samesite secure httponly priority partitioned version")
)
_END = re.compile(r"[,}\])]*$")
_MOST_COOKIES = 60
"""More than any browser sends to one host (RFC 6265 6.1 asks for 50): one value then, as a whole."""
_LEAST_CREDENTIALS = 6
"""Characters; what is shorter under ``Authorization`` is a word."""


def credentials(place: Place) -> tuple[list[Part], int]:
    """The credentials behind their scheme word."""
    (start, end), after = _extent(place)
    text = place.text
    scheme = _SCHEME.match(text, start, end)
    if scheme is not None and (scheme[1].lower() in _SCHEMES or text[start - 1] in "\"'`"):
        start = scheme.end()
    else:
        scheme = None
    value = text[start:end]
    if len(value) < _LEAST_CREDENTIALS or is_placeholder(value) or (value.isalpha() and kind_of(value) is not None):
        return [], after
    if scheme is None and (" " in value.strip() or not tells("authorization", value)):
        return [], after
    if scheme is not None and place.operator != ":" and value.isalpha() and value.islower():
        return [], after
    return [(start, end)], after


def cookies(place: Place) -> tuple[list[Part], int]:
    """The values of the cookies; of ``Set-Cookie`` the attributes stay."""
    (start, end), after = _extent(place)
    text = place.text
    pairs = list(islice(_PAIR.finditer(text, start, end), _MOST_COOKIES + 1))
    if len(pairs) > _MOST_COOKIES:
        return [(start, end)], after
    found = [
        match.span(2)
        for match in pairs
        if match[1].lower() not in _COOKIE_ATTRIBUTES and match[2] and not is_placeholder(match[2])
    ]
    if not found and tells("cookie", text[start:end]) and " " not in text[start:end] and not place.code:
        found = [(start, end)]
    return found, after


def _extent(place: Place) -> tuple[Part, int]:
    """Where the value of a header stands: in quotes, up to the quote that its name stands in, or to the line's end."""
    text, at = place.text, place.value
    opening = quote_at(text, at)
    if opening >= 0:
        return quoted(text, opening)
    end = line_end(text, at)
    before = text[place.start - 1] if place.start else "\n"
    if before in "\"'`":
        closing = text.find(before, at, end)
        if closing >= 0:
            end = closing - 1 if text[closing - 1] == "\\" else closing
        return (at, end), end
    if place.starts_line() and place.operator == ":":
        return (at, end), end
    scheme = _SCHEME.match(text, at, end)
    part = word(text, scheme.end() if scheme is not None else at)
    trailing = _END.search(text, part[0], part[1])
    return (at, trailing.start() if trailing is not None else part[1]), part[1]
