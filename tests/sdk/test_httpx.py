"""``httpx``, both ways: it streams requests and answers, and says which HTTP it got."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from tests.sdk.conftest import Ends
from tests.sdk.provider import BLOCK, TEXT, Provider
from tests.sdk.seen import arrived

MIB = 1024 * 1024


def test_a_request_arrives_as_it_was_sent(web: Ends) -> None:
    def send(url: str) -> Any:
        with httpx.Client(base_url=url) as client:
            headers = [("X-Twice", "1"), ("x-twice", "2"), ("Cookie", "a=1; b=2")]
            answer = client.post("/echo/x?y=%7B%7D", json={"ü": 1}, headers=headers)
            return answer.http_version, answer.reason_phrase, arrived(answer.json())

    version, _, about = web.both(send)
    assert version == "HTTP/1.1"
    assert about["target"] == "/echo/x?y=%7B%7D"
    assert [pair for pair in about["headers"] if pair[0].lower() == "x-twice"] == [["X-Twice", "1"], ["x-twice", "2"]]


def test_an_iterator_streams_up_and_blocks_stream_down(web: Ends) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(48):
            yield BLOCK

    def move(url: str) -> Any:
        with httpx.Client(base_url=url) as client:
            sent = client.post("/upload", content=pieces()).json()
            digest = hashlib.sha256()
            with client.stream("GET", "/bytes/48") as answer:
                for chunk in answer.iter_raw():
                    digest.update(chunk)
            return sent, digest.hexdigest()

    sent, got = web.both(move)
    assert (sent["length"], sent["transfer-encoding"]) == (3 * MIB, "chunked")
    assert sent["sha256"] == got == hashlib.sha256(BLOCK * 48).hexdigest()


def test_redirects_cookies_and_compression(web: Ends) -> None:
    def roam(url: str) -> Any:
        with httpx.Client(base_url=url, follow_redirects=True) as client:
            target = client.get("/moved/again").json()["target"]
            kept = client.put("/moved/keep", content=b"abc").json()
            client.get("/cookies/set")
            account = client.get("/account/seen").json()
            text = client.get("/compressed/gzip")
            return (
                target,
                kept["method"],
                kept["length"],
                account["scoped"],
                text.headers["content-encoding"],
                text.read(),
            )

    assert web.both(roam) == ("/echo/end?from=absolute", "PUT", 3, "s2", "gzip", TEXT)


def test_a_client_that_gives_up_waiting(web: Ends) -> None:
    def ask(url: str) -> str:
        with httpx.Client(base_url=url, timeout=0.3) as client, pytest.raises(httpx.ReadTimeout) as error:
            client.get("/hang")
        return type(error.value).__name__

    assert web.both(ask) == "ReadTimeout"


async def test_the_first_bytes_arrive_before_the_last_are_sent(web: Ends, provider: Provider) -> None:
    async def read(url: str, gate: str) -> tuple[bytes, bytes]:
        async with httpx.AsyncClient(base_url=url) as client, client.stream("GET", f"/gated/{gate}") as answer:
            pieces = answer.aiter_raw()
            first = await anext(pieces)
            provider.open_gate(gate)
            return first, b"".join([piece async for piece in pieces])

    assert await read(web.through, "httpx-through") == await read(web.direct, "httpx-direct") == (b"first", b"last")


async def test_the_first_bytes_of_an_upload_arrive_before_the_last_are_sent(web: Ends, provider: Provider) -> None:
    async def send(url: str, gate: str) -> bytes:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"first"
            await provider.arrived(gate)  # the provider has it: only now comes the rest
            yield b"last"

        async with httpx.AsyncClient(base_url=url) as client:
            return (await client.post(f"/gated-upload/{gate}", content=pieces())).content

    through = await asyncio.wait_for(send(web.through, "up-through"), 10)
    assert through == await send(web.direct, "up-direct") == b"firstlast"


async def test_many_at_once_get_their_own_answers(web: Ends) -> None:
    async with httpx.AsyncClient(base_url=web.through) as client:

        async def ask(n: int) -> str:
            answer = await client.post(f"/echo/{n}", content=str(n).encode() * 1000)
            about = answer.json()
            assert about["length"] == len(str(n)) * 1000
            return str(about["target"])

        assert await asyncio.gather(*(ask(n) for n in range(60))) == [f"/echo/{n}" for n in range(60)]


async def test_an_upload_and_a_download_of_many_mebibytes(web: Ends) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(320):
            yield BLOCK

    async with httpx.AsyncClient(base_url=web.through) as client:
        sent = (await client.put("/upload", content=pieces(), headers={"Content-Length": str(20 * MIB)})).json()
        digest = hashlib.sha256()
        async with client.stream("GET", "/bytes/320?sized") as answer:
            async for chunk in answer.aiter_raw():
                digest.update(chunk)
    assert (sent["length"], sent["content-length"], sent["transfer-encoding"]) == (20 * MIB, str(20 * MIB), None)
    assert sent["sha256"] == digest.hexdigest() == hashlib.sha256(BLOCK * 320).hexdigest()
