"""When a breaker opens: too many failures or slow calls among enough of them, or too many failures in a row."""

from dataclasses import dataclass

from sidecar.rules.window import Window


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What is too much. Rates are fractions, over 0; ``consecutive``: 0 switches that rule off."""

    min_calls: int
    error_rate: float
    slow_rate: float
    consecutive: int


class Trip:
    """The evidence of one breaker. ``in_a_row``: failures since the last call that was none."""

    __slots__ = ("_thresholds", "in_a_row", "window")

    def __init__(self, thresholds: Thresholds, window: Window) -> None:
        self._thresholds = thresholds
        self.window = window
        self.in_a_row = 0

    def count(self, now: float, *, failed: bool = False, slow: bool = False) -> None:
        """One call that ended at ``now``."""
        self.in_a_row = self.in_a_row + 1 if failed else 0
        self.window.add(now, failed=failed, slow=slow)

    def forget(self) -> None:
        """Nothing has been counted."""
        self.in_a_row = 0
        self.window.forget()

    def reason(self) -> str | None:
        """Why the breaker must open after the call counted last, None when it need not.

        To be asked after a failure or a slow call: a good one is no reason to stop, even if it completes ``min_calls``.
        Rates are compared as they are: rounding moves the threshold, as failsafe-go shows. Quotients, not products: the
        nearest float to 7/100 is the number that ``7%`` was read as, whereas 0.07 * 100 is more than 7.
        """
        limits, window = self._thresholds, self.window
        if limits.consecutive and self.in_a_row >= limits.consecutive:
            return "consecutive"
        calls = window.calls
        if not calls or calls < limits.min_calls:
            return None
        if window.failures / calls >= limits.error_rate:
            return "error_rate"
        return "slow_rate" if window.slow / calls >= limits.slow_rate else None
