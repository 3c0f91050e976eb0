import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.body import HIGH_WATER, Body, Trailers


class Sink:
    """Takes down every call."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    def body_data(self, data: bytes) -> None:
        self.calls.append(data)

    def body_end(self, trailers: Trailers) -> None:
        self.calls.append(trailers)

    def body_failed(self, error: BaseException) -> None:
        self.calls.append(error)


class Source:
    """Takes down what it is asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def pause_body(self) -> None:
        self.calls.append("pause")

    def resume_body(self) -> None:
        self.calls.append("resume")


def test_chunks_wait_until_a_sink_comes_and_then_flow_through() -> None:
    body, sink = Body(), Sink()
    body.feed(b"a")
    body.feed(b"b")
    assert (body.buffered, body.received) == (2, 2)
    body.attach(sink)
    body.feed(b"c")
    body.finish([(b"X", b"1")])
    assert sink.calls == [b"a", b"b", b"c", [(b"X", b"1")]]
    assert (body.buffered, body.received, body.complete, body.ended) == (0, 3, True, True)
    assert body.sink is None


def test_a_source_is_paused_past_high_water_and_resumed_by_the_sink() -> None:
    source, sink = Source(), Sink()
    body = Body(source)
    body.feed(b"x" * HIGH_WATER)
    assert source.calls == []
    body.feed(b"x")
    assert source.calls == ["pause"]
    body.attach(sink)
    assert source.calls == ["pause", "resume"]
    body.pause()
    body.resume()
    assert source.calls == ["pause", "resume", "pause", "resume"]


def test_a_source_that_was_not_paused_is_not_resumed() -> None:
    source = Source()
    body = Body(source)
    body.feed(b"x")
    body.attach(Sink())
    assert source.calls == []


def test_an_empty_body_attaches_without_a_word() -> None:
    source, sink = Source(), Sink()
    Body(source).attach(sink)
    assert (source.calls, sink.calls) == ([], [])


def test_without_a_source_nothing_is_asked() -> None:
    body = Body()
    body.feed(b"x" * (HIGH_WATER + 1))
    body.pause()
    body.resume()
    body.attach(Sink())
    assert body.buffered == 0


def test_of_is_complete_and_can_be_sent_again() -> None:
    body, first, second = Body.of(b"abc"), Sink(), Sink()
    body.attach(first)
    body.attach(second)
    assert first.calls == second.calls == [b"abc", []]
    assert body.replayable
    assert (body.length, body.content()) == (3, b"abc")


def test_of_nothing_has_no_chunk() -> None:
    body, sink = Body.of(b""), Sink()
    body.attach(sink)
    assert sink.calls == [[]]
    assert (body.length, body.content(), body.chunks) == (0, b"", [])


def test_a_body_that_was_complete_before_the_sink_keeps_its_chunks() -> None:
    body, sink = Body(), Sink()
    body.feed(b"a")
    body.feed(b"b")
    body.finish()
    body.attach(sink)
    assert body.content() == b"ab"
    assert body.replayable
    assert sink.calls == [b"a", b"b", []]


def test_a_streamed_body_cannot_be_sent_again() -> None:
    body = Body()
    body.attach(Sink())
    assert not body.replayable
    body.finish()
    assert not body.replayable


def test_a_failure_reaches_the_sink_once_and_drops_what_waits() -> None:
    body, sink, error = Body(), Sink(), OSError()
    body.attach(sink)
    body.fail(error)
    body.fail(ValueError())
    body.finish()
    assert sink.calls == [error]
    assert (body.error, body.complete, body.ended, body.replayable) == (error, False, True, False)


def test_a_failure_before_the_sink_is_told_when_it_comes() -> None:
    body, sink, error = Body(), Sink(), OSError()
    body.feed(b"a")
    body.fail(error)
    body.attach(sink)
    assert sink.calls == [error]
    assert body.chunks == []


def test_a_complete_body_does_not_fail_afterwards() -> None:
    body = Body.of(b"a")
    body.fail(OSError())
    assert body.error is None
    assert body.replayable


def test_finish_counts_once() -> None:
    body, sink = Body(), Sink()
    body.attach(sink)
    body.finish([(b"A", b"1")])
    body.finish([(b"B", b"2")])
    assert sink.calls == [[(b"A", b"1")]]


def test_after_detach_chunks_wait_and_pause_the_source() -> None:
    source, sink = Source(), Sink()
    body = Body(source)
    body.attach(sink)
    body.detach()
    body.feed(b"x" * (HIGH_WATER + 1))
    assert sink.calls == []
    assert source.calls == ["pause"]


def test_an_ended_body_lets_go_of_its_source() -> None:
    finished, failed = Body(Source()), Body(Source())
    finished.finish()
    failed.fail(OSError())
    assert finished.source is None
    assert failed.source is None
    assert not Body().ended


@given(st.lists(st.binary(min_size=1, max_size=5), max_size=8), st.integers(0, 8))
def test_the_sink_gets_every_byte_in_order_whenever_it_comes(chunks: list[bytes], when: int) -> None:
    body, sink = Body(), Sink()
    for index, chunk in enumerate(chunks):
        if index == when:
            body.attach(sink)
        body.feed(chunk)
    body.finish()
    if when >= len(chunks):
        body.attach(sink)
    assert sink.calls == [*chunks, []]
    assert body.received == sum(map(len, chunks))


# ---- remember: a request that may be sent again ----


def test_what_is_remembered_is_replayed_and_then_goes_on_as_it_comes() -> None:
    body, first, second = Body(), Sink(), Sink()
    body.remember(100)
    body.feed(b"a")
    body.attach(first)
    body.feed(b"b")
    body.detach()
    body.feed(b"c")
    assert body.intact
    body.attach(second)
    body.feed(b"d")
    body.finish([(b"X", b"1")])
    assert first.calls == [b"a", b"b"]
    assert second.calls == [b"a", b"b", b"c", b"d", [(b"X", b"1")]]
    assert body.replayable
    assert body.content() == b"abcd"


def test_a_remembered_body_is_replayed_as_often_as_asked() -> None:
    body = Body(length=2)
    body.remember(2)
    for _ in range(3):
        sink = Sink()
        body.attach(sink)
        body.detach()
    body.feed(b"ab")
    body.finish()
    for _ in range(3):
        sink = Sink()
        body.attach(sink)
        assert sink.calls == [b"ab", []]


def test_without_being_asked_nothing_is_remembered() -> None:
    body = Body()
    body.feed(b"a")
    body.attach(Sink())
    assert not body.intact
    assert body.chunks == []


def test_a_body_that_grows_over_the_limit_is_let_go_of_at_once() -> None:
    body, sink = Body(), Sink()
    body.remember(10)
    body.attach(sink)
    body.feed(b"x" * 10)
    assert (body.intact, body.buffered) == (True, 10)
    body.feed(b"y")
    assert (body.intact, body.buffered, body.chunks, body.streamed) == (False, 0, [], True)
    body.feed(b"z")
    body.finish()
    assert sink.calls == [b"x" * 10, b"y", b"z", []]
    assert not body.replayable


def test_a_body_that_is_known_to_be_longer_is_never_remembered() -> None:
    body = Body(length=11)
    body.remember(10)
    body.feed(b"x")
    body.attach(Sink())
    assert body.chunks == []
    assert not body.intact


def test_what_waits_beyond_the_limit_is_sent_once_and_forgotten() -> None:
    body, sink = Body(), Sink()
    body.remember(10)
    body.feed(b"x" * 11)
    assert body.intact  # nothing has gone yet
    body.attach(sink)
    body.feed(b"y")
    assert sink.calls == [b"x" * 11, b"y"]
    assert (body.intact, body.chunks) == (False, [])


@pytest.mark.parametrize("how", ["complete", "streamed", "failed"])
def test_what_is_over_or_has_gone_is_not_remembered(how: str) -> None:
    body = Body()
    if how == "complete":
        body.finish()
    elif how == "streamed":
        body.attach(Sink())
    else:
        body.fail(OSError())
    body.remember(10)
    assert body.keep == 0


def test_a_limit_of_0_remembers_nothing() -> None:
    body = Body()
    body.remember(0)
    body.feed(b"x")
    body.attach(Sink())
    assert not body.intact


def test_a_source_that_was_paused_before_goes_on_when_more_may_wait() -> None:
    """It was paused at 64 KiB, and nobody let it go on: the upload stood still for ever."""
    source, sink = Source(), Sink()
    body = Body(source, length=300_000)
    body.feed(b"x" * 200_000)
    assert source.calls == ["pause"]
    body.remember(1 << 20)
    assert source.calls == ["pause", "resume"]
    body.attach(sink)
    body.feed(b"x" * 100_000)
    body.finish()
    assert sum(len(call) for call in sink.calls if isinstance(call, bytes)) == 300_000
    assert body.replayable


def test_a_source_that_was_paused_stays_so_when_too_much_waits_already() -> None:
    source = Source()
    body = Body(source)
    body.feed(b"x" * 200_000)
    body.remember(100_000)
    assert source.calls == ["pause"]
    body.attach(Sink())
    assert source.calls == ["pause", "resume"]
    assert not body.intact


def test_while_no_sink_takes_it_no_more_than_the_limit_is_remembered() -> None:
    source = Source()
    body = Body(source)
    body.remember(100_000)
    body.attach(Sink())
    body.feed(b"x" * 90_000)
    body.detach()
    body.feed(b"x" * 10_000)
    assert source.calls == []
    body.feed(b"x")
    assert source.calls == ["pause"]


def test_a_remembered_body_keeps_the_backpressure_of_its_sink() -> None:
    """A replay fills the new connection: the app is asked to wait, as by any full sink."""

    class Full(Sink):
        def body_data(self, data: bytes) -> None:
            super().body_data(data)
            body.pause()

    source = Source()
    body = Body(source)
    body.remember(1 << 20)
    body.attach(Sink())
    body.feed(b"x" * 500)
    body.detach()
    body.attach(Full())
    assert source.calls == ["pause"]
    assert body.held
    body.resume()
    assert source.calls == ["pause", "resume"]


def test_a_remembered_body_that_fails_cannot_be_sent_again() -> None:
    body = Body()
    body.remember(10)
    body.feed(b"x")
    body.fail(OSError())
    assert not body.intact
    assert body.chunks == []


@given(
    st.lists(st.binary(min_size=1, max_size=6), max_size=12),
    st.lists(st.integers(0, 12), max_size=4),
    st.integers(1, 40),
)
def test_every_sink_gets_the_whole_body_as_long_as_it_is_intact(
    chunks: list[bytes], turns: list[int], limit: int
) -> None:
    """The body is attached anew before each of the chunks in ``turns``; memory stays within the limit."""
    body, sinks = Body(), [Sink()]
    body.remember(limit)
    body.attach(sinks[0])
    for index, chunk in enumerate(chunks):
        if index in turns and body.intact:
            body.detach()
            sinks.append(Sink())
            body.attach(sinks[-1])
        body.feed(chunk)
        assert body.buffered == sum(map(len, body.chunks)) <= limit
    assert body.intact is (sum(map(len, chunks)) <= limit)
    body.finish()
    assert b"".join(call for call in sinks[-1].calls if isinstance(call, bytes)) == b"".join(chunks)
    assert sinks[-1].calls[-1] == []
    assert body.replayable is body.intact


# ---- part: one sink is through, the body is not ----


def test_a_sink_that_is_parted_from_is_told_once_and_the_body_goes_on() -> None:
    body, first, second, why = Body(), Sink(), Sink(), OSError()
    body.remember(10)
    body.attach(first)
    body.feed(b"a")
    body.part(why)
    body.feed(b"b")
    body.attach(second)
    body.finish()
    assert first.calls == [b"a", why]
    assert second.calls == [b"a", b"b", []]


def test_a_source_that_the_parted_sink_held_goes_on() -> None:
    source = Source()
    body = Body(source)
    body.remember(10)
    body.attach(Sink())
    body.pause()
    body.part(OSError())
    assert source.calls == ["pause", "resume"]
    assert not body.held


def test_there_may_be_no_sink_to_part_from() -> None:
    source = Source()
    body = Body(source)
    body.part(OSError())
    assert source.calls == []
    assert body.intact


# ---- hold: an answer that is passed on when it is whole ----


async def test_hold_ends_with_the_body() -> None:
    body = Body()
    body.feed(b"a")
    asyncio.get_running_loop().call_soon(body.feed, b"b")
    asyncio.get_running_loop().call_soon(body.finish)
    assert await body.hold(100, None)
    assert (body.replayable, body.content(), body.waiter) == (True, b"ab", None)


async def test_hold_ends_when_the_body_breaks_off() -> None:
    body = Body()
    asyncio.get_running_loop().call_soon(body.fail, OSError())
    assert not await body.hold(100, None)
    assert isinstance(body.error, OSError)


async def test_hold_gives_up_after_its_time_and_the_body_is_as_before() -> None:
    source, sink = Source(), Sink()
    body = Body(source)
    body.feed(b"a")
    assert not await body.hold(100, 0.001)
    body.feed(b"b")
    body.attach(sink)
    body.finish()
    assert sink.calls == [b"a", b"b", []]
    assert source.calls == []


async def test_hold_gives_up_over_its_limit_and_pauses_the_source() -> None:
    source = Source()
    body = Body(source)
    asyncio.get_running_loop().call_soon(body.feed, b"12345")
    asyncio.get_running_loop().call_soon(body.feed, b"6")
    assert not await body.hold(5, None)
    assert source.calls == ["pause"]
    body.attach(Sink())
    assert source.calls == ["pause", "resume"]


async def test_hold_does_not_wait_for_what_is_over_or_too_large() -> None:
    failed, large = Body(), Body()
    failed.fail(OSError())
    large.feed(b"123456")
    assert await Body.of(b"x").hold(1, None)
    assert not await failed.hold(1, None)
    assert not await large.hold(5, None)


async def test_hold_lets_a_paused_source_go_on() -> None:
    """It was paused at 64 KiB, and held for more: the answer stood still until the deadline."""
    source = Source()
    body = Body(source)
    body.feed(b"x" * 200_000)
    assert source.calls == ["pause"]
    asyncio.get_running_loop().call_soon(body.finish)
    assert await body.hold(1 << 20, None)
    assert source.calls == ["pause", "resume"]


async def test_a_limit_of_0_waits_for_the_first_byte() -> None:
    body = Body()
    asyncio.get_running_loop().call_soon(body.feed, b"12")
    assert not await body.hold(0, None)


async def test_a_cancelled_hold_leaves_no_timer_and_no_waiter(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []
    call_later = loop.call_later
    monkeypatch.setattr(loop, "call_later", lambda *args: timers.append(call_later(*args)) or timers[-1])
    body = Body()
    task = asyncio.get_running_loop().create_task(body.hold(100, 3600.0))
    await asyncio.sleep(0)
    assert body.waiter is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert body.waiter is None
    assert [timer.cancelled() for timer in timers] == [True]
    body.feed(b"x")
    body.finish()
    assert body.content() == b"x"


async def test_after_a_hold_that_ended_the_body_wakes_nobody() -> None:
    body = Body()
    assert not await body.hold(100, 0.001)
    body.feed(b"x" * 200)
    body.finish()
    assert body.replayable


# ---- the beginning of a body is kept for the log ----


def test_a_tap_keeps_the_beginning_of_what_passes_and_the_sink_gets_all_of_it() -> None:
    body, sink = Body(), Sink()
    body.tap(5)
    body.attach(sink)
    for chunk in (b"abc", b"def", b"ghi"):
        body.feed(chunk)
    body.finish()
    assert sink.calls == [b"abc", b"def", b"ghi", []]
    assert (body.beginning(5), body.beginning(2), body.received) == (b"abcde", b"ab", 9)


def test_a_tap_has_what_came_before_it() -> None:
    body = Body()
    body.feed(b"abc")
    body.tap(10)
    body.attach(Sink())
    body.feed(b"def")
    assert body.beginning(10) == b"abcdef"


def test_a_body_that_is_all_here_needs_no_tap() -> None:
    body = Body.of(b"abcdef")
    body.tap(3)
    assert body.tapped is None
    body.attach(Sink())
    assert body.beginning(4) == b"abcd"


def test_of_a_body_that_was_passed_on_already_no_beginning_is_pretended() -> None:
    body = Body()
    body.feed(b"abc")
    body.attach(Sink())
    body.tap(10)
    body.feed(b"def")
    assert body.beginning(10) == b""


def test_a_body_that_breaks_off_has_its_beginning() -> None:
    body = Body()
    body.tap(10)
    body.feed(b"abc")
    body.fail(ValueError("broken"))
    assert body.beginning(10) == b"abc"
    assert body.content() == b""


def test_a_second_tap_changes_nothing() -> None:
    body = Body()
    body.tap(4)
    body.feed(b"abcd")
    body.tap(100)
    body.attach(Sink())
    body.feed(b"efgh")
    assert body.beginning(100) == b"abcd"


def test_a_tap_sees_a_body_once_that_is_sent_again() -> None:
    body = Body()
    body.tap(100)
    body.remember(100)
    first, second = Sink(), Sink()
    body.attach(first)
    body.feed(b"abc")
    body.part(ValueError("cut"))
    body.attach(second)
    body.feed(b"def")
    body.finish()
    assert second.calls == [b"abc", b"def", []]
    assert body.beginning(100) == b"abcdef"


async def test_a_tap_outlives_what_is_kept_and_held() -> None:
    body = Body()
    body.tap(4)
    asyncio.get_running_loop().call_soon(body.feed, b"abcdef")
    assert not await body.hold(3, None)
    body.attach(Sink())
    body.forget()
    body.finish()
    assert body.beginning(10) == b"abcd"


def test_large_chunks_are_kept_by_reference() -> None:
    body, chunk = Body(), b"x" * 1000
    body.tap(10_000)
    body.feed(chunk)
    assert body.tapped is not None
    assert body.tapped.chunks[0] is chunk


def test_of_a_chunk_that_does_not_fit_only_its_part_is_held() -> None:
    body = Body()
    body.tap(1000)
    body.feed(b"x" * 1_000_000)
    assert body.tapped is not None
    assert [len(chunk) for chunk in body.tapped.chunks] == [1000]


def test_many_small_chunks_take_no_more_memory_than_they_hold() -> None:
    body = Body()
    body.tap(100_000)
    for _ in range(10_000):
        body.feed(b"ab")
    assert body.tapped is not None
    assert len(body.tapped.chunks) == 1
    assert body.beginning(100_000) == b"ab" * 10_000


@given(
    st.lists(st.binary(min_size=1, max_size=600), max_size=12), st.integers(0, 3000), st.integers(0, 12), st.integers(0)
)
def test_the_beginning_is_that_of_the_stream_however_it_is_cut(
    chunks: list[bytes], limit: int, before: int, asked: int
) -> None:
    body = Body()
    for chunk in chunks[:before]:
        body.feed(chunk)
    body.tap(limit)
    body.attach(Sink())
    for chunk in chunks[before:]:
        body.feed(chunk)
    body.finish()
    assert body.beginning(asked) == b"".join(chunks)[: min(limit, asked)]
