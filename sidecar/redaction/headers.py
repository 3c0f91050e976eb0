"""Header fields: some by their name, the values of all others by their shape.

Scheme words of credentials, names of cookies and hosts of URLs stay: they are what a log is read for.
"""

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sidecar.redaction.kinds import MARKER

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

_LINK_TARGET = re.compile(r"<([^<>]*)>")
_NEXT_COOKIE = re.compile(r"(,\s*)(?=[\w!#$%&'*+.^`|~\-]+=)")
_REFRESH = re.compile(r"([\d.\s]*[;,]?\s*(?:url\s*=)?\s*[\"']?)(.*?)([\"']?\s*)", re.IGNORECASE)
"""``5; url='https://...'`` (HTML 4.2.5.3, shared declarative refresh steps)."""
_IN_TARGET = str.maketrans({"<": "%3C", ">": "%3E"})
_SCHEMES = frozenset({
    "bearer", "basic", "digest", "negotiate", "ntlm", "hawk", "token", "apikey", "api-key", "key", "dpop", "vapid",
    "oauth", "bot", "ssws", "geniekey", "sharedkey", "sharedkeylite", "sharedaccesssignature", "signature",
    "aws4-hmac-sha256", "aws4-ecdsa-p256-sha256", "klaviyo-api-key", "deepl-auth-key", "zoho-oauthtoken",
    "scram-sha-256", "mutual", "hoba", "discogs", "snowflake", "splunk", "apitoken", "api-token", "jwt", "privatekey",
})  # fmt: skip
"""Words before credentials (RFC 9110 11.4), of the IANA registry and of vendors' documentation.

Another word before a space may be a secret itself.
"""


def redact(pairs: Iterable[tuple[bytes, bytes]], scrub: "Scrub") -> dict[str, str]:
    """Lower-case name -> value; the values of a repeated name are joined by ``", "``.

    Values under harmless names are read by the gate together; what was clean once is known (most come in every call).
    """
    fields = list(pairs)
    redactor = scrub.redactor
    told = list(map(redactor.clean_fields.get, fields))
    fresh: list[tuple[int, str]] = []
    for index, known in enumerate(told):
        if known is None:
            raw, value = fields[index]
            name, verdict = redactor.header_name(raw)
            if verdict is None:
                fresh.append((index, name))
            else:
                text = _announced(name, verdict, value.decode("utf-8", "replace"), scrub) if value else ""
                told[index] = (name, text)
    if fresh:
        _fresh(fresh, fields, told, scrub)
    return _joined([field for field in told if field is not None])


def _fresh(
    fresh: list[tuple[int, str]],
    fields: list[tuple[bytes, bytes]],
    told: list[tuple[str, str] | None],
    scrub: "Scrub",
) -> None:
    """Values that were not seen before, under names that say nothing."""
    hit = bool(scrub.redactor.gate.hits(b"\n".join([fields[index][1] for index, _ in fresh])))
    for index, name in fresh:
        text = fields[index][1].decode("utf-8", "replace")
        shown = scrub.text(text, name) if hit else text
        told[index] = (name, shown)
        if shown == text:
            scrub.redactor.remember_clean(fields[index], name, text)


def _joined(fields: list[tuple[str, str]]) -> dict[str, str]:
    """Name -> value; those of a repeated name together (RFC 9110 5.2)."""
    shown = dict(fields)
    if len(shown) < len(fields):
        shown = {}
        for name, text in fields:
            shown[name] = f"{shown[name]}, {text}" if name in shown else text
    return shown


def _announced(name: str, verdict: str, text: str, scrub: "Scrub") -> str:
    """A value whose name says what it holds."""
    if verdict == "authorization":
        return credentials(text, scrub)
    if verdict == "url":
        if name == "link":
            return _links(text, scrub)
        if name == "refresh" and (refresh := _REFRESH.fullmatch(text)) is not None:
            return refresh[1] + scrub.url(refresh[2]) + refresh[3]
        return scrub.url(text)
    if verdict == "cookie":
        if name == "set-cookie":
            return _set_cookies(text, scrub)
        return ";".join([_cookie(pair, scrub) for pair in text.split(";")])
    if verdict[0] == "*":
        return scrub.special(verdict, text, name) or ""
    return scrub.named(verdict, text, name, certain=True) or ""


def _links(text: str, scrub: "Scrub") -> str:
    """The targets as URLs (RFC 8288 3); what is left holds titles, and a target that was cut off."""
    pieces = _LINK_TARGET.split(text)
    for index, piece in enumerate(pieces):
        pieces[index] = f"<{scrub.url(piece).translate(_IN_TARGET)}>" if index % 2 else scrub.text(piece, "link")
    return "".join(pieces)


def credentials(text: str, scrub: "Scrub") -> str:
    """Credentials replaced, with the scheme word before them if it is a known one (RFC 9110 11.6.2)."""
    scheme, space, rest = text.partition(" ")
    lower = scheme.lower()
    if not space or lower not in _SCHEMES or not rest.strip():
        scheme, rest = "", text
    secret = rest.strip()
    if secret[:1] == "[" and MARKER.fullmatch(secret):
        return text
    if scheme and lower == "basic":
        _learn_basic(secret, scrub)
    replaced = scrub.named("authorization", secret, "authorization", certain=True)
    return f"{scheme} {replaced or ''}".strip()


def _learn_basic(secret: str, scrub: "Scrub") -> None:
    """The password inside ``Basic`` credentials (RFC 7617) is a secret as well."""
    try:
        padded = secret.rstrip("=") + "=" * (-len(secret.rstrip("=")) % 4)
        user, colon, password = b64decode(padded, validate=True).decode("utf-8", "replace").partition(":")
    except (Error, ValueError):
        return
    if colon:
        scrub.learn(password, "password")
        scrub.learn(user, "credential")


def _set_cookies(text: str, scrub: "Scrub") -> str:
    """The value of each cookie goes, its attributes stay (RFC 6265 4.1.1); several may have been joined by commas."""
    pieces = _NEXT_COOKIE.split(text)
    for index in range(0, len(pieces), 2):
        pair, semicolon, attributes = pieces[index].partition(";")
        pieces[index] = _cookie(pair, scrub) + semicolon + attributes
    return "".join(pieces)


def _cookie(pair: str, scrub: "Scrub") -> str:
    """The name stays, the value goes. A cookie without a name is all value (RFC 6265bis 5.7)."""
    name, equals, value = pair.partition("=") if "=" in pair else ("", "", pair)
    bare = value.strip()
    if not bare or MARKER.fullmatch(bare):
        return pair
    action = scrub.redactor.verdicts.action(name.strip())
    if action is None:
        return name + equals + (scrub.named("cookie", bare, name.strip(), certain=True) or "")
    return name + equals + (scrub.configured(bare, name.strip(), action) or "")
