"""The last calls that failed, as they may be shown: what ``sidecar support`` and ``GET /calls`` read.

Kept in memory, so that a support packet can be made of a call that nobody expected to fail. Everything in here is
redacted, and encoded already: its size is known to the byte, and the oldest calls go when there is no more room.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

_OVERHEAD = 1024
"""Bytes that a call takes beside its content: its ids and the containers around them."""


class Failure(NamedTuple):
    """One call that failed.

    ``ids``: what it can be found by: request id, trace id, the provider's ids. ``content``: the packet as JSON, but for
    what ``route`` says about every call of its route.
    """

    ids: tuple[str, ...]
    content: bytes
    route: Mapping[str, Any]


class Failures:
    """A ring of failed calls. ``calls`` and ``size``: how many it holds at most, and of how many bytes; 0: none."""

    __slots__ = ("_calls", "_most", "_room", "_size")

    def __init__(self, calls: int = 0, size: int = 0) -> None:
        self._calls: deque[Failure] = deque()
        self._most = calls
        self._room = size
        self._size = 0

    def __bool__(self) -> bool:
        """Whether anything is kept at all."""
        return self._most > 0 and self._room > 0

    def __len__(self) -> int:
        """How many calls are here."""
        return len(self._calls)

    @property
    def size(self) -> int:
        """Bytes that they take."""
        return self._size

    def add(self, failure: Failure) -> bool:
        """Keep one more call, and let the oldest go for it; False: it is larger than all the room there is."""
        needed = len(failure.content) + _OVERHEAD
        if not self or needed > self._room:
            return False
        calls = self._calls
        while len(calls) >= self._most or self._size + needed > self._room:
            self._size -= len(calls.popleft().content) + _OVERHEAD
        calls.append(failure)
        self._size += needed
        return True

    def newest(self) -> Iterator[Failure]:
        """Every call that is here, the newest first."""
        return iter(reversed(self._calls))

    def find(self, name: str) -> list[Failure]:
        """The calls with this id, the newest first: an app may give several calls the same one."""
        return [failure for failure in self.newest() if name in failure.ids]
