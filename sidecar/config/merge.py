"""The levels of the configuration laid over each other, key by key, for one provider and one route.

What is more specific wins: model default < top level (``tracking``) < ``defaults`` < provider < route. Mappings are
merged, everything else (lists too) is replaced. Merged trees are nodes: each value still knows the line it
came from and the level that set it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sidecar.config.model import POLICIES
from sidecar.config.nodes import Node
from sidecar.config.problem import Problem, Source
from sidecar.config.typed import validated
from sidecar.config.wording import Findings, problems_of
from sidecar.policies.settings import Settings

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """One place where policy keys are written. ``name`` is what ``explain`` shows."""

    name: str
    node: Node
    path: Path


@dataclass(frozen=True, slots=True)
class Stack:
    """The settings of one route: validated, and as the merged nodes they were made of."""

    settings: Mapping[str, Settings]
    nodes: Mapping[str, Node]


@dataclass(slots=True)
class Merger:
    """Makes the stacks of one file and collects what is wrong with them."""

    source: Source
    problems: list[Problem] = field(default_factory=list)

    def check_level(self, level: Level) -> None:
        """Validate what one level says by itself.

        What only the merged whole can tell (a required key, a rule over two keys) is left to ``stack``.
        """
        for key, model in POLICIES.items():
            node = level.node.at(key)
            if node is not None:
                _, findings = validated(model, node)
                by_itself = [one for one in findings if one.kind != "missing" and one.loc]
                self._report(by_itself, node, key, level.path)

    def stack(self, levels: Iterable[Level]) -> Stack:
        """The settings that hold where these levels, the most general first, are laid over each other."""
        settings: dict[str, Settings] = {}
        nodes: dict[str, Node] = {}
        for key, model in POLICIES.items():
            merged: Node | None = None
            path: Path = ()
            for level in levels:
                node = level.node.at(key)
                if node is not None:
                    named = _labelled(node, level.name)
                    merged, path = (named if merged is None else _over(merged, named)), level.path
            if merged is None:
                settings[key] = model()
                continue
            value, findings = validated(model, merged)
            self._report(findings, merged, key, path)
            if value is not None:
                settings[key], nodes[key] = value, merged
        return Stack(settings, nodes)

    def _report(self, findings: Findings, node: Node, key: str, path: Path) -> None:
        self.problems += problems_of(findings, node, POLICIES[key], self.source, (*path, key))


def _labelled(node: Node, layer: str) -> Node:
    if isinstance(node.value, dict):
        children: object = {key: _labelled(child, layer) for key, child in node.value.items()}
    elif isinstance(node.value, list):
        children = [_labelled(child, layer) for child in node.value]
    else:
        children = node.value
    return replace(node, value=children, layer=layer)


def _over(below: Node, above: Node) -> Node:
    """``above`` laid over ``below``; in a mapping the keys of ``above`` come last."""
    if not isinstance(below.value, dict) or not isinstance(above.value, dict):
        return above
    kept = {key: child for key, child in below.value.items() if key not in above.value}
    laid = {key: _over(below.value[key], child) if key in below.value else child for key, child in above.value.items()}
    return replace(above, value=kept | laid)
