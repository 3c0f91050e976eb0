"""Credentials behind the name of an authentication scheme, wherever they stand: ``Bearer x``, ``Basic b64``.

The scheme stays. Prose is told from credentials by what follows: ``Basic`` wants Base64 of ``user:password``, a list
of parameters must have a secret one, and everything else must be no word.
"""

import re
from base64 import b64decode
from functools import cache

from sidecar.redaction.family import Family, Span
from sidecar.redaction.gate import merged
from sidecar.redaction.placeholders import is_placeholder
from sidecar.redaction.vendor_format import Format
from sidecar.redaction.vendor_tree import Tree

# iana.org/assignments/http-authschemes, and those of GitHub and Rails (token), Okta (SSWS), Opsgenie (GenieKey),
# Klaviyo, DeepL, Zoho, Splunk, Elastic (ApiKey), Azure (SharedKey), DocuSign and others.
_CERTAIN = (
    "bearer", "dpop", "gnap", "negotiate", "ntlm", "zoho-oauthtoken", "klaviyo-api-key", "deepl-auth-key", "ssws",
    "geniekey", "splunk", "sharedkey", "sharedkeylite", "pveapitoken", "privatetoken",
)  # fmt: skip
"""What follows these is a credential unless it is a word."""

_POSSIBLE = ("token", "apikey", "api-key", "oauth", "x-api-key")
"""These are English too: what follows must be long, and have letters and digits."""

_LISTS = (
    "digest", "hawk", "mac", "hoba", "signature", "mutual", "vapid", "token", "oauth", "scram-sha-1", "scram-sha-256",
    "aws4-hmac-sha256", "aws4-ecdsa-p256-sha256", "goog4-rsa-sha256", "goog4-hmac-sha256", "tc3-hmac-sha256",
    "acs3-hmac-sha256", "sdk-hmac-sha256", "sharedaccesssignature", "eg1-hmac-sha256", "acquia-http-hmac",
)  # fmt: skip
"""What follows these is a list of parameters."""

_KNOWN = frozenset({"basic", *_CERTAIN, *_POSSIBLE, *_LISTS})

_CASES = {"dpop": "DPoP", "geniekey": "GenieKey", "apikey": "ApiKey", "oauth": "OAuth", "api-key": "Api-Key",
          "sharedkey": "SharedKey", "sharedkeylite": "SharedKeyLite", "pveapitoken": "PVEAPIToken",
          "sharedaccesssignature": "SharedAccessSignature", "privatetoken": "PrivateToken"}  # fmt: skip
"""How schemes are written that are not just all small, capitalised or all large."""


def _ways(scheme: str) -> set[str]:
    """Every way to write a scheme: all small, capitalised, all large, as its vendor does."""
    return {scheme, scheme.title(), scheme.capitalize(), scheme.upper(), _CASES.get(scheme, scheme)}


# A word of prose ends the look at a scheme at once; what else is prose is judged afterwards.
_VALUE_CHARS = r"[\w.~+/=|:-]"
_NO_WORD = r"(?![A-Za-z]?[a-z]{0,30}(?:[\s.,;:!?)\"']|\Z))"
_SPACE = r"[ \t]+"


@cache
def _schemes() -> Tree:
    """All schemes; compiled when the first text comes in which there may be one: that takes 15 ms."""
    return Tree(
        [
            Format(
                scheme,
                "authorization",
                re.escape(way) + f"{_SPACE}(?={_VALUE_CHARS}{{4}}){_NO_WORD}",
                "rfc-editor.org/rfc/rfc9110",
            )
            for scheme in sorted(_KNOWN)
            for way in sorted(_ways(scheme))
        ],
        r"[^0-9A-Za-z_.$-](?:(?<=\\)[nrt]|)(?=[A-Za-z])",
    )


_HEADER = re.compile(
    r"[Aa](?:uthorization|UTHORIZATION)(?:\\{0,4}[\"'])?[ \t]{0,4}[:=]>?[ \t]{0,4}(?:\\{0,4}[\"'])?"
    r"([A-Za-z][\w-]{1,40}+)[ \t]{1,4}+(?=[^\s\[])",
    re.ASCII,
)
_VALUE = re.compile(rf"{_VALUE_CHARS}++", re.ASCII)
_HEADER_VALUE = re.compile(r"[^\s\"'\\,;<>\[]++")
_BASE64 = re.compile(r"[0-9A-Za-z+/]{4,}+={0,2}")
_PARAMETER = r"[\w-]{1,40}+=(?:\\{0,4}\"[^\"\[\n]{0,4000}+\"|[^\s,\"'\\\[]++)"
_PARAMETERS = re.compile(rf"{_PARAMETER}(?:(?:[ \t]*,[ \t]*|[ \t]+|&){_PARAMETER})*+", re.ASCII)
_SECRET_PARAMETER = re.compile(
    r"(?i)(?:^|[\s,&])(?:response|signature|sig|credential|mac|proof|oauth_signature|oauth_token|token|access_token"
    r"|password)="
)

_WORDS = re.compile(r"(?:(?:[A-Za-z][a-z]*+(?:[A-Z][a-z]{2,}+)*+|[A-Z]++)(?:[-_.:/=|]++|\Z))++\Z")
"""Nothing but words, also camelCase, between separators: prose, code or a placeholder."""

_LONGEST_WORDS = 40
_LEAST_CERTAIN, _LEAST_POSSIBLE = 6, 16
_STOP = frozenset({
    "token", "tokens", "authentication", "authorization", "auth", "scheme", "required", "missing", "invalid", "null",
    "none", "undefined", "header", "headers", "failed", "credentials", "access", "realm",
})  # fmt: skip
"""What follows a scheme in prose."""


def _find(text: str, _key: str) -> list[Span]:
    """Every credential behind a scheme."""
    spans: list[Span] = []
    judged = set()
    for header in _HEADER.finditer(text):
        judged.add(header.end())
        span = _behind_header(text, header[1].lower(), header.end())
        if span is not None:
            spans.append((*span, "authorization"))
    done = 0
    # The tree wants a character before each word; a line break is one.
    for _, end, form in _schemes().search("\n" + text):
        at = end - 1
        if at >= done and at not in judged:
            span = _behind(text, form.name, at)
            if span is not None:
                done = span[1]
                spans.append((*span, "authorization"))
    return merged(spans) if judged else spans


def _behind(text: str, scheme: str, at: int) -> tuple[int, int] | None:
    """The credential that follows a scheme in any text, or None."""
    if scheme == "basic":
        basic = _BASE64.match(text, at)
        return basic.span() if basic is not None and _is_pair(basic[0]) else None
    if scheme in _LISTS:
        parameters = _secret_parameters(text, at)
        if parameters is not None or scheme not in _POSSIBLE:
            return parameters
    found = _VALUE.match(text, at)
    if found is None:
        return None
    value = found[0].rstrip(".:|")
    if scheme in _POSSIBLE:
        sure = len(value) >= _LEAST_POSSIBLE and _is_mixed(value) and "://" not in value
    else:
        sure = len(value) >= _LEAST_CERTAIN and not _is_prose(value)
    return (at, at + len(value)) if sure else None


def _behind_header(text: str, scheme: str, at: int) -> tuple[int, int] | None:
    """The credential that follows ``Authorization: scheme``, where hardly anything else can stand."""
    parameters = _secret_parameters(text, at)
    if parameters is not None:
        return parameters
    found = _HEADER_VALUE.match(text, at)
    if found is None or is_placeholder(found[0]):
        return None
    value = found[0].rstrip(".:|)}]")
    if len(value) < 2 or value.lower() in _STOP:
        return None
    if scheme not in _KNOWN and not _is_mixed(value):
        return None
    if scheme == "basic" and value.isalpha() and value.islower() and not _is_pair(value):
        return None
    return at, at + len(value)


def _secret_parameters(text: str, at: int) -> tuple[int, int] | None:
    """A list of parameters of which one is secret; a challenge (``Digest realm="x", nonce="y"``) has none."""
    found = _PARAMETERS.match(text, at)
    if found is None or _SECRET_PARAMETER.search(found[0]) is None:
        return None
    return at, at + len(found[0].rstrip(".;)"))


def _is_pair(value: str) -> bool:
    """Whether a text is Base64 of ``user:password`` (RFC 7617 section 2), also if its end was cut off."""
    try:
        decoded = b64decode(value.rstrip("=")[: len(value.rstrip("=")) // 4 * 4] if len(value) % 4 else value).decode()
    except ValueError:
        return False
    return ":" in decoded and decoded.isprintable()


def _is_prose(value: str) -> bool:
    return len(value) < _LONGEST_WORDS and (_WORDS.match(value) is not None or value[-1] * len(value) == value)


def _is_mixed(value: str) -> bool:
    """Whether a value has letters and digits."""
    return any(map(str.isdigit, value)) and not all(map(str.isdigit, value)) and any(map(str.isalpha, value))


_NAMES = "|".join(sorted({re.escape(way) for scheme in _KNOWN for way in _ways(scheme)}))
_TRIGGER = (
    rf"(?:^|[^0-9A-Za-z_.$-]|\\[nrt])(?:{_NAMES})[ \t]+(?:{_VALUE_CHARS}{{6}}|[\w-]+=)"
    r"|(?:[Aa]uthorization|AUTHORIZATION)(?:\\*[\"'])?[ \t]*[:=]>?[ \t]*(?:\\*[\"'])?[A-Za-z][\w-]+[ \t]+[^\s\[]"
)
SCHEME_FAMILY = Family("schemes", _TRIGGER, _find)
