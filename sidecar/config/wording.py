"""pydantic's findings in plain English, at their place in the file, with a guess at what was meant."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from sidecar.config.nodes import Node, Place, holds_secret, show_path
from sidecar.config.problem import Problem, Source, hide_userinfo
from sidecar.config.shape import keys_at, nearest
from sidecar.config.units import Unit, show, unit_of_text
from sidecar.policies.settings import Switchable

_MOST_SHOWN = 30
"""Keys that a report lists when it has no better guess."""

_BOUNDS = {
    "greater_than_equal": ("ge", "at least"),
    "greater_than": ("gt", "more than"),
    "less_than_equal": ("le", "at most"),
    "less_than": ("lt", "less than"),
}
MISMATCHES = {
    "string_type": "must be text",
    "string_sub_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be a mapping (key: value lines, indented)",
    "mapping_type": "must be a mapping (key: value lines, indented)",
    "model_type": "must be a mapping (key: value lines, indented)",
    "model_attributes_type": "must be a mapping (key: value lines, indented)",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "none_required": "must be left out",
}
"""Finding that a value is not of the kind it should be -> what is said."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of pydantic (or of typed.py, in the same words): location, kind, text, context."""

    loc: tuple[str | int, ...]
    kind: str
    said: str
    context: Mapping[str, Any]


Findings = list[Finding]


def problems_of(
    findings: Findings,
    root: Node,
    model: type[BaseModel],
    source: Source,
    base: tuple[str | int, ...] = (),
) -> list[Problem]:
    """One problem per finding. ``root`` is the node that was validated, ``base`` its path in the file."""
    found = []
    unknown = {finding.loc: _guess(finding.loc, model) for finding in findings if finding.kind == "extra_forbidden"}
    meant = {(*loc[:-1], guess) for loc, guess in unknown.items()}
    for finding in findings:
        loc = finding.loc
        node, walked = walk_own(root, loc)
        path = base + loc[:walked]
        if finding.kind == "missing":
            if loc not in meant:
                message = f"the required key '{loc[-1]}' is missing"
                place = node.key_place or node.place
                found.append(source.problem(place, show_path(path), message, f"add it: {loc[-1]}: ..."))
        elif loc in unknown:
            hint = f"did you mean '{unknown[loc]}'?" if unknown[loc] else _possible(keys_at(model, loc[:-1]))
            place = node.key_place or node.place
            found.append(source.problem(place, show_path(path), f"unknown key '{loc[-1]}'", hint))
        else:
            whole = not loc and finding.kind in MISMATCHES and issubclass(model, Switchable)
            message, hint = _switch(node, model) if whole and node.value is not None else _say(finding, node, path)
            child = _named_in(message, node) if finding.kind == "value_error" else None
            if child is not None:
                node, path = node.at(child) or node, (*path, child)
            is_key = loc[-1:] == ("[key]",) or (child is not None and isinstance(child, str))
            found.append(source.problem(_place(node, is_key=is_key), show_path(path), message, hint))
    return found


def walk(root: Node, loc: Iterable[str | int]) -> tuple[Node, int]:
    """The deepest node on the way to ``loc``, and how many steps it is away from ``root``.

    The end of a location can be pydantic's own: the name of a union's member, or ``[key]``.
    """
    node, count = root, 0
    for step in loc:
        child = node.at(step)
        if child is None:
            break
        node, count = child, count + 1
    return node, count


def walk_own(root: Node, loc: tuple[str | int, ...]) -> tuple[Node, int]:
    """The same, but no deeper than what stands in the file itself: nobody can correct a profile or preset."""
    node, count = walk(root, loc)
    while node.file and count > 0:
        node, count = walk(root, loc[: count - 1])
    return node, count


def _guess(loc: tuple[str | int, ...], model: type[BaseModel]) -> str:
    return nearest(str(loc[-1]), keys_at(model, loc[:-1]))


def _possible(allowed: list[str]) -> str:
    return f"possible here: {', '.join(allowed)}" if 0 < len(allowed) <= _MOST_SHOWN else ""


def _named_in(message: str, node: Node) -> str | int | None:
    """The one child that a message about a whole block names, so that the caret can stand under it.

    What a profile or preset says is no child here: the user cannot change it.
    """
    own = [(step, child) for step, child in node.items() if child.file == node.file]
    if isinstance(node.value, dict):
        named = [key for key, _ in own if key and re.search(rf"(?<!\w){re.escape(str(key))}(?!\w)", message)]
    else:
        named = [step for step, child in own if child.text and f"'{child.text}'" in message]
    return named[0] if len(named) == 1 else None


def _place(node: Node, *, is_key: bool) -> Place:
    """The key for a mistake in a key; else the value, or its key when the value is the whole block below."""
    if is_key or isinstance(node.value, dict | list):
        return node.key_place or node.place
    return node.place


def _say(finding: Finding, node: Node, path: tuple[str | int, ...]) -> tuple[str, str]:
    """Message and hint. Values that came from a file, and those under secret names, are not repeated."""
    kind, context = finding.kind, finding.context
    hidden = node.secret or holds_secret(path)
    if node.value is None:
        return "has no value", "write one, or take the key out"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"must be {words} {_bound(context[name], node)}", ""
    if kind in {"literal_error", "enum"}:
        return _choice(str(context["expected"]), node, hidden=hidden)
    if kind == "union":
        return _union(context, node, hidden=hidden)
    if kind in MISMATCHES:
        return MISMATCHES[kind] + _instead_of(node, hidden=hidden), _type_hint(kind, node)
    if kind == "int_parsing_size":
        return "is too large a number", ""
    if kind in {"too_short", "string_too_short"}:
        return f"must have at least {context['min_length']} {_things(kind, context, 'min_length')}", ""
    if kind in {"too_long", "string_too_long"}:
        return f"must have at most {context['max_length']} {_things(kind, context, 'max_length')}", ""
    if kind == "string_pattern_mismatch":
        what = "the value" if hidden else f"'{node.text}'"
        return f"{what} is not of the right form", f"it must match {context['pattern']}"
    if hidden and not isinstance(node.value, dict | list):
        hint = "check the file it comes from" if node.secret else ""
        return "the value is not valid here (it is not shown: it may be a secret)", hint
    text = str(context["error"]) if "error" in context else finding.said.replace("Input should be", "must be")
    for secret in _secrets_below(node):
        text = text.replace(secret, "***")
    message, _, hint = text.partition("; ")
    return message, hint


def _bound(limit: Any, node: Node) -> str:
    unit = unit_of_text(node.text)
    return show(limit, unit) if unit is not Unit.NONE else f"{limit:g}"


def _union(context: Mapping[str, Any], node: Node, *, hidden: bool) -> tuple[str, str]:
    """``must be a whole number or 'adaptive', not 'adaptiv' - did you mean 'adaptive'?``."""
    *kinds, last = context["kinds"]
    message = f"must be {', '.join(kinds)} or {last}{_instead_of(node, hidden=hidden)}"
    near = "" if hidden else nearest(node.text, context["words"])
    return message, f"did you mean '{near}'?" if near else context["hint"]


def _switch(node: Node, model: type[BaseModel]) -> tuple[str, str]:
    """A policy that can be switched off was given neither a block nor ``off``."""
    hint = "write off, or an indented block of its settings"
    if node.text.lower() in {"on", "true", "yes", "y", "enforce"} and _works_by_itself(model):
        hint = "write {} to switch it on with its defaults"
    return f"must be a block of settings or off{_instead_of(node, hidden=False)}", hint


def _works_by_itself(model: type[BaseModel]) -> bool:
    try:
        model.model_validate({})
    except ValidationError:
        return False
    return True


def _choice(expected: str, node: Node, *, hidden: bool) -> tuple[str, str]:
    if hidden:
        return f"must be {expected}", ""
    choices = [part.strip("'") for part in expected.replace(" or ", ", ").split(", ")]
    if node.text in choices:
        return f"must be {expected}", "write it without quotes"
    near = "off" if node.value is False and "off" in choices else nearest(node.text, choices)
    return f"must be {expected}{_instead_of(node, hidden=False)}", f"did you mean '{near}'?" if near else ""


def _instead_of(node: Node, *, hidden: bool) -> str:
    if isinstance(node.value, dict):
        return ", not a mapping"
    if isinstance(node.value, list):
        return ", not a list"
    return "" if hidden or len(node.text) > 60 else f", not '{hide_userinfo(node.text)}'"


def _type_hint(kind: str, node: Node) -> str:
    if kind.startswith("bool") and node.text.lower() in {"yes", "on", "y", "no", "off", "n"}:
        return f"did you mean '{'true' if node.text.lower() in {'yes', 'on', 'y'} else 'false'}'?"
    if kind.startswith("int") and node.text.lstrip("-+0").isdigit() and node.text.lstrip("-+").startswith("0"):
        return f"did you mean '{node.text.lstrip('-+0')}'?"
    return ""


def _things(kind: str, context: Mapping[str, Any], bound: str) -> str:
    one = "character" if kind.startswith("string") else "entry"
    if context[bound] == 1:
        return one
    return "characters" if one == "character" else "entries"


def _secrets_below(node: Node) -> list[str]:
    """The texts that came from files, in a whole block."""
    if node.secret:
        return [node.text] if node.text else []
    return [text for _, child in node.items() for text in _secrets_below(child)]
