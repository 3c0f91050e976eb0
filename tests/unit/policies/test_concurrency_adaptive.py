import asyncio
from typing import Any

import pytest

from sidecar.core import errors
from sidecar.core.errors import Sent
from sidecar.core.exchange import Response
from tests.support.leaping_loop import leap
from tests.unit.policies.busy import Provider, call, exchange_of, streamed
from tests.unit.policies.stage import respond


@pytest.mark.parametrize(
    ("answer", "limit"),
    [
        (respond(200), 21),
        (respond(404), 21),
        (respond(429), 14),
        (respond(403, (b"Retry-After", b"5")), 14),
        (respond(503), 14),
        (respond(504), 14),
        (respond(529), 14),
        (respond(500), 20),
        (respond(502), 20),
        (errors.HeadTimeout("late", sent=Sent.MAYBE), 14),
        (errors.AttemptTimeout("late", sent=Sent.MAYBE), 14),
        (errors.ConnectTimeout("late"), 14),
        (errors.DeadlineExceeded("late", sent=Sent.MAYBE), 14),
        (errors.DeadlineExceeded("late before it was sent"), 20),
        (errors.Reset("gone", sent=Sent.MAYBE), 20),
        (errors.ConnectFailed("refused"), 20),
        (errors.PoolExhausted("busy"), 20),
        (asyncio.CancelledError(), 20),
        (ZeroDivisionError(), 20),
    ],
    ids=lambda one: str(one.status) if isinstance(one, Response) else type(one).__name__,
)
def test_what_an_adaptive_limit_learns_from(answer: Any, limit: int) -> None:
    async def main() -> None:
        provider = Provider()
        provider.answers = [answer]
        route = provider.route(limit="adaptive", max_wait=0)
        provider.slots.in_use = 19
        await asyncio.gather(call(route), return_exceptions=True)
        assert (provider.slots.limit, provider.slots.in_use) == (limit, 19)

    leap(main())


def test_a_time_that_the_app_cut_short_is_not_the_providers_fault() -> None:
    async def main() -> None:
        provider = Provider()
        provider.answers = [errors.DeadlineExceeded("late", sent=Sent.MAYBE)]
        with pytest.raises(errors.DeadlineExceeded):
            await call(provider.route(limit="adaptive"), hurried=True)
        assert provider.slots.limit == 20

    leap(main())


def test_a_call_with_little_time_left_is_not_the_providers_fault() -> None:
    async def main() -> None:
        provider = Provider()
        route = provider.route(limit="adaptive")
        await call(route)
        provider.takes = 0.5
        provider.answers = [errors.DeadlineExceeded("late", sent=Sent.MAYBE)]
        with pytest.raises(errors.DeadlineExceeded):
            await call(route)
        assert provider.slots.limit == 20

    leap(main())


@pytest.mark.parametrize(
    ("error", "limit"),
    [(errors.IdleTimeout("stopped"), 14), (errors.ResponseIncomplete("half"), 20), (errors.ClientGone("left"), 20)],
)
def test_a_body_that_stops_is_a_sign_too(error: Exception, limit: int) -> None:
    async def main() -> None:
        provider = Provider()
        provider.answers = [streamed()]
        first = call(provider.route(limit="adaptive"))
        (await first).close(exchange_of(first), error)
        assert (provider.slots.limit, provider.slots.in_use) == (limit, 0)

    leap(main())


def test_the_time_to_the_head_counts_not_that_of_the_body() -> None:
    async def main() -> None:
        provider = Provider()
        provider.answers = [streamed()]
        first = call(provider.route(limit="adaptive"))
        response = await first
        await asyncio.sleep(600)
        response.close(exchange_of(first), None)
        assert provider.slots.snapshot(0.0)["adaptive"]["usual_ms"] == 1000.0
        assert provider.slots.held == pytest.approx(601.0)

    leap(main())


def test_routes_with_other_bounds_adapt_by_themselves() -> None:
    async def main() -> None:
        provider = Provider()
        provider.route("a", limit="adaptive", max=10)
        provider.route("b", limit="adaptive", max=30)
        provider.route("c", limit="adaptive", max=10, max_wait="7s")
        limits = [slots.snapshot(0.0)["limit"] for slots in provider.stage.site.switch.slots.values()]
        assert limits == [10, 20]

    leap(main())
