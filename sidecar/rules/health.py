"""What the end of an attempt says about the provider's health: the breaker's view of ``core/errors.py``."""

from enum import Enum

from sidecar.core.errors import DeadlineExceeded, Outcome, Sent, Side, SidecarError


class Verdict(Enum):
    """``IGNORED``: says nothing about the provider."""

    SUCCESS = "success"
    FAILURE = "failure"
    IGNORED = "ignored"


_OF_OUTCOME = {
    Outcome.SUCCESS: Verdict.SUCCESS,
    Outcome.SERVER_ERROR: Verdict.FAILURE,
    Outcome.TIMEOUT: Verdict.FAILURE,
    Outcome.NETWORK_ERROR: Verdict.FAILURE,
}


def of_answer(outcome: Outcome | None) -> Verdict:
    """The verdict on an answer; ``outcome`` None: it is one of our own.

    A 4xx is the app's mistake, a 429 is answered by waiting, not by cutting the provider off: neither counts.
    """
    return Verdict.IGNORED if outcome is None else _OF_OUTCOME.get(outcome, Verdict.IGNORED)


def of_error(error: BaseException, seconds: float, total: float, *, hurried: bool) -> Verdict:
    """The verdict on an attempt that ended by ``error`` after ``seconds``; ``total``: what the whole call had.

    Only errors of the provider's side count: our own refusals are no word about it (Envoy #25487), nor is the app that
    leaves, or that sets a deadline nobody could keep (``hurried``; LiteLLM #41223). When the route's own deadline is
    up, the provider has had a fair chance only if the request was sent, and had at least half of the time; an attempt
    that got the remainder of a long wait proves nothing.
    """
    if isinstance(error, DeadlineExceeded) and not hurried and error.sent is Sent.MAYBE and seconds >= total / 2:
        return Verdict.FAILURE
    return _whose(error)


def of_body(error: BaseException | None) -> Verdict:
    """The verdict on an answer whose head was good and whose body has ended, by ``error`` if it broke off.

    When the app leaves in the middle nobody knows how it would have ended: it is ignored.
    """
    return Verdict.SUCCESS if error is None else _whose(error)


def _whose(error: BaseException) -> Verdict:
    provider = isinstance(error, SidecarError) and error.side is Side.PROVIDER
    return Verdict.FAILURE if provider else Verdict.IGNORED
