"""A fixed answer for calls that fail, in the whole program: every reason, and what the app and the log are told."""

import asyncio
from typing import Any

import pytest

from tests.chaos.provider_script import OK, Script, Wire, answer, hang
from tests.chaos.scene import Scene, eventually
from tests.integration.admin_api import admin

DOWN = b"HTTP/1.1 503 Down\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\ndown"
BUSY = b"HTTP/1.1 502 Busy\r\nContent-Length: 4\r\n\r\nbusy"
ANSWER = {"status": 200, "json": {"available": False}, "headers": {"X-Degraded": "yes"}}


async def resets(wire: Wire) -> None:
    """Read, and cut the connection."""
    await wire.head()
    wire.reset()


async def speaks_nonsense(wire: Wire) -> None:
    """Answer with what is no HTTP."""
    await wire.head()
    await wire.send(b"220 ready\r\n\r\n")
    await wire.gone()


async def breaks_off_in_the_head(wire: Wire) -> None:
    """Answer half a head."""
    await wire.head()
    await wire.send(b"HTTP/1.1 200 OK\r\nContent-")


def when(*reasons: str, **more: Any) -> dict[str, Any]:
    return {"fallback": ANSWER | {"when": list(reasons)} | more}


@pytest.mark.parametrize(
    ("script", "reason", "settings", "outcome", "sent"),
    [
        (answer(DOWN), "exhausted", {}, "server_error", "all"),
        (answer(BUSY), "exhausted", {"retry": {"attempts": 2, "backoff": {"base": "1ms"}}}, "server_error", "all"),
        (answer(b"HTTP/1.1 429 No\r\nContent-Length: 0\r\n\r\n"), "exhausted", {}, "throttled", "all"),
        (resets, "exhausted", {}, "network_error", "maybe"),
        (resets, "reset", {}, "network_error", "maybe"),
        (hang, "head_timeout", {"timeouts": {"head": "30ms"}}, "timeout", "maybe"),
        (hang, "attempt_timeout", {"timeouts": {"attempt": "30ms"}}, "timeout", "maybe"),
        (hang, "deadline_exceeded", {"timeouts": {"total": "30ms"}}, "timeout", "maybe"),
        (hang, "exhausted", {"timeouts": {"total": "30ms"}}, "timeout", "maybe"),
        (speaks_nonsense, "bad_response", {}, "network_error", "maybe"),
        (breaks_off_in_the_head, "response_incomplete", {}, "network_error", "maybe"),
        (answer(), "killed", {"enabled": False}, "refused", "nothing"),
    ],
)
async def test_each_reason(
    scene: Scene, script: Script, reason: str, settings: dict[str, Any], outcome: str, sent: str
) -> None:
    await scene.serve(script, **when(reason), **settings)
    got = await scene.get()
    assert (got.status, got.body) == (200, b'{"available":false}')
    assert (got.headers["content-type"], got.headers["x-degraded"]) == ("application/json", "yes")
    assert got.headers["sidecar-outcome"] == f"{outcome}; sent={sent}"
    assert got.headers["proxy-status"].startswith("sidecar; ")
    line = await scene.call()
    assert (line["status"], line["outcome"], line["sent"], line["fallback"]) == (200, outcome, sent, reason)
    metrics = await scene.metrics()
    assert metrics[f'sidecar_fallbacks_total{{provider="p",reason="{reason}"}}'] == 1
    requests = f'sidecar_requests_total{{provider="p",route="default",method="GET",code="200",outcome="{outcome}"}}'
    assert metrics[requests] == 1


async def test_nothing_listens(scene: Scene) -> None:
    provider = await scene.provider(answer())
    port = provider.port
    await provider.stop()
    await scene.start({"p": {"base_url": f"http://127.0.0.1:{port}"} | when("connect_failed")})
    got = await scene.get()
    assert (got.status, got.headers["sidecar-outcome"]) == (200, "network_error; sent=nothing")
    line = await scene.call()
    assert (line["error"], line["fallback"]) == ("connect_failed", "connect_failed")


async def test_a_full_pool(scene: Scene) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        asked.set()
        await go.wait()
        await wire.send(OK)
        await wire.gone()

    await scene.serve(
        script, pool={"max_connections": 1, "max_idle": 1}, timeouts={"pool": "10ms"}, **when("pool_exhausted")
    )
    busy = await scene.app()
    busy.get("/p/x")
    await asked.wait()
    got = await scene.get()
    assert (got.status, got.headers["sidecar-outcome"]) == (200, "refused; sent=nothing")
    assert int(got.headers["retry-after"]) >= 1
    assert (await scene.call())["error"] == "pool_exhausted"
    go.set()
    assert (await busy.answer()).body == b"ok"
    await scene.call()


async def test_an_open_breaker(scene: Scene) -> None:
    await scene.serve(answer(), breaker={}, **when("breaker_open"))
    hold = {"state": "open", "reason": "maintenance", "who": "bo"}
    assert (await admin(scene, "PUT", "/providers/p/breaker", hold))[0] == 200
    got = await scene.get()
    assert (got.status, got.headers["sidecar-outcome"]) == (200, "refused; sent=nothing")
    line = await scene.call()
    assert (line["error"], line["fallback"]) == ("breaker_open", "breaker_open")


async def test_a_switch_turned_by_hand(scene: Scene) -> None:
    await scene.serve(answer(), **when("killed"))
    await admin(scene, "PUT", "/providers/p/kill", {"reason": "x", "who": "ana", "expires": "1h"})
    got = await scene.get()
    assert (got.status, got.body) == (200, b'{"available":false}')
    assert 3590 <= int(got.headers["retry-after"]) <= 3600
    assert "switched off by ana: x" in got.headers["proxy-status"]
    await scene.call()


async def test_the_hint_of_the_discarded_answer_is_kept_and_its_connection_too(scene: Scene) -> None:
    provider = await scene.serve(answer(DOWN), **when("exhausted"))
    app = await scene.app()
    for _ in range(3):
        app.get("/p/x")
        got = await app.answer()
        assert (got.body, got.headers["retry-after"]) == (b'{"available":false}', "7")
        assert got.headers["proxy-status"] == "sidecar; received-status=503"
        line = await scene.call()
        assert (line["attempts"][0]["status"], "error" in line) == (503, False)
    assert provider.opened == 1


async def test_a_discarded_answer_without_end_is_cut_off(scene: Scene) -> None:
    gone = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nstill\r\n")
        await wire.gone()
        gone.set()

    await scene.serve(script, **when("exhausted"))
    assert (await scene.get()).body == b'{"available":false}'
    await asyncio.wait_for(gone.wait(), 5)
    line = await scene.call()
    assert (line["attempts"][0]["status"], line["outcome"]) == (500, "server_error")
    await eventually(lambda: not scene.pool().open_connections)


async def test_the_connection_of_the_app_goes_on(scene: Scene) -> None:
    await scene.serve(resets, **when("exhausted"))
    app = await scene.app()
    for method in ("GET", "HEAD", "GET"):
        app.get("/p/x", method=method)
        got = await app.answer(bodiless=method == "HEAD")
        assert (got.status, got.headers["content-length"]) == (200, "19")
        assert got.body == (b"" if method == "HEAD" else b'{"available":false}')
    lines = [await scene.call() for _ in range(3)]
    assert [line["bytes_out"] for line in lines] == [19, 0, 19]


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_the_apps_own_mistakes_are_passed_on(scene: Scene, status: int) -> None:
    await scene.serve(answer(b"HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nno" % status), **when("exhausted", "reset"))
    got = await scene.get()
    assert (got.status, got.body) == (status, b"no")
    assert "fallback" not in await scene.call()


async def test_an_app_that_leaves_gets_no_fallback(scene: Scene) -> None:
    asked = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        asked.set()
        await wire.gone()

    await scene.serve(script, **when("exhausted"))
    app = await scene.app()
    app.get("/p/x")
    await asked.wait()
    app.close()
    line = await scene.call()
    assert (line["outcome"], "fallback" in line) == ("canceled", False)


async def test_one_reason_in_other_words_and_a_route_without(scene: Scene) -> None:
    routes = [{"name": "charge", "match": {"path": "/charge"}, "fallback": "off"}]
    other = {"reasons": {"killed": {"status": 503, "body": "closed"}}, "routes": routes}
    settings = when("exhausted", "killed", reasons=other["reasons"])
    await scene.serve(answer(DOWN), routes=routes, **settings)
    assert (await scene.get("/p/x")).body == b'{"available":false}'
    assert (await scene.get("/p/charge")).body == b"down"
    await admin(scene, "PUT", "/providers/p/kill", {"reason": "x", "who": "ana"})
    got = await scene.get("/p/x")
    assert (got.status, got.body, got.headers["x-degraded"]) == (503, b"closed", "yes")
    assert (await scene.get("/p/charge")).problem["code"] == "killed"
    for _ in range(4):
        await scene.call()
