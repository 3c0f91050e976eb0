"""An answer's body that is passed on slowly, or breaks off: a body that takes another one for its source."""

import asyncio
import sys

from sidecar.core.body import HIGH_WATER, Body, Sink, Trailers
from sidecar.core.errors import SidecarError
from sidecar.core.exchange import Exchange, Response

_PIECES = 20
"""Pieces per second of a slow body: one every 50 ms looks like a slow network, not like a stutter."""


class FaultyBody(Body):
    """What the app gets of ``inner``.

    Nothing is taken of the inner body before somebody wants this one, and what does not fit holds it up: backpressure
    is that of a plain body. ``truncate``: bytes that are passed on before it ends with ``broken``, None for all.
    ``slow``: bytes per second, 0 for as fast as they come.
    """

    __slots__ = (
        "_broken", "_cut", "_every", "_inner", "_left", "_loop", "_over", "_piece", "_tail", "_timer", "_waiting",
    )  # fmt: skip

    def __init__(
        self, inner: Body, broken: SidecarError, truncate: int | None, slow: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(self, inner.length)
        self._inner = inner
        self._broken = broken
        self._left = sys.maxsize if truncate is None else truncate
        self._cut = False
        self._over = False
        self._tail: Trailers = []
        self._waiting = bytearray()
        self._timer: asyncio.TimerHandle | None = None
        self._loop = loop
        self._piece = max(1, slow // _PIECES) if slow else 0
        self._every = self._piece / slow if slow else 0.0

    def attach(self, sink: Sink) -> None:
        """The app takes it: from now on the inner body flows."""
        super().attach(sink)
        self._inner.attach(self)

    # ---- the inner body comes here ----

    def body_data(self, data: bytes) -> None:
        """One chunk: all of it, or what may still be passed on."""
        if self._cut:
            return
        if len(data) > self._left:
            data, self._cut = data[: self._left], True
        self._left -= len(data)
        if not self._piece:
            if data:
                self.feed(data)
        else:
            self._waiting += data
            if len(self._waiting) > HIGH_WATER:
                self._inner.pause()
            self._go_on()
        if self._cut:
            self._inner.detach()
            self._inner.pause()
            self._end()

    def body_end(self, trailers: Trailers) -> None:
        """The inner body is complete."""
        if not self._cut:
            self._tail = trailers
            self._end()

    def body_failed(self, error: BaseException) -> None:
        """The inner body broke off by itself."""
        self._stop()
        self.fail(error)

    # ---- what the app's side asks ----

    def pause_body(self) -> None:
        """The app reads too slowly by itself."""
        self._stop()
        self._inner.pause()

    def resume_body(self) -> None:
        """The app reads on."""
        if not self._cut and len(self._waiting) <= HIGH_WATER:
            self._inner.resume()
        self._go_on()

    def closed(self, exchange: Exchange, response: Response, error: BaseException | None) -> None:
        """A closer of the response: nobody wants the rest."""
        del exchange, response, error
        self._stop()

    # ---- the pace ----

    def _go_on(self) -> None:
        if self._timer is None and not self.held and self._waiting:
            self._timer = self._loop.call_later(self._every, self._pass_piece)

    def _pass_piece(self) -> None:
        self._timer = None
        piece = bytes(self._waiting[: self._piece])
        del self._waiting[: self._piece]
        if piece:
            self.feed(piece)
        if not self._waiting and self._over:
            self._end()
            return
        if len(self._waiting) <= HIGH_WATER and not self._cut and not self.held:
            self._inner.resume()
        self._go_on()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self) -> None:
        """Nothing more comes: end once all that waits has been passed on."""
        self._over = True
        if self._waiting:
            return
        if self._cut:
            self.fail(self._broken)
        else:
            self.finish(self._tail)
