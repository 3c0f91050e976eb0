"""Which provider a request goes to, and what arrives there."""

import socket
from typing import Any

import pytest

from tests.chaos.app import Answer
from tests.chaos.provider_script import OK, Provider, Wire
from tests.chaos.scene import Scene


class Echo:
    """A provider that remembers every request head."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []

    async def script(self, wire: Wire) -> None:
        while True:
            self.heads.append(await wire.head())
            await wire.send(OK)

    @property
    def last(self) -> list[str]:
        """The lines of the request that came last."""
        return self.heads[-1].decode().split("\r\n")[:-2]


async def one(scene: Scene, base: str = "", **settings: Any) -> tuple[Echo, Provider]:
    """A sidecar with the echo as provider ``p``."""
    echo = Echo()
    provider = await scene.provider(echo.script)
    await scene.start({"p": {"base_url": f"http://127.0.0.1:{provider.port}{base}"} | settings})
    return echo, provider


async def ask(scene: Scene, request: str, listener: str = "listen") -> Answer:
    app = await scene.app(listener)
    app.send(request.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    return await app.answer()


@pytest.mark.parametrize(
    ("target", "arrives"),
    [
        ("/p/v1/a?b=c&d", "/v1/a?b=c&d"),
        ("/p/", "/"),
        ("/p", "/"),
        ("/p?x=1", "/?x=1"),
        ("/p//a/../b/%2F;x", "//a/../b/%2F;x"),
        ("http://any.host/p/a", "/a"),
    ],
)
async def test_prefix(scene: Scene, target: str, arrives: str) -> None:
    echo, provider = await one(scene)
    assert (await ask(scene, f"GET {target} HTTP/1.1\nHost: app")).status == 200
    assert echo.last[0] == f"GET {arrives} HTTP/1.1"
    assert f"Host: 127.0.0.1:{provider.port}" in echo.last
    await scene.call()


async def test_base_url_with_a_path(scene: Scene) -> None:
    echo, _ = await one(scene, "/api/v2")
    await ask(scene, "GET /p/a?b HTTP/1.1\nHost: app")
    assert echo.last[0] == "GET /api/v2/a?b HTTP/1.1"
    await scene.call()


@pytest.mark.parametrize("host", ["p.localhost", "P.LOCALHOST", "p.localhost:8080", "p.localhost.", "second.test"])
async def test_host(scene: Scene, host: str) -> None:
    echo, _ = await one(scene, host=["p.localhost", "second.test"])
    assert (await ask(scene, f"GET /p/v1 HTTP/1.1\nHost: {host}")).status == 200
    assert echo.last[0] == "GET /p/v1 HTTP/1.1"
    await scene.call()


async def test_own_listener(scene: Scene) -> None:
    echo, _ = await one(scene, listen="127.0.0.1:0")
    await ask(scene, "GET /p/v1 HTTP/1.1\nHost: app", "providers.p.listen")
    assert echo.last[0] == "GET /p/v1 HTTP/1.1"
    assert (await scene.call())["provider"] == "p"


async def test_options_of_the_whole_server_on_an_own_listener(scene: Scene) -> None:
    echo, _ = await one(scene, listen="127.0.0.1:0")
    await ask(scene, "OPTIONS * HTTP/1.1\nHost: app", "providers.p.listen")
    assert echo.last[0] == "OPTIONS * HTTP/1.1"
    await scene.call()


async def test_unix_sockets(scene: Scene) -> None:
    echo = Echo()
    provider = await scene.provider(echo.script)
    listen, own, ops = (f"unix:{scene.folder}/{name}.sock" for name in ("app", "p", "ops"))
    providers = {"p": {"base_url": f"http://127.0.0.1:{provider.port}", "listen": own}}
    await scene.start(providers, listen=listen, ops={"listen": ops})
    assert (await ask(scene, "GET /p/a HTTP/1.1\nHost: app")).status == 200
    assert (await scene.call())["client"] == "unix"
    assert (await ask(scene, "GET /b HTTP/1.1\nHost: app", "providers.p.listen")).status == 200
    await scene.call()
    assert [head.split()[1] for head in echo.heads] == [b"/a", b"/b"]
    assert (await ask(scene, "GET /readyz HTTP/1.1\nHost: app", "ops.listen")).body == b"ok\n"


async def test_stale_unix_socket_is_replaced(scene: Scene) -> None:
    path = f"{scene.folder}/app.sock"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(path)
    echo = Echo()
    provider = await scene.provider(echo.script)
    await scene.start({"p": {"base_url": f"http://127.0.0.1:{provider.port}"}}, listen=f"unix:{path}")
    assert (await ask(scene, "GET /p/a HTTP/1.1\nHost: app")).status == 200
    await scene.call()


async def test_unknown_prefix_lists_the_known_ones(scene: Scene) -> None:
    await one(scene)
    got = await ask(scene, "GET /stripe/v1/charges HTTP/1.1\nHost: app")
    assert (got.status, got.problem["code"], got.problem["sent"]) == (404, "no_route", "nothing")
    assert "/p/" in got.problem["detail"]
    assert got.headers["sidecar-attempts"] == "0"
    line = await scene.call()
    assert (line["provider"], line["route"], line["outcome"], line["attempts"]) == ("", "", "refused", [])


@pytest.mark.parametrize(
    ("request_line", "route"),
    [
        ("POST /p/v1/charges", "create"),
        ("POST /p/v1/charges?expand=x", "create"),
        ("GET /p/v1/charges", "default"),
        ("GET /p/v1/charges/ch_1", "one"),
        ("GET /p/v1/charges/ch_1/refunds", "default"),
        ("PUT /p/files/a/b/c", "files"),
        ("DELETE /p/anything", "deletes"),
    ],
)
async def test_route(scene: Scene, request_line: str, route: str) -> None:
    routes = [
        {"name": "create", "match": {"methods": ["POST"], "path": "/v1/charges"}},
        {"name": "one", "match": {"path": "/v1/charges/{id}"}},
        {"name": "files", "match": {"path": "/files/**"}},
        {"name": "deletes", "match": {"methods": ["DELETE"]}},
    ]
    await one(scene, routes=routes)
    assert (await ask(scene, f"{request_line} HTTP/1.1\nHost: app")).status == 200
    assert (await scene.call())["route"] == route


async def test_headers_set_and_removed(scene: Scene) -> None:
    rules = {"set": {"Authorization": "Bearer sk_live_ours", "X-New": "1"}, "remove": ["X-Internal"]}
    echo, _ = await one(scene, headers=rules)
    request = "GET /p/a HTTP/1.1\nHost: app\nAuthorization: Bearer theirs\nX-Internal: secret\nx_under: kept\nX-New: 0"
    await ask(scene, request)
    assert "Authorization: Bearer sk_live_ours" in echo.last
    assert "X-New: 1" in echo.last
    assert "x_under: kept" in echo.last
    assert not any("theirs" in line or "X-Internal" in line or line == "X-New: 0" for line in echo.last)
    await scene.call()
    assert "sk_live_ours" not in scene.log.read_text()


async def test_route_has_headers_of_its_own(scene: Scene) -> None:
    routes = [{"name": "beta", "match": {"path": "/beta/**"}, "headers": {"set": {"X-Beta": "yes"}}}]
    echo, _ = await one(scene, routes=routes)
    await ask(scene, "GET /p/beta/x HTTP/1.1\nHost: app")
    assert "X-Beta: yes" in echo.last
    await ask(scene, "GET /p/other HTTP/1.1\nHost: app")
    assert "X-Beta: yes" not in echo.last
    await scene.call()
    await scene.call()


@pytest.mark.parametrize(("kind", "expected"), [("app", "signed.host:99"), ("provider", None)])
async def test_host_header(scene: Scene, kind: str, expected: str | None) -> None:
    echo, provider = await one(scene, host_header=kind)
    await ask(scene, "GET /p/a HTTP/1.1\nHost: signed.host:99")
    assert f"Host: {expected or f'127.0.0.1:{provider.port}'}" in echo.last
    assert sum(line.lower().startswith("host:") for line in echo.last) == 1
    await scene.call()


async def test_our_own_headers_go_nowhere(scene: Scene) -> None:
    echo, _ = await one(scene)
    await ask(scene, "GET /p/a HTTP/1.1\nHost: app\nSidecar-Timeout: 5s\nSidecar-Request-Id: x\nSidecar-Future: y")
    assert not any(line.lower().startswith("sidecar-") for line in echo.last)
    await scene.call()


# ---- the environment's proxy ----


async def plain_proxy(wire: Wire) -> None:
    """A proxy that answers for the provider once the tunnel stands."""
    await wire.head()
    await wire.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await wire.head()
    await wire.send(OK)


@pytest.mark.parametrize(
    ("environ", "through"),
    [
        ({"http_proxy": "{proxy}"}, True),
        ({"ALL_PROXY": "{proxy}"}, True),
        ({"http_proxy": "{proxy}", "NO_PROXY": "partner.invalid"}, False),
        ({"http_proxy": "{proxy}", "NO_PROXY": "*"}, False),
        ({"https_proxy": "{proxy}"}, False),
        ({}, False),
    ],
)
async def test_proxy_of_the_environment(scene: Scene, environ: dict[str, str], through: bool) -> None:
    corp = await scene.provider(plain_proxy)
    address = f"http://127.0.0.1:{corp.port}"
    scene.environ = {name: value.format(proxy=address) for name, value in environ.items()}
    await scene.start({"p": {"base_url": "http://api.partner.invalid", "timeouts": {"connect": "3s"}}})
    target = scene.pool()._dialer.target
    assert (target.proxy is not None) == through
    if through:
        assert (await scene.get()).status == 200
        await scene.call()


async def test_proxy_off_beats_the_environment(scene: Scene) -> None:
    scene.environ = {"HTTPS_PROXY": "http://127.0.0.1:9"}
    await scene.start({"p": {"base_url": "https://api.partner.invalid", "proxy": "off"}})
    assert scene.pool()._dialer.target.proxy is None


async def test_local_provider_is_never_asked_through_a_proxy(scene: Scene) -> None:
    scene.environ = {"http_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9"}
    echo, _ = await one(scene)
    assert (await ask(scene, "GET /p/a HTTP/1.1\nHost: app")).status == 200
    assert echo.heads
    await scene.call()


async def test_localhost_listening_on_one_family(scene: Scene) -> None:
    """The real resolver: ``localhost`` is ::1 and 127.0.0.1, and the provider listens on one of them."""
    echo = Echo()
    provider = await scene.provider(echo.script)
    await scene.start({"p": {"base_url": f"http://localhost:{provider.port}"}})
    assert (await ask(scene, "GET /p/a HTTP/1.1\nHost: app")).status == 200
    assert f"Host: localhost:{provider.port}" in echo.last
    await scene.call()
