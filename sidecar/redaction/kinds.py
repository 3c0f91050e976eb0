"""What there is to redact: kinds, the class each belongs to, and the marker that takes a value's place.

A kind names what was found (``password``, ``email``); it is the word in markers, metrics and ``redaction.kinds``.
A class says how grave it is: secrets open doors, personal data is a person's, details only say more about one.
"""

import re
from enum import StrEnum


class Class(StrEnum):
    """How grave a leak of a kind would be, and so what happens to it unless the configuration says otherwise."""

    SECRET = "secrets"  # noqa: S105 - the name of a class of kinds
    """T0: never in a log. What opens a door or moves money: passwords, keys, tokens, whole card numbers."""
    PERSONAL = "personal"
    """T1: masked unless asked otherwise. What tells who a person is or how to reach them."""
    DETAIL = "details"
    """T2: kept unless asked otherwise. What narrows a person down only together with other things."""


SECRET_KINDS = (
    "password", "passphrase", "secret", "token", "api_key", "private_key", "credential", "signature", "authorization",
    "cookie", "session", "otp", "pin", "cvv", "card_number", "userinfo", "webhook", "jwt",
)  # fmt: skip
PERSONAL_KINDS = (
    "email", "phone", "iban", "account_number", "national_id", "ssn", "tax_id", "passport", "licence",
    "date_of_birth", "ip", "name", "street", "certificate", "medical_id",
)  # fmt: skip
DETAIL_KINDS = ("city", "country", "postal_code", "user_id", "device_id", "location", "user_agent", "gender")

CLASS_OF: dict[str, Class] = {
    **dict.fromkeys(SECRET_KINDS, Class.SECRET),
    **dict.fromkeys(PERSONAL_KINDS, Class.PERSONAL),
    **dict.fromkeys(DETAIL_KINDS, Class.DETAIL),
}
"""Kind -> class. A kind that the configuration makes up (``redaction.patterns``) is personal data."""

MARKER = re.compile(r"\[REDACTED:[a-z][a-z0-9_]*(?::[0-9a-zA-Z_-]+)?\]")
"""What masking leaves behind: ``[REDACTED:email]``, or with a keyed hash ``[REDACTED:email:k1-9f86d081884c7d65]``.

A value that is a marker already is never looked at again, so that redacting twice changes nothing.
"""


def marker(kind: str) -> str:
    """What stands for a masked value of a kind."""
    return MARKERS.get(kind) or f"[REDACTED:{kind}]"


MARKERS = {kind: f"[REDACTED:{kind}]" for kind in CLASS_OF}
