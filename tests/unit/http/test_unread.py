import socket
from typing import Any

import pytest

from sidecar.http.unread import unread


class Transport:
    def __init__(self, sock: socket.socket | None) -> None:
        self._sock = sock

    def get_extra_info(self, name: str) -> socket.socket | None:
        return self._sock


@pytest.mark.parametrize("what", ["bytes", "end"])
def test_bytes_and_an_end_wait_to_be_read(what: str) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        transport: Any = Transport(ours)
        assert not unread(transport)
        if what == "bytes":
            theirs.send(b"x")
        else:
            theirs.shutdown(socket.SHUT_WR)
        assert unread(transport)


def test_a_transport_without_a_socket_has_nothing() -> None:
    transport: Any = Transport(None)
    assert not unread(transport)
