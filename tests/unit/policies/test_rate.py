"""The layer of ``rate``: settings, waits and refusals, what answers teach, what is counted and shown."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.core.errors import HeadTimeout, RateLimited, Sent
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies import attempt, rate
from sidecar.policies.order import fold
from sidecar.policies.rate import RateShaping
from sidecar.policies.rate_gate import Gate
from sidecar.policies.settings import Settings
from tests.support.leaping_loop import leap
from tests.unit.policies.stage import Stage, ask, respond

TICK = 0.0011
"""Seconds that a timer may be late: it counts in ms."""

Step = Response | BaseException


class Scene:
    """A provider behind routes with ``rate``, on the running (leaping) loop. ``went``: when calls reached it."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.begun = self.loop.time()
        self.stage = Stage()
        self.went: list[tuple[str, float]] = []
        self.answers: list[Step | Callable[[], Awaitable[Step]]] = []
        self.takes = 0.0

    def route(self, name: str = "charge", **settings: Any) -> Handler:
        return self.build(name, RateShaping(**settings))

    def build(self, name: str, settings: Settings) -> Handler:
        site = replace(
            self.stage.site,
            route=name,
            settings={"rate": settings},
            env=replace(self.stage.site.env, clock=self.loop.time),
        )
        return fold(self.answer, site, (rate.POLICY, attempt.POLICY))

    async def answer(self, exchange: Exchange) -> Response:
        self.went.append((exchange.path.decode(), round(self.now, 4)))
        exchange.attempts[-1].sent = Sent.MAYBE
        if self.takes:
            await asyncio.sleep(self.takes)
        step = self.answers.pop(0) if self.answers else respond()
        if isinstance(step, BaseException):
            raise step
        assert isinstance(step, Response)
        return step

    @property
    def now(self) -> float:
        return self.loop.time() - self.begun

    @property
    def gates(self) -> dict[str, Gate]:
        return dict(self.stage.site.switch.rates)  # type: ignore[arg-type]

    @property
    def policies(self) -> Any:
        return self.stage.site.provider_stats.policies


def call(path: bytes = b"/", deadline: float = float("inf")) -> Exchange:
    exchange = ask(path)
    exchange.deadline = deadline
    return exchange


def play(scene: Coroutine[Any, Any, None]) -> None:
    leap(scene)


async def many(handler: Handler, calls: int) -> list[Response | BaseException]:
    return await asyncio.gather(*(handler(call(b"/%d" % number)) for number in range(calls)), return_exceptions=True)


# ---- settings ----


def test_defaults() -> None:
    settings = RateShaping(limit="100/s")
    assert (settings.burst, settings.max_wait, settings.max_waiting, settings.learn, settings.priority) == (
        1, 1.0, 200, False, "high",
    )  # fmt: skip


def test_nobody_wrote_the_key() -> None:
    assert RateShaping.unset().mode == "off"


@pytest.mark.parametrize("settings", [{}, {"burst": 5}, {"max_wait": "2s", "priority": "low"}, {"mode": "observe"}])
def test_a_limit_is_needed_or_something_to_learn_it_from(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=r"rate needs a limit such as 100/s, or learn: true"):
        RateShaping(**settings)


@pytest.mark.parametrize("settings", [{"learn": True}, {"limit": "1/d"}, {"mode": "off"}, {"mode": "off", "burst": 5}])
def test_where_there_is_one_or_the_policy_is_off_all_is_well(settings: dict[str, Any]) -> None:
    assert RateShaping(**settings) is not None


@pytest.mark.parametrize(
    "settings",
    [{"burst": 0}, {"max_wait": "2d"}, {"max_waiting": -1}, {"priority": "highest"}, {"limit": "0/s"}, {"limit": "5"}],
)
def test_values_out_of_range(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        RateShaping(**({"limit": "5/s"} | settings))


def test_a_policy_that_is_off_leaves_nothing_behind() -> None:
    async def scene() -> None:
        stage = Scene()
        assert rate.build(stage.answer, stage.stage.site) == stage.answer
        assert stage.gates == {}
        assert stage.policies.rate_limit is None

    play(scene())


# ---- waiting and refusing ----


def test_calls_wait_for_their_turn_and_say_so() -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(limit="50/s")
        first, second = call(b"/1"), call(b"/2")
        await asyncio.gather(handler(first), handler(second))
        assert stage.went == [("/1", 0.0), ("/2", pytest.approx(1 / 49, abs=TICK))]
        assert first.notes is None
        assert second.notes == {"rate_wait_ms": pytest.approx(1000 / 49, abs=1000 * TICK)}
        assert stage.policies.rate_wait.sum == pytest.approx(1 / 49, abs=TICK)
        assert sum(stage.policies.rate_wait.counts) == 1

    play(scene())


def test_the_waits_of_all_attempts_of_a_call_are_one_sum() -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(limit="50/s")
        await handler(call())
        exchange = call()
        await handler(exchange)
        await handler(exchange)
        assert exchange.notes == {"rate_wait_ms": pytest.approx(2000 / 49, abs=2000 * TICK)}

    play(scene())


def test_a_call_that_would_wait_longer_than_max_wait_is_refused_at_once() -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(limit="50/s", max_wait="100ms")
        answers = await many(handler, 10)
        refused = [answer for answer in answers if isinstance(answer, RateLimited)]
        assert len(refused) == 5
        assert [error.retry_after for error in refused] == [pytest.approx(5 / 49)] * 5
        assert {error.sent for error in refused} == {Sent.NOTHING}
        assert refused[0].detail == "the wait for a turn would be too long; the next turn is in 102ms"
        assert len(stage.went) == 5

    play(scene())


def test_a_call_whose_deadline_comes_before_its_turn_is_refused_at_once() -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(limit="1/s", max_wait="1m")
        await handler(call())
        with pytest.raises(RateLimited) as refused:
            await handler(call(deadline=stage.loop.time() + 1.0))
        assert refused.value.retry_after == pytest.approx(1.1)
        assert stage.now == 0.0
        await handler(call(deadline=stage.loop.time() + 1.2))
        assert stage.now == pytest.approx(1.1, abs=TICK)

    play(scene())


def test_who_finds_too_many_waiting_is_refused_at_once() -> None:
    async def scene() -> None:
        stage = Scene()
        answers = await many(stage.route(limit="50/s", max_waiting=3), 10)
        refused = [answer for answer in answers if isinstance(answer, RateLimited)]
        assert len(refused) == 6
        assert refused[0].detail == "3 calls wait already (rate.max_waiting); the next turn is in 82ms"

    play(scene())


def test_max_wait_0_never_waits() -> None:
    async def scene() -> None:
        stage = Scene()
        answers = await many(stage.route(limit="50/s", burst=3, max_wait=0), 5)
        assert [isinstance(answer, RateLimited) for answer in answers] == [False, False, False, True, True]
        assert stage.now == 0.0

    play(scene())


def test_a_canceled_call_gives_its_place_away() -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(limit="50/s")
        tasks = [stage.loop.create_task(handler(call(b"/%d" % number))) for number in range(3)]  # type: ignore[arg-type]
        await asyncio.sleep(0.0)
        tasks[1].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert stage.went == [("/0", 0.0), ("/2", pytest.approx(1 / 49, abs=TICK))]

    play(scene())


# ---- one gate for a provider ----


def test_routes_share_a_gate_even_when_they_wait_in_other_ways() -> None:
    async def scene() -> None:
        stage = Scene()
        user = stage.route("user", limit="50/s", max_wait="200ms")
        background = stage.route("background", limit="50/s", max_wait="1m", max_waiting=5, priority="low")
        await user(call(b"/first"))
        calls = [background(call(b"/low%d" % number)) for number in range(3)]
        calls += [user(call(b"/high%d" % number)) for number in range(3)]
        await asyncio.gather(*calls)
        assert [path for path, _ in stage.went] == ["/first", "/high0", "/high1", "/high2", "/low0", "/low1", "/low2"]
        assert list(stage.gates) == ["provider"]

    play(scene())


@pytest.mark.parametrize(
    "other", [{"limit": "51/s"}, {"limit": "3000/m"}, {"burst": 2}, {"learn": True}, {"mode": "observe"}]
)
def test_routes_with_another_count_have_a_gate_of_their_own(other: dict[str, Any]) -> None:
    async def scene() -> None:
        stage = Scene()
        stage.route("first", limit="50/s")
        stage.route("second", **({"limit": "50/s"} | other))
        stage.route("third", **({"limit": "50/s"} | other))
        assert list(stage.gates) == ["provider", "second"]

    play(scene())


def test_a_gate_outlives_a_reload() -> None:
    async def scene() -> None:
        stage = Scene()
        await stage.route(limit="50/s")(call())
        before = stage.gates["provider"]
        with pytest.raises(RateLimited):
            await stage.route(limit="50/s", max_wait=0)(call())
        assert stage.gates["provider"] is before

    play(scene())


# ---- what answers tell ----


@pytest.mark.parametrize(
    ("status", "headers", "held"),
    [
        (429, ((b"Retry-After", b"30"),), 30.0),
        (403, ((b"Retry-After", b"30"),), 30.0),
        (403, ((b"X-RateLimit-Remaining", b"0"), (b"X-RateLimit-Reset", b"45")), 45.0),
        (429, (), 0.0),
        # 503 is about the provider's health, which is the breaker's matter; it may concern one endpoint only.
        (503, ((b"Retry-After", b"30"),), 0.0),
        (200, ((b"Retry-After", b"30"),), 0.0),
        (200, ((b"X-RateLimit-Remaining", b"0"), (b"X-RateLimit-Reset", b"45")), 0.0),
    ],
)
def test_a_throttled_answer_holds_all_calls_until_its_hint(
    status: int, headers: tuple[tuple[bytes, bytes], ...], held: float
) -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(limit="1000/s", burst=10)
        stage.answers.append(respond(status, *headers))
        await handler(call())
        assert stage.policies.rate_held() == held
        if held:
            with pytest.raises(RateLimited) as refused:
                await handler(call())
            assert refused.value.retry_after == held
            assert refused.value.detail == f"the provider asked us to wait; the next turn is in {held:g}s"
            await asyncio.sleep(held)
        await handler(call())
        assert len(stage.went) == 2

    play(scene())


def quota(remaining: int, reset: bytes = b"10.0", status: int = 200) -> Response:
    fields = (
        (b"X-RateLimit-Limit", b"100"),
        (b"X-RateLimit-Remaining", b"%d" % remaining),
        (b"X-RateLimit-Reset", reset),
    )
    return respond(status, *fields)


def test_what_a_provider_publishes_shuts_the_gate_before_it_has_to_refuse() -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(learn=True, max_wait="1m")
        stage.answers.append(quota(0))
        await handler(call(b"/1"))
        await handler(call(b"/2"))
        assert stage.went == [("/1", 0.0), ("/2", pytest.approx(10.0, abs=TICK))]

    play(scene())


def test_without_learn_what_is_published_is_not_read() -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(limit="1000/s", burst=2)
        stage.answers.append(quota(0))
        await handler(call())
        await handler(call())
        assert stage.now == 0.0

    play(scene())


def in_flight(stage: Scene) -> int:
    learned = stage.gates["provider"].learned
    assert learned is not None
    return learned.quota.in_flight


@pytest.mark.parametrize(
    ("answer", "left"),
    [
        (HeadTimeout("slow", sent=Sent.MAYBE), 68),
        (respond(500), 68),
        (RuntimeError("a bug"), 68),
    ],
)
def test_a_call_without_word_of_a_quota_counts_as_one(answer: Step, left: int) -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(learn=True)
        stage.answers += [quota(70), quota(69), answer]
        for _ in range(3):
            await asyncio.gather(handler(call()), return_exceptions=True)
        assert stage.policies.rate_remaining() == left
        assert in_flight(stage) == 0

    play(scene())


def test_a_call_that_never_reached_the_provider_does_not_count() -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(learn=True)
        stage.answers.append(quota(70))
        await handler(call())

        async def refuse(exchange: Exchange) -> Response:
            exchange.attempts.append(Attempt(1, 0.0))
            raise RateLimited("refused further inside")

        with pytest.raises(RateLimited):
            await rate._RateLayer(refuse, RateShaping(learn=True), stage.gates["provider"], stage.stage.site).handle(
                call()
            )
        assert stage.policies.rate_remaining() == 70
        assert in_flight(stage) == 0

    play(scene())


def test_a_call_that_is_canceled_under_way_may_have_been_counted() -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(learn=True)
        stage.answers.append(quota(70))
        await handler(call())
        stage.takes = 5.0
        task = stage.loop.create_task(handler(call()))  # type: ignore[arg-type]
        await asyncio.sleep(1.0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert stage.policies.rate_remaining() == 69
        assert in_flight(stage) == 0

    play(scene())


def test_before_the_first_answer_a_burst_waits_a_little_but_is_never_refused() -> None:
    async def scene() -> None:
        stage = Scene()
        stage.takes = 0.3
        patient = stage.route("patient", learn=True, max_wait="1s")
        hasty = stage.route("hasty", learn=True, max_wait="100ms")
        answers = await asyncio.gather(many(patient, 20), many(hasty, 5))
        assert all(isinstance(answer, Response) for part in answers for answer in part)
        times = [at for _, at in stage.went]
        assert times == [0.0] * 15 + [0.3] * 10

    play(scene())


# ---- observe ----


def test_observe_counts_and_lets_all_go() -> None:
    async def scene() -> None:
        stage = Scene()
        answers = await many(stage.route(limit="50/s", max_wait="100ms", mode="observe"), 10)
        assert [type(answer) for answer in answers] == [Response] * 10
        assert stage.now == 0.0
        assert stage.policies.observed == {("rate", "waited"): 4, ("rate", "refused"): 5}
        assert sum(stage.policies.rate_wait.counts) == 0

    play(scene())


def test_observe_goes_on_where_enforce_would_have_held() -> None:
    async def scene() -> None:
        stage = Scene()
        handler = stage.route(limit="50/s", mode="observe", learn=True)
        stage.answers.append(respond(429, (b"Retry-After", b"30")))
        await handler(call())
        await handler(call())
        assert stage.policies.observed == {("rate", "refused"): 1}
        assert stage.policies.rate_held() == 30.0
        assert in_flight(stage) == 0

    play(scene())


# ---- what people see ----


def test_gauges_of_a_provider_with_two_gates_are_their_sum() -> None:
    async def scene() -> None:
        stage = Scene()
        first = stage.route("first", limit="50/s", burst=5)
        stage.route("second", limit="60/m")
        await first(call())
        assert stage.policies.rate_remaining() == 5
        assert stage.policies.rate_limit() == 51.0
        assert stage.policies.rate_held() == 0.0

    play(scene())


def test_before_anything_is_known_there_is_nothing_to_show() -> None:
    async def scene() -> None:
        stage = Scene()
        stage.route(learn=True)
        assert stage.policies.rate_remaining() is None
        assert stage.policies.rate_limit() is None

    play(scene())
