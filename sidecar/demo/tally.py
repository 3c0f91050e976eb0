"""What the demo counts: outcomes, codes and waiting times, as the app sees them."""

import math
from collections import Counter, deque
from collections.abc import Sequence

from sidecar.demo.client import CUT, Seen

RECENT = 200
"""Calls behind the live percentiles: about the last ten seconds."""
_STRIP = 600
_LAST = 60


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` (0 to 1) of ``values`` do not exceed (nearest rank); 0.0 when there is none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


class Tally:
    """Counts of one demo.

    ``strip`` holds the outcome of every recent call, oldest first. ``codes`` counts the sidecar's own answers by code
    and status; the status is 0 where an answer of the provider was cut off.
    """

    def __init__(self) -> None:
        self.calls = 0
        self.outcomes: Counter[str] = Counter()
        self.codes: Counter[tuple[str, int]] = Counter()
        self.last: deque[Seen] = deque(maxlen=_LAST)
        self.strip: deque[str] = deque(maxlen=_STRIP)
        self.times: list[float] = []
        self.longest = 0.0

    def add(self, seen: Seen) -> None:
        """Count one finished call."""
        self.calls += 1
        self.outcomes[seen.outcome] += 1
        if seen.code:
            self.codes[seen.code, 0 if seen.code == CUT else seen.status] += 1
        self.last.append(seen)
        self.strip.append(seen.outcome)
        self.times.append(seen.ms)
        self.longest = max(self.longest, seen.ms)

    def ranking(self) -> list[tuple[str, int]]:
        """Outcomes and counts; success first, then the most frequent."""
        rest = [pair for pair in self.outcomes.most_common() if pair[0] != "success"]
        return [("success", self.outcomes["success"]), *rest]
