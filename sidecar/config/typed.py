"""Validate a tree of nodes, stricter and kinder than pydantic alone.

Stricter: only ``true`` and ``false`` are booleans (pydantic takes ``yes``, ``on``, ``1``), they are no numbers, and
``010`` and ``1_000`` are none either.
Kinder: an unquoted number or boolean where text is wanted is that text, exactly as written (``X-Version: 1.10``).
"""

from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from sidecar.config.nodes import Node, core_scalar
from sidecar.config.shape import children, is_model, members
from sidecar.config.units import Unit, unit_of
from sidecar.config.wording import Finding, Findings, walk

M = TypeVar("M", bound=BaseModel)


def validated(model: type[M], root: Node) -> tuple[M | None, Findings]:
    """The model made of a node, and what is wrong with it; None when anything is."""
    findings: Findings = []
    if isinstance(root.value, dict):
        _booleans(model, root, (), findings)
    try:
        made = _validate(model, root)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        return None, findings + [Finding(item["loc"], item["type"], item["msg"], item.get("ctx", {})) for item in found]
    return (None if findings else made), findings


def _validate(model: type[M], root: Node) -> M:
    try:
        return model.model_validate(root.data())
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        texts = [item["loc"] for item in found if item["type"].startswith("string_")]
        changed = False
        for loc in texts:
            node, count = walk(root, loc)
            if count == len(loc) and node.plain and isinstance(node.value, int | float):
                node.value = node.text
                changed = True
        if not changed:
            raise
    return model.model_validate(root.data())


def _booleans(kind: Any, node: Node, loc: tuple[str | int, ...], findings: Findings) -> None:
    """Compare what is written with what the model wants, leaf by leaf."""
    for step, child in node.items():
        if is_model(kind):
            field = kind.model_fields.get(str(step))
            if field is None or unit_of(field) is not Unit.NONE:
                continue
        kinds = [inner for one in members(kind) for inner in children(one, step)]
        here = (*loc, step)
        if kinds == [bool] and not isinstance(child.value, bool | dict | list):
            findings.append(Finding(here, "bool_type", "", {}))
        elif kinds and set(kinds) <= {int, float} and isinstance(child.value, bool):
            findings.append(Finding(here, "int_type" if kinds == [int] else "float_type", "", {}))
        elif kinds == [int] and isinstance(child.value, str) and isinstance(core_scalar(child.text), str):
            findings.append(Finding(here, "int_type", "", {}))
        elif len(kinds) == 1:
            _booleans(kinds[0], child, here, findings)
