"""A provider whose behaviour per connection is a script: a function that is given the connection.

Every connection runs in a thread of its own; waits end by themselves. Every byte the sidecar sent is kept.
"""

import socket
import threading
from collections.abc import Callable
from types import TracebackType

from tests.support.raw_client import TIMEOUT, Stream, Truncated, parse_fields


class Request:
    """One request as the provider got it. ``head``: its raw bytes; ``fields``: (name, value) as they came."""

    def __init__(self, head: bytes) -> None:
        self.head = head
        self.line, _, rest = head[: -len(b"\r\n\r\n")].partition(b"\r\n")
        self.method, self.target, self.version = self.line.split(b" ")
        self.fields = parse_fields(rest)
        self.body = b""
        self.trailers: list[tuple[bytes, bytes]] = []

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
        return f"<Request {self.line!r} {len(self.body)} bytes>"


class Peer(Stream):
    """One connection of the sidecar. ``number``: 0 for the first."""

    def __init__(self, sock: socket.socket, provider: "ScriptedProvider", number: int) -> None:
        super().__init__(sock)
        self.provider = provider
        self.number = number
        self.ended = threading.Event()

    def read_request(self) -> Request:
        """One whole request, framed by RFC 9112 6.3. Raises ``Truncated``, at a clean close too."""
        request = self.read_request_head()
        self.read_body(request)
        return request

    def read_request_head(self) -> Request:
        """A request head; the body is still to be read."""
        request = Request(self.read_head())
        self.provider.note(request)
        return request

    def read_body(self, request: Request) -> None:
        """The body of a request whose head was read."""
        length, coding = request.get("content-length"), request.get("transfer-encoding")
        assert length is None or coding is None, request.head
        if coding is not None:
            assert coding == b"chunked", request.head
            request.body, request.trailers = self.read_chunked()
        elif length is not None:
            request.body = self.read_exact(int(length))

    def hold(self) -> None:
        """Do nothing until the test calls ``provider.let_go()``."""
        self.provider.wait_released()


Script = Callable[[Peer], None]


class ScriptedProvider:
    """Listens on a free port while the ``with`` block runs. ``script`` may be replaced between connections.

    ``peers``: every connection that came. ``requests``: every request head that a script read, over all connections.
    """

    def __init__(self, script: Script) -> None:
        self.script = script
        self.peers: list[Peer] = []
        self.requests: list[Request] = []
        self._changed = threading.Condition()
        self._released = threading.Event()
        self._problems: list[BaseException] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        self.authority = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.authority}"
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    def __enter__(self) -> "ScriptedProvider":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        if error is None and self._problems:
            raise self._problems[0]

    # ---- what a test asks ----

    @property
    def received(self) -> bytes:
        """Every byte of every connection, in the order of the connections."""
        return b"".join(peer.received for peer in self.peers)

    def wait_for(self, condition: Callable[[], bool], what: str = "the provider") -> None:
        """Wait until a script's step has made ``condition`` true."""
        with self._changed:
            if not self._changed.wait_for(condition, TIMEOUT):
                raise AssertionError(f"in vain: {what}; {len(self.peers)} connections, requests {self.requests}")

    def wait_requests(self, count: int) -> list[Request]:
        """Wait until that many request heads were read."""
        self.wait_for(lambda: len(self.requests) >= count, f"{count} requests")
        return self.requests

    def let_go(self) -> None:
        """End every ``hold``."""
        self._released.set()

    # ---- what a connection does ----

    def note(self, request: Request) -> None:
        """A request head was read."""
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def wait_released(self) -> None:
        """See ``Peer.hold``."""
        if not self._released.wait(TIMEOUT):
            raise AssertionError("held for ever: the test never called let_go()")

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._changed:
                peer = Peer(sock, self, len(self.peers))
                self.peers.append(peer)
                self._changed.notify_all()
            thread = threading.Thread(target=self._run, args=(peer, self.script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, peer: Peer, script: Script) -> None:
        try:
            script(peer)
        except (OSError, Truncated):
            pass  # the sidecar closed: what that means is for the test to say
        except BaseException as error:  # noqa: BLE001 - told to the test when the block ends
            self._problems.append(error)
        finally:
            peer.close()
            with self._changed:
                peer.ended.set()
                self._changed.notify_all()

    def close(self) -> None:
        """Stop listening, cut what is open, wait for the threads."""
        self._released.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join(TIMEOUT)
        for peer in list(self.peers):
            try:
                peer.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self._threads:
            thread.join(TIMEOUT)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answer(*answers: bytes) -> Script:
    """Read whole requests and give the answers in turn, the last one again and again, until the sidecar closes."""

    def script(peer: Peer) -> None:
        left = list(answers)
        while True:
            peer.read_request()
            peer.send(left.pop(0) if len(left) > 1 else left[0])

    return script


def answer_once(data: bytes) -> Script:
    """Read one whole request, answer and close."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(data)

    return script


def echo(peer: Peer) -> None:
    """Answer each request with its method, target and body."""
    while True:
        request = peer.read_request()
        body = b"" if request.method == b"HEAD" else request.line + b"|" + request.body
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n" % len(body)
        seen = request.get("x-echo")
        if seen is not None:
            head += b"X-Echo: " + seen + b"\r\n"
        peer.send(head + b"\r\n" + body)
