"""Ends that come at any turn of the event loop: whatever is under way then, nothing is left behind.

What happens "at the same time" happens in neighbouring turns of one loop. So each end is tried in every turn.
"""

import asyncio

import pytest

from tests.support.corpus import ANSWERS, REQUESTS
from tests.support.memory import MemoryProvider, MemorySidecar

TURNS = 16
"""More than any call here takes."""

MESSAGES = {
    "get": REQUESTS["get"],
    "post": REQUESTS["post"],
    "half-a-post": REQUESTS["post"][:-4],
    "half-chunked": REQUESTS["chunked"][:-8],
    "two": REQUESTS["get"] * 2,
    "a-post-and-half-a-post": REQUESTS["post"] + REQUESTS["post"][:-4],
    "offer": REQUESTS["upgrade-declined"],
    "bad": b"BAD\r\n\r\n",
    "half-a-head": REQUESTS["get"][:30],
}
REPLIES = {
    "whole": ANSWERS["length"],
    "half": ANSWERS["length"][:-5],
    "half-chunked": ANSWERS["chunked"][:-8],
    "until-close": b"HTTP/1.1 200 OK\r\n\r\nhello",
    "interim": ANSWERS["interim"][:40],
    "101": b"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nhello",
    "behind": ANSWERS["length"] + b"x",
    "none": b"",
}


class Replying(MemoryProvider):
    """Answers as soon as a head has come."""

    reply = b""

    def on_data(self, data: bytes) -> None:
        if b"\r\n\r\n" in data:
            self.sidecar.loop.call_soon(self.send, self.reply)


async def play(message: bytes, reply: bytes, turns: int, end: str) -> None:
    sidecar = MemorySidecar(type("Kind", (Replying,), {"reply": reply}), provider={"pool": {"max_connections": 1}})
    app = sidecar.app()
    app.send(message)
    for _ in range(turns):
        await asyncio.sleep(0)
    if end == "app-closes":
        app.close()
    elif end == "app-resets":
        app.transport.break_off()
    else:
        for provider in sidecar.providers:
            if end == "provider-closes":
                provider.close()
            else:
                provider.transport.break_off()
    await sidecar.settle()
    # The only slot of the pool is free for another app, whatever became of this one.
    if not app.transport.closed:
        app.transport.break_off()
        await sidecar.settle()
    for provider in sidecar.providers:
        provider.reply = ANSWERS["length"]  # type: ignore[attr-defined]
    sidecar.make_provider = type("Good", (Replying,), {"reply": ANSWERS["length"]})
    other = sidecar.app()
    other.send(REQUESTS["get"])
    await sidecar.settle()
    assert other.received.startswith(b"HTTP/1.1 200 OK\r\n"), (turns, other.received)
    await sidecar.finish()


@pytest.mark.parametrize("end", ["app-closes", "app-resets", "provider-closes", "provider-resets"])
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("message", MESSAGES)
def test_an_end_at_every_turn_leaves_nothing_behind(message: str, reply: str, end: str) -> None:
    async def every() -> None:
        for turns in range(TURNS):
            await play(MESSAGES[message], REPLIES[reply], turns, end)

    asyncio.run(every())


@pytest.mark.parametrize("leaving", [1, 2, 3])
def test_apps_that_leave_a_full_pool_at_every_turn_lose_no_slot(leaving: int) -> None:
    """Who leaves may hold a connection, the right to open one, or a place in the queue."""

    async def every() -> None:
        for turns in range(TURNS * 2):
            kind = type("Kind", (Replying,), {"reply": ANSWERS["length"]})
            sidecar = MemorySidecar(kind, provider={"pool": {"max_connections": 1}, "timeouts": {"pool": "5s"}})
            apps = [sidecar.app() for _ in range(4)]
            for app in apps:
                app.send(REQUESTS["get"])
            for _ in range(turns):
                await asyncio.sleep(0)
            for app in apps[:leaving]:
                app.transport.break_off()
            await sidecar.settle()
            for app in apps[leaving:]:
                assert app.received.startswith(b"HTTP/1.1 200 OK\r\n"), (turns, app.received)
            await sidecar.finish()

    asyncio.run(every())
