"""What is wrong with a configuration: one ``Problem`` per mistake, and the ways to print it.

The text form is public: ``file:line:col: path: message - hint``, then the source line, then a caret.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sidecar.config.stamps import Seen

_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")
"""What YAML 1.1 and libyaml count as the end of a line, so that our lines carry the parser's numbers."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Control characters; printed as they are they could drive the terminal."""

_USERINFO = re.compile(r"(?<=://)[^/@\s\"']+(?=@)")
_SECRET_NAME = re.compile(
    r"authorization|cookie|token|secret|passw|credential|signature|private"
    r"|(^|[-_. ])(api|auth|access|sub|subscription|master|shared|account)?[-_. ]?keys?$",
    re.IGNORECASE,
)
_SECRET_LINE = re.compile(
    r"(?P<key>[\w.-]*(?:authorization|token|secret|passw\w*|api[-_]?key|access[-_]?key))[\"']?\s*:\s+(?P<value>\S.*)",
    re.IGNORECASE,
)


_BESIDE = 100
"""Characters of a line that are shown on either side of a mistake."""


class Severity(StrEnum):
    """An error keeps the sidecar from starting; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. ``line`` and ``column`` count from 1; line 0 is the file as a whole.

    ``path``: where in the tree (``providers.demo.routes[0].match``); ``hint``: what would have been right;
    ``source``: the line of the file, with secret values already blotted out.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    source: str | None = None

    @property
    def headline(self) -> str:
        """The first line of the report."""
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        path = f" {self.path}:" if self.path else ""
        kind = " warning:" if self.severity is Severity.WARNING else ""
        hint = f" - {self.hint}" if self.hint else ""
        return f"{place}:{path}{kind} {self.message}{hint}"

    def render(self) -> str:
        """The report: headline, source line, caret."""
        if self.source is None or not self.line:
            return self.headline
        source, column = _around(self.source, self.column)
        pad = "".join("\t" if char == "\t" else " " for char in source[: column - 1])
        return f"{self.headline}\n{f'  {source}'.rstrip()}\n  {pad}^"

    def as_data(self) -> dict[str, Any]:
        """The report for machines (``--format json``)."""
        return {
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "path": self.path,
            "message": self.message,
            "hint": self.hint,
            "severity": self.severity.value,
        }

    def as_github(self) -> str:
        """The report as a GitHub workflow command (docs.github.com, "Workflow commands for GitHub Actions")."""
        text = f"{self.path}: {self.message}" if self.path else self.message
        if self.hint:
            text += f" - {self.hint}"
        place = f",line={self.line},col={self.column}" if self.line else ""
        return f"::{self.severity} file={_github_property(self.file)}{place}::{_github_text(text)}"


def _around(line: str, column: int) -> tuple[str, int]:
    """A line and a column in it; of a line as long as a file in JSON, the part around that column."""
    first = max(0, column - 1 - _BESIDE) if len(line) > 2 * _BESIDE else 0
    part = line[first : first + 2 * _BESIDE]
    before, after = "..." if first else "", "..." if len(line) > first + 2 * _BESIDE else ""
    return before + part + after, column - first + len(before)


class ConfigErrors(Exception):
    """The configuration cannot be used. ``problems``: every mistake found, in the order of the file.

    ``seen``: the files that were looked for; a change of one of them may mend it.
    """

    def __init__(self, problems: Iterable[Problem], seen: Seen | None = None) -> None:
        self.problems: list[Problem] = in_order(problems)
        self.seen: Seen = seen or {}
        super().__init__("\n".join(problem.render() for problem in self.problems))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Without repetitions, top of the file first."""
    seen: dict[tuple[str, int, int, str], Problem] = {}
    for problem in problems:
        seen.setdefault((problem.file, problem.line, problem.column, problem.message), problem)
    return sorted(seen.values(), key=lambda problem: (problem.line, problem.column))


def split_lines(text: str) -> list[str]:
    """The lines as the YAML parser counts them."""
    return _LINE_BREAK.split(text)


def is_secret_name(name: str) -> bool:
    """Whether a key or header of this name usually holds a secret (Authorization, X-Api-Key, token, ...)."""
    return bool(_SECRET_NAME.search(name))


def hide_userinfo(text: str) -> str:
    """``http://user:pass@host`` with stars for what stands before the ``@``, at the same length."""
    return _USERINFO.sub(lambda match: "*" * len(match[0]), text)


class Source:
    """The lines of a configuration file as they may be shown: secrets written in plain are stars."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._lines = [_UNPRINTABLE.sub("?", hide_userinfo(_hide_line(line))) for line in split_lines(text)]

    def line(self, number: int) -> str | None:
        """The text of a line, counted from 1."""
        return self._lines[number - 1] if 0 < number <= len(self._lines) else None

    def blot(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Hide what stands between two (line, column) places, both counted from 1, the end excluded."""
        for number in range(start[0], min(end[0], len(self._lines)) + 1):
            line = self._lines[number - 1]
            first = start[1] - 1 if number == start[0] else len(line) - len(line.lstrip())
            last = max(first, end[1] - 1) if number == end[0] else len(line)
            self._lines[number - 1] = line[:first] + "*" * (last - first) + line[last:]

    def problem(
        self,
        place: tuple[int, int],
        path: str,
        message: str,
        hint: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """A problem at a (line, column) of this file."""
        return Problem(self.file, place[0], place[1], path, message, hint, severity, self.line(place[0]))


def _hide_line(line: str) -> str:
    match = _SECRET_LINE.search(line)
    if not match or ("${" in match["value"] and ":-" not in match["value"]) or match["value"][0] in "{[&*|>#":
        return line
    return line[: match.start("value")] + "*" * len(match["value"])


def _github_text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_text(text).replace(":", "%3A").replace(",", "%2C")
