import asyncio
from typing import Any

import pytest

from sidecar.core.body import Body
from sidecar.core.errors import (
    AttemptTimeout,
    ConnectFailed,
    DeadlineExceeded,
    HeadTimeout,
    PoolExhausted,
    Reset,
    SidecarError,
)
from sidecar.core.exchange import NEVER, Attempt, Exchange, Response
from sidecar.core.headers import Headers
from sidecar.http.head import Edit
from sidecar.http.patience import Patience
from sidecar.http.pool import Waits
from sidecar.http.wire import Wire, WireSettings
from tests.support.still import StillLoop, turn

Outcome = SidecarError | Response | None
"""What a connection does with a request; None: it never answers."""


class Connection:
    """What the wire asks of a connection."""

    def __init__(self, outcome: Outcome, *, used: int = 0, answered: bool = False) -> None:
        self.used, self.answered = used, answered
        self.addr = f"provider:{used}"
        self.sent: list[bytes] = []
        self.attempts: list[Attempt] = []
        self.aborted = False
        self._outcome = outcome

    def send(self, exchange: Exchange, attempt: Attempt, head: bytes, patience: Patience) -> "asyncio.Future[Response]":
        self.sent.append(head)
        self.attempts.append(attempt)
        future = asyncio.get_running_loop().create_future()
        if isinstance(self._outcome, Response):
            future.set_result(self._outcome)
        elif self._outcome is not None:
            future.set_exception(self._outcome)
        return future

    def abort(self) -> None:
        self.aborted = True

    def closed_by(self, exchange: Exchange, response: Response, error: BaseException | None) -> None:
        """A closer."""


class Pool:
    """``idle``: what ``take`` gives; ``fresh``: what ``open`` gives, an error is raised, None: it waits for ever."""

    def __init__(self) -> None:
        self.idle: list[Connection] = []
        self.fresh: list[Connection | SidecarError | None] = []
        self.asked_safe: list[bool] = []

    def take(self, *, safe: bool) -> Connection | None:
        self.asked_safe.append(safe)
        return self.idle.pop(0) if self.idle else None

    async def open(self, attempt: Attempt, waits: Waits) -> Connection:
        found = self.fresh.pop(0)
        if found is None:
            await asyncio.Event().wait()
        if isinstance(found, SidecarError):
            raise found
        assert isinstance(found, Connection)
        return found


class Bench:
    def __init__(self, *, base: bytes = b"", app_host: bool = False, attempt: float = 0) -> None:
        self.loop, self.pool = StillLoop(), Pool()
        pool: Any = self.pool
        settings = WireSettings(base, b"api.test", app_host, Waits(), Patience(0, 0, attempt))
        self.edit = Edit()
        self.wire = Wire(pool, settings, self.edit, self.loop.env())

    def exchange(
        self,
        method: bytes = b"GET",
        path: bytes = b"/x",
        fields: list[tuple[bytes, bytes]] | None = None,
        body: Body | None = None,
    ) -> Exchange:
        made = Exchange(method, path, Headers.of(fields or [(b"Host", b"app")]), body, "", self.loop.now)
        made.attempts.append(Attempt(1, self.loop.now))
        return made


def answer(*, complete: bool = True) -> Response:
    return Response(200, b"OK", Headers(), Body.of(b"ok") if complete else Body(length=5))


# ---- the head ----


async def head_of(bench: Bench, exchange: Exchange) -> bytes:
    connection = Connection(answer())
    bench.pool.fresh.append(connection)
    await bench.wire.handle(exchange)
    return connection.sent[0]


@pytest.mark.parametrize(
    ("method", "base", "path", "line"),
    [
        (b"GET", b"", b"/x?y", b"GET /x?y HTTP/1.1"),
        (b"POST", b"/v1", b"/", b"POST /v1/ HTTP/1.1"),
        (b"OPTIONS", b"/v1", b"*", b"OPTIONS * HTTP/1.1"),
    ],
)
async def test_the_request_line(method: bytes, base: bytes, path: bytes, line: bytes) -> None:
    bench = Bench(base=base)
    head = await head_of(bench, bench.exchange(method, path))
    assert head.partition(b"\r\n")[0] == line


@pytest.mark.parametrize(
    ("app_host", "fields", "host"),
    [
        (False, [(b"Host", b"app")], b"api.test"),
        (True, [(b"Host", b"app")], b"app"),
        (True, [(b"A", b"1")], b"api.test"),
    ],
)
async def test_the_host_that_the_provider_sees(app_host: bool, fields: list[tuple[bytes, bytes]], host: bytes) -> None:
    bench = Bench(app_host=app_host)
    head = await head_of(bench, bench.exchange(fields=fields))
    assert head.count(b"Host: ") == 1
    assert b"Host: " + host + b"\r\n" in head


VIA = b"Via: 1.1 sidecar\r\n"


@pytest.mark.parametrize(
    ("fields", "rest"),
    [
        ([(b"A", b"1")], b"A: 1\r\n" + VIA),
        ([(b"Connection", b"a"), (b"A", b"1"), (b"C", b"2")], b"C: 2\r\n" + VIA),
        ([(b"Connection", b"TE"), (b"TE", b"gzip, trailers")], VIA + b"Connection: TE\r\nTE: trailers\r\n"),
        ([(b"Connection", b"TE"), (b"TE", b"gzip")], VIA),
        ([(b"TE", b"trailers")], VIA),
        ([(b"Expect", b"100-continue")], b"Expect: 100-continue\r\n" + VIA),
    ],
)
async def test_the_fields_of_the_connection_are_made_anew(fields: list[tuple[bytes, bytes]], rest: bytes) -> None:
    bench = Bench()
    head = await head_of(bench, bench.exchange(fields=[(b"Host", b"app"), *fields]))
    assert head == b"GET /x HTTP/1.1\r\nHost: api.test\r\n" + rest + b"\r\n"


async def test_an_old_app_that_cannot_be_told_to_go_on_asks_for_nothing() -> None:
    bench = Bench()
    exchange = bench.exchange(fields=[(b"Host", b"app"), (b"Expect", b"100-continue")])
    exchange.http10 = True
    assert b"Expect" not in await head_of(bench, exchange)


async def test_what_the_route_the_policies_and_the_attempt_add_stands_behind_the_fields_in_this_order() -> None:
    bench = Bench()
    bench.edit.lines += b"Route: 1\r\n"
    bench.edit.drop |= {b"secret"}
    exchange = bench.exchange(fields=[(b"Host", b"app"), (b"Secret", b"x"), (b"A", b"1")])
    exchange.lines = b"Policy: 1\r\n"
    exchange.attempts[0].line = b"Attempt: 1\r\n"
    head = await head_of(bench, exchange)
    assert head.endswith(b"A: 1\r\n" + VIA + b"Route: 1\r\nPolicy: 1\r\nAttempt: 1\r\n\r\n")
    assert b"Secret" not in head


async def test_an_upgrade_is_offered_on() -> None:
    bench = Bench()
    exchange = bench.exchange(fields=[(b"Host", b"app"), (b"Connection", b"Upgrade"), (b"Upgrade", b"foo, h2c")])
    exchange.upgrade = b"foo"
    assert (await head_of(bench, exchange)).endswith(VIA + b"Connection: Upgrade\r\nUpgrade: foo\r\n\r\n")


@pytest.mark.parametrize(("length", "chunked"), [(5, False), (None, True)])
async def test_a_body_without_length_is_chunked(length: int | None, chunked: bool) -> None:
    bench = Bench()
    head = await head_of(bench, bench.exchange(b"POST", body=Body(length=length)))
    assert (b"Transfer-Encoding: chunked\r\n" in head) == chunked


# ---- the connection ----


async def test_an_idle_connection_comes_before_a_new_one() -> None:
    bench = Bench()
    bench.pool.idle = [Connection(answer(), used=3)]
    exchange = bench.exchange()
    response = await bench.wire.handle(exchange)
    assert (exchange.attempts[0].reused, exchange.attempts[0].addr) == (True, "provider:3")
    assert (response.lines, response.closers) == (VIA, [])


async def test_an_answer_that_still_comes_ends_its_connection_when_it_breaks_off() -> None:
    bench = Bench()
    connection = Connection(answer(complete=False))
    bench.pool.fresh = [connection]
    exchange = bench.exchange()
    response = await bench.wire.handle(exchange)
    assert response.closers == [connection.closed_by]
    assert not exchange.attempts[0].reused


def streaming() -> Body:
    return Body(length=5)


@pytest.mark.parametrize(
    ("method", "body", "safe"),
    [
        (b"GET", None, True),
        (b"HEAD", None, True),
        (b"OPTIONS", None, True),
        (b"PUT", Body.of(b"x"), True),
        (b"DELETE", None, True),
        (b"POST", None, False),
        (b"POST", Body.of(b"x"), False),
        (b"PATCH", Body.of(b"x"), False),
        (b"PUT", streaming(), False),
    ],
)
async def test_only_an_idempotent_request_that_is_all_here_goes_out_again(
    method: bytes, body: Body | None, safe: bool
) -> None:
    bench = Bench()
    dead, fresh = Connection(Reset("dead"), used=1), Connection(answer())
    bench.pool.idle, bench.pool.fresh = [dead], [fresh]
    exchange = bench.exchange(method, body=body)
    exchange.attempts[0].span_id = "span"
    bench.loop.now += 2
    if not safe:
        with pytest.raises(Reset):
            await bench.wire.handle(exchange)
        assert len(exchange.attempts) == 1
    else:
        assert (await bench.wire.handle(exchange)).status == 200
        first, second = exchange.attempts
        assert fresh.sent == dead.sent
        assert fresh.attempts == [second]
        assert (first.error, first.ended, first.reused) == ("reset", 102.0, True)
        assert (second.n, second.started, second.span_id, second.reused) == (2, 102.0, "span", False)
    assert bench.pool.asked_safe == [safe]


async def test_a_new_connection_that_dies_is_not_followed_by_another() -> None:
    bench = Bench()
    bench.pool.fresh = [Connection(Reset("dead")), Connection(answer())]
    with pytest.raises(Reset):
        await bench.wire.handle(bench.exchange())
    assert len(bench.pool.fresh) == 1


async def test_the_second_death_is_the_last() -> None:
    bench = Bench()
    bench.pool.idle, bench.pool.fresh = [Connection(Reset("one"), used=1)], [Connection(Reset("two"))]
    exchange = bench.exchange()
    with pytest.raises(Reset, match="two"):
        await bench.wire.handle(exchange)
    assert len(exchange.attempts) == 2


@pytest.mark.parametrize(
    "connection",
    [Connection(Reset("late"), used=1, answered=True), Connection(HeadTimeout("slow"), used=1)],
    ids=["a byte of the answer came", "it is not dead"],
)
async def test_a_provider_that_may_have_acted_is_not_asked_again(connection: Connection) -> None:
    bench = Bench()
    bench.pool.idle = [connection]
    with pytest.raises(SidecarError):
        await bench.wire.handle(bench.exchange())


async def test_a_call_that_is_cancelled_ends_its_connection() -> None:
    bench = Bench()
    connection = Connection(None)
    bench.pool.fresh = [connection]
    call = asyncio.ensure_future(bench.wire.handle(bench.exchange()))
    await turn()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert connection.aborted


# ---- time ----


async def test_a_call_whose_time_is_up_is_not_sent() -> None:
    bench = Bench()
    exchange = bench.exchange()
    exchange.deadline = bench.loop.now
    with pytest.raises(DeadlineExceeded, match="before it was sent"):
        await bench.wire.handle(exchange)
    assert bench.pool.asked_safe == []


SOON = 1e-9
"""Seconds: more than nothing, and over at the next turn of the loop."""


@pytest.mark.parametrize(
    ("attempt", "deadline", "passed", "kind", "text"),
    [
        (0, SOON, 0, DeadlineExceeded, "before a connection was ready"),
        (SOON, NEVER, 0, AttemptTimeout, "timeouts.attempt"),
        (6, 8, 7, AttemptTimeout, "6s (timeouts.attempt)"),
        (8, 6, 7, DeadlineExceeded, "before a connection was ready"),
    ],
)
async def test_waiting_for_a_connection_ends_with_the_call_or_the_attempt(
    attempt: float, deadline: float, passed: float, kind: type[SidecarError], text: str
) -> None:
    bench = Bench(attempt=attempt)
    bench.pool.fresh = [None]
    exchange = bench.exchange()
    exchange.deadline = bench.loop.now + deadline
    bench.loop.now += passed
    with pytest.raises(kind) as caught:
        await bench.wire.handle(exchange)
    assert text in str(caught.value)


@pytest.mark.parametrize("error", [PoolExhausted("full"), ConnectFailed("no")])
async def test_an_error_of_the_pool_is_the_calls(error: SidecarError) -> None:
    bench = Bench(attempt=60)
    bench.pool.fresh = [error]
    with pytest.raises(type(error)) as caught:
        await bench.wire.handle(bench.exchange())
    assert caught.value is error
