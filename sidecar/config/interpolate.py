"""``${VAR}``, ``${VAR:-default}``, ``${file:/path}`` and ``$$`` inside one scalar.

It works on values after the YAML is parsed, never on the text of the file: a value with a quote, a colon or a
line break in it cannot change the structure.
"""

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sidecar.config.stamps import Stamp, stamp

_TOKEN = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<body>[^}]*)(?P<close>\}?))")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_LARGEST_FILE = 1024 * 1024
"""Bytes. A secret is short; a larger file was named by mistake."""


@dataclass(frozen=True, slots=True, repr=False)
class Filled:
    """A scalar after interpolation. ``files``: every file read; a text with files in it is secret."""

    text: str
    changed: bool
    files: tuple[Path, ...] = ()
    mistakes: tuple[str, ...] = ()


@dataclass(slots=True, repr=False)
class Interpolator:
    """Fills in values from the environment and from files; each file is read once per load."""

    environ: Mapping[str, str]
    folder: Path
    """Where relative ``${file:}`` paths start: the folder of the configuration file."""
    files: dict[Path, str | None] = field(default_factory=dict)
    seen: dict[Path, Stamp] = field(default_factory=dict)
    """Each of them as it was just before it was read."""

    def fill(self, text: str) -> Filled:
        """Replace every ``${...}`` of one scalar; what cannot be replaced is named in ``mistakes``."""
        if "$" not in text:
            return Filled(text, changed=False)
        files: list[Path] = []
        mistakes: list[str] = []

        def one(match: re.Match[str]) -> str:
            if match["dollar"]:
                return "$"
            if not match["close"]:
                mistakes.append("'${' is never closed with '}'; write $${ for the characters themselves")
                return ""
            return self._value(match["body"], files, mistakes)

        filled = _TOKEN.sub(one, text)
        return Filled(filled, filled != text, tuple(files), tuple(mistakes))

    def _value(self, body: str, files: list[Path], mistakes: list[str]) -> str:
        if body.startswith("file:"):
            return self._file(body[5:], files, mistakes)
        match = _VARIABLE.fullmatch(body)
        if not match:
            mistakes.append(f"'${{{body}}}' is not a reference; write ${{NAME}}, ${{NAME:-default}} or ${{file:/path}}")
            return ""
        name, default = match["name"], match["default"]
        value = self.environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            mistakes.append(
                f"the environment variable {name} is not set; set it, or give a default: ${{{name}:-default}}"
            )
            return ""
        return value

    def _file(self, name: str, files: list[Path], mistakes: list[str]) -> str:
        if not name or "\0" in name:
            mistakes.append("'${file:}' names no file; write ${file:/path/to/file}")
            return ""
        path = self.folder / name
        files.append(path)
        if path not in self.files:
            self.files[path] = None
            self.seen[path] = stamp(path)
            try:
                status = path.stat()
                if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_FILE:
                    mistakes.append(f"{name} is not a plain file of at most 1 MiB; is it the right one?")
                    return ""
                self.files[path] = path.read_bytes().decode().removesuffix("\n").removesuffix("\r")
            except OSError as error:
                mistakes.append(f"the file {name} cannot be read ({_reason(error)})")
            except UnicodeDecodeError:
                mistakes.append(f"the file {name} is not UTF-8 text")
        elif self.files[path] is None:
            mistakes.append(f"the file {name} cannot be read")
        return self.files[path] or ""


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
