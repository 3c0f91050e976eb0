"""Credentials made for tests, and what the families find in a text."""

import json
from base64 import b64encode, urlsafe_b64encode

from sidecar.redaction.credentials import CREDENTIAL_FAMILIES
from sidecar.redaction.kinds import marker
from tests.unit.redaction.vendor_values import made

FAMILIES = {family.name: family for family in CREDENTIAL_FAMILIES}


def found(text: str, *names: str) -> list[tuple[str, str]]:
    spans = [span for name in names or FAMILIES for span in FAMILIES[name].find(text, "")]
    return [(text[start:end], kind) for start, end, kind in sorted(spans)]


def masked(text: str, *names: str) -> str:
    spans = sorted(span for name in names or FAMILIES for span in FAMILIES[name].find(text, ""))
    for start, end, kind in reversed(spans):
        text = text[:start] + marker(kind) + text[end:]
    return text


def encoded(value: bytes) -> str:
    return urlsafe_b64encode(value).decode().rstrip("=")


def part(value: object) -> str:
    return encoded(json.dumps(value, separators=(",", ":")).encode())


HEADER = part({"alg": "HS256", "typ": "JWT"})
JWT = f"{HEADER}.{part({'sub': '1234567890', 'name': 'Ann'})}.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c"
JWE = (
    f"{part({'alg': 'dir', 'enc': 'A128GCM'})}..48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4v.XFBoMYUZ"
)
BODY = "\n".join(made("{B64}", seed) for seed in range(6)) + "\n" + made("{B30}", 9) + "=="


def pem(name: str = "RSA ", body: str = BODY) -> str:
    return f"-----BEGIN {name}PRIVATE KEY-----\n{body}\n-----END {name}PRIVATE KEY-----"


AWS4 = (
    "Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=host, Signature=5d672d79c15b13162d9279b0"
)
DIGEST = 'username="Mufasa", realm="r@x", nonce="dcd98b", uri="/", response="6629fae49393a05397450978507c4ef1"'
BASIC = b64encode(b"user:pass").decode()


HASHES = [
    made("$2y$10${A53}", 1),
    made("$2b$12${A53}", 2),
    made("$1${A8}${A22}", 1),
    made("$apr1${A8}${A22}", 1),
    made("$5${A16}${A43}", 1),
    made("$6${A16}${A86}", 1),
    made("$6$rounds=5000${A16}${A86}", 1),
    made("$y$j9T${A22}${A43}", 1),
    made("$P${A31}", 1),
    made("$S${A52}", 1),
    made("$argon2id$v=19$m=65536,t=3,p=4${A22}${A43}", 1),
    made("$9${A14}${A43}", 1),
    made("pbkdf2_sha256$390000${A22}${B43}=", 1),
    made("pbkdf2:sha256:600000${A16}${h64}", 1),
    made("scrypt:32768:8:1${A16}${h64}", 1),
    made("SCRAM-SHA-256$4096:{B22}==${B43}=:{B43}=", 1),
    made("{SSHA}{B38}==", 1),
    made("*{H40}", 1),
    made("$pbkdf2-sha256$29000${A22}${A43}", 1),
]


AWS_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
