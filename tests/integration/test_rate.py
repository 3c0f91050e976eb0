"""``rate`` in the whole program: a provider that counts, an app that calls more than it may."""

import asyncio
import time
from collections.abc import Callable

import pytest

from tests.chaos.app import Answer
from tests.chaos.provider_script import OK, Wire
from tests.chaos.scene import Scene, eventually

_REFUSED = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n%b\r\n"


class Counting:
    """A provider that takes so many calls in any second. ``calls``: (path, when, taken)."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.calls: list[tuple[str, float, bool]] = []

    async def script(self, wire: Wire) -> None:
        while True:
            path = (await wire.head()).split(b" ", 2)[1].decode()
            now = time.monotonic()
            taken = sum(at > now - 1.0 and ok for _, at, ok in self.calls) < self.limit
            self.calls.append((path, now, taken))
            await wire.send(OK if taken else _REFUSED % b"Retry-After: 1\r\n")

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.calls]

    @property
    def refused(self) -> int:
        return sum(not taken for _, _, taken in self.calls)


async def at_once(scene: Scene, calls: int, path: Callable[[int], str] = "/p/{}".format) -> list[Answer]:
    """So many calls, each on a connection of its own, sent together."""
    apps = [await scene.app() for _ in range(calls)]
    for number, app in enumerate(apps):
        app.get(path(number))
    answers = await asyncio.gather(*(app.answer() for app in apps))
    for _ in range(calls):
        await scene.call()
    return answers


async def test_a_burst_is_spaced_so_that_the_provider_refuses_nothing(scene: Scene) -> None:
    """The provider takes 10 % more than is configured, so that a busy machine does not matter."""
    provider = Counting(55)
    await scene.serve(provider.script, rate={"limit": "50/s", "max_wait": "10s"})
    answers = await at_once(scene, 60)
    assert [answer.status for answer in answers] == [200] * 60
    assert provider.refused == 0
    times = [at for _, at, _ in provider.calls]
    assert times[-1] - times[0] > 59 / 49 - 0.05
    waited = [line["rate_wait_ms"] for line in scene.requests() if "rate_wait_ms" in line]
    assert len(waited) == 59
    assert max(waited) > 1000
    metrics = await scene.metrics()
    assert metrics['sidecar_rate_wait_seconds_count{provider="p"}'] == 59
    assert metrics['sidecar_rate_limit{provider="p"}'] == 50
    assert metrics['sidecar_rate_remaining{provider="p"}'] <= 1


async def test_who_may_not_wait_is_refused_with_the_time_to_come_again(scene: Scene) -> None:
    provider = Counting(50)
    await scene.serve(provider.script, rate={"limit": "10/m", "max_wait": 0})
    assert (await scene.get()).status == 200
    answer = await scene.get()
    assert answer.status == 429
    assert answer.problem["code"] == "rate_limited"
    assert answer.problem["sent"] == "nothing"
    assert answer.headers["retry-after"] == "7"
    assert answer.headers["sidecar-attempts"] == "0"
    assert answer.headers["sidecar-outcome"] == "refused; sent=nothing"
    assert len(provider.calls) == 1
    assert (await scene.call())["status"] == 200
    assert (await scene.call())["error"] == "rate_limited"


async def test_a_user_goes_before_a_background_job_when_both_wait(scene: Scene) -> None:
    provider = Counting(0)
    rate = {"limit": "10/s", "max_wait": "10s"}
    job = {"name": "job", "match": {"path": "/job/**"}, "rate": {"priority": "low", "max_wait": "1m"}}
    await scene.serve(provider.script, rate=rate, routes=[job])
    assert (await scene.get("/p/first")).status == 429
    provider.limit = 100
    await scene.call()

    gate = scene.runtime._assembler._board.live["p"].rates["provider"]

    def waiting() -> dict[str, int]:
        found: dict[str, int] = gate.snapshot(0.0)["waiting"]
        return found

    apps = []
    for number, path in enumerate(["/p/job/1", "/p/job/2", "/p/job/3", "/p/user/1", "/p/user/2"]):
        app = await scene.app()
        app.get(path)
        apps.append(app)
        await eventually(lambda number=number: sum(waiting().values()) > number)
    assert waiting() == {"high": 2, "low": 3}
    assert [(await app.answer()).status for app in apps] == [200] * 5
    assert provider.paths == ["/first", "/user/1", "/user/2", "/job/1", "/job/2", "/job/3"]
    for _ in apps:
        await scene.call()


async def test_a_hint_of_the_provider_holds_all_calls_and_none_goes_before(scene: Scene) -> None:
    provider = Counting(0)
    await scene.serve(provider.script, rate={"limit": "1000/s", "max_wait": "10s"})
    assert (await scene.get()).status == 429
    await scene.call()
    provider.limit = 100
    assert [answer.status for answer in await at_once(scene, 5)] == [200] * 5
    refused = provider.calls[0][1]
    assert all(at >= refused + 1.0 for _, at, _ in provider.calls[1:])


class Publishing:
    """A provider with fixed windows that tells what is left of them. ``calls``: (when, taken)."""

    def __init__(self, limit: int, window: float) -> None:
        self.limit, self.window = limit, window
        self.ends, self.left = 0.0, 0
        self.calls: list[tuple[float, bool]] = []

    async def script(self, wire: Wire) -> None:
        while True:
            await wire.head()
            now = time.monotonic()
            if now >= self.ends:
                self.ends, self.left = now + self.window, self.limit
            taken = self.left > 0
            self.left -= taken
            self.calls.append((now, taken))
            fields = b"X-RateLimit-Limit: %d\r\nX-RateLimit-Remaining: %d\r\nX-RateLimit-Reset: %.3f\r\n"
            lines = fields % (self.limit, self.left, self.ends - now)
            await wire.send(OK.replace(b"\r\n\r\n", b"\r\n" + lines + b"\r\n") if taken else _REFUSED % lines)


async def test_a_limit_that_nobody_configured_is_learned_before_the_provider_has_to_refuse(scene: Scene) -> None:
    provider = Publishing(40, 1.0)
    await scene.serve(provider.script, rate={"learn": True, "max_wait": "30s"}, pool={"max_connections": 200})
    answers = await at_once(scene, 120)
    assert [answer.status for answer in answers] == [200] * 120
    assert all(taken for _, taken in provider.calls)
    metrics = await scene.metrics()
    assert metrics['sidecar_rate_limit{provider="p"}'] == pytest.approx(40, rel=0.05)


async def test_a_retry_waits_for_its_turn_too(scene: Scene) -> None:
    times: list[float] = []

    async def script(wire: Wire) -> None:
        while True:
            await wire.head()
            times.append(time.monotonic())
            await wire.send(OK if len(times) > 1 else b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")

    retry = {"attempts": 2, "on": [503], "backoff": {"base": "1ms", "cap": "1ms"}}
    await scene.serve(script, rate={"limit": "2/s", "max_wait": "10s"}, retry=retry)
    assert (await scene.get()).status == 200
    assert times[1] - times[0] > 0.5
    line = await scene.call()
    assert len(line["attempts"]) == 2
