"""How each sort of operator writes its value: ``name = "x"``, ``("name", "x")``, ``--name x``, ``<name>x</name>``.

A reader takes a place right behind the operator and returns the parts of the text that are values, and where the
search goes on.
"""

import re
from collections.abc import Callable

from sidecar.redaction.assignment_rules import (
    Place,
    bare_value,
    is_interpolated,
    is_made_up,
    is_quoted_value,
    is_sentence,
    personal_value,
    spoken_value,
    value_like,
)
from sidecar.redaction.assignment_values import Part, bare, block, items, line_end, quote_at, quoted, word
from sidecar.redaction.header_values import cookies, credentials
from sidecar.redaction.key_phrases import words
from sidecar.redaction.key_rules import kind_of
from sidecar.redaction.kinds import CLASS_OF, MARKER, Class
from sidecar.redaction.placeholders import is_placeholder
from sidecar.redaction.value_rules import tells

Read = tuple[list[Part], int]

_CONVERSION = re.compile(
    r"(?:[\w.:]*(?:SecretStr|SecretString|SecureString|String|str|bytes|bytearray|Secret|Buffer\.from|b64decode|decode64"
    r"|fromhex|unhexlify|byte|encode|decode)\s?\(|ConvertTo-SecureString(?:\s+-String)?)\s{0,4}(?=[bBfFrRuNL@$&]{0,2}[\"'])"
)
"""Calls that only change the form of a literal: ``SecretStr("x")``."""

_SETTERS = re.compile(r"(?:set|with|put|add|use|update|change|reset)?[^a-z]|^(?:set|with|put|add|use)")
_VERBS = frozenset(
    words("""
    get fetch find load read has is are create make generate gen verify validate check parse lookup resolve delete
    remove revoke decode encode decrypt encrypt hash require assert expect test describe it on input prompt ask request
    issue mint sign compare match matches equals contains starts ends from to by for refresh rotate list
    hide show mask redact rename drop import export print log enter type
""")
)
_CALLERS = re.compile(
    r"(?i)(?:put|set\w*|define|add\w*|append|header|property|getenv|env|fetch|pair|entry|of|param\w*|update|default|with\w*"
    r"|option|config|store|write|insert|register|get|getstring|setdefault|secret|string|value)\s*[(\[{]\s*@?\\*[\"']$"
)
_OPENING = re.compile(r"[(\[{]\s*@?\\*[\"']$")
_NAMING = re.compile(
    r"(?i)(?:name|key|id|field|property|param|parameter|header|variable|k|n)\\{0,3}[\"']?\s{0,2}[=: ]\s{0,4}"
    r"\\{0,3}[\"']?$"
)
_PROSE_AFTER_FLAG = frozenset(
    words("""
    option options flag argument arg parameter param to is for and or with if value must in the a an as are can from
    when that which on instead not
""")
)
_BEFORE_CHARS = 48
_ELEMENT_END = re.compile(r"[^<]{1,4000}+</")
_CDATA = "<![CDATA["


def assigned(place: Place) -> Read:
    """``name = "x"``, ``name: x``, ``NAME=x``, ``name: |`` and ``names: ["x", "y"]``."""
    text, at = place.text, place.value
    if at >= len(text):
        return [], at
    marker = MARKER.match(text, at)
    if marker is not None:
        return _behind_marker(place, marker.end())
    if place.kind == "authorization":
        return credentials(place)
    if place.kind == "cookie":
        return cookies(place)
    conversion = _CONVERSION.match(text, at)
    opening = quote_at(text, conversion.end() if conversion is not None else _over_line_end(place))
    if opening >= 0:
        return _quoted(place, opening)
    if text[at] in "|>":
        part = block(text, at)
        if part is not None:
            return ([part] if not is_placeholder(text[slice(*part)]) else []), part[1]
    if text[at] == "[":
        parts, end = items(text, at)
        return [part for part in parts if is_quoted_value(place, text[slice(*part)])], end
    if text[at] in "\r\n":
        return [], at
    found = bare_value(place) if _is_secret(place.kind) else personal_value(place)
    return ([found], found[1]) if found is not None else ([], at)


def _behind_marker(place: Place, at: int) -> Read:
    """What is glued to a marker is still the value; a marker must not be a way to hide it."""
    part = bare(place.text, at)
    glued = _is_secret(place.kind) and sum(map(str.isalnum, place.text[slice(*part)])) >= _LEAST_GLUED
    return ([part] if glued else []), part[1] if glued else at


_LEAST_GLUED = 4


def _is_secret(kind: str) -> bool:
    """Whether values of a kind look like nothing in particular; card numbers are written as other numbers are."""
    return CLASS_OF[kind] is Class.SECRET and kind != "card_number"


def cell(place: Place) -> Read:
    """``| password | x |``: a table of Markdown."""
    text, at = place.text, place.value
    if not text[max(0, place.start - 8) : place.start].rstrip(" *`").endswith("|"):
        return [], at
    end = text.find("|", at, line_end(text, at))
    value = text[at:end].strip() if end > at else ""
    told = value_like(value) and not is_sentence(value) and not is_placeholder(value) and tells(place.kind, value)
    return ([(at, at + len(value))] if told else []), max(at, end)


def _over_line_end(place: Place) -> int:
    """A literal may stand in the line after ``=``, or inside a parenthesis."""
    text, at = place.text, place.value
    if place.operator == "=" and text[at] in "\r\n(\\":
        while at < len(text) and at < place.value + 80 and text[at] in " \t\r\n(":
            at += 1
    return at


def _quoted(place: Place, opening: int) -> Read:
    part, end = quoted(place.text, opening)
    value = place.text[slice(*part)]
    told = any(map(str.isalnum, value)) and is_quoted_value(place, value)
    told = told and (place.text[opening] != "`" or value_like(value))
    return ([part] if told and not is_interpolated(place.text, opening, value) else []), end


def attribute(place: Place) -> Read:
    """``name="password" value="x"``, ``name: PASSWORD`` above ``value: x``, ``variable "password" {default = "x"}``."""
    if _NAMING.search(place.text, max(0, place.start - _BEFORE_CHARS), place.start) is None:
        return [], place.value
    return assigned(place)


def says(place: Place) -> Read:
    """``the password is hunter2``: prose."""
    text, at = place.text, place.value
    if _is_verb(place):
        return [], at
    if not _is_secret(place.kind):
        found = personal_value(place)
        return ([found], found[1]) if found is not None else ([], at)
    opening = quote_at(text, at)
    if opening >= 0:
        return _made_up(place, opening)
    found = spoken_value(place, word(text, at))
    return ([found], found[1]) if found is not None and tells(place.kind, text[slice(*found)]) else ([], at)


def _is_verb(place: Place) -> bool:
    """Whether ``pass`` is what one does: "pass to the function", "pass 'x' as the first argument"."""
    return place.name[:5].lower().rstrip() == "pass"


def _made_up(place: Place, opening: int) -> Read:
    """A quoted text that could be of something else: only what looks made up for the purpose."""
    part, end = quoted(place.text, opening)
    value = place.text[slice(*part)]
    return ([part] if value_like(value) and is_quoted_value(place, value) else []), end


def otherwise(place: Place) -> Read:
    """``process.env.API_KEY || "x"``."""
    opening = quote_at(place.text, place.value)
    return _made_up(place, opening) if place.text[opening] != "`" else ([], place.value)


def argument(place: Place) -> Read:
    """``put("password", "x")``, ``{"password", "x"}``; not ``["password", "token"]``, which lists names."""
    text, at = place.text, place.value
    before = text[max(0, place.start - _BEFORE_CHARS) : place.start]
    if _OPENING.search(before) is None:
        return [], at
    part, end = quoted(text, quote_at(text, at))
    value = text[slice(*part)]
    if not is_quoted_value(place, value) or kind_of(value) is not None:
        return [], end
    return ([part] if value_like(value) or _CALLERS.search(before) is not None else []), end


def call(place: Place) -> Read:
    """``setPassword("x")``, ``.password("x")``, ``PASSWORD('x')``; not ``getPassword("user")``."""
    first = re.match(r"[a-z]+|[A-Z]+(?![a-z])|[A-Z][a-z]+", place.name.rpartition(".")[2].lstrip("_"))
    if first is not None and first[0].lower() in _VERBS:
        return [], place.value
    part, end = quoted(place.text, quote_at(place.text, place.value))
    value = place.text[slice(*part)]
    sets = place.name.rpartition(".")[2].lower().startswith(("set", "with", "put", "use"))
    told = is_quoted_value(place, value) and kind_of(value) is None
    return ([part] if told and (sets or value_like(value) or place.name.isupper()) else []), end


def spaced(place: Place) -> Read:
    """``PASSWORD 'x'`` of SQL, ``password "x"`` of configuration files."""
    opening = quote_at(place.text, place.value)
    if place.text[opening] == "`" or _is_verb(place):
        return [], place.value
    if place.name.isupper() or place.starts_line():
        return _quoted(place, opening)
    return _made_up(place, opening)


def flag(place: Place) -> Read:
    """``--password x``."""
    text, at = place.text, place.value
    if place.kind in {"name", "street"}:
        return [], at
    opening = quote_at(text, at)
    if opening >= 0:
        return _quoted(place, opening)
    part = word(text, at)
    value = text[slice(*part)]
    if (
        value.lower() in _PROSE_AFTER_FLAG
        or (value.isupper() and kind_of(value) is not None)
        or is_placeholder(value)
        or not tells(place.kind, value)
    ):
        return [], at
    return [part], part[1]


def then(place: Place) -> Read:
    """``password hunter2x9``, without an operator: only what can be nothing else."""
    part = word(place.text, place.value)
    value = place.text[slice(*part)].rstrip(".,:;)")
    if _is_verb(place) or not is_made_up(value) or not tells(place.kind, value) or place.code or is_placeholder(value):
        return [], place.value
    return [(part[0], part[0] + len(value))], part[1]


def plist(place: Place) -> Read:
    """``<key>password</key><string>x</string>``."""
    return content(place)


def content(place: Place) -> Read:
    """The text of an element of XML, up to its end tag: ``<password>x</password>``."""
    text, at = place.text, place.value
    if text.startswith(_CDATA, at):
        at += len(_CDATA)
        end = text.find("]]>", at)
    else:
        match = _ELEMENT_END.match(text, at)
        end = match.end() - 2 if match is not None else -1
    if end <= at:
        return [], place.value
    value = text[at:end].strip()
    at = text.index(value, at)
    end = at + len(value)
    return ([(at, end)] if any(map(str.isalnum, value)) and is_quoted_value(place, value) else []), end


READERS: dict[str, Callable[[Place], Read]] = {
    "assign": assigned, "type": assigned, "attribute": attribute, "says": says, "or": otherwise, "comma": argument,
    "call": call, "space": spaced, "flag": flag, "cell": cell, "then": then, "plist": plist,
}  # fmt: skip
"""Group of the pattern of names -> reader."""
