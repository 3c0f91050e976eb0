"""A gigabyte each way, fast and slow, in less than 30 MiB: bodies stream, whoever is the slower side."""

import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.support.sidecar_process import SidecarProcess

MIB = 1024 * 1024
GIB = 1024 * MIB
ALLOWED = 30 * MIB
SECURE = pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
_PIECE = memoryview(bytes(MIB))


class Firehose:
    """A provider of raw speed: sends a gigabyte for every GET and swallows whatever is posted, in a thread each.

    ``pace``: seconds to wait before each MiB is taken, for a slow reader.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.pace = 0.0
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, plain: socket.socket) -> None:
        plain.settimeout(30)
        with plain if self._tls is None else self._tls.wrap_socket(plain, server_side=True) as sock:
            while head := read_head(sock):
                start, _, rest = head.partition(b"\r\n\r\n")
                size = int(start.split()[1][1:])
                if start.startswith(b"GET"):
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
                    send(sock, size)
                else:
                    swallow(sock, size - len(rest), self.pace)
                    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def read_head(sock: socket.socket) -> bytes:
    """A head, and what came with it; empty at the end."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = sock.recv(65536)
        if not data:
            return b""
        head += data
    return head


def send(sock: socket.socket, size: int) -> None:
    for _ in range(size // MIB):
        sock.sendall(_PIECE)


def swallow(sock: socket.socket, size: int, pace: float = 0.0) -> None:
    """Read that many bytes, and keep none."""
    piece = bytearray(MIB)
    left, due = size, size
    while left:
        if left <= due:
            time.sleep(pace)
            due = left - MIB
        got = sock.recv_into(piece, min(MIB, left))
        assert got, f"{left} bytes are missing"
        left -= got


def memory(pid: int, field: str) -> int:
    """``VmRSS`` (now) or ``VmHWM`` (the most ever), in bytes (proc(5))."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise AssertionError(field)


@pytest.fixture
def secure() -> bool:
    """Whether the provider speaks TLS; parametrized where both matter."""
    return False


@pytest.fixture
def firehose(tmp_path: Path, secure: bool) -> Iterator[Firehose]:
    context = None
    if secure:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(context)
    provider = Firehose(context)
    yield provider
    provider.close()


@pytest.fixture
def sidecar(firehose: Firehose, tmp_path: Path, secure: bool) -> Iterator[SidecarProcess]:
    settings: dict[str, object] = {"base_url": f"http://127.0.0.1:{firehose.port}"}
    if secure:
        settings = {"base_url": f"https://127.0.0.1:{firehose.port}", "tls": {"ca": str(tmp_path / "ca.pem")}}
    with SidecarProcess({"limits": {"body": 0}, "providers": {"p": settings}}) as running:
        # One small call each way, so that what is imported late is not counted.
        transfer_down(running, MIB)
        transfer_up(running, MIB)
        yield running
        running.stop(signal.SIGINT)  # SIGTERM would wait a second for the app


def transfer_down(sidecar: SidecarProcess, size: int, pace: float = 0.0) -> None:
    with socket.create_connection(("127.0.0.1", sidecar.port), 30) as app:
        app.sendall(b"GET /p/%d HTTP/1.1\r\nHost: app\r\n\r\n" % size)
        head = read_head(app)
        assert head.startswith(b"HTTP/1.1 200 ")
        swallow(app, size - len(head.partition(b"\r\n\r\n")[2]), pace)


def transfer_up(sidecar: SidecarProcess, size: int) -> None:
    with socket.create_connection(("127.0.0.1", sidecar.port), 30) as app:
        app.sendall(b"POST /p/%d HTTP/1.1\r\nHost: app\r\nContent-Length: %d\r\n\r\n" % (size, size))
        send(app, size)
        assert read_head(app).startswith(b"HTTP/1.1 200 ")


def extra(sidecar: SidecarProcess, before: int) -> int:
    return memory(sidecar.process.pid, "VmHWM") - before


@pytest.mark.big
def test_a_gigabyte_down(sidecar: SidecarProcess) -> None:
    before = memory(sidecar.process.pid, "VmRSS")
    transfer_down(sidecar, GIB)
    assert extra(sidecar, before) < ALLOWED
    assert sidecar.requests(3)[-1]["bytes_out"] == GIB


@pytest.mark.big
def test_a_gigabyte_up(sidecar: SidecarProcess) -> None:
    before = memory(sidecar.process.pid, "VmRSS")
    transfer_up(sidecar, GIB)
    assert extra(sidecar, before) < ALLOWED
    assert sidecar.requests(3)[-1]["bytes_in"] == GIB


@SECURE
def test_slow_app(sidecar: SidecarProcess) -> None:
    """The provider could send ten times faster than the app reads."""
    before = memory(sidecar.process.pid, "VmRSS")
    transfer_down(sidecar, 128 * MIB, pace=0.004)
    assert extra(sidecar, before) < ALLOWED


@SECURE
def test_slow_provider(sidecar: SidecarProcess, firehose: Firehose) -> None:
    firehose.pace = 0.004
    before = memory(sidecar.process.pid, "VmRSS")
    transfer_up(sidecar, 128 * MIB)
    assert extra(sidecar, before) < ALLOWED
