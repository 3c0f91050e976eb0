import asyncio
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from sidecar.core.body import Body
from sidecar.core.env import Env
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.http.limits import Limits
from sidecar.http.listener import CannotListen, address_of, listen
from sidecar.http.server import Server
from sidecar.telemetry.stats import Stats


async def teapot(exchange: Exchange) -> Response:
    return Response(418, exchange.client.encode(), Headers(), Body.of(b""))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server(asyncio.get_running_loop(), Env(), Limits(), teapot, Stats(), lambda error: None)
    yield server
    server.abort()
    await asyncio.gather(*(connection._task for connection in server.connections), return_exceptions=True)  # type: ignore[attr-defined]


async def first_line(streams: Any) -> bytes:
    reader, writer = await streams
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    line: bytes = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line


async def test_a_tcp_listener_serves_and_says_where(server: Server) -> None:
    async with await listen(server, "127.0.0.1", 0) as listener:
        host, _, port = address_of(listener).rpartition(":")
        assert (host, port.isdigit(), port != "0") == ("127.0.0.1", True, True)
        assert await first_line(asyncio.open_connection(host, int(port))) == b"HTTP/1.1 418 127.0.0.1\r\n"


async def test_a_taken_port_is_an_error_that_says_where_and_why(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen) as caught:
            await listen(server, "127.0.0.1", port)
    assert str(caught.value) == f"127.0.0.1:{port}: address already in use"


async def test_a_host_without_an_address_is_an_error_too(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_such_host(*args: object, **options: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(server.loop, "create_server", no_such_host)
    with pytest.raises(CannotListen, match=r"^nowhere\.invalid:80: "):
        await listen(server, "nowhere.invalid", 80)


async def test_an_error_without_a_number_gives_its_text(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*args: object, **options: object) -> object:
        raise OSError("could not bind on any address")

    monkeypatch.setattr(server.loop, "create_server", refuse)
    with pytest.raises(CannotListen, match=r"^a:1: could not bind on any address$"):
        await listen(server, "a", 1)


async def test_a_unix_listener_serves_and_says_where(server: Server, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    async with await listen(server, "", 0, path) as listener:
        assert address_of(listener) == f"unix:{path}"
        assert await first_line(asyncio.open_unix_connection(path)) == b"HTTP/1.1 418 unix\r\n"


async def test_a_socket_file_that_nobody_serves_is_replaced(server: Server, tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(path)
    async with await listen(server, "", 0, path):
        assert await first_line(asyncio.open_unix_connection(path)) == b"HTTP/1.1 418 unix\r\n"


@pytest.mark.parametrize("backlog", [8, 0], ids=["free", "full"])
async def test_a_socket_file_that_somebody_serves_is_left_alone(server: Server, tmp_path: Path, backlog: int) -> None:
    """The event loop took it over without a word: its clients came to us."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as other, socket.socket(socket.AF_UNIX) as client:
        other.bind(path)
        other.listen(backlog)
        client.connect(path)
        inode = os.stat(path).st_ino
        with pytest.raises(CannotListen, match="address already in use"):
            await listen(server, "", 0, path)
        assert os.stat(path).st_ino == inode


async def test_a_file_that_is_no_socket_is_never_removed(server: Server, tmp_path: Path) -> None:
    path = tmp_path / "s"
    path.write_text("precious")
    with pytest.raises(CannotListen):
        await listen(server, "", 0, str(path))
    assert path.read_text() == "precious"


@pytest.mark.parametrize(
    ("names", "address"),
    [
        ([("127.0.0.1", 8080)], "127.0.0.1:8080"),
        ([("::1", 8080, 0, 0)], "[::1]:8080"),
        ([("0.0.0.0", 80), ("::", 80, 0, 0)], "0.0.0.0:80"),
        (["/run/s"], "unix:/run/s"),
        ([], "unix:"),
    ],
)
def test_addresses(names: list[Any], address: str) -> None:
    class Socket:
        def __init__(self, name: Any) -> None:
            self.getsockname = lambda: name

    class Listener:
        def __init__(self) -> None:
            self.sockets = [Socket(name) for name in names]

    listener: Any = Listener()
    assert address_of(listener) == address
