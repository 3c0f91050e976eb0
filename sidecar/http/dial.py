"""Open a connection to a provider: name, address, TCP, the corporate proxy's CONNECT, TLS.

Each step has its own limit and its own error, and nothing of a request is sent by any of them.
"""

import asyncio
import errno
import os
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address
from typing import cast

from aiohappyeyeballs import AddrInfoType, start_connection

from sidecar.core.errors import ConnectFailed, ConnectTimeout, DnsFailed, TlsFailed
from sidecar.core.units import show_duration
from sidecar.http.provider_connection import Home, ProviderConnection
from sidecar.rules.proxy_env import ProxyAddress

_STAGGER = 0.25
"""Seconds before the next address is tried beside the first (RFC 8305 5: 250 ms)."""

_GOODBYE = 2.0
"""Seconds that a closed TLS connection waits for the provider's close_notify; the loop's own default is 30."""

_CONNECT_HEAD = 16 * 1024
"""Bytes of a proxy's answer to CONNECT."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a provider is. ``tls`` is None for plain HTTP; ``server_name`` is the name in its certificate."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str | None = None
    proxy: ProxyAddress | None = None


class Dialer:
    """Opens connections to one target. Names are resolved anew for every connection."""

    __slots__ = ("_clock", "_loop", "target")

    def __init__(self, target: Target, loop: asyncio.AbstractEventLoop, clock: Callable[[], float]) -> None:
        self.target = target
        self._loop = loop
        self._clock = clock

    async def dial(self, home: Home, connect_timeout: float, tls_timeout: float) -> ProviderConnection:
        """A new connection, ready for a request. Timeouts in seconds, 0 is no limit.

        Raises:
            DnsFailed, ConnectFailed, ConnectTimeout, TlsFailed: nothing was sent.
        """
        target = self.target
        proxy = target.proxy
        host, port = (proxy.host, proxy.port) if proxy is not None else (target.host, target.port)
        where = f"{host}:{port}" if proxy is None else f"the proxy {host}:{port}"
        try:
            async with asyncio.timeout(connect_timeout or None):
                sock = await self._connect(host, port, where)
                if proxy is not None:
                    await self._through(sock, proxy)
        except TimeoutError:
            limit = show_duration(connect_timeout)
            raise ConnectTimeout(f"no connection to {where} within {limit} (timeouts.connect)") from None
        return await self._handshake(sock, home, tls_timeout)

    async def _connect(self, host: str, port: int, where: str) -> socket.socket:
        infos = await self._resolve(host, port)
        try:
            sock = await start_connection(infos, happy_eyeballs_delay=_STAGGER, interleave=1, loop=self._loop)
        except OSError as error:
            raise ConnectFailed(f"{where}: {_reason(error)}") from error
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return sock

    async def _resolve(self, host: str, port: int) -> list[AddrInfoType]:
        try:
            infos = await self._loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise DnsFailed(f"{host}: {_reason(error)}") from error
        if not infos:
            raise DnsFailed(f"{host}: no address")
        return cast("list[AddrInfoType]", infos)

    async def _through(self, sock: socket.socket, proxy: ProxyAddress) -> None:
        """Ask a corporate proxy for a tunnel (RFC 9110 9.3.6)."""
        host = f"[{self.target.host}]" if ":" in self.target.host else self.target.host
        authority = f"{host}:{self.target.port}"
        lines = [f"CONNECT {authority} HTTP/1.1", f"Host: {authority}"]
        if proxy.authorization is not None:
            lines.append("Proxy-Authorization: " + proxy.authorization.decode("latin-1"))
        try:
            await self._loop.sock_sendall(sock, ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
            answer = b""
            while b"\r\n\r\n" not in answer:
                data = await self._loop.sock_recv(sock, 4096)
                if not data or len(answer) > _CONNECT_HEAD:
                    raise ConnectFailed(f"the proxy {proxy.host}:{proxy.port} closed before it answered CONNECT")
                answer += data
        except OSError as error:
            sock.close()
            raise ConnectFailed(f"the proxy {proxy.host}:{proxy.port}: {_reason(error)}") from error
        except BaseException:
            sock.close()
            raise
        line = answer.partition(b"\r\n")[0]
        parts = line.split(None, 2)
        good = len(parts) > 1 and parts[0].startswith(b"HTTP/1.") and parts[1].startswith(b"2")
        if not good or not answer.endswith(b"\r\n\r\n"):
            sock.close()
            status = line[:80].decode("latin-1")
            raise ConnectFailed(f"the proxy {proxy.host}:{proxy.port} refused CONNECT to {authority}: {status}")

    async def _handshake(self, sock: socket.socket, home: Home, tls_timeout: float) -> ProviderConnection:
        target, loop = self.target, self._loop
        addr = _address(sock)
        factory = partial(ProviderConnection, home, loop, self._clock, tls=target.tls is not None)
        try:
            if target.tls is None:
                _, connection = await loop.create_connection(factory, sock=sock)
            else:
                async with asyncio.timeout(tls_timeout or None):
                    _, connection = await loop.create_connection(
                        factory,
                        sock=sock,
                        ssl=target.tls,
                        server_hostname=target.server_name or target.host,
                        ssl_shutdown_timeout=_GOODBYE,
                    )
        except TimeoutError:
            sock.close()
            limit = show_duration(tls_timeout)
            raise ConnectTimeout(f"no TLS handshake with {target.host} within {limit} (timeouts.tls)") from None
        except ssl.SSLCertVerificationError as error:
            sock.close()
            raise TlsFailed(f"the certificate of {target.host} is not trusted: {error.verify_message}") from error
        except (OSError, EOFError) as error:
            sock.close()
            if target.tls is None:
                raise ConnectFailed(f"{target.host}: {_reason(error)}") from error
            raise TlsFailed(f"the TLS handshake with {target.host} failed: {_reason(error)}") from error
        except BaseException:
            sock.close()
            raise
        connection.addr = addr
        return connection


def _address(sock: socket.socket) -> str:
    try:
        host, port = sock.getpeername()[:2]
    except OSError:
        return ""
    return f"[{host}]:{port}" if ip_address(host.partition("%")[0]).version == 6 else f"{host}:{port}"


def _reason(error: BaseException) -> str:
    """What went wrong, without Python's numbers; the last of several attempts speaks for all."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.lower().replace("_", " ")
    if isinstance(error, OSError) and error.strerror:
        known = not isinstance(error, socket.gaierror) and error.errno in errno.errorcode
        return (os.strerror(error.errno or 0) if known else error.strerror).lower()
    return str(error) or type(error).__name__
