import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.env import Env
from sidecar.core.errors import ConnectFailed, PoolExhausted
from sidecar.core.exchange import Attempt
from sidecar.http.pool import Pool, PoolSettings, Waits
from sidecar.telemetry.stats import ProviderStats


class Transport:
    """No socket stands behind it."""

    def get_extra_info(self, name: str) -> None:
        return None


class Connection:
    """What the pool asks of a connection."""

    def __init__(self, dialer: "Dialer", number: int) -> None:
        self.home: Any = None
        self.number = number
        self.alive = True
        self.closed = False
        self.opened = self.freed = dialer.now
        self.addr = "provider:80"
        self.transport = Transport()
        self._dialer = dialer

    def usable(self) -> bool:
        return self.alive

    def close(self) -> None:
        self.closed, self.alive = True, False

    abort = close

    def end(self) -> None:
        """What happens a turn of the loop after ``close``."""
        self.close()
        self.home.gone(self)

    def back(self) -> None:
        """The call is done."""
        self.freed = self._dialer.now
        self.home.free(self)

    def __repr__(self) -> str:
        return f"<{self.number}>"


class Dialer:
    """Makes connections at once, or when ``gate`` opens; ``error`` fails them."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.made: list[Connection] = []
        self.gate: asyncio.Event | None = None
        self.error: Exception | None = None
        self.alive = True

    async def dial(self, home: Any, connect_timeout: float, tls_timeout: float) -> Connection:
        if self.gate is not None:
            await self.gate.wait()
        if self.error is not None:
            raise self.error
        connection = Connection(self, len(self.made))
        connection.home = home
        connection.alive = self.alive
        self.made.append(connection)
        return connection


class Loop:
    """The running loop, with timers that a test fires."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.timers: list[tuple[float, Callable[..., None], tuple[Any, ...]]] = []

    def create_future(self) -> Any:
        return self._loop.create_future()

    def call_later(self, delay: float, call: Callable[..., None], *args: Any) -> Any:
        timer = (delay, call, args)
        self.timers.append(timer)

        class Handle:
            def cancel(_self) -> None:  # noqa: N805
                if timer in self.timers:
                    self.timers.remove(timer)

        return Handle()

    def fire(self) -> None:
        """Every timer that is set now is due."""
        due, self.timers = self.timers, []
        for _, call, args in due:
            call(*args)


class Bench:
    def __init__(self, **settings: Any) -> None:
        self.dialer, self.loop, self.stats = Dialer(), Loop(), ProviderStats("p")
        env = replace(Env(), clock=lambda: self.dialer.now)
        dialer: Any = self.dialer
        loop: Any = self.loop
        self.pool = Pool(dialer, PoolSettings(**settings), env, loop, self.stats)

    async def get(self, wait: float = 1.0) -> Any:
        """A connection, as a call asks for one."""
        found: Any = self.pool.take(safe=True)
        return found or await self.pool.open(Attempt(1, self.dialer.now), Waits(pool=wait))

    def later(self, wait: float = 1.0) -> "asyncio.Task[Any]":
        return asyncio.ensure_future(self.get(wait))


async def turn() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_connection_used_last_is_used_next() -> None:
    bench = Bench()
    one, two, three = [await bench.get() for _ in range(3)]
    for connection in (two, one, three):
        connection.back()
    assert [await bench.get() for _ in range(3)] == [three, one, two]
    assert (bench.stats.connections_opened, bench.pool.open_connections, bench.pool.idle) == (3, 3, 0)


async def test_a_dead_connection_is_not_taken() -> None:
    bench = Bench()
    one = await bench.get()
    one.back()
    one.alive = False
    assert (await bench.get()) is not one


async def test_an_old_connection_is_neither_taken_nor_kept() -> None:
    bench = Bench(max_age=300.0)
    one, two = await bench.get(), await bench.get()
    one.back()
    bench.dialer.now += 301
    assert (await bench.get()) is not one
    two.back()
    assert one.closed
    assert two.closed
    assert bench.pool.idle == 0


async def test_any_age_is_young_enough_when_the_limit_is_off() -> None:
    bench = Bench(max_age=0.0, idle_ttl=0.0)
    one = await bench.get()
    one.back()
    bench.dialer.now += 1e6
    assert (await bench.get()) is one


async def test_idle_connections_end_after_their_time() -> None:
    bench = Bench(idle_ttl=60.0)
    one, two = await bench.get(), await bench.get()
    one.back()
    bench.dialer.now += 59
    two.back()
    bench.loop.fire()
    assert not one.closed
    bench.dialer.now += 1
    bench.loop.fire()
    assert one.closed
    assert not two.closed
    bench.dialer.now += 59
    bench.loop.fire()
    assert two.closed
    assert bench.pool.idle == 0
    assert bench.loop.timers == []


async def test_no_more_idle_connections_are_kept_than_allowed() -> None:
    bench = Bench(max_idle=1)
    one, two = await bench.get(), await bench.get()
    one.back()
    two.back()
    assert (one.closed, two.closed, bench.pool.idle) == (False, True, 1)


async def test_a_full_pool_makes_a_call_wait_for_the_next_free_connection() -> None:
    bench = Bench(max_connections=1)
    one = await bench.get()
    first, second = bench.later(), bench.later()
    await turn()
    assert bench.stats.waiting == 2
    bench.dialer.now += 0.5
    one.back()
    await turn()
    assert first.result() is one
    assert not second.done()
    one.back()
    assert await second is one
    assert (bench.stats.waiting, bench.loop.timers, len(bench.dialer.made)) == (0, [], 1)
    assert bench.stats.pool_wait.sum == 1.0


async def test_a_wait_has_an_end() -> None:
    bench = Bench(max_connections=1)
    one = await bench.get()
    waiting = bench.later(0.25)
    await turn()
    bench.loop.fire()
    with pytest.raises(PoolExhausted) as caught:
        await waiting
    assert "250ms" in caught.value.detail
    assert caught.value.retry_after == 1.0
    one.back()
    assert (await bench.get()) is one


async def test_a_connection_that_ends_makes_room_for_who_waits() -> None:
    bench = Bench(max_connections=1)
    one = await bench.get()
    waiting = bench.later()
    await turn()
    one.end()
    two = await waiting
    assert two is not one
    assert bench.pool.open_connections == 1


async def test_a_dial_that_fails_makes_room_for_who_waits() -> None:
    bench = Bench(max_connections=1)
    bench.dialer.gate = asyncio.Event()
    failing = bench.later()
    await turn()
    waiting = bench.later()
    await turn()
    bench.dialer.error = ConnectFailed("no")
    bench.dialer.gate.set()
    await turn()
    with pytest.raises(ConnectFailed):
        await failing
    with pytest.raises(ConnectFailed):
        await waiting
    bench.dialer.error = None
    assert await bench.get() is bench.dialer.made[0]


async def test_a_dial_that_is_cancelled_makes_room_for_who_waits() -> None:
    bench = Bench(max_connections=1)
    bench.dialer.gate = asyncio.Event()
    dialing = bench.later()
    await turn()
    waiting = bench.later()
    await turn()
    dialing.cancel()
    await turn()
    bench.dialer.gate.set()
    assert (await waiting) is bench.dialer.made[0]


async def test_who_is_cancelled_with_a_connection_in_hand_passes_it_on() -> None:
    bench = Bench(max_connections=1)
    one = await bench.get()
    first, second = bench.later(), bench.later()
    await turn()
    one.back()
    first.cancel()
    assert await second is one
    with pytest.raises(asyncio.CancelledError):
        await first
    one.back()
    assert bench.pool.idle == 1


async def test_who_is_cancelled_with_the_right_to_dial_passes_it_on() -> None:
    bench = Bench(max_connections=1)
    one = await bench.get()
    first, second = bench.later(), bench.later()
    await turn()
    one.end()
    first.cancel()
    assert (await second).number == 1


async def test_a_connection_that_died_on_the_way_is_not_given_out() -> None:
    bench = Bench(max_connections=1)
    one = await bench.get()
    waiting = bench.later()
    await turn()
    one.back()
    one.end()
    assert (await waiting) is not one


async def test_a_connection_that_closed_while_it_was_opened_is_an_error_and_no_slot() -> None:
    """Its end had been told already: it stayed in the pool for ever, and the call waited for an answer."""
    bench = Bench(max_connections=1)
    bench.dialer.alive = False
    for _ in range(3):
        with pytest.raises(ConnectFailed):
            await bench.get()
    assert bench.pool.open_connections == 0
    bench.dialer.alive = True
    assert (await bench.get()).usable()


async def test_prewarming_opens_and_keeps_that_many() -> None:
    bench = Bench(prewarm=2, idle_ttl=60.0)
    bench.pool.start(Waits())
    await turn()
    assert (bench.pool.idle, len(bench.dialer.made)) == (2, 2)
    bench.dialer.now += 60
    bench.loop.fire()
    await turn()
    assert (bench.pool.idle, len(bench.dialer.made)) == (2, 4)
    assert [connection.closed for connection in bench.dialer.made] == [True, True, False, False]


async def test_prewarming_a_provider_that_is_down_harms_nobody() -> None:
    bench = Bench(prewarm=2)
    bench.dialer.error = ConnectFailed("no")
    bench.pool.start(Waits())
    await turn()
    assert (bench.pool.idle, bench.pool.open_connections) == (0, 0)


async def test_prewarming_never_opens_more_than_allowed() -> None:
    bench = Bench(prewarm=5, max_connections=2)
    bench.pool.start(Waits())
    await turn()
    assert bench.pool.open_connections == 2


async def test_a_closed_pool_lets_calls_in_flight_end() -> None:
    bench = Bench()
    one, two = await bench.get(), await bench.get()
    one.back()
    bench.pool.close()
    assert (one.closed, two.closed, bench.loop.timers) == (True, False, [])
    two.back()
    assert two.closed


async def test_abort_ends_calls_in_flight() -> None:
    bench = Bench()
    one, two = await bench.get(), await bench.get()
    one.back()
    bench.pool.abort()
    assert one.closed
    assert two.closed


async def test_an_idle_connection_that_ends_leaves_the_pool() -> None:
    bench = Bench()
    one = await bench.get()
    one.back()
    one.end()
    one.home.gone(one)
    assert (bench.pool.idle, bench.pool.open_connections) == (0, 0)
