"""The stage's wall clock shows 784111777.0 (1994-11-06T08:49:37Z) when its ``now`` is 100.0."""

from dataclasses import replace

import pytest

from sidecar.core.errors import Killed, Side
from sidecar.policies import kill
from sidecar.policies.switches import Kill
from tests.unit.policies.stage import Stage, ask, respond

NOW = 784111777.0


async def test_calls_pass_while_the_switch_is_off() -> None:
    stage = Stage()
    answer = respond(201)
    stage.script.append(answer)
    assert await stage.build(kill.POLICY)(ask()) is answer


async def test_a_call_is_refused_and_told_who_and_why() -> None:
    stage = Stage()
    stage.site.switch.kill = Kill("refunds run twice", "ana", NOW - 5)
    with pytest.raises(Killed) as caught:
        await stage.build(kill.POLICY)(ask())
    assert caught.value.detail == "switched off by ana: refunds run twice"
    assert (caught.value.retry_after, caught.value.side, caught.value.sent) == (None, Side.LOCAL, "nothing")
    assert stage.seen == []


async def test_a_kill_with_an_end_says_when_to_come_again() -> None:
    stage = Stage()
    stage.site.switch.kill = Kill("x", "ana", NOW - 5, NOW + 600)
    with pytest.raises(Killed) as caught:
        await stage.build(kill.POLICY)(ask())
    assert caught.value.detail == "switched off by ana: x; until 1994-11-06T08:59:37Z"
    assert caught.value.retry_after == 600.0


async def test_it_ends_by_the_wall_clock() -> None:
    stage = Stage()
    stage.site.switch.kill = Kill("x", "ana", NOW - 5, NOW + 600)
    handle = stage.build(kill.POLICY)
    stage.now += 599.9
    with pytest.raises(Killed):
        await handle(ask())
    stage.now += 0.1
    assert (await handle(ask())).status == 200


async def test_the_switch_works_between_two_calls() -> None:
    stage = Stage()
    handle = stage.build(kill.POLICY)
    assert (await handle(ask())).status == 200
    stage.site.switch.kill = Kill("x", "ana", NOW)
    with pytest.raises(Killed):
        await handle(ask())
    stage.site.switch.kill = None
    assert (await handle(ask())).status == 200


async def test_the_file_can_switch_off_without_end() -> None:
    stage = Stage()
    stage.site = replace(stage.site, enabled=False)
    stage.site.switch.kill = Kill("x", "ana", NOW, NOW + 1)
    with pytest.raises(Killed) as caught:
        await stage.build(kill.POLICY)(ask())
    assert caught.value.detail == "payments is switched off in the configuration (enabled: false)"
    assert caught.value.retry_after is None
    assert stage.site.switch.off == {"charge"}
    assert stage.seen == []


async def test_a_call_that_waited_inside_does_not_go_out_after_the_switch_was_turned() -> None:
    """Between the two looks lie the waits for a turn, a slot, the next attempt."""
    stage = Stage()
    handle = stage.build(kill.POLICY, kill.AGAIN)
    waiting = stage.build(kill.AGAIN)
    stage.site.switch.kill = Kill("x", "ana", NOW)
    for one in (handle, waiting):
        with pytest.raises(Killed):
            await one(ask())
    assert stage.seen == []


def test_nothing_is_built_twice_for_a_route_that_the_file_switches_off() -> None:
    stage = Stage()
    stage.site = replace(stage.site, enabled=False)
    assert stage.build(kill.AGAIN) == stage._innermost
