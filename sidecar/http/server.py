"""What the connections of one listener share: limits, the handler, and who is connected."""

import asyncio
from collections.abc import Callable
from email.utils import formatdate
from typing import Protocol

from sidecar.core.env import Env
from sidecar.core.layer import Handler
from sidecar.http.limits import Limits
from sidecar.telemetry.stats import Stats


class Connection(Protocol):
    """What the server asks of a connection when it ends."""

    @property
    def busy(self) -> bool:
        """Whether a request is being read or answered."""

    def close_idle(self) -> None:
        """Close it if no request has begun."""

    def abort(self) -> None:
        """Close it now."""


class Server:
    """One listener's shared state. ``draining``: answers carry ``Connection: close`` from now on."""

    __slots__ = (
        "_date",
        "_date_second",
        "connections",
        "draining",
        "env",
        "handle",
        "last_active",
        "limits",
        "loop",
        "on_bug",
        "stats",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        env: Env,
        limits: Limits,
        handle: Handler,
        stats: Stats,
        on_bug: Callable[[BaseException], None],
    ) -> None:
        self.loop = loop
        self.env = env
        self.limits = limits
        self.handle = handle
        self.stats = stats
        self.on_bug = on_bug
        self.connections: set[Connection] = set()
        self.draining = False
        self.last_active = env.clock()
        self._date = b""
        self._date_second = -1

    def admit(self, connection: Connection) -> bool:
        """Count a new connection; False when ``limits.connections`` are open already."""
        if len(self.connections) >= self.limits.connections:
            return False
        self.connections.add(connection)
        self.stats.client_connections += 1
        self.last_active = self.env.clock()
        return True

    def release(self, connection: Connection) -> None:
        """A connection has ended."""
        self.connections.discard(connection)
        self.stats.client_connections -= 1

    def date_line(self) -> bytes:
        """A ``Date`` header line for answers that have none (RFC 9110 6.6.1), made once per second."""
        second = int(self.env.wall())
        if second != self._date_second:
            self._date_second = second
            self._date = b"Date: " + formatdate(second, usegmt=True).encode() + b"\r\n"
        return self._date

    @property
    def in_flight(self) -> int:
        """Connections with a request that is being read or answered."""
        return sum(connection.busy for connection in self.connections)

    def drain(self) -> None:
        """Close every connection after its next answer.

        Idle ones stay open: the app's next request may be on its way already, and would be lost.
        """
        self.draining = True

    def close_idle(self) -> None:
        """Close the connections on which nothing is asked."""
        for connection in list(self.connections):
            connection.close_idle()

    def abort(self) -> None:
        """Close everything now."""
        for connection in list(self.connections):
            connection.abort()
