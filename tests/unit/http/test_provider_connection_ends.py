import socket

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
from sidecar.core.exchange import NEVER, Exchange
from sidecar.core.headers import Headers
from tests.support.provider_bench import OK, Bench, Sink, Source
from tests.support.still import turn


@pytest.fixture
async def bench() -> Bench:
    return Bench()


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


async def test_a_provider_that_does_not_take_the_request_uses_up_the_wait_for_its_head(bench: Bench) -> None:
    body = Body(length=9)
    answer = bench.send(body, head=5)
    bench.loop.advance(60)  # it is the app who is slow
    assert not answer.done()
    body.feed(b"abc")
    bench.connection.pause_writing()
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
    assert (bench.home.ended, bench.connection.usable()) == (1, False)
    assert body.sink is None
    assert source.calls == ["resume"]  # the app's bytes are read on, and go nowhere


@pytest.mark.parametrize("tls", [False, True])
async def test_an_early_answer_is_read_when_our_own_write_met_the_reset(bench: Bench, tls: bool) -> None:
    """The app got a 502 instead of the provider's refusal."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.send(OK + b"hello")
        theirs.close()
        bench.transport.extra["socket"] = ours
        bench.connection.tls = tls
        answer = bench.send(Body(length=10))
        bench.connection.connection_lost(BrokenPipeError("write"))
    if tls:  # its bytes are not ours to read
        assert isinstance(answer.exception(), Reset)
    else:
        assert answer.result().body.content() == b"hello"
    assert bench.home.ended == 1


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
    assert (bench.transport.closed, bench.transport.aborted, bench.connection.usable()) == (True, False, False)
