"""What a provider's answers teach about its limits, whether it publishes them or only refuses."""

from sidecar.rules.hints import Family, Fields, family_of
from sidecar.rules.quota import Mirror
from sidecar.rules.slowdown import Slowdown


class Learned:
    """Told of each call and each answer. Times are monotonic seconds. ``quota``: the provider's own count, mirrored."""

    __slots__ = ("_family", "_slowdown", "quota")

    def __init__(self) -> None:
        self.quota = Mirror()
        self._slowdown = Slowdown()
        self._family: Family | None = None

    def wait(self, now: float, calls: int = 1) -> float:
        """Seconds until so many calls may have gone; 0.0: now."""
        wait = self.quota.wait(now, calls)
        slow = self._slowdown.wait(now, calls)
        return slow if slow > wait else wait

    def pace(self, now: float) -> float | None:
        """Calls per second at most, after refusals that nobody explained; None when there were none lately."""
        return self._slowdown.pace(now)

    def sent(self, now: float) -> None:
        """A call goes out."""
        self.quota.sent(now)
        self._slowdown.sent(now)

    def unsent(self) -> None:
        """A call that was to go out did not."""
        self.quota.unsent()

    def unanswered(self, now: float) -> None:
        """A call went out and no answer came."""
        self.quota.unanswered(now)

    def answered(self, headers: Fields, sent_at: float, now: float, wall: float) -> None:
        """An answer to a call that went out at ``sent_at``. ``wall``: Unix seconds now."""
        family = self._family
        if family is None or family.remaining not in headers:
            family = family_of(headers)
            if family is None:
                self.quota.answered(sent_at, now, None)
                return
            self._family = family
        self.quota.answered(sent_at, now, family.read(headers, wall))

    def refused(self, sent_at: float, now: float, hint: float | None) -> None:
        """That answer was a refusal. ``hint``: seconds that it told us to wait.

        It needs no more than the hint, or the count of a quota that has run out, when the provider publishes one:
        then it is known what may go afterwards. Else whoever waited would come all at once.
        """
        left = self.quota.remaining(now)
        if left is None or (hint is None and left > 0):
            self._slowdown.refused(sent_at, now)
