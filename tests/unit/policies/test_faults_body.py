"""The body of an answer into which a fault is put, on a loop whose clock stands still."""

from typing import Any

import pytest

from sidecar.core.body import HIGH_WATER, Body, Trailers
from sidecar.core.errors import FaultInjected, ResponseIncomplete
from sidecar.core.exchange import Exchange
from sidecar.policies.faulty_body import FaultyBody
from tests.support.still import StillLoop
from tests.unit.policies.stage import ask, respond

BROKEN = FaultInjected("broken off")


class Provider:
    """The source of the inner body."""

    def __init__(self) -> None:
        self.paused = False

    def pause_body(self) -> None:
        self.paused = True

    def resume_body(self) -> None:
        self.paused = False


class App:
    """Takes the body."""

    def __init__(self) -> None:
        self.chunks: list[bytes] = []
        self.ended: Trailers | None = None
        self.error: BaseException | None = None

    def body_data(self, data: bytes) -> None:
        assert data
        assert self.ended is None
        assert self.error is None
        self.chunks.append(data)

    def body_end(self, trailers: Trailers) -> None:
        self.ended = trailers

    def body_failed(self, error: BaseException) -> None:
        self.error = error

    @property
    def got(self) -> bytes:
        return b"".join(self.chunks)


class Scene:
    """A provider that sends ``inner``, and an app that may take ``outer``."""

    def __init__(self, truncate: int | None = None, slow: int = 0, inner: Body | None = None) -> None:
        self.provider, self.app, self.loop = Provider(), App(), StillLoop()
        self.inner = inner or Body(self.provider)
        loop: Any = self.loop
        self.outer = FaultyBody(self.inner, BROKEN, truncate, slow, loop)


def test_nothing_flows_before_the_app_takes_it() -> None:
    scene = Scene(truncate=100)
    scene.inner.feed(b"abc")
    assert (scene.outer.received, scene.inner.buffered) == (0, 3)
    scene.outer.attach(scene.app)
    assert scene.app.got == b"abc"
    scene.inner.feed(b"def")
    scene.inner.finish([(b"X-Sum", b"1")])
    assert (scene.app.got, scene.app.ended) == (b"abcdef", [(b"X-Sum", b"1")])
    assert scene.outer.complete


# ---- broken off ----


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize(
    ("truncate", "chunks", "got"),
    [
        (0, [b"abc"], b""),
        (1, [b"abc"], b"a"),
        (3, [b"abc", b"d"], b"abc"),
        (4, [b"abc", b"def", b"ghi"], b"abcd"),
        (5, [b"abc", b"def"], b"abcde"),
    ],
)
def test_it_breaks_off_after_so_many_bytes(truncate: int, chunks: list[bytes], got: bytes, whole: bool) -> None:
    scene = Scene(truncate)
    if not whole:
        scene.outer.attach(scene.app)
    for chunk in chunks:
        scene.inner.feed(chunk)
    scene.inner.finish()
    if whole:
        scene.outer.attach(scene.app)
    assert (scene.app.got, scene.app.error, scene.app.ended) == (got, BROKEN, None)
    assert scene.outer.received == len(got)


@pytest.mark.parametrize("truncate", [3, 4])
def test_a_shorter_answer_is_whole(truncate: int) -> None:
    scene = Scene(truncate)
    scene.outer.attach(scene.app)
    scene.inner.feed(b"abc")
    scene.inner.finish()
    assert (scene.app.got, scene.app.ended, scene.app.error) == (b"abc", [], None)


def test_the_rest_is_held_up_at_the_provider() -> None:
    scene = Scene(truncate=1)
    scene.outer.attach(scene.app)
    scene.inner.feed(b"abc")
    assert scene.provider.paused
    assert scene.inner.sink is None


# ---- slow ----


def test_so_many_bytes_come_in_a_second() -> None:
    scene = Scene(slow=100)
    scene.outer.attach(scene.app)
    scene.inner.feed(bytes(250))
    scene.inner.finish()
    got = []
    for _ in range(6):
        got.append(len(scene.app.got))
        scene.loop.advance(0.5)
    assert got == [0, 50, 100, 150, 200, 250]
    assert scene.app.ended == []
    assert scene.loop.pending == 0


@pytest.mark.parametrize(("slow", "after"), [(1, 3.0), (7, 3 / 7), (20, 0.15)])
def test_few_bytes_a_second_come_one_by_one(slow: int, after: float) -> None:
    scene = Scene(slow=slow)
    scene.outer.attach(scene.app)
    scene.inner.feed(b"abc")
    scene.inner.finish()
    scene.loop.advance(after - 0.001)
    assert scene.app.chunks == [b"a", b"b"]
    scene.loop.advance(0.002)
    assert (scene.app.chunks, scene.app.ended) == ([b"a", b"b", b"c"], [])


def test_slow_and_broken_off() -> None:
    scene = Scene(truncate=30, slow=100)
    scene.outer.attach(scene.app)
    scene.inner.feed(bytes(100))
    scene.loop.advance(0.29)
    assert (len(scene.app.got), scene.app.error) == (25, None)
    scene.loop.advance(0.02)
    assert (len(scene.app.got), scene.app.error) == (30, BROKEN)


def test_what_waits_for_its_time_holds_up_the_provider() -> None:
    scene = Scene(slow=HIGH_WATER)
    scene.outer.attach(scene.app)
    scene.inner.feed(bytes(HIGH_WATER))
    assert not scene.provider.paused
    scene.inner.feed(b"x")
    assert scene.provider.paused
    scene.loop.advance(0.1)
    assert not scene.provider.paused


def test_an_app_that_reads_too_slowly_stops_the_pace_and_the_provider() -> None:
    scene = Scene(slow=100)
    scene.outer.attach(scene.app)
    scene.inner.feed(bytes(50))
    scene.outer.pause()
    assert scene.provider.paused
    assert scene.loop.pending == 0
    scene.loop.advance(10)
    assert scene.app.got == b""
    scene.outer.resume()
    assert not scene.provider.paused
    scene.loop.advance(0.5)
    assert len(scene.app.got) == 50


def test_what_still_comes_while_the_app_does_not_read_waits_too() -> None:
    scene = Scene(slow=100)
    scene.outer.attach(scene.app)
    scene.outer.pause()
    scene.inner.feed(b"abc")
    scene.loop.advance(10)
    assert (scene.app.got, scene.loop.pending) == (b"", 0)


def test_an_app_that_reads_on_does_not_ask_for_more_than_can_wait() -> None:
    scene = Scene(slow=100)
    scene.outer.attach(scene.app)
    scene.inner.feed(bytes(HIGH_WATER + 1))
    scene.outer.pause()
    scene.outer.resume()
    assert scene.provider.paused


def test_backpressure_without_a_pace() -> None:
    scene = Scene(truncate=100)
    scene.outer.attach(scene.app)
    scene.outer.pause()
    assert scene.provider.paused
    scene.outer.resume()
    assert not scene.provider.paused


# ---- ends that were not asked for ----


def test_a_provider_that_breaks_off_by_itself_is_told_as_it_is() -> None:
    scene = Scene(slow=100)
    scene.outer.attach(scene.app)
    scene.inner.feed(b"abc")
    error = ResponseIncomplete("gone")
    scene.inner.fail(error)
    assert scene.app.error is error
    assert scene.loop.pending == 0


async def test_no_timer_is_left_when_the_app_goes() -> None:
    scene = Scene(slow=100)
    scene.outer.attach(scene.app)
    scene.inner.feed(b"abc")
    exchange: Exchange = ask()
    scene.outer.detach()
    scene.outer.closed(exchange, respond(), None)
    assert scene.loop.pending == 0
