"""Whether a value under a sensitive name is really one.

``{"password": true}``, ``{"email": "has already been taken"}`` and ``{"token": "bearer"}`` are what a log is read for.
In doubt a value counts: a message too much in a marker is the smaller harm.
"""

import re

from sidecar.redaction.key_phrases import words
from sidecar.redaction.kinds import CLASS_OF, Class
from sidecar.redaction.placeholders import is_masked, is_placeholder

_LEAST_SECRET_NUMBER = 100_000
"""Smaller integers under ``token`` or ``session`` are counts; six digits may be a one-time code."""
_LEAST_NUMBER = {
    "password": 1000, "passphrase": 0, "pin": 0, "cvv": 0, "otp": 100, "card_number": 10**7, "phone": 10_000,
    "account_number": 1000, "iban": 10**6, "national_id": 10_000, "ssn": 1000, "tax_id": 10_000, "passport": 1000,
    "licence": 1000, "medical_id": 1000, "date_of_birth": 1, "street": 1, "postal_code": 0, "user_id": 0,
    "device_id": 0, "location": 0, "email": 10**30, "name": 10**30, "ip": 2**24, "credential": 10**15,
    "session": 10**8, "signature": 10**15, "cookie": 10**8, "authorization": 10**8,
}  # fmt: skip
"""Kind -> smallest integer that can be a value of it; leading zeros are lost in numbers."""

_LONGEST_MESSAGE = 200
_PUNCTUATION = re.compile(r"[.,:;!?()\"]+")

_LEAST_DIGITS = {
    "phone": 5, "iban": 6, "account_number": 3, "national_id": 4, "ssn": 4, "tax_id": 5, "passport": 4, "licence": 3,
    "medical_id": 3, "date_of_birth": 2, "card_number": 8, "pin": 3, "cvv": 3,
}  # fmt: skip
"""Kind -> digits that a text of it has at least: ``"passport": "required"`` has none."""
_HAS_DIGITS = {kind: re.compile(rf"(?:\D*+\d){{{least}}}").match for kind, least in _LEAST_DIGITS.items()}
_LONGEST_NUMBER = 200
_DOCUMENT = re.compile(r"(?=[A-Z]*[0-9])[0-9A-Z]{6,12}")
"""A passport may have hardly any digits: Germany's take them and most capitals as they come (ICAO 9303-3 4.6)."""

_SECRET_TEXTS = frozenset(kind for kind, rank in CLASS_OF.items() if rank is Class.SECRET)
_JUDGED_KINDS = frozenset(kind for kind, rank in CLASS_OF.items() if rank is not Class.DETAIL) - {"certificate"}
"""Kinds whose values are looked at; of all others, and of those that a configuration makes up, every value counts."""
_MADE_KINDS = frozenset({"credential", "session", "signature", "cookie", "authorization"})
"""Kinds whose names mean other things as well: only a value that a machine made counts."""

_FLAGS = frozenset(
    words("""
    active apikey basic bearer card cookie declined default denied digest enabled expired failed granted hawk header
    inactive include inline jwt jwks local login mac magic manual negotiate new no none ntlm oauth oauth2 oidc off ok
    old omit on open optional pending plain private public query refresh rejected required revoked same-origin saml self
    session sms success system totp user valid verified yes app api
""")
)
"""What stands under ``auth``, ``token`` and the like to tell a state or a method, not a secret."""

_SAYING = frozenset(
    words("""
    is are was were has have must can cannot can't could should does did needs need please invalid incorrect missing
    wrong required requires enter forgot reset too not provide field
""")
)
_SAID = frozenset(
    words("""
    required invalid incorrect missing wrong expired expire blank empty short long weak match matches taken least most
    characters character valid supplied provided found revoked password token email address format
""")
)
"""A text with a word of each is a message about the field: ``must be at least 8 characters``."""

_OPAQUE = re.compile(r"(?=[^0-9]*[0-9])[A-Za-z0-9_\-+=~]{16,}")
"""What machines make; no placeholder and no message looks like it."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d[\d:.]*(?:Z|[+-]\d\d:?\d\d)?)?")
_PUBLIC = re.compile(
    r"https?://[^?\s@]*|arn:aws|projects/[\w-]+/|ssh-(?:rsa|ed25519|dss) |ecdsa-sha2-"
    r"|-----BEGIN (?:PGP|SSH) (?:SIGN|PUBLIC)|-----BEGIN PUBLIC|-----BEGIN CERT"
)
_NATURAL = r"(?:(?:[A-Z]?[a-z]{1,15}+)(?:[A-Z][a-z]{1,15}+)*+|[A-Z]{1,15}+)"
"""A word, some in camelCase, or one in capitals."""
_MADE = re.compile(
    r"(?=[^0-9]{0,63}[0-9])[\w\-+/=.~:%!*'(),;@&$?|^]{16,}|"
    r"(?=[^0-9]*[0-9])(?=[^A-Z]*[A-Z])(?=[^a-z]*[a-z])[\w\-+/=.]{10,}|[^\s:=]{1,64}[:=]\S{6,}|(?:Basic|Bearer) \S+"
    rf"|(?![_\-+/]*+{_NATURAL}(?:[_\-+/]{_NATURAL})*+={{0,2}}\Z)[A-Za-z_\-+/]{{20,}}+={{0,2}}\Z"
)
"""Digits among other characters, pairs, credentials behind a scheme; many letters that are no words."""
_OBJECT_ID = re.compile(r"[a-z]{2,10}_[A-Za-z0-9]{14,}")
"""The number of an object at a vendor (docs.stripe.com/api: ``ich_1MzFN1K8F4fqH0lBmFq8CjbU``): no person's name."""
_ISSUING_ID = "iauth_"
"""docs.stripe.com/api/issuing/authorizations/object: what is authorized there is a payment."""
_IP = re.compile(
    r"(?<![\d.])(?!(?:127|10|0)\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.)\d{1,3}(?:\.\d{1,3}){3}"
    r"|(?<![\w:])(?!f[cde][0-9a-f]{2}:)(?:[0-9a-f]{1,4}:[0-9a-f:]*:[0-9a-f]{1,4}|[0-9a-f]{1,4}::)",
    re.IGNORECASE,
)
"""Addresses but those that lead to nobody: private, loopback, link-local (RFC 1918, RFC 3927, RFC 4193, RFC 4291)."""


def tells(kind: str, value: object) -> bool:
    """Whether a value under a name of this kind is really one.

    Containers are not judged: whoever walks them asks for what they hold.
    """
    if isinstance(value, str):
        if not value or value.isspace():
            return False
        return kind not in _JUDGED_KINDS or _text_tells(kind, value)
    if value is None or isinstance(value, bool):
        return False
    if isinstance(value, int):
        return kind not in CLASS_OF or abs(value) >= _LEAST_NUMBER.get(kind, _LEAST_SECRET_NUMBER)
    return isinstance(value, float) and kind not in _JUDGED_KINDS


def is_message(value: str) -> bool:
    """Whether a text speaks of a field instead of filling it: ``Password is required``."""
    if " " not in value or len(value) > _LONGEST_MESSAGE:
        return False
    lower = value.lower()
    said = lower.split() if lower.replace(" ", "").isalnum() else _PUNCTUATION.sub(" ", lower).split()
    if _SAYING.isdisjoint(said):
        return False
    found = _SAID.intersection(said)
    return bool(found) and len(found.union(_SAYING.intersection(said))) > 1


def _text_tells(kind: str, value: str) -> bool:
    """A text of a kind: digits where it has digits, an ``@`` in an e-mail address, no message about the field."""
    has_digits = _HAS_DIGITS.get(kind)
    if has_digits is not None:
        if has_digits(value) is None:
            return kind == "passport" and _DOCUMENT.fullmatch(value) is not None
        return len(value) < _LONGEST_NUMBER and not is_masked(value)
    if kind == "email":
        return "@" in value or "\uff20" in value or "%40" in value
    if kind == "ip":
        return _IP.search(value) is not None
    if kind in _SECRET_TEXTS and _OPAQUE.fullmatch(value) is not None:
        return kind != "authorization" or not value.startswith(_ISSUING_ID)
    if kind == "name":
        return _is_name(value)
    if is_message(value) or is_placeholder(value):
        return False
    if kind == "street":
        return _is_street(value)
    if kind in {"password", "passphrase"}:
        return True
    if value.lower() in _FLAGS or _DATE.fullmatch(value) is not None or _PUBLIC.match(value) is not None:
        return False
    return kind not in _MADE_KINDS or _MADE.match(value) is not None


def _is_name(value: str) -> bool:
    """Letters, but no path, no number of an object, no message and no placeholder."""
    if "/" in value or not (value[0].isalpha() or any(map(str.isalpha, value))):
        return False
    if "_" in value and _OBJECT_ID.fullmatch(value) is not None:
        return False
    return not (is_message(value) or is_placeholder(value))


def _is_street(value: str) -> bool:
    """Words, or the number of a house; an address may as well be one of a host, a wallet or a mailbox."""
    if " " in value.strip() or "\n" in value:
        return "@" not in value
    if value[0].isdigit():
        return len(value) <= 6 and value.replace("-", "").replace("/", "").isalnum()
    return value.replace("-", "").replace(".", "").isalpha() and (value[0].isupper() or not value.isascii())
