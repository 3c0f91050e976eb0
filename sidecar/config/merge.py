"""The levels of the configuration laid over each other, key by key, for one provider and one route.

What is more specific wins: model default < profile < preset < top level (``tracking``) < ``defaults`` < provider <
route. Mappings are merged, everything else (lists too) is replaced. Merged trees are nodes: each value still knows
the line it came from and the level that set it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sidecar.config.levels import Chain, Level, Path
from sidecar.config.model import POLICIES
from sidecar.config.nodes import Node, labelled
from sidecar.config.overlay import laid_over
from sidecar.config.problem import Problem, Source
from sidecar.config.typed import validated
from sidecar.config.wording import Findings, problems_of
from sidecar.policies.settings import Settings, Switchable


@dataclass(frozen=True, slots=True)
class Stack:
    """The settings of one route: validated, and as the merged nodes they were made of."""

    chain: Chain
    settings: Mapping[str, Settings]
    nodes: Mapping[str, Node]


@dataclass(slots=True)
class Merger:
    """Makes the stacks of one file and collects what is wrong with them."""

    source: Source
    problems: list[Problem] = field(default_factory=list)
    _checked: dict[int, Node] = field(default_factory=dict)

    def _check(self, levels: Iterable[Level]) -> None:
        """Validate what each level says by itself, once.

        What only the merged whole can tell (a required key, a rule over two keys) is left to ``stack``.
        """
        for level in levels:
            if level.node.file or id(level.node) in self._checked:
                continue
            self._checked[id(level.node)] = level.node
            self._check_level(level)

    def _check_level(self, level: Level) -> None:
        for key, model in POLICIES.items():
            node = level.node.at(key)
            if node is not None:
                _, findings = validated(model, node)
                block = isinstance(node.value, dict)
                by_itself = [one for one in findings if one.kind != "missing" and (one.loc or not block)]
                self._report(by_itself, node, key, level.path)

    def stack(self, chain: Chain) -> Stack:
        """The settings that hold where the levels of a chain are laid over each other."""
        settings: dict[str, Settings] = {}
        nodes: dict[str, Node] = {}
        self._check(chain.levels)
        for key, model in POLICIES.items():
            merged, path = _merged(key, model, chain.levels)
            if merged is None:
                settings[key] = model.unset()
                continue
            value, findings = validated(model, merged)
            self._report(findings, merged, key, path)
            if value is not None:
                settings[key], nodes[key] = value, merged
        return Stack(chain, settings, nodes)

    def _report(self, findings: Findings, node: Node, key: str, path: Path) -> None:
        self.problems += problems_of(findings, node, POLICIES[key], self.source, (*path, key))


def _merged(key: str, model: type[Settings], levels: Iterable[Level]) -> tuple[Node | None, Path]:
    """What the levels say under one key, and the path of the last that says something; None where nobody does."""
    merged: Node | None = None
    path: Path = ()
    written = False
    for level in levels:
        node = level.node.at(key)
        if node is None:
            continue
        above = _switched(node if node.file else labelled(node, level.name), model)
        merged = above if merged is None else laid_over(_awake(merged, above, model), above, [model])
        path = level.path
        written = written or not level.prepares
    return (merged, path) if written else (None, ())


def _switched(node: Node, model: type[Settings]) -> Node:
    """``breaker: off`` in full: ``breaker: {mode: off}``."""
    if issubclass(model, Switchable) and _is_off(node.value):
        return replace(node, value={"mode": replace(node, value="off", text="off")}, text="", written="")
    return node


def _awake(below: Node, above: Node, model: type[Settings]) -> Node:
    """``below`` without its ``mode: off`` where a block above says other things: to write settings switches on."""
    mode = below.at("mode")
    if issubclass(model, Switchable) and mode is not None and _is_off(mode.value) and isinstance(above.value, dict):
        return replace(below, value={key: child for key, child in below.value.items() if key != "mode"})
    return below


def _is_off(value: object) -> bool:
    return value == "off" or value is False
