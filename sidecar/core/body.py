"""One message body on its way from a source to a sink.

Both directions use it. The source (a connection that reads) pushes chunks; the sink (a connection that
writes) takes them as they come, in the same call, so a chunk costs no task switch and no copy. Until a sink
is attached, chunks wait here, and past ``HIGH_WATER`` the source is asked to stop reading. A sink whose
socket is full pauses the source in the same way: that is the whole backpressure.

Three things may be asked of a body besides: to ``keep`` what it passed on, so that a request can be sent again; to
``hold`` an answer back until it is whole, so that one that breaks off can be asked for again; to ``tap`` it, so that it
can be logged. All have a cap.
"""

import asyncio
from typing import Protocol

HIGH_WATER = 64 * 1024
"""Bytes that may wait for a sink before the source is paused."""

Trailers = list[tuple[bytes, bytes]]


class Source(Protocol):
    """Whoever produces the body."""

    def pause_body(self) -> None:
        """Stop reading until ``resume_body``. May be called again while paused."""

    def resume_body(self) -> None:
        """Read on."""


class Sink(Protocol):
    """Whoever takes the body. After ``body_end`` or ``body_failed`` nothing more is called."""

    def body_data(self, data: bytes) -> None:
        """Take one chunk, never empty."""

    def body_end(self, trailers: Trailers) -> None:
        """The body is complete."""

    def body_failed(self, error: BaseException) -> None:
        """The body broke off."""


_SMALL = 256
"""Bytes. A smaller chunk is copied to its neighbours: a reference to it would cost more than it holds."""


class Tap:
    """The beginning of a body, kept as it passes. ``room``: bytes that may still come.

    Chunks are kept by reference; only small ones are copied, and the part of the last one for which there is room: the
    whole of it would hold more memory than was asked for.
    """

    __slots__ = ("chunks", "room")

    def __init__(self, limit: int) -> None:
        self.chunks: list[bytes | bytearray] = []
        self.room = limit

    def add(self, data: bytes) -> None:
        """One more chunk, as far as there is room."""
        if len(data) > self.room:
            data = data[: self.room]
        self.room -= len(data)
        chunks = self.chunks
        if len(data) >= _SMALL:
            chunks.append(data)
        elif chunks and isinstance(chunks[-1], bytearray):
            chunks[-1] += data
        elif data:
            chunks.append(bytearray(data))


class Body:
    """One body. ``length`` is the declared Content-Length in bytes, None when it is chunked or until-close.

    ``received`` counts payload bytes that came in; ``held``: the sink asked for a pause; ``complete`` and ``error``
    tell how it ended. A body that was complete before a sink was attached keeps its chunks and may be attached again
    (``replayable``). ``keep``: bytes that stay here when they have been passed on (0: none); longer bodies go.
    ``streamed``: bytes have gone, so it cannot be sent from the start again. ``tapped``: its beginning, if asked for.
    """

    __slots__ = (
        "buffered",
        "chunks",
        "complete",
        "error",
        "held",
        "keep",
        "length",
        "limit",
        "received",
        "sink",
        "source",
        "streamed",
        "tapped",
        "trailers",
        "waiter",
    )

    def __init__(self, source: Source | None = None, length: int | None = None) -> None:
        self.source = source
        self.length = length
        self.chunks: list[bytes] = []
        self.buffered = 0
        self.received = 0
        self.complete = False
        self.error: BaseException | None = None
        self.held = False
        self.trailers: Trailers = []
        self.sink: Sink | None = None
        self.streamed = False
        self.tapped: Tap | None = None
        self.keep = 0
        self.limit = HIGH_WATER
        self.waiter: asyncio.Future[None] | None = None

    @classmethod
    def of(cls, data: bytes) -> "Body":
        """A complete body with this content."""
        body = cls(length=len(data))
        if data:
            body.feed(data)
        body.finish()
        return body

    @property
    def replayable(self) -> bool:
        """Whether the whole body is still here, so that it can be sent again."""
        return self.complete and not self.streamed and self.error is None

    @property
    def intact(self) -> bool:
        """Whether every byte that came is still here: it may be attached (again), even while more is coming."""
        return not self.streamed and self.error is None

    @property
    def ended(self) -> bool:
        """Whether nothing more will come."""
        return self.complete or self.error is not None

    def feed(self, data: bytes) -> None:
        """Source side: one more chunk."""
        self.received += len(data)
        if self.tapped is not None and self.tapped.room:
            self.tapped.add(data)
        sink = self.sink
        if sink is not None:
            if self.keep:
                self._remember(data)
            sink.body_data(data)
            return
        self.chunks.append(data)
        self.buffered += len(data)
        if self.buffered > self.limit:
            if self.source is not None:
                self.source.pause_body()
            self._wake()

    def _remember(self, data: bytes) -> None:
        self.chunks.append(data)
        self.buffered += len(data)
        if self.buffered > self.keep:
            self.forget()

    def forget(self) -> None:
        """Keep nothing of what has been passed on: it will not be sent again."""
        self.chunks = []
        self.buffered = self.keep = 0
        self.streamed = True

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    def finish(self, trailers: Trailers | None = None) -> None:
        """Source side: the body is complete."""
        if self.complete or self.error is not None:
            return
        self.complete = True
        if trailers:
            self.trailers = trailers
        self.source = None
        sink = self.sink
        if sink is not None:
            self.sink = None
            sink.body_end(self.trailers)
        elif self.waiter is not None:
            self._wake()

    def fail(self, error: BaseException) -> None:
        """Source side: the body broke off. A body that has ended already stays as it is."""
        if self.complete or self.error is not None:
            return
        self.error = error
        self.source = None
        self.chunks.clear()
        sink = self.sink
        if sink is not None:
            self.sink = None
            sink.body_failed(error)
        self._wake()

    def remember(self, limit: int) -> None:
        """Keep what is passed on from now on, unless the body is, or grows, longer than ``limit`` bytes."""
        if self.intact and not self.complete and (self.length or 0) <= limit:
            self.keep = limit
            self._allow(max(self.limit, limit))

    def _allow(self, limit: int) -> None:
        """So many bytes may wait from now on. A source that was paused at fewer goes on."""
        paused, self.limit = self.buffered > self.limit, limit
        if paused and self.buffered <= limit and self.source is not None:
            self.source.resume_body()

    async def hold(self, limit: int, seconds: float | None) -> bool:
        """Wait until the whole body is here; False when it takes longer, is larger than ``limit`` bytes, or broke off.

        No sink may be attached meanwhile. What has come stays here for the next one.
        """
        if self.complete or self.error is not None:
            return self.complete
        self._allow(max(limit, 1))
        if self.buffered <= self.limit:
            loop = asyncio.get_running_loop()
            waiter = self.waiter = loop.create_future()
            timer = None if seconds is None else loop.call_later(seconds, self._wake)
            try:
                await waiter
            finally:
                self.waiter = None
                if timer is not None:
                    timer.cancel()
        return self.complete

    def tap(self, limit: int) -> None:
        """Keep the first ``limit`` bytes for ``beginning``, whatever becomes of the body.

        One that is complete needs none, as its chunks stay; of one that was passed on already the beginning is lost.
        """
        if self.complete or self.streamed or self.tapped is not None:
            return
        tapped = self.tapped = Tap(limit)
        for chunk in self.chunks:
            tapped.add(chunk)

    def beginning(self, limit: int) -> bytes:
        """The first bytes of it, ``limit`` at most: of those that were tapped, or of the whole that is still here."""
        first = Tap(limit)
        for chunk in self.chunks if self.tapped is None else self.tapped.chunks:
            if not first.room:
                break
            first.add(bytes(chunk))
        return b"".join(first.chunks)

    def attach(self, sink: Sink) -> None:
        """Sink side: take what waits, then everything as it comes."""
        chunks = self.chunks
        if self.complete:
            for chunk in chunks:
                sink.body_data(chunk)
            sink.body_end(self.trailers)
            return
        if self.error is not None:
            sink.body_failed(self.error)
            return
        self.sink = sink
        paused = self.buffered > self.limit
        if self.buffered > self.keep or not self.keep:
            self.forget()
        if chunks:
            self.held = False
            for chunk in chunks:
                sink.body_data(chunk)
            # These chunks may have filled the sink already: then the source stays paused.
            if paused and not self.held and self.source is not None:
                self.source.resume_body()

    def detach(self) -> None:
        """Sink side: take no more. What comes from now on waits here, and soon pauses the source."""
        self.sink = None

    def part(self, error: BaseException) -> None:
        """Take it from its sink, for which it has failed; the body itself goes on, and may be attached again."""
        sink, self.sink = self.sink, None
        if sink is not None:
            if self.held:
                self.resume()
            sink.body_failed(error)

    def pause(self) -> None:
        """Sink side: ask the source to stop."""
        self.held = True
        if self.source is not None:
            self.source.pause_body()

    def resume(self) -> None:
        """Sink side: ask the source to go on."""
        self.held = False
        if self.source is not None:
            self.source.resume_body()

    def content(self) -> bytes:
        """The whole body, if it is complete and was not streamed."""
        chunks = self.chunks
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)
