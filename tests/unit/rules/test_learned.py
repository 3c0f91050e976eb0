"""What answers teach: which header family, whose silence, and which refusals call for a slower pace."""

import pytest

from sidecar.rules.learned import Learned

WALL = 1_700_000_000.0
NOTHING: dict[bytes, bytes] = {b"content-type": b"text/plain"}


def quota(remaining: int, reset: bytes = b"60.0") -> dict[bytes, bytes]:
    return {b"x-ratelimit-limit": b"100", b"x-ratelimit-remaining": b"%d" % remaining, b"x-ratelimit-reset": reset}


def after(*answers: dict[bytes, bytes]) -> Learned:
    """One that saw 40 calls a second go out, and these answers at 2.0 s."""
    learned = Learned()
    for number in range(80):
        learned.sent(number / 40)
    for headers in answers:
        learned.answered(headers, 1.9, 2.0, WALL)
    return learned


def test_a_published_quota_is_mirrored() -> None:
    learned = after(*[NOTHING] * 79, quota(70))
    assert learned.quota.remaining(2.0) == 70
    assert learned.quota.limit == 100


def test_a_provider_may_change_its_dialect() -> None:
    learned = after(*[quota(70)] * 79)
    learned.answered({b"ratelimit": b'"a";r=9;t=5'}, 2.0, 2.0, WALL)
    assert learned.quota.remaining(2.0) == 9


def test_an_answer_that_says_nothing_counts_one_call() -> None:
    learned = after(*[quota(70)] * 80)
    learned.sent(3.0)
    learned.answered(NOTHING, 3.0, 3.0, WALL)
    assert learned.quota.remaining(3.0) == 69


def test_calls_without_an_answer_and_calls_that_did_not_go() -> None:
    learned = after(*[quota(70)] * 80)
    learned.sent(3.0)
    learned.sent(3.0)
    learned.unanswered(3.0)
    learned.unsent()
    assert learned.quota.remaining(3.0) == 69
    assert learned.quota.in_flight == 0


@pytest.mark.parametrize(
    ("answers", "hint", "pace"),
    [
        # Nobody says what is allowed: half the pace, also after a hint, when all who waited would come at once.
        ([NOTHING], None, 20.0),
        ([NOTHING], 5.0, 20.0),
        # A quota that has run out, or one and a hint, explain themselves.
        ([quota(0)], None, None),
        ([quota(0)], 60.0, None),
        ([quota(70)] * 80, 5.0, None),
        # A refusal while calls are left is for another reason.
        ([quota(70)] * 80, None, 20.0),
    ],
)
def test_only_a_refusal_that_is_not_explained_halves_the_pace(
    answers: list[dict[bytes, bytes]], hint: float | None, pace: float | None
) -> None:
    learned = after(*answers)
    learned.refused(1.9, 2.0, hint)
    assert learned.pace(2.0) == pace


def test_a_call_waits_for_whichever_is_longer() -> None:
    learned = after(*[quota(70)] * 80)
    learned.refused(1.9, 2.0, None)
    assert learned.wait(2.0) == pytest.approx(0.025)
    learned.sent(2.0)
    learned.answered(quota(0), 2.0, 2.0, WALL)
    assert learned.wait(2.0) == pytest.approx(60.0)
