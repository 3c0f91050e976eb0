"""Keys and tokens with a standard shape: JSON Web Tokens, private keys in PEM, PuTTY and OpenVPN files."""

import re
from collections.abc import Iterator
from string import ascii_letters, digits

from sidecar.redaction.family import Family, Span
from sidecar.redaction.gate import merged

# Base64url of ``{"``, of ``{ "`` and of ``{`` before a line break, as headers begin. A token that was cut off has at
# least its header and the dot; in a JWE the second part may be empty (RFC 7516 section 3.1).
_JWT_TRIGGER = r"(?:^|[^0-9A-Za-z]|\\[nrt]|%[0-9A-Fa-f]{2})e[yw][JAo0][\w-]{8,}\."
_JWT = re.compile(
    r"(e[yw][JAo0](?:(?<![0-9A-Za-z]...)|(?<=\\[nrt]...)|(?<=%[0-9A-Fa-f]{2}...))[\w-]{8,}+)"
    r"\.[\w-]*+(?:\.[\w-]++){0,3}",
    re.ASCII,
)
_JWT_HEADER = re.compile(
    "ImFsZyI|JhbGci|iYWxnI"  # "alg" (RFC 7515 section 4.1.1), at each of the three places in a group of Base64
    "|ImVuYyI|JlbmMi|iZW5jI"  # "enc" (RFC 7516 section 4.1.2)
    "|InR5cCI|J0eXAi|idHlwI"  # "typ"
    "|ImtpZCI|JraWQi|ia2lkI"  # "kid"
)

_ARMOUR = re.compile(
    r"----[- ](BEGIN|END) (?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1) ?-{4,5}", re.ASCII
)
_BREAK = r"(?:[\s\"'+,>|#*]|\\+[nrt])"
_BODY = re.compile(
    rf"{_BREAK}*+(?:[A-Z][A-Za-z-]{{2,24}}: [^\n\\]{{0,100}}{_BREAK}*+){{0,6}}"
    rf"(?:[0-9A-Za-z+/=]{{16,}}+{_BREAK}*+)++(?:[0-9A-Za-z+/]{{1,15}}+={{0,2}})?",
    re.ASCII,
)
"""What follows a BEGIN line: header fields (RFC 1421 section 4.6), lines of Base64, a shorter last one."""

_BODY_CHARS = ascii_letters + digits + "+/=\\ \r\n\t"
_LINE = re.compile(r"[0-9A-Za-z+/]{16}")

_PUTTY = re.compile(
    r"Private-Lines: [0-9]{1,4}(?:\s|\\+[nr])++"
    r"([0-9A-Za-z+/=]{16,}+(?:(?:\s|\\+[nr])++(?!Private-)[0-9A-Za-z+/=]{4,}+)*+"
    r"(?:(?:\s|\\+[nr])++Private-(?:MAC|Hash): [0-9a-f]*)?)",
    re.ASCII,
)
"""The PPK file format: the.earth.li/~sgtatham/putty/0.81/htmldoc/AppendixC.html"""


def _find_jwt(text: str, _key: str) -> Iterator[Span]:
    """Every JSON Web Token: the first part is Base64url of a JSON object that names an algorithm, a type or a key."""
    if "." not in text:
        return
    for found in _JWT.finditer(text):
        if _JWT_HEADER.search(found[1]) is not None:
            yield found.start(), found.end(), "jwt"


def _find_pem(text: str, _key: str) -> list[Span]:
    """Every private key in PEM, whole or cut off at either end. Public keys and certificates are no secrets."""
    spans: list[Span] = []
    lines = list(_ARMOUR.finditer(text))
    done = 0
    for index, line in enumerate(lines):
        if line[1] == "END":
            start = _begin_of_tail(text, done, line.start())
            if start is not None:
                spans.append((start, line.end(), "private_key"))
            done = line.end()
            continue
        following = lines[index + 1] if index + 1 < len(lines) else None
        if following is not None and following[1] == "END":
            if _LINE.search(text, line.end(), following.start()) is not None:
                spans.append((line.start(), following.end(), "private_key"))
                done = following.end()
            continue
        body = _BODY.match(text, line.end(), following.start() if following is not None else len(text))
        if body is not None:
            spans.append((line.start(), body.end(), "private_key"))
            done = body.end()
    spans += [(*found.span(1), "private_key") for found in _PUTTY.finditer(text)]
    return merged(spans)


def _begin_of_tail(text: str, done: int, end: int) -> int | None:
    """Where the Base64 before an END line begins, if its BEGIN line was cut off; None if there is none."""
    if done == end:
        return None
    region = text[done:end]
    start = done + len(region.rstrip(_BODY_CHARS))
    return start if _LINE.search(text, start, end) is not None else None


JWT_FAMILY = Family("jwt", _JWT_TRIGGER, _find_jwt)
PEM_FAMILY = Family(
    "pem", r"(?:BEGIN|END) (?:[A-Z0-9 ]*PRIVATE KEY|OpenVPN Static key V1)|Private-Lines: [0-9]", _find_pem
)
