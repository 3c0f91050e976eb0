"""What the lints look at: the configuration, the settings of each route, and where each value was written."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sidecar.config.checks import Steps, place_of
from sidecar.config.merge import Stack
from sidecar.config.model import Config
from sidecar.config.nodes import Node, show_path
from sidecar.config.problem import Problem, Severity, Source
from sidecar.config.wording import walk


@dataclass(frozen=True, slots=True)
class Subject:
    """What the rules look at."""

    config: Config
    stacks: Mapping[tuple[str, str | None], Stack]
    root: Node
    source: Source

    def warn(self, steps: Steps, message: str, hint: str) -> Problem:
        """A warning at the value of ``steps``."""
        place = place_of(self.root, steps)
        return self.source.problem(place, show_path(steps), message, hint, Severity.WARNING)

    def doubt(self, stack: Stack, names: Iterable[str], message: str, hint: str) -> Iterator[Problem]:
        """A warning about values that do not go together, at the first of ``names`` that stands in the file.

        None where all of them are defaults, or a profile's or preset's: the user said nothing that could be wrong.
        """
        for name in names:
            steps = tuple(name.split("."))
            node = said(stack, *steps)
            if node is not None:
                path = self._level(stack, node.layer) + steps
                yield self.source.problem(node.place, show_path(path), message, hint, Severity.WARNING)
                return

    def _level(self, stack: Stack, layer: str) -> Steps:
        chain = stack.chain
        provider: Steps = ("providers", chain.provider)
        names = [route.name for route in self.config.providers[chain.provider].routes]
        route = (*provider, "routes", names.index(chain.route)) if chain.route in names else provider
        return {"top level": (), "defaults": ("defaults",), "route": route}.get(layer, provider)


def said(stack: Stack, *steps: str) -> Node | None:
    """The node of a setting, when the file says it; None for a default, and for what a profile or preset says."""
    block = stack.nodes.get(steps[0])
    node, count = walk(block, steps[1:]) if block is not None else (None, 0)
    return node if node is not None and count == len(steps) - 1 and not node.file else None
