"""Texts that nobody wrote for a log: tracebacks, what libraries say, messages of bugs.

They quote what they stumbled over, and no name tells what that was. So whatever looks as if a machine had made it goes
as well. Names of functions, files and lines stay: they are what such a text is read for.
"""

import re
from collections.abc import Callable

from sidecar.redaction.kinds import MARKER

_WORD = re.compile(rf"{MARKER.pattern}|[A-Za-z0-9_+=~\-]{{12,}}+")
_HARMLESS = re.compile(r"0x[0-9a-f]+|\d{4}-\d\d-\d\dT\d\d")
"""Addresses of objects; dates."""


def without_made(text: str, mark: Callable[[], str]) -> str:
    """A text without words of twelve characters and more that hold digits and letters; ``mark``: what stands for one.

    With an underscore a word is the name of something, unless capitals and small letters are mixed in it.
    """
    return _WORD.sub(lambda match: mark() if _made(match[0]) else match[0], text)


def _made(word: str) -> bool:
    if not any(map(str.isdigit, word)) or not any(map(str.isalpha, word)) or _HARMLESS.fullmatch(word):
        return False
    mixed = word.lower() != word and word.upper() != word
    return word[0] != "[" and (mixed or "_" not in word)
