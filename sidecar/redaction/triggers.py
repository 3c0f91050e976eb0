"""Triggers out of exact patterns: looser, with few states, for an automaton that many families share."""

import re

_COUNT = re.compile(r"\{(\d+)(?:,(\d*))?\}")
_OPEN = re.compile(r"\\.|\[(?:\\.|[^\]\\])+\]|([()])|(\{\d+,\})", re.DOTALL)
_CHARS = 8
"""How many characters of a long run a trigger wants to see."""


def trigger(pattern: str) -> str:
    """A pattern that matches wherever another does: cut after its first open run, and with small counts."""
    depth = 0
    for part in _OPEN.finditer(pattern):
        if part[1] is not None:
            depth += 1 if part[1] == "(" else -1
        elif part[2] is not None and depth == 0:
            least = min(int(part[2][1:-2]), _CHARS)
            return _COUNT.sub(_small, pattern[: part.start()]) + f"{{{least}}}"
    return _COUNT.sub(_small, pattern)


def _small(count: re.Match[str]) -> str:
    """A count that every text fits which fits the real one."""
    least, most = int(count[1]), count[2]
    if least <= _CHARS and (most is None or (most and int(most) <= _CHARS)):
        return count[0]
    return f"{{{min(least, _CHARS)},}}"
