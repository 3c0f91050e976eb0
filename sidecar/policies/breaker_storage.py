"""pybreaker, imported without what it drags in, and the storage that it asks for state and evidence."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

from sidecar.rules.trip import Trip


@contextmanager
def _hidden(*packages: str) -> Iterator[None]:
    """Meanwhile these packages cannot be imported, as None stands in ``sys.modules``; then all is as before.

    pybreaker imports redis and tornado where they are installed, for a storage and decorators that we do not use:
    9.3 MB of memory and 70 ms.
    """
    modules = cast("dict[str, Any]", sys.modules)
    before = {name: modules[name] for name in packages if name in modules}
    modules.update(dict.fromkeys(packages))
    try:
        yield
    finally:
        for name in packages:
            del modules[name]
        modules.update(before)


with _hidden("redis", "tornado"):
    import pybreaker

__all__ = ["FAIL_MAX", "Storage", "pybreaker"]

FAIL_MAX = 1
"""``Storage.counter`` when it is time to open."""


class Storage(pybreaker.CircuitBreakerStorage):
    """What pybreaker asks, answered from the rolling window instead of a count of failures in a row.

    Calls are counted by ``Trip.count`` before pybreaker hears of them, as it has no word for the time, nor for slow.
    Its date of opening is wall-clock time and is not kept: when trials may begin is the guard's to say. ``why``: what
    the change under way comes from.
    """

    def __init__(self, trip: Trip) -> None:
        super().__init__("rolling window")
        self._state: str = pybreaker.STATE_CLOSED
        self._successes = 0
        self.trip = trip
        self.why = ""

    @property
    def state(self) -> str:
        """closed, open or half-open. pybreaker sets it after the listeners have heard of the change."""
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        self._state = state
        if state == pybreaker.STATE_CLOSED:
            self.trip.forget()

    @property
    def counter(self) -> int:
        """``FAIL_MAX`` exactly when volume and rates, or the failures in a row, say so."""
        why = self.trip.reason()
        if why is None:
            return 0
        self.why = why
        return FAIL_MAX

    @property
    def success_counter(self) -> int:
        """Trials that succeeded in this half-open period."""
        return self._successes

    def increment_success_counter(self) -> None:
        """One more trial has succeeded."""
        self._successes += 1

    def reset_success_counter(self) -> None:
        """A period begins or ends."""
        self._successes = 0

    @property
    def opened_at(self) -> datetime | None:
        """Not kept."""
        return None

    @opened_at.setter
    def opened_at(self, datetime: datetime) -> None:
        """Not kept."""
