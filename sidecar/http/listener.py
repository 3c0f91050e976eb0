"""Open a listening socket, TCP or Unix."""

import asyncio
import errno
import os
import socket
import stat
from functools import partial

from sidecar.http.app_connection import AppConnection
from sidecar.http.server import Server

_BACKLOG = 1024


class CannotListen(Exception):
    """A listener could not be opened; the text says which and why."""


async def listen(server: Server, host: str, port: int, unix: str | None = None) -> asyncio.AbstractServer:
    """Serve ``host:port``, or the Unix socket at path ``unix``. A stale socket file is replaced.

    Raises:
        CannotListen: the address is taken, not ours, or not allowed.
    """
    factory = partial(AppConnection, server)
    where = f"unix:{unix}" if unix is not None else f"{host}:{port}"
    try:
        if unix is not None:
            _remove_stale(unix)
            return await server.loop.create_unix_server(factory, unix, backlog=_BACKLOG)
        return await server.loop.create_server(factory, host, port, backlog=_BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        raise CannotListen(f"{where}: {reason}") from error


def _remove_stale(path: str) -> None:
    """A socket file that nobody serves is left over from a crash; one that answers is somebody's.

    The event loop would take over either without a word.

    Raises:
        OSError: somebody serves it, or we may not ask.
    """
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            return
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(0)  # a live one whose queue is full must not hold us up
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            os.unlink(path)
            return
        except BlockingIOError:
            pass
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def address_of(listener: asyncio.AbstractServer) -> str:
    """Where a listener really listens: ``127.0.0.1:8080`` (the port may have been 0), or the socket's path."""
    sockets = getattr(listener, "sockets", ())
    name = sockets[0].getsockname() if sockets else ""
    if isinstance(name, tuple):
        host = f"[{name[0]}]" if ":" in name[0] else name[0]
        return f"{host}:{name[1]}"
    return f"unix:{name}"
