"""The ``websockets`` library on both sides, with the sidecar between them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from tests.sdk.proxied import Sidecar, sidecar

Talk = Callable[[ServerConnection], Awaitable[None]]


class Line:
    """A server whose behaviour the test chooses, and its address behind the sidecar."""

    def __init__(self) -> None:
        self.talk: Talk = echo
        self.closed: asyncio.Future[tuple[int | None, str | None]] = asyncio.get_running_loop().create_future()
        self.request_headers: list[tuple[str, str]] = []
        self.url = ""
        self.sidecar: Sidecar

    async def handle(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.request_headers = list(connection.request.headers.raw_items())
        try:
            await self.talk(connection)
        except ConnectionClosed:
            pass
        finally:
            await connection.wait_closed()
            if not self.closed.done():
                self.closed.set_result((connection.close_code, connection.close_reason))


async def echo(connection: ServerConnection) -> None:
    """Send everything back."""
    async for message in connection:
        await connection.send(message)


@contextlib.asynccontextmanager
async def _server(line: Line) -> AsyncIterator[Server]:
    # The library's own limit is 1 MiB; one message of that size and more is tried below.
    async with serve(line.handle, "127.0.0.1", 0, subprotocols=["v2", "v1"], max_size=8 << 20) as server:  # type: ignore[list-item]
        yield server


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """A fresh server behind a fresh sidecar."""
    made = Line()
    async with _server(made) as server:
        port = server.sockets[0].getsockname()[1]
        running = sidecar({"socket": {"base_url": f"http://127.0.0.1:{port}/live"}})
        made.sidecar = await asyncio.to_thread(running.__enter__)
        made.url = made.sidecar.address().replace("http:", "ws:") + "/socket"
        try:
            yield made
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


def client(line: Line, path: str = "/chat?room=1", **options: Any) -> Any:
    """A client, straight to the sidecar whatever proxies the environment names."""
    return connect(line.url + path, proxy=None, max_size=8 << 20, **{"subprotocols": ["v2"], **options})


async def test_text_binary_and_large_messages(line: Line) -> None:
    async with client(line) as socket:
        for message in ("grüße", b"\x00\xff", "", b"", b"\x01" * (1 << 20), "x" * (3 << 20)):
            await socket.send(message)
            assert await socket.recv() == message
        await socket.send(["frag", "men", "ted"])
        assert await socket.recv() == "fragmented"
    assert await line.closed == (1000, "")


async def test_many_messages_keep_their_order(line: Line) -> None:
    async with client(line) as socket:

        async def send() -> None:
            for n in range(2000):
                await socket.send(str(n))

        sending = asyncio.create_task(send())
        assert [await socket.recv() for _ in range(2000)] == [str(n) for n in range(2000)]
        await sending


async def test_the_handshake_is_passed_on(line: Line) -> None:
    async with client(line, subprotocols=["v1"], additional_headers={"Authorization": "Bearer s3cret"}) as socket:
        assert socket.subprotocol == "v1"
        assert socket.response is not None
        headers = socket.response.headers
        assert headers["Sidecar-Attempts"] == "1"
        assert "permessage-deflate" in headers["Sec-WebSocket-Extensions"]
    arrived = {name.lower(): value for name, value in line.request_headers}
    assert arrived["authorization"] == "Bearer s3cret"
    assert arrived["trackingid"] == headers["Sidecar-Request-Id"]
    record = await asyncio.to_thread(line.sidecar.record, headers["Sidecar-Request-Id"])
    assert (record["status"], record["path"], record["query"]) == (101, "/socket/chat", "room=1")
    assert record["bytes_in"] > 0
    assert "s3cret" not in str(record)


async def test_ping_and_pong_both_ways(line: Line) -> None:
    async def ping(connection: ServerConnection) -> None:
        await (await connection.ping(b"from the provider"))
        await connection.send("pong seen")

    line.talk = ping
    async with client(line) as socket:
        await (await socket.ping(b"from the app"))
        assert await socket.recv() == "pong seen"


async def test_the_apps_close_reaches_the_provider(line: Line) -> None:
    async with client(line) as socket:
        await socket.close(4123, "bye from the app")
    assert await line.closed == (4123, "bye from the app")
    assert socket.close_code == 4123


async def test_the_providers_close_reaches_the_app(line: Line) -> None:
    async def leave(connection: ServerConnection) -> None:
        await connection.send("last words")
        await connection.close(1012, "restarting")

    line.talk = leave
    async with client(line) as socket:
        assert await socket.recv() == "last words"
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1012, "restarting")


async def test_an_app_that_vanishes(line: Line) -> None:
    socket: ClientConnection = await client(line)
    await socket.send("here")
    assert await socket.recv() == "here"
    socket.transport.abort()
    await socket.wait_closed()
    assert await line.closed == (1006, "")


async def test_a_provider_that_vanishes(line: Line) -> None:
    async def vanish(connection: ServerConnection) -> None:
        await connection.recv()
        connection.transport.abort()

    line.talk = vanish
    async with client(line) as socket:
        await socket.send("go")
        with pytest.raises(ConnectionClosedError) as closed:
            await socket.recv()
    assert closed.value.rcvd is None
    assert socket.close_code == 1006


async def test_a_message_too_big_for_the_other_side(line: Line) -> None:
    async with client(line) as socket:
        # The server closes as soon as it knows the size, so sending may fail before receiving does.
        with contextlib.suppress(ConnectionClosed):
            await socket.send(b"x" * (9 << 20))
        with pytest.raises(ConnectionClosed):
            await socket.recv()
        assert socket.close_code == 1009


async def test_a_refused_handshake_is_an_answer(line: Line) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(line.url.replace("/socket", "/nobody"), proxy=None)
    assert refused.value.response.status_code == 404
    assert b'"no_route"' in refused.value.response.body
