import pytest

from sidecar.core.errors import BadRequest, ClientGone, Draining
from sidecar.core.headers import Headers
from sidecar.http.limits import Limits
from tests.support.app_bench import DATE, GET, OLD_GET, POST, Bench, Sink, streamed, whole
from tests.support.still import turn


@pytest.fixture
async def bench() -> Bench:
    return Bench()


# ---- who is let in ----


@pytest.mark.parametrize(
    ("peername", "client"), [(("10.0.0.1", 80), "10.0.0.1"), (("::1", 80, 0, 0), "::1"), ("", "unix"), (None, "unix")]
)
async def test_the_log_is_told_who_asks(bench: Bench, peername: object, client: str) -> None:
    exchange = await bench.asked(bench.connect(peername=peername))
    assert (exchange.client, exchange.started) == (client, 100.0)


async def test_one_connection_too_many_is_closed_and_not_counted() -> None:
    bench = Bench(Limits(connections=1))
    first, second = bench.connect(), bench.connect()
    await turn()
    assert (first.closed, second.closed, second.writes) == (False, True, [])
    assert bench.stats.client_connections == 1
    first.close()
    await turn()
    assert (bench.stats.client_connections, bench.loop.pending) == (0, 0)


# ---- one answer after the other ----


async def test_a_whole_answer_is_one_write_and_the_connection_goes_on(bench: Bench) -> None:
    app = bench.connect()
    for _ in range(2):
        await bench.asked(app)
        await bench.answer(whole())
    assert len(bench.calls) == 2
    assert app.writes == [b"HTTP/1.1 299 \r\n" + DATE + b"\r\nok"] * 2
    assert bench.ends == [None, None]


async def test_a_provider_that_says_the_date_keeps_it(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app)
    response = whole()
    response.headers.add(b"Date", b"today")
    await bench.answer(response)
    assert app.written == b"HTTP/1.1 299 \r\nDate: today\r\n\r\nok"


async def test_a_large_whole_answer_is_not_copied_together(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app)
    content = bytes(100_000)
    await bench.answer(whole(content))
    assert app.written.endswith(b"\r\n\r\n" + content)


@pytest.mark.parametrize(
    ("request_", "length", "pieces"),
    [
        (GET, 4, [DATE + b"\r\n", b"ab", b"cd"]),
        (
            GET,
            None,
            [DATE + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nab\r\n", b"2\r\ncd\r\n", b"0\r\nT: 1\r\n\r\n"],
        ),
        (OLD_GET, None, [DATE + b"Connection: close\r\n\r\n", b"ab", b"cd"]),
    ],
    ids=["counted", "chunked", "until close"],
)
async def test_a_body_that_still_comes_is_passed_on_chunk_by_chunk(
    bench: Bench, request_: bytes, length: int | None, pieces: list[bytes]
) -> None:
    app = bench.connect()
    await bench.asked(app, request_)
    response, _ = streamed(length)
    await bench.answer(response)
    response.body.feed(b"ab")
    response.body.feed(b"cd")
    response.body.finish([(b"T", b"1")])
    await turn()
    assert app.writes == [b"HTTP/1.1 299 \r\n" + pieces[0], *pieces[1:]]
    assert bench.ends == [None]
    assert app.closed == (request_ is OLD_GET)


async def test_pipelined_requests_are_answered_in_order_and_hold_the_reading(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app, GET + GET)
    assert (len(bench.calls), app.reading) == (1, False)
    await bench.answer(whole(b"one"))
    assert (len(bench.calls), app.reading) == (2, False)
    await bench.answer(whole(b"two"))
    assert app.reading
    assert app.written.index(b"one") < app.written.index(b"two")


async def test_a_bad_request_is_answered_in_its_turn_and_is_the_last(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app, GET + b"GET /x HTTP/1.1\r\n\r\n")
    assert bench.calls[0][0].error is None
    await bench.answer(whole(b"one"))
    bad = bench.calls[1][0]
    assert isinstance(bad.error, BadRequest)
    assert bad.method == b"GET"
    assert not app.closed
    await bench.answer(whole(b"two", 400))
    assert b"Connection: close" in app.writes[1]
    assert app.eof_written


async def test_what_is_not_http_has_no_method(bench: Bench) -> None:
    exchange = await bench.asked(bench.connect(), b"\x16\x03\x01\x00 hello\r\n\r\n")
    assert (exchange.method, type(exchange.error)) == (b"-", BadRequest)


async def test_nothing_is_kept_alive_against_the_apps_will_or_while_draining(bench: Bench) -> None:
    app, other = bench.connect(), bench.connect()
    await bench.asked(app, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    await bench.answer(whole())
    assert b"Connection: close" in app.written
    assert (app.closed, app.aborted) == (True, False)
    await bench.asked(other)
    bench.server.drain()
    assert not other.closed
    await bench.answer(whole())
    assert b"Connection: close" in other.written
    assert other.closed


async def test_draining_leaves_idle_connections_until_they_are_to_be_closed(bench: Bench) -> None:
    idle, in_head = bench.connect(), bench.connect()
    in_head.arrive(b"GET /")
    bench.server.drain()
    await turn()
    assert (idle.closed, in_head.closed) == (False, False)
    bench.server.close_idle()
    await turn()
    assert (idle.closed, in_head.closed) == (True, False)
    bench.server.abort()
    await turn()
    assert in_head.aborted
    assert bench.server.connections == set()


async def test_an_answer_that_is_not_taken_yet_keeps_the_connection_from_being_idle(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app)
    app.waiting_bytes = 1000
    await bench.answer(whole())
    bench.server.drain()
    assert (bench.server.in_flight, app.closed) == (1, False)


async def test_a_call_that_the_end_of_the_sidecar_cut_says_so(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app)
    response, _ = streamed()
    await bench.answer(response)
    bench.server.abort()
    await turn()
    assert app.aborted
    assert [type(end) for end in bench.ends] == [Draining]


# ---- interim answers ----


async def test_interim_answers_go_out_before_the_answer(bench: Bench) -> None:
    app = bench.connect()
    exchange = await bench.asked(app)
    assert exchange.inform is not None
    fields = [(b"Link", b"</a>"), (b"Content-Length", b"9"), (b"Connection", b"X"), (b"X", b"1")]
    exchange.inform(103, b"Early Hints", Headers.of(fields))
    assert app.written == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    app.close()
    await turn()
    exchange.inform(103, b"Early Hints", Headers.of(fields))
    assert app.activity.bugs == []


async def test_an_old_app_cannot_take_them(bench: Bench) -> None:
    assert (await bench.asked(bench.connect(), OLD_GET)).inform is None


# ---- the request's body ----


async def test_the_request_body_reaches_its_sink(bench: Bench) -> None:
    app = bench.connect()
    exchange = await bench.asked(app, POST + b"he")
    sink = Sink()
    assert exchange.body is not None
    exchange.body.attach(sink)
    app.arrive(b"llo")
    assert sink.data == b"hello"
    await bench.answer(whole())
    assert not app.closed


async def test_a_full_sink_stops_the_reading(bench: Bench) -> None:
    app = bench.connect()
    exchange = await bench.asked(app, POST + b"he")
    assert exchange.body is not None
    exchange.body.attach(Sink())
    exchange.body.pause()
    assert not app.reading
    await bench.pass_time(200)  # it is not the app who is silent
    assert exchange.body.error is None
    exchange.body.resume()
    assert app.reading
    await bench.pass_time(76)
    assert isinstance(exchange.body.error, BadRequest)


async def test_a_large_body_behind_a_pipelined_request_waits_and_is_read_in_its_turn(bench: Bench) -> None:
    app = bench.connect()
    size = 200_000
    head = b"POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size
    await bench.asked(app, GET + head + bytes(100_000))
    app.arrive(bytes(size - 100_000))
    assert not app.reading
    await bench.answer(whole(b"one"))
    exchange = bench.calls[1][0]
    sink = Sink()
    assert exchange.body is not None
    exchange.body.attach(sink)
    await turn()
    assert (app.reading, len(sink.data)) == (True, size)


async def test_a_body_that_is_known_as_broken_is_refused_before_a_byte_is_sent(bench: Bench) -> None:
    app = bench.connect()
    chunked = b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n\r\n"
    exchange = await bench.asked(app, chunked)
    assert isinstance(exchange.error, BadRequest)


async def test_an_early_answer_leaves_the_app_time_to_read_it(bench: Bench) -> None:
    app = bench.connect()
    exchange = await bench.asked(app, POST + b"h")
    await bench.answer(whole())
    assert b"Connection: close" in app.written
    assert (app.closed, app.eof_written, app.reading) == (False, True, True)
    assert exchange.body is not None
    assert isinstance(exchange.body.error, ClientGone)
    app.arrive(b"ello" + GET)  # goes nowhere
    await turn()
    assert len(bench.calls) == 1
    await bench.pass_time(1.9)
    assert not app.closed
    await bench.pass_time(0.2)
    assert app.aborted


async def test_where_no_direction_can_be_closed_alone_the_app_has_the_same_time(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = bench.connect()
    monkeypatch.setattr(app, "can_write_eof", lambda: False)
    await bench.asked(app, POST)
    await bench.answer(whole())
    assert (app.closed, app.eof_written) == (False, False)
    app.arrive(None)
    await turn()
    assert (app.closed, bench.loop.pending) == (True, 0)
