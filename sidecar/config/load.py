"""Read a configuration file: YAML with ``${...}`` in, a validated ``Loaded`` out, or every mistake at once.

    loaded = load("sidecar.yaml", os.environ)          # raises ConfigErrors: .problems, str() is the report
    loaded.config                                      # model.Config: .listen .ops .admin .limits .drain .log
    loaded.config.providers["demo"].base_url           # fields.BaseUrl: scheme host port authority path, str()
    loaded.config.providers["demo"].routes             # tuple of model.Route: .name, .match.methods, .match.path
    loaded.settings_for("demo", None)                  # {"timeouts": Timeouts(...), ...}: merged, every policy key
    loaded.settings_for("demo", "create-charge")       # the same for a route
    loaded.origin_of("demo", None, "timeouts.total")   # Origin(level="provider", line=12, ...); level "default"
    loaded.profile_of("demo", None)                    # ("user-flow", Origin(level="defaults", ...)), or None
    loaded.files                                       # every file read
    loaded.seen                                        # the same as they were then, for the look for changes
    loaded.warnings                                    # list[Problem]: lints; .render() prints one

``listen`` values are ``fields.Listen`` (host, port, unix, loopback, str()), ``proxy`` is a URL, "off" or None,
``log.output`` is a tuple of "stdout", "stderr" and absolute paths, relative ``tls`` and ``${file:}`` paths start at the
folder of the configuration file (``loaded.folder``).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from sidecar.config.checks import Steps, check_config, check_names, tls_files
from sidecar.config.interpolate import Interpolator
from sidecar.config.levels import chains, with_presets
from sidecar.config.lints import lint
from sidecar.config.merge import Merger, Stack
from sidecar.config.model import CONFIG, Config
from sidecar.config.nodes import Node, Reader, as_written, compose, holds_file
from sidecar.config.problem import ConfigErrors, Problem, Source, in_order
from sidecar.config.stamps import Seen, Stamp, changed, stamp, stamps
from sidecar.config.syntax import syntax_problem
from sidecar.config.typed import validated
from sidecar.config.wording import Findings, problems_of, walk
from sidecar.policies.settings import Settings

_LARGEST_CONFIG = 4 * 1024 * 1024
"""Bytes; a larger file is not a configuration."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an effective value comes from.

    ``level``: ``default``, ``profile user-flow``, ``preset stripe``, ``top level``, ``defaults``, ``provider`` or
    ``route``. ``file``: as it was named, or ``presets/stripe.yaml`` of the package. ``line``: 0 for a default.
    ``written``: the value as the file has it (with its ``${...}``). ``secret``: it came from a file, do not show it.
    """

    level: str
    file: str = ""
    line: int = 0
    column: int = 0
    written: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Loaded:
    """A configuration that can be served."""

    config: Config
    folder: Path
    files: tuple[Path, ...]
    warnings: tuple[Problem, ...]
    root: Node
    """The file as nodes: for provenance and lints."""
    stacks: Mapping[tuple[str, str | None], Stack]
    seen: Seen
    file: str

    def settings_for(self, provider: str, route: str | None = None) -> Mapping[str, Settings]:
        """The effective settings by policy key.

        Raises:
            KeyError: no such provider or route.
        """
        return self.stacks[provider, route].settings

    def origin_of(self, provider: str, route: str | None, dotted: str | Steps) -> Origin:
        """Where a setting's value comes from; ``dotted`` like ``timeouts.total``, or its steps.

        Raises:
            KeyError: no such provider or route.
        """
        steps: Steps = tuple(dotted.split(".")) if isinstance(dotted, str) else dotted
        merged = self.stacks[provider, route].nodes.get(str(steps[0]))
        return self._origin(merged, steps[1:], merged.layer if merged else "")

    def origin_in_provider(self, provider: str, steps: Steps, level: str = "provider") -> Origin:
        """The same for what is no policy: ``("pool", "max_idle")``, ``("routes", 0, "enabled")``."""
        return self._origin(walk(self.root, ("providers", provider))[0], steps, level)

    def profile_of(self, provider: str, route: str | None) -> tuple[str, Origin] | None:
        """The profile in force, and where it is named; None when there is none.

        Raises:
            KeyError: no such provider or route.
        """
        named = self.stacks[provider, route].chain.profile
        return (named.text, self._origin(named, (), named.layer)) if named is not None else None

    def _origin(self, root: Node | None, steps: Steps, level: str) -> Origin:
        if root is None:
            return Origin("default")
        node, count = walk(root, steps)
        if count < len(steps):
            return Origin("default")
        line, column = node.key_place or node.place
        file = node.file or self.file
        return Origin(node.layer or level, file, line, column, as_written(node), holds_file(node))


def load(path: str | Path, environ: Mapping[str, str]) -> Loaded:
    """Read, fill in, validate and merge a configuration file.

    Whatever it read is of one moment: when a file changed meanwhile, all are read again.

    Raises:
        ConfigErrors: the file cannot be used; holds every mistake found.
    """
    path = Path(path)
    seen: dict[Path, Stamp] = {}
    for _ in range(_READINGS):
        seen = {path: stamp(path)}
        try:
            loaded = _load(path, environ, seen)
        except ConfigErrors as error:
            if not changed(seen):
                raise ConfigErrors(error.problems, seen) from None
        else:
            if not changed(seen):
                return loaded
    message = "the files changed again and again while they were read"
    raise ConfigErrors([Problem(str(path), 0, 0, "", message, "who writes them all the time?")], seen)


def _load(path: Path, environ: Mapping[str, str], seen: dict[Path, Stamp]) -> Loaded:
    """One reading; what it looked for is in ``seen``, however it ends."""
    text = _read(path)
    source = Source(str(path), text)
    reader = Reader(source, Interpolator(environ, path.parent, seen=seen))
    try:
        raw = compose(text)
        root = reader.read(raw) if raw is not None else None
    except yaml.YAMLError as error:
        raise ConfigErrors([syntax_problem(error, source, text)]) from None
    except RecursionError:
        raise ConfigErrors([source.problem((1, 1), "", "nested too deeply", "take levels out")]) from None
    if root is None or root.value is None:
        raise ConfigErrors([Problem(str(path), 0, 0, "", "the file is empty", _START)])
    if not isinstance(root.value, dict):
        message = "a configuration is a mapping: key: value lines"
        raise ConfigErrors([source.problem(root.place, "", message, _START)])
    return _build(path, root, source, reader)


_READINGS = 10
"""A reading takes tens of milliseconds, a swap of links microseconds: a second one is rare, a third an accident."""

_SHORTEST_SECRET = 4
"""Characters. Shorter texts occur in any message by chance, and guard nothing."""

_NO_FILE = "write it, in a container mount it there, or name another with -c FILE or $SIDECAR_CONFIG"
_START = "start from config.example.yaml, which has every key"


def _build(path: Path, root: Node, source: Source, reader: Reader) -> Loaded:
    root = with_presets(root)
    config, findings = validated(CONFIG, root)
    found = problems_of(_told_once(findings), root, CONFIG, source)
    problems = [*reader.problems, *found, *check_names(root, source)]
    merger = Merger(source)
    stacks = {(chain.provider, chain.route): merger.stack(chain) for chain in chains(root)}
    problems += merger.problems
    if config is not None:
        # Looked at now: they are read later, when the connections to their providers are prepared.
        reader.interpolator.seen.update(stamps(tls_files(config, path.parent)))
        problems += check_config(config, root, source, path.parent)
    if problems or config is None:
        raise ConfigErrors(_scrubbed(_without_echoes(problems, reader.problems), reader.interpolator))
    files = (path, *reader.interpolator.files, *tls_files(config, path.parent))
    seen = dict(reader.interpolator.seen)
    loaded = Loaded(config, path.parent, tuple(dict.fromkeys(files)), (), root, stacks, seen, str(path))
    warnings = tuple(_scrubbed(in_order(lint(config, stacks, root, source)), reader.interpolator))
    return replace(loaded, warnings=warnings)


def _told_once(findings: Findings) -> Findings:
    """Without the missing ``base_url`` of a provider whose preset is misspelt: the right one may state it."""
    wrong = {finding.loc[:-1] for finding in findings if finding.loc[-1:] == ("preset",)}
    return [one for one in findings if one.kind != "missing" or one.loc[:-1] not in wrong]


def _without_echoes(problems: list[Problem], first: list[Problem]) -> list[Problem]:
    """Drop what follows from an earlier mistake at the same place: an unset variable is no bad number too."""
    places = {(problem.line, problem.column) for problem in first}
    return [one for one in problems if one in first or (one.line, one.column) not in places]


def _scrubbed(problems: list[Problem], interpolator: Interpolator) -> list[Problem]:
    """Stars for whatever came from a ``${file:}`` and found its way into a message: the last line of defence."""
    secrets = [text for text in interpolator.files.values() if text and len(text) >= _SHORTEST_SECRET]
    if not secrets:
        return problems
    pattern = re.compile("|".join(re.escape(text) for text in secrets), re.IGNORECASE)
    return [
        replace(
            one,
            message=pattern.sub("***", one.message),
            hint=pattern.sub("***", one.hint),
            path=pattern.sub("***", one.path),
        )
        for one in problems
    ]


def _read(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        problem = Problem(str(path), 0, 0, "", "there is no such file", _NO_FILE)
    except OSError as error:
        reason = (error.strerror or type(error).__name__).lower()
        problem = Problem(
            str(path), 0, 0, "", f"the file cannot be read ({reason})", "check the path and its permissions"
        )
    else:
        if len(content) > _LARGEST_CONFIG:
            problem = Problem(str(path), 0, 0, "", "the file is larger than 4 MiB", "is it the right one?")
        else:
            return _decode(path, content)
    raise ConfigErrors([problem])


def _decode(path: Path, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        problem = Problem(str(path), line, column, "", "the file is not UTF-8 text", "save it as UTF-8")
        raise ConfigErrors([problem]) from None
