"""Parsed JSON: one walk by names; then, if the gate says so, a search of the values that are left.

The walk masks what a name announces, in place. Only where the gate still matches afterwards are the other values
gathered, and of them only those searched in which a trigger matches. Most bodies need no search.
"""

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from sidecar.redaction.key_rules import PERSON_SIBLINGS, kind_of, tells
from sidecar.redaction.kinds import MARKER
from sidecar.redaction.rules import Action
from sidecar.redaction.verdicts import ACT, ITSELF, KEEP, NAME, NAMELESS, PAIR, PAIR_VALUES, QUERY, UNLISTED

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

_SHORTEST = 5
"""Texts that are no longer hold no value that a detector knows."""
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

Leaf = tuple[Any, Any, str, str]
"""Where a text stands: its container and the key or index there; the text, and the nearest name."""
_Node = tuple[Any, str, str | None]
"""A container, the nearest name, and the kind that a name above it announced."""


def redact(root: Any, scrub: "Scrub") -> Any:
    """The tree by names and values, changed in place where it can be. No depth of nesting is too deep."""
    root = by_names(root, scrub)
    return by_values(root, scrub)


def by_names(root: Any, scrub: "Scrub") -> Any:
    """The tree with the values masked that a name announces."""
    if type(root) is dict or type(root) is list:
        # A list without a name above it has the name "", so that the allow list holds for it as for any other.
        walk = _Walk(scrub, {"": root} if scrub.listed_only else root)
        walk.run()
    return root


def by_values(root: Any, scrub: "Scrub") -> Any:
    """The tree with the values masked that are known by their shape."""
    if type(root) is dict or type(root) is list:
        search(leaves(root, scrub), scrub, root)
        return root
    if type(root) is str:
        return scrub.text(root)
    return (scrub.number(root, "") or root) if type(root) is int and root > _LEAST_NUMBER else root


def leaves(root: Any, scrub: "Scrub") -> list[Leaf]:
    """All texts in a tree that may hold a value, and numbers as long as a card's as texts."""
    found: list[Leaf] = []
    verdict = scrub.redactor.verdicts.of if scrub.redactor.keeps_names else None
    stack: list[tuple[Any, str]] = [(root, "")]
    while stack:
        node, above = stack.pop()
        for key, value in node.items() if type(node) is dict else enumerate(node):
            name = key if type(key) is str else above
            kind = type(value)
            if verdict is not None and verdict(name) == KEEP:
                continue
            if kind is str:
                if len(value) > _SHORTEST:
                    found.append((node, key, value, _beside(node) or name if name in PAIR_VALUES else name))
            elif kind is dict or kind is list:
                stack.append((value, name))
            elif kind is int and value > _LEAST_NUMBER:
                found.append((node, key, str(value), name))
    return found


def _beside(node: Any) -> str:
    """The name that stands beside a ``value``: ``{"name": "version", "value": "1.2.85.0"}``."""
    if type(node) is dict:
        for beside in _PAIR_NAMES:
            if type(name := node.get(beside)) is str:
                return name
    return ""


def search(found: list[Leaf], scrub: "Scrub", root: Any) -> None:
    """Look at all texts at once, and search those in which a trigger matches."""
    if not found:
        return
    gate = scrub.redactor.gate
    texts = [leaf[2] for leaf in found]
    joined = "\n".join(texts)
    data = joined.encode("utf-8", "surrogatepass")
    hits = gate.hits(data)
    if not hits:
        return
    if len(data) == len(joined):
        lengths = [len(text) + 1 for text in texts]
    else:
        lengths = [len(text.encode("utf-8", "surrogatepass")) + 1 for text in texts]
    starts = list(accumulate(lengths, initial=0))[:-1]
    above = scrub.place
    where = _pointers(root, scrub) if scrub.found.places is not None else None
    for part in gate.places(hits, data, starts):
        node, key, text, name = found[part]
        if where is not None:
            scrub.place = where.get(id(node), "")
        shown = scrub.left_by_name(text, name)
        if shown != text:
            node[key] = shown
    scrub.place = above


class _Walk:
    __slots__ = ("_above", "_scrub", "_stack", "_where")

    def __init__(self, scrub: "Scrub", root: Any) -> None:
        self._scrub = scrub
        self._stack: list[_Node] = [(root, "", None)]
        self._above = scrub.place
        self._where = _pointers(root, scrub) if scrub.found.places is not None else None

    def run(self) -> None:
        """Visit every container once."""
        stack = self._stack
        verdicts = self._scrub.redactor.verdicts
        known, judge = verdicts.known, verdicts.of
        replace = self._scrub.masked if self._where is None else None
        while stack:
            node, above, inherited = stack.pop()
            if type(node) is list:
                self._list(node, above, inherited)
                continue
            announced = None
            for name, value in node.items():
                try:
                    verdict = known[name]
                except KeyError:
                    verdict = judge(name)
                kind = type(value)
                if verdict is None:
                    if kind is dict or kind is list:
                        stack.append((value, name, None))
                        continue
                    if inherited is None or name not in _INHERITING:
                        continue
                    verdict = inherited
                elif verdict == PAIR and inherited is not None and name in _INHERITING:
                    verdict = inherited
                elif kind is str and replace is not None and replace(node, name, value, verdict):
                    continue  # done: by far the most usual case
                if announced is None:
                    announced = []
                announced.append((name, value, verdict))
            if announced is not None:
                self._announced(node, announced)
        self._scrub.place = self._above

    def _list(self, node: list[Any], above: str, inherited: str | None) -> None:
        if len(node) == 2 and type(node[0]) is str and inherited is None and node[0]:
            verdict = self._scrub.verdict(node[0])
            if verdict is not None and type(node[1]) is str and self._scrub.verdict(node[1]) is not None:
                verdict = None  # ["password", "api keys"]: two names
            if verdict == ACT:
                node[1] = self._scrub.configured(node[1], node[0], self._scrub.redactor.verdicts.action(node[0]))
                return
            if verdict is not None and verdict[0] != "*" and type(node[1]) is not bool:
                self._named(node, 1, node[1], verdict, node[0])
                return
        dropped = False
        for index, value in enumerate(node):
            kind = type(value)
            if kind is dict or kind is list:
                if value:
                    self._stack.append((value, above, inherited))
            elif inherited is not None:
                dropped = self._named(node, index, value, inherited, above) or dropped
        if dropped:
            node[:] = [value for value in node if value is not None]

    def _announced(self, node: dict[str, Any], announced: list[tuple[str, Any, str]]) -> None:
        """Values whose name says something."""
        # Before anything is dropped that tells whose name it is.
        person = any(verdict == NAME for _, _, verdict in announced) and _is_person(node)
        for name, value, verdict in announced:
            if verdict[0] != "*":
                self._named(node, name, value, verdict, name)
            elif verdict == NAME and person and type(value) is str:
                self._named(node, name, value, "name", name)
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
        names = [name for name, _, verdict in announced if verdict in (ITSELF, NAMELESS)]
        if names:
            self._rename(node, frozenset(names))

    def _rename(self, node: dict[str, Any], names: frozenset[str]) -> None:
        """Names that are values themselves replaced, in their places; no two become one."""
        self._point_at(node)
        members = list(node.items())
        node.clear()
        times: dict[str, int] = {}
        for name, value in members:
            shown = name
            if name in names:
                shown = self._scrub.shapes(name)
                number = times[shown] = times.get(shown, 0) + 1
                shown = shown if number == 1 else f"{shown} {number}"
            node[shown] = value

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
        if value is None or type(value) is bool or not tells(kind, value):
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
        if self._where is not None:
            self._scrub.place = self._where.get(id(node), "")


def _is_person(node: dict[str, Any]) -> bool:
    """Whether ``name`` is a person's, by the names beside it; not by the ``full_name`` of a repository."""
    for name, value in node.items():
        kind = kind_of(name)
        if kind in PERSON_SIBLINGS and (type(value) is not str or _fills(kind or "", value)):
            return True
    return False


def _fills(kind: str, text: str) -> bool:
    """Whether a text under a name of a kind is one, or was before it was redacted."""
    if "[R" not in text:
        return tells(kind, text)
    return text.startswith(f"[REDACTED:{kind}") or tells(kind, MARKER.sub("", text))


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
