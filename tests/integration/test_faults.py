"""Failures made on purpose, in the whole program: what the app gets, and how loudly it is said."""

import asyncio
from typing import Any

import pytest

from tests.chaos.provider_script import Wire, answer
from tests.chaos.scene import Scene, eventually
from tests.integration.admin_api import admin, events

HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
ALLOWED = {"faults": {"allow_header": True}}
ON = 'sidecar_faults_enabled{provider="p"}'


def injected(kind: str) -> str:
    return f'sidecar_faults_injected_total{{provider="p",kind="{kind}"}}'


def fault(text: str) -> str:
    return f"Sidecar-Fault: {text}"


# ---- made without asking the provider ----


@pytest.mark.parametrize(
    ("asked", "status", "outcome"),
    [
        ("abort=503", 503, "server_error"),
        ("abort=404", 404, "client_error"),
        ("throttle", 429, "throttled"),
    ],
)
async def test_an_answer_instead_of_the_providers(scene: Scene, asked: str, status: int, outcome: str) -> None:
    provider = await scene.serve(answer(), **ALLOWED)
    got = await scene.get("/p/x", fault(asked))
    assert (got.status, got.problem["code"]) == (status, "fault_injected")
    assert got.headers["sidecar-outcome"] == f"{outcome}; sent=nothing"
    assert got.headers["proxy-status"].startswith("sidecar; error=proxy_internal_response; details=")
    assert got.headers.get("retry-after") == ("1" if asked == "throttle" else None)
    line = await scene.call()
    assert (line["error"], line["fault"], line["attempts"]) == ("fault_injected", asked, [])
    assert provider.opened == 0
    assert (await scene.metrics())[injected(asked.partition("=")[0])] == 1


@pytest.mark.parametrize("body", ["", "x" * 100_000])
async def test_the_connection_is_reset_without_an_answer(scene: Scene, body: str) -> None:
    provider = await scene.serve(answer(), **ALLOWED)
    app = await scene.app()
    app.post("/p/x", body.encode(), fault("reset"))
    with pytest.raises(ConnectionResetError):
        await app.reader.read()
    line = await scene.call()
    assert (line["status"], line["outcome"], line["sent"], line["error"], line["fault"]) == (
        None, "network_error", "nothing", "fault_injected", "reset",
    )  # fmt: skip
    assert provider.opened == 0
    await eventually(lambda: not scene.runtime.stats.client_connections)


async def test_a_delay_and_then_the_providers_answer(scene: Scene) -> None:
    await scene.serve(answer(HELLO), **ALLOWED)
    got = await scene.get("/p/x", fault("delay=60ms"))
    assert (got.status, got.body) == (200, b"hello")
    line = await scene.call()
    assert line["duration_ms"] >= 60
    assert line["fault"] == "delay=60ms"


@pytest.mark.parametrize(
    ("settings", "lines"), [({"timeouts": {"total": "30ms"}}, []), ({}, ["Sidecar-Timeout: 30ms"])]
)
async def test_a_delay_counts_into_the_deadline(scene: Scene, settings: dict[str, Any], lines: list[str]) -> None:
    provider = await scene.serve(answer(), **ALLOWED, **settings)
    got = await scene.get("/p/x", fault("delay=1h"), *lines)
    assert (got.status, got.problem["code"]) == (504, "deadline_exceeded")
    assert got.headers["sidecar-outcome"] == "timeout; sent=nothing"
    await scene.call()
    assert provider.opened == 0


async def test_an_app_that_leaves_ends_a_delay(scene: Scene) -> None:
    await scene.serve(answer(), **ALLOWED)
    app = await scene.app()
    app.get("/p/x", fault("delay=1h"))
    await eventually(lambda: scene.runtime.stats.provider("p").policies.faults)
    app.close()
    assert (await scene.call())["outcome"] == "canceled"


# ---- the provider's answer, changed ----


@pytest.mark.parametrize(
    ("response", "truncate", "body"),
    [(HELLO, 0, b""), (HELLO, 3, b"hel"), (CHUNKED, 0, b""), (CHUNKED, 3, b"hel")],
)
async def test_an_answer_that_breaks_off(scene: Scene, response: bytes, truncate: int, body: bytes) -> None:
    await scene.serve(answer(response), **ALLOWED)
    app = await scene.app()
    app.get("/p/x", fault(f"truncate={truncate}"))
    got = await app.answer()
    assert (got.status, got.body, got.complete) == (200, body, False)
    assert await app.ended() == b""
    line = await scene.call()
    assert (line["outcome"], line["sent"], line["error"], line["bytes_out"]) == (
        "network_error", "maybe", "fault_injected", truncate,
    )  # fmt: skip


@pytest.mark.parametrize("response", [HELLO, CHUNKED])
async def test_a_shorter_answer_is_whole_and_the_connections_go_on(scene: Scene, response: bytes) -> None:
    provider = await scene.serve(answer(response), **ALLOWED)
    app = await scene.app()
    for _ in range(2):
        app.get("/p/x", fault("truncate=5"))
        got = await app.answer()
        assert (got.body, got.complete, got.headers["sidecar-outcome"]) == (b"hello", True, "success")
        await scene.call()
    assert provider.opened == 1


async def test_an_answer_that_breaks_off_while_the_provider_still_sends(scene: Scene) -> None:
    gone = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        await wire.gone()
        gone.set()

    await scene.serve(script, **ALLOWED)
    assert (await scene.get("/p/x", fault("truncate=2"))).body == b"he"
    await asyncio.wait_for(gone.wait(), 5)
    await scene.call()


@pytest.mark.parametrize("response", [HELLO, CHUNKED])
async def test_a_slow_answer_comes_whole(scene: Scene, response: bytes) -> None:
    provider = await scene.serve(answer(response), **ALLOWED)
    app = await scene.app()
    for _ in range(2):
        app.get("/p/x", fault("slow=50"))
        got = await app.answer()
        assert (got.body, got.complete) == (b"hello", True)
        line = await scene.call()
        assert (line["outcome"], line["bytes_out"]) == ("success", 5)
        assert line["duration_ms"] >= 90  # five bytes, 50 a second
    assert provider.opened == 1


async def test_a_slow_answer_holds_up_a_provider_that_sends_without_end(scene: Scene) -> None:
    full = asyncio.Event()

    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        wire.writer.transport.set_write_buffer_limits(0)
        chunk = bytes(1 << 20)
        while not full.is_set():
            wire.writer.write(chunk)
            try:
                async with asyncio.timeout(0.2):
                    await wire.writer.drain()
            except TimeoutError:
                full.set()
        await wire.gone()

    await scene.serve(script, **ALLOWED)
    app = await scene.app()
    app.get("/p/x", fault("slow=1KiB"))
    await app.head()
    await full.wait()
    app.close()
    line = await scene.call()
    assert line["outcome"] == "canceled"
    assert line["bytes_out"] < 100_000


@pytest.mark.parametrize("asked", ["slow=1", "truncate=1"])
async def test_an_answer_without_a_body(scene: Scene, asked: str) -> None:
    await scene.serve(answer(b"HTTP/1.1 204 No Content\r\n\r\n"), **ALLOWED)
    app = await scene.app()
    for method in ("GET", "HEAD"):
        app.get("/p/x", fault(asked), method=method)
        assert (await app.answer(bodiless=True)).status == 204
        assert (await scene.call())["outcome"] == "success"


# ---- who gets one ----


async def test_a_share_of_the_calls_by_the_file(scene: Scene) -> None:
    routes = [{"name": "safe", "match": {"path": "/safe"}, "faults": "off"}]
    await scene.serve(answer(), faults={"percent": "100%", "abort": 500}, routes=routes)
    assert [(await scene.get(path)).status for path in ("/p/x", "/p/safe")] == [500, 200]
    for _ in range(2):
        await scene.call()


async def test_the_header_is_ignored_unless_allowed_and_never_passed_on(scene: Scene) -> None:
    heads: list[bytes] = []

    async def script(wire: Wire) -> None:
        while True:
            heads.append(await wire.head())
            await wire.send(HELLO)

    routes = [{"name": "test", "match": {"path": "/test"}, "faults": {"allow_header": True}}]
    await scene.serve(script, routes=routes)
    assert (await scene.get("/p/x", fault("abort=503"))).status == 200
    assert (await scene.get("/p/test", fault("delay=1ms"))).status == 200
    assert len(heads) == 2
    assert b"fault" not in b"".join(heads).lower()
    for _ in range(2):
        await scene.call()


async def test_a_header_that_cannot_be_read_says_how(scene: Scene) -> None:
    provider = await scene.serve(answer(), **ALLOWED)
    got = await scene.get("/p/x", fault("explode"))
    assert (got.status, got.problem["code"]) == (400, "bad_request")
    assert got.problem["detail"].startswith("Sidecar-Fault: not a fault: 'explode'; write delay=2s, abort=503")
    await scene.call()
    assert provider.opened == 0


async def test_the_fallback_answers_for_faults_as_for_failures(scene: Scene) -> None:
    await scene.serve(answer(), **ALLOWED, fallback={"when": ["exhausted"], "status": 200, "body": "sorry"})
    for asked in ("abort=503", "throttle"):
        got = await scene.get("/p/x", fault(asked))
        assert (got.status, got.body) == (200, b"sorry")
        assert (await scene.call())["error"] == "fault_injected"


async def test_retry_does_not_mend_them(scene: Scene) -> None:
    provider = await scene.serve(answer(), **ALLOWED, retry={"backoff": {"base": "1ms"}})
    assert (await scene.get("/p/x", fault("abort=503"))).status == 503
    assert (await scene.call())["attempts"] == []
    assert provider.opened == 0


# ---- loud ----


async def test_that_they_are_on_can_be_seen(scene: Scene) -> None:
    provider = await scene.serve(answer(), faults={"percent": "1%", "reset": True})
    await eventually(lambda: events(scene, "faults_enabled"))
    (event,) = events(scene, "faults_enabled")
    assert (event["level"], event["provider"], event["route"], event["faults"]) == (
        "warning", "p", "default", "1% of calls: reset",
    )  # fmt: skip
    assert (await scene.metrics())[ON] == 1
    routes = (await admin(scene, "GET", "/providers/p"))[1]["routes"]
    assert routes == {"default": {"enabled": True, "faults": "1% of calls: reset"}}
    scene.write({"p": {"base_url": f"http://127.0.0.1:{provider.port}"}})
    await scene.runtime.reload()
    assert (await scene.metrics())[ON] == 0
    assert len(events(scene, "faults_enabled")) == 1
