"""A provider that answers as a test tells it, and a sidecar with a preset in front of it."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, NamedTuple, Self

from tests.support.raw_client import Stream
from tests.support.scripted_provider import Peer, Request, ScriptedProvider
from tests.support.sidecar_thread import SidecarThread

Answer = bytes | Callable[[Peer], None]
"""Bytes as they go out; or what is done with the connection, which ends then."""

RESET: Answer = Stream.reset
"""The connection is reset."""

QUICK: dict[str, Any] = {
    "backoff": {"base": "1ms", "cap": "1ms"},
    "throttle_backoff": {"base": "1ms", "cap": "1ms"},
    "budget": {"floor": "1000/s"},
}
"""Waits that nobody told us, made short; hints are none of them. And as many retries in a second as a test makes."""


class Arrival(NamedTuple):
    """One request. ``at``: seconds of a monotonic clock; ``wall``: since 1970."""

    request: Request
    at: float
    wall: float


class ToldProvider:
    """Gives the answers it was told in turn, and the last one again and again. ``arrivals``: every request."""

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self._answers: list[Answer] = []
        self._server = ScriptedProvider(self._serve)
        self.url = self._server.url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)

    def tell(self, *answers: Answer) -> None:
        """What to do with the next requests; the last one stands for all that follow."""
        self._answers = list(answers)

    def let_go(self) -> None:
        """End every ``peer.hold()``."""
        self._server.let_go()

    @property
    def waited(self) -> list[float]:
        """Seconds between each request and the one before it."""
        return [later.at - one.at for one, later in zip(self.arrivals, self.arrivals[1:], strict=False)]

    def _serve(self, peer: Peer) -> None:
        while True:
            request = peer.read_request_head()
            if request.get("expect"):
                peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            peer.read_body(request)
            self.arrivals.append(Arrival(request, time.monotonic(), time.time()))
            told = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if not isinstance(told, bytes):
                told(peer)
                return
            peer.send(told)


def answer(status: int, content: Any = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """A whole answer; what is not bytes becomes JSON."""
    about = dict(headers or {})
    if not isinstance(content, bytes):
        content = json.dumps(content).encode()
        about.setdefault("Content-Type", "application/json")
    lines = "".join(f"{name}: {value}\r\n" for name, value in about.items())
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n{lines}Content-Length: {len(content)}\r\n\r\n"
    return head.encode() + content


class Front(NamedTuple):
    """A sidecar with one provider, at ``url`` without a prefix."""

    url: str
    sidecar: SidecarThread

    def line(self) -> dict[str, Any]:
        """The access log's line of the latest call; waits for the first one."""
        return self.sidecar.requests(1)[-1]

    def sends(self) -> list[tuple[int | str, str | None]]:
        """Of the latest call: status or error, and the provider's id, of each send."""
        return [(one.get("status", one.get("error")), one.get("tracking_id")) for one in self.line()["attempts"]]


@contextlib.contextmanager
def front(preset: str, provider: ToldProvider, **settings: Any) -> Iterator[Front]:
    """The preset, with nothing changed but its address and the waits that nobody told."""
    retry = QUICK | settings.pop("retry", {})
    about = {"preset": preset, "base_url": provider.url, "retry": retry, **settings}
    sidecar = SidecarThread({"providers": {preset: about}})
    try:
        yield Front(f"http://127.0.0.1:{sidecar.ports[preset]}", sidecar)
        # Not that all connections of the app end: a library that failed may keep one until it is collected.
        sidecar.wait_until(lambda: sidecar.stats.provider(preset).in_flight == 0, "calls end")
        sidecar.assert_no_bugs()
    finally:
        sidecar.close()
