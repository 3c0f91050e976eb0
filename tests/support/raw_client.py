"""An app that speaks raw bytes: a blocking socket, and a reader of answers that forgives nothing."""

import socket
import struct
from types import TracebackType

TIMEOUT = 10.0
"""Seconds after which a read that gets nothing fails the test; nothing that works comes near it."""


class Truncated(Exception):
    """The peer closed inside a message; ``args[0]`` says where, ``data`` is what had come."""

    def __init__(self, where: str, data: bytes) -> None:
        super().__init__(f"closed {where}: {data[-200:]!r}")
        self.data = data


class Answer:
    """One answer. ``head``: its raw bytes; ``fields``: (name, value) as they came; ``interim``: 1xx heads before it."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        line, _, rest = head[: -len(b"\r\n\r\n")].partition(b"\r\n")
        version, _, after = line.partition(b" ")
        status, _, self.reason = after.partition(b" ")
        assert version in (b"HTTP/1.1", b"HTTP/1.0"), head
        assert len(status) == 3, head
        self.status = int(status)
        self.fields = parse_fields(rest)
        self.body = b""
        self.trailers: list[tuple[bytes, bytes]] = []
        self.interim: list[Answer] = []

    def get(self, name: str) -> bytes | None:
        """The value of a field, None when absent; a repeated one is an error of the test."""
        values = self.all(name)
        assert len(values) < 2, (name, values)
        return values[0] if values else None

    def all(self, name: str) -> list[bytes]:
        """Every value of a field."""
        wanted = name.lower().encode()
        return [value for key, value in self.fields if key.lower() == wanted]

    def __repr__(self) -> str:
        return f"<Answer {self.status} {len(self.body)} bytes>"


def parse_fields(block: bytes) -> list[tuple[bytes, bytes]]:
    """(name, value) of each line; no folding, no space before the colon, no bare CR or LF."""
    fields = []
    for line in block.split(b"\r\n") if block else []:
        name, colon, value = line.partition(b":")
        assert colon, line
        assert name, line
        assert not set(line) & set(b"\r\n\0"), line
        assert not set(name) & set(b" \t"), line
        fields.append((name, value.strip(b" \t")))
    return fields


class Stream:
    """A socket with a buffer; shared by the app's side and the provider's side. ``received``: every byte read."""

    def __init__(self, sock: socket.socket, timeout: float = TIMEOUT) -> None:
        self.sock = sock
        self.received = b""
        self._at = 0
        sock.settimeout(timeout)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, data: bytes) -> None:
        """Write all of it."""
        self.sock.sendall(data)

    def send_pieces(self, data: bytes, size: int = 1) -> None:
        """Write it in pieces of ``size`` bytes, each its own segment as far as the kernel keeps them apart."""
        for start in range(0, len(data), size):
            self.sock.sendall(data[start : start + size])

    def _more(self) -> bool:
        data = self.sock.recv(256 * 1024)
        self.received += data
        return bool(data)

    @property
    def pending(self) -> bytes:
        """What was read and not yet taken."""
        return self.received[self._at :]

    def read_until(self, end: bytes) -> bytes:
        """Everything up to and with ``end``. Raises ``Truncated``."""
        while True:
            found = self.received.find(end, self._at)
            if found >= 0:
                start, self._at = self._at, found + len(end)
                return self.received[start : self._at]
            if not self._more():
                raise Truncated(f"before {end!r}", self.pending)

    def read_exact(self, count: int) -> bytes:
        """Exactly ``count`` bytes. Raises ``Truncated``."""
        while len(self.received) - self._at < count:
            if not self._more():
                raise Truncated(f"{count} bytes were due", self.pending)
        start, self._at = self._at, self._at + count
        return self.received[start : self._at]

    def read_head(self) -> bytes:
        """One message head with its empty line. Raises ``Truncated``."""
        return self.read_until(b"\r\n\r\n")

    def read_until_close(self) -> bytes:
        """Everything until the peer closes; a reset counts as a close."""
        try:
            while self._more():
                pass
        except ConnectionError:
            pass
        start, self._at = self._at, len(self.received)
        return self.received[start:]

    def read_chunked(self) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        """A chunked body and its trailer fields (RFC 9112 7.1). Raises ``Truncated``."""
        body = b""
        while size := int(self.read_until(b"\r\n")[:-2], 16):
            body += self.read_exact(size)
            assert self.read_exact(2) == b"\r\n"
        trailers = b""
        while (line := self.read_until(b"\r\n")) != b"\r\n":
            trailers += line
        return body, parse_fields(trailers[:-2])

    def half_close(self) -> None:
        """Send no more."""
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Close with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def close(self) -> None:
        """Close."""
        self.sock.close()


class RawClient(Stream):
    """An app's connection to ``port`` on this machine (or to a Unix socket path)."""

    def __init__(self, port: int | str, timeout: float = TIMEOUT) -> None:
        if isinstance(port, str):
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(timeout)
            sock.connect(port)
        else:
            sock = socket.create_connection(("127.0.0.1", port), timeout)
        super().__init__(sock, timeout)

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def read_answer(self, method: str = "GET") -> Answer:
        """The next final answer, framed by RFC 9112 6.3; interim answers before it are kept in ``interim``.

        Raises ``Truncated`` when it is not whole.
        """
        interim: list[Answer] = []
        while True:
            answer = Answer(self.read_head())
            if answer.status >= 200 or answer.status == 101:
                break
            interim.append(answer)
        answer.interim = interim
        coding, length = answer.get("transfer-encoding"), answer.get("content-length")
        assert coding is None or length is None, answer.head
        if method == "HEAD" or answer.status in (101, 204, 304):
            assert coding is None or answer.status not in (101, 204), answer.head
        elif coding is not None:
            assert coding == b"chunked", answer.head
            answer.body, answer.trailers = self.read_chunked()
        elif length is not None:
            assert length.isdigit(), answer.head
            answer.body = self.read_exact(int(length))
        else:
            answer.body = self.read_until_close()
        return answer

    def ask(self, request: bytes) -> Answer:
        """Send one request and read its answer."""
        self.send(request)
        return self.read_answer(request.partition(b" ")[0].decode())

    def assert_closed(self) -> None:
        """The peer has closed, and sent nothing that was not read."""
        assert self.read_until_close() == b""
