"""YAML text -> a tree of ``Node``: values with their place in the file.

YAML 1.2 core scalars only (yaml.org/spec/1.2.2, section 10.3): ``true``/``false`` are the booleans, so that
``on:`` stays a word, and ``1:30``, ``010`` and dates stay text. Duplicate keys and custom tags are mistakes;
anchors, aliases and the merge key ``<<`` work.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from sidecar.config.interpolate import Interpolator
from sidecar.config.problem import Problem, Source, is_secret_name

Place = tuple[int, int]
"""(line, column), both counted from 1."""

_PLAIN = "plain"
_STR = "tag:yaml.org,2002:str"
_MERGE = "<<"
_LARGEST_TREE = 100_000
"""Nodes after aliases are followed: a few nested aliases can otherwise fill the memory ("billion laughs")."""

_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,40}|(0|[1-9][0-9]{0,40})(\.[0-9]{0,40})?)([eE][-+]?[0-9]{1,2})?")
_WORDS: dict[str, bool | None] = {
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    "null": None, "Null": None, "NULL": None, "~": None, "": None,
}  # fmt: skip


@dataclass(slots=True, repr=False)
class Node:
    """A value and where it stands. Its ``repr`` shows no value, which may be a secret.

    ``value``: dict or list of nodes, or a scalar. ``text``: the scalar as text, after interpolation. ``written``:
    the scalar as it stands in the file. ``files``: the files its value came from; it is secret when there are any.
    ``layer``: which level of the configuration set it (see merge.py). ``file``: the profile or preset it stands in,
    ``presets/stripe.yaml``; empty for the configuration itself.
    """

    value: Any
    place: Place
    key_place: Place | None = None
    text: str = ""
    written: str = ""
    plain: bool = False
    files: tuple[Path, ...] = ()
    layer: str = ""
    file: str = ""

    @property
    def secret(self) -> bool:
        """Whether this scalar came, whole or in part, from a file."""
        return bool(self.files)

    def at(self, step: str | int) -> "Node | None":
        """The child under a key or index."""
        if isinstance(self.value, dict):
            return self.value.get(str(step))
        if isinstance(self.value, list) and isinstance(step, int) and step < len(self.value):
            return self.value[step]  # type: ignore[no-any-return]
        return None

    def items(self) -> list[tuple[str | int, "Node"]]:
        """The children with their keys or indices; none for a scalar."""
        if isinstance(self.value, dict):
            return list(self.value.items())
        return list(enumerate(self.value)) if isinstance(self.value, list) else []

    def data(self) -> Any:
        """The plain value, as pydantic takes it."""
        if isinstance(self.value, dict):
            return {key: child.data() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.data() for child in self.value]
        return self.value


def labelled(node: Node, layer: str, file: str = "") -> Node:
    """A copy of a tree that says which level it is of, and which packaged file it stands in."""
    value = node.value
    if isinstance(value, dict):
        value = {key: labelled(child, layer, file) for key, child in value.items()}
    elif isinstance(value, list):
        value = [labelled(child, layer, file) for child in value]
    return replace(node, value=value, layer=layer, file=file or node.file)


def holds_file(node: Node) -> bool:
    """Whether a value, or a part of it, came from a file and may be a secret."""
    return node.secret or any(holds_file(child) for _, child in node.items())


def as_written(node: Node) -> str:
    """A scalar as the file has it; a list or mapping likewise in one line when a ``${...}`` is in it, else empty."""
    if not isinstance(node.value, dict | list):
        return node.written
    text = _in_one_line(node)
    return text if "${" in text else ""


def _in_one_line(node: Node) -> str:
    if isinstance(node.value, dict):
        return f"{{{', '.join(f'{key}: {_in_one_line(child)}' for key, child in node.value.items())}}}"
    if isinstance(node.value, list):
        return f"[{', '.join(_in_one_line(child) for child in node.value)}]"
    if "${" in node.written and ":-" not in node.written:
        return node.written
    return "***" if node.secret else node.text


def core_scalar(text: str) -> str | int | float | bool | None:
    """The value of an unquoted scalar in the YAML 1.2 core schema; numbers with leading zeros stay text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


class CoreLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's loader that leaves the meaning of scalars to us: it only says which were unquoted."""

    def resolve(self, kind: type[yaml.Node], _value: str | None, implicit: Any) -> str:
        """The tag of a node without one."""
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else _STR
        return "map" if kind is yaml.MappingNode else "seq"


def show_path(path: tuple[str | int, ...]) -> str:
    """``providers.demo.routes[0].match``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def compose(text: str) -> yaml.Node | None:
    """The raw YAML tree of the only document in ``text``.

    Raises:
        yaml.YAMLError: broken YAML, or more than one document.
        RecursionError: nested too deeply.
    """
    loader = CoreLoader(text)
    try:
        tree: yaml.Node | None = loader.get_single_node()
    finally:
        loader.dispose()
    return tree


@dataclass(slots=True)
class Reader:
    """Turns the raw YAML tree into nodes and collects what is wrong on the way."""

    source: Source
    interpolator: Interpolator
    problems: list[Problem] = field(default_factory=list)
    _inside: set[int] = field(default_factory=set)
    _count: int = 0

    def read(self, raw: yaml.Node, path: tuple[str | int, ...] = (), key: Place | None = None) -> Node:
        """The node of a raw node, with all below it."""
        place = _place(raw.start_mark)
        self._count += 1
        if id(raw) in self._inside:
            self._wrong(key or place, path, "an anchor may not contain itself")
            return Node(None, key or place, key)
        if self._count > _LARGEST_TREE:
            if self._count == _LARGEST_TREE + 1:
                self._wrong(place, path, f"too large: more than {_LARGEST_TREE} values after aliases are followed")
            return Node(None, place, key)
        self._inside.add(id(raw))
        try:
            return self._read(raw, path, key, place)
        finally:
            self._inside.discard(id(raw))

    def _read(self, raw: yaml.Node, path: tuple[str | int, ...], key: Place | None, place: Place) -> Node:
        if raw.tag not in {_PLAIN, _STR, "map", "seq"}:
            tag = raw.tag.replace("tag:yaml.org,2002:", "!!")
            self._wrong(place, path, f"the tag {tag} is not allowed", "write the plain value")
        if isinstance(raw, yaml.MappingNode):
            return Node(self._mapping(raw, path), place, key)
        if isinstance(raw, yaml.SequenceNode):
            children = [self.read(item, (*path, index)) for index, item in enumerate(raw.value)]
            return Node(children, place, key)
        return self._scalar(raw, path, key, place)

    def _scalar(self, raw: yaml.Node, path: tuple[str | int, ...], key: Place | None, place: Place) -> Node:
        if holds_secret(path) and ("${" not in raw.value or ":-" in raw.value):
            self.source.blot(place, _place(raw.end_mark))
        filled = self.interpolator.fill(raw.value)
        for mistake in filled.mistakes:
            what, _, todo = mistake.partition("; ")
            self._wrong(place, path, what, todo)
        plain = raw.tag == _PLAIN
        value: Any = core_scalar(filled.text) if plain else filled.text
        if filled.mistakes or (filled.changed and value is None):
            value = filled.text
        return Node(value, place, key, filled.text, raw.value, plain, filled.files)

    def _mapping(self, raw: yaml.MappingNode, path: tuple[str | int, ...]) -> dict[str, Node]:
        merged: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key, value in raw.value:
            place = _place(key.start_mark)
            if not isinstance(key, yaml.ScalarNode):
                self._wrong(place, path, "a key must be a plain word")
            elif key.value == _MERGE and key.tag == _PLAIN:
                self._merge(value, path, place, merged)
            elif key.value in own:
                first = own[key.value].key_place or place
                message = f"the key '{key.value}' stands here twice; the first is on line {first[0]}"
                self._wrong(place, (*path, key.value), message, "take one out")
            elif "${" in key.value:
                self._wrong(place, path, "${...} works in values, not in keys")
            else:
                own[key.value] = self.read(value, (*path, key.value), place)
        return merged | own

    def _merge(self, raw: yaml.Node, path: tuple[str | int, ...], place: Place, into: dict[str, Node]) -> None:
        """The merge key (yaml.org/type/merge.html): a mapping or a list of them; the first one named wins."""
        for one in raw.value if isinstance(raw, yaml.SequenceNode) else [raw]:
            if not isinstance(one, yaml.MappingNode):
                self._wrong(place, path, "'<<' takes the alias of a mapping, such as *name")
                continue
            for key, child in (self.read(one, path).value or {}).items():
                into.setdefault(key, child)

    def _wrong(self, place: Place, path: tuple[str | int, ...], message: str, hint: str = "") -> None:
        self.problems.append(self.source.problem(place, show_path(path), message, hint))


def _place(mark: Any) -> Place:
    return (mark.line + 1, mark.column + 1)


def holds_secret(path: tuple[str | int, ...]) -> bool:
    """Whether the value at this place is one that may never be shown when it is written in plain."""
    if path[-1:] == ("token",):
        return True
    return path[-3:-1] == ("headers", "set") and is_secret_name(str(path[-1]))
