"""Every setting that holds for a route, as text, with the level and line that said it. Secrets are not shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from sidecar.config.load import Loaded, Origin
from sidecar.config.problem import hide_userinfo, is_secret_name
from sidecar.config.units import Unit, show, unit_of

HIDDEN = "***"

_STRUCTURE = ("pool", "tls", "proxy", "host_header")
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
    structure = loaded.config.providers[provider]
    for name in _STRUCTURE:
        value = getattr(structure, name)
        leaves = _leaves(value, (name,)) if isinstance(value, BaseModel) else [((name,), value, Unit.NONE)]
        for steps, leaf, unit in leaves:
            if leaf is not None:
                rows.append(_row(steps, leaf, unit, loaded.origin_in_provider(provider, steps)))
    return rows


def _leaves(value: BaseModel, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any, Unit]]:
    for name, field in type(value).model_fields.items():
        child = getattr(value, name)
        if isinstance(child, BaseModel):
            yield from _leaves(child, (*path, name))
        elif isinstance(child, dict):
            for key, leaf in child.items():
                yield (*path, name, key), leaf, Unit.NONE
        else:
            yield (*path, name), child, unit_of(field)


def _row(steps: tuple[str, ...], value: Any, unit: Unit, origin: Origin) -> Effective:
    where = f"{origin.file}:{origin.line}" if origin.line else ""
    return Effective(".".join(steps), _shown(steps, value, unit, origin), origin.level, where)


def _shown(steps: tuple[str, ...], value: Any, unit: Unit, origin: Origin) -> str:
    """The value; for what may be a secret its ``${...}``, or stars."""
    references = "${" in origin.written and ":-" not in origin.written
    if origin.secret or (is_secret_name(steps[-1]) and len(steps) > 2) or (references and isinstance(value, str)):
        return hide_userinfo(origin.written) if references else HIDDEN
    return hide_userinfo(show(value, unit))
