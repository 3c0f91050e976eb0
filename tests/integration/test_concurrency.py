"""``concurrency``: no more calls at once at the provider than its limit; the others wait, or are told to come again."""

import asyncio
from typing import Any

import pytest

from tests.chaos.app import Answer
from tests.chaos.provider_script import OK, Script, Wire
from tests.chaos.scene import Scene, eventually


class Busy:
    """A provider that holds its answers until it is told to give them. ``seen``: paths of the calls, as they came."""

    def __init__(self) -> None:
        self.at_once = 0
        self.most = 0
        self.seen: list[bytes] = []
        self._permits = asyncio.Semaphore(0)

    def give(self, count: int) -> None:
        """Give that many answers, to calls that have come or that will."""
        for _ in range(count):
            self._permits.release()

    async def script(self, wire: Wire) -> None:
        while True:
            head = await wire.head()
            self.seen.append(head.split()[1])
            self.at_once += 1
            self.most = max(self.most, self.at_once)
            try:
                await self._permits.acquire()
            finally:
                self.at_once -= 1
            await wire.send(OK)


async def lines(scene: Scene, count: int) -> list[dict[str, Any]]:
    """The log lines of so many calls."""
    return [await scene.call() for _ in range(count)]


async def slots(scene: Scene) -> tuple[float, float]:
    """Slots in use, and those there are."""
    metrics = await scene.metrics()
    return metrics['sidecar_slots_in_use{provider="p"}'], metrics['sidecar_slots_limit{provider="p"}']


def waiting(scene: Scene) -> int:
    """Calls that wait for a slot."""
    shown = scene.runtime._gateway.table.providers["p"].switch.slots["provider"].snapshot(0.0)["waiting"]
    return int(shown["high"] + shown["low"])


def get(scene: Scene, path: str, *headers: str) -> "asyncio.Task[Answer]":
    return asyncio.create_task(scene.get(path, *headers))


async def test_no_more_at_once_at_the_provider_and_the_others_wait_their_turn(scene: Scene) -> None:
    busy = Busy()
    await scene.serve(busy.script, concurrency={"limit": 2, "max_wait": "5s"})
    tasks = []
    for number in range(6):
        tasks.append(get(scene, f"/p/{number}"))
        there, line = min(number + 1, 2), max(number - 1, 0)
        await eventually(lambda there=there, line=line: (busy.at_once, waiting(scene)) == (there, line))
    assert await slots(scene) == (2, 2)
    for number in range(6):
        busy.give(1)
        await tasks[number]
    assert [(await task).status for task in tasks] == [200] * 6
    assert busy.most == 2
    assert busy.seen == [b"/0", b"/1", b"/2", b"/3", b"/4", b"/5"]
    waited = ["slot_wait_ms" in line for line in await lines(scene, 6)]
    assert waited == [False, False, True, True, True, True]
    assert await slots(scene) == (0, 2)
    assert (await scene.metrics())['sidecar_slot_wait_seconds_count{provider="p"}'] == 4


async def test_a_call_that_waits_in_vain_is_refused_and_told_when_to_come_again(scene: Scene) -> None:
    busy = Busy()
    await scene.serve(busy.script, concurrency={"limit": 1, "max_wait": "50ms"})
    first = get(scene, "/p/first")
    await eventually(lambda: busy.at_once == 1)
    refused = await scene.get("/p/second")
    assert (refused.status, refused.problem["code"], refused.problem["sent"]) == (503, "concurrency_limited", "nothing")
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.headers["sidecar-attempts"] == "0"
    assert refused.headers["sidecar-outcome"] == "refused; sent=nothing"
    line = await scene.call()
    assert (line["error"], line["attempts"]) == ("concurrency_limited", [])
    assert line["slot_wait_ms"] >= 49
    busy.give(1)
    assert (await first).status == 200
    await scene.call()
    assert busy.seen == [b"/first"]
    assert (await scene.metrics())['sidecar_rejected_total{provider="p",code="concurrency_limited"}'] == 1


async def test_a_call_too_many_is_refused_at_once(scene: Scene) -> None:
    busy = Busy()
    await scene.serve(busy.script, concurrency={"limit": 1, "max_wait": "1m", "max_waiting": 1})
    tasks = [get(scene, "/p/0"), get(scene, "/p/1")]
    await eventually(lambda: waiting(scene) == 1)
    refused = await scene.get("/p/2")
    assert refused.problem["code"] == "concurrency_limited"
    busy.give(2)
    assert [(await task).status for task in tasks] == [200, 200]
    await lines(scene, 3)


def streaming(ends: asyncio.Event, sent: list[bytes]) -> Script:
    """Sends the head and half of the body, and the rest when told."""

    async def script(wire: Wire) -> None:
        while True:
            sent.append((await wire.head()).split()[1])
            await wire.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf")
            await ends.wait()
            await wire.send(b"full")

    return script


async def test_a_slot_is_free_when_the_body_has_ended_not_at_the_head(scene: Scene) -> None:
    ends, sent = asyncio.Event(), list[bytes]()
    await scene.serve(streaming(ends, sent), concurrency={"limit": 1, "max_wait": "50ms"})
    app = await scene.app()
    app.get("/p/first")
    assert (await app.head()).status == 200
    assert (await scene.get("/p/second")).problem["code"] == "concurrency_limited"
    ends.set()
    assert await app.reader.readexactly(8) == b"halffull"
    await eventually(lambda: len(scene.requests()) == 2)
    assert (await scene.get("/p/third")).body == b"halffull"
    assert sent == [b"/first", b"/third"]
    await lines(scene, 3)
    assert await slots(scene) == (0, 1)


@pytest.mark.parametrize("reset", [False, True])
async def test_an_app_that_leaves_inside_its_answer_frees_its_slot(scene: Scene, reset: bool) -> None:
    ends, sent = asyncio.Event(), list[bytes]()
    await scene.serve(streaming(ends, sent), concurrency={"limit": 1, "max_wait": "5s"})
    app = await scene.app()
    app.get("/p/first")
    await app.head()
    second = get(scene, "/p/second")
    await eventually(lambda: waiting(scene) == 1)
    app.reset() if reset else app.close()
    ends.set()
    assert (await second).body == b"halffull"
    await lines(scene, 2)
    assert await slots(scene) == (0, 1)


async def test_an_app_that_leaves_while_it_waits_leaves_no_trace(scene: Scene) -> None:
    busy = Busy()
    await scene.serve(busy.script, concurrency={"limit": 1, "max_wait": "5s"})
    first = get(scene, "/p/first")
    await eventually(lambda: busy.at_once == 1)
    app = await scene.app()
    app.get("/p/second")
    await eventually(lambda: waiting(scene) == 1)
    third = get(scene, "/p/third")
    await eventually(lambda: waiting(scene) == 2)
    app.close()
    line = await scene.call()
    assert (line["outcome"], line["sent"], line["attempts"]) == ("canceled", "nothing", [])
    busy.give(2)
    assert [(await task).status for task in (first, third)] == [200, 200]
    assert busy.seen == [b"/first", b"/third"]
    await lines(scene, 2)
    assert await slots(scene) == (0, 1)


async def test_a_tunnel_keeps_its_slot_until_it_ends(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        if b"upgrade" not in (await wire.head()).lower():
            await wire.send(OK)
            return
        await wire.send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
        await wire.gone()

    await scene.serve(script, concurrency={"limit": 1, "max_wait": "50ms"})
    app = await scene.app()
    app.get("/p/socket", "Connection: Upgrade", "Upgrade: echo")
    assert (await app.head()).status == 101
    assert (await scene.get("/p/x")).status == 503
    app.close()
    await eventually(lambda: len(scene.requests()) == 2)
    assert (await scene.get("/p/x")).status == 200
    await lines(scene, 3)


async def test_a_retry_that_waits_for_its_time_keeps_no_slot(scene: Scene) -> None:
    """The first call is told to come again in a second; the second one needs the only slot meanwhile."""
    seen: list[bytes] = []

    async def script(wire: Wire) -> None:
        while True:
            seen.append((await wire.head()).split()[1])
            busy = seen == [b"/first"]
            answer = b"HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy"
            await wire.send(answer if busy else OK)

    await scene.serve(script, concurrency={"limit": 1, "max_wait": "50ms"}, retry={"attempts": 2})
    first = get(scene, "/p/first")
    await eventually(lambda: seen)
    assert (await scene.get("/p/second")).status == 200
    assert (await first).status == 200
    assert seen == [b"/first", b"/second", b"/first"]
    await lines(scene, 2)


async def test_routes_share_the_slots_and_low_priority_goes_last(scene: Scene) -> None:
    busy = Busy()
    batch = {"name": "batch", "match": {"path": "/batch/**"}, "concurrency": {"priority": "low"}}
    await scene.serve(busy.script, concurrency={"limit": 1, "max_wait": "5s"}, routes=[batch])
    tasks = []
    for number, path in enumerate(("/p/batch/1", "/p/batch/2", "/p/people/1")):
        tasks.append(get(scene, path))
        await eventually(lambda number=number: busy.at_once and waiting(scene) == number)
    busy.give(3)
    await asyncio.gather(*tasks)
    assert busy.seen == [b"/batch/1", b"/people/1", b"/batch/2"]
    await lines(scene, 3)


async def test_a_reload_forgets_no_call_in_flight(scene: Scene) -> None:
    busy = Busy()
    provider = await scene.serve(busy.script, concurrency={"limit": 1, "max_wait": "50ms"})
    first = get(scene, "/p/first")
    await eventually(lambda: busy.at_once == 1)
    config = {"base_url": f"http://127.0.0.1:{provider.port}", "concurrency": {"limit": 1, "max_wait": "60ms"}}
    scene.write({"p": config})
    assert await scene.runtime.reload() == []
    assert (await scene.get("/p/second")).problem["code"] == "concurrency_limited"
    busy.give(1)
    assert (await first).status == 200
    await lines(scene, 2)


async def test_an_adaptive_limit_falls_when_the_provider_says_that_it_is_too_much(scene: Scene) -> None:
    async def script(wire: Wire) -> None:
        await wire.head()
        await wire.send(b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy")

    await scene.serve(script, concurrency={"limit": "adaptive"})
    assert await slots(scene) == (0, 20)
    for _ in range(3):
        await scene.get("/p/x")
    assert await slots(scene) == (0, 6)
    await lines(scene, 3)


async def test_observing_lets_everything_pass(scene: Scene) -> None:
    busy = Busy()
    await scene.serve(busy.script, concurrency={"limit": 1, "max_wait": 0, "mode": "observe"})
    tasks = [get(scene, f"/p/{number}") for number in range(3)]
    await eventually(lambda: busy.at_once == 3)
    busy.give(3)
    assert [(await task).status for task in tasks] == [200, 200, 200]
    await lines(scene, 3)
    metrics = await scene.metrics()
    assert metrics['sidecar_observed_total{provider="p",policy="concurrency",what="refused"}'] == 2
