"""A closed-loop load generator: K keep-alive connections, each sends its next request when it got its answer.

Plain epoll and non-blocking sockets: about 10 us of CPU per request, so that one core carries it and the
provider while the proxy has the other. Every answer is checked: status 200, the expected Content-Length, and
no byte more. Each latency is kept; percentiles are exact.
"""

import gc
import re
import select
import socket
import time

_READ = select.EPOLLIN
_BOTH = select.EPOLLIN | select.EPOLLOUT
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_PATIENCE = 20.0
"""Seconds without any answer after which a window is given up."""


class LoadError(Exception):
    """The proxy answered wrongly, closed a connection or fell silent."""


class Window:
    """What one window of load saw: ``requests`` answered in ``seconds``, their latencies sorted, in ns."""

    __slots__ = ("latencies", "requests", "seconds")

    def __init__(self, seconds: float, latencies: list[int]) -> None:
        self.seconds = seconds
        self.requests = len(latencies)
        self.latencies = sorted(latencies)


class _Connection:
    __slots__ = ("head", "left", "sock", "started", "unsent")

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(False)
        self.started = 0
        self.left = 0
        """Bytes of the body still to come; 0 while the head is awaited."""
        self.head = b""
        self.unsent: memoryview | None = None


class Client:
    """``connections`` open connections that repeat one request and expect a body of ``expect`` bytes."""

    def __init__(self, port: int, request: bytes, expect: int, connections: int) -> None:
        self._request = memoryview(request)
        self._expect = expect
        self._buffer = bytearray(1 << 18)
        self._view = memoryview(self._buffer)
        self._poll = select.epoll()
        self._connections: dict[int, _Connection] = {}
        for _ in range(connections):
            connection = _Connection(port)
            self._connections[connection.sock.fileno()] = connection
            self._poll.register(connection.sock.fileno(), _READ)

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self._poll.close()
        for connection in self._connections.values():
            connection.sock.close()

    def run(self, seconds: float) -> Window:
        """Keep all connections busy for ``seconds``, one request each at least; every request gets its answer.

        Raises:
            LoadError: An answer was wrong, or none came for 20 s.
        """
        clock, poll, connections = time.perf_counter_ns, self._poll.poll, self._connections
        gc.collect()
        gc.disable()
        latencies: list[int] = []
        busy = len(connections)
        begin = clock()
        end = begin + int(seconds * 1e9)
        try:
            for connection in connections.values():
                self._send(connection, clock())
            while busy:
                for fd, event in self._events(poll(_PATIENCE)):
                    connection = connections[fd]
                    if event & select.EPOLLOUT:
                        self._send_rest(connection)
                    if not event & ~select.EPOLLOUT or not self._receive(connection):
                        continue
                    now = clock()
                    latencies.append(now - connection.started)
                    if now < end:
                        self._send(connection, now)
                    else:
                        busy -= 1
        finally:
            gc.enable()
        return Window((clock() - begin) / 1e9, latencies)

    def one_each(self) -> None:
        """One request on every connection, one after the other: all are known to work, and stay open."""
        for fd, connection in self._connections.items():
            self._send(connection, 0)
            answered = False
            while not answered:
                for ready, _ in self._events(self._poll.poll(_PATIENCE)):
                    answered = self._receive(self._connections[ready]) or answered
            if connection.left or fd != connection.sock.fileno():
                raise LoadError("an answer came on another connection")

    @staticmethod
    def _events(events: list[tuple[int, int]]) -> list[tuple[int, int]]:
        if not events:
            raise LoadError(f"no answer for {_PATIENCE:.0f} s")
        return events

    def _send(self, connection: _Connection, now: int) -> None:
        connection.started = now
        sent = connection.sock.send(self._request)
        if sent < len(self._request):
            connection.unsent = self._request[sent:]
            self._poll.modify(connection.sock.fileno(), _BOTH)

    def _send_rest(self, connection: _Connection) -> None:
        assert connection.unsent is not None
        try:
            connection.unsent = connection.unsent[connection.sock.send(connection.unsent) :]
        except BlockingIOError:
            return
        if not connection.unsent:
            connection.unsent = None
            self._poll.modify(connection.sock.fileno(), _READ)

    def _receive(self, connection: _Connection) -> bool:
        """Take what has arrived; True when the answer is complete."""
        try:
            size = connection.sock.recv_into(self._buffer)
        except BlockingIOError:
            return False
        except OSError as error:
            raise LoadError(f"the connection broke: {error}") from error
        if not size:
            raise LoadError("the proxy closed a connection before its answer was complete")
        if not connection.left:
            data = connection.head + self._view[:size]
            body = data.find(b"\r\n\r\n") + 4
            if body < 4:
                connection.head = data
                return False
            connection.head = b""
            self._check(data[:body])
            connection.left = self._expect
            size = len(data) - body
        connection.left -= size
        if connection.left < 0:
            raise LoadError(f"{-connection.left} bytes more than the answer has")
        return connection.left == 0

    def _check(self, head: bytes) -> None:
        length = _LENGTH.search(head)
        if head[9:12] != b"200" or length is None or int(length[1]) != self._expect:
            raise LoadError(f"not the expected answer: {head[:600].decode('latin-1')}")
