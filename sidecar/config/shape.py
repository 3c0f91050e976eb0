"""Which keys a settings model allows at a place, and which of them a misspelt one was meant to be."""

import difflib
from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, JsonValue


def nearest(word: str, choices: Iterable[str]) -> str:
    """The choice that was probably meant, or an empty text; ``-`` and ``_`` are the same here."""
    by_lower = {choice.lower().replace("-", "_"): choice for choice in choices}
    near = difflib.get_close_matches(word.lower().replace("-", "_"), by_lower, n=1, cutoff=0.6)
    return by_lower[near[0]] if near else ""


def keys_at(model: Any, loc: Iterable[str | int]) -> list[str]:
    """The keys that a model allows at a location."""
    kinds: list[Any] = [model]
    for step in loc:
        kinds = [child for kind in kinds for child in children(kind, step)]
    return [name for kind in kinds if is_model(kind) for name in kind.model_fields]


def children(kind: Any, step: str | int) -> list[Any]:
    """The types that a model or a container has under a key or index."""
    if is_model(kind):
        field = kind.model_fields.get(str(step))
        return members(field.annotation) if field else []
    arguments = get_args(kind)
    if get_origin(kind) in {tuple, list, set, frozenset} and arguments:
        return members(arguments[0])
    if get_origin(kind) in {dict, Mapping} and arguments:
        return members(arguments[1])
    return []


def members(annotation: Any) -> list[Any]:
    """The members of a union without None, or the type alone; bare of ``Annotated``."""
    if get_origin(annotation) is Annotated:
        return members(get_args(annotation)[0])
    if get_origin(annotation) in {Union, UnionType}:
        return [one for part in get_args(annotation) if part is not NoneType for one in members(part)]
    return [annotation]


def is_model(kind: Any) -> bool:
    """Whether a type is a settings model."""
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def is_mapping(kind: Any) -> bool:
    """Whether a type is a mapping whose values are known, such as header -> text."""
    return get_origin(kind) in {dict, Mapping}


def is_free(kind: Any) -> bool:
    """Whether any value may stand here, such as a JSON body."""
    return kind is Any or kind is JsonValue


def is_rule(kind: Any) -> bool:
    """Whether a block is one statement, such as a JSON pointer and what must stand there: it has a required key."""
    return is_model(kind) and any(field.is_required() for field in kind.model_fields.values())
