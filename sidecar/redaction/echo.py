"""Secrets that an exchange has shown in one place are taken out of all others: an error message may repeat a token."""

import json
import re
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import orjson

if TYPE_CHECKING:
    from sidecar.redaction.found import Found
    from sidecar.redaction.scrub import Scrub

_SAME_EVERYWHERE = re.compile(r"[\w.\-~]+", re.ASCII)
"""A secret that is written the same in every format: RFC 3986 reserves none of its characters."""
_RUN = re.compile(r"[0-9A-Za-z]+")

_Echo = tuple[str, str, tuple[str, ...]]
"""A secret, its kind, and the ways in which it may be written."""


def in_text(text: str, scrub: "Scrub") -> str:
    """A text without the secrets of the exchange."""
    return _without(text, heard(text, scrub.found), scrub)


def in_json(text: str, scrub: "Scrub") -> str:
    """The same for JSON, which stays JSON: a number that is a secret becomes a text."""
    echoes = heard(text, scrub.found)
    if not echoes:
        return text
    secrets = {secret for secret, _, _ in echoes}
    holder = {"": orjson.loads(text)}
    stack: list[Any] = [holder]
    while stack:
        node = stack.pop()
        if type(node) is dict:
            for name in [name for name in node if any(secret in name for secret in secrets)]:
                node[_without(name, echoes, scrub)] = node.pop(name)
        for key, value in list(node.items() if type(node) is dict else enumerate(node)):
            if type(value) is dict or type(value) is list:
                stack.append(value)
            elif type(value) is str:
                node[key] = _without(value, echoes, scrub)
            elif value is not None and type(value) is not bool and str(value) in secrets:
                node[key] = _without(str(value), echoes, scrub)
    return orjson.dumps(holder[""]).decode()


def in_lines(text: str, scrub: "Scrub") -> str:
    """The same for lines that hold a JSON document each, perhaps after ``data:``; other lines are text."""
    if not heard(text, scrub.found):
        return text
    lines = text.split("\n")
    for index, line in enumerate(lines):
        start = len(line) - len(line.removeprefix("data:").lstrip("\x1e "))
        try:
            lines[index] = line[:start] + in_json(line[start:], scrub)
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            lines[index] = in_text(line, scrub)
    return "\n".join(lines)


def heard(text: str, found: "Found") -> list[_Echo]:
    """The secrets that occur in a text, in whatever way it is written."""
    echoes: list[_Echo] = []
    runs = found.runs
    for secret, kind in found.secrets.items():
        run = runs.get(secret)
        if run is None:
            run = runs[secret] = _run(secret)
        if run in text:
            forms = (secret,) if run is secret else _forms(secret)
            if run is secret or any(form in text for form in forms):
                echoes.append((secret, kind, forms))
    return echoes


def _run(secret: str) -> str:
    """What of a secret no way of writing changes: all of it, or its longest run of letters and digits."""
    return secret if _SAME_EVERYWHERE.fullmatch(secret) else max(_RUN.findall(secret), key=len, default="")


def _without(text: str, echoes: list[_Echo], scrub: "Scrub") -> str:
    for secret, kind, forms in echoes:
        for form in forms:
            if form in text:
                text = text.replace(form, scrub.echoed(kind, secret))
    return text


def _forms(secret: str) -> tuple[str, ...]:
    """A secret as it is, in JSON (where ``/`` may be escaped, RFC 8259 7), percent-encoded, and in HTML."""
    plain = secret.encode("utf-8", "replace").decode()
    coded = orjson.dumps(plain).decode()[1:-1]
    escapes = (json.dumps(plain)[1:-1], coded.replace("/", "\\/"), escape(secret))
    return tuple(dict.fromkeys((secret, coded, *escapes, quote(plain, ""), quote_plus(plain))))
