"""What policies remember: it outlives a reload while the settings it was made of stay the same."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")

Key = tuple[Hashable, ...]
"""Provider, policy, and the settings (or the part of them) that the state depends on."""


class Kept:
    """The state of one table's policies. Routes that ask with the same key share one object."""

    __slots__ = ("_before", "objects")

    def __init__(self, before: "Kept | None" = None) -> None:
        self._before: dict[Key, Any] = before.objects if before is not None else {}
        self.objects: dict[Key, Any] = {}

    def get(self, key: Key, make: Callable[[], T]) -> T:
        """The object under this key: of this table, else of the one before, else a new one."""
        found = self.objects.get(key)
        if found is None:
            found = self.objects[key] = self._before.get(key) or make()
        return cast("T", found)

    def forget_before(self) -> None:
        """The table is built: what it did not ask for may go."""
        self._before = {}
