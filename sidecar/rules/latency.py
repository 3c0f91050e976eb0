"""How long a provider usually takes: a quantile of its last answers, for hedging."""

_SAMPLES = 256
_LEAST = 20
"""Answers before there is a figure: the 95th percentile of fewer is their maximum."""
_EVERY = 32
"""Answers between two looks: sorting 256 numbers costs 10 us."""


class Latency:
    """The last answers' times in seconds. ``quantile``: 0.95 for the 95th percentile."""

    __slots__ = ("_at", "_due", "_quantile", "_samples", "_value")

    def __init__(self, quantile: float) -> None:
        self._quantile = quantile
        self._samples: list[float] = []
        self._at = 0
        self._due = _LEAST
        self._value: float | None = None

    def observe(self, seconds: float) -> None:
        """One more answer took that long."""
        samples = self._samples
        if len(samples) < _SAMPLES:
            samples.append(seconds)
        else:
            samples[self._at] = seconds
            self._at = (self._at + 1) % _SAMPLES
        self._due -= 1
        if self._due <= 0:
            self._due = _EVERY
            self._value = sorted(samples)[min(int(len(samples) * self._quantile), len(samples) - 1)]

    @property
    def value(self) -> float | None:
        """The quantile in seconds; None while too little is known."""
        return self._value
