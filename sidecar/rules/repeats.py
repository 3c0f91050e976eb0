"""Which of many equal log events are written: the first few of each window. The others are counted.

A bug that strikes with every call must not bury the log, nor fill the disk, with one traceback a thousand times.
"""

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


class _Window:
    __slots__ = ("began", "seen")

    def __init__(self, began: float) -> None:
        self.began = began
        self.seen = 0


class Repeats(Generic[K]):
    """Up to ``limit`` events of a key pass in each window of ``seconds``; the first of them begins it.

    At most ``keys`` windows are kept: a further key pushes out the oldest one, as if it had ended.
    """

    __slots__ = ("_held_back", "_keys", "_limit", "_windows", "seconds")

    def __init__(self, limit: int, seconds: float, keys: int) -> None:
        self.seconds = seconds
        self._limit = limit
        self._keys = keys
        # In the order in which they began: all are of the same length, so in that of their ends.
        self._windows: dict[K, _Window] = {}
        self._held_back: list[tuple[K, int]] = []

    def admit(self, key: K, now: float) -> bool:
        """Whether this event is written. ``now``: monotonic seconds."""
        window = self._windows.get(key)
        if window is not None and now - window.began >= self.seconds:
            self._end(key)
            window = None
        if window is None:
            if len(self._windows) >= self._keys:
                self._end(next(iter(self._windows)))
            window = self._windows[key] = _Window(now)
        window.seen += 1
        return window.seen <= self._limit

    @property
    def holding(self) -> bool:
        """Whether a window that was not told yet holds something back."""
        return bool(self._held_back) or any(window.seen > self._limit for window in self._windows.values())

    def ended(self, now: float) -> list[tuple[K, int]]:
        """The keys of windows that are over, with how many events each held back; none twice, and none with 0."""
        for key, window in list(self._windows.items()):
            if now - window.began < self.seconds:
                break
            self._end(key)
        told, self._held_back = self._held_back, []
        return told

    def _end(self, key: K) -> None:
        more = self._windows.pop(key).seen - self._limit
        if more > 0:
            self._held_back.append((key, more))
