import asyncio
import base64
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from sidecar.core.errors import ConnectFailed, ConnectTimeout, DnsFailed, TlsFailed
from sidecar.http.dial import Dialer, Target
from sidecar.http.tls import TlsSettings, client_context
from sidecar.rules.proxy_env import parse_proxy

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
Serve = Callable[..., Awaitable[int]]


class Home:
    def free(self, connection: Any) -> None:
        raise AssertionError("nothing was sent")

    def gone(self, connection: Any) -> None:
        pass


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.read()
    except OSError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Give ``serve(handler, tls=None, host="127.0.0.1")``: a server for one test; its port."""
    servers: list[asyncio.Server] = []

    async def start(handler: Handler = silent, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> int:
        server = await asyncio.start_server(handler, host, 0, ssl=tls)
        servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    yield start
    for server in servers:
        server.close()


@pytest.fixture(scope="module")
def ca() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(ca: trustme.CA, tmp_path: Path) -> str:
    file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(str(file))
    return str(file)


def server_context(ca: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names).configure_cert(context)
    return context


async def dial(target: Target, connect: float = 5.0, tls: float = 5.0) -> Any:
    loop = asyncio.get_running_loop()
    connection = await Dialer(target, loop, loop.time).dial(Home(), connect, tls)
    connection.abort()
    return connection


async def test_a_plain_connection(serve: Serve) -> None:
    port = await serve()
    connection = await dial(Target("127.0.0.1", port))
    assert (connection.addr, connection.tls) == (f"127.0.0.1:{port}", False)


async def test_nagle_is_off_and_keep_alive_on(serve: Serve) -> None:
    loop = asyncio.get_running_loop()
    connection = await Dialer(Target("127.0.0.1", await serve()), loop, loop.time).dial(Home(), 5, 5)
    sock = connection.transport.get_extra_info("socket")
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    connection.abort()


async def test_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectFailed) as caught:
        await dial(Target("127.0.0.1", port))
    assert f"127.0.0.1:{port}" in caught.value.detail
    assert caught.value.sent == "nothing"


async def test_a_name_without_an_address() -> None:
    with pytest.raises(DnsFailed) as caught:
        await dial(Target("nowhere.invalid", 80))
    assert caught.value.detail.startswith("nowhere.invalid: ")


@pytest.mark.parametrize("host", ["a" * 64 + ".test", "", "a..b"])
async def test_a_name_that_cannot_be_one(host: str) -> None:
    with pytest.raises((DnsFailed, ConnectFailed)):
        await dial(Target(host, 1))


async def test_the_next_address_is_tried_when_the_first_refuses(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    # RFC 8305: here ::1 refuses (or does not exist), and 127.0.0.1 answers
    port = await serve()
    loop = asyncio.get_running_loop()

    async def both(host: str, port: int, **_: Any) -> list[Any]:
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(loop, "getaddrinfo", both)
    assert (await dial(Target("provider.test", port))).addr == f"127.0.0.1:{port}"


async def test_names_are_resolved_for_every_connection(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    port = await serve()
    loop, asked = asyncio.get_running_loop(), list[str]()
    real = loop.getaddrinfo

    async def ask(host: str, *args: Any, **rest: Any) -> Any:
        asked.append(host)
        return await real("127.0.0.1", *args, **rest)

    monkeypatch.setattr(loop, "getaddrinfo", ask)
    for _ in range(2):
        await dial(Target("provider.test", port))
    assert asked == ["provider.test", "provider.test"]


async def test_connecting_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any, **__: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("sidecar.http.dial.start_connection", never)
    with pytest.raises(ConnectTimeout) as caught:
        await dial(Target("127.0.0.1", 1), connect=0.01)
    assert "(timeouts.connect)" in caught.value.detail


# ---- TLS ----


async def test_a_trusted_certificate(serve: Serve, ca: trustme.CA, ca_file: str) -> None:
    port = await serve(tls=server_context(ca, "localhost"))
    connection = await dial(Target("localhost", port, client_context(TlsSettings(ca=ca_file))))
    assert connection.tls


async def test_a_certificate_that_is_not_trusted(serve: Serve, ca: trustme.CA) -> None:
    port = await serve(tls=server_context(ca, "localhost"))
    with pytest.raises(TlsFailed) as caught:
        await dial(Target("localhost", port, client_context(TlsSettings())))
    assert "not trusted" in caught.value.detail
    assert caught.value.sent == "nothing"


async def test_a_certificate_of_another_name(serve: Serve, ca: trustme.CA, ca_file: str) -> None:
    port = await serve(tls=server_context(ca, "other.test"))
    with pytest.raises(TlsFailed) as caught:
        await dial(Target("localhost", port, client_context(TlsSettings(ca=ca_file))))
    assert "localhost" in caught.value.detail


async def test_server_name_is_sent_and_checked_instead_of_the_host(serve: Serve, ca: trustme.CA, ca_file: str) -> None:
    names: list[str | None] = []
    context = server_context(ca, "real.test")
    context.sni_callback = lambda _sock, name, _context: names.append(name)
    port = await serve(tls=context)
    context_ = client_context(TlsSettings(ca=ca_file))
    await dial(Target("localhost", port, context_, server_name="real.test"))
    assert names == ["real.test"]


async def test_a_client_certificate(serve: Serve, ca: trustme.CA, ca_file: str, tmp_path: Path) -> None:
    seen: list[Any] = []

    async def look(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("ssl_object").getpeercert())
        await silent(reader, writer)

    issued = ca.issue_cert("sidecar.test")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(str(cert))
    issued.private_key_pem.write_to_path(str(key))
    context = server_context(ca, "localhost")
    ca.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # refuses inside the handshake
    port = await serve(look, tls=context)
    settings = TlsSettings(ca=ca_file, cert=str(cert), key=str(key))
    await dial(Target("localhost", port, client_context(settings)))
    assert ("DNS", "sidecar.test") in seen[0]["subjectAltName"]
    with pytest.raises(TlsFailed):
        await dial(Target("localhost", port, client_context(TlsSettings(ca=ca_file))))


async def test_the_minimum_version_holds(serve: Serve, ca: trustme.CA, ca_file: str) -> None:
    context = server_context(ca, "localhost")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    port = await serve(tls=context)
    await dial(Target("localhost", port, client_context(TlsSettings(ca=ca_file))))
    with pytest.raises(TlsFailed):
        await dial(Target("localhost", port, client_context(TlsSettings(ca=ca_file, min_version="TLSv1.3"))))


async def test_a_provider_that_speaks_no_tls(serve: Serve, ca_file: str) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    port = await serve(plain)
    with pytest.raises(TlsFailed):
        await dial(Target("localhost", port, client_context(TlsSettings(ca=ca_file))))


async def test_a_handshake_that_does_not_end(serve: Serve, ca_file: str) -> None:
    port = await serve()
    with pytest.raises(ConnectTimeout) as caught:
        await dial(Target("localhost", port, client_context(TlsSettings(ca=ca_file))), tls=0.05)
    assert "(timeouts.tls)" in caught.value.detail


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    for settings in (TlsSettings(ca=str(tmp_path / "missing.pem")), TlsSettings(ca=str(tmp_path / "empty.pem"))):
        with pytest.raises(OSError):
            client_context(settings)


# ---- through a proxy: RFC 9110 9.3.6 ----


def proxy(answer: bytes, seen: list[bytes], forward: int | None = None) -> Handler:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(answer)
            if forward is None:
                await reader.read()
                return
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", forward)

            async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
                while data := await source.read(65536):
                    sink.write(data)
                sink.close()

            await asyncio.gather(pump(reader, up_writer), pump(up_reader, writer), return_exceptions=True)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return handle


GRANTED = [
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.0 200 Connection established\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nProxy-Agent: x\r\n\r\n",
    b"HTTP/1.1 204 \r\n\r\n",
]


@pytest.mark.parametrize("answer", GRANTED)
async def test_a_proxy_that_grants_the_tunnel(serve: Serve, ca: trustme.CA, ca_file: str, answer: bytes) -> None:
    """An answer without header fields, as most proxies give it, was taken for a refusal."""
    seen: list[bytes] = []
    target_port = await serve(tls=server_context(ca, "real.test"))
    address = parse_proxy(f"http://127.0.0.1:{await serve(proxy(answer, seen, target_port))}")
    connection = await dial(Target("real.test", 443, client_context(TlsSettings(ca=ca_file)), proxy=address))
    assert connection.tls
    assert seen == [b"CONNECT real.test:443 HTTP/1.1\r\nHost: real.test:443\r\n\r\n"]


async def test_a_proxy_gets_its_credentials_and_an_ipv6_host_its_brackets(serve: Serve) -> None:
    seen: list[bytes] = []
    port = await serve(proxy(b"HTTP/1.1 200 OK\r\n\r\n", seen))
    await dial(Target("::1", 81, proxy=parse_proxy(f"http://user:p%40ss@127.0.0.1:{port}")))
    basic = b"Basic " + base64.b64encode(b"user:p@ss")
    assert seen == [b"CONNECT [::1]:81 HTTP/1.1\r\nHost: [::1]:81\r\nProxy-Authorization: " + basic + b"\r\n\r\n"]


REFUSED = [
    b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
    b"HTTP/1.1 502 Bad Gateway\r\n\r\n",
    b"HTTP/1.1 301 x\r\n\r\n",
    b"SSH-2.0-x\r\n\r\n",
    b"\r\n\r\n",
    b"HTTP/1.1\r\n\r\n",
    b"\x15\x03\x01\x00\x02\x02\x46\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nand more than was asked for",
    b"HTTP/1.1 200 OK\r\nX: " + b"y" * 40_000,
]


@pytest.mark.parametrize("answer", REFUSED)
async def test_a_proxy_that_does_not(serve: Serve, answer: bytes) -> None:
    port = await serve(proxy(answer, []))
    with pytest.raises(ConnectFailed) as caught:
        await dial(Target("real.test", 443, proxy=parse_proxy(f"http://user:secret@127.0.0.1:{port}")))
    assert f"127.0.0.1:{port}" in caught.value.detail
    assert "secret" not in caught.value.detail


async def test_a_proxy_that_never_answers(serve: Serve) -> None:
    port = await serve(proxy(b"", []))
    with pytest.raises(ConnectTimeout) as caught:
        await dial(Target("real.test", 443, proxy=parse_proxy(f"http://127.0.0.1:{port}")), connect=0.05)
    assert "the proxy" in caught.value.detail


async def test_a_proxy_that_closes(serve: Serve) -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    port = await serve(close)
    with pytest.raises(ConnectFailed):
        await dial(Target("real.test", 443, proxy=parse_proxy(f"http://127.0.0.1:{port}")))
