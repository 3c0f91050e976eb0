"""libyaml's complaints in plain English, with the place where the reader should look."""

import re

import yaml

from sidecar.config.problem import Problem, Source, split_lines

_SAYS: tuple[tuple[str, str, str], ...] = (
    ("mapping values are not allowed", "a ':' is not expected here",
     "check the indentation of this line, or put a value that has ': ' in it into quotes"),
    ("did not find expected key", "this line does not fit the lines above",
     "check its indentation, and that the line above ends its value"),
    ("did not find expected '-' indicator", "this line does not fit the list above", "check its indentation"),
    ("could not find expected ':'", "a key without ':'", "write 'key: value'"),
    ("found undefined alias", "this alias has no anchor above it", "define it first: &name"),
    ("found duplicate anchor", "this anchor is already defined above", "choose another name"),
    ("unexpected end of stream", "this quote is never closed", "add the closing quote"),
    ("unexpected document indicator", "this quote is never closed", "add the closing quote"),
    ("expected ',' or '}'", "this '{' is never closed, or a ',' is missing", "close it with '}'"),
    ("expected ',' or ']'", "this '[' is never closed, or a ',' is missing", "close it with ']'"),
    ("found another document", "there is a second document in the file", "take out the second '---'"),
    ("found unknown escape character", "this escape is not known in double quotes", "use single quotes"),
    ("block sequence entries are not allowed", "a '-' is not expected here", "start the list on a line of its own"),
    ("did not find expected node content", "a value is missing here", "write one"),
    ("block mapping entries are not allowed", "a key is not expected here", "check the indentation"),
    ("exceeded", "nested too deeply", "a configuration needs fewer than 20 levels"),
)  # fmt: skip
_AT_CONTEXT = (
    "unexpected end of stream",
    "unexpected document indicator",
    "expected ',' or",
    "could not find expected ':'",
)
"""Complaints whose cause is where the construct began, not where the parser gave up."""


_NOT_YAML = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


def syntax_problem(error: yaml.YAMLError, source: Source, text: str) -> Problem:
    """The report of YAML that cannot be parsed."""
    if isinstance(error, yaml.MarkedYAMLError):
        said = error.problem or ""
        mark = error.problem_mark or error.context_mark
        if error.context_mark is not None and any(part in said for part in _AT_CONTEXT):
            mark = error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message, hint = _words(said, source, place)
        if "expected ',' or" in said and "${" in (source.line(place[0]) or ""):
            hint = "inside { } and [ ] put ${...} into quotes"
        return source.problem(place, "", message, hint)
    return source.problem(_reader_place(text), "", "a control character is not allowed here", "take it out")


def _words(said: str, source: Source, place: tuple[int, int]) -> tuple[str, str]:
    if "cannot start any token" in said:
        line = source.line(place[0]) or ""
        char = line[place[1] - 1 : place[1]]
        if char == "\t" or line.lstrip(" ").startswith("\t"):
            return "a tab cannot indent YAML", "use spaces"
        return f"a value cannot start with '{char}'", "put it into quotes"
    for part, message, hint in _SAYS:
        if part in said:
            return message, hint
    return f"not valid YAML: {said}", "see https://yaml.org/spec/1.2.2/"


def _reader_place(text: str) -> tuple[int, int]:
    """The first character that YAML does not allow (1.2.2, section 5.1); libyaml tells no line for it."""
    match = _NOT_YAML.search(text)
    before = split_lines(text[: match.start() if match else 0])
    return len(before), len(before[-1]) + 1
