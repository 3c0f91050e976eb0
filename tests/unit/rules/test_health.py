import asyncio

import pytest

from sidecar.core.errors import (
    ERRORS,
    ClientGone,
    DeadlineExceeded,
    IdleTimeout,
    Outcome,
    ResponseIncomplete,
    Sent,
    SidecarError,
)
from sidecar.rules.health import Verdict, of_answer, of_body, of_error

FAILURES = {
    "connect_failed", "dns_failed", "tls_failed", "connect_timeout", "head_timeout", "attempt_timeout", "idle_timeout",
    "reset", "bad_response", "response_incomplete",
}  # fmt: skip


@pytest.mark.parametrize(
    ("outcome", "verdict"),
    [
        (Outcome.SUCCESS, "success"),
        (Outcome.SERVER_ERROR, "failure"),
        (Outcome.TIMEOUT, "failure"),
        (Outcome.NETWORK_ERROR, "failure"),
        (Outcome.CLIENT_ERROR, "ignored"),
        (Outcome.THROTTLED, "ignored"),
        (Outcome.REFUSED, "ignored"),
        (Outcome.CANCELED, "ignored"),
        (None, "ignored"),
    ],
)
def test_an_answer(outcome: Outcome | None, verdict: str) -> None:
    assert of_answer(outcome).value == verdict


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.code)
def test_only_errors_of_the_provider_count(kind: type[SidecarError]) -> None:
    verdict = of_error(kind("why"), 1.0, 10.0, hurried=False)
    assert verdict is (Verdict.FAILURE if kind.code in FAILURES else Verdict.IGNORED)


@pytest.mark.parametrize("error", [asyncio.CancelledError(), RuntimeError("a bug of ours"), KeyboardInterrupt()])
def test_what_is_no_error_of_a_call_says_nothing(error: BaseException) -> None:
    assert of_error(error, 10.0, 10.0, hurried=False) is Verdict.IGNORED


@pytest.mark.parametrize(
    ("sent", "seconds", "hurried", "verdict"),
    [
        (Sent.MAYBE, 8.0, False, "failure"),
        (Sent.MAYBE, 4.0, False, "failure"),  # half of the time
        (Sent.MAYBE, 3.9, False, "ignored"),  # only the remainder
        (Sent.NOTHING, 8.0, False, "ignored"),
        (Sent.MAYBE, 8.0, True, "ignored"),  # the app's own wish
    ],
)
def test_the_deadline_of_the_call(sent: Sent, seconds: float, hurried: bool, verdict: str) -> None:
    error = DeadlineExceeded("the time is up", sent=sent)
    assert of_error(error, seconds, 8.0, hurried=hurried).value == verdict


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (None, "success"),
        (ResponseIncomplete("broke off"), "failure"),
        (IdleTimeout("went silent"), "failure"),
        (ClientGone("the app left"), "ignored"),
        (RuntimeError("a bug of ours"), "ignored"),
    ],
)
def test_the_end_of_a_body(error: BaseException | None, verdict: str) -> None:
    assert of_body(error).value == verdict
