"""The texts of a tree that no name has told of, searched by their shapes: all at once, as lines of one text.

The gate reads them together; only those are searched in which a trigger matches. In most bodies that is none.
"""

from typing import TYPE_CHECKING, Any

from sidecar.redaction.gate import BETWEEN, PARTING

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

Leaf = tuple[Any, Any, str, str]
"""Where a text stands: its container and the key or index there; the text, and the nearest name."""

_MANY = 24
_VERY_MANY = 256
"""A body with so many texts is searched by their names first."""


def search(leaves: list[Leaf], scrub: "Scrub", pointers: dict[int, str] | None) -> None:
    """Replace the values in these texts, where they stand. ``pointers``: of each container, where finds are listed."""
    if len(leaves) > _VERY_MANY and pointers is None:
        leaves = _in_groups(leaves, scrub)
        if not leaves:
            return
    gate = scrub.redactor.gate
    texts = [leaf[2] for leaf in leaves]
    joined = BETWEEN.join(texts)
    if joined.count(PARTING) != len(texts) - 1:
        joined = BETWEEN.join([text.replace(PARTING, " ") for text in texts])
    data = joined.encode("utf-8", "surrogatepass")
    hits = gate.hits(data)
    if not hits:
        return
    places = gate.places(hits, data)
    above = scrub.place
    for part, families in places.items():
        node, key, text, name = leaves[part]
        if pointers is not None:
            scrub.place = pointers.get(id(node), "")
        shown = scrub.left_by_name(text, name, families)
        if shown != text:
            node[key] = shown
    scrub.place = above


def _in_groups(leaves: list[Leaf], scrub: "Scrub") -> list[Leaf]:
    """Where one name has many texts, they are searched as lines of one, so that a search begins once.

    Returns the texts that are not searched yet: those of other names, and those among which one is encoded.
    """
    groups: dict[str, list[Leaf]] = {}
    for leaf in leaves:
        groups.setdefault(leaf[3], []).append(leaf)
    rest: list[Leaf] = []
    for name, members in groups.items():
        lines = scrub.lines([leaf[2] for leaf in members], name) if len(members) > _MANY else None
        if lines is None:
            rest += members
            continue
        for (node, key, text, _), shown in zip(members, lines, strict=True):
            if shown != text:
                node[key] = shown
    return rest
