"""A part that takes too long is not shown; but patterns are compiled by the first texts that need them."""

from itertools import count

from sidecar.redaction.found import Found
from sidecar.redaction.redactor import FAILED, RESPITES, Redactor
from sidecar.redaction.rules import Rules

TEXT = "mail ann@corp.example"
SHOWN = "mail [REDACTED:email]"


def test_what_takes_too_long_is_not_shown_except_for_the_first_times() -> None:
    seconds = count()
    redactor, found = Redactor(Rules(), lambda: float(next(seconds))), Found()
    assert [redactor.text(TEXT, found) for _ in range(RESPITES)] == [SHOWN] * RESPITES
    assert found.failures == 0
    assert redactor.text(TEXT, found) == FAILED
    assert found.failures == 1


def test_what_is_done_in_time_uses_up_nothing() -> None:
    redactor = Redactor(Rules(), lambda: 0.0)
    assert [redactor.text(TEXT) for _ in range(3)] == [SHOWN] * 3
    assert redactor.respites == RESPITES
