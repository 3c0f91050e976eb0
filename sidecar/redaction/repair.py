"""JSON that is cut off, or that is not quite JSON: as much of it as can be had, as a tree.

Bodies are kept up to a limit, connections break off, and what calls itself JSON is sometimes the print-out of a Python
dictionary. A tree shows which value stands under which name; the text alone does not.

Integers of more than 64 bits become floats, and of members with the same name the last one stays, as orjson has it.
"""

import re
from typing import Any

import orjson

from sidecar.redaction.cut import TRUNCATED
from sidecar.redaction.lenient import DEEPEST, NO_JSON, lenient

__all__ = ["NO_JSON", "repaired"]

_GUARD = re.compile(r"\s*+(?:\)\]\}',?|for ?\(;;\);|while ?\(1\);|throw 1;|(?:/\*\*/)?[\w$.]{1,64}\((?=[{\[]))?\s*+")
"""What is put before JSON so that no script can include it, or so that one can (JSONP)."""
_UNGUARD = re.compile(r"\)\s*+;?\s*+\Z")
_TO_OPEN_STRING = re.compile(r"[^\"\\]*+(?:\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\"[^\"\\]*+)*+", re.DOTALL)
"""All up to a string that has no end."""
_STRING_OR_COMMA = re.compile(r"(\"[^\"\\]*+(?:\\.[^\"\\]*+)*+\")|,(?=\s*+[}\]])", re.DOTALL)
"""A string, which is kept, or a comma before the end of a container."""
_EXTRA_COMMA = re.compile(r",(?=\s*+[}\]])")
_PYTHON_WORD = re.compile(r"(?<![\w'])(?:True|False|None)(?=\s*+[,}\])])")
_PYTHON_WORDS = {"True": "true", "False": "false", "None": "null"}
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_CLOSER = {"[": "]", "{": "}"}
_ROUNDS = 4
"""How often empty pairs of brackets are taken out at once, before the rest is walked: most documents are no deeper."""
_LAST_WORD = re.compile(r"[^\s\"\[\]{},:]{1,64}\Z")
"""A number, ``true``, ``false`` or ``null`` at the cut, perhaps not all of it."""
_LONGEST_WORD = 64
_MARK = f'"{TRUNCATED}"'


def repaired(text: str) -> Any:
    """The tree of a document, or of what is left of one; ``NO_JSON`` if it is none.

    A string, number or name that was cut is dropped whole, since half a card number is found by no detector; the value
    it belonged to is ``"<truncated>"``.
    """
    tree = _loaded(text)
    if tree is not NO_JSON:
        # A bare number may be the beginning of one.
        return NO_JSON if type(tree) in {int, float} else tree
    guard = _GUARD.match(text)
    if guard is not None and guard.end():
        text = text[guard.end() :]
        if guard[0].rstrip().endswith("("):
            text = text[: end.start()] if (end := _UNGUARD.search(text, max(0, len(text) - _LONGEST_WORD))) else text
    if text[:1] not in _CLOSER:
        return NO_JSON
    tree = _completed(text)
    if tree is NO_JSON and "'" in text and '"' not in text and "\\" not in text:
        # Most print-outs of Python dictionaries need no more than this.
        words = _PYTHON_WORD.sub(lambda word: _PYTHON_WORDS[word[0]], text)
        tree = _completed(words.replace("'", '"'))
    return lenient(text) if tree is NO_JSON else tree


def _completed(text: str) -> Any:
    for closed in _closed(text):
        tree = _loaded(closed)
        if tree is NO_JSON and _EXTRA_COMMA.search(closed):
            tree = _loaded(_without_extra_commas(closed))
        if tree is not NO_JSON:
            return tree
    return NO_JSON


def _loaded(text: str) -> Any:
    """The tree of valid JSON that can be written again: orjson reads deeper nesting than it writes."""
    try:
        tree = orjson.loads(text)
        if text.count("[") + text.count("{") > DEEPEST:
            orjson.dumps(tree)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, UnicodeEncodeError):
        return NO_JSON
    return tree


def _without_extra_commas(text: str) -> str:
    if '\\"' in text:
        return _STRING_OR_COMMA.sub(r"\1", text)
    parts = text.split('"')
    parts[::2] = _EXTRA_COMMA.sub("", '"'.join(parts[::2])).split('"')
    return '"'.join(parts)


def _closed(text: str) -> list[str]:
    """The text with all that is open in it closed: ways in which it may be valid, if it only lacks its end."""
    outside = (text.replace("\\\\", "").replace('\\"', "") if "\\" in text else text).split('"')
    opened = _open_brackets("".join(outside[::2]))
    if opened is None:
        return []
    end = len(text) if len(outside) % 2 else _start_of_open_string(text)
    head = text[:end]
    closers = "".join(_CLOSER[bracket] for bracket in reversed(opened))
    if not opened:
        return [head] if end == len(text) else []
    if end < len(text):
        return [_without_value(head.rstrip(), opened) + closers]
    word = _LAST_WORD.search(text, max(0, end - _LONGEST_WORD))
    if word:
        return [_without_value(text[: word.start()].rstrip(), opened) + closers]
    head = head.rstrip()
    if head[-1] in ":,":
        return [_without_value(head, opened) + closers]
    # A string before the cut may be a value, or a name whose value is missing.
    return [head + closers, f"{head}:{_MARK}{closers}"] if head[-1] == '"' else [head + closers]


def _without_value(head: str, opened: str) -> str:
    """All before a value that was cut, and the mark in its place; a name that was cut leaves none."""
    if head[-1:] == ":" or opened[-1] == "[":
        return head + _MARK
    return head.removesuffix(",")


def _start_of_open_string(text: str) -> int:
    start = text.rfind('"')
    if text[start - 1] == "\\" and (match := _TO_OPEN_STRING.match(text)):
        return match.end()
    return start


def _open_brackets(text: str) -> str | None:
    """The brackets that are not closed, from the outside in; None if they do not match, or are too many."""
    brackets = text.encode("utf-8", "replace").translate(None, _NOT_BRACKETS)
    for _ in range(_ROUNDS):
        brackets = brackets.replace(b"[]", b"").replace(b"{}", b"")
    opened: list[str] = []
    for bracket in brackets.decode():
        if bracket in _CLOSER:
            opened.append(bracket)
            if len(opened) > DEEPEST:
                return None
        elif not opened or _CLOSER[opened.pop()] != bracket:
            return None
    return "".join(opened)
