"""What a name says about its value, by one set of rules; judged once for each name."""

from collections.abc import Callable
from typing import NamedTuple

from sidecar.redaction.gate import Gate
from sidecar.redaction.key_rules import person_siblings
from sidecar.redaction.kinds import MARKER
from sidecar.redaction.rules import Action, Rules

NAME = "*name"
"""``name``: a person's beside an e-mail address or a first name, a thing's elsewhere."""
PAIR = "*pair"
"""``value``: what it holds is told by the ``name`` or ``key`` beside it."""
QUERY = "*query"
"""``query``: perhaps a GraphQL document, with values inside it."""
ITSELF = "*itself"
"""The name itself is a value, as an e-mail address that is the key of an object."""
KEEP = "*keep"
"""Left as it is, with all that is in it: the configuration says so."""
ACT = "*act"
"""The configuration says what happens to it, and to all that is in it."""
UNLISTED = "*unlisted"
"""In the mode of the allow list: nobody listed it."""
NAMELESS = "*nameless"
"""The same, where the name itself is a value."""

PAIR_VALUES = frozenset({
    "value", "v", "val", "Value", "VALUE", "stringValue", "string_value", "text_value", "content", "Content", "data",
})  # fmt: skip
"""Names of values whose own name stands beside them."""
_SHORTEST_VALUE = 6
"""Characters; shorter names are no values."""
_LONGEST_NAME = 128
_MOST_NAMES = 8192
"""Names come from strangers: what is remembered of them is bounded, and begins anew when it is full."""


_MOST_SHAPES = 512
_MOST_NAMES_OF_SHAPE = 64
_LONGEST_NAME_OF_SHAPE = 48
"""What objects look like comes from strangers as well: three megabytes at most."""


class Shape(NamedTuple):
    """What the names of an object say: those with a verdict, and the kinds of those that tell a person from a thing."""

    verdicts: dict[str, str]
    siblings: dict[str, str]


def plain(name: str) -> str:
    """A name without case and separators: ``Internal-Ref`` and ``internalRef`` are one."""
    return "".join(char for char in name.casefold() if char.isalnum())


class Verdicts:
    """Name -> kind, one of the special verdicts above, or None for a name that says nothing.

    ``kind_of``: the rules for names in bodies, queries or headers. ``kept``: kinds that may be shown. ``known``: every
    verdict so far; looked up directly where a call costs too much. ``shapes``: the same for the names of whole objects,
    in their order: an API sends objects of the same few shapes again and again.
    """

    __slots__ = ("_actions", "_allow_list", "_gate", "_kept", "_kind_of", "known", "shapes")

    def __init__(self, kind_of: Callable[[str], str | None], rules: Rules, gate: Gate, kept: frozenset[str]) -> None:
        self._kind_of = kind_of
        self._allow_list = rules.allow_list
        self._gate = gate
        self._kept = kept
        self._actions = {plain(name): action for name, action in rules.keys.items()}
        self.known: dict[str, str | None] = {}
        self.shapes: dict[tuple[str, ...], Shape] = {}

    def of(self, name: str) -> str | None:
        """The verdict on a name."""
        try:
            return self.known[name]
        except KeyError:
            verdict = self._judge(name)
            if len(name) <= _LONGEST_NAME:
                if len(self.known) >= _MOST_NAMES:
                    self.known.clear()
                self.known[name] = verdict
            return verdict

    def shape(self, names: tuple[str, ...]) -> Shape:
        """What the names of an object say."""
        if len(names) > _MOST_NAMES_OF_SHAPE:
            self._meet(names)
        told = {name: verdict for name in names if (verdict := self.of(name)) is not None}
        shape = Shape(told, person_siblings(names) if NAME in told.values() else {})
        if len(names) <= _MOST_NAMES_OF_SHAPE and max(map(len, names), default=0) <= _LONGEST_NAME_OF_SHAPE:
            if len(self.shapes) >= _MOST_SHAPES:
                self.shapes.clear()
            self.shapes[names] = shape
        return shape

    def _meet(self, names: tuple[str, ...]) -> None:
        """Judge the new ones of many names, as of a table by id: one look tells that none of them is a value itself."""
        known = self.known
        new = [name for name in names if name not in known and len(name) <= _LONGEST_NAME]
        if self._gate.hits("\n".join(new).encode("utf-8", "surrogatepass")):
            return
        if len(known) + len(new) > _MOST_NAMES:
            known.clear()
        for name in new[:_MOST_NAMES]:
            known[name] = self._judge(name, is_value=False)

    def _judge(self, name: str, *, is_value: bool | None = None) -> str | None:
        """``is_value``: whether the name itself is a value, where that is known."""
        if self._actions:
            action = self._actions.get(plain(name))
            if action is not None:
                return KEEP if action is Action.KEEP else ACT
        if self._allow_list:
            return NAMELESS if (self._is_value(name) if is_value is None else is_value) else UNLISTED
        kind = self._kind_of(name)
        if kind is not None and kind not in self._kept:
            return kind
        if name == "name":
            return NAME
        if name in PAIR_VALUES:
            return PAIR
        if name == "query":
            return QUERY
        return ITSELF if (self._is_value(name) if is_value is None else is_value) else None

    def kind_called(self, name: str) -> str:
        """The kind of the values under a name of the configuration: what it is anyway, or the name itself."""
        kind = self._kind_of(name)
        if kind is not None and kind[0] != "*":
            return kind
        words = "".join(char if char.isascii() and char.isalnum() else "_" for char in name.lower()).strip("_")
        return words if words[:1].isalpha() else f"key_{words}"

    def action(self, name: str) -> Action | None:
        """The action that the configuration gives a name, if it does."""
        return self._actions.get(plain(name)) if self._actions else None

    def _is_value(self, name: str) -> bool:
        if len(name) < _SHORTEST_VALUE or MARKER.search(name):
            return False
        hits = self._gate.hits(name.encode("utf-8", "surrogatepass"))
        return bool(hits) and bool(self._gate.spans(hits, name, ""))
