import pytest

from sidecar.core.body import Body
from sidecar.core.errors import (
    BadResponse,
    Sent,
)
from tests.support.provider_bench import BIG, HEAD, OK, Bench, Sink, Source


@pytest.fixture
async def bench() -> Bench:
    return Bench()


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
    assert (bench.home.freed, bench.connection.freed, bench.connection.usable()) == (1, 103.0, True)
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
    assert not bench.connection.usable()


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
