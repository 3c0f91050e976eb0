"""Redirects, links and cookies of the provider lead the app back through the sidecar."""

from typing import Any

import pytest

from tests.chaos.app import Answer
from tests.chaos.provider_script import Wire
from tests.chaos.scene import Scene


async def ask(scene: Scene, *lines: str, listener: str = "listen", **settings: Any) -> tuple[Answer, str]:
    """What the app gets when the provider answers with these header lines; and the provider's origin."""
    origin = ""

    async def script(wire: Wire) -> None:
        await wire.head()
        head = ["HTTP/1.1 302 Found", "Content-Length: 0", *(line.replace("ORIGIN", origin) for line in lines)]
        await wire.send(("\r\n".join(head) + "\r\n\r\n").encode())

    provider = await scene.provider(script)
    origin = f"http://127.0.0.1:{provider.port}"
    await scene.start({"p": {"base_url": f"{origin}/api", "listen": "127.0.0.1:0"} | settings})
    app = await scene.app(listener)
    app.send(b"GET /p/x HTTP/1.1\r\nHost: localhost:8080\r\n\r\n")
    answer = await app.answer()
    await scene.call()
    return answer, origin


CASES = [
    ("Location: ORIGIN/api/next?page=2", "location", "http://localhost:8080/p/next?page=2"),
    ("Location: /api/next", "location", "/p/next"),
    ("Location: next", "location", "next"),
    ("Location: https://elsewhere.test/api/x", "location", "https://elsewhere.test/api/x"),
    ("Location: ORIGIN/outside", "location", "ORIGIN/outside"),
    ("Content-Location: /api/doc", "content-location", "/p/doc"),
    ('Link: <ORIGIN/api/l?p=2>; rel="next"', "link", '<http://localhost:8080/p/l?p=2>; rel="next"'),
]


@pytest.mark.parametrize(("line", "name", "expected"), CASES)
async def test_on(scene: Scene, line: str, name: str, expected: str) -> None:
    answer, origin = await ask(scene, line)
    assert answer.headers[name] == expected.replace("ORIGIN", origin)


@pytest.mark.parametrize(("line", "name", "expected"), CASES)
async def test_off(scene: Scene, line: str, name: str, expected: str) -> None:
    answer, origin = await ask(scene, line, rewrite={"location": False, "link": False})
    assert answer.headers[name] == line.partition(": ")[2].replace("ORIGIN", origin)


async def test_own_listener_has_no_prefix(scene: Scene) -> None:
    answer, _ = await ask(scene, "Location: ORIGIN/api/next", listener="providers.p.listen")
    assert answer.headers["location"] == "http://localhost:8080/next"


async def test_cookies_come_back(scene: Scene) -> None:
    cookie = "Set-Cookie: id=1; Path=/api/v1; Domain=127.0.0.1; HttpOnly"
    answer, _ = await ask(scene, cookie)
    kept = answer.headers["set-cookie"]
    assert "Path=/p/v1" in kept
    assert "Domain" not in kept
    assert kept.startswith("id=1;")
    assert "HttpOnly" in kept


async def test_cookies_left_alone(scene: Scene) -> None:
    cookie = "id=1; Path=/api/v1; Domain=127.0.0.1"
    answer, _ = await ask(scene, f"Set-Cookie: {cookie}", rewrite={"cookies": False})
    assert answer.headers["set-cookie"] == cookie
