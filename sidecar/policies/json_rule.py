"""How ``success`` and ``throttled`` say which answers they mean: by status, and by one value in a JSON body."""

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, create_model, model_validator

from sidecar.policies.settings import Settings
from sidecar.rules.predicate import Pointer, Predicate, Scalar

_CLASS = re.compile(r"[1-5](xx|[0-9][0-9])")


def _status(value: Any) -> str:
    text = str(value).lower() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not _CLASS.fullmatch(text):
        msg = f"not a status: '{text}'; write it like 200, or 2xx for all of its class"
        raise ValueError(msg)
    return text


def _pointer(text: str) -> str:
    return Pointer(text).text


Status = Annotated[
    str,
    BeforeValidator(_status),
    WithJsonSchema({
        "anyOf": [{"type": "integer", "minimum": 100, "maximum": 599}, {"type": "string", "pattern": "^[1-5](xx|XX)$"}]
    }),
]  # fmt: skip
"""A status, or all of a class: ``200``, ``2xx``."""

PointerText = Annotated[str, Field(max_length=1000), AfterValidator(_pointer)]
"""The text of a JSON Pointer."""


def statuses(written: tuple[str, ...]) -> frozenset[int]:
    """The statuses that are meant."""
    found: set[int] = set()
    for text in written:
        first = int(text[0]) * 100
        found.update(range(first, first + 100) if text.endswith("xx") else (int(text),))
    return frozenset(found)


class _JsonRule(Settings):
    """One value in the JSON of an answer, and what it must be: exactly one of ``is``, ``equals`` and ``one_of``."""

    pointer: PointerText
    """Where the value stands (RFC 6901): ``/errors``, ``/data/0/status``; ``~1`` stands for a slash in a name."""
    equals: Scalar = None
    """It must be this text, number, ``true``, ``false`` or ``null``. 1 equals 1.0."""
    one_of: Annotated[tuple[Scalar, ...], Field(min_length=1)] | None = None
    """It must be one of these."""

    @model_validator(mode="after")
    def _one_question(self) -> Self:
        asked = (self.__dict__["is"] is not None, "equals" in self.model_fields_set, self.one_of is not None)
        if sum(asked) != 1:
            msg = "exactly one of is, equals and one_of must be set"
            raise ValueError(msg)
        return self

    def predicate(self) -> Predicate:
        """What is asked, ready to be asked."""
        pointer = Pointer(self.pointer)
        if "equals" in self.model_fields_set:  # null is a value, too
            return Predicate(pointer, values=(self.equals,))
        if self.one_of is not None:
            return Predicate(pointer, values=self.one_of)
        return Predicate(pointer, present=self.__dict__["is"] == "present")


if TYPE_CHECKING:
    JsonRule = _JsonRule
else:
    # ``is`` is a word of Python's own: a class cannot name a field so, pydantic can.
    JsonRule = create_model(
        "JsonRule",
        __base__=_JsonRule,
        __doc__=_JsonRule.__doc__,
        **{
            "is": (
                Literal["absent", "present"] | None,
                Field(
                    None,
                    description="``present``: it must be there and not null; ``absent``: it must not. An empty list is "
                    "there; to let it pass, point to its first entry: ``/errors/0``.",
                ),
            )
        },
    )
