"""Mask the obvious secrets in paths, queries, headers and error texts, by their names and well-known shapes.

Everything that is logged passes here. Values are replaced by ``[REDACTED:kind]``; masking what is masked already
changes nothing. Bytes become text as UTF-8, with U+FFFD for what is not; control characters are left to the JSON
encoder. A clean path costs well under a microsecond: one look at each segment of eight or more characters.
"""

import re
from collections.abc import Iterable

from sidecar.redaction.secret_names import QUERY_KINDS, decoded, kind_of, kind_of_header, kind_of_query

_MARKER = re.compile(r"\[REDACTED:[a-z_]+\]")

_VALUE_CHARS = 8
"""Shorter path segments are words or versions, not secrets."""

# Tokens that their vendors made recognisable: Stripe, Anthropic, OpenAI, AWS, Google, Mailgun, SendGrid; GitHub,
# GitLab, Slack, JWT.
_VENDOR = (
    r"(?P<api_key>[sr]k_(?:live|test)_[A-Za-z0-9]{8,}"
    r"|sk-(?:(?:ant|proj|svcacct)-[A-Za-z0-9_\-]{16,}|[A-Za-z0-9]{32,})"
    r"|AKIA[A-Z0-9]{12,}|AIza[A-Za-z0-9_\-]{20,}|key-[a-z0-9]{32}(?![a-z0-9])"
    r"|SG\.[A-Za-z0-9_\-.]{16,})"
    r"|(?P<token>gh[opsur]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{16,}|glpat-[A-Za-z0-9_\-]{16,}"
    r"|xox[abeprs]-[A-Za-z0-9\-]{8,}|eyJ[A-Za-z0-9_\-]{8,}(?:\.[A-Za-z0-9_\-]*)*)"
)
_VENDOR_START = re.compile(_VENDOR)
_VENDOR_INSIDE = re.compile(rf"(?<![A-Za-z0-9_])(?:{_VENDOR})")

# APIs that carry secrets in the path: Telegram bots; webhooks of Slack, Discord and Microsoft Teams.
_SECRET_PATH = re.compile(
    r"/(?:file/)?bot[0-9]+(?::|%3[Aa])(?P<telegram>[^/\s]+)"
    r"|/(?:services|workflows|triggers)/[TE][A-Z0-9]+/[A-Z0-9]+/(?P<slack>[^?\s]+)"
    r"|/webhooks/[0-9]{8,}/(?P<discord>[^/\s]{30,})"
    r"|/webhookb2/[^/]+/IncomingWebhook/(?P<teams>[^?\s]+)"
)
# First three characters of everything above; a cheap gate before the patterns.
_HEADS = frozenset({
    "sk_", "sk-", "rk_", "AKI", "AIz", "key", "SG.", "gho", "ghp", "ghs", "ghu", "ghr", "git", "glp", "xox", "eyJ",
    "bot", "ser", "wor", "tri", "web",
})  # fmt: skip

_SCHEMES = frozenset({
    "bearer", "basic", "digest", "negotiate", "ntlm", "hawk", "token", "apikey", "api-key", "key", "dpop", "vapid",
    "oauth", "bot", "ssws", "geniekey", "sharedkey", "sharedkeylite", "sharedaccesssignature", "signature",
    "aws4-hmac-sha256", "aws4-ecdsa-p256-sha256",
    "klaviyo-api-key", "deepl-auth-key", "zoho-oauthtoken", "scram-sha-256",
    "mutual", "hoba",
})  # fmt: skip

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]{0,30}+://[^\s\"'<>]+")
_URL_PARTS = re.compile(r"((?:[A-Za-z][A-Za-z0-9+.\-]*+:)?//)?([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL)
_LINK_TARGET = re.compile(r"<([^<>]*)>")
_SCHEME_VALUE = re.compile(r"(?i)\b(bearer|basic)(\s+)([A-Za-z0-9._~+/=\-:|]{8,})")
# A name before = or :, also quoted, in brackets, or in JSON inside a JSON string; the kind in a marker is none.
_NAME_BEFORE = re.compile(r"(?<![\w.\-])(?<!\[REDACTED:)([\w.\-]++)[\"'\]\\]{0,4}\s{0,4}[=:]\s{0,4}\\{0,3}")
# A quoted text, also one that was cut off, or all up to the next space, quote or &.
_VALUE = re.compile(r"\[REDACTED:[a-z_]+\]|\"[^\"\n]*+\"?|'[^'\n]*+'?|[^\s\"'&]++")
_LINE = re.compile(r"[^\n]+")
_NOTHING = frozenset({"", "null", "none", "nil", "true", "false", "undefined"})
"""Values that say there is no secret; they stay, as the log is read for them."""

_header_kinds: dict[bytes, tuple[str, str | None]] = {}


def mask_path(target: bytes) -> tuple[str, str]:
    """Path and query of a request target, masked; the query without its ``?``."""
    try:
        text = target.decode()
    except UnicodeDecodeError:
        text = target.decode("utf-8", "replace")
    query = ""
    if "?" in text:
        text, _, query = text.partition("?")
        if query:
            query = _query(query)
    return _path(text) if text[:1] == "/" else mask_url(text), query


def mask_headers(pairs: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Lower-case name -> value, masked; the values of a repeated name are joined by ``", "``."""
    masked: dict[str, str] = {}
    for raw, value in pairs:
        known = _header_kinds.get(raw)
        if known is None:
            lower = raw.decode("latin-1").lower()
            known = (lower, kind_of_header(lower))
            if len(raw) <= 64 and len(_header_kinds) < 4096:
                _header_kinds[raw] = known
        name, kind = known
        text = value.decode("utf-8", "replace")
        if kind is not None and text:
            text = _header(name, kind, text)
        masked[name] = f"{masked[name]}, {text}" if name in masked else text
    return masked


def mask_url(text: str) -> str:
    """An absolute or relative URL: userinfo, path, query and fragment masked."""
    match = _URL_PARTS.fullmatch(text)  # every part may be empty: every text matches
    assert match is not None
    scheme, authority, path, query, fragment = match.groups()
    if scheme is None:
        masked = _path(authority + path)
    else:
        userinfo, at, host = authority.rpartition("@")
        if at and userinfo:
            authority = f"[REDACTED:userinfo]@{host}"
        masked = scheme + authority + _path(path)
    if query is not None:
        masked += f"?{_query(query)}"
    if fragment is not None:
        masked += f"#{_query(fragment)}"
    return masked


def mask_text(text: str) -> str:
    """Free text such as the message of an exception: URLs, ``Bearer x``, ``name=value``, well-known tokens."""
    if not text.isascii():
        # Lone surrogates (file names, undecodable bytes) are no valid JSON.
        text = text.encode("utf-8", "backslashreplace").decode()
    text = _SECRET_PATH.sub(_mask_secret_path, text)
    text = _URL.sub(_mask_found_url, text)
    text = _SCHEME_VALUE.sub(_mask_scheme_value, text)
    text = _VENDOR_INSIDE.sub(_mask_vendor, text)
    return _assignments(text)


def _path(path: str) -> str:
    """One look at each longer segment tells whether every segment must be judged; for most paths, none."""
    previous = ""
    shaped = False
    for segment in path.split("/"):
        if len(segment) >= _VALUE_CHARS:
            if not (segment.isalpha() and segment.islower()) and _kind_after(previous) is not None:
                return _segments(path)
            if segment[:3] in _HEADS:
                if _VENDOR_START.match(segment) is not None:
                    return _segments(path)
                shaped = True
        previous = segment
    # Searched once, not per segment: a path may repeat "/services" a thousand times.
    if "%" in path or (shaped and _SECRET_PATH.search(path) is not None):
        return _segments(path)
    return path


def _segments(path: str) -> str:
    """Every segment judged, decoded where it is percent-encoded."""
    path = _SECRET_PATH.sub(_mask_secret_path, path)
    masked = []
    previous = ""
    for segment in path.split("/"):
        plain = decoded(segment) if "%" in segment else segment
        if not _MARKER.fullmatch(segment):
            kind = _kind_after(previous) if _value_like(plain) else None
            segment = _vendor(plain, segment) if kind is None else f"[REDACTED:{kind}]"
        masked.append(segment)
        previous = plain
    return "/".join(masked)


def _kind_after(name: str) -> str | None:
    """The kind of the segment after a name. Plurals are collections: ``/secrets/db-1`` is an id, needed to debug."""
    return None if name[-1:] == "s" else kind_of(name)


def _value_like(text: str) -> bool:
    """Whether a segment after a secret name is a value: eight characters with a digit or mixed case.

    ``/token/refresh`` and ``/password/forgotten`` are words of an API; what machines make has one or the other.
    """
    return len(text) >= _VALUE_CHARS and (
        any(map(str.isdigit, text)) or (text.lower() != text and text.upper() != text)
    )


def _vendor(plain: str, shown: str) -> str:
    """The marker if a value begins like a vendor's token, else what was shown."""
    if plain[:3] in _HEADS:
        match = _VENDOR_START.match(plain)
        if match is not None:
            return f"[REDACTED:{match.lastgroup}]"
    return shown


def _query(query: str) -> str:
    """``key=value`` pairs parted by ``&``; also by ``;``, as some servers still do."""
    if ";" in query:
        return ";".join([_pairs(part) for part in query.split(";")])
    if "%" in query or ":" in query:
        return _pairs(query)
    for pair in query.split("&"):
        key, equals, value = pair.partition("=")
        # A key that was not judged yet counts as suspicious: _pairs judges it, and it is known from then on.
        if QUERY_KINDS.get(key, key) is not None or not equals:
            return _pairs(query)
        if len(value) >= _VALUE_CHARS and value[:3] in _HEADS:
            return _pairs(query)
    return query


def _pairs(query: str) -> str:
    pairs = query.split("&")
    changed = False
    for index, pair in enumerate(pairs):
        key, equals, value = pair.partition("=")
        kind = kind_of_query(key)
        if kind is not None:
            if value:
                pairs[index] = f"{key}=[REDACTED:{kind}]"
                changed = True
            continue
        if not equals:
            value = key
        if value[:3] in _HEADS or "%" in value or ":" in value:
            shown = _query_value(value)
            if shown != value:
                pairs[index] = f"{key}={shown}" if equals else shown
                changed = True
    return "&".join(pairs) if changed else query


def _query_value(value: str) -> str:
    """A value under a harmless name: a vendor's token, or a URL that carries a secret itself."""
    plain = decoded(value)
    if "://" in plain and mask_url(plain) != plain:
        return "[REDACTED:url]"
    return _vendor(plain, value)


def _header(name: str, kind: str, text: str) -> str:
    """A header value whose name announced something. Scheme words and cookie names are kept."""
    if kind == "url":
        return _LINK_TARGET.sub(lambda match: f"<{mask_url(match[1])}>", text) if name == "link" else mask_url(text)
    if kind == "cookie":
        return _cookies(text, first_only=name == "set-cookie")
    if kind == "authorization":
        return _scheme_kept(text)
    return f"[REDACTED:{kind}]"


def _cookies(text: str, *, first_only: bool) -> str:
    """Names stay, values go; of Set-Cookie the attributes stay too."""
    parts = text.split(";")
    for index, part in enumerate(parts[:1] if first_only else parts):
        name, equals, value = part.partition("=")
        if equals:
            parts[index] = f"{name}=[REDACTED:cookie]" if value.strip() else part
        elif part.strip():
            # A cookie without a name is all value (RFC 6265bis 5.7).
            parts[index] = "[REDACTED:cookie]"
    return ";".join(parts)


def _mask_secret_path(match: re.Match[str]) -> str:
    secret = match.lastgroup or ""
    kind = "token" if secret == "telegram" else "webhook"  # noqa: S105 - the name of a group
    return match[0][: match.start(secret) - match.start()] + f"[REDACTED:{kind}]"


def _mask_found_url(match: re.Match[str]) -> str:
    return mask_url(match[0])


def _mask_scheme_value(match: re.Match[str]) -> str:
    """``Bearer x`` when x is a value: "Basic authentication failed" is not."""
    value = match[3]
    if len(value) < 16 and not _value_like(value):
        return match[0]
    return f"{match[1]}{match[2]}[REDACTED:authorization]"


def _mask_vendor(match: re.Match[str]) -> str:
    return f"[REDACTED:{match.lastgroup}]"


def _assignments(text: str) -> str:
    """``name=value``, ``name: value`` and ``"name": "value"`` by the name rules."""
    pieces: list[str] = []
    at = 0
    for match in _NAME_BEFORE.finditer(text):
        # "/a?key=x" inside a text: a query, though no whole URL.
        before = text[match.start() - 1] if match.start() else ""
        kind = kind_of_query(match[1]) if before in {"?", "&"} else kind_of(match[1])
        start = match.end()
        if kind is None or start < at:
            continue
        # Credentials and cookies have spaces and commas of their own: they go to the end of the line.
        found = (_LINE if kind in {"authorization", "cookie"} else _VALUE).match(text, start)
        if found is None or found[0].strip("\"'").lower() in _NOTHING:
            continue
        pieces += (text[at:start], _scheme_kept(found[0]) if kind == "authorization" else f"[REDACTED:{kind}]")
        at = found.end()
    pieces.append(text[at:])
    return "".join(pieces)


def _scheme_kept(text: str) -> str:
    """Credentials masked, with the scheme word before them if it is a known one."""
    scheme, _, rest = text.partition(" ")
    return f"{scheme} [REDACTED:authorization]" if rest and scheme.lower() in _SCHEMES else "[REDACTED:authorization]"
