"""Which names hold secrets: the rules for headers, query keys, and words before a value.

A name is cut into words at separators and at changes of case, and only whole words count, the last one or two
first of all. Substrings never do: they would blank ``max_tokens``, ``author`` and ``monkey``. The sets come from
the vendors' documentation of the headers and parameters they name.
"""

import re
from urllib.parse import unquote_plus

_CACHE_ENTRIES = 4096
_CACHE_NAME_CHARS = 64

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

_LAST = {
    "password": "password", "passwords": "password", "passwd": "password", "pwd": "password",
    "passphrase": "password", "passcode": "password", "userpassword": "password",
    "secret": "secret", "secrets": "secret", "clientsecret": "secret",
    "token": "token", "jwt": "token", "accesstoken": "token", "refreshtoken": "token", "authtoken": "token",
    "idtoken": "token", "bearer": "token",
    "apikey": "api_key", "accesskey": "api_key",
    "secretkey": "api_key", "authkey": "api_key", "privatekey": "private_key",
    "otp": "otp", "totp": "otp", "cvv": "cvv", "cvc": "cvv",
    "credential": "credential", "credentials": "credential", "signature": "signature",
    "authorization": "authorization", "cookie": "cookie", "cookies": "cookie",
    "sessionid": "session", "jsessionid": "session", "phpsessid": "session",
    "ssn": "ssn", "iban": "iban", "email": "email", "phone": "phone", "msisdn": "phone", "telephone": "phone",
    "dob": "date_of_birth",
}  # fmt: skip
"""Last word of a name -> kind."""

_LAST_PAIR = {
    ("api", "key"): "api_key", ("access", "key"): "api_key", ("secret", "key"): "api_key", ("auth", "key"): "api_key",
    ("shared", "key"): "api_key", ("account", "key"): "api_key", ("subscription", "key"): "api_key",
    ("functions", "key"): "api_key", ("application", "key"): "api_key", ("master", "key"): "api_key",
    ("private", "key"): "private_key", ("signing", "key"): "private_key", ("encryption", "key"): "private_key",
    ("auth", "code"): "otp", ("authorization", "code"): "otp",
    ("verification", "code"): "otp", ("code", "verifier"): "otp",
    ("security", "code"): "cvv", ("password", "hash"): "password",
    ("session", "id"): "session", ("session", "key"): "session",
    ("card", "number"): "card_number",
    ("account", "number"): "account_number", ("routing", "number"): "account_number",
    ("security", "number"): "ssn", ("passport", "number"): "passport", ("phone", "number"): "phone",
    ("email", "address"): "email", ("ip", "address"): "ip",
    ("of", "birth"): "date_of_birth", ("birth", "date"): "date_of_birth",
}  # fmt: skip
"""Last two words of a name -> kind."""

_WHOLE = {
    "auth": "token", "pass": "password", "pin": "pin", "pan": "card_number", "sas": "signature",
    "aws access key id": "credential",
}  # fmt: skip
"""Whole names, words parted by a space -> kind."""

_QUERY_ONLY = {"key": "api_key", "sig": "signature", "appid": "api_key", "hmac": "signature"}
"""Names that are secrets in a query alone: Google ``key``, Azure ``sig``, OpenWeather ``appid``, Shopify ``hmac``."""

_PAGING = frozenset({"page", "next", "sync", "continuation", "pagination", "start", "resume", "cancellation"})
"""``next_page_token`` and its like are places in a list, not secrets."""

_HARMLESS_FIRST = frozenset({"has", "is", "num", "max", "min", "total"})
"""``has_password``, ``max_token``: a fact about a secret, not the secret."""

_AFFIXES = frozenset({"input", "field", "new", "old", "current", "confirm", "confirmation", "user", "customer"})
"""Words of forms around the name that counts: ``new_password``, ``password_confirmation``."""

HEADERS = {
    "authorization": "authorization", "proxy-authorization": "authorization",
    "cookie": "cookie", "set-cookie": "cookie",
    "x-api-key": "api_key", "api-key": "api_key", "x-goog-api-key": "api_key", "dd-api-key": "api_key",
    "dd-application-key": "api_key", "ocp-apim-subscription-key": "api_key", "x-functions-key": "api_key",
    "x-rapidapi-key": "api_key", "x-auth-token": "token", "x-access-token": "token", "x-csrf-token": "token",
    "x-xsrf-token": "token", "x-amz-security-token": "token", "x-vault-token": "token",
    "x-shopify-access-token": "token", "private-token": "token", "x-gitlab-token": "token",
    "x-hub-signature": "signature", "x-hub-signature-256": "signature", "stripe-signature": "signature",
    "x-slack-signature": "signature", "x-twilio-signature": "signature", "forwarded": "ip", "x-forwarded-for": "ip",
    "x-real-ip": "ip", "cf-connecting-ip": "ip", "true-client-ip": "ip", "x-forwarded-client-cert": "certificate",
    "x-user-email": "email",
    "location": "url", "referer": "url", "link": "url", "content-location": "url", ":path": "url",
}  # fmt: skip
"""Lower-case header name -> kind; ``url`` marks those whose value is masked as a URL."""

_HEADER_WORD = re.compile(
    r"(token|secret|signature|authorization|api-?key|passw(?:or)?d|passphrase|credential|session)(?=-|$)"
)
_HEADER_KINDS = {"apikey": "api_key", "passwd": "password", "passphrase": "password"}

_MARKED = "[REDACTED:"

_kinds: dict[str, str | None] = {}
QUERY_KINDS: dict[str, str | None] = {}
"""Query keys that were judged, as they came. Filled by ``kind_of_query``; read directly where a call costs too much."""


def kind_of(name: str) -> str | None:
    """The kind of secret a name announces (``token``, ``password``, ...), or None. A cached look-up."""
    try:
        return _kinds[name]
    except KeyError:
        return _remember(_kinds, name, _judge(name))


def kind_of_query(key: str) -> str | None:
    """The same for a query key as it came, percent-encoded or not, with the names that count only there."""
    try:
        return QUERY_KINDS[key]
    except KeyError:
        plain = decoded(key)
        return _remember(QUERY_KINDS, key, _QUERY_ONLY.get(plain.lower()) or _judge(plain))


def kind_of_header(name: str) -> str | None:
    """The kind of a lower-case header name: the exact set, words at its end or before a dash, then any name."""
    kind = HEADERS.get(name)
    if kind is not None:
        return kind
    match = _HEADER_WORD.search(name)
    if match is None:
        return kind_of(name)
    word = match[1].replace("-", "")
    return _HEADER_KINDS.get(word, word)


def decoded(text: str) -> str:
    """Percent-decoded until nothing changes, three times at most: names are hidden by encoding them twice."""
    for _ in range(3):
        plain = unquote_plus(text)
        if plain == text:
            break
        text = plain
    return text


def _remember(cache: dict[str, str | None], name: str, kind: str | None) -> str | None:
    """Keep a verdict. Names come from strangers: the cache is bounded, and starts anew when it is full."""
    if len(name) <= _CACHE_NAME_CHARS:
        if len(cache) >= _CACHE_ENTRIES:
            cache.clear()
        cache[name] = kind
    return kind


def _judge(name: str) -> str | None:
    """The name rules themselves. What holds a marker already is no name."""
    if _MARKED in name:
        return None
    words = [word.lower() for word in _WORD.findall(name[-256:])]
    while words and (words[-1].isdigit() or (len(words) > 1 and words[-1] in _AFFIXES)):
        words.pop()
    start = 0
    while start < len(words) - 1 and words[start] in _AFFIXES:
        start += 1
    words = words[start:]
    if not words or words[0] in _HARMLESS_FIRST:
        return None
    if len(words) > 1:
        if words[-1] == "token" and words[-2] in _PAGING:
            return None
        kind = _LAST_PAIR.get((words[-2], words[-1]))
        if kind is not None:
            return kind
    return _LAST.get(words[-1]) or _WHOLE.get(" ".join(words))
