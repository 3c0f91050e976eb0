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
