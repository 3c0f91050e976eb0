"""The provider behind all proxies: a small epoll server, plain and TLS, that costs little.

``python -m bench.provider CERT`` prints its two ports as JSON and serves until its standard input closes.
``/v1/orders/1`` answers 834 bytes of JSON, ``/bytes/N`` streams N bytes, ``/v1/files`` swallows an upload,
``/v1/refused`` too but answers 422, ``/echo`` returns the head it got, ``/flaky`` answers 503 every second time. Plain
epoll, because an answer then costs about 10 us: the load generator shares its core.
"""

import gc
import itertools
import json
import os
import re
import select
import socket
import ssl
import sys

from bench import traffic

_READ = select.EPOLLIN
_WRITE = select.EPOLLOUT
_WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_CHUNK = memoryview(bytes(65536))
_JSON = traffic.answer_head(len(traffic.JSON_BODY)) + traffic.JSON_BODY
_DOWN = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
_UNUSABLE = _JSON.replace(b"200 OK", b"422 Unprocessable Content", 1)
_REFUSAL = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"


class _Connection:
    """One proxy's connection: bytes read, bytes of an upload still to swallow, bytes still to send."""

    __slots__ = ("body", "handshaken", "head", "inbox", "sock", "upload", "writing")

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.handshaken = not isinstance(sock, ssl.SSLSocket)
        self.inbox = b""
        self.upload = 0
        self.head = b""
        self.body = 0
        self.writing = False


class Provider:
    """Listens on two ports of 127.0.0.1, plain and TLS."""

    def __init__(self, certificate: str) -> None:
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(certificate)
        self._poll = select.epoll()
        self._listeners: dict[int, tuple[socket.socket, bool]] = {}
        self._connections: dict[int, _Connection] = {}
        self._flaky = itertools.cycle((_DOWN, _JSON))
        self._plain_port = self._listen(tls=False)
        self._tls_port = self._listen(tls=True)

    @property
    def ports(self) -> dict[str, int]:
        """The port of each listener."""
        return {"plain": self._plain_port, "tls": self._tls_port}

    def _listen(self, *, tls: bool) -> int:
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        listener.setblocking(False)
        self._listeners[listener.fileno()] = (listener, tls)
        self._poll.register(listener.fileno(), _READ)
        return int(listener.getsockname()[1])

    def serve(self) -> None:
        """Serve until standard input closes."""
        self._poll.register(sys.stdin.fileno(), _READ | select.EPOLLHUP)
        while True:
            for fd, _ in self._poll.poll():
                connection = self._connections.get(fd)
                if connection is not None:
                    self._turn(connection)
                elif fd in self._listeners:
                    self._accept(*self._listeners[fd])
                elif not os.read(fd, 1):
                    return

    def _accept(self, listener: socket.socket, tls: bool) -> None:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            sock = self._tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        self._connections[sock.fileno()] = _Connection(sock)
        self._poll.register(sock.fileno(), _READ)

    def _turn(self, connection: _Connection) -> None:
        """Do what the connection is ready for; drop it when it ended or broke."""
        try:
            if not connection.handshaken:
                connection.sock.do_handshake()  # type: ignore[attr-defined]
                connection.handshaken = True
            elif connection.writing or self._read(connection):
                self._write(connection)
        except _WAIT:
            return
        except (OSError, EOFError):
            fd = connection.sock.fileno()
            self._poll.unregister(fd)
            del self._connections[fd]
            connection.sock.close()

    def _read(self, connection: _Connection) -> bool:
        """Read until a whole request is here (True) or nothing more comes.

        ``_turn`` catches the exceptions: BlockingIOError and the TLS kinds (nothing to read), EOFError.
        """
        while True:
            data = connection.sock.recv(65536)
            if not data:
                raise EOFError
            if connection.upload:
                connection.upload -= len(data)
                if connection.upload <= 0:
                    return True
                continue
            connection.inbox += data
            end = connection.inbox.find(b"\r\n\r\n") + 4
            if end < 4:
                continue
            self._prepare(connection, connection.inbox[:end])
            connection.upload -= len(connection.inbox) - end
            connection.inbox = b""
            if connection.upload <= 0:
                return True

    def _prepare(self, connection: _Connection, head: bytes) -> None:
        """Choose the answer to ``head`` and how many bytes of upload come before it."""
        target = head[head.find(b" ") + 1 : head.find(b" HTTP/1.1\r\n")]
        connection.upload = connection.body = 0
        if target == traffic.JSON_TARGET:
            connection.head = _JSON
        elif target.startswith(b"/bytes/"):
            connection.body = int(target[7:])
            connection.head = traffic.answer_head(connection.body)
        elif target == traffic.SINK_TARGET and (length := _LENGTH.search(head)):
            connection.upload = int(length[1])
            connection.head = _JSON
        elif target == traffic.REFUSE_TARGET and (length := _LENGTH.search(head)):
            connection.upload = int(length[1])
            connection.head = _UNUSABLE
        elif target == traffic.ECHO_TARGET:
            connection.head = traffic.answer_head(len(head)).replace(b"application/json", b"message/http") + head
        elif target == traffic.FLAKY_TARGET:
            connection.head = next(self._flaky)
        else:
            connection.head = _REFUSAL

    def _write(self, connection: _Connection) -> None:
        """Send until all is sent, or wait for room. A TLS write that waits is repeated with the same bytes."""
        send = connection.sock.send
        try:
            while connection.head:
                connection.head = connection.head[send(connection.head) :]
            while connection.body:
                connection.body -= send(_CHUNK[: min(connection.body, 65536)])
        except _WAIT:
            if not connection.writing:
                connection.writing = True
                self._poll.modify(connection.sock.fileno(), _WRITE)
            return
        if connection.writing:
            connection.writing = False
            self._poll.modify(connection.sock.fileno(), _READ)


def main() -> None:
    """Serve; the certificate file is the argument."""
    gc.disable()
    provider = Provider(sys.argv[1])
    sys.stdout.write(json.dumps(provider.ports) + "\n")
    sys.stdout.flush()
    provider.serve()


if __name__ == "__main__":
    main()
