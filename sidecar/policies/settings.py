"""The ground under every settings model: strict, frozen, with units.

A policy's settings are a ``Settings`` subclass in the policy's own file. Values are written with units
(``250ms``, ``64KiB``, ``20%``); after validation they are plain numbers: seconds, bytes, fractions.
"""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema

from sidecar.core import units


class Settings(BaseModel):
    """Unknown keys are errors, values never change after loading.

    Defaults are plain numbers and not validated again: ``1.0`` is a second there, and a mistake in a file. Texts
    do not appear in the ``repr``: each may be a secret that came from a file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True)

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, value if isinstance(value, int | float | BaseModel | None) else ...


def _duration(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        msg = "not a duration: write it like 250ms, 1.5s, 2m or 1h"
        raise ValueError(msg)
    if value == 0:
        return 0.0
    return units.duration(str(value))


def _size(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int):
        msg = "not a size: write it like 64KiB, 10MB or 512"
        raise ValueError(msg)
    return units.size(str(value))


def _fraction(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        msg = "not a percentage: write it like 20% or 0.2"
        raise ValueError(msg)
    return units.fraction(str(value))


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema({
        "type": ["string", "integer"],
        "pattern": r"^(\d+(\.\d+)?(us|ms|s|m|h|d))+$",
        "maximum": 0,
        "description": "a duration such as 250ms, 1.5s, 2m, 1h; 0 where it may be switched off",
    }),
]  # fmt: skip
"""Seconds; written ``250ms``, ``1.5s``, ``2m``, ``1h``."""

Size = Annotated[
    int,
    BeforeValidator(_size),
    WithJsonSchema({
        "type": ["string", "integer"],
        "pattern": r"^\d+(\.\d+)?\s?(B|KB|MB|GB|KiB|MiB|GiB)?$",
        "minimum": 0,
    }),
]  # fmt: skip
"""Bytes; written ``64KiB``, ``10MB`` or a number."""

Fraction = Annotated[
    float,
    BeforeValidator(_fraction),
    WithJsonSchema({"type": ["string", "number"], "pattern": r"^\d+(\.\d+)?\s?%$", "minimum": 0, "maximum": 1}),
]
"""0 to 1; written ``20%`` or ``0.2``."""
