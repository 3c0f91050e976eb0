"""Connections that are cut: tell the peer so, and hear what it said before it cut ours."""

import asyncio
import os
import socket
import struct
from collections.abc import Iterator

_MOST_LAST_WORDS = 1024 * 1024
"""Bytes that are still read from a connection that has failed."""

_LINGER_ZERO = struct.pack("ii", 1, 0)


def reset(transport: asyncio.Transport) -> None:
    """Close with RST instead of FIN (``SO_LINGER`` 0, see socket(7)); what is not sent yet is dropped.

    Where only the close ends a message (RFC 9112 6.3), a FIN would make a truncated one look complete;
    ``abort`` alone sends a FIN.
    """
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.family != socket.AF_UNIX:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        except OSError:
            pass  # it is gone already
    transport.abort()


def last_words(transport: asyncio.Transport) -> Iterator[bytes]:
    """What the peer sent before it cut the connection, and nobody has read yet; call it in ``connection_lost``.

    A provider that refuses an upload answers and closes (RFC 9112 9.6). If our next write meets the reset, the loop
    gives the connection up, and the answer would be lost although it is here. Linux keeps it readable, and the
    loop closes the socket only after ``connection_lost`` has returned. Plain TCP only: TLS bytes are not ours to read.
    """
    sock = transport.get_extra_info("socket")
    left = _MOST_LAST_WORDS if sock is not None else 0
    while left > 0:
        try:
            data = os.read(sock.fileno(), 64 * 1024)
        except OSError:
            return
        if not data:
            return
        left -= len(data)
        yield data
