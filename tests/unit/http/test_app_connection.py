import asyncio
from typing import Any

import pytest

from sidecar.core.body import Body
from sidecar.core.errors import BadRequest, ClientGone, SidecarError
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.http.app_connection import AppConnection
from sidecar.http.limits import Limits
from sidecar.http.server import Server
from sidecar.telemetry.stats import Stats
from tests.support.still import StillLoop, StillTransport, turn

GET = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
OLD_GET = b"GET /x HTTP/1.0\r\n\r\n"
DATE = b"Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
LIMITS = Limits(header_timeout=10, idle_timeout=75)


class Source:
    """Whoever reads the answer's body."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause_body(self) -> None:
        self.calls.append("pause")

    def resume_body(self) -> None:
        self.calls.append("resume")


class Sink:
    """Takes a request's body."""

    def __init__(self) -> None:
        self.data = b""
        self.error: BaseException | None = None

    def body_data(self, data: bytes) -> None:
        self.data += data

    def body_end(self, trailers: Any) -> None:
        """It is complete."""

    def body_failed(self, error: BaseException) -> None:
        self.error = error


class Bench:
    """A server whose handler is the test: each call waits in ``calls`` until it is answered.

    ``ends``: the error that each response was closed with, None for a good end.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.loop = StillLoop()
        self.calls: list[tuple[Exchange, asyncio.Future[Response]]] = []
        self.bugs: list[BaseException] = []
        self.ends: list[BaseException | None] = []
        self.stats = Stats()
        loop: Any = self.loop
        self.server = Server(loop, self.loop.env(), limits, self._handle, self.stats, self.bugs.append)

    async def _handle(self, exchange: Exchange) -> Response:
        future = self.loop.create_future()
        self.calls.append((exchange, future))
        response: Response = await future
        response.closers.append(lambda exchange, response, error: self.ends.append(error))
        return response

    def connect(self, **options: Any) -> StillTransport:
        return StillTransport(AppConnection(self.server), **options)

    async def asked(self, transport: StillTransport, data: bytes = GET) -> Exchange:
        """The app sends; the exchange of the newest call."""
        transport.arrive(data)
        await turn()
        return self.calls[-1][0]

    async def answer(self, response: "Response | BaseException") -> None:
        """The newest call is answered."""
        future = self.calls[-1][1]
        if isinstance(response, Response):
            future.set_result(response)
        else:
            future.set_exception(response)
        await turn()

    async def pass_time(self, seconds: float) -> None:
        self.loop.advance(seconds)
        await turn()


def whole(content: bytes = b"ok", status: int = 299) -> Response:
    return Response(status, b"", Headers(), Body.of(content))


def streamed(length: int | None = None) -> tuple[Response, Source]:
    source = Source()
    return Response(299, b"", Headers(), Body(source, length)), source


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
    assert app.writes == [b"HTTP/1.1 299 \r\nContent-Length: 2\r\n\r\nok"] * 2 or app.writes == [
        b"HTTP/1.1 299 \r\n" + DATE + b"\r\nok"
    ] * 2
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
        (GET, None, [DATE + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\nab\r\n", b"2\r\ncd\r\n", b"0\r\nT: 1\r\n\r\n"]),
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


async def test_draining_closes_what_is_idle(bench: Bench) -> None:
    idle, in_head = bench.connect(), bench.connect()
    in_head.arrive(b"GET /")
    bench.server.drain()
    await turn()
    assert (idle.closed, in_head.closed) == (True, False)
    bench.server.abort()
    await turn()
    assert in_head.aborted
    assert bench.server.connections == set()


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


# ---- time ----


async def test_a_silent_connection_is_closed(bench: Bench) -> None:
    app = bench.connect()
    await bench.pass_time(74)
    await bench.asked(app)
    await bench.pass_time(1000)  # a call in flight is its deadline's business
    await bench.answer(whole())
    await bench.pass_time(74)
    assert not app.closed
    await bench.pass_time(2)
    assert app.closed


async def test_an_app_that_left_its_answer_unread_is_cut_when_its_idle_time_is_up(bench: Bench) -> None:
    """A close waits until everything is written: the connection stayed for ever."""
    app = bench.connect()
    await bench.asked(app)
    app.waiting_bytes = 1000
    await bench.answer(whole())
    await bench.pass_time(76)
    assert app.aborted


@pytest.mark.parametrize("first", [True, False], ids=["first", "second"])
async def test_a_head_has_its_time_from_its_first_byte_on(bench: Bench, first: bool) -> None:
    app = bench.connect()
    if not first:
        await bench.asked(app)
        await bench.answer(whole())
    seen = len(bench.calls)
    await bench.pass_time(20)
    for byte in (b"G", b"E", b"T"):
        app.arrive(byte)
        await bench.pass_time(3)
    assert len(bench.calls) == seen
    await bench.pass_time(1.1)
    error = bench.calls[-1][0].error
    assert isinstance(error, BadRequest)
    assert (error.status, "limits.header_timeout" in str(error)) == (408, True)


async def test_a_head_that_began_behind_the_last_request_has_its_time_from_the_answer_on(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app, GET + b"GET")
    await bench.pass_time(60)
    await bench.answer(whole())
    await bench.pass_time(9.9)
    assert len(bench.calls) == 1
    await bench.pass_time(0.2)
    assert bench.calls[-1][0].error is not None


async def test_a_body_that_stalls_fails_and_one_that_trickles_does_not(bench: Bench) -> None:
    app = bench.connect()
    exchange = await bench.asked(app, POST)
    body = exchange.body
    assert body is not None
    for _ in range(3):
        await bench.pass_time(70)
        app.arrive(b"x")
    assert body.error is None
    await bench.pass_time(76)
    assert isinstance(body.error, BadRequest)
    assert body.error.status == 408
    assert not app.closed  # the answer says so


async def test_an_app_that_does_not_read_is_cut(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app)
    response, source = streamed()
    await bench.answer(response)
    app.protocol.pause_writing()
    await bench.pass_time(70)
    app.protocol.resume_writing()
    assert source.calls == ["pause", "resume"]
    await bench.pass_time(200)  # now it is the provider who is silent
    assert not app.closed
    app.protocol.pause_writing()
    await bench.pass_time(76)
    assert app.aborted
    assert isinstance(bench.ends[0], ClientGone)


async def test_backpressure_without_an_answer_under_way_does_no_harm(bench: Bench) -> None:
    app = bench.connect()
    app.protocol.resume_writing()
    app.protocol.pause_writing()
    app.protocol.resume_writing()
    await bench.asked(app)
    await bench.answer(whole())
    assert b"299" in app.written


# ---- ends ----


async def test_an_app_that_goes_inside_its_request_ends_the_call(bench: Bench) -> None:
    app = bench.connect()
    exchange = await bench.asked(app, POST + b"h")
    sink = Sink()
    assert exchange.body is not None
    exchange.body.attach(sink)
    app.arrive(None)
    await turn()
    assert isinstance(sink.error, ClientGone)
    assert bench.calls[0][1].cancelled()
    assert (bench.server.connections, bench.loop.pending, bench.bugs) == (set(), 0, [])


async def test_an_app_that_goes_inside_the_answer_ends_it_once(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app)
    response, source = streamed()
    await bench.answer(response)
    app.break_off()
    await asyncio.sleep(0)
    response.body.feed(b"a chunk that was on its way")
    await turn()
    app.protocol.connection_lost(None)
    assert app.activity.bugs == []
    assert [type(end) for end in bench.ends] == [ClientGone]
    assert bench.stats.client_connections == 0


@pytest.mark.parametrize(
    ("request_", "length", "aborted"), [(GET, 5, False), (GET, None, False), (OLD_GET, None, True)]
)
async def test_a_provider_that_breaks_off_never_looks_like_a_complete_answer(
    bench: Bench, request_: bytes, length: int | None, aborted: bool
) -> None:
    app = bench.connect()
    await bench.asked(app, request_)
    response, _ = streamed(length)
    await bench.answer(response)
    response.body.feed(b"ab")
    error = SidecarError("broke off")
    response.body.fail(error)
    await turn()
    assert bench.ends == [error]
    assert (app.closed, app.aborted) == (True, aborted)
    assert not app.written.endswith(b"0\r\n\r\n")


async def test_a_bug_ends_one_connection_and_is_told(bench: Bench) -> None:
    app, other = bench.connect(), bench.connect()
    await bench.asked(app)
    bug = KeyError("oops")
    await bench.answer(bug)
    assert bench.bugs == [bug]
    assert (app.aborted, app.writes, other.closed) == (True, [], False)


async def test_a_task_that_is_cancelled_from_outside_stays_cancelled(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app)
    task = app.protocol._task
    task.cancel()
    await turn()
    assert task.cancelled()
    assert bench.bugs == []


# ---- upgrades ----

UPGRADE = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\n\r\n"


class Nothing:
    """The protocol of the provider's side, before the tunnel takes its transport."""

    def connection_made(self, transport: object) -> None:
        """It is there."""


class Tunnel:
    """The provider's side of a tunnel."""

    def __init__(self) -> None:
        self.transport = StillTransport(Nothing())
        self.leftover = b"hello"
        self.closed = 0

    def tunnel_closed(self) -> None:
        self.closed += 1


def switched(fields: list[tuple[bytes, bytes]]) -> Response:
    response = Response(101, b"Switching Protocols", Headers.of(fields), Body.of(b""))
    response.tunnel = Tunnel()
    return response


@pytest.mark.parametrize(
    ("fields", "protocol"), [([(b"Upgrade", b"bar")], b"bar"), ([], b"foo")], ids=["the provider's", "as offered"]
)
async def test_an_upgrade_becomes_a_tunnel(bench: Bench, fields: list[tuple[bytes, bytes]], protocol: bytes) -> None:
    app = bench.connect()
    exchange = await bench.asked(app, UPGRADE + b"early")
    assert exchange.upgrade == b"foo"
    assert not app.reading
    response = switched(fields)
    provider = response.tunnel.transport
    await bench.answer(response)
    assert app.writes == [
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + protocol + b"\r\n\r\n",
        b"hello",
    ]
    assert (provider.written, app.reading, bench.loop.pending) == (b"early", True, 0)
    app.arrive(b" more")
    assert provider.written == b"early more"
    provider.close()
    await turn()
    app.close()
    await turn()
    assert (exchange.tunneled, response.tunnel.closed) == ((10, 5), 1)
    assert bench.ends == [None]
    assert bench.stats.client_connections == 0


async def test_a_tunnel_that_is_cut_says_so(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app, UPGRADE)
    task = app.protocol._task
    await bench.answer(switched([]))
    task.cancel()
    await turn()
    assert [str(end) for end in bench.ends] == ["the tunnel was cut"]
    assert bench.server.connections == set()


async def test_an_upgrade_that_is_declined_reads_on_as_http(bench: Bench) -> None:
    app = bench.connect()
    await bench.asked(app, UPGRADE + GET)
    assert len(bench.calls) == 1
    await bench.answer(whole(b"no"))
    assert len(bench.calls) == 2
    await bench.answer(whole(b"yes"))
    assert app.written.endswith(b"yes")
    assert app.reading
