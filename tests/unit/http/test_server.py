import asyncio
from dataclasses import replace
from typing import Any

from sidecar.core.env import Env
from sidecar.http.limits import Limits
from sidecar.http.server import Server
from sidecar.telemetry.stats import Stats


class Connection:
    def __init__(self, server: "Server | None" = None, *, busy: bool = False) -> None:
        self.busy = busy
        self.calls: list[str] = []
        self._server = server

    def close_idle(self) -> None:
        self.calls.append("close_idle")
        self._end()

    def abort(self) -> None:
        self.calls.append("abort")
        self._end()

    def _end(self) -> None:
        if self._server is not None:
            self._server.release(self)


class Time:
    clock = 100.0
    wall = 784111777.25


def make(**limits: int) -> tuple[Server, Time]:
    time = Time()
    env = replace(Env(), clock=lambda: time.clock, wall=lambda: time.wall)

    async def handle(exchange: Any) -> Any:
        raise AssertionError(exchange)

    loop: asyncio.AbstractEventLoop = None  # type: ignore[assignment] # the server only keeps it for its connections
    return Server(loop, env, Limits(**limits), handle, Stats(), lambda error: None), time


def test_connections_are_admitted_up_to_the_limit_and_counted() -> None:
    server, time = make(connections=2)
    one, two, three = Connection(), Connection(), Connection()
    time.clock = 105.0
    assert server.admit(one)
    assert server.admit(two)
    time.clock = 110.0
    assert not server.admit(three)
    assert (server.connections, server.stats.client_connections, server.last_active) == ({one, two}, 2, 105.0)
    server.release(one)
    assert server.admit(three)
    assert (server.connections, server.stats.client_connections, server.last_active) == ({two, three}, 2, 110.0)


def test_the_date_is_made_once_per_second() -> None:
    server, time = make()
    first = server.date_line()
    assert first == b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    time.wall += 0.5
    assert server.date_line() is first
    time.wall += 0.5
    assert server.date_line() == b"Date: Sun, 06 Nov 1994 08:49:38 GMT\r\n"


def test_what_is_busy_is_in_flight() -> None:
    server, _ = make()
    for busy in (True, False, True):
        server.admit(Connection(busy=busy))
    assert server.in_flight == 2


def test_a_drain_closes_nothing_by_itself() -> None:
    """An idle connection was closed while the app's next request was on its way to it."""
    server, _ = make()
    idle = Connection(server)
    server.admit(idle)
    server.drain()
    assert (server.draining, idle.calls) == (True, [])


def test_idle_connections_are_asked_to_close_even_if_they_end_at_once() -> None:
    server, _ = make()
    connections = [Connection(server) for _ in range(3)]
    for connection in connections:
        server.admit(connection)
    server.close_idle()
    assert [connection.calls for connection in connections] == [["close_idle"]] * 3
    assert (server.connections, server.stats.client_connections) == (set(), 0)


def test_abort_ends_every_connection() -> None:
    server, _ = make()
    connections = [Connection(server, busy=True) for _ in range(3)]
    for connection in connections:
        server.admit(connection)
    server.abort()
    assert [connection.calls for connection in connections] == [["abort"]] * 3
    assert not server.draining
