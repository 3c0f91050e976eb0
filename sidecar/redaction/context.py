"""What stands around a value: the words of its name, and markers, which must never be read again."""

import re
from functools import lru_cache

from sidecar.redaction.family import Find, Span
from sidecar.redaction.kinds import MARKER

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NAME_CHARS = 64
_NO_WORDS: frozenset[str] = frozenset()


def words(name: str) -> frozenset[str]:
    """The words of a name in lower case: ``shippingOrder_ID`` has ``shipping``, ``order``, ``id``. A cached look-up."""
    return _words(name[-_NAME_CHARS:]) if name else _NO_WORDS


@lru_cache(maxsize=4096)
def _words(name: str) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(name))


def outside_markers(find: Find) -> Find:
    """A search that sees line breaks in place of markers, so that nothing is found inside or across one.

    A line break ends every search for the words before a value: what follows a marker is judged by itself.
    """

    def search(text: str, key: str) -> list[Span]:
        if "[REDACTED:" in text:
            text = MARKER.sub(_blank, text)
        found = find(text, key)
        return found if type(found) is list else list(found)

    return search


def _blank(match: re.Match[str]) -> str:
    return "\n" * (match.end() - match.start())


def lowered(text: str) -> str:
    """A text in lower case, with every character at its place: a few capitals have two in lower case."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join([character.lower()[:1] for character in text])


def listed(names: str) -> frozenset[str]:
    """The names in a text."""
    return frozenset(names.split())


def any_of(phrases: str) -> str:
    """A pattern for phrases (plain text, parted by ``|``): those with the same first letter together, longest first.

    Python tries alternatives one by one; this way most are passed over with one look at a letter.
    """
    by_letter: dict[str, list[str]] = {}
    for phrase in sorted(phrases.split("|"), key=len, reverse=True):
        by_letter.setdefault(phrase[0], []).append(re.escape(phrase[1:]))
    return "|".join([f"{re.escape(letter)}(?:{'|'.join(rests)})" for letter, rests in sorted(by_letter.items())])


def word_trigger(phrases: str) -> str:
    """A trigger for phrases, in any case: at the start of a word, before what is no letter."""
    listed = phrases.split("|")
    latin = "|".join([re.escape(phrase) for phrase in listed if phrase[0].isascii()])
    others = "".join([f"|{re.escape(phrase)}" for phrase in listed if not phrase[0].isascii()])
    return rf"(?i:\b(?:{latin}){others})[^A-Za-z]"
