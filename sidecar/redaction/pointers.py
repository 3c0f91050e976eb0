"""Actions for places in a JSON body, told by JSON Pointers (RFC 6901) in which ``*`` is any one step."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sidecar.redaction.rules import Action

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

Held = list[tuple[Any, Any, Any]]
"""What was taken out of a tree for a while: the container, the key there, and the value."""


class Pointers:
    """The pointers of one route. ``any`` tells whether there is one."""

    __slots__ = ("_pointers", "any")

    def __init__(self, pointers: Mapping[str, Action]) -> None:
        # What is kept comes last: a place inside it may have an action of its own.
        keep_last = sorted(pointers.items(), key=lambda item: item[1] is Action.KEEP)
        self._pointers = [(_steps(pointer), action) for pointer, action in keep_last]
        self.any = bool(pointers)

    def apply(self, root: Any, scrub: "Scrub") -> Held:
        """Do what the pointers say. What they keep or replace is final: taken out, for ``restore`` to put back."""
        held: Held = []
        for steps, action in self._pointers:
            for node, key in list(_places(root, steps)):
                value = node[key]
                shown = value if action is Action.KEEP else scrub.configured(value, steps[-1], action, "pointer")
                if action is Action.DROP and type(node) is dict:
                    del node[key]
                elif shown is not None:
                    held.append((node, key, shown))
                    node[key] = None
                else:
                    node[key] = None  # dropped from an array, in which the others keep their places
        return held


def restore(held: Held) -> None:
    """Put back what was taken out."""
    for node, key, value in reversed(held):
        node[key] = value


def parsed(pointer: str) -> list[str]:
    """The steps of a pointer.

    Raises:
        ValueError: it is none; a pointer begins with ``/``.
    """
    if not pointer.startswith("/"):
        raise ValueError(f"'{pointer}' is no JSON Pointer: write it like /customer/notes or /items/*/sku")
    return _steps(pointer)


def _steps(pointer: str) -> list[str]:
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def _places(root: Any, steps: list[str]) -> Iterator[tuple[Any, Any]]:
    """Container and key of every place that a pointer means."""
    nodes = [root]
    for step in steps[:-1]:
        nodes = [node[key] for node in nodes for key in _keys(node, step)]
    for node in nodes:
        for key in _keys(node, steps[-1]):
            yield node, key


def _keys(node: Any, step: str) -> list[Any]:
    if type(node) is dict:
        return list(node) if step == "*" else [step] if step in node else []
    if type(node) is list:
        if step == "*":
            return list(range(len(node)))
        return [int(step)] if step.isascii() and step.isdigit() and int(step) < len(node) else []
    return []
