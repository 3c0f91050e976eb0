"""The admin API in the whole program: what it shows of providers, and who may turn what."""

from typing import Any

import pytest

from tests.chaos.provider_script import answer
from tests.chaos.scene import Scene, eventually
from tests.integration.admin_api import admin, events

KILL = {"reason": "x", "who": "ana"}
HOLD = {"state": "open", "reason": "maintenance", "who": "bo"}


async def test_a_provider_explains_itself(scene: Scene) -> None:
    provider = await scene.serve(
        answer(),
        breaker={},
        retry={},
        routes=[{"name": "charge", "match": {"path": "/charge"}, "breaker": {"scope": "route"}}],
    )
    await scene.get()
    await scene.call()
    status, shown = await admin(scene, "GET", "/providers/p")
    assert status == 200
    assert (shown["provider"], shown["base_url"]) == ("p", f"http://127.0.0.1:{provider.port}")
    assert (shown["enabled"], shown["kill"], shown["in_flight"]) == (True, None, 0)
    assert list(shown["routes"]) == ["charge", "default"]
    assert {scope: one["state"] for scope, one in shown["breakers"].items()} == {
        "charge": "closed",
        "provider": "closed",
    }
    assert (shown["breakers"]["provider"]["calls"], shown["breakers"]["charge"]["calls"]) == (1, 0)
    assert shown["retry_budget"]["remaining"] > 0
    assert shown["pool"] == {"open": 1, "idle": 1, "waiting": 0}
    _, all_of_them = await admin(scene, "GET", "/providers")
    assert list(all_of_them["providers"]) == ["p"]
    assert all_of_them["providers"]["p"].keys() == shown.keys()


async def test_a_reload_leaves_nothing_stale(scene: Scene) -> None:
    provider = await scene.serve(answer(), breaker={}, retry={})
    before = (await admin(scene, "GET", "/providers/p"))[1]
    assert before["breakers"]
    assert before["retry_budget"]
    scene.write({"q": {"base_url": f"http://127.0.0.1:{provider.port}"}})
    assert await scene.runtime.reload() == []
    assert (await admin(scene, "GET", "/providers/p"))[0] == 404
    after = (await admin(scene, "GET", "/providers/q"))[1]
    assert (after["breakers"], after["retry_budget"]) == ({}, None)


async def test_a_breaker_is_held_by_hand(scene: Scene) -> None:
    await scene.serve(answer(), breaker={})
    assert (await admin(scene, "PUT", "/providers/p/breaker", HOLD))[0] == 200
    got = await scene.get()
    assert (got.status, got.problem["code"]) == (503, "breaker_open")
    assert "bo: maintenance" in got.problem["detail"]
    _, shown = await admin(scene, "GET", "/providers/p")
    assert shown["breakers"]["provider"]["state"] == "open"
    assert shown["breakers"]["provider"]["by_hand"]["who"] == "bo"
    _, shown = await admin(scene, "DELETE", "/providers/p/breaker")
    assert shown["breakers"]["provider"]["by_hand"] is None
    assert (await scene.get()).status == 200
    for _ in range(2):
        await scene.call()
    await eventually(lambda: events(scene, "breaker_released"))
    assert len(events(scene, "breaker_forced")) == 1


async def test_a_breaker_held_closed_lets_every_call_through(scene: Scene) -> None:
    await scene.serve(
        answer(b"HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"), breaker={"consecutive": 1, "min_calls": 1}
    )
    assert (await admin(scene, "PUT", "/providers/p/breaker", HOLD | {"state": "closed"}))[0] == 200
    assert [(await scene.get()).status for _ in range(3)] == [500, 500, 500]
    await admin(scene, "DELETE", "/providers/p/breaker")
    assert [(await scene.get()).status for _ in range(2)] == [500, 503]
    for _ in range(5):
        await scene.call()


async def test_a_breaker_made_anew_by_a_reload_is_still_held(scene: Scene) -> None:
    provider = await scene.serve(answer(), breaker={})
    await admin(scene, "PUT", "/providers/p/breaker", HOLD)
    scene.write({"p": {"base_url": f"http://127.0.0.1:{provider.port}", "breaker": {"window": "9s"}}})
    assert await scene.runtime.reload() == []
    assert (await scene.get()).problem["code"] == "breaker_open"
    await scene.call()


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("PUT", "/providers/p/kill", {"reason": "x"}, 422, "bad_fields"),
        ("PUT", "/providers/p/kill", [], 400, "bad_body"),
        ("PUT", "/providers/x/kill", KILL, 404, "unknown_provider"),
        ("PUT", "/providers/p/breaker", HOLD, 409, "no_breaker"),
        ("PATCH", "/providers/p/kill", KILL, 405, "method_not_allowed"),
        ("PUT", "/providers/p/nothing", KILL, 404, "not_found"),
    ],
)
async def test_what_cannot_be_done_is_said(
    scene: Scene, method: str, path: str, body: Any, status: int, code: str
) -> None:
    await scene.serve(answer())
    found, data = await admin(scene, method, path, body)
    assert (found, data["code"]) == (status, code)
    assert (await admin(scene, "GET", "/providers/p"))[1]["kill"] is None


async def test_without_the_token_nothing_is_turned(scene: Scene) -> None:
    await scene.serve(answer())
    app = await scene.app("admin.listen")
    host = f"Host: {scene.runtime.addresses['admin.listen']}"
    body = b'{"reason": "x", "who": "eve"}'
    head = ["PUT /providers/p/kill HTTP/1.1", host, "Content-Type: application/json", f"Content-Length: {len(body)}"]
    app.send(("\r\n".join(head) + "\r\n\r\n").encode() + body)
    got = await app.answer()
    assert (got.status, got.problem["code"]) == (401, "unauthorized")
    assert (await admin(scene, "GET", "/providers/p"))[1]["kill"] is None


async def test_an_order_may_come_in_pieces_and_must_end(scene: Scene) -> None:
    await scene.serve(answer())
    app = await scene.app("admin.listen")
    head = [
        "PUT /providers/p/kill HTTP/1.1", f"Host: {scene.runtime.addresses['admin.listen']}",
        "Authorization: Bearer chaos-token", "Content-Type: application/json", "Transfer-Encoding: chunked",
    ]  # fmt: skip
    app.send(("\r\n".join(head) + "\r\n\r\n").encode())
    for piece in (b'{"reason": "x", ', b'"who": "ana"}', b""):
        app.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        await app.writer.drain()
    assert (await app.answer()).status == 200
    app.send(("\r\n".join([*head[:-1], "Content-Length: 100000"]) + "\r\n\r\n").encode() + b" " * 50_000)
    assert (await app.answer()).problem["code"] == "bad_body"
