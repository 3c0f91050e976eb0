"""Cut a connection so that the peer sees an error, and not a proper end."""

import asyncio
import socket
import struct

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
