"""Parsed JSON: one walk by names, which gathers the texts that are left; then those are searched by their shapes.

The walk masks what a name announces, in place.
"""

from typing import TYPE_CHECKING, Any

from sidecar.redaction.kinds import MARKER
from sidecar.redaction.rules import Action
from sidecar.redaction.values import Leaf, search
from sidecar.redaction.verdicts import ACT, ITSELF, KEEP, NAME, NAMELESS, PAIR, PAIR_VALUES, QUERY, UNLISTED

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

_LEAST_NUMBER = 10**11
"""Smaller numbers are no card numbers, which have twelve digits and more."""

_PAIR_NAMES = (
    "name", "key", "k", "Name", "Key", "NAME", "KEY", "field", "header", "parameter", "param", "attribute", "property",
    "label",
)  # fmt: skip
_INHERITING = frozenset({
    "value", "values", "data", "raw", "text", "content", "number", "plain", "plaintext", "current", "new", "old",
    "#text", "_", "$", "$t", "@value", "_value", "secret", "hash", "first", "last", "full", "address",
})  # fmt: skip
"""Names inside an object under a sensitive name that mean the value itself: ``{"password": {"value": "x"}}``."""

_Node = tuple[Any, str, str | None]
"""A container, the nearest name, and the kind that a name above it announced."""


def redact(root: Any, scrub: "Scrub") -> Any:
    """The tree by names and values, changed in place where it can be. No depth of nesting is too deep."""
    if type(root) is dict or type(root) is list:
        # A list without a name above it has the name "", so that the allow list holds for it as for any other.
        walk = _Walk(scrub, {"": root} if scrub.listed_only else root)
        walk.run()
        if walk.leaves:
            search(walk.leaves, scrub, walk.pointers)
        return root
    if type(root) is str:
        return scrub.text(root)
    return (scrub.number(root, "") or root) if type(root) is int and root > _LEAST_NUMBER else root


def _beside(node: dict[str, Any]) -> str:
    """The name that stands beside a ``value``: ``{"name": "version", "value": "1.2.85.0"}``."""
    for beside in _PAIR_NAMES:
        if type(name := node.get(beside)) is str:
            return name
    return ""


class _Walk:
    __slots__ = ("_above", "_scrub", "_stack", "leaves", "pointers")

    def __init__(self, scrub: "Scrub", root: Any) -> None:
        self._scrub = scrub
        self._stack: list[_Node] = [(root, "", None)]
        self._above = scrub.place
        self.leaves: list[Leaf] = []
        self.pointers = _pointers(root, scrub) if scrub.found.places is not None else None

    def run(self) -> None:
        """Visit every container once: mask what a name announces, and gather the texts that are left."""
        stack, leaves, shortest = self._stack, self.leaves, self._scrub.redactor.shortest
        verdicts = self._scrub.redactor.verdicts
        shapes = verdicts.shapes
        while stack:
            node, above, inherited = stack.pop()
            if type(node) is list:
                self._list(node, above, inherited)
                continue
            names = tuple(node)
            try:
                shape = shapes[names]
            except KeyError:
                self._scrub.check_time()
                shape = verdicts.shape(names)
            told = shape.verdicts if inherited is None else _inherited(shape.verdicts, node, inherited)
            if told:
                told = self._announced(node, told, shape.siblings)
            for name, value in node.items():
                kind = type(value)
                if kind is str:
                    if len(value) >= shortest:
                        if name in told:
                            self._left(node, name, value, told[name])
                        else:
                            leaves.append((node, name, value, name))
                elif kind is dict or kind is list:
                    if name not in told:
                        stack.append((value, name, None))
                elif kind is int and value > _LEAST_NUMBER:
                    self._left(node, name, str(value), told.get(name))
        self._scrub.place = self._above

    def _left(self, node: dict[str, Any], name: str, text: str, verdict: str | None) -> None:
        """A value that is left after its name was heard."""
        if verdict != KEEP:
            beside = _beside(node) if name in PAIR_VALUES else ""
            self.leaves.append((node, name, text, beside or name))

    def _list(self, node: list[Any], above: str, inherited: str | None) -> None:
        if inherited is not None:
            self._inheriting(node, above, inherited)
        elif len(node) == 2 and type(node[0]) is str and node[0]:
            self._two(node, above)
        else:
            self._stack += [(value, above, None) for value in node if type(value) is dict or type(value) is list]
        shortest = self._scrub.redactor.shortest
        for index, value in enumerate(node):
            kind = type(value)
            if (kind is str and len(value) >= shortest) or (kind is int and value > _LEAST_NUMBER):
                self.leaves.append((node, index, str(value), above))

    def _inheriting(self, node: list[Any], above: str, inherited: str) -> None:
        """A list under a name that announced what is in it."""
        dropped = False
        for index, value in enumerate(node):
            dropped = self._named(node, index, value, inherited, above) or dropped
        if dropped:
            node[:] = [value for value in node if value is not None]

    def _two(self, node: list[Any], above: str) -> None:
        """A list of two may be a name and its value: ``["password", "x"]``."""
        verdict = self._scrub.verdict(node[0])
        if verdict is not None and type(node[1]) is str and self._scrub.verdict(node[1]) is not None:
            verdict = None  # ["password", "api keys"]: two names
        if verdict == ACT:
            node[1] = self._scrub.configured(node[1], node[0], self._scrub.redactor.verdicts.action(node[0]))
        elif verdict is not None and verdict[0] != "*" and type(node[1]) is not bool:
            self._named(node, 1, node[1], verdict, node[0])
        elif type(node[1]) is dict or type(node[1]) is list:
            self._stack.append((node[1], above, None))

    def _announced(self, node: dict[str, Any], told: dict[str, str], siblings: dict[str, str]) -> dict[str, str]:
        """Values whose name says something; ``siblings``: the names that would make a ``name`` a person's.

        Returns the verdicts, of names that had to be replaced under what replaced them.
        """
        # Before anything is dropped that tells whose name it is.
        person = NAME in told.values() and bool(siblings) and _is_person(node, siblings, self._scrub)
        mask = self._scrub.masked if self.pointers is None else None
        renamed = False
        for name, verdict in told.items():
            value = node[name]
            if verdict[0] != "*":
                if mask is None or type(value) is not str or not mask(node, name, value, verdict):
                    self._named(node, name, value, verdict, name)
            elif verdict == NAME:
                if person and type(value) is str:
                    self._named(node, name, value, "name", name)
                else:
                    self._plain(value, name)
            elif verdict == PAIR:
                self._pair(node, name, value)
            elif verdict == ACT:
                self._configured(node, name, value, name)
            elif verdict == QUERY and type(value) is str:
                self._put(node, name, self._scrub.query_text(value))
            elif verdict in (UNLISTED, NAMELESS):
                self._unlisted(node, name, value)
            elif verdict != KEEP:
                self._plain(value, name)
            renamed = renamed or verdict in (ITSELF, NAMELESS)
        return self._rename(node, told) if renamed else told

    def _rename(self, node: dict[str, Any], told: dict[str, str]) -> dict[str, str]:
        """Names that are values themselves replaced, in their places; no two become one."""
        self._point_at(node)
        members = list(node.items())
        node.clear()
        times: dict[str, int] = {}
        told = dict(told)
        for name, value in members:
            shown = name
            if told.get(name) in (ITSELF, NAMELESS):
                shown = self._scrub.shapes(name)
                number = times[shown] = times.get(shown, 0) + 1
                shown = shown if number == 1 else f"{shown} {number}"
                told[shown] = told[name]
            node[shown] = value
        return told

    def _configured(self, node: dict[str, Any], key: str, value: Any, name: str) -> None:
        """A value that the configuration has an action for."""
        self._point_at(node)
        action = self._scrub.redactor.verdicts.action(name)
        shown = self._scrub.configured(value, name, action)
        if action is Action.DROP:
            del node[key]
        else:
            node[key] = shown

    def _named(self, node: Any, key: Any, value: Any, kind: str, name: str) -> bool:
        """A value of a kind that was announced; containers hand the kind down. Whether it was dropped from a list."""
        if type(value) is dict or type(value) is list:
            self._stack.append((value, name, kind))
            return False
        if value is None or type(value) is bool or not self._scrub.tells(kind, value):
            return False
        text = value if type(value) is str else str(value)
        self._point_at(node)
        replaced = self._scrub.named(kind, text, name)
        if replaced is None and type(node) is dict:
            del node[key]
        elif replaced != text:
            node[key] = replaced
        return replaced is None and type(node) is list

    def _pair(self, node: dict[str, Any], key: str, value: Any) -> None:
        """``{"name": "password", "value": "x"}``: the name beside it tells."""
        for beside in _PAIR_NAMES:
            name = node.get(beside)
            if type(name) is str:
                verdict = self._scrub.verdict(name)
                if verdict == ACT:
                    self._configured(node, key, value, name)
                    return
                if verdict is not None and verdict[0] != "*":
                    self._named(node, key, value, verdict, name)
                    return
        self._plain(value, key)

    def _plain(self, value: Any, name: str) -> None:
        """A value whose name turned out to say nothing."""
        if type(value) is dict or type(value) is list:
            self._stack.append((value, name, None))

    def _unlisted(self, node: Any, key: Any, value: Any) -> None:
        """The allow list: what it does not name is told by type and length alone."""
        if type(value) is dict:
            self._stack.append((value, str(key), None))
        elif type(value) is list:
            for index, item in enumerate(value):
                self._unlisted_item(value, index, item, str(key))
        elif value is not None and type(value) is not bool:
            node[key] = self._scrub.unlisted(value)

    def _unlisted_item(self, node: list[Any], index: int, value: Any, name: str) -> None:
        if type(value) is dict or type(value) is list:
            # As the value of an object again, so that lists in lists are walked by the same rule.
            self._stack.append(({name: value}, name, None))
        elif value is not None and type(value) is not bool:
            node[index] = self._scrub.unlisted(value)

    def _put(self, node: Any, key: Any, text: str) -> None:
        if str(node[key]) != text:
            node[key] = text

    def _point_at(self, node: Any) -> None:
        if self.pointers is not None:
            self._scrub.place = self.pointers.get(id(node), "")


def _inherited(told: dict[str, str], node: dict[str, Any], kind: str) -> dict[str, str]:
    """The verdicts on the names of an object that stands under a name which announces this kind."""
    inherited = {name: kind for name in node if name in _INHERITING and told.get(name, PAIR) == PAIR}
    return {**told, **inherited}


def _is_person(node: dict[str, Any], siblings: dict[str, str], scrub: "Scrub") -> bool:
    """Whether ``name`` is a person's, by the names beside it; not by the ``full_name`` of a repository."""
    for name, kind in siblings.items():
        value = node[name]
        if type(value) is not str or _fills(kind, value, scrub):
            return True
    return False


def _fills(kind: str, text: str, scrub: "Scrub") -> bool:
    """Whether a text under a name of a kind is one, or was before it was redacted."""
    if "[R" not in text:
        return scrub.tells(kind, text)
    return text.startswith(f"[REDACTED:{kind}") or scrub.tells(kind, MARKER.sub("", text))


def _pointers(root: Any, scrub: "Scrub") -> dict[int, str]:
    """The JSON Pointer (RFC 6901) of every container, by identity; only made where places are asked for.

    ``*`` stands for a name that is a value itself.
    """
    found = {id(root): scrub.place}
    stack = [(root, scrub.place)]
    while stack:
        node, pointer = stack.pop()
        steps = node.items() if type(node) is dict else enumerate(node)
        for step, value in steps:
            if type(value) is dict or type(value) is list:
                name = "*" if scrub.verdict(str(step)) in (ITSELF, NAMELESS) else str(step)
                inner = f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
                found[id(value)] = inner
                stack.append((value, inner))
    return found
