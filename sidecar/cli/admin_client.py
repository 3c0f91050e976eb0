"""Asking the admin API of a running sidecar: where it is, one request, and what to say when it does not answer."""

import http.client
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeVar

import click

from sidecar.cli.output import fail, load_or_fail

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT = "http://127.0.0.1:9091"
"""Where ``admin.listen`` is unless configured."""
TIMEOUT = 5.0
"""Seconds to wait for the answer."""


class Address(NamedTuple):
    """Where an admin API is: host and port, or the path of a Unix socket."""

    host: str = ""
    port: int = 0
    unix: str = ""

    def __str__(self) -> str:
        if self.unix:
            return f"unix:{self.unix}"
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket at the path."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Answer(NamedTuple):
    """What the admin API said."""

    status: int
    body: bytes

    def member(self, name: str) -> object:
        """A member of a sidecar's refusal (problem+json); None: it has none, or is no such thing."""
        try:
            problem = json.loads(self.body)
            return problem[name] if str(problem["type"]).startswith("https://sidecar.invalid/") else None
        except (ValueError, TypeError, KeyError):
            return None


def admin_options(function: F) -> F:
    """``--admin URL`` and ``-c FILE``: the two ways to say which sidecar is meant."""
    config = click.option(
        "-c",
        "--config",
        metavar="FILE",
        type=click.Path(path_type=Path),
        help="Take the address from this configuration.",
    )
    admin = click.option("--admin", metavar="URL", help=f"Its admin API.  [env: SIDECAR_ADMIN; default: {DEFAULT}]")
    return admin(config(function))


def parse_address(text: str) -> Address:
    """``http://host:port``, ``host:port`` or ``unix:/path``.

    Raises:
        ValueError: it is none of these.
    """
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        if not path.startswith("/"):
            raise ValueError("a unix address needs an absolute path")
        return Address(unix=path)
    scheme, found, rest = text.rpartition("://")
    host, _, port = rest.rstrip("/").rpartition(":")
    if (found and scheme.lower() != "http") or not host or "/" in host or "@" in host:
        raise ValueError("it has to be http://host:port")
    if not (port.isascii() and port.isdigit() and 0 < int(port[:9]) <= 65535):
        raise ValueError("the port must lie between 1 and 65535")
    return Address(host.removeprefix("[").removesuffix("]"), int(port))


def address_of(admin: str | None, config: Path | None) -> Address:
    """Where the options, the environment or the configuration say it is; ends the command if they make no sense."""
    if admin is None and config is not None:
        listen = load_or_fail(config).config.admin.listen
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(listen.host, listen.host)  # noqa: S104 - compared, not bound
        return Address(host, listen.port, listen.unix)
    text = admin or os.environ.get("SIDECAR_ADMIN") or DEFAULT
    try:
        return parse_address(text)
    except ValueError as error:
        where = "--admin" if admin else "$SIDECAR_ADMIN"
        fail(f"not the address of an admin API: {error}", f"{where} {text}", f"write it like {DEFAULT} or unix:/path")


def ask(address: Address, method: str, path: str, longest: int = 64 * 1024) -> Answer:
    """One request; ends the command if there is no answer. ``longest``: bytes of an answer that are read."""
    connection: http.client.HTTPConnection
    if address.unix:
        connection = UnixConnection(address.unix, TIMEOUT)
    else:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=TIMEOUT)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        return Answer(response.status, response.read(longest))
    except (ConnectionRefusedError, FileNotFoundError):
        todo = "start the sidecar, or name its admin.listen: --admin URL, or -c with its configuration"
        fail("no sidecar listens there", str(address), todo)
    except TimeoutError:
        fail(f"no answer within {TIMEOUT:g} s", str(address), "look at the log of the sidecar; end it with SIGTERM")
    except http.client.HTTPException:
        fail("what answers there does not speak HTTP", str(address), "name the sidecar's admin.listen: --admin URL")
    except OSError as error:
        fail(f"it cannot be reached: {error.strerror or error}", str(address), "check the address and its permissions")
    finally:
        connection.close()


def refused(address: Address, answer: Answer, instead: str) -> NoReturn:
    """End the command with what the sidecar said against it. ``instead``: what to do where it is not allowed."""
    detail = answer.member("detail")
    if detail is None:
        todo = "name the sidecar's admin.listen (not ops.listen): --admin URL"
        fail(f"what answers there is not a sidecar's admin API (status {answer.status})", str(address), todo)
    if answer.status in (401, 403):
        fail(f"refused: {detail}", str(address), instead)
    fail(f"refused: {detail}", str(address), "name the sidecar's admin.listen: --admin URL")
