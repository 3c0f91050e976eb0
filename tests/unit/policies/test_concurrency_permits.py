"""A slot always comes back, whatever happens to the call that took it."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from tests.support.leaping_loop import leap
from tests.unit.policies.busy import Provider, call, streamed
from tests.unit.policies.stage import ask, respond


@pytest.mark.parametrize("turns", range(12))
def test_a_call_may_be_cancelled_at_every_await(turns: int) -> None:
    """Two calls before it; cancelled after so many turns of the loop, whatever it waits for then."""

    async def main() -> None:
        provider = Provider()
        provider.takes = 0.0
        route = provider.route(limit=1, max_wait="1m")
        before = [call(route), call(route)]
        victim, after = call(route), call(route)
        for _ in range(turns):
            await asyncio.sleep(0)
        victim.cancel()
        await asyncio.gather(*before, victim, after, return_exceptions=True)
        assert [task.cancelled() for task in (*before, after)] == [False, False, False]
        assert (provider.slots.in_use, provider.slots.waiting, provider.most) == (0, 0, 1)

    leap(main())


CALLS = st.lists(
    st.tuples(
        st.integers(0, 20),  # when it comes, tenths of a second
        st.integers(0, 30),  # when it is cancelled, tenths of a second after; 30: never
        st.booleans(),  # high priority
        st.booleans(),  # its answer is streamed
    ),
    min_size=1,
    max_size=25,
)


@given(st.integers(1, 3), CALLS)
def test_never_more_in_flight_than_the_limit(limit: int, calls: list[tuple[int, int, bool, bool]]) -> None:
    """In flight: from the send to the end of the body."""

    async def main() -> list[int]:
        provider = Provider()
        flying = 0
        seen: list[int] = []

        async def answer(exchange: Exchange) -> Response:
            nonlocal flying
            flying += 1
            seen.append(flying)
            try:
                await asyncio.sleep(0.3)
            finally:
                flying -= 1
            return streamed() if exchange.path == b"/stream" else respond()

        async def app(come: int, route: Handler, exchange: Exchange) -> None:
            nonlocal flying
            await asyncio.sleep(come / 10)
            response = await route(exchange)
            if not response.body.complete:
                flying += 1
                seen.append(flying)
                try:
                    await asyncio.sleep(0.4)
                finally:
                    flying -= 1
                    response.close(exchange, None)

        provider.answer = answer  # type: ignore[method-assign]
        high, low = (provider.route(name, limit=limit, max_wait="1s", priority=name) for name in ("high", "low"))
        loop = asyncio.get_running_loop()
        tasks = []
        for come, leave, first, streams in calls:
            exchange = ask(b"/stream" if streams else b"/")
            tasks.append(asyncio.create_task(app(come, high if first else low, exchange)))
            if leave < 30:
                loop.call_later((come + leave) / 10, tasks[-1].cancel)
        await asyncio.gather(*tasks, return_exceptions=True)
        assert (provider.slots.in_use, provider.slots.waiting) == (0, 0)
        return seen

    assert max(leap(main()), default=0) <= limit
