"""Which names hold secrets or a person's data: the rules for JSON, form, XML, query and header names.

A name is cut into words at separators and at changes of case, and only whole words count, the last ones first of
all: ``userAccessToken`` is a token. Substrings never do: they would blank ``max_tokens``, ``author`` and ``monkey``.
The words themselves are in ``key_words``.
"""

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain
from urllib.parse import unquote_plus

from sidecar.redaction.key_joined import kind_of_joined
from sidecar.redaction.key_words import AFFIXES, HARMLESS_FIRST, LAST, PHRASES, WHOLE
from sidecar.redaction.value_rules import tells

__all__ = [
    "HEADERS", "KINDS", "PERSON_SIBLINGS", "QUERY_KINDS", "decoded", "folded", "kind_of", "kind_of_header",
    "kind_of_query", "person_siblings", "tells",
]  # fmt: skip

_CACHE_ENTRIES = 8192
_CACHE_NAME_CHARS = 64
_JUDGED_CHARS = 128
"""Longer names are judged by their end, where the word that counts stands."""

# XMLHttp -> XML Http, oauth2Token -> oauth 2 Token; the last branch takes letters that have no case, such as 密码.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")
_TRAILING = re.compile(r"[\W_]*[0-9]+[\W_]*$")
_MARKED = "[REDACTED:"
_UNDECOMPOSED = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "đ": "d", "\u0131": "i"})
"""Letters that Unicode gives no base letter; all others lose their accents by decomposition (NFKD)."""

_QUERY_ONLY = {
    "key": "api_key", "sig": "signature", "appid": "api_key", "hmac": "signature", "code": "credential",
    "auth": "token", "ticket": "credential", "sid": "credential", "jwt": "jwt", "hash": "credential",
    "assertion": "token", "pw": "password", "se_key": "api_key", "s": "credential", "t": "credential",
}  # fmt: skip
"""Names that hold secrets in a query alone: Google ``key``, Azure ``sig``, OpenWeather ``appid``, Shopify ``hmac``,
OAuth ``code`` (RFC 6749 4.1.2), CAS ``ticket``. Those of kind ``credential`` count only with a value made by a machine.
"""

HEADERS = {
    "authorization": "authorization", "proxy-authorization": "authorization",
    "x-original-authorization": "authorization", "x-forwarded-authorization": "authorization",
    "x-amzn-remapped-authorization": "authorization", "x-serverless-authorization": "authorization",
    "cookie": "cookie", "set-cookie": "cookie", "cookie2": "cookie", "set-cookie2": "cookie",
    "x-api-key": "api_key", "api-key": "api_key", "x-goog-api-key": "api_key", "dd-api-key": "api_key",
    "dd-application-key": "api_key", "ocp-apim-subscription-key": "api_key", "x-functions-key": "api_key",
    "x-rapidapi-key": "api_key", "x-auth-key": "api_key", "x-amz-server-side-encryption-customer-key": "private_key",
    "x-auth-token": "token", "x-access-token": "token", "x-csrf-token": "token", "x-xsrf-token": "token",
    "x-amz-security-token": "token", "x-vault-token": "token", "x-shopify-access-token": "token",
    "private-token": "token", "x-gitlab-token": "token", "x-figma-token": "token", "dpop": "token",
    "x-goog-iap-jwt-assertion": "jwt", "cf-access-jwt-assertion": "jwt", "x-amzn-oidc-data": "jwt",
    "x-amzn-oidc-accesstoken": "token", "x-ms-client-principal": "jwt", "x-jwt-assertion": "jwt",
    "x-hub-signature": "signature", "x-hub-signature-256": "signature", "stripe-signature": "signature",
    "x-slack-signature": "signature", "x-twilio-signature": "signature", "x-shopify-hmac-sha256": "signature",
    "x-wsse": "credential", "authentication-info": "credential", "proxy-authentication-info": "credential",
    "forwarded": "ip", "x-forwarded-for": "ip", "x-original-forwarded-for": "ip", "x-real-ip": "ip",
    "x-client-ip": "ip", "x-cluster-client-ip": "ip", "cf-connecting-ip": "ip", "cf-connecting-ipv6": "ip",
    "cf-pseudo-ipv4": "ip", "true-client-ip": "ip", "fastly-client-ip": "ip", "fly-client-ip": "ip",
    "x-azure-clientip": "ip", "x-azure-socketip": "ip", "x-appengine-user-ip": "ip", "x-remote-addr": "ip",
    "x-envoy-external-address": "ip", "x-remote-ip": "ip", "x-originating-ip": "ip", "x-nf-client-connection-ip": "ip",
    "x-forwarded-client-cert": "certificate", "client-cert": "certificate", "client-cert-chain": "certificate",
    "x-client-cert": "certificate", "x-ssl-client-cert": "certificate", "x-arr-clientcert": "certificate",
    "x-amzn-mtls-clientcert": "certificate", "x-amzn-mtls-clientcert-leaf": "certificate",
    "ssl-client-cert": "certificate",
    "from": "email", "x-user-email": "email", "x-forwarded-email": "email", "x-auth-request-email": "email",
    "x-goog-authenticated-user-email": "email", "cf-access-authenticated-user-email": "email",
    "tailscale-user-login": "email", "tailscale-user-name": "name",
    "x-forwarded-user": "user_id", "x-auth-request-user": "user_id", "x-remote-user": "user_id",
    "remote-user": "user_id", "x-goog-authenticated-user-id": "user_id", "x-amzn-oidc-identity": "user_id",
    "cf-ipcountry": "country", "cf-ipcity": "city", "cf-iplatitude": "location", "cf-iplongitude": "location",
    "user-agent": "user_agent",
    "location": "url", "referer": "url", "link": "url", "content-location": "url", ":path": "url", "refresh": "url",
    "x-original-url": "url", "x-rewrite-url": "url", "x-forwarded-uri": "url", "x-original-uri": "url",
    "x-envoy-original-path": "url",
}  # fmt: skip
"""Lower-case header name -> kind; ``url`` marks those whose value is a URL to be masked as one.

Sources: RFC 9110, 6265bis, 7235, 9440, 9449, and the documentation of the vendors that each name carries.
"""

_HEADER_WORD = re.compile(
    r"(token|secret|signature|authorization|api-?key|passw(?:or)?d|passphrase|credential|session)(?=-|$)"
)
_HEADER_KINDS = {"apikey": "api_key", "passwd": "password"}
_HEADER_HARMLESS = re.compile(
    r"-(?:type|count|limit|remaining|reset|used|expir(?:y|es|ation)(?:-\w+)?|version|status|name|length|required|input"
    r"|algorithm|affinity|url|enabled)$"
)

KINDS: dict[str, str | None] = {}
"""Names that were judged. Filled by ``kind_of``; read directly where a call costs too much."""
QUERY_KINDS: dict[str, str | None] = {}
"""Query keys that were judged, as they came. Filled by ``kind_of_query``; read like ``KINDS``."""

_DECIDING = tuple(
    f"{word}{plural}".replace(" ", "") for word in chain(LAST, PHRASES, WHOLE, AFFIXES) for plural in ("", "s")
)
_ENDS = frozenset(word[-3:] for word in _DECIDING)
_SHORT_ENDS = frozenset(word for entry in chain(LAST, PHRASES, WHOLE, AFFIXES) if len(word := entry.split()[-1]) < 3)
"""The last letters of every word that could decide: most names are told harmless by them alone."""


def kind_of(name: str) -> str | None:
    """The kind of value a name announces (``token``, ``email``), or None. A cached look-up."""
    try:
        return KINDS[name]
    except KeyError:
        return _judged(name)


def kind_of_query(key: str) -> str | None:
    """The same for a query key as it came, percent-encoded or not, with the names that count only there."""
    try:
        return QUERY_KINDS[key]
    except KeyError:
        plain = decoded(key)
        return _remember(QUERY_KINDS, key, _QUERY_ONLY.get(plain.lower()) or kind_of(plain))


def kind_of_header(name: str) -> str | None:
    """The kind of a lower-case header name: the exact set, words at its end or before a dash, then any name."""
    kind = HEADERS.get(name)
    if kind is not None:
        return kind
    match = _HEADER_WORD.search(name)
    if match is None:
        return kind_of(name) if "ratelimit" not in name else None
    if _HEADER_HARMLESS.search(name, match.end()) is not None:
        return None
    word = match[1].replace("-", "")
    return _HEADER_KINDS.get(word, word)


def person_siblings(names: Iterable[str]) -> dict[str, str]:
    """The names, with their kinds, beside which a bare ``name`` is a person's: an e-mail address, a first name.

    Products, repositories and hosts have names too, and they are most of what APIs send.
    """
    return {name: kind for name in names if (kind := kind_of(name)) is not None and kind in PERSON_SIBLINGS}


PERSON_SIBLINGS = frozenset({"email", "phone", "street", "name", "date_of_birth", "ssn", "national_id"})
"""Kinds of names beside which a bare ``name`` is a person's."""


def decoded(text: str) -> str:
    """Percent-decoded until nothing changes, three times at most: names are hidden by encoding them twice."""
    for _ in range(3):
        plain = unquote_plus(text)
        if plain == text:
            break
        text = plain
    return text


def folded(name: str) -> str:
    """A name without its accents: ``contraseña`` and ``contrasena`` are one."""
    if name.isascii():
        return name
    letters = unicodedata.normalize("NFKD", name.translate(_UNDECOMPOSED))
    bases = [char for char in letters if not "\u0300" <= char <= "\u036f"]
    return unicodedata.normalize("NFC", "".join(bases))  # the syllables of Hangul are whole again


def _judged(name: str) -> str | None:
    """A verdict that was not known. Numbered names (``token7``) share one, and are not remembered one by one."""
    if len(name) > _JUDGED_CHARS:
        return _judge(name)
    end = name[-3:].lower()
    if end.isalpha():
        if end not in _ENDS and end.isascii():
            return _remember(KINDS, name, None)
    elif end[-1:].isalpha():
        if (end[-2:] if end[-2:].isalpha() else end[-1]) not in _SHORT_ENDS and end.isascii():
            return _remember(KINDS, name, None)
    elif (number := _TRAILING.search(name, max(0, len(name) - 24))) is not None and len(number[0]) > 2:
        return kind_of(name[: number.start()])
    return _remember(KINDS, name, _judge(name))


def _remember(cache: dict[str, str | None], name: str, kind: str | None) -> str | None:
    """Keep a verdict. Names come from strangers: the cache is bounded, and starts anew when it is full."""
    if len(name) <= _CACHE_NAME_CHARS:
        if len(cache) >= _CACHE_ENTRIES:
            cache.clear()
        cache[name] = kind
    return kind


def _innermost(name: str) -> str | None:
    """The kind of ``new_pin`` in ``form[card][new_pin]``; an innermost name that only counts says nothing."""
    inner = name[name.rfind("[") + 1 : -1]
    return kind_of(inner) if inner and not inner.isdigit() else None


def _judge(name: str) -> str | None:
    """The name rules themselves. What holds a marker already is no name."""
    if _MARKED in name:
        return None
    if name.endswith("]") and (kind := _innermost(name)) is not None:
        return kind
    words = [word.lower() for word in _WORD.findall(folded(name[-_JUDGED_CHARS:]))]
    if words and words[-1].isdigit():  # "address 1" is a street, "address" alone may be a host
        for count in (3, 2):
            if (phrase := " ".join(words[-count:])) in PHRASES:
                return PHRASES[phrase]
    words = [word for word in words if not word.isdigit()]
    while len(words) > 1 and words[-1] in AFFIXES:
        words.pop()
    if not words or (words[0] in HARMLESS_FIRST and len(words) > 1):
        return None
    kind = _verdict(words) or WHOLE.get(" ".join(_without_affixes(words)))
    if kind is None and words[-1][-1:] == "s":
        kind = _verdict([*words[:-1], words[-1][:-1]])
        if kind in {"token", "secret"} and " ".join(words[-2:])[:-1] not in PHRASES:
            kind = "credential"  # a count of tokens or the names of secrets, more often than what opens doors
    if kind is None and len(words) > 1 and words[-1] in _NUMBER_WORDS and " ".join(words[-2:]) not in PHRASES:
        kind = _verdict(words[:-1]) or WHOLE.get(" ".join(_without_affixes(words[:-1])))
        return kind if kind in _NUMBERED else None
    return kind


_NUMBER_WORDS = frozenset({"number", "numbers", "no", "num", "nr", "nbr", "nummer", "numero", "id"})
"""``aadhaar_number``, ``cpfNo``: of kinds that are numbers themselves, what stands before tells."""
_NUMBERED = frozenset({
    "national_id", "ssn", "tax_id", "passport", "licence", "medical_id", "iban", "phone", "card_number", "cvv", "pin",
    "otp",
})  # fmt: skip


def _without_affixes(words: list[str]) -> list[str]:
    """``new_user_pin`` is a ``pin``."""
    start = 0
    while start < len(words) - 1 and words[start] in AFFIXES:
        start += 1
    return words[start:]


def _verdict(words: list[str]) -> str | None:
    """The longest phrase at the end decides, then the last word, then the name as a whole."""
    for count in range(min(4, len(words)), 1, -1):
        phrase = " ".join(words[-count:])
        if phrase in PHRASES:
            return PHRASES[phrase]
    return LAST.get(words[-1]) or LAST.get("".join(words[-2:])) or kind_of_joined(words[-1])
