"""What people ask for in the body of a change: read, checked, and every mistake named with its field."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from sidecar.core.units import duration

_LONGEST_REASON = 500
_LONGEST_WHO = 100
_LONGEST_KILL = 3650 * 86400.0
"""Seconds; what is to last longer belongs into the configuration: ``enabled: false``."""


class BadOrder(Exception):
    """The body cannot be read (``mistakes`` is empty), or fields are wrong. ``mistakes``: field -> what is wrong."""

    def __init__(self, detail: str, mistakes: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.mistakes = dict(mistakes or {})


@dataclass(frozen=True, slots=True)
class KillOrder:
    """Switch a provider off. ``until``: Unix seconds, None for no end."""

    reason: str
    who: str
    until: float | None


@dataclass(frozen=True, slots=True)
class BreakerOrder:
    """Hold a breaker ``open`` or ``closed``. ``scope``: which one; None for all of the provider."""

    state: str
    reason: str
    who: str
    scope: str | None


def kill_order(content: bytes, wall: float) -> KillOrder:
    """``{"reason": ..., "who": ..., "expires": "10m"}``; ``wall``: now, in Unix seconds.

    Raises:
        BadOrder: see there.
    """
    fields = _Fields(content)
    order = KillOrder(
        fields.take("reason", lambda value: _text(value, _LONGEST_REASON)),
        fields.take("who", lambda value: _text(value, _LONGEST_WHO)),
        fields.take("expires", lambda value: _moment(value, wall), optional=True),
    )
    fields.check()
    return order


def breaker_order(content: bytes) -> BreakerOrder:
    """``{"state": "open", "reason": ..., "who": ..., "scope": "provider"}``.

    Raises:
        BadOrder: see there.
    """
    fields = _Fields(content)
    order = BreakerOrder(
        fields.take("state", _state),
        fields.take("reason", lambda value: _text(value, _LONGEST_REASON)),
        fields.take("who", lambda value: _text(value, _LONGEST_WHO)),
        fields.take("scope", lambda value: _text(value, _LONGEST_WHO), optional=True),
    )
    fields.check()
    return order


class _Fields:
    """The members of a JSON object, taken one by one; mistakes are gathered and raised at once."""

    def __init__(self, content: bytes) -> None:
        try:
            data = orjson.loads(content)
        except ValueError:
            raise BadOrder("the body is not JSON") from None
        if not isinstance(data, dict):
            raise BadOrder("the body must be a JSON object")
        self._left: dict[str, Any] = data
        self._known: list[str] = []
        self._mistakes: dict[str, str] = {}

    def take(self, name: str, read: Callable[[Any], Any], *, optional: bool = False) -> Any:
        """The value of a member as ``read`` gives it; null counts as absent. None when it is wrong or absent."""
        self._known.append(name)
        value = self._left.pop(name, None)
        if value is None:
            if not optional:
                self._mistakes[name] = "is missing"
            return None
        try:
            return read(value)
        except ValueError as error:
            self._mistakes[name] = str(error)
            return None

    def check(self) -> None:
        """Raise if anything was wrong, or is left over."""
        for name in self._left:
            self._mistakes[name] = f"is not known; possible are {', '.join(self._known)}"
        if self._mistakes:
            raise BadOrder("; ".join(f"{name} {why}" for name, why in self._mistakes.items()), self._mistakes)


def _text(value: Any, longest: int) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > longest or not text.isprintable():
        raise ValueError(f"must be one line of text of 1 to {longest} characters")
    return text


def _state(value: Any) -> str:
    if value not in ("open", "closed"):
        raise ValueError("must be open or closed")
    return str(value)


def _moment(value: Any, wall: float) -> float:
    """Unix seconds of ``10m`` from now, or of an RFC 3339 time."""
    how = "must be a duration like 10m, or a time like 2030-01-31T12:00:00Z"
    if not isinstance(value, str):
        raise ValueError(how)
    try:
        until = wall + duration(value)
    except ValueError:
        until = _time(value, how)
    if until <= wall:
        raise ValueError("must lie in the future")
    if until > wall + _LONGEST_KILL:
        raise ValueError("lies more than ten years ahead; leave it out for no end")
    return until


def _time(text: str, how: str) -> float:
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        raise ValueError(how) from None
    if moment.tzinfo is None:
        raise ValueError("must say its time zone, such as Z for UTC: 2030-01-31T12:00:00Z")
    return moment.timestamp()
