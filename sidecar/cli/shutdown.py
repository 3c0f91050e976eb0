"""``sidecar shutdown``: ask a running sidecar to finish its calls and end.

For Jobs on clusters without native sidecar containers: the app calls it as its last step, so that the pod can end.
"""

import http.client
import json
import os
import socket
from pathlib import Path
from typing import NamedTuple, NoReturn

import click

from sidecar.cli.output import fail, load_or_fail

DEFAULT = "http://127.0.0.1:9091"
"""Where ``admin.listen`` is unless configured."""
TIMEOUT = 5.0
"""Seconds to wait for the answer; the drain itself is not waited for."""
_LONGEST_ANSWER = 64 * 1024

EPILOG = """\b
Examples:
  sidecar shutdown
  sidecar shutdown --admin http://127.0.0.1:9091
  sidecar shutdown --admin unix:/run/sidecar/admin.sock
  sidecar shutdown -c sidecar.yaml          where its admin.listen is
"""


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


@click.command(epilog=EPILOG)
@click.option("--admin", metavar="URL", help=f"Its admin API.  [env: SIDECAR_ADMIN; default: {DEFAULT}]")
@click.option(
    "-c", "--config", metavar="FILE", type=click.Path(path_type=Path), help="Take the address from this configuration."
)
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(admin: str | None, config: Path | None, output: str) -> None:
    """Ask a running sidecar to finish its calls and end.

    Ends with 0 as soon as the sidecar has agreed; it then drains for drain.timeout at most.
    """
    address = _address(admin, config)
    status, body = _post(address)
    if status != 202:
        _refused(address, status, body)
    if output == "json":
        click.echo(json.dumps({"admin": str(address), "result": "draining"}))
    else:
        click.echo(f"the sidecar at {address} is draining and will end")


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


def _address(admin: str | None, config: Path | None) -> Address:
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


def _post(address: Address) -> tuple[int, bytes]:
    connection: http.client.HTTPConnection
    if address.unix:
        connection = UnixConnection(address.unix, TIMEOUT)
    else:
        connection = http.client.HTTPConnection(address.host, address.port, timeout=TIMEOUT)
    try:
        connection.request("POST", "/shutdown")
        response = connection.getresponse()
        return response.status, response.read(_LONGEST_ANSWER)
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


def _refused(address: Address, status: int, body: bytes) -> NoReturn:
    try:
        problem = json.loads(body)
        detail = problem["detail"] if str(problem["type"]).startswith("https://sidecar.invalid/") else None
    except (ValueError, TypeError, KeyError):
        detail = None
    if detail is None:
        todo = "name the sidecar's admin.listen (not ops.listen): --admin URL"
        fail(f"what answers there is not a sidecar's admin API (status {status})", str(address), todo)
    if status in (401, 403):
        fail(f"refused: {detail}", str(address), "run it on the sidecar's machine (or in its pod), or send SIGTERM")
    fail(f"refused: {detail}", str(address), "name the sidecar's admin.listen: --admin URL")
