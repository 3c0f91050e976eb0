import asyncio
import socket
from typing import Any

import pytest

from sidecar.http.reset import last_words, reset


@pytest.mark.parametrize("uvloop_", [False, True])
def test_the_peer_sees_an_error(uvloop_: bool) -> None:
    """An abort alone sends FIN, which looks like a proper end."""
    import uvloop  # noqa: PLC0415 - the other half of the test is without

    class Cut(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            reset(transport)

    async def run() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Cut, "127.0.0.1", 0)
        address = server.sockets[0].getsockname()
        with socket.socket() as client:
            client.setblocking(False)
            await loop.sock_connect(client, address)
            with pytest.raises(ConnectionResetError):
                assert await loop.sock_recv(client, 1) == b"an error"
        server.close()

    (uvloop.run if uvloop_ else asyncio.run)(run())


def test_a_transport_without_a_socket_is_aborted() -> None:
    class Transport:
        aborted = False

        def get_extra_info(self, name: str) -> None:
            return None

        def abort(self) -> None:
            self.aborted = True

    transport: Any = Transport()
    reset(transport)
    assert transport.aborted


class Transport:
    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self.aborted = False

    def get_extra_info(self, name: str) -> Any:
        return self._sock

    def abort(self) -> None:
        self.aborted = True


def test_a_socket_that_is_gone_already_is_no_error() -> None:
    sock = socket.socket()
    sock.close()
    transport: Any = Transport(sock)
    reset(transport)
    assert transport.aborted


def words(sock: socket.socket | None) -> list[bytes]:
    transport: Any = Transport(sock)
    return list(last_words(transport))


@pytest.mark.parametrize("ended", [True, False])
def test_what_the_peer_said_last_is_read_to_its_end_without_waiting(ended: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.send(bytes(100_000))
        if ended:
            theirs.close()
        assert [len(piece) for piece in words(ours)] == [65536, 34464]


def test_a_peer_that_does_not_stop_talking_is_not_heard_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sidecar.http.reset.os.read", lambda fd, size: bytes(size))
    with socket.socket() as sock:
        assert sum(map(len, words(sock))) == 1024 * 1024


def test_where_there_is_no_socket_there_are_no_last_words() -> None:
    assert words(None) == []
