import asyncio
from typing import Any

import pytest

from sidecar.core.body import Body
from sidecar.core.errors import (
    AttemptTimeout,
    BadResponse,
    ClientGone,
    DeadlineExceeded,
    HeadTimeout,
    IdleTimeout,
    Reset,
    ResponseIncomplete,
    Sent,
    SidecarError,
)
from sidecar.core.exchange import NEVER, Attempt, Exchange, Response
from sidecar.core.headers import Headers
from sidecar.http.patience import Patience
from sidecar.http.provider_connection import ProviderConnection
from tests.support.still import StillLoop, StillTransport, turn

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
HEAD = b"POST / HTTP/1.1\r\n\r\n"
BIG = bytes(64 * 1024 + 1)


class Home:
    """The pool's side. ``freed`` and ``ended``: how often it was told."""

    def __init__(self) -> None:
        self.freed = self.ended = 0

    def free(self, connection: ProviderConnection) -> None:
        self.freed += 1

    def gone(self, connection: ProviderConnection) -> None:
        self.ended += 1


class Bench:
    """One connection of the pool."""

    def __init__(self) -> None:
        self.home, self.loop = Home(), StillLoop()
        loop: Any = self.loop
        self.connection = ProviderConnection(self.home, loop, lambda: self.loop.now, tls=False)
        self.transport = StillTransport(self.connection)

    def send(
        self,
        body: Body | None = None,
        head: float = 0,
        idle: float = 0,
        attempt: float = 0,
        deadline: float = NEVER,
        upgrade: bytes | None = None,
    ) -> "asyncio.Future[Response]":
        """Send a request; the times are from now on."""
        self.exchange = Exchange(b"GET", b"/", Headers(), body, "", self.loop.now)
        self.exchange.deadline = self.loop.now + deadline
        self.exchange.upgrade = upgrade
        self.attempt = Attempt(1, self.loop.now)
        return self.connection.send(self.exchange, self.attempt, HEAD, Patience(head, idle, attempt))

    def failed(self, answer: "asyncio.Future[Response]") -> SidecarError:
        """The error of a call that has failed; the connection has, too."""
        error = answer.exception()
        assert isinstance(error, SidecarError)
        assert self.transport.closed
        assert not self.connection.usable
        return error


@pytest.fixture
async def bench() -> Bench:
    return Bench()


class Sink:
    """Takes the answer's body."""

    def __init__(self) -> None:
        self.data = b""
        self.trailers: Any = None
        self.error: BaseException | None = None

    def body_data(self, data: bytes) -> None:
        self.data += data

    def body_end(self, trailers: Any) -> None:
        self.trailers = trailers

    def body_failed(self, error: BaseException) -> None:
        self.error = error


class Source:
    """Whoever reads the request's body."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause_body(self) -> None:
        self.calls.append("pause")

    def resume_body(self) -> None:
        self.calls.append("resume")


# ---- the request ----


def complete(data: bytes, length: int | None) -> Body:
    body = Body(length=length)
    body.feed(data)
    body.finish()
    return body


@pytest.mark.parametrize(
    ("body", "writes"),
    [
        (None, [HEAD]),
        (complete(b"hello", 5), [HEAD + b"hello"]),
        (complete(BIG[1:], len(BIG) - 1), [HEAD + BIG[1:]]),
        (complete(BIG, len(BIG)), [HEAD, BIG]),
        (complete(b"hello", None), [HEAD, b"5\r\nhello\r\n", b"0\r\n\r\n"]),
    ],
    ids=["none", "small", "just small", "big", "chunked"],
)
async def test_a_request_that_is_all_here(bench: Bench, body: Body | None, writes: list[bytes]) -> None:
    bench.send(body)
    assert bench.transport.writes == writes
    assert (bench.attempt.sent, bench.connection.used) == (Sent.MAYBE, 1)


@pytest.mark.parametrize(("length", "wire"), [(6, b"abcdef"), (None, b"3\r\nabc\r\n3\r\ndef\r\n0\r\nT: 1\r\n\r\n")])
async def test_a_request_that_still_comes_is_passed_on_chunk_by_chunk(
    bench: Bench, length: int | None, wire: bytes
) -> None:
    body = Body(length=length)
    body.feed(b"abc")
    bench.send(body)
    body.feed(b"def")
    body.finish([] if length else [(b"T", b"1")])
    assert bench.transport.written == HEAD + wire


async def test_a_provider_that_reads_slowly_pauses_the_request(bench: Bench) -> None:
    source = Source()
    body = Body(source, length=100)
    bench.connection.pause_writing()  # nothing is being sent
    bench.connection.resume_writing()
    bench.send(body)
    bench.connection.pause_writing()
    bench.connection.resume_writing()
    assert source.calls == ["pause", "resume"]


# ---- the answer ----


async def test_an_answer_frees_the_connection_when_it_is_complete(bench: Bench) -> None:
    answer = bench.send()
    bench.loop.now += 2
    bench.connection.data_received(OK + b"he")
    assert answer.result().status == 200
    assert (bench.attempt.sent, bench.attempt.headed) == (Sent.ALL, 102.0)
    assert (bench.home.freed, bench.connection.answered) == (0, True)
    bench.loop.now += 1
    bench.connection.data_received(b"llo")
    assert (bench.home.freed, bench.connection.freed, bench.connection.usable) == (1, 103.0, True)
    assert answer.result().body.content() == b"hello"


@pytest.mark.parametrize(
    "data", [OK + b"helloHTTP/1.1 200 OK\r\n", OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n") + b"hello"]
)
async def test_a_connection_that_cannot_be_used_again_is_closed_and_not_freed(bench: Bench, data: bytes) -> None:
    answer = bench.send()
    bench.connection.data_received(data)
    assert answer.result().body.content() == b"hello"
    assert (bench.transport.closed, bench.transport.aborted, bench.home.freed) == (True, False, 0)


async def test_bytes_that_nobody_asked_for_end_an_idle_connection(bench: Bench) -> None:
    bench.connection.data_received(OK)
    assert bench.transport.closed
    assert not bench.connection.usable


async def test_bytes_behind_an_early_answer_end_it_when_the_request_goes_on(bench: Bench) -> None:
    bench.send(Body(length=10))
    bench.connection.data_received(OK + b"hello")
    assert not bench.transport.closed
    bench.connection.data_received(b"more")
    assert bench.transport.closed


@pytest.mark.parametrize("first", ["answer", "request"])
async def test_both_messages_must_be_complete_before_the_connection_is_free(bench: Bench, first: str) -> None:
    body = Body(length=2)
    bench.send(body)
    body.feed(b"ab")
    steps = [lambda: bench.connection.data_received(OK + b"hello"), body.finish]
    for step in steps if first == "answer" else reversed(steps):
        assert bench.home.freed == 0
        step()
    assert bench.home.freed == 1


async def test_interim_answers_go_to_who_can_take_them(bench: Bench) -> None:
    seen: list[tuple[int, bytes]] = []
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    answer = bench.send()
    bench.connection.data_received(interim)
    bench.exchange.inform = lambda status, reason, headers: seen.append((status, headers.index[b"link"]))
    bench.connection.data_received(interim)
    assert (seen, answer.done()) == ([(103, b"</a>")], False)
    bench.connection.data_received(OK)
    assert answer.done()


async def test_an_answer_that_nobody_waits_for_any_more_is_read_to_its_end(bench: Bench) -> None:
    answer = bench.send()
    answer.cancel()
    bench.connection.data_received(OK + b"hello")
    assert bench.home.freed == 1


async def test_garbage_is_a_bad_response(bench: Bench) -> None:
    answer = bench.send()
    bench.connection.data_received(b"\x16\x03\x03 not HTTP\r\n\r\n")
    error = bench.failed(answer)
    assert isinstance(error, BadResponse)
    assert error.sent is Sent.MAYBE


async def test_garbage_inside_the_body_breaks_the_body(bench: Bench) -> None:
    answer = bench.send()
    bench.connection.data_received(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    sink = Sink()
    answer.result().body.attach(sink)
    bench.connection.data_received(b"2\r\nok\r\nxyz\r\n")
    assert sink.data == b"ok"
    assert isinstance(sink.error, BadResponse)
    assert bench.transport.closed


# ---- backpressure ----


async def test_an_app_that_reads_slowly_stops_the_reading_once(bench: Bench) -> None:
    answer = bench.send(idle=10)
    bench.connection.data_received(OK)
    body = answer.result().body
    body.attach(Sink())
    body.resume()
    for _ in range(2):
        body.pause()
        assert not bench.transport.reading
    bench.loop.advance(60)  # it is not the provider who is silent
    assert not bench.transport.closed
    body.resume()
    assert bench.transport.reading
    bench.loop.advance(9)
    assert not bench.transport.closed
    bench.loop.advance(2)
    assert bench.transport.closed
    assert bench.transport.activity.bugs == []


async def test_a_closed_transport_is_neither_paused_nor_resumed(bench: Bench) -> None:
    answer = bench.send()
    bench.connection.data_received(OK)
    body = answer.result().body
    body.attach(Sink())
    body.pause()
    bench.transport.close()
    body.resume()
    body.pause()
    assert not bench.transport.reading


async def test_a_freed_connection_reads(bench: Bench) -> None:
    bench.send()
    bench.connection.data_received(OK)
    bench.connection.pause_body()
    bench.connection.data_received(b"hello")  # had been read already
    assert bench.transport.reading
    assert bench.home.freed == 1


# ---- time ----


@pytest.mark.parametrize(
    ("head", "attempt", "deadline", "kind", "text", "after"),
    [
        (5, 0, NEVER, HeadTimeout, "5s (timeouts.head)", 5),
        (0, 6, NEVER, AttemptTimeout, "6s (timeouts.attempt)", 6),
        (5, 6, NEVER, HeadTimeout, "timeouts.head", 5),
        (5, 3, NEVER, AttemptTimeout, "timeouts.attempt", 3),
        (5, 3, 2, DeadlineExceeded, "time for this call", 2),
        (0, 0, 2, DeadlineExceeded, "time for this call", 2),
    ],
)
async def test_the_nearest_of_three_limits_ends_the_wait_for_the_head(
    bench: Bench,
    head: float,
    attempt: float,
    deadline: float,
    kind: type[SidecarError],
    text: str,
    after: float,
) -> None:
    answer = bench.send(head=head, attempt=attempt, deadline=deadline)
    bench.loop.advance(after - 0.1)
    assert not answer.done()
    bench.loop.advance(0.2)
    error = bench.failed(answer)
    assert type(error) is kind
    assert text in str(error)
    assert error.sent is Sent.MAYBE
    assert bench.transport.aborted


async def test_without_limits_no_timer_is_set(bench: Bench) -> None:
    bench.send()
    bench.connection.data_received(OK)
    assert bench.loop.pending == 0


async def test_the_wait_for_the_head_begins_again_with_every_byte_of_the_request(bench: Bench) -> None:
    body = Body(length=9)
    answer = bench.send(body, head=5)
    for _ in range(3):
        bench.loop.advance(4)
        body.feed(b"abc")
    bench.loop.advance(4)
    body.finish()
    bench.loop.advance(4.9)
    assert not answer.done()
    bench.loop.advance(0.2)
    assert isinstance(bench.failed(answer), HeadTimeout)


async def test_the_attempts_limit_does_not_begin_again(bench: Bench) -> None:
    body = Body(length=9)
    answer = bench.send(body, attempt=6)
    bench.loop.advance(5)
    body.feed(b"abc")
    bench.loop.advance(1.1)
    assert isinstance(bench.failed(answer), AttemptTimeout)


async def test_between_the_chunks_of_the_answer_only_idle_counts(bench: Bench) -> None:
    answer = bench.send(head=5, attempt=6, idle=10)
    bench.connection.data_received(b"HTTP/1.1 200 OK\r\n\r\n")
    sink = Sink()
    answer.result().body.attach(sink)
    for _ in range(3):
        bench.loop.advance(9.9)
        bench.connection.data_received(b"x")
    assert sink.error is None
    bench.loop.advance(10.1)
    assert isinstance(sink.error, IdleTimeout)
    assert "10s (timeouts.idle)" in str(sink.error)
    assert bench.transport.aborted


async def test_a_request_that_goes_on_behind_the_answers_head_does_not_bring_the_head_timeout_back(
    bench: Bench,
) -> None:
    body = Body(length=2)
    bench.send(body, head=5)
    bench.connection.data_received(OK)
    body.feed(b"a")
    body.feed(b"b")
    body.finish()
    bench.loop.advance(60)
    assert not bench.transport.closed


async def test_a_free_connection_has_no_time_limit(bench: Bench) -> None:
    bench.send(head=5, idle=10, attempt=6)
    bench.connection.data_received(OK + b"hello")
    bench.loop.advance(60)
    assert not bench.transport.closed
    bench.connection._timed_out()  # a timer that fired in the same turn of the loop
    bench.connection._watch_head()
    assert (bench.transport.closed, bench.loop.pending) == (False, 0)


# ---- 101 ----

SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\n"


async def test_a_switch_that_was_asked_for_makes_a_tunnel(bench: Bench) -> None:
    answer = bench.send(head=5, idle=5, upgrade=b"foo")
    bench.connection.data_received(SWITCHED + b"hello")
    response = answer.result()
    assert (response.tunnel, bench.connection.leftover) == (bench.connection, b"hello")
    assert not bench.transport.reading  # until the tunnel takes over
    bench.loop.advance(60)
    assert (bench.transport.closed, bench.home.freed) == (False, 0)
    bench.connection.tunnel_closed()
    bench.connection.connection_lost(None)
    assert bench.home.ended == 1


async def test_a_switch_while_reading_is_on_hold_does_not_pause_twice(bench: Bench) -> None:
    answer = bench.send(upgrade=b"foo")
    bench.connection.pause_body()
    bench.connection.data_received(SWITCHED)
    assert answer.result().tunnel is not None
    assert bench.transport.activity.bugs == []


@pytest.mark.parametrize("upgrade", [None, b"foo"], ids=["not asked", "the request goes on"])
async def test_a_switch_that_may_not_be_is_a_bad_response(bench: Bench, upgrade: bytes | None) -> None:
    answer = bench.send(Body(length=5) if upgrade else None, upgrade=upgrade)
    bench.connection.data_received(SWITCHED)
    error = bench.failed(answer)
    assert isinstance(error, BadResponse)
    assert error.sent is Sent.MAYBE


# ---- ends ----


@pytest.mark.parametrize(
    ("before", "how", "kind", "text"),
    [
        (b"", None, Reset, "before it answered"),
        (b"", ConnectionResetError("by peer"), Reset, "before it answered: by peer"),
        (b"HTTP/1.1 2", None, ResponseIncomplete, "inside the head"),
        (b"HTTP/1.1 2", ConnectionResetError("by peer"), ResponseIncomplete, "inside the head of its answer: by peer"),
    ],
)
async def test_an_end_before_the_head(
    bench: Bench, before: bytes, how: Exception | None, kind: type[SidecarError], text: str
) -> None:
    source = Source()
    body = Body(source, length=5)
    answer = bench.send(body)
    if before:
        bench.connection.data_received(before)
    if how is None:
        assert bench.connection.eof_received() is False
    bench.connection.connection_lost(how)
    error = answer.exception()
    assert type(error) is kind
    assert text in str(error)
    assert isinstance(error, SidecarError)
    assert error.sent is Sent.MAYBE
    assert (bench.home.ended, bench.connection.usable) == (1, False)
    assert body.sink is None
    assert source.calls == ["resume"]  # the app's bytes are read on, and go nowhere


@pytest.mark.parametrize("waiting", [0, 100])
async def test_at_the_providers_end_nobody_waits_for_it_to_take_more(bench: Bench, waiting: int) -> None:
    bench.send().add_done_callback(lambda answer: answer.exception())
    bench.transport.waiting_bytes = waiting
    bench.connection.eof_received()
    assert bench.transport.aborted == (waiting > 0)
    await turn()


@pytest.mark.parametrize(
    ("how", "kind"), [(None, type(None)), (ConnectionResetError("by peer"), ResponseIncomplete)], ids=["close", "reset"]
)
async def test_only_a_clean_close_completes_an_answer_that_is_framed_by_it(
    bench: Bench, how: Exception | None, kind: type[BaseException | None]
) -> None:
    answer = bench.send()
    bench.connection.data_received(b"HTTP/1.1 200 OK\r\n\r\nhello")
    sink = Sink()
    answer.result().body.attach(sink)
    bench.connection.connection_lost(how)
    assert sink.data == b"hello"
    assert type(sink.error) is kind
    assert (sink.trailers == []) == (how is None)
    assert bench.home.freed == 0


async def test_the_pool_is_told_once_that_it_is_gone(bench: Bench) -> None:
    bench.connection.eof_received()
    bench.connection.connection_lost(None)
    bench.connection.connection_lost(None)
    assert bench.home.ended == 1


async def test_an_app_that_breaks_off_its_request_ends_the_call(bench: Bench) -> None:
    body = Body(length=10)
    answer = bench.send(body)
    body.feed(b"abc")
    gone = ClientGone("away")
    body.fail(gone)
    assert bench.failed(answer) is gone
    assert gone.sent is Sent.MAYBE
    assert bench.transport.aborted


@pytest.mark.parametrize(
    ("error", "kind"), [(ClientGone("away"), ResponseIncomplete), (ValueError("a bug"), ValueError)]
)
async def test_an_app_that_breaks_off_behind_the_answers_head_breaks_the_answer(
    bench: Bench, error: Exception, kind: type[Exception]
) -> None:
    body = Body(length=10)
    answer = bench.send(body)
    bench.connection.data_received(OK)
    sink = Sink()
    answer.result().body.attach(sink)
    body.fail(error)
    assert type(sink.error) is kind
    assert bench.transport.aborted


@pytest.mark.parametrize(
    ("ours", "error", "aborted"), [(True, None, False), (True, ClientGone(""), True), (False, ClientGone(""), False)]
)
async def test_a_response_that_closes_with_an_error_ends_its_own_call_only(
    bench: Bench, ours: bool, error: BaseException | None, aborted: bool
) -> None:
    answer = bench.send()
    bench.connection.data_received(OK)
    exchange = bench.exchange if ours else Exchange(b"GET", b"/", Headers(), None, "", 0.0)
    bench.connection.closed_by(exchange, answer.result(), error)
    assert bench.transport.aborted == aborted


async def test_abort_lets_go_of_the_requests_body(bench: Bench) -> None:
    body = Body(length=10)
    bench.send(body).cancel()
    bench.connection.abort()
    assert body.sink is None
    assert bench.transport.aborted


async def test_close_sends_what_is_written(bench: Bench) -> None:
    bench.connection.close()
    assert (bench.transport.closed, bench.transport.aborted, bench.connection.usable) == (True, False, False)
