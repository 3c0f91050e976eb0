"""Validate a tree of nodes, stricter and kinder than pydantic alone.

Stricter: only ``true`` and ``false`` are booleans (pydantic takes ``yes``, ``on``, ``1``), they are no numbers, and
``010`` and ``1_000`` are none either.
Kinder: an unquoted number or boolean where text is wanted is that text, exactly as written (``X-Version: 1.10``).
"""

from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError

from sidecar.config.nodes import Node, core_scalar
from sidecar.config.shape import children, is_model, members
from sidecar.config.unions import findings_of, one_of_several
from sidecar.config.units import Unit, unit_of
from sidecar.config.wording import Finding, Findings, walk

M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], root: Node) -> tuple[M | None, Findings]:
    """The model made of a node, and what is wrong with it; None when anything is."""
    findings: Findings = []
    if isinstance(root.value, dict):
        _strict(model, root, (), findings)
    try:
        made = _validate(model, root)
    except ValidationError as error:
        known = {finding.loc for finding in findings}
        return None, findings + [one for one in findings_of(error, model) if one.loc not in known]
    return (None if findings else made), findings


def _validate(model: type[M], root: Node) -> M:
    try:
        return model.model_validate(root.data())
    except ValidationError as error:
        changed = False
        for finding in findings_of(error, model):
            node, count = walk(root, finding.loc)
            text = finding.kind.startswith("string_") or "text" in finding.context.get("kinds", ())
            if text and count == len(finding.loc) and node.plain and isinstance(node.value, int | float):
                node.value = node.text
                changed = True
        if not changed:
            raise
    return model.model_validate(root.data())


def _strict(kind: Any, node: Node, loc: tuple[str | int, ...], findings: Findings) -> None:
    """Compare what is written with what the model wants, leaf by leaf."""
    for step, child in node.items():
        if is_model(kind):
            field = kind.model_fields.get(str(step))
            if field is None or unit_of(field) is not Unit.NONE:
                continue
        kinds = [inner for one in members(kind) for inner in children(one, step)]
        here = (*loc, step)
        if isinstance(child.value, dict | list):
            for one in kinds:
                _strict(one, child, here, findings)
        elif kinds and _misread(kinds, child):
            findings += one_of_several(here, [_wants(here, one) for one in kinds])


def _misread(kinds: list[Any], node: Node) -> bool:
    """Whether pydantic would take a scalar for a boolean or a number that it is not in YAML 1.2."""
    if kinds == [bool]:
        return not isinstance(node.value, bool)
    if isinstance(node.value, bool):
        return {int, float} & set(kinds) != set() and not {bool, str} & set(kinds)
    is_word = isinstance(node.value, str) and isinstance(core_scalar(node.text), str)
    return is_word and int in kinds and not _takes(kinds, node.text)


def _takes(kinds: list[Any], text: str) -> bool:
    """Whether one of the kinds is text, or a choice of words with this one among them."""
    return any(kind is str or (get_origin(kind) is Literal and text in get_args(kind)) for kind in kinds)


def _wants(loc: tuple[str | int, ...], kind: Any) -> Finding:
    if get_origin(kind) is Literal:
        return Finding(loc, "literal_error", "", {"expected": ", ".join(repr(word) for word in get_args(kind))})
    names = {bool: "bool_type", int: "int_type", float: "float_type", str: "string_type", tuple: "tuple_type"}
    return Finding(loc, names.get(get_origin(kind) or kind, "model_type"), "", {})
