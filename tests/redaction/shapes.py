"""A little language for made-up tokens: ``{an:24}`` is 24 letters and digits, ``{h:32}`` 32 hexadecimal digits.

Formats are written with it so that no literal in this repository looks like a secret to a scanner.
"""

import base64
import re
import string
from random import Random
from uuid import UUID

from tests.redaction.check_digits import crc_base62

_ALPHABETS = {
    "an": string.ascii_letters + string.digits,
    "la": string.ascii_lowercase + string.digits,
    "ua": string.ascii_uppercase + string.digits,
    "b32": string.ascii_uppercase + "234567",
    "l": string.ascii_lowercase,
    "u": string.ascii_uppercase,
    "d": string.digits,
    "h": "0123456789abcdef",
    "H": "0123456789ABCDEF",
    "b": string.ascii_letters + string.digits + "-_",
    "s": string.ascii_letters + string.digits + "+/",
    "bech": "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L",
}
_NAMES = "|".join(_ALPHABETS)
_FIELD = re.compile(rf"\{{(uuid|(?:{_NAMES}|b64|b64u|crc)(?=:))(?::(\d+)(?:-(\d+))?)?\}}")


def fill(shape: str, rng: Random) -> str:
    """A text of a shape; what is no field of the language stays. ``{b}`` neither begins nor ends with a dash."""
    return _FIELD.sub(lambda match: _piece(match[1], int(match[2] or 0), int(match[3] or match[2] or 0), rng), shape)


def _piece(name: str, least: int, most: int, rng: Random) -> str:
    size = rng.randint(least, most)
    if name == "uuid":
        return str(UUID(int=rng.getrandbits(128), version=4))
    if name == "b64":
        return base64.b64encode(rng.randbytes(size)).decode()
    if name == "b64u":
        return base64.urlsafe_b64encode(rng.randbytes(size)).decode().rstrip("=")
    if name == "crc":
        return crc_base62("".join(rng.choices(_ALPHABETS["an"], k=size)))
    alphabet = _ALPHABETS[name]
    text = "".join(rng.choices(alphabet, k=size))
    if name == "b":
        text = rng.choice(_ALPHABETS["an"]) + text[1:-1] + rng.choice(_ALPHABETS["an"]) if size > 1 else text
    return text


def jwt(rng: Random) -> str:
    """RFC 7515 compact form, sometimes encrypted (RFC 7516: five parts)."""

    def part(text: str) -> str:
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    header = rng.choice(('{"alg":"HS256","typ":"JWT"}', '{"typ":"JWT","alg":"RS256","kid":"%s"}', '{"alg":"ES256"}'))
    claims = fill('{"sub":"{d:10}","iat":17{d:8},"exp":17{d:8},"jti":"{uuid}"}', rng)
    if rng.random() < 0.1:
        header = part('{"alg":"RSA-OAEP","enc":"A256GCM"}')
        return ".".join((header, *(fill(shape, rng) for shape in ("{b:86}", "{b:16}", "{b:60-90}", "{b:22}"))))
    return f"{part(header.replace('%s', fill('{h:8}', rng)))}.{part(claims)}.{fill('{b:43}', rng)}"


_PEM_LABELS = ("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY")


def pem(rng: Random) -> str:
    """RFC 7468 textual encoding of a private key."""
    label = rng.choice(_PEM_LABELS)
    body = base64.b64encode(rng.randbytes(rng.choice((121, 300, 608)))).decode()
    lines = [body[at : at + 64] for at in range(0, len(body), 64)]
    return "\n".join((f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"))
