"""Events that say the same again and again: which are written, and the line that says how many were not."""

import re
from typing import Any

from sidecar.rules.repeats import Repeats

WRITTEN = 10
"""Equal events that are written in each window."""
WINDOW = 10.0
"""Seconds of a window."""
_KEYS = 256
"""Different events that are told apart at once; the memory is bounded."""

_MAIN = ("provider", "route", "scope", "state", "error", "logger", "thread", "where")
"""What makes two events of a name the same. Ids, texts and numbers differ each time."""
_FRAME = re.compile(r'File "[^"\n]+", line \d+, in \S+')

Key = tuple[str, str, tuple[tuple[str, Any], ...]]


class Duplicates:
    """Decides about every event; ``summaries`` gives the lines about those that were held back."""

    __slots__ = ("_repeats",)

    def __init__(self) -> None:
        self._repeats: Repeats[Key] = Repeats(WRITTEN, WINDOW, _KEYS)

    def admit(self, level: str, event: str, fields: dict[str, Any], now: float) -> bool:
        """Whether this event is written."""
        return self._repeats.admit(_key(level, event, fields), now)

    @property
    def holding(self) -> bool:
        """Whether a window that is not over holds something back."""
        return self._repeats.holding

    def summaries(self, now: float) -> list[tuple[str, str, dict[str, Any]]]:
        """Level, name and fields of one event for each window that is over and held something back."""
        return [
            (level, event, {**dict(main), "repeated": count, "within_s": WINDOW})
            for (level, event, main), count in self._repeats.ended(now)
        ]


def _key(level: str, event: str, fields: dict[str, Any]) -> Key:
    """``where`` of an error is the innermost frame of its traceback: the same bug is the same line of code."""
    main = [(name, str(fields[name])) for name in _MAIN if name in fields]
    trace = fields.get("traceback")
    if isinstance(trace, str) and (frames := _FRAME.findall(trace)):
        main.append(("where", frames[-1]))
    return level, event, tuple(main)
