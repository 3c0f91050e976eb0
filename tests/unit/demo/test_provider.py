"""The provider's paths, asked through real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.env import Env
from sidecar.demo import api, orders
from sidecar.demo.moods import MOODS, Act, Chance
from sidecar.demo.provider import start
from sidecar.http.listener import address_of


class Reply:
    """An answer as it came; ``whole`` when as many bytes came as were announced."""

    def __init__(self, data: bytes) -> None:
        self.raw = data
        head, _, self.body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        self.status = int(first.split()[1]) if first else 0
        self.headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    @property
    def whole(self) -> bool:
        return len(self.body) == int(self.headers.get("content-length", "0"))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Provider:
    def __init__(self, address: str) -> None:
        self.address = address
        host, _, port = address.rpartition(":")
        self.where = (host, int(port))

    async def __call__(self, method: str, path: str, body: bytes = b"", *lines: str) -> Reply:
        reader, writer = await asyncio.open_connection(*self.where)
        head = [f"{method} {path} HTTP/1.1", f"Host: {self.address}", "Connection: close", *lines]
        if body:
            head.append(f"Content-Length: {len(body)}")
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        data = await reader.read()
        writer.close()
        await writer.wait_closed()
        return Reply(data)


class Clock:
    """Sleeps take no time; the clock stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.stopped = False

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.stopped:
            await asyncio.Event().wait()
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def provider(clock: Clock) -> AsyncIterator[Provider]:
    listener, server = await start("127.0.0.1", 0, env=replace(Env(), clock=lambda: clock.now, sleep=clock.sleep))
    yield Provider(address_of(listener))
    listener.close()
    server.abort()
    await listener.wait_closed()


async def test_orders_are_answered_at_once_with_an_id_of_the_provider(provider: Provider, clock: Clock) -> None:
    first, second = await provider("GET", "/orders/7"), await provider("GET", "/orders/7")
    assert first.status == 200
    assert first.json == second.json == orders.order(7)
    assert first.headers["x-request-id"].startswith("req_")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert clock.slept == []


@pytest.mark.parametrize(
    "path", ["/orders/0", "/orders/x", "/orders/1000000", "/orders/1/items", "/nothing", "/orders/²"]
)
async def test_what_is_not_there(provider: Provider, path: str) -> None:
    reply = await provider("GET", path.replace("²", "%C2%B2"))
    assert reply.status == 404
    assert reply.json["error"]["code"] == "not_found"


async def test_pages_link_to_each_other_with_the_host_the_app_used(provider: Provider) -> None:
    reply = await provider("GET", "/orders?page=2")
    assert reply.json["page"] == 2
    assert f'<http://{provider.address}/orders?page=3>; rel="next"' in reply.headers["link"]


async def test_a_new_order_has_a_location_that_answers(provider: Provider) -> None:
    reply = await provider("POST", "/orders", b'{"customer": "Ada"}')
    assert reply.status == 201
    assert reply.json["customer"] == "Ada"
    location = reply.headers["location"].removeprefix(f"http://{provider.address}")
    assert location == f"/orders/{reply.json['id']}"
    assert (await provider("GET", location)).status == 200


async def test_the_same_key_gives_the_same_order(provider: Provider) -> None:
    first = await provider("POST", "/orders", b"{}", "Idempotency-Key: k1")
    again = await provider("POST", "/orders", b"{}", "Idempotency-Key: k1")
    other = await provider("POST", "/orders", b"{}", "Idempotency-Key: k2")
    assert first.json["id"] == again.json["id"] != other.json["id"]
    assert again.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("body", [b"{", b"[]"])
async def test_a_body_that_is_no_order(provider: Provider, body: bytes) -> None:
    assert (await provider("POST", "/orders", body)).status == 400


async def test_expect_is_answered_before_the_body_comes(provider: Provider) -> None:
    reader, writer = await asyncio.open_connection(*provider.where)
    head = f"POST /orders HTTP/1.1\r\nHost: {provider.address}\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    writer.write(head.encode())
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 Continue")
    writer.write(b"{}")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 201")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("status", "field"),
    [(429, "retry-after"), (503, "retry-after"), (401, "www-authenticate"), (302, "location"), (418, "x-request-id")],
)
async def test_a_status_comes_with_its_fields(provider: Provider, status: int, field: str) -> None:
    reply = await provider("GET", f"/status/{status}")
    assert reply.status == status
    assert field in reply.headers


@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_none(provider: Provider, status: int) -> None:
    reply = await provider("GET", f"/status/{status}")
    assert (reply.status, reply.body) == (status, b"")


@pytest.mark.parametrize("path", ["/status/", "/status/100", "/status/600", "/status/abc"])
async def test_a_status_that_cannot_be_asked_for(provider: Provider, path: str) -> None:
    assert (await provider("GET", path)).status == 404


async def test_slow_waits_as_long_as_told_and_no_longer_than_a_minute(provider: Provider, clock: Clock) -> None:
    for query in ("", "?ms=250", "?ms=9999999", "?ms=-1"):
        assert (await provider("GET", f"/slow{query}")).status == 200
    assert clock.slept == [1.0, 0.25, 60.0, 1.0]


async def test_a_stream_ticks_and_ends(provider: Provider, clock: Clock) -> None:
    reply = await provider("GET", "/stream?n=3")
    assert reply.headers["content-type"] == "text/event-stream"
    assert reply.body.count(b"event: tick") == 3
    assert reply.body.endswith(b"event: end\ndata: {}\n\n\r\n0\r\n\r\n")
    assert clock.slept == [api.TICK, api.TICK]


async def test_a_reader_who_leaves_ends_the_stream(provider: Provider, clock: Clock) -> None:
    clock.stopped = True
    reader, writer = await asyncio.open_connection(*provider.where)
    writer.write(f"GET /stream?n=10000 HTTP/1.1\r\nHost: {provider.address}\r\n\r\n".encode())
    await reader.readuntil(b"event: tick")
    [stream] = [task for task in asyncio.all_tasks() if task.get_name() == "demo stream"]
    writer.transport.abort()
    async with asyncio.timeout(10):
        await asyncio.wait({stream})
    assert stream.cancelled()


async def test_echo_shows_the_headers_and_hides_secrets(provider: Provider) -> None:
    reply = await provider("POST", "/echo?a=1", b"xyz", "X-Mine: 1", "Authorization: Bearer abcdef123456", "X-Mine: 2")
    assert reply.json["method"] == "POST"
    assert reply.json["target"] == "/echo?a=1"
    assert reply.json["headers"]["X-Mine"] == "1, 2"
    assert reply.json["headers"]["Authorization"] == "Bearer [REDACTED:authorization]"
    assert reply.json["body_bytes"] == 3


async def test_reset_closes_without_an_answer(provider: Provider) -> None:
    assert (await provider("GET", "/reset")).raw == b""


async def test_throttled_answers_its_quota_then_tells_when_to_come_back(provider: Provider, clock: Clock) -> None:
    replies = [await provider("GET", "/throttled") for _ in range(api.QUOTA)]
    assert [(reply.status, reply.headers["x-ratelimit-remaining"]) for reply in replies] == [
        (200, "2"), (200, "1"), (200, "0"),
    ]  # fmt: skip
    clock.now += 2.5
    refused = await provider("GET", "/throttled")
    assert (refused.status, refused.headers["retry-after"]) == (429, "8")
    clock.now += 8
    assert (await provider("GET", "/throttled")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "allow"), [("DELETE", "/orders/1", "GET, POST"), ("POST", "/stream", "GET")]
)
async def test_methods_that_are_not_taken(provider: Provider, method: str, path: str, allow: str) -> None:
    reply = await provider(method, path)
    assert (reply.status, reply.headers["allow"]) == (405, allow)


async def test_head_is_a_get_without_a_body(provider: Provider) -> None:
    reply = await provider("HEAD", "/orders/1")
    assert (reply.status, reply.body) == (200, b"")
    assert int(reply.headers["content-length"]) > 0


async def test_a_bad_request_is_refused(provider: Provider) -> None:
    assert (await provider("GET", "/orders/1", b"", "Host: another")).status == 400


async def test_the_index_lists_every_path(provider: Provider) -> None:
    text = (await provider("GET", "/")).body.decode()
    for name in ("orders", "flaky", "slow", "status", "stream", "echo", "reset", "throttled", "mood"):
        assert f"/{name}" in text


async def test_a_mood_holds_for_orders_until_another_is_set(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MOODS, "throttled", (Chance(1, status=429),))
    assert (await provider("PUT", "/mood/throttled")).json["mood"] == "throttled"
    refused = await provider("GET", "/orders/1")
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert (await provider("PUT", "/mood/calm")).json["mood"] == "calm"
    assert (await provider("GET", "/orders/1")).status == 200


@pytest.mark.parametrize("path", ["/mood/nothing", "/mood/", "/mood/slow/er"])
async def test_a_mood_that_does_not_exist(provider: Provider, path: str) -> None:
    assert (await provider("PUT", path)).status == 404
    assert (await provider("GET", "/mood")).json["mood"] == "calm"


async def test_a_broken_off_answer_is_shorter_than_announced(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MOODS, "broken", (Chance(1, act=Act.BREAK_OFF),))
    await provider("PUT", "/mood/broken")
    reply = await provider("GET", "/orders/1")
    assert reply.status == 200
    assert not reply.whole
    assert reply.body != b""


async def test_flaky_does_what_its_mood_says(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MOODS, "flaky", (Chance(1, act=Act.HANG_UP),))
    assert (await provider("GET", "/flaky")).raw == b""
    monkeypatch.setitem(MOODS, "flaky", (Chance(1),))
    assert (await provider("GET", "/flaky")).status == 200


async def test_a_calm_provider_never_fails_by_chance(clock: Clock) -> None:
    env = replace(Env(), clock=lambda: clock.now, sleep=clock.sleep)
    listener, server = await start("127.0.0.1", 0, calm=True, env=env)
    calm = Provider(address_of(listener))
    replies = [await calm("GET", path) for path in ("/flaky", "/throttled") for _ in range(12)]
    assert {reply.status for reply in replies} == {200}
    assert clock.slept == []
    listener.close()
    server.abort()
    await listener.wait_closed()
