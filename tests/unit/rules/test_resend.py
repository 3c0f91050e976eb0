"""May a request be sent again? Every combination, as a table."""

import pytest

from sidecar.core.errors import Outcome, Sent
from sidecar.rules.resend import Unsafe, harmless, invites, not_processed, wish


@pytest.mark.parametrize(
    ("unsafe", "idempotent", "keyed", "answer"),
    [
        ("never", False, False, False),
        ("never", False, True, False),
        ("never", True, False, True),
        ("never", True, True, True),
        ("with_key", False, False, False),
        ("with_key", False, True, True),
        ("with_key", True, False, True),
        ("with_key", True, True, True),
        ("always", False, False, True),
        ("always", False, True, True),
        ("always", True, False, True),
        ("always", True, True, True),
    ],
)
def test_harmless(unsafe: Unsafe, idempotent: bool, keyed: bool, answer: bool) -> None:
    assert harmless(unsafe, idempotent=idempotent, keyed=keyed) is answer


@pytest.mark.parametrize(
    ("sent", "status", "outcome", "hinted", "wanted", "answer"),
    [
        # No answer: only what was not sent was certainly not done.
        (Sent.NOTHING, 0, None, False, False, True),
        (Sent.MAYBE, 0, None, False, False, False),
        (Sent.ALL, 0, None, False, False, False),
        # An answer: it must say so. That we believe nothing was sent does not count against an answer.
        (Sent.ALL, 425, Outcome.CLIENT_ERROR, False, False, True),
        (Sent.ALL, 429, Outcome.THROTTLED, False, False, True),
        (Sent.ALL, 403, Outcome.THROTTLED, False, False, True),
        (Sent.ALL, 200, Outcome.THROTTLED, False, False, True),
        (Sent.ALL, 503, Outcome.SERVER_ERROR, False, False, False),
        (Sent.ALL, 503, Outcome.SERVER_ERROR, True, False, True),
        (Sent.ALL, 503, Outcome.SERVER_ERROR, False, True, True),
        (Sent.ALL, 500, Outcome.SERVER_ERROR, True, False, False),
        (Sent.ALL, 502, Outcome.SERVER_ERROR, True, False, False),
        (Sent.ALL, 504, Outcome.SERVER_ERROR, True, False, False),
        (Sent.ALL, 500, Outcome.SERVER_ERROR, False, True, True),
        (Sent.ALL, 409, Outcome.CLIENT_ERROR, False, True, True),
        (Sent.ALL, 409, Outcome.CLIENT_ERROR, True, False, False),
        (Sent.ALL, 200, Outcome.SERVER_ERROR, True, False, False),
        (Sent.NOTHING, 502, Outcome.SERVER_ERROR, False, False, False),
    ],
)
def test_not_processed(
    sent: Sent, status: int, outcome: Outcome | None, hinted: bool, wanted: bool, answer: bool
) -> None:
    assert not_processed(sent, status, outcome, hinted=hinted, wanted=wanted) is answer


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({}, None),
        ({b"a": b"true"}, True),
        ({b"a": b"false"}, False),
        ({b"b": b" TRUE "}, True),
        ({b"b": b"False"}, False),
        ({b"a": b"", b"b": b"false"}, False),
        ({b"a": b"maybe"}, None),
        ({b"a": b"1"}, None),
        ({b"a": b"false, true"}, None),  # told twice and differently: nothing said
        ({b"a": b"true", b"b": b"false"}, True),  # the first name counts
        ({b"a": b"false", b"b": b"true"}, False),
        ({b"c": b"true"}, None),
    ],
)
def test_the_providers_wish(headers: dict[bytes, bytes], answer: bool | None) -> None:
    assert wish(headers, (b"a", b"b")) is answer


def test_without_names_nothing_is_a_wish() -> None:
    assert wish({b"x-should-retry": b"true"}, ()) is None


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        (b"retry-after", True),
        (b"retry-after-ms", True),
        (b"x-ms-retry-after-ms", True),
        (b"x-ratelimit-retry-after", True),
        (b"x-ratelimit-reset", False),
        (b"x-ratelimit-reset-after", False),
        (b"ratelimit", False),
        (b"date", False),
    ],
)
def test_only_an_explicit_wait_invites_the_same_call_again(name: bytes, answer: bool) -> None:
    assert invites({b"x-ratelimit-remaining": b"0", name: b"5"}) is answer
