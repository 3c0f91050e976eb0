"""Many formats as one ``re`` pattern: a tree of prefixes, so that a wrong start fails after a character or two."""

import re
from collections.abc import Iterable, Iterator

from sidecar.redaction.vendor_format import Format

_LITERAL = re.compile(r"(?:[0-9A-Za-z_:!#/-]|\\[.$^+])(?![?*+{])")
_CHOICE = re.compile(r"\(\?:([^()\[\]{}]+)\)(\??)(?![*+{])|\[([^\]\\^-]+)\](\??)(?![*+{])")

_END = r"(?![\w-])"

_Entry = tuple[list[str], str, Format]
"""The literal characters a pattern begins with, the rest of it, its format."""


class Tree:
    """Formats to look for in a text, all at once.

    ``before``: what stands before each of them, as a pattern without groups. ``re`` looks for the first character of
    the whole at the speed of memory, and skips an alternative at once whose first character is a literal not there.
    """

    __slots__ = ("_first", "_forms", "_pattern")

    def __init__(self, forms: Iterable[Format], before: str) -> None:
        self._forms: list[Format] = []
        entries = [(*_split(pattern), form) for form in forms for pattern in _spelt_out(form.pattern)]
        # The group that tells where the boundary ends would hide the first characters from re: only where needed.
        self._first = 1 if before else 0
        self._pattern = re.compile(f"{before}{'()' * self._first}{self._branch(entries, 0)}", re.ASCII)

    def search(self, text: str) -> Iterator[tuple[int, int, Format]]:
        """Where each value stands (start, end), and its format; from left to right, none inside another."""
        forms, first = self._forms, self._first
        for found in self._pattern.finditer(text):
            form = forms[(found.lastindex or 0) - first - 1]
            yield found.start(first) - form.width, found.end(), form

    def _branch(self, entries: list[_Entry], depth: int) -> str:
        """The formats that share the first ``depth`` characters: longer literals first, then in their order."""
        by_next: dict[str, list[_Entry]] = {}
        here = []
        for entry in entries:
            if len(entry[0]) > depth:
                by_next.setdefault(entry[0][depth], []).append(entry)
            else:
                here.append(entry)
        branches = [letter + self._branch(longer, depth + 1) for letter, longer in by_next.items()]
        branches += [self._leaf(rest, form, depth) for _, rest, form in here]
        return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"

    def _leaf(self, rest: str, form: Format, depth: int) -> str:
        """What follows the prefix of a format, and an empty group that tells which format it was."""
        self._forms.append(form)
        prefix = "." * depth
        before = ""
        if form.strict:
            before = f"(?<![_./-]{prefix})"
        elif form.head:
            before = f"(?<={form.head}{prefix})"
        return f"{before}{rest}{_END if form.exact else ''}()"


def _split(pattern: str) -> tuple[list[str], str]:
    """The literal characters that a pattern begins with (as they are written there), and the rest of it."""
    letters = []
    at = 0
    while (letter := _LITERAL.match(pattern, at)) is not None:
        letters.append(letter[0])
        at = letter.end()
    return letters, pattern[at:]


def _spelt_out(pattern: str) -> list[str]:
    """A pattern once for each choice it begins with: ``(?:live|test)_`` has no literal prefix, ``live_`` has."""
    choice = _CHOICE.match(pattern)
    if choice is None:
        return [pattern]
    words = choice[1].split("|") if choice[1] else list(choice[3])
    if choice[2] or choice[4]:
        words.append("")
    return [each for word in words for each in _spelt_out(word + pattern[choice.end() :])]
