"""The demo's app against a server that says what it is told to say."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from sidecar.core.env import Env
from sidecar.demo.client import CUT, Client

Serve = Callable[[list[bytes]], Awaitable[Client]]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """One answer per request, in order; after the last one of a connection it is closed."""
    opened = []
    talks: list[asyncio.Task[None]] = []

    async def start(answers: list[bytes]) -> Client:
        left = iter(answers)

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            talks.append(task)
            try:
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    answer = next(left)
                    writer.write(answer)
                    if b"!" in answer or b"close" in answer:
                        break
            except asyncio.IncompleteReadError:
                pass
            writer.close()
            await writer.wait_closed()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        client = Client("127.0.0.1", server.sockets[0].getsockname()[1], Env())
        opened.append((server, client))
        return client

    yield start
    for server, client in opened:
        client.close()
        server.close()
        await server.wait_closed()
    await asyncio.gather(*talks)


def ok(body: bytes = b"{}", *lines: bytes) -> bytes:
    head = [b"HTTP/1.1 200 OK", b"Content-Length: %d" % len(body), *lines]
    return b"\r\n".join([*head, b"", b""]) + body


async def test_what_the_sidecar_says_of_a_call(serve: Serve) -> None:
    client = await serve([
        ok(b"{}", b"Sidecar-Outcome: success", b"Sidecar-Attempts: 2", b"Sidecar-Request-Id: abc"),
    ])  # fmt: skip
    seen = await client.call("POST", "/demo/orders", b"")
    assert (seen.status, seen.outcome, seen.sent, seen.attempts, seen.request_id) == (200, "success", "", 2, "abc")


async def test_a_problem_tells_its_code(serve: Serve) -> None:
    problem = b'{"code": "reset"}'
    client = await serve([
        ok(problem, b"Content-Type: application/problem+json", b"Sidecar-Outcome: network_error; sent=maybe"),
    ])  # fmt: skip
    seen = await client.call("GET", "/")
    assert (seen.outcome, seen.sent, seen.code) == ("network_error", "maybe", "reset")


async def test_half_an_answer_is_a_failure_whatever_its_head_says(serve: Serve) -> None:
    client = await serve([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\nSidecar-Outcome: success\r\n\r\nhalf!"])
    seen = await client.call("GET", "/")
    assert (seen.outcome, seen.sent, seen.code) == ("network_error", "maybe", CUT)


async def test_a_connection_that_was_closed_meanwhile_is_replaced(serve: Serve) -> None:
    client = await serve([ok(b"!"), ok(b"fine")])
    assert await client.text("/") == "!"
    assert await client.text("/") == "fine"


async def test_no_answer_at_all_is_the_sidecar_s_end(serve: Serve) -> None:
    client = await serve([b"!"])
    with pytest.raises(ConnectionError):
        await client.call("GET", "/")


async def test_text_is_empty_unless_it_was_found(serve: Serve) -> None:
    client = await serve([b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"])
    assert await client.text("/metrics") == ""
