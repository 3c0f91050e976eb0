"""Runs the instructions of a Dockerfile without a container: a folder stands for ``/``.

It knows what the project's Dockerfile needs, and refuses the rest. No shell is asked: commands are joined by ``&&``,
each is ``python`` with arguments, and every absolute path leads below the folder, so that nothing else is written.
"""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import venv
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.image.dockerfile import Instruction, Stage, context_files
from tests.support.sidecar_process import ROOT

_BASE_PATH = "/usr/local/bin:/usr/bin:/bin"
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_ASSIGNMENT = re.compile(r"[A-Z_]+=\S*")
_LIBRARY = ("json", "email", "html")
"""Packages of Python's library that stand for all of it, as the base image has it: sources only."""


class Script:
    """Builds the stages one after the other in ``folder``, each at ``root``, as each container has its own ``/``.

    Then ``root`` holds the last stage; ``environment``, ``entrypoint`` and ``command`` are what its container would be
    started with.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.entrypoint: list[str] = []
        self.command: list[str] = []
        self.environment: dict[str, str] = {}
        self._done = folder / "stages"
        self._workdir = "/"
        self._arguments: dict[str, str] = {}
        self._context = folder / "context"
        for file in context_files():
            (self._context / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / file, self._context / file)

    def build(self, stages: Sequence[Stage]) -> None:
        """Every stage; those before the last are moved aside, for ``COPY --from``."""
        for stage in stages:
            self._begin(pip=stage is not stages[-1])
            for instruction in stage.instructions:
                self._one(instruction)
            if stage is not stages[-1]:
                self._done.mkdir(exist_ok=True)
                self.root.rename(self._done / stage.name)

    def here(self, path: str) -> str:
        """Where a path of the container is on this machine."""
        return str(self.root / path.lstrip("/")) if path.startswith("/") else path

    def _begin(self, *, pip: bool) -> None:
        """The base image: a Python in /usr/local; only stages that install something get a pip, this environment's."""
        base = self.root / "usr" / "local"
        venv.create(base, symlinks=True)
        library = next(base.glob("lib/python3*"))
        for name in _LIBRARY:
            sources = Path(os.__file__).parent / name
            shutil.copytree(sources, library / name, ignore=shutil.ignore_patterns("__pycache__"))
        if pip:
            here = importlib.util.find_spec("pip")
            assert here is not None, "the environment of the tests has no pip"
            (library / "site-packages" / "pip").symlink_to(Path(here.origin or "").parent)
        self.environment = {"PATH": self._paths(_BASE_PATH)}
        self._workdir, self._arguments = "/", {}

    def _paths(self, value: str) -> str:
        return ":".join(self.here(part) if not part.startswith(str(self.root)) else part for part in value.split(":"))

    def _filled(self, text: str, known: Mapping[str, str]) -> str:
        return _VARIABLE.sub(lambda found: known[found[1]], text)

    def _one(self, instruction: Instruction) -> None:
        match instruction.word:
            case "ARG":
                name, equals, value = instruction.rest.partition("=")
                if equals:
                    self._arguments[name] = value
            case "ENV":
                for pair in shlex.split(instruction.rest):
                    name, _, value = pair.partition("=")
                    self.environment[name] = self._paths(self._filled(value, self.environment))
            case "WORKDIR":
                self._workdir = instruction.rest
                Path(self.here(instruction.rest)).mkdir(parents=True)
            case "RUN":
                for command in instruction.rest.split("&&"):
                    self._run(shlex.split(command))
            case "COPY":
                self._copy(instruction.words)
            case "ENTRYPOINT":
                self.entrypoint = [self.here(word) for word in instruction.words]
            case "CMD":
                self.command = [self.here(word) for word in instruction.words]
            case "LABEL":
                self._filled(instruction.rest, self._arguments)
            case "USER" | "EXPOSE" | "STOPSIGNAL":
                pass
            case other:
                raise AssertionError(f"the test does not know {other}")

    def _run(self, words: list[str]) -> None:
        own = dict(word.split("=", 1) for word in words if _ASSIGNMENT.fullmatch(word))
        program, *arguments = words[len(own) :]
        assert program == "python", words
        assert not any("=/" in word for word in words), "the path would not be led below the folder"
        # The environment of this machine says where its packages are; the rest is the Dockerfile's.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environment |= self._arguments | self.environment | own
        command = [self.here("/usr/local/bin/python"), *map(self.here, arguments)]
        done = subprocess.run(
            command, cwd=self.here(self._workdir), env=environment, capture_output=True, text=True, timeout=240,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, (words, done.stdout, done.stderr)

    def _copy(self, words: list[str]) -> None:
        *sources, target = words
        place = self._context
        if sources[0].startswith("--from="):
            place = self._done / sources.pop(0).removeprefix("--from=")
        to = Path(self.here(target if target.startswith("/") else f"{self._workdir}/{target}"))
        for source in sources:
            there = place / source.lstrip("/")
            if there.is_dir():
                shutil.copytree(there, to, symlinks=True)
            else:
                goal = to / there.name if target.endswith("/") else to
                goal.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(there, goal)
