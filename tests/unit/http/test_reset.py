import asyncio
import socket
from typing import Any

import pytest

from sidecar.http.reset import reset


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
