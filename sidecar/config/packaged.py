"""Profiles and presets: settings that ship with the package, as YAML of the same form as a configuration file.

A profile is what makes sense together for one kind of call, a preset what is known about one provider. Only those
that a configuration names are read. They go through the same nodes as the user's file, so that ``sidecar explain``
can show the line of each value.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from sidecar.config.interpolate import Interpolator
from sidecar.config.nodes import Node, Reader, compose, labelled
from sidecar.config.problem import ConfigErrors, Source
from sidecar.config.shape import nearest


@dataclass(frozen=True, slots=True)
class Shelf:
    """One folder of YAML files. ``kind``: what one of them is called."""

    kind: str
    folder: Path

    def names(self) -> tuple[str, ...]:
        """What can be named in a configuration, in alphabetical order."""
        return tuple(sorted(path.stem for path in self.folder.glob("*.yaml")))

    def named(self, value: Any) -> str:
        """A name in a configuration that is one of ``names``.

        Raises:
            ValueError: it is none; says which there are.
        """
        known = self.names()
        if value in known:
            return str(value)
        if not isinstance(value, str | int | float):
            raise ValueError(f"must be the name of a {self.kind}; possible are {', '.join(known)}")
        near = nearest(str(value), known)
        guess = f"did you mean '{near}'? " if near else ""
        raise ValueError(f"there is no {self.kind} '{value}'; {guess}possible are {', '.join(known)}")

    def read(self, name: str) -> Node | None:
        """The nodes of one file, marked with their level and file; None when there is no such file.

        Raises:
            ConfigErrors: the file is broken, as only an incomplete installation can make it.
        """
        return _read(self, name) if name in self.names() else None


@cache
def _read(shelf: Shelf, name: str) -> Node:
    """Read once in the life of a process: a configuration may name a preset for hundreds of providers."""
    path = shelf.folder / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    file = f"{shelf.folder.name}/{path.name}"
    reader = Reader(Source(file, text), Interpolator({}, shelf.folder))
    raw = compose(text)
    root = reader.read(raw) if raw is not None else Node({}, (1, 1))
    if reader.problems:
        raise ConfigErrors(reader.problems)
    return labelled(root, f"{shelf.kind} {name}", file)


_HERE = Path(__file__).parent

PROFILES = Shelf("profile", _HERE / "profiles")
PRESETS = Shelf("preset", _HERE / "presets")


def _profile(value: Any) -> str:
    return PROFILES.named(value)


def _preset(value: Any) -> str:
    return PRESETS.named(value)


def _one_of(shelf: Shelf) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "enum": list(shelf.names())})


Profile = Annotated[str, BeforeValidator(_profile), _one_of(PROFILES)]
Preset = Annotated[str, BeforeValidator(_preset), _one_of(PRESETS)]
