"""One tree of nodes laid over another, key by key."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sidecar.config.nodes import Node
from sidecar.config.shape import children, is_mapping, is_model, is_rule


def laid_over(below: Node, above: Node, kinds: Sequence[Any]) -> Node:
    """``above`` laid over ``below``; in a mapping the keys of ``above`` come last.

    ``kinds``: what the model has at this place. Mappings are merged where it knows their keys or the kind of their
    values. Scalars, lists, free data (a JSON body) and rules are one value, replaced as a whole.
    """
    both = isinstance(below.value, dict) and isinstance(above.value, dict)
    if not both or not any(is_model(kind) or is_mapping(kind) for kind in kinds):
        return above
    kept = {key: child for key, child in below.value.items() if key not in above.value}
    laid = {key: _child(below.value.get(key), child, kinds, key) for key, child in above.value.items()}
    return replace(above, value=kept | laid)


def _child(below: Node | None, above: Node, kinds: Sequence[Any], key: str) -> Node:
    inner = [child for kind in kinds for child in children(kind, key)]
    if below is None or any(is_rule(kind) for kind in inner):
        return above
    return laid_over(below, above, inner)
