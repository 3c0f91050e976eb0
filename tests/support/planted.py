"""Secrets that a test plants in calls, each made once and recognisable, and the search for them in what was written.

They are drawn from a seed: the same test plants the same ones. Nothing here asks the engine what it thinks of them.
"""

import base64
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from random import Random
from urllib.parse import quote
from xml.sax.saxutils import escape

from tests.redaction import check_digits
from tests.redaction.shapes import fill, jwt

LEAST = 8
"""Characters. Of a secret that opens doors, a half of at least so many is a leak as well."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One planted text. ``name``: what it stands under; ``grave``: it opens doors or moves money, so half is too much.

    ``alone``: its shape tells what it is, wherever it stands.
    """

    text: str
    name: str
    grave: bool = True
    alone: bool = False

    def __str__(self) -> str:
        return self.text


_NAMED = (
    ("password", "{an:5}!{an:4}%{an:5}"), ("password", '{an:6}"{an:3}\\{an:6}'), ("client_secret", "{b64u:32}"),
    ("access_token", "{an:40}"), ("apiKey", "{h:32}"), ("session_token", "{uuid}"), ("refreshToken", "v1.{b:40}"),
    ("passphrase", "{l:9} {l:8} {l:10} {d:2}"), ("secret_key", "{an:20}+{an:8}/{an:9}="), ("x-auth-token", "{ua:24}"),
    ("newPassword", "{an:6}&{an:5}={an:5}"), ("private_token", "{la:26}"),
    ("password", "Grüße{d:6}-{l:6}-é{d:4}"),
)  # fmt: skip
"""What only its name tells: name and shape."""

_PEOPLE = (
    ("email", "{l:6}.{l:7}{d:2}@{l:9}.com"), ("phone", "+1415{d:3}2{d:3}"), ("ssn", "51{d:1}-4{d:1}-{d:3}7"),
    ("ip", "185.1{d:2}.1{d:2}.1{d:2}"),
)  # fmt: skip

_VENDORS = (
    "sk_live_{an:24}", "ghp_{crc:30}", "xoxb-{d:12}-{d:13}-{an:24}", "AIzaSy{b:33}", "AKIA{b32:16}", "glpat-{an:20}",
    "SG.{b:22}.{b:43}", "shpat_{h:32}", "sk-ant-api03-{b:93}AA", "npm_{crc:30}", "dop_v1_{h:64}", "hvs.{b:90-100}",
)  # fmt: skip


class Planter:
    """Draws secrets, and remembers every one of them."""

    def __init__(self, seed: str) -> None:
        self._rng = Random(seed)
        self.secrets: list[Secret] = []

    def named(self) -> Secret:
        """One that is known by its name alone: a password, a token, a key."""
        return self._draw(*self._rng.choice(_NAMED))

    def token(self, shape: str = "{an:32}") -> Secret:
        """The same, of letters and digits: it may stand in a header or a path as it is."""
        return self._draw("token", shape)

    def vendor(self) -> Secret:
        """A key whose vendor made it recognisable."""
        return self._draw("note", self._rng.choice(_VENDORS), alone=True)

    def jwt(self) -> Secret:
        """A JSON Web Token."""
        return self._draw("note", jwt(self._rng), alone=True)

    def card(self) -> Secret:
        """A whole card number."""
        return self._draw("note", check_digits.luhn(fill("4539{d:11}", self._rng)), alone=True)

    def iban(self) -> Secret:
        """A bank account."""
        text = check_digits.iban("DE", fill("{d:18}", self._rng))
        return self._draw("note", text, grave=False, alone=True)

    def person(self, name: str = "") -> Secret:
        """Of a person: an address, a telephone or social security number, a public address on the net."""
        name, shape = next((one for one in _PEOPLE if one[0] == name), None) or self._rng.choice(_PEOPLE)
        return self._draw(name, shape, grave=False, alone=True)

    def shaped(self) -> Secret:
        """Any that its shape tells."""
        makers = (self.vendor, self.jwt, self.card, self.iban, self.person, self.vendor)
        return self._rng.choice(makers)()

    def any(self) -> Secret:
        """Any at all."""
        return self._rng.choice((self.named, self.shaped))()

    def _draw(self, name: str, shape: str, **traits: bool) -> Secret:
        while True:
            secret = Secret(fill(shape, self._rng), name, **traits)
            if all(secret.text not in one.text and one.text not in secret.text for one in self.secrets):
                self.secrets.append(secret)
                return secret


class Search:
    """Looks for secrets in what was written: as they are, in every encoding of it, and for halves of the grave ones."""

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._needles: list[tuple[Secret, bytes, int]] = []
        # The first eight bytes of everything that would be a leak, as a number -> the needles it may be of.
        self._index: dict[int, set[int]] = {}
        for secret in secrets:
            for form in dict.fromkeys(_forms(secret.text)):
                self._add(secret, form)

    def _add(self, secret: Secret, form: bytes) -> None:
        size = max(LEAST, (len(form) + 1) // 2) if secret.grave else len(form)
        for start in range(len(form) - size + 1):
            number = int.from_bytes(form[start : start + LEAST], sys.byteorder)
            self._index.setdefault(number, set()).add(len(self._needles))
        self._needles.append((secret, form, size))

    def leaks(self, written: Mapping[str, bytes]) -> list[str]:
        """Each leak: what, where, and what stands around it."""
        return [leak for name, data in written.items() for leak in self._in(name, data)]

    def _in(self, name: str, data: bytes) -> Iterator[str]:
        for secret, form, size in [self._needles[place] for place in sorted(self._candidates(data))]:
            for start in range(len(form) - size + 1):
                at = data.find(form[start : start + size])
                if at >= 0:
                    around = data[max(0, at - 200) : at + size + 60].decode("utf-8", "replace")
                    yield f"{name}: {secret.name} {secret.text!r} in: {around}"
                    break

    def _candidates(self, data: bytes) -> set[int]:
        """Needles of which eight bytes occur: all eight-byte words of the data are looked up, from each offset."""
        found: set[int] = set()
        known = frozenset(self._index)
        for offset in range(LEAST):
            end = offset + (len(data) - offset) // LEAST * LEAST
            for number in known.intersection(memoryview(data)[offset:end].cast("Q")):
                found |= self._index[number]
        return found


def _forms(text: str) -> Iterator[bytes]:
    """A text as it is, and as URLs, JSON, JSON in JSON, XML, Python and Base64 write it."""
    yield text.encode()
    once = quote(text, safe="")
    yield from (
        form.encode() for form in (once, quote(once, safe=""), re.sub("%..", lambda code: code[0].lower(), once))
    )
    yield "".join(f"%{byte:02X}" for byte in text.encode()).encode()
    for escaped in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield from (form.encode() for form in (escaped, escaped.replace("/", "\\/"), json.dumps(escaped)[1:-1]))
    yield escape(text).encode()
    yield repr(text)[1:-1].encode()
    raw = text.encode()
    for shift in range(3):  # what stands before it moves its bits
        coded = base64.b64encode(b"\0" * shift + raw)
        inner = coded[(0, 2, 3)[shift] : len(coded) - (0, 4, 4)[(shift + len(raw)) % 3 and 1]]
        yield from (inner, inner.replace(b"+", b"-").replace(b"/", b"_"))
