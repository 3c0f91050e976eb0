"""Start the demo provider as a process of its own that never outlives its parent."""

import socket
import subprocess
import sys

LISTEN = "127.0.0.1:8099"


def split_address(text: str) -> tuple[str, int]:
    """Host and port of ``127.0.0.1:8099`` or ``[::1]:8099``.

    Raises:
        ValueError: it is neither.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit()) or int(port) > 65535:
        raise ValueError(f"not an address: {text!r}; write it like {LISTEN}")
    return host.strip("[]") or "127.0.0.1", int(port)


def start_beside(listen: str = LISTEN) -> subprocess.Popen[bytes]:
    """Start the provider; it is ready about 0.15 s later.

    It ends at SIGTERM, and when this process ends or forgets the result: the standard input of the child is a pipe
    that only this process holds. It is a process group of its own, so that Ctrl-C in a terminal ends the sidecar
    first. When the address is taken, it says so in one line on standard error and ends with code 2.
    """
    command = [sys.executable, "-m", "sidecar.demo.provider", "--listen", listen, "--with-parent"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, process_group=0)  # noqa: S603


def wait_until_ready(child: "subprocess.Popen[bytes]", listen: str = LISTEN) -> None:
    """Wait until the provider takes connections, or has ended; 2 s at most.

    So that whoever sees the sidecar ready finds the provider ready, too.
    """
    for _ in range(100):
        try:
            socket.create_connection(split_address(listen), 0.1).close()
        except OSError:
            try:
                child.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
        return
