"""The demo provider as a process: ``python -m sidecar.demo.provider [--listen 127.0.0.1:8099] [--calm]``.

It is served by the sidecar's own HTTP server, needs nothing else, logs nothing, and starts in about 0.1 s.
"""

import argparse
import asyncio
import os
import signal
import sys

import uvloop

from sidecar.core.env import Env
from sidecar.demo.answers import HangUp
from sidecar.demo.api import Api
from sidecar.demo.beside import LISTEN, split_address
from sidecar.http.limits import Limits
from sidecar.http.listener import CannotListen, address_of, listen
from sidecar.http.server import Server
from sidecar.telemetry.stats import Stats

CANNOT_LISTEN = 2
"""Exit code."""


def _bug(error: BaseException) -> None:
    """``HangUp`` is how a handler asks for a closed connection; anything else should be seen."""
    if not isinstance(error, HangUp):
        from sidecar.redaction.redactor import DEFAULT  # noqa: PLC0415 - slow to load, and only a bug needs it

        sys.stderr.write(f"demo provider: {type(error).__name__}: {DEFAULT.text(str(error))}\n")


async def start(
    host: str, port: int, *, calm: bool = False, env: Env | None = None
) -> tuple[asyncio.AbstractServer, Server]:
    """Listen in the running loop; the address is ``address_of`` the first.

    Raises:
        CannotListen: the address is taken or not ours.
    """
    env = env or Env()
    server = Server(asyncio.get_running_loop(), env, Limits(), Api(env, calm=calm).handle, Stats(), _bug)
    return await listen(server, host, port), server


async def _serve(host: str, port: int, *, calm: bool, with_parent: bool, announce: bool) -> None:
    listener, server = await start(host, port, calm=calm)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, ended.set)
    if with_parent:
        # The parent holds the other end of this pipe: it closes when the parent ends, however that comes.
        loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 1) else ended.set())
    if announce:
        sys.stdout.write(f"demo provider: http://{address_of(listener)}, Ctrl-C ends it\n")
        sys.stdout.flush()
    await ended.wait()
    listener.close()
    server.abort()


def main() -> None:
    """Serve until SIGTERM, Ctrl-C, or (with ``--with-parent``) until standard input closes."""
    parser = argparse.ArgumentParser(prog="python -m sidecar.demo.provider", description="A flaky provider to call.")
    parser.add_argument("--listen", metavar="HOST:PORT", default=LISTEN, help="default: %(default)s")
    parser.add_argument("--calm", action="store_true", help="nothing fails by chance")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input closes, and print nothing")
    options = parser.parse_args()
    try:
        host, port = split_address(options.listen)
    except ValueError as error:
        parser.error(str(error))
    serving = _serve(host, port, calm=options.calm, with_parent=options.with_parent, announce=not options.with_parent)
    try:
        uvloop.run(serving)
    except CannotListen as error:
        sys.stderr.write(f"demo provider: cannot listen on {error}; end what runs there, or give another --listen\n")
        raise SystemExit(CANNOT_LISTEN) from None


if __name__ == "__main__":
    main()
