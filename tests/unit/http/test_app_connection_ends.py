import asyncio

import pytest

from sidecar.core.body import Body
from sidecar.core.errors import BadRequest, ClientGone, SidecarError
from sidecar.core.exchange import Response
from sidecar.core.headers import Headers
from sidecar.http.app_connection import AppConnection
from tests.support.app_bench import GET, OLD_GET, POST, Bench, Sink, streamed, whole
from tests.support.still import StillTransport, turn


@pytest.fixture
async def bench() -> Bench:
    return Bench()


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
    await bench.asked(app, GET + b"GET /y HTTP/1.1\r\n")
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


async def test_an_app_that_reads_nothing_gets_no_second_answer(bench: Bench) -> None:
    """It could fill our memory with the answers to request after request."""
    app = bench.connect()
    await bench.asked(app, GET + GET)
    app.protocol.pause_writing()
    await bench.answer(whole())
    assert len(bench.calls) == 1
    app.protocol.resume_writing()
    await turn()
    assert len(bench.calls) == 2


async def test_an_app_that_reads_again_must_go_on_sending(bench: Bench) -> None:
    """A pause of the answer took the time limit of the request's body away."""
    app = bench.connect()
    exchange = await bench.asked(app, POST)
    assert exchange.body is not None
    app.protocol.pause_writing()
    await bench.pass_time(70)
    app.arrive(b"x")
    app.protocol.resume_writing()
    await bench.pass_time(74)
    assert exchange.body.error is None
    await bench.pass_time(2)
    assert isinstance(exchange.body.error, BadRequest)


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
    response, _ = streamed()
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


async def test_a_bug_behind_the_handler_ends_its_call_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its end, a call has no log line, and its connection to the provider is never given back."""
    bug = KeyError("oops")

    def broken(*_: object, **__: object) -> bool:
        raise bug

    monkeypatch.setattr(AppConnection, "_write_head", broken)
    app = bench.connect()
    await bench.asked(app)
    await bench.answer(whole())
    assert (bench.bugs, bench.ends, app.aborted) == ([bug], [bug], True)


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
