import pytest

from sidecar.demo.client import CUT, Seen
from sidecar.demo.tally import Tally, percentile


def seen(outcome: str = "success", code: str = "", status: int = 200, ms: float = 1.0) -> Seen:
    return Seen("GET", "/demo/orders/1", status, outcome, code, "all", 1, ms, "0" * 32)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, 0.0), ([7], 0.95, 7), ([3, 1, 2], 0.5, 2), (range(1, 101), 0.95, 95), (range(1, 101), 1.0, 100)],
)
def test_percentile_is_the_nearest_rank(values: list[float], share: float, expected: float) -> None:
    assert percentile(values, share) == expected


def test_a_tally_counts_outcomes_codes_and_times() -> None:
    tally = Tally()
    for one in (seen(), seen("timeout", "head_timeout", 504, 500), seen("timeout", "head_timeout", 504), seen(ms=2)):
        tally.add(one)
    assert tally.calls == 4
    assert tally.codes == {("head_timeout", 504): 2}
    assert tally.longest == 500
    assert list(tally.strip) == ["success", "timeout", "timeout", "success"]


def test_cut_answers_are_one_kind_whatever_their_status() -> None:
    tally = Tally()
    tally.add(seen("network_error", CUT, 200))
    tally.add(seen("network_error", CUT, 201))
    assert tally.codes == {(CUT, 0): 2}


def test_success_leads_the_ranking_even_when_it_is_rare() -> None:
    tally = Tally()
    for outcome in ("timeout", "throttled", "throttled"):
        tally.add(seen(outcome))
    assert tally.ranking() == [("success", 0), ("throttled", 2), ("timeout", 1)]
