"""A breaker for one test, without jitter, and a script of calls for it."""

from typing import Any

from sidecar.core.errors import BreakerOpen
from sidecar.policies.circuit import Circuit
from sidecar.rules.health import Verdict
from sidecar.rules.open_time import OpenTime
from sidecar.rules.trials import Trials
from sidecar.rules.trip import Thresholds, Trip
from sidecar.rules.window import Window

VERDICTS = {
    "S": Verdict.SUCCESS,
    "L": Verdict.SUCCESS,
    "F": Verdict.FAILURE,
    "T": Verdict.FAILURE,
    "I": Verdict.IGNORED,
}
"""Success, slow success, failure, slow failure, ignored."""


def circuit(
    *,
    min_calls: int = 5,
    error_rate: float = 0.5,
    slow_rate: float = 1.0,
    consecutive: int = 0,
    slow_call: float = 5.0,
    open_for: float = 5.0,
    max_open: float = 20.0,
    trials: int = 3,
    drawn: float = 0.0,
) -> Circuit:
    """``drawn``: where in its range every random number lies, 0 to 1."""
    return Circuit(
        Trip(Thresholds(min_calls, error_rate, slow_rate, consecutive), Window(30.0)),
        OpenTime(open_for, max_open, lambda low, high: low + (high - low) * drawn),
        lambda: Trials(trials, max_open, open_for, slow_rate),
        trials,
        slow_call,
    )


def play(circuit: Circuit, now: float, results: str) -> None:
    """Calls one after the other at ``now``; ``-`` is one that must be refused."""
    for result in results:
        if result == "-":
            assert refusal(circuit, now).retry_after is not None
        else:
            circuit.report(circuit.admit(now), VERDICTS[result], 6.0 if result in "LT" else 0.1, now)


def refusal(circuit: Circuit, now: float) -> BreakerOpen:
    """The refusal that a call gets at ``now``."""
    try:
        circuit.admit(now)
    except BreakerOpen as error:
        return error
    raise AssertionError(f"a call was admitted at {now}: {circuit.snapshot(now)}")


def tripped(**settings: Any) -> Circuit:
    """Open since 100.0, until 105.0 unless ``open_for`` says otherwise."""
    one = circuit(**settings)
    play(one, 100.0, "FFFFF")
    assert one.state == "open"
    return one
