"""What a JSON document has to say: one value in it, and what is asked of that value."""

import re
from typing import Any, Final

Scalar = str | int | float | bool | None
"""A JSON value without parts."""

ABSENT: Final[Any] = object()
"""Stands for a value that is not there."""

_BAD_ESCAPE = re.compile(r"~(?![01])")
_INDEX = re.compile(r"0|[1-9][0-9]{0,8}")


class Pointer:
    """A JSON Pointer (RFC 6901): ``/errors/0/code``. ``~1`` stands for a slash in a name, ``~0`` for a tilde.

    Raises:
        ValueError: the text is not a pointer.
    """

    __slots__ = ("_steps", "text")

    def __init__(self, text: str) -> None:
        if text and not text.startswith("/"):
            msg = f"not a JSON pointer: '{text}'; it begins with a slash, such as /errors or /data/0/status"
            raise ValueError(msg)
        if _BAD_ESCAPE.search(text):
            msg = f"not a JSON pointer: '{text}'; write ~0 for a tilde and ~1 for a slash in a name"
            raise ValueError(msg)
        self.text = text
        self._steps = tuple(_step(token) for token in text.split("/")[1:])

    def find(self, document: Any) -> Any:
        """The value that the pointer leads to, or ``ABSENT``. ``-``, the end of a list, is never there."""
        value = document
        for name, index in self._steps:
            if isinstance(value, dict):
                value = value.get(name, ABSENT)
            elif isinstance(value, list) and index is not None and index < len(value):
                value = value[index]
            else:
                return ABSENT
        return value


class Predicate:
    """What is asked of the value at a pointer. ``said``: what is wrong when it does not hold; never a value."""

    __slots__ = ("_find", "_present", "_values", "said")

    def __init__(self, pointer: Pointer, *, present: bool = True, values: tuple[Scalar, ...] | None = None) -> None:
        """``values``: the value must be one of these; without them it must be ``present``, or not.

        Present is what is there and not null: providers that always write all their fields write null for nothing.
        """
        self._find = pointer.find
        self._present = present
        self._values = values
        where = pointer.text or "the whole document"
        if values is not None:
            self.said = f"{where} is not as it must be"
        else:
            self.said = f"{where} is not {'present' if present else 'absent'}"

    def holds(self, document: Any) -> bool:
        """Whether the document says so."""
        found = self._find(document)
        if self._values is not None:
            return any(_same(found, value) for value in self._values)
        return (found is not ABSENT and found is not None) is self._present


def _step(token: str) -> tuple[str, int | None]:
    """The name that a token stands for in an object, and its index in a list if it can be one (RFC 6901 4)."""
    index = int(token) if _INDEX.fullmatch(token) else None
    return token.replace("~1", "/").replace("~0", "~"), index


def _same(found: Any, value: Scalar) -> bool:
    """Equal in JSON: 1 is 1.0, but not true."""
    return bool(found == value) and isinstance(found, bool) is isinstance(value, bool)
