"""The ground under every settings model: strict, frozen, with units.

A policy's settings are a ``Settings`` subclass in the policy's own file. Values are written with units
(``250ms``, ``64KiB``, ``20%``); after validation they are plain numbers: seconds, bytes, fractions.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from sidecar.core import units


class Settings(BaseModel):
    """Unknown keys are errors, values never change after loading.

    Defaults are plain numbers and not validated again: ``1.0`` is a second there, and a mistake in a file. Texts
    do not appear in the ``repr``: each may be a secret that came from a file.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @classmethod
    def unset(cls) -> Self:
        """The settings that hold where nobody wrote the key."""
        return cls()

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, value if isinstance(value, int | float | BaseModel | None) else ...


class Switchable(Settings):
    """Settings of a policy that is off until its key is written: in the file, or by a profile or preset.

    ``breaker: off`` is short for ``breaker: {mode: off}``.
    """

    mode: Literal["enforce", "observe", "off"] = "enforce"
    """``observe`` counts what it would have done (sidecar_observed_total), and does nothing; ``off`` takes it away."""

    @classmethod
    def unset(cls) -> Self:
        """Nobody wrote the key: the policy is off."""
        return cls(mode="off")

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"mode": "off"} if value == "off" or value is False else value


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


def _rate(value: Any) -> Any:
    if isinstance(value, units.Rate):
        return value
    if not isinstance(value, str):
        msg = "not a rate: write it like 100/s, 1000/m or 50000/d"
        raise ValueError(msg)
    rate = units.rate(value)
    if rate.events <= 0:
        msg = "a rate must be more than 0; to stop all calls use enabled: false"
        raise ValueError(msg)
    return rate


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

Rate = Annotated[
    units.Rate,
    PlainValidator(_rate),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?/(s|m|h|d)$", "examples": ["100/s", "50000/d"]}),
]
"""So many in a period; written ``100/s``, ``1000/m``, ``50000/d``."""

FieldName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$", max_length=100)]
"""The name of a header (RFC 9110 5.1)."""
