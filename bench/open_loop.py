"""An open-loop load generator: a call leaves when it is due, whatever became of those before.

Plain epoll, as in ``load.py``: about 20 us of CPU per call, so that 2,000 a second leave room on a core that the
provider shares. Connections are kept alive and reused, the youngest first, as the pools of SDKs do; a new one is opened
when none is free, and one whose answer says ``Connection: close`` is closed. Latency counts from the due time, so that
a load generator that comes late cannot hide it. ``epoll_wait`` counts whole milliseconds: calls leave in bursts of it.
"""

import errno
import gc
import re
import select
import socket
import time
from collections.abc import Sequence
from typing import NamedTuple

_READ, _WRITE = select.EPOLLIN, select.EPOLLOUT
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close\r\n", re.IGNORECASE)
_PATIENCE = 10.0
"""Seconds to wait for the last answers."""


class Served(NamedTuple):
    """One call: due at that second of the run, its status (0: the connection broke), and its latency in seconds."""

    due: float
    status: int
    latency: float


class _Connection:
    __slots__ = ("due", "inbox", "sock")

    def __init__(self, port: int) -> None:
        self.sock = socket.socket()
        self.sock.setblocking(False)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.due = -1.0
        """When its call was due; negative: it is idle."""
        self.inbox = b""
        if self.sock.connect_ex(("127.0.0.1", port)) not in (0, errno.EINPROGRESS):
            raise ConnectionRefusedError


class OpenLoop:
    """Offers ``requests`` in turn, ``rate`` of them a second. ``served``: every call that has ended."""

    def __init__(self, port: int, requests: Sequence[bytes], rate: float) -> None:
        self.served: list[Served] = []
        self._port, self._requests, self._rate = port, requests, rate
        self._idle: list[_Connection] = []
        self._all: dict[int, _Connection] = {}
        self._unsent: dict[int, bytes] = {}
        self._poll = select.epoll()
        self._begun = time.perf_counter()

    @property
    def now(self) -> float:
        """Seconds since the run began. May be asked from another thread."""
        return time.perf_counter() - self._begun

    def run(self, seconds: float) -> None:
        """Offer load for so long, then wait for the last answers; every call is in ``served``."""
        gc.collect()
        gc.disable()
        self._begun = time.perf_counter()
        number, due, last = 0, 0.0, seconds + _PATIENCE
        try:
            while (now := self.now) < seconds or (len(self.served) < number and now < last):
                while due <= now and due < seconds:
                    self._send(self._requests[number % len(self._requests)], due)
                    number += 1
                    due = number / self._rate
                for fd, event in self._poll.poll(max(0.0, (due if due < seconds else now + 0.05) - now)):
                    self._turn(self._all[fd], event)
        finally:
            gc.enable()
            for connection in list(self._all.values()):
                self._drop(connection)
            self._poll.close()

    def _send(self, request: bytes, due: float) -> None:
        if self._idle:
            connection = self._idle.pop()
        else:
            try:
                connection = _Connection(self._port)
            except OSError:
                self.served.append(Served(due, 0, self.now - due))
                return
            self._all[connection.sock.fileno()] = connection
            self._poll.register(connection.sock.fileno(), _READ)
        connection.due = due
        try:
            sent = connection.sock.send(request)
        except (BlockingIOError, BrokenPipeError, ConnectionResetError) as error:
            if not isinstance(error, BlockingIOError):
                self._drop(connection)
                return
            sent = 0
        if sent < len(request):
            self._unsent[connection.sock.fileno()] = request[sent:]
            self._poll.modify(connection.sock.fileno(), _READ | _WRITE)

    def _turn(self, connection: _Connection, event: int) -> None:
        try:
            if event & _WRITE:
                self._go_on(connection)
            if event & ~_WRITE:
                self._receive(connection)
        except BlockingIOError:
            return
        except OSError:
            self._drop(connection)

    def _go_on(self, connection: _Connection) -> None:
        fd = connection.sock.fileno()
        rest = self._unsent.pop(fd)
        rest = rest[connection.sock.send(rest) :]
        if rest:
            self._unsent[fd] = rest
        else:
            self._poll.modify(fd, _READ)

    def _receive(self, connection: _Connection) -> None:
        data = connection.sock.recv(65536)
        if not data:
            self._drop(connection)
            return
        inbox = connection.inbox = connection.inbox + data
        end = inbox.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        head = inbox[:end]
        length = _LENGTH.search(head)
        if len(inbox) < end + (int(length[1]) if length else 0):
            return
        self.served.append(Served(connection.due, int(head[9:12]), self.now - connection.due))
        connection.due, connection.inbox = -1.0, b""
        if _CLOSE.search(head):
            self._drop(connection)
        else:
            self._idle.append(connection)

    def _drop(self, connection: _Connection) -> None:
        """The connection ends; with it the call it carries, unanswered."""
        fd = connection.sock.fileno()
        self._unsent.pop(fd, None)
        del self._all[fd]
        self._poll.unregister(fd)
        connection.sock.close()
        if connection.due >= 0:
            self.served.append(Served(connection.due, 0, self.now - connection.due))
        else:
            self._idle = [one for one in self._idle if one is not connection]
