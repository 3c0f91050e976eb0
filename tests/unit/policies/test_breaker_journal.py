"""What is told of a breaker: metrics, log lines, and where the admin API finds it."""

from dataclasses import replace

import pytest

from sidecar.core.errors import BreakerOpen, ConnectFailed
from sidecar.core.layer import Handler
from sidecar.policies import breaker
from sidecar.policies.breaker import Breaker
from sidecar.policies.kept import Kept
from sidecar.policies.site import Site
from sidecar.policies.switches import Switch
from tests.unit.policies.stage import Stage, ask


def settings(**given: object) -> Breaker:
    return Breaker.model_validate({"consecutive": 2, "trials": 1} | given)


def route(stage: Stage, name: str, given: Breaker) -> Site:
    """Another route of the provider, in the same table."""
    return replace(stage.site, route=name, settings={"breaker": given})


def next_table(stage: Stage, given: Breaker) -> Site:
    """The same route after a reload."""
    return replace(stage.site, settings={"breaker": given}, kept=Kept(stage.site.kept), switch=Switch())


def build(stage: Stage, site: Site) -> Handler:
    return breaker.build(stage._innermost, site)


async def fail(stage: Stage, call: Handler, times: int = 2) -> None:
    for _ in range(times):
        stage.script.append(ConnectFailed("x"))
        with pytest.raises(ConnectFailed):
            await call(ask())


async def test_state_and_transitions_are_counted() -> None:
    stage = Stage(breaker=settings())
    call = stage.build(breaker.POLICY)
    stats = stage.site.provider_stats.policies.breakers["provider"]
    assert (stats.state, stats.transitions) == ("closed", {})
    await fail(stage, call)
    stage.now = 200.0
    await fail(stage, call, 1)
    assert (stats.state, stats.transitions) == ("open", {"open": 2, "half_open": 1})
    stage.now = 300.0
    await call(ask())
    assert (stats.state, stats.transitions) == ("closed", {"open": 2, "half_open": 2, "closed": 1})


async def test_each_change_is_one_log_line() -> None:
    stage = Stage(breaker=settings())
    call = stage.build(breaker.POLICY)
    await fail(stage, call)
    stage.now = 200.0
    await call(ask())
    lines = [{key: value for key, value in line.items() if key != "ts"} for line in stage.log.lines]
    start = {"event": "breaker", "provider": "payments", "scope": "provider"}
    assert lines == [
        start | {"level": "warning", "state": "open", "why": "consecutive", "calls": 2, "failures": 2, "slow": 0,
                 "in_a_row": 2, "open_s": 5.625},
        start | {"level": "info", "state": "half_open", "why": "open_time_over"},
        start | {"level": "info", "state": "closed", "why": "trials_succeeded"},
    ]  # fmt: skip


async def test_an_observed_change_says_so() -> None:
    stage = Stage(breaker=settings(mode="observe"))
    await fail(stage, stage.build(breaker.POLICY))
    assert stage.log.lines[0]["mode"] == "observe"


async def test_a_change_by_hand_has_no_end_that_is_known() -> None:
    stage = Stage(breaker=settings())
    stage.build(breaker.POLICY)
    held = stage.site.switch.breakers["provider"]
    held.force_open("anna: maintenance")
    held.release()
    assert [(line["state"], line["why"], line.get("open_s")) for line in stage.log.lines] == [
        ("open", "forced", None),
        ("closed", "released", None),
    ]


# ---- names ----


async def test_routes_with_the_same_settings_share_one_breaker() -> None:
    stage = Stage(breaker=settings())
    calls = [build(stage, stage.site), build(stage, route(stage, "refund", settings()))]
    await fail(stage, calls[0])
    with pytest.raises(BreakerOpen):
        await calls[1](ask())
    assert list(stage.site.switch.breakers) == ["provider"]


async def test_by_route_each_has_its_own() -> None:
    stage = Stage(breaker=settings(scope="route"))
    calls = [build(stage, stage.site), build(stage, route(stage, "refund", settings(scope="route")))]
    await fail(stage, calls[0])
    await calls[1](ask())
    policies = stage.site.provider_stats.policies
    assert {name: one.state for name, one in policies.breakers.items()} == {"charge": "open", "refund": "closed"}
    assert stage.log.lines[0]["scope"] == "charge"


async def test_a_route_with_other_settings_has_a_breaker_of_its_own_by_its_name() -> None:
    stage = Stage(breaker=settings())
    other = settings(consecutive=7)
    sites = [stage.site, route(stage, "refund", other), route(stage, "list", other), route(stage, "get", settings())]
    for site in sites:
        build(stage, site)
    breakers = stage.site.switch.breakers
    assert list(breakers) == ["provider", "refund"]
    assert breakers["provider"] is not breakers["refund"]
    assert list(stage.site.provider_stats.policies.breakers) == ["provider", "refund"]


# ---- reload ----


async def test_a_reload_keeps_the_state_while_the_settings_stay() -> None:
    stage = Stage(breaker=settings())
    await fail(stage, stage.build(breaker.POLICY))
    site = next_table(stage, settings())
    with pytest.raises(BreakerOpen):
        await build(stage, site)(ask())
    assert site.switch.breakers["provider"] is stage.site.switch.breakers["provider"]
    assert site.provider_stats.policies.breakers["provider"].state == "open"


async def test_new_settings_begin_closed_and_the_counts_go_on() -> None:
    stage = Stage(breaker=settings())
    await fail(stage, stage.build(breaker.POLICY))
    site = next_table(stage, settings(open_for="1s"))
    call = build(stage, site)
    stats = site.provider_stats.policies.breakers["provider"]
    assert (stats.state, stats.transitions) == ("closed", {"open": 1})
    await fail(stage, call)
    assert (stats.state, stats.transitions) == ("open", {"open": 2})


async def test_a_replaced_breaker_does_not_write_over_the_state_of_its_successor() -> None:
    stage = Stage(breaker=settings())
    old = stage.build(breaker.POLICY)
    site = next_table(stage, settings(open_for="1s"))
    build(stage, site)
    await fail(stage, old)
    stats = site.provider_stats.policies.breakers["provider"]
    assert (stats.state, stats.transitions) == ("closed", {})


async def test_a_breaker_that_gives_its_name_away_takes_its_numbers_along() -> None:
    stage = Stage(breaker=settings())
    await fail(stage, stage.build(breaker.POLICY))
    site = next_table(stage, settings(open_for="1s"))
    build(stage, site)
    build(stage, replace(site, route="refund", settings={"breaker": settings()}))
    policies = site.provider_stats.policies
    assert {name: one.state for name, one in policies.breakers.items()} == {"provider": "closed", "refund": "open"}
    assert site.switch.breakers["refund"] is stage.site.switch.breakers["provider"]
    site.switch.breakers["refund"].release()
    assert stage.log.lines[-1]["scope"] == "refund"
    assert policies.breakers["refund"].transitions == {"open": 1, "closed": 1}
    assert policies.breakers["provider"].transitions == {"open": 1}
