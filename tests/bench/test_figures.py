"""The figures of a storm are worked out from what app and provider saw."""

import math
from collections import Counter
from collections.abc import Sequence

import pytest

from bench.outage import NO_BREAKER, SIDECAR, Call, Scenario, account, figures, offered
from bench.outage.app import Answer, Result
from bench.outage.figures import Storm

SCENARIO = Scenario(rate=10, shaky_at=1.0, down_at=2.0, up_at=6.0, seconds=10.0)


def storm(calls: Sequence[float] = (), orders: dict[str, int] | None = None, results: Sequence[Result] = ()) -> Storm:
    return Storm(SCENARIO, list(results), list(calls), Counter(orders or {}))


def got(due: float, status: int = 200, order: str | None = None, *, keyed: bool = False, outcome: str = "") -> Result:
    return Result(Call(due, order, keyed), Answer(status, outcome), 0.02)


def test_the_busiest_second_may_begin_anywhere() -> None:
    calls = [0.0, 0.9, 0.9, 0.9, 1.1, 1.1, 1.1, 1.95]
    assert figures.peak(storm(calls)) == pytest.approx(0.6)


def test_calls_of_a_half_open_are_counted_apart_from_those_that_found_the_outage() -> None:
    found, first, second, after = [2.0, 2.01, 2.02, 2.03], [4.0, 4.1], [5.0, 5.01, 5.02], [6.5, 6.51, 6.52, 6.53]
    assert figures.bursts(storm([*found, *first, *second, *after])) == [2, 3]
    assert figures.largest_burst(storm(found)) == 0


def test_an_order_with_a_key_is_no_unsafe_duplicate() -> None:
    results = [got(0, order="a"), got(1, order="b"), got(2, order="c", keyed=True), got(3)]
    assert figures.duplicates(storm(orders={"a": 2, "b": 1, "c": 2}, results=results)) == 1


def test_an_order_carried_out_must_not_be_reported_as_not_sent() -> None:
    told = "network_error; sent=nothing"
    results = [
        got(0, 502, "a", outcome=told),
        got(1, 502, "b", outcome="network_error; sent=maybe"),
        got(2, 502, "c", outcome=told),
    ]
    assert figures.carried_out_unawares(storm(orders={"a": 1, "b": 1}, results=results)) == 1


@pytest.mark.parametrize(
    ("failing", "seconds"),
    [
        ((2.0, 6.0), 0.0),
        ((2.0, 7.5), 1.5),
        ((2.0, 8.95), 3.0),
        ((2.0, 10.0), math.inf),
    ],
)
def test_recovery_ends_with_the_last_second_that_is_not_served(failing: tuple[float, float], seconds: float) -> None:
    low, high = failing
    results = [got(n / 10, 503 if low <= n / 10 < high else 200) for n in range(100)]
    assert figures.recovery(storm(results=results)) == pytest.approx(seconds, abs=0.01)


def test_a_limit_holds_for_every_line_of_the_sidecar() -> None:
    peak = account.CHECKS[0]
    calm, stormy = storm([n / 10 for n in range(100)]), storm([n / 20 for n in range(100)])
    assert peak.met({SIDECAR: calm, NO_BREAKER: calm})
    assert not peak.met({SIDECAR: calm, NO_BREAKER: stormy})
    assert peak.row({SIDECAR: calm, NO_BREAKER: stormy})[1:] == ("<= 1.25", "1", "2", "NOT MET")


def test_every_run_offers_the_same_calls() -> None:
    calls = offered(SCENARIO)
    assert calls == offered(SCENARIO)
    assert len(calls) == 100
    assert calls[1].due == 0.1
    keyed = next(call for call in offered(Scenario()) if call.keyed)
    assert b"\r\nIdempotency-Key: key-" + str(keyed.order).encode() in keyed.request(b"/plain", 80)
