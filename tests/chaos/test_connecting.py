"""Faults before a byte of the request was sent: name, address, TCP, CONNECT, TLS."""

import asyncio
import socket
import ssl
from collections.abc import Iterator

import pytest
import trustme

from tests.chaos.provider_script import OK, Wire, answer, hang
from tests.chaos.scene import Scene, eventually


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


@pytest.fixture
def black_hole() -> Iterator[int]:
    """A port whose backlog is full: the kernel drops further SYNs, as a firewall would."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]
        for filler in fillers:
            filler.close()


async def nothing_sent(scene: Scene, code: str, status: int, outcome: str) -> dict[str, object]:
    """One GET fails with ``code`` before anything was sent; the problem."""
    got = await scene.get("/p/x")
    assert got.status == status, got
    problem = got.problem
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["sent"] == "nothing"
    assert problem["provider"] == "p"
    assert problem["request_id"] == got.headers["sidecar-request-id"]
    assert got.headers["sidecar-outcome"] == f"{outcome}; sent=nothing"
    assert got.headers["sidecar-attempts"] == str(problem["attempts"]) == "1"
    assert got.headers["proxy-status"].startswith("sidecar; error=")
    line = await scene.call()
    assert (line["error"], line["outcome"], line["sent"], line["status"]) == (code, outcome, "nothing", status)
    assert [attempt["error"] for attempt in line["attempts"]] == [code]
    return problem


async def test_provider_refuses(scene: Scene) -> None:
    await scene.start({"p": {"base_url": f"http://127.0.0.1:{free_port()}"}})
    problem = await nothing_sent(scene, "connect_failed", 502, "network_error")
    assert "refused" in str(problem["detail"])


async def test_provider_swallows_the_connect(scene: Scene, black_hole: int) -> None:
    await scene.start({"p": {"base_url": f"http://127.0.0.1:{black_hole}", "timeouts": {"connect": "50ms"}}})
    problem = await nothing_sent(scene, "connect_timeout", 504, "timeout")
    assert "within 50ms (timeouts.connect)" in str(problem["detail"])


async def test_name_has_no_address(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(host: str, port: int, **options: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    await scene.start({"p": {"base_url": "http://api.partner.invalid"}})
    monkeypatch.setattr(scene.pool()._dialer, "_loop", _Loop(asyncio.get_running_loop(), unknown))
    problem = await nothing_sent(scene, "dns_failed", 502, "network_error")
    assert problem["detail"] == "api.partner.invalid: name or service not known"


async def test_name_resolves_to_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def empty(host: str, port: int, **options: object) -> list[object]:
        return []

    await scene.start({"p": {"base_url": "http://api.partner.invalid"}})
    monkeypatch.setattr(scene.pool()._dialer, "_loop", _Loop(asyncio.get_running_loop(), empty))
    await nothing_sent(scene, "dns_failed", 502, "network_error")


async def test_resolver_hangs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(host: str, port: int, **options: object) -> list[object]:
        await asyncio.Event().wait()
        return []

    await scene.start({"p": {"base_url": "http://api.partner.invalid", "timeouts": {"connect": "30ms"}}})
    monkeypatch.setattr(scene.pool()._dialer, "_loop", _Loop(asyncio.get_running_loop(), never))
    await nothing_sent(scene, "connect_timeout", 504, "timeout")


async def test_first_address_refuses_and_the_second_serves(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    provider = await scene.provider(answer())
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", provider.port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", provider.port)),
    ]

    async def both(host: str, port: int, **options: object) -> list[object]:
        return list(found)

    await scene.start({"p": {"base_url": f"http://localhost:{provider.port}"}})
    monkeypatch.setattr(scene.pool()._dialer, "_loop", _Loop(asyncio.get_running_loop(), both))
    assert (await scene.get()).status == 200
    line = await scene.call()
    assert line["attempts"][0]["addr"] == f"127.0.0.1:{provider.port}"


async def test_every_address_refuses(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    found = [
        (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port)),
    ]

    async def both(host: str, port: int, **options: object) -> list[object]:
        return list(found)

    await scene.start({"p": {"base_url": f"http://localhost:{port}"}})
    monkeypatch.setattr(scene.pool()._dialer, "_loop", _Loop(asyncio.get_running_loop(), both))
    await nothing_sent(scene, "connect_failed", 502, "network_error")


# ---- TLS ----


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_side(authority: trustme.CA, name: str = "localhost") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


async def tls_scene(scene: Scene, authority: trustme.CA, port: int, **settings: object) -> None:
    ca = scene.folder / "ca.pem"
    authority.cert_pem.write_to_path(str(ca))
    provider = {"base_url": f"https://127.0.0.1:{port}", "tls": {"ca": str(ca), "server_name": "localhost"}}
    await scene.start({"p": provider | settings})


async def test_tls_provider_answers(scene: Scene, authority: trustme.CA) -> None:
    provider = await scene.provider(answer(), tls=server_side(authority))
    await tls_scene(scene, authority, provider.port)
    app = await scene.app()
    for _ in range(2):
        app.get("/p/x")
        assert (await app.answer()).body == b"ok"
        await scene.call()
    assert provider.opened == 1


async def test_certificate_of_a_stranger(scene: Scene, authority: trustme.CA) -> None:
    provider = await scene.provider(hang, tls=server_side(trustme.CA()))
    await tls_scene(scene, authority, provider.port)
    problem = await nothing_sent(scene, "tls_failed", 502, "network_error")
    assert "not trusted" in str(problem["detail"])


async def test_certificate_for_another_name(scene: Scene, authority: trustme.CA) -> None:
    provider = await scene.provider(hang, tls=server_side(authority, "other.test"))
    await tls_scene(scene, authority, provider.port)
    await nothing_sent(scene, "tls_failed", 502, "network_error")


async def test_provider_hangs_in_the_handshake(scene: Scene, authority: trustme.CA) -> None:
    provider = await scene.provider(hang)
    await tls_scene(scene, authority, provider.port, timeouts={"tls": "50ms"})
    problem = await nothing_sent(scene, "connect_timeout", 504, "timeout")
    assert "within 50ms (timeouts.tls)" in str(problem["detail"])


async def test_provider_closes_in_the_handshake(scene: Scene, authority: trustme.CA) -> None:
    async def close(wire: Wire) -> None:
        await wire.body(5)

    provider = await scene.provider(close)
    await tls_scene(scene, authority, provider.port)
    await nothing_sent(scene, "tls_failed", 502, "network_error")


async def test_provider_resets_in_the_handshake(scene: Scene, authority: trustme.CA) -> None:
    async def reset(wire: Wire) -> None:
        await wire.body(5)
        wire.reset()

    provider = await scene.provider(reset)
    await tls_scene(scene, authority, provider.port)
    await nothing_sent(scene, "tls_failed", 502, "network_error")


async def test_provider_speaks_plain_http_on_the_tls_port(scene: Scene, authority: trustme.CA) -> None:
    async def plain(wire: Wire) -> None:
        await wire.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        await wire.gone()

    provider = await scene.provider(plain)
    await tls_scene(scene, authority, provider.port)
    await nothing_sent(scene, "tls_failed", 502, "network_error")


async def test_app_leaves_during_the_handshake(scene: Scene, authority: trustme.CA) -> None:
    provider = await scene.provider(hang)
    await tls_scene(scene, authority, provider.port, timeouts={"tls": "30s"})
    app = await scene.app()
    app.get("/p/x")
    await eventually(lambda: provider.opened)
    app.close()
    line = await scene.call()
    assert (line["outcome"], line["sent"], line["error"], line["status"]) == ("canceled", "nothing", "canceled", None)


async def test_app_leaves_during_the_connect(scene: Scene, black_hole: int) -> None:
    await scene.start({"p": {"base_url": f"http://127.0.0.1:{black_hole}", "timeouts": {"connect": "30s"}}})
    app = await scene.app()
    app.get("/p/x")
    await eventually(lambda: scene.pool()._dialing)
    app.close()
    line = await scene.call()
    assert (line["outcome"], line["sent"]) == ("canceled", "nothing")


async def test_tls_provider_that_ignores_the_goodbye_holds_no_slot(scene: Scene, authority: trustme.CA) -> None:
    """An old connection that waited for close_notify (half a minute in uvloop) still counted as open."""

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(OK)
        wire.pause()
        await asyncio.Event().wait()

    provider = await scene.provider(script, tls=server_side(authority))
    pool = {"max_connections": 1, "idle_ttl": "60ms"}
    await tls_scene(scene, authority, provider.port, pool=pool, timeouts={"pool": "50ms"})
    assert (await scene.get()).status == 200
    await scene.call()
    await eventually(lambda: not scene.pool().idle)
    assert (await scene.get()).status == 200
    await scene.call()
    assert provider.opened == 2


# ---- a corporate proxy ----


async def relay(wire: Wire, port: int) -> None:
    """What a CONNECT proxy does once the tunnel stands."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()

    try:
        await asyncio.gather(copy(wire.reader, writer), copy(reader, wire.writer), return_exceptions=True)
    finally:
        writer.transport.abort()


async def test_through_a_connect_proxy(scene: Scene, authority: trustme.CA) -> None:
    provider = await scene.provider(answer(), tls=server_side(authority))
    asked: list[bytes] = []

    async def proxy(wire: Wire) -> None:
        asked.append(await wire.head())
        await wire.send(b"HTTP/1.1 200 Connection established\r\nVia: corp\r\n\r\n")
        await relay(wire, provider.port)

    corp = await scene.provider(proxy)
    await tls_scene(scene, authority, provider.port, proxy=f"http://jane:s3cret@127.0.0.1:{corp.port}")
    assert (await scene.get()).status == 200
    await scene.call()
    target = f"127.0.0.1:{provider.port}".encode()
    assert asked == [
        b"CONNECT %b HTTP/1.1\r\nHost: %b\r\nProxy-Authorization: Basic amFuZTpzM2NyZXQ=\r\n\r\n" % (target, target)
    ]
    assert "s3cret" not in scene.log.read_text()


@pytest.mark.parametrize(
    ("reply", "detail"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "refused CONNECT"),
        (b"", "closed before it answered CONNECT"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "refused CONNECT"),
        (b"HTTP/1.1 200 OK\r\n" + b"X-Long: y\r\n" * 4000, "closed before it answered CONNECT"),
    ],
    ids=["refused", "closed", "garbage", "endless"],
)
async def test_proxy_gives_no_tunnel(scene: Scene, authority: trustme.CA, reply: bytes, detail: str) -> None:
    async def proxy(wire: Wire) -> None:
        await wire.head()
        await wire.send(reply)

    corp = await scene.provider(proxy)
    await tls_scene(scene, authority, free_port(), proxy=f"http://127.0.0.1:{corp.port}")
    problem = await nothing_sent(scene, "connect_failed", 502, "network_error")
    assert detail in str(problem["detail"])


async def test_proxy_hangs(scene: Scene, authority: trustme.CA) -> None:
    corp = await scene.provider(hang)
    proxy = f"http://127.0.0.1:{corp.port}"
    await tls_scene(scene, authority, free_port(), proxy=proxy, timeouts={"connect": "50ms"})
    await nothing_sent(scene, "connect_timeout", 504, "timeout")


async def test_proxy_resets(scene: Scene, authority: trustme.CA) -> None:
    async def proxy(wire: Wire) -> None:
        await wire.head()
        wire.reset()

    corp = await scene.provider(proxy)
    await tls_scene(scene, authority, free_port(), proxy=f"http://127.0.0.1:{corp.port}")
    await nothing_sent(scene, "connect_failed", 502, "network_error")


async def test_a_failed_connect_gives_its_slot_to_who_waits(scene: Scene) -> None:
    first = asyncio.Event()

    async def script(wire: Wire) -> None:
        if wire.number == 1:
            await wire.head()
            first.set()
            await wire.gone()
        else:
            await wire.head()
            await wire.send(OK)

    await scene.serve(script, pool={"max_connections": 1}, timeouts={"pool": "5s", "head": "100ms"})
    slow = asyncio.ensure_future(scene.get("/p/slow"))
    await first.wait()
    waiting = asyncio.ensure_future(scene.get("/p/waits"))
    assert (await slow).status == 504
    assert (await waiting).status == 200
    assert {(await scene.call())["path"], (await scene.call())["path"]} == {"/p/slow", "/p/waits"}


class _Loop:
    """The event loop with another resolver."""

    def __init__(self, loop: asyncio.AbstractEventLoop, getaddrinfo: object) -> None:
        self._loop = loop
        self.getaddrinfo = getaddrinfo

    def __getattr__(self, name: str) -> object:
        return getattr(self._loop, name)
