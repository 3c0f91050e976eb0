import pytest

from sidecar.policies.switches import Kill, Switch, stamp


@pytest.mark.parametrize(("wall", "over"), [(999.9, False), (1000.0, True), (1000.1, True)])
def test_a_kill_is_over_when_its_time_has_come(wall: float, over: bool) -> None:
    assert Kill("r", "w", 0.0, 1000.0).over(wall) is over


def test_a_kill_without_an_end_is_never_over() -> None:
    assert Kill("r", "w", 0.0).over(1e12) is False


def test_the_detail_says_who_why_and_until_when() -> None:
    assert Kill("refunds run twice", "ops@pay", 0.0).detail == "switched off by ops@pay: refunds run twice"
    assert Kill("x", "ana", 0.0, 784111777.0).detail == "switched off by ana: x; until 1994-11-06T08:49:37Z"


def test_a_new_switch_knows_nothing_of_an_older_table() -> None:
    old, kill = Switch(), Kill("r", "w", 0.0)
    old.breakers["provider"] = old.rates["provider"] = old.slots["provider"] = object()  # type: ignore[assignment]
    old.off.add("x")
    old.faults["x"] = "reset"
    fresh = Switch(kill, enabled=False)
    assert (fresh.breakers, fresh.rates, fresh.slots, fresh.off, fresh.faults) == ({}, {}, {}, set(), {})
    assert fresh.kill is kill
    assert not fresh.enabled


def test_a_stamp_is_rfc_3339_in_utc() -> None:
    assert stamp(784111777.9) == "1994-11-06T08:49:37Z"
