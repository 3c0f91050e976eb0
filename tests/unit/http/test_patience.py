import pytest

from sidecar.core.errors import AttemptTimeout, DeadlineExceeded, HeadTimeout, IdleTimeout, Sent, SidecarError
from sidecar.core.exchange import NEVER, Attempt, Exchange
from sidecar.core.headers import Headers
from sidecar.http.patience import Patience

NOW = 100.0


def call(deadline: float = NEVER) -> tuple[Exchange, Attempt]:
    """A call with an attempt that began 2 s ago."""
    exchange = Exchange(b"GET", b"/", Headers(), None, "", NOW)
    exchange.deadline = deadline
    return exchange, Attempt(1, NOW - 2)


@pytest.mark.parametrize(
    ("head", "attempt", "deadline", "asked", "at"),
    [
        (0, 0, NEVER, True, NEVER),
        (5, 0, NEVER, True, 105),
        (5, 0, NEVER, False, NEVER),
        (0, 6, NEVER, True, 104),
        (5, 6, NEVER, True, 104),
        (5, 8, NEVER, True, 105),
        (5, 8, NEVER, False, 106),
        (5, 6, 103, True, 103),
        (5, 6, 103, False, 103),
        (2, 6, 103, True, 102),
    ],
)
def test_the_nearest_limit_counts(head: float, attempt: float, deadline: float, asked: bool, at: float) -> None:
    exchange, current = call(deadline)
    assert Patience(head, 0, attempt).head_at(exchange, current, NOW, asked=asked) == at


@pytest.mark.parametrize(
    ("attempt", "deadline", "kind", "text"),
    [
        (0, NEVER, HeadTimeout, "within 5s (timeouts.head)"),
        (3, NEVER, HeadTimeout, "within 5s (timeouts.head)"),
        (2, NEVER, AttemptTimeout, "within 2s (timeouts.attempt)"),
        (2.0005, NEVER, AttemptTimeout, "timeouts.attempt"),  # the loop's timer was a little early
        (2, NOW, DeadlineExceeded, "time for this call"),
        (0, NOW + 0.0005, DeadlineExceeded, "time for this call"),
    ],
)
def test_the_callers_limit_is_named_before_ours(
    attempt: float, deadline: float, kind: type[SidecarError], text: str
) -> None:
    error = Patience(5, 0, attempt).late(*call(deadline), NOW)
    assert type(error) is kind
    assert text in str(error)
    assert error.sent is Sent.MAYBE


def test_without_a_limit_an_attempt_may_take_for_ever() -> None:
    _, attempt = call()
    assert Patience(5, 5, 0).attempt_at(attempt) == NEVER
    assert Patience(5, 5, 6).attempt_at(attempt) == 104


def test_a_body_that_does_not_go_on() -> None:
    error = Patience(0, 30, 0).stalled()
    assert isinstance(error, IdleTimeout)
    assert "30s (timeouts.idle)" in str(error)
    assert error.sent is Sent.MAYBE
