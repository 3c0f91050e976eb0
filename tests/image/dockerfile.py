"""The Dockerfile and .dockerignore, read as far as the project's own use of them goes."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.sidecar_process import ROOT

_COMMENT = re.compile(r"^\s*#.*\n", re.MULTILINE)
_CONTINUED = re.compile(r"\\\n")


@dataclass(frozen=True)
class Instruction:
    """One instruction. ``word``: RUN, COPY, ...; ``rest``: what follows, on one line."""

    word: str
    rest: str

    @property
    def words(self) -> list[str]:
        """What follows, word by word; of an exec form its elements."""
        return json.loads(self.rest) if self.rest.startswith("[") else self.rest.split()


@dataclass
class Stage:
    """One stage. ``base``: what FROM says; ``name``: after AS, else empty."""

    base: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, word: str) -> list[Instruction]:
        """Every instruction of a kind."""
        return [one for one in self.instructions if one.word == word]

    def only(self, word: str) -> Instruction:
        """The one instruction of a kind."""
        (found,) = self.all(word)
        return found

    def arguments(self) -> dict[str, str]:
        """The defaults of the build arguments that have one."""
        pairs = [one.rest.partition("=") for one in self.all("ARG")]
        return {name: value for name, equals, value in pairs if equals}


def read_dockerfile(text: str) -> list[Stage]:
    """Its stages in order; first a nameless one without a base, with what stands before the first FROM."""
    stages = [Stage("", "")]
    for line in _CONTINUED.sub(" ", _COMMENT.sub("", text)).splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            base, _, name = rest.strip().partition(" AS ")
            stages.append(Stage(base, name))
        elif word:
            stages[-1].instructions.append(Instruction(word, rest.strip()))
    return stages


def dockerfile() -> list[Stage]:
    """The project's own."""
    return read_dockerfile((ROOT / "Dockerfile").read_text(encoding="utf-8"))


def allowed() -> list[str]:
    """What .dockerignore lets in; it begins by keeping everything out."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    first, *rest = [line for line in lines if line and not line.startswith("#")]
    assert first == "*"
    assert rest[-1] == "**/__pycache__"
    assert all(line.startswith("!") for line in rest[:-1])
    return [line[1:] for line in rest[:-1]]


def context_files(root: Path = ROOT) -> list[Path]:
    """Every file that a builder gets, relative to ``root``."""
    found = []
    for name in allowed():
        there = root / name
        found += [one for one in there.rglob("*") if one.is_file()] if there.is_dir() else [there]
    return sorted(one.relative_to(root) for one in found if "__pycache__" not in one.parts)
