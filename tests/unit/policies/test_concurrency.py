import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.core import errors
from sidecar.core.errors import ConcurrencyLimited, Sent
from sidecar.core.exchange import Exchange, Response
from sidecar.policies.concurrency import POLICY, Concurrency
from sidecar.policies.timeouts import Timeouts
from tests.support.leaping_loop import leap
from tests.unit.policies.busy import Provider, call, exchange_of, streamed
from tests.unit.policies.stage import Stage, ask, respond


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "limit is missing"),
        ({"max_wait": "2s", "priority": "low"}, "limit is missing"),
        ({"limit": 0}, "greater than or equal to 1"),
        ({"limit": "fast"}, "adaptive"),
        ({"limit": "adaptive", "min": 5, "max": 4}, "min is more than max"),
        ({"limit": 5, "max_waiting": -1}, "greater than or equal to 0"),
        ({"limit": 5, "priority": "middle"}, "'high' or 'low'"),
    ],
)
def test_settings_that_are_wrong(given: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Concurrency.model_validate(given)


@pytest.mark.parametrize(
    "given", [{"limit": 5}, {"limit": "adaptive"}, {"mode": "off", "max_wait": "1s"}, "off", False]
)
def test_settings_that_are_right(given: object) -> None:
    Concurrency.model_validate(given)


def test_without_a_limit_there_is_no_layer() -> None:
    stage = Stage()
    assert POLICY.build(stage._innermost, stage.site) == stage._innermost
    stage = Stage(concurrency=Concurrency(mode="off", limit=5))
    assert POLICY.build(stage._innermost, stage.site) == stage._innermost
    assert stage.site.provider_stats.policies.slots_in_use is None


# ---- taking and freeing a slot ----


def test_no_more_calls_at_once_than_the_limit_and_the_others_wait_their_turn() -> None:
    async def main() -> None:
        provider = Provider()
        route = provider.route(limit=2, max_wait="1m")
        tasks = [call(route, b"/%d" % number) for number in range(7)]
        await asyncio.gather(*tasks)
        assert provider.most == 2
        assert provider.seen == [b"/0", b"/1", b"/2", b"/3", b"/4", b"/5", b"/6"]
        assert asyncio.get_running_loop().time() == 104.0
        assert (provider.slots.in_use, provider.slots.waiting) == (0, 0)

    leap(main())


@pytest.mark.parametrize("error", [None, errors.ResponseIncomplete("half"), errors.ClientGone("gone")])
def test_a_slot_is_free_when_the_body_has_ended_not_at_the_head(error: BaseException | None) -> None:
    async def main() -> None:
        provider = Provider()
        provider.answers = [streamed()]
        first = call(provider.route(limit=1))
        response = await first
        assert provider.slots.in_use == 1
        response.close(exchange_of(first), error)
        assert provider.slots.in_use == 0

    leap(main())


def test_a_body_that_is_whole_with_the_head_keeps_no_slot() -> None:
    async def main() -> None:
        provider = Provider()
        first = call(provider.route(limit=1))
        response = await first
        assert provider.slots.in_use == 0
        response.close(exchange_of(first), None)
        assert provider.slots.in_use == 0

    leap(main())


def test_a_tunnel_keeps_its_slot_until_it_ends() -> None:
    async def main() -> None:
        provider = Provider()
        switched = respond(101)
        switched.tunnel = object()
        provider.answers = [switched]
        first = call(provider.route(limit=1))
        response = await first
        assert provider.slots.in_use == 1
        response.close(exchange_of(first), None)
        assert provider.slots.in_use == 0

    leap(main())


@pytest.mark.parametrize("error", [errors.Reset("gone"), errors.PoolExhausted("busy"), ZeroDivisionError()])
def test_a_call_without_an_answer_frees_its_slot_at_once(error: Exception) -> None:
    async def main() -> None:
        provider = Provider()
        provider.answers = [error]
        with pytest.raises(type(error)):
            await call(provider.route(limit=1))
        assert provider.slots.in_use == 0

    leap(main())


def test_a_refusal_before_any_attempt_frees_its_slot() -> None:
    async def main() -> None:
        provider = Provider()

        async def killed(exchange: Exchange) -> Response:
            raise errors.Killed("stop")

        site = provider.site(concurrency=Concurrency(limit=1))
        with pytest.raises(errors.Killed):
            await POLICY.build(killed, site)(ask())
        assert provider.slots.in_use == 0

    leap(main())


def test_a_settled_attempt_keeps_no_slot_while_its_retry_sleeps() -> None:
    """Retry settles the answer of an attempt before it waits for the next."""

    async def main() -> None:
        provider = Provider()
        provider.answers = [streamed()]
        route = provider.route(limit=1)
        first = call(route)
        (await first).settle(exchange_of(first), None)
        assert provider.slots.in_use == 0
        await route(exchange_of(first))
        assert provider.slots.in_use == 0

    leap(main())


# ---- refusals ----


def test_a_call_that_waits_in_vain_is_refused_and_told_when_to_come_again() -> None:
    async def main() -> None:
        provider = Provider()
        provider.takes = 4.0
        route = provider.route(limit=2, max_wait="3s")
        await asyncio.gather(call(route), call(route))
        tasks = [call(route) for _ in range(3)]
        with pytest.raises(ConcurrencyLimited, match=r"of 2 was in use for 3s \(concurrency.max_wait\)$") as told:
            await tasks[2]
        assert asyncio.get_running_loop().time() == 107.0
        assert told.value.retry_after == pytest.approx(2.0)  # 4 s a call, two slots
        assert told.value.sent is Sent.NOTHING
        await asyncio.gather(*tasks[:2])

    leap(main())


def test_a_call_too_many_is_refused_at_once() -> None:
    async def main() -> None:
        provider = Provider()
        route = provider.route(limit=1, max_wait="1m", max_waiting=1)
        tasks = [call(route) for _ in range(3)]
        with pytest.raises(
            ConcurrencyLimited, match=r"of 1 was in use and 1 waited already \(concurrency.max_waiting\)$"
        ):
            await tasks[2]
        assert asyncio.get_running_loop().time() == 100.0
        assert exchange_of(tasks[2]).notes is None
        await asyncio.gather(*tasks[:2])
        assert provider.most == 1

    leap(main())


@pytest.mark.parametrize("settings", [{"max_wait": 0}, {"max_waiting": 0}])
def test_nobody_waits_where_that_is_said(settings: dict[str, Any]) -> None:
    async def main() -> None:
        provider = Provider()
        route = provider.route(limit=1, **settings)
        first, second = call(route), call(route)
        with pytest.raises(ConcurrencyLimited):
            await second
        assert asyncio.get_running_loop().time() == 100.0
        await first

    leap(main())


def test_nobody_waits_past_the_deadline_of_its_call() -> None:
    async def main() -> None:
        provider = Provider()
        provider.takes = 10.0
        route = provider.route(limit=1, max_wait="1m", timeouts=Timeouts(total="2.5s"))
        first, second = call(route), call(route)
        with pytest.raises(ConcurrencyLimited, match=r"in use for 2.5s \(the time for this call is up\)$"):
            await second
        assert asyncio.get_running_loop().time() == 102.5
        await first

    leap(main())


def test_a_call_whose_time_is_up_does_not_wait() -> None:
    async def main() -> None:
        provider = Provider()
        route = provider.route(limit=1, max_wait="1m")
        first, second = call(route), call(route, deadline=99.0)
        with pytest.raises(ConcurrencyLimited, match="for 0s"):
            await second
        assert asyncio.get_running_loop().time() == 100.0
        await first

    leap(main())


# ---- what is told ----


def test_the_wait_is_in_the_log_and_in_the_metrics() -> None:
    async def main() -> None:
        provider = Provider()
        route = provider.route(limit=1, max_wait="1.5s")
        tasks = [call(route) for _ in range(3)]
        await asyncio.gather(*tasks, return_exceptions=True)
        notes = [exchange_of(task).notes for task in tasks]
        assert notes == [None, {"slot_wait_ms": 1000.0}, {"slot_wait_ms": 1500.0}]
        wait = provider.stage.site.provider_stats.policies.slot_wait
        assert (sum(wait.counts), wait.sum) == (2, 2.5)

    leap(main())


def test_the_waits_of_several_attempts_are_added_up() -> None:
    async def main() -> None:
        provider = Provider()
        route = provider.route(limit=1, max_wait="1m")
        first, second = call(route), call(route)
        await asyncio.gather(first, second)
        third = call(route)
        await asyncio.sleep(0)
        await route(exchange_of(second))
        assert exchange_of(second).notes == {"slot_wait_ms": 2000.0}
        await third

    leap(main())


def test_gauges_add_up_the_slots_of_all_routes() -> None:
    async def main() -> None:
        provider = Provider()
        routes = [provider.route(name, limit=limit) for name, limit in (("a", 3), ("b", 3), ("c", 5))]
        tasks = [call(route) for route in routes]
        await asyncio.sleep(0.5)
        policies = provider.stage.site.provider_stats.policies
        assert policies.slots_in_use is not None
        assert policies.slot_limit is not None
        assert (policies.slots_in_use(), policies.slot_limit()) == (3, 8)
        await asyncio.gather(*tasks)
        assert policies.slots_in_use() == 0

    leap(main())


def test_the_first_slots_are_shown_as_the_providers_the_others_by_their_route() -> None:
    async def main() -> None:
        provider = Provider()
        for name, limit in (("a", 3), ("b", 5), ("c", 3), ("default", 5)):
            provider.route(name, limit=limit)
        shown = provider.stage.site.switch.slots
        assert {name: slots.snapshot(100.0)["limit"] for name, slots in shown.items()} == {"provider": 3, "b": 5}

    leap(main())


# ---- routes ----


def test_routes_with_the_same_limit_share_its_slots() -> None:
    async def main() -> None:
        provider = Provider()
        charges = provider.route("charges", limit=1, max_wait="1m")
        refunds = provider.route("refunds", limit=1, max_wait="0.5s", max_waiting=7)
        first, second = call(charges), call(refunds)
        with pytest.raises(ConcurrencyLimited):
            await second
        await first
        assert provider.most == 1

    leap(main())


def test_routes_with_limits_of_their_own_do_not() -> None:
    async def main() -> None:
        provider = Provider()
        charges = provider.route("charges", limit=1)
        refunds = provider.route("refunds", limit=2)
        await asyncio.gather(call(charges), call(refunds), call(refunds))
        assert provider.most == 3

    leap(main())


def test_calls_of_low_priority_let_the_others_go_first() -> None:
    async def main() -> None:
        provider = Provider()
        people = provider.route("people", limit=1, max_wait="1m")
        batch = provider.route("batch", limit=1, max_wait="1m", priority="low")
        tasks = [
            call(batch, b"/batch/1"),
            call(batch, b"/batch/2"),
            call(people, b"/people/1"),
            call(people, b"/people/2"),
        ]
        await asyncio.gather(*tasks)
        assert provider.seen == [b"/batch/1", b"/people/1", b"/people/2", b"/batch/2"]

    leap(main())


# ---- observe ----


def test_what_is_only_observed_neither_waits_nor_is_refused() -> None:
    async def main() -> None:
        provider = Provider()
        route = provider.route(limit=2, mode="observe", max_wait="0.6s", max_waiting=2)
        await call(route)
        tasks = [call(route) for _ in range(6)]
        await asyncio.gather(*tasks)
        assert provider.most == 6
        # 1 s a call and two slots: the first that is too many would wait 0.5 s, the second 1 s.
        observed = {("concurrency", "waited"): 1, ("concurrency", "refused"): 3}
        assert provider.stage.site.provider_stats.policies.observed == observed
        assert provider.slots.in_use == 0

    leap(main())


def test_what_is_only_observed_keeps_no_other_call_waiting() -> None:
    async def main() -> None:
        provider = Provider()
        watched = provider.route("watched", limit=1, mode="observe")
        kept = provider.route("kept", limit=1, max_wait=0)
        await asyncio.gather(call(watched), call(watched), call(kept))
        assert provider.most == 3

    leap(main())
