"""Durations counted by bucket, for ``/metrics``."""

from bisect import bisect_left

BUCKETS: tuple[float, ...] = (
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0, 120.0,
)  # fmt: skip
"""Upper bounds in seconds: those of OpenTelemetry's HTTP conventions, and 30, 60, 120 for slow APIs."""


class Histogram:
    """Counts per bucket (the last is +Inf), the sum, and the last request id seen in each bucket."""

    __slots__ = ("counts", "exemplars", "sum")

    def __init__(self) -> None:
        self.counts = [0] * (len(BUCKETS) + 1)
        self.sum = 0.0
        self.exemplars: list[tuple[str, float] | None] = [None] * (len(BUCKETS) + 1)

    def observe(self, seconds: float) -> None:
        """Count one value."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.sum += seconds

    def observe_with(self, seconds: float, request_id: str) -> None:
        """Count one value and remember whose it was (an OpenMetrics exemplar)."""
        bucket = bisect_left(BUCKETS, seconds)
        self.counts[bucket] += 1
        self.sum += seconds
        self.exemplars[bucket] = (request_id, seconds)
