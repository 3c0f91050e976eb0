"""Connections that died in the pool: resent when that does no harm, and never otherwise."""

import asyncio

import pytest

from tests.chaos.provider_script import OK, Wire, answer
from tests.chaos.scene import Scene, eventually


class Mortal:
    """A provider whose first connection answers once and then ends; the others live. ``heads``: all that it read."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []

    async def dies_when_asked_again(self, wire: Wire) -> None:
        self.heads.append(await wire.head())
        await wire.send(OK)
        self.heads.append(await wire.head())
        if wire.number > 1:
            await wire.send(OK)
            await wire.gone()

    async def resets_when_asked_again(self, wire: Wire) -> None:
        self.heads.append(await wire.head())
        await wire.send(OK)
        self.heads.append(await wire.head())
        if wire.number == 1:
            wire.reset()
        else:
            await wire.send(OK)

    async def speaks_and_dies_when_asked_again(self, wire: Wire) -> None:
        self.heads.append(await wire.head())
        await wire.send(OK)
        self.heads.append(await wire.head())
        await wire.send(b"HTTP/1.1 2")


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "DELETE", "PUT"])
@pytest.mark.parametrize("how", ["dies_when_asked_again", "resets_when_asked_again"])
async def test_safe_call_goes_out_again(scene: Scene, method: str, how: str) -> None:
    mortal = Mortal()
    provider = await scene.serve(getattr(mortal, how))
    await scene.get("/p/warm")
    await scene.call()
    got = await scene.get("/p/x", method=method)
    assert (got.status, got.headers["sidecar-attempts"]) == (200, "2")
    assert got.headers["sidecar-outcome"] == "success"
    line = await scene.call()
    first, second = line["attempts"]
    assert (first["n"], first["error"], first["connection"]) == (1, "reset", "reused")
    assert (second["n"], second["status"], second["connection"]) == (2, 200, "new")
    assert provider.opened == 2
    samples = await scene.metrics()
    assert samples['sidecar_attempts_total{provider="p",route="default",code="reset"}'] == 1
    assert samples['sidecar_attempts_total{provider="p",route="default",code="200"}'] == 2


async def test_small_put_goes_out_again_with_its_body(scene: Scene) -> None:
    bodies: list[bytes] = []

    async def script(wire: Wire) -> None:
        await wire.head()
        if wire.number == 1:
            await wire.send(OK)
            await wire.head()
        bodies.append(await wire.body(4))
        if wire.number > 1:
            await wire.send(OK)

    await scene.serve(script)
    await scene.get("/p/warm")
    await scene.call()
    app = await scene.app()
    app.post("/p/x", b"data", method="PUT")
    assert (await app.answer()).headers["sidecar-attempts"] == "2"
    assert bodies == [b"data", b"data"]
    await scene.call()


@pytest.mark.parametrize("how", ["dies_when_asked_again", "resets_when_asked_again"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_unsafe_call_is_never_sent_twice(scene: Scene, method: str, how: str) -> None:
    mortal = Mortal()
    provider = await scene.serve(getattr(mortal, how))
    await scene.get("/p/warm")
    await scene.call()
    got = await scene.get("/p/x", method=method)
    assert (got.status, got.problem["code"], got.problem["sent"]) == (502, "reset", "maybe")
    assert got.headers["sidecar-attempts"] == "1"
    assert (await scene.call())["attempts"][0]["connection"] == "reused"
    assert provider.opened == 1
    assert sum(b"/x" in head for head in mortal.heads) == 1


async def test_streamed_put_is_not_sent_twice(scene: Scene) -> None:
    mortal = Mortal()
    provider = await scene.serve(mortal.dies_when_asked_again)
    await scene.get("/p/warm")
    await scene.call()
    app = await scene.app()
    app.send(b"PUT /p/x HTTP/1.1\r\nHost: app\r\nContent-Length: 10\r\n\r\nhalf")
    got = await app.answer()
    assert (got.problem["code"], got.problem["sent"]) == ("reset", "maybe")
    assert provider.opened == 1
    await scene.call()


async def test_call_is_not_sent_again_once_an_answer_began(scene: Scene) -> None:
    mortal = Mortal()
    provider = await scene.serve(mortal.speaks_and_dies_when_asked_again)
    await scene.get("/p/warm")
    await scene.call()
    got = await scene.get("/p/x")
    assert (got.problem["code"], got.problem["attempts"]) == ("response_incomplete", 1)
    assert provider.opened == 1
    await scene.call()


async def test_new_connection_that_dies_is_not_tried_again(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()

    provider = await scene.serve(script)
    assert (await scene.get()).problem["attempts"] == 1
    assert provider.opened == 1
    await scene.call()


async def test_post_on_a_connection_closed_meanwhile_goes_to_a_new_one(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(OK)

    provider = await scene.serve(script)
    for count in (1, 2, 3):
        got = await scene.get("/p/x", method="POST")
        assert (got.status, got.headers["sidecar-attempts"]) == (200, "1")
        assert provider.opened == count
        await scene.call()


async def test_post_does_not_take_a_connection_whose_close_waits_to_be_read(scene: Scene) -> None:
    """The provider closes in the very turn of the loop in which the POST arrives."""
    closing = asyncio.Event()
    heads: list[bytes] = []

    async def script(wire: Wire) -> None:
        heads.append(await wire.head())
        await wire.send(OK)
        if wire.number == 1:
            await closing.wait()
        else:
            await wire.gone()

    provider = await scene.serve(script)
    await scene.get("/p/warm")
    await scene.call()
    connection = scene.pool()._idle[0]
    connection.transport.pause_reading()
    closing.set()
    await eventually(lambda: not provider._tasks)
    got = await scene.get("/p/x", method="POST")
    assert (got.status, got.headers["sidecar-attempts"]) == (200, "1")
    assert len(heads) == 2
    await scene.call()
    connection.abort()


async def test_what_may_have_been_sent_is_not_forgotten(scene: Scene) -> None:
    """A GET went out on a dead connection, and no new one could be opened: the answer said sent=nothing."""
    mortal = Mortal()

    async def script(wire: Wire) -> None:
        await mortal.dies_when_asked_again(wire)

    provider = await scene.serve(script)
    await scene.get("/p/warm")
    await scene.call()
    assert provider._server is not None
    provider._server.close()
    got = await scene.get("/p/x")
    assert (got.problem["code"], got.problem["sent"], got.problem["attempts"]) == ("connect_failed", "maybe", 2)
    assert got.headers["sidecar-outcome"] == "network_error; sent=maybe"
    line = await scene.call()
    assert line["sent"] == "maybe"
    assert [attempt["error"] for attempt in line["attempts"]] == ["reset", "connect_failed"]


async def test_idle_connections_are_dropped_when_the_provider_closes_them(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(OK)

    await scene.serve(script)
    await scene.get()
    await scene.call()
    await eventually(lambda: not scene.pool().open_connections)
    assert scene.pool().idle == 0


async def test_connection_close_is_respected(scene: Scene) -> None:
    closing = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"
    provider = await scene.serve(answer(closing))
    for count in (1, 2):
        assert (await scene.get()).status == 200
        assert provider.opened == count
        await scene.call()
