"""A provider takes an order and its connection breaks, at every byte: the order is never carried out twice.

Each case is one call. The provider of the test drops its first connection after so many bytes of the request, before it
has taken the order; or after so many bytes of its answer, when it has. It answers everything that comes after.
"""

import asyncio
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.chaos.app import Answer, App
from tests.chaos.scene import Scene, eventually

BODY = b"item=1"
SURE = {"attempts": 3, "backoff": {"base": "1us", "cap": "1us"}, "budget": {"ratio": "100%", "floor": "1000000/s"}}


@dataclass
class Case:
    """One call, and what the provider made of it.

    ``fault``: ``before`` or ``after`` the order is taken; ``at``: bytes of the request or of the answer that are let
    through. ``orders``: one entry for each order on the books. ``begun``: requests of which a byte was read.
    """

    fault: str
    at: int
    how: str
    orders: list[bytes] = field(default_factory=list)
    keys: set[bytes] = field(default_factory=set)
    begun: int = 0
    pending: bool = True

    def take(self, method: bytes, key: bytes | None) -> None:
        """Carry a request out. The same PUT or GET asks for the same order; a key is honoured as Stripe does."""
        if (method != b"POST" and self.orders) or (key is not None and key in self.keys):
            return
        if key is not None:
            self.keys.add(key)
        self.orders.append(method)


class Shop:
    """A provider on bare sockets: it reads and writes exactly so many bytes. ``keep``: connections stay open."""

    def __init__(self, *, keep: bool) -> None:
        self.keep = keep
        self.case = Case("none", 0, "")
        self.request_size = 0
        self._loop = asyncio.get_running_loop()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.setblocking(False)
        self.port: int = self._listener.getsockname()[1]
        self._tasks: set[asyncio.Task[None]] = set()
        self._start(self._accept())

    def _start(self, coroutine: Any) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    @property
    def answer(self) -> bytes:
        """What every order is answered with."""
        close = b"" if self.keep else b"Connection: close\r\n"
        return b"HTTP/1.1 201 Created\r\n" + close + b"Content-Length: 5\r\n\r\norder"

    async def _accept(self) -> None:
        while True:
            sock, _ = await self._loop.sock_accept(self._listener)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._serve(sock))

    async def _serve(self, sock: socket.socket) -> None:
        try:
            while await self._one(sock):
                pass
        except OSError:
            pass  # the sidecar closed first
        finally:
            sock.close()

    async def _one(self, sock: socket.socket) -> bool:
        """One request; False when the connection is over."""
        case = self.case
        if case.pending and case.fault == "before" and not case.at and not self.keep:
            return await self._drop(sock)
        data = await self._loop.sock_recv(sock, 1)
        if not data:
            return False
        case = self.case
        case.begun += 1
        if case.pending and case.fault == "before":
            await self._read(sock, data, case.at)
            return await self._drop(sock)
        while b"\r\n\r\n" not in data:
            data += await self._loop.sock_recv(sock, 1024)
        head, _, body = data.partition(b"\r\n\r\n")
        size = len(BODY) if b"Content-Length" in head else 0
        await self._read(sock, body, size)
        self.request_size = len(head) + 4 + size
        key = next((line[17:] for line in head.split(b"\r\n") if line.startswith(b"Idempotency-Key: ")), None)
        case.take(head.partition(b" ")[0], key)
        if case.pending and case.fault == "after":
            await self._loop.sock_sendall(sock, self.answer[: case.at])
            return await self._drop(sock)
        await self._loop.sock_sendall(sock, self.answer)
        return self.keep

    async def _read(self, sock: socket.socket, data: bytes, size: int) -> None:
        while len(data) < size:
            more = await self._loop.sock_recv(sock, size - len(data))
            if not more:
                raise OSError
            data += more

    async def _drop(self, sock: socket.socket) -> bool:
        """By a reset; or by an end that is said, after which nothing that comes is looked at."""
        self.case.pending = False
        if self.case.how == "reset":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        sock.shutdown(socket.SHUT_WR)
        while await self._loop.sock_recv(sock, 65536):
            pass
        return False

    async def close(self) -> None:
        """End it all."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._listener.close()


class Buyer:
    """The app: one call after the other."""

    def __init__(self, scene: Scene, method: str, key: bool) -> None:
        self.scene = scene
        self.method = method
        self.key = key
        self.calls = 0
        self._app: App | None = None

    async def order(self) -> Answer:
        """Send one call."""
        if self._app is None:
            self._app = await self.scene.app()
        self.calls += 1
        lines = ["Trackingid: t", *([f"Idempotency-Key: {self.calls:06}"] if self.key else [])]
        if self.method == "GET":
            self._app.get("/p/o", *lines)
        else:
            self._app.post("/p/o", BODY, *lines, method=self.method)
        got = await self._app.answer()
        if not got.complete or got.headers.get("connection") == "close":
            self._app.close()
            self._app = None
        return got


def cases(shop: Shop) -> Iterator[Case]:
    """Every byte of the request and every byte of the answer, by either end of the connection."""
    for how in ("end", "reset"):
        for at in range(shop.request_size + 1):
            yield Case("before", at, how)
        for at in range(len(shop.answer) + 1):
            yield Case("after", at, how)


def told(answer: Answer) -> str:
    """What ``Sidecar-Outcome`` says was sent."""
    outcome = answer.headers["sidecar-outcome"]
    return outcome.partition("; sent=")[2] or "all"


def check(case: Case, got: Answer, *, twice: bool) -> None:
    """The rules of all calls. ``twice``: the user asked for it, by ``unsafe: always`` without a key."""
    assert len(case.orders) <= (2 if twice else 1), (case, got)
    assert len(case.orders) == 1 or told(got) == "maybe" or twice, (case, got)
    assert told(got) != "nothing" or not case.begun, (case, got)
    if not case.orders:
        assert got.status != 201, (case, got)


KINDS = [
    ("GET", False, "never", True),
    ("PUT", False, "never", True),
    ("POST", False, "never", False),
    ("POST", False, "with_key", False),
    ("POST", False, "always", True),
    ("POST", True, "never", False),
    ("POST", True, "with_key", True),
    ("POST", True, "always", True),
]
"""Method, with a key, ``retry.unsafe``, and whether the call may be repeated for that."""


@pytest.mark.parametrize("keep", [False, True], ids=["new", "kept"])
@pytest.mark.parametrize(("method", "key", "unsafe", "repeated"), KINDS)
async def test_an_order_is_carried_out_once_or_the_answer_says_maybe(
    scene: Scene, method: str, key: bool, unsafe: str, repeated: bool, keep: bool
) -> None:
    """``new``: each call opens a connection; ``kept``: the connection that breaks has carried the call before."""
    shop, buyer = Shop(keep=keep), Buyer(scene, method, key)
    await scene.start({
        "p": {
            "base_url": f"http://127.0.0.1:{shop.port}",
            "retry": SURE | {"unsafe": unsafe},
            "tracking": {"traceparent": "off"},
        }
    })  # fmt: skip
    assert (await buyer.order()).status == 201
    twice = 0
    for case in cases(shop):
        if keep:
            shop.case = Case("none", 0, "")
            await buyer.order()
        shop.case = case
        got = await buyer.order()
        check(case, got, twice=method == "POST" and not key and unsafe == "always")
        twice += len(case.orders) == 2
        if repeated:
            assert (got.status, got.complete) == (201, True), (case, got)
            assert len(case.orders) >= 1
        elif case.fault == "after" and case.at == len(shop.answer):
            assert (got.status, got.complete, got.headers["sidecar-outcome"]) == (201, True, "success")
        else:
            assert case.begun <= 1, (case, got)  # a byte of it may have arrived: it is not sent again
    # Two orders are what ``always`` without a key asks for, and nothing else brings them about.
    assert (twice > 0) is (method == "POST" and not key and unsafe == "always")
    await shop.close()
    await eventually(lambda: len(scene.log.read_bytes().splitlines()) > buyer.calls)
    scene.calls = buyer.calls
