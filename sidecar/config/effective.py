"""Every setting that holds for a route, as text, with the level and line that said it. Secrets are not shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from sidecar.config.checks import Steps
from sidecar.config.load import Loaded, Origin
from sidecar.config.nodes import show_path
from sidecar.config.problem import hide_userinfo, is_secret_name
from sidecar.config.shape import is_free, members
from sidecar.config.units import Unit, show, unit_of
from sidecar.policies.settings import Switchable

HIDDEN = "***"

_STRUCTURE = ("base_url", "preset", "pool", "tls", "proxy", "host_header")
"""Keys of a provider that are no policy and hold for its calls."""


@dataclass(frozen=True, slots=True)
class Effective:
    """One setting. ``where``: ``file:line``, empty for a default."""

    name: str
    value: str
    level: str
    where: str

    def as_data(self) -> dict[str, str]:
        """For ``-o json``."""
        return {"value": self.value, "from": self.level, "where": self.where}


def effective(loaded: Loaded, provider: str, route: str | None) -> list[Effective]:
    """The settings of a route (None: the provider's default route)."""
    rows = []
    for key, settings in loaded.settings_for(provider, route).items():
        for steps, value, unit in _leaves(settings, (key,)):
            rows.append(_row(steps, value, unit, loaded.origin_of(provider, route, steps)))
    return rows + list(_structure(loaded, provider, route))


def _structure(loaded: Loaded, name: str, route: str | None) -> Iterator[Effective]:
    provider = loaded.config.providers[name]
    for key in _STRUCTURE:
        for steps, leaf, unit in _leaves(getattr(provider, key), (key,)):
            yield _row(steps, leaf, unit, loaded.origin_in_provider(name, steps))
    profile = loaded.profile_of(name, route)
    if profile is not None:
        yield _row(("profile",), profile[0], Unit.NONE, profile[1])
    yield _enabled(loaded, name, route)


def _enabled(loaded: Loaded, name: str, route: str | None) -> Effective:
    """The kill switch of the file: a route's ``false`` counts, then whatever the provider says."""
    provider = loaded.config.providers[name]
    for index, one in enumerate(provider.routes):
        if one.name == route and not one.enabled:
            origin = loaded.origin_in_provider(name, ("routes", index, "enabled"), "route")
            return _row(("enabled",), one.enabled, Unit.NONE, origin)
    return _row(("enabled",), provider.enabled, Unit.NONE, loaded.origin_in_provider(name, ("enabled",)))


def _leaves(value: Any, path: Steps, unit: Unit = Unit.NONE) -> Iterator[tuple[Steps, Any, Unit]]:
    """Every value below a block, with its path. Free values (a JSON body) are one value each."""
    if isinstance(value, Switchable) and value.mode == "off":
        yield (*path, "mode"), value.mode, Unit.NONE  # nothing else of it matters
    elif isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            child = getattr(value, name)
            if any(is_free(kind) for kind in members(field.annotation)) and child is not None:
                yield (*path, name), child, Unit.NONE
            else:
                yield from _leaves(child, (*path, name), unit_of(field))
    elif isinstance(value, dict):
        for name, child in value.items():
            yield from _leaves(child, (*path, name), unit)
    elif isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
        for index, child in enumerate(value):
            yield from _leaves(child, (*path, index), unit)
    elif value is not None:
        yield path, value, unit


def _row(steps: Steps, value: Any, unit: Unit, origin: Origin) -> Effective:
    where = f"{origin.file}:{origin.line}" if origin.line else ""
    return Effective(show_path(steps), _shown(steps, value, unit, origin), origin.level, where)


def _shown(steps: Steps, value: Any, unit: Unit, origin: Origin) -> str:
    """The value; for what may be a secret its ``${...}``, or stars."""
    references = "${" in origin.written and ":-" not in origin.written
    text = isinstance(value, str | list | tuple | dict)
    if origin.secret or (is_secret_name(str(steps[-1])) and len(steps) > 2) or (references and text):
        return hide_userinfo(origin.written) if references else HIDDEN
    return hide_userinfo(show(value, unit))
