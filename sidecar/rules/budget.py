"""The retry budget: retries are a bounded share of the requests, so that an outage is not answered with a storm.

Finagle's RetryBudget and Envoy's retry_budget have the same two numbers, a ratio and a floor for providers that are
called rarely. Two things differ: the window is one second, so that no second sees more; and a retry counts from the
moment it is decided until a second after it was sent (Envoy #30205: 1000 waiting retries passed a budget of 20 %; and
retries that were all told the same time would go out together, however slowly they had been allowed).
"""

_SLOTS_PER_SECOND = 10
_SLOTS = _SLOTS_PER_SECOND + 1
"""One more than a second has: a whole second up to now is covered wherever in its slot ``now`` lies."""


class Budget:
    """Counts requests and retries of the last second. ``ratio``: retries per request; ``floor``: retries per second."""

    __slots__ = ("_floor", "_ratio", "_requests", "_retries", "_slot", "_sum_requests", "_sum_retries", "_waiting")

    def __init__(self, ratio: float, floor: float) -> None:
        self._ratio = ratio
        self._floor = floor
        self._requests = [0] * _SLOTS
        self._retries = [0] * _SLOTS
        self._sum_requests = 0
        self._sum_retries = 0
        self._slot = 0
        self._waiting = 0

    def request(self, now: float) -> None:
        """A call came. ``now``: monotonic seconds, or a little earlier."""
        slot = int(now * _SLOTS_PER_SECOND)
        if slot > self._slot:
            self._advance(slot)
        self._requests[self._slot % _SLOTS] += 1
        self._sum_requests += 1

    def take(self, now: float) -> bool:
        """Whether one more attempt may be made; it counts from now on: ``sent`` or ``give_back`` must follow."""
        if self.remaining(now) < 1:
            return False
        self._waiting += 1
        return True

    def sent(self, now: float) -> None:
        """A retry that was taken goes out; it counts for a second more."""
        slot = int(now * _SLOTS_PER_SECOND)
        if slot > self._slot:
            self._advance(slot)
        self._waiting -= 1
        self._retries[self._slot % _SLOTS] += 1
        self._sum_retries += 1

    def give_back(self) -> None:
        """A retry that was taken is not made after all."""
        self._waiting -= 1

    def remaining(self, now: float) -> int:
        """Retries that may be made at this moment."""
        slot = int(now * _SLOTS_PER_SECOND)
        if slot > self._slot:
            self._advance(slot)
        allowed = max(self._floor, self._ratio * self._sum_requests)
        return max(0, int(allowed - self._sum_retries - self._waiting))

    def _advance(self, slot: int) -> None:
        """Forget the slots that have left the window."""
        passed = slot - self._slot
        for gone in range(1, min(passed, _SLOTS) + 1):
            index = (self._slot + gone) % _SLOTS
            self._sum_requests -= self._requests[index]
            self._sum_retries -= self._retries[index]
            self._requests[index] = self._retries[index] = 0
        self._slot = slot
