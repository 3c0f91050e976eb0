"""``aiohttp``'s client."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from tests.sdk.conftest import Ends
from tests.sdk.provider import BLOCK, TEXT, Provider
from tests.sdk.seen import arrived


async def both(ends: Ends, scenario: Callable[[aiohttp.ClientSession, str], Awaitable[Any]]) -> Any:
    """Run a scenario against each end; what it saw must be the same."""
    seen = []
    for url in (ends.direct, ends.through):
        async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
            seen.append(await scenario(session, url))
    assert seen[0] == seen[1]
    return seen[0]


async def test_a_chunked_upload(web: Ends) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(32):
            yield BLOCK

    async def send(session: aiohttp.ClientSession, url: str) -> Any:
        async with session.post(f"{url}/upload", data=pieces()) as answer:
            return answer.status, await answer.json()

    status, about = await both(web, send)
    assert (status, about["transfer-encoding"]) == (200, "chunked")
    assert about["sha256"] == hashlib.sha256(BLOCK * 32).hexdigest()


async def test_redirects_cookies_compression_and_head(web: Ends) -> None:
    async def roam(session: aiohttp.ClientSession, url: str) -> Any:
        async with session.post(f"{url}/moved/keep", data=b"abc") as answer:
            kept = arrived(await answer.json())["length"], len(answer.history)
        async with session.get(f"{url}/cookies/set"), session.get(f"{url}/account/seen") as answer:
            cookies = await answer.json()
        async with session.get(f"{url}/compressed/gzip") as answer:
            text = answer.headers["Content-Encoding"], await answer.read()
        async with session.head(f"{url}/bytes/4?sized") as answer:
            return kept, cookies["scoped"], cookies["session"], text, answer.content_length

    seen = await both(web, roam)
    assert seen == ((3, 1), "s2", "s1", ("gzip", TEXT), 4 * len(BLOCK))


async def test_expect_100_continue(web: Ends) -> None:
    async def send(session: aiohttp.ClientSession, url: str) -> Any:
        async with session.put(f"{url}/upload", data=BLOCK, expect100=True) as answer:
            about = await answer.json()
        async with session.put(f"{url}/no-upload", data=BLOCK, expect100=True) as answer:
            return about["length"], about["expect"], answer.status, await answer.json()

    assert await both(web, send) == (len(BLOCK), "100-continue", 413, {"error": "too large"})


async def test_a_download_that_is_broken_off_by_the_app(web: Ends) -> None:
    async with aiohttp.ClientSession() as session:
        answer = await session.get(f"{web.through}/bytes/2048")
        request_id = answer.headers["Sidecar-Request-Id"]
        await answer.content.readexactly(10)
        answer.close()
        async with session.get(f"{web.through}/echo") as after:
            assert after.status == 200
    record = await asyncio.to_thread(web.sidecar.record, request_id)
    assert record["outcome"] == "canceled"


async def test_chunks_arrive_as_they_are_sent(web: Ends, provider: Provider) -> None:
    async with aiohttp.ClientSession() as session, session.get(f"{web.through}/gated/aiohttp") as answer:
        assert await answer.content.readany() == b"first"
        provider.open_gate("aiohttp")
        assert await answer.content.read() == b"last"


async def test_a_websocket_beside_plain_requests(web: Ends) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> Any:
        async with session.ws_connect(f"{url}/websocket", protocols=("v1",), compress=15) as socket:
            await socket.send_str("grüße")
            text = await socket.receive_str()
            await socket.send_bytes(BLOCK * 16)
            data = await socket.receive_bytes()
            async with session.get(f"{url}/echo") as answer:
                status = answer.status
            await socket.close(code=4001, message=b"done")
            return text, data == BLOCK * 16, status, socket.protocol, socket.compress

    assert await both(web, talk) == ("grüße", True, 200, "v1", 15)


async def test_an_upgrade_that_the_provider_refuses(web: Ends) -> None:
    async def talk(session: aiohttp.ClientSession, url: str) -> Any:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect(f"{url}/status/401")
        return refused.value.status, (refused.value.headers or {}).get("X-Request-Id")

    assert await both(web, talk) == (401, "provider-9")
