"""Which levels of the configuration hold for a route, the most general first.

Profile < preset < the preset's route < top level < ``defaults`` < provider < route. The profile in force is the one
named most specifically, the preset's own last. What a preset says besides policies (``base_url``, ``pool``,
``routes``) is laid under the provider before anything else looks at it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sidecar.config.model import CONFIG, POLICIES, TOP_LEVEL, Config
from sidecar.config.nodes import Node, labelled
from sidecar.config.overlay import laid_over
from sidecar.config.packaged import PRESETS, PROFILES
from sidecar.config.shape import children

Path = tuple[str | int, ...]

_WHEN_SET = "when_set"
"""The key of a profile or preset for policies that it prepares, but does not switch on (see ``Level.prepares``)."""

_PROVIDER = [model for providers in children(CONFIG, "providers") for model in children(providers, "")]


@dataclass(frozen=True, slots=True)
class Level:
    """One place where policy keys are written. ``name`` is what ``explain`` shows, ``path`` its place in the file.

    ``prepares``: its keys hold once another level writes them too, and switch nothing on by themselves. So a profile
    can say that calls wait for their turn under ``rate``, and there is no such turn until somebody sets a limit.
    """

    name: str
    node: Node
    path: Path
    prepares: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """The levels of one route of a provider, or with ``route`` None of its other calls.

    ``profile``: the node that names the profile in force, marked with its level.
    """

    provider: str
    route: str | None
    levels: tuple[Level, ...]
    profile: Node | None = None


def with_presets(root: Node) -> Node:
    """The tree with everything in it that presets say about providers, their policies aside."""
    providers = root.at("providers")
    if providers is None or not isinstance(providers.value, dict):
        return root
    laid = {name: _with_preset(provider) for name, provider in providers.value.items()}
    return replace(root, value={**root.value, "providers": replace(providers, value=laid)})


def chains(root: Node) -> Iterator[Chain]:
    """The chain of each provider and route. ``root``: what ``with_presets`` gave."""
    assert isinstance(root.value, dict)
    general = [Level("top level", Node(dict(_at_top(root)), root.place), ())]
    defaults, providers = root.at("defaults"), root.at("providers")
    if defaults is not None:
        general.append(Level("defaults", defaults, ("defaults",)))
    if providers is None or not isinstance(providers.value, dict):
        return
    for name, node in providers.value.items():
        provider = _Provider(name, node, _preset(node), general, defaults)
        yield provider.chain()
        routes = node.at("routes")
        for index, route in enumerate(routes.value if routes and isinstance(routes.value, list) else []):
            yield provider.chain(index, route)


def _at_top(root: Node) -> Iterator[tuple[str, Node]]:
    """The policy keys at the top of the file. A block that says more there (``log``) hands down the policy's part."""
    for key in TOP_LEVEL:
        node = root.at(key)
        if node is None:
            continue
        if key in Config.model_fields and isinstance(node.value, dict):
            known = POLICIES[key].model_fields
            node = replace(node, value={name: child for name, child in node.value.items() if name in known})
        yield key, node


@dataclass(frozen=True, slots=True)
class _Provider:
    """Where the levels of one provider are found. ``general``: those above it that hold for every provider."""

    name: str
    node: Node
    preset: Node | None
    general: list[Level]
    defaults: Node | None

    def chain(self, index: int = 0, route: Node | None = None) -> Chain:
        """The chain of one of its routes, or of the calls that match none."""
        path = ("providers", self.name)
        named, profile = self._profile(route)
        own = [*self.general, Level("provider", self.node, path)]
        levels = [level for node in (profile, self.preset) if node is not None for level in _packaged(node, path)]
        title = None
        if route is not None:
            name = route.at("name")
            title = name.text if name else str(index)
            # Whatever the user wrote wins over a preset's route, even what is said for every provider.
            where = levels if route.file else own
            where.append(Level(route.layer or "route", route, (*path, "routes", index)))
        return Chain(self.name, title, (*levels, *own), named)

    def _profile(self, route: Node | None) -> tuple[Node | None, Node | None]:
        """The node that names the profile in force, and the profile."""
        places = (("route", route), ("provider", self.node), ("defaults", self.defaults), ("preset", self.preset))
        found = ((level, place.at("profile")) for level, place in places if place is not None)
        level, named = next(((level, node) for level, node in found if node is not None), ("", None))
        profile = PROFILES.read(named.text) if named is not None else None
        if named is None or profile is None:
            return None, None
        return labelled(named, named.layer or level), profile


def _packaged(node: Node, path: Path) -> list[Level]:
    """The levels of a profile or preset: what it prepares, then what it says."""
    prepared = node.at(_WHEN_SET)
    said = Level(node.layer, node, path)
    return [said] if prepared is None else [Level(node.layer, prepared, path, prepares=True), said]


def _preset(provider: Node) -> Node | None:
    named = provider.at("preset")
    return PRESETS.read(named.text) if named is not None else None


def _with_preset(provider: Node) -> Node:
    preset = _preset(provider)
    if preset is None:
        return provider
    rest = (*POLICIES, "profile", _WHEN_SET)
    structure = {key: child for key, child in preset.value.items() if key not in rest}
    laid = laid_over(replace(preset, value=structure), provider, _PROVIDER)
    routes, more = provider.at("routes"), preset.at("routes")
    if routes is not None and isinstance(routes.value, list) and more is not None:
        taken = {name.text for route in routes.value if (name := route.at("name"))}
        others = [route for route in more.value if route.value["name"].text not in taken]
        laid.value["routes"] = replace(routes, value=[*routes.value, *others])
    return laid
