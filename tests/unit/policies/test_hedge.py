"""A second send of a slow call: who wins, what becomes of the other, and what is on record."""

import asyncio
from typing import Any

import pytest

from sidecar.core import errors
from sidecar.core.body import Body
from sidecar.core.errors import Outcome, Sent, SidecarError, Superseded
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.policies import attempt, hedge, retry
from sidecar.policies.order import fold
from sidecar.policies.retry_settings import Retry
from sidecar.rules.latency import Latency
from tests.support.still import turn
from tests.unit.policies.stage import Stage, ask, respond
from tests.unit.policies.tries import coming, until

SOON = {"after": "1ms"}
NEVER_AFTER = {"after": "1h"}


class Door:
    """One send under way: the test says what comes of it. ``ends``: who closed its answer, and why."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self.ends: list[tuple[Exchange, BaseException | None]] = []
        self.cancelled = False

    def answer(self, status: int = 200, *headers: tuple[bytes, bytes], body: Body | None = None) -> Response:
        response = respond(status, *headers, body=body)
        response.closers.append(lambda exchange, _response, error: self.ends.append((exchange, error)))
        self.future.set_result(response)
        return response

    def fail(self, error: BaseException) -> None:
        self.future.set_exception(error)


class Race(Stage):
    """``doors``: the sends that went out."""

    def __init__(self, after: dict[str, Any] = SOON, **wanted: Any) -> None:
        super().__init__(retry=Retry.model_validate({"hedge": after, **wanted}))
        self.doors: list[Door] = []
        self.handler = fold(self._send, self.site, (retry.POLICY, attempt.POLICY))

    async def _send(self, exchange: Exchange) -> Response:
        door = Door(exchange)
        self.doors.append(door)
        exchange.attempts[-1].sent = Sent.MAYBE
        try:
            response = await door.future
        except asyncio.CancelledError:
            door.cancelled = True
            raise
        exchange.attempts[-1].sent = Sent.ALL
        return response

    def start(self, exchange: Exchange) -> "asyncio.Task[Response]":
        return asyncio.get_running_loop().create_task(self.handler(exchange))  # type: ignore[arg-type]

    async def sends(self, count: int) -> None:
        """Wait until so many are under way."""
        await until(lambda: len(self.doors) >= count)

    @property
    def hedges(self) -> dict[str, int]:
        return self.site.provider_stats.policies.hedges


# ---- one send ----


async def test_a_quick_call_is_sent_once() -> None:
    race, exchange = Race(NEVER_AFTER), ask()
    task = race.start(exchange)
    await race.sends(1)
    answer = race.doors[0].answer()
    assert await task is answer
    await turn()
    assert (len(race.doors), race.hedges, exchange.notes) == (1, {}, None)
    assert [made.status for made in exchange.attempts] == [200]


async def test_a_quick_failure_is_left_to_the_retry() -> None:
    race, exchange = Race(NEVER_AFTER), ask()
    task = race.start(exchange)
    await race.sends(1)
    race.doors[0].fail(errors.ConnectFailed("x"))
    await race.sends(2)
    race.doors[1].answer()
    assert (await task).status == 200
    assert race.hedges == {}
    assert [(made.n, made.error) for made in exchange.attempts] == [(1, "connect_failed"), (2, None)]
    assert race.site.provider_stats.policies.retries == {"connect": 1}


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"PATCH"])
async def test_only_methods_that_change_nothing_are_hedged(method: bytes) -> None:
    race = Race()
    task = race.start(ask(method=method))
    await race.sends(1)
    await asyncio.sleep(0.003)
    assert len(race.doors) == 1
    race.doors[0].answer()
    await task


@pytest.mark.parametrize("what", ["body", "upgrade"])
async def test_calls_with_a_body_or_an_upgrade_are_not_hedged(what: str) -> None:
    race, exchange = Race(), ask()
    exchange.body = Body.of(b"x") if what == "body" else None
    exchange.upgrade = b"websocket" if what == "upgrade" else None
    task = race.start(exchange)
    await race.sends(1)
    await asyncio.sleep(0.003)
    assert len(race.doors) == 1
    assert race.doors[0].exchange is exchange
    race.doors[0].answer()
    await task


@pytest.mark.parametrize(
    ("attempts", "made", "hedged"), [(1, 0, False), (2, 0, True), (3, 1, True), (3, 2, False), (0, 9, True)]
)
async def test_a_hedge_is_one_of_the_attempts(attempts: int, made: int, hedged: bool) -> None:
    race, exchange = Race(attempts=attempts), ask()
    for _ in range(made):
        exchange.attempts.append(Attempt(len(exchange.attempts) + 1, 99.0))
    task = race.start(exchange)
    await race.sends(2 if hedged else 1)
    await asyncio.sleep(0.003)
    assert len(race.doors) == (2 if hedged else 1)
    for door in race.doors:
        door.answer()
    await task
    assert [one.n for one in exchange.attempts] == list(range(1, len(exchange.attempts) + 1))


async def test_observe_sends_no_hedge() -> None:
    race = Race(mode="observe")
    task = race.start(ask())
    await race.sends(1)
    await asyncio.sleep(0.003)
    assert len(race.doors) == 1
    race.doors[0].answer()
    await task


# ---- two sends ----


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
@pytest.mark.parametrize(("winner", "result"), [(0, "lost"), (1, "won")])
async def test_the_first_good_answer_wins_and_the_other_send_is_cut(method: bytes, winner: int, result: str) -> None:
    race, exchange = Race(), ask(method=method)
    task = race.start(exchange)
    await race.sends(1)
    race.now += 1.0
    await race.sends(2)
    race.now += 1.0
    answer = race.doors[winner].answer()
    assert await task is answer
    assert race.doors[1 - winner].cancelled
    assert race.hedges == {result: 1}
    assert exchange.notes == {"hedge": result}
    first, second = exchange.attempts
    assert [(one.n, one.started, one.error) for one in (first, second)] == [
        (1, 100.0, "canceled" if winner == 1 else None),
        (2, 101.0, "canceled" if winner == 0 else None),
    ]
    assert exchange.attempts[winner].status == 200
    assert exchange.attempts[1 - winner].outcome is Outcome.CANCELED
    assert exchange.attempts[1 - winner].ended == 102.0
    assert race.site.stats.attempts == {200: 1, "canceled": 1}


async def test_the_closers_of_the_winner_get_its_own_exchange() -> None:
    """They end its attempt, its admission and its connection, not those of the other send."""
    race, exchange = Race(), ask()
    task = race.start(exchange)
    await race.sends(2)
    race.doors[1].answer(body=coming(b"x", 1 << 20))
    response = await task
    broken = errors.ResponseIncomplete("half")
    response.close(exchange, broken)
    assert race.doors[1].ends == [(race.doors[1].exchange, broken)]
    assert race.doors[1].exchange is not exchange
    assert exchange.attempts[1].error == "response_incomplete"
    assert exchange.attempts[0].error == "canceled"


async def test_closers_added_later_get_the_call_itself() -> None:
    race, exchange = Race(), ask()
    task = race.start(exchange)
    await race.sends(2)
    race.doors[0].answer()
    response = await task
    seen: list[Exchange] = []
    response.closers.append(lambda one, _response, _error: seen.append(one))
    response.close(exchange, None)
    assert seen == [exchange]
    assert [one for one, _ in race.doors[0].ends] == [race.doors[0].exchange]


async def test_a_good_answer_is_waited_for_when_the_other_send_failed() -> None:
    for failing in (0, 1):
        race = Race()
        task = race.start(ask())
        await race.sends(2)
        race.doors[failing].fail(errors.Reset("x", sent=Sent.MAYBE))
        await turn()
        assert not task.done()
        race.doors[1 - failing].answer(204)
        assert (await task).status == 204
        assert race.hedges == {"won" if failing == 0 else "lost": 1}


async def test_an_answer_that_is_no_good_is_closed_when_the_other_wins() -> None:
    race, exchange = Race(), ask()
    task = race.start(exchange)
    await race.sends(2)
    race.doors[0].answer(503, body=coming(b"down"))
    await turn()
    assert not task.done()
    race.doors[1].answer(404)
    assert (await task).status == 404
    ((way, why),) = race.doors[0].ends
    assert way is race.doors[0].exchange
    assert isinstance(why, Superseded)


async def test_of_two_errors_the_first_sends_counts() -> None:
    race, exchange = Race(attempts=2), ask()
    task = race.start(exchange)
    await race.sends(2)
    race.doors[1].fail(errors.ConnectFailed("second"))
    race.doors[0].fail(errors.HeadTimeout("first", sent=Sent.MAYBE))
    with pytest.raises(errors.HeadTimeout):
        await task
    assert [one.error for one in exchange.attempts] == ["head_timeout", "connect_failed"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("other", ["error", "503"])
async def test_an_answer_that_asks_for_patience_is_not_lost(order: tuple[int, int], other: str) -> None:
    """A hint that nobody reads is a send before its time."""
    race = Race(attempts=2)
    task = race.start(ask())
    await race.sends(2)
    told, silent = (race.doors[n] for n in order)
    if other == "error":
        silent.fail(errors.Reset("x", sent=Sent.MAYBE))
    else:
        silent.answer(503)
    told.answer(429, (b"Retry-After", b"60"))
    response = await task
    assert (response.status, response.headers.get(b"retry-after")) == (429, b"60")


async def test_an_answer_counts_more_than_an_error() -> None:
    race = Race(attempts=2)
    task = race.start(ask())
    await race.sends(2)
    race.doors[0].fail(errors.Reset("x", sent=Sent.MAYBE))
    race.doors[1].answer(503)
    assert (await task).status == 503


async def test_both_failed_and_the_call_is_retried() -> None:
    race, exchange = Race(attempts=4), ask()
    task = race.start(exchange)
    await race.sends(2)
    for door in race.doors:
        door.fail(errors.Reset("x", sent=Sent.MAYBE))
    await race.sends(3)
    race.doors[2].answer()
    assert (await task).status == 200
    assert [(one.n, one.error) for one in exchange.attempts] == [(1, "reset"), (2, "reset"), (3, None)]


async def test_a_bug_in_a_send_is_not_swallowed() -> None:
    race = Race(attempts=2)
    task = race.start(ask())
    await race.sends(2)
    race.doors[0].fail(ZeroDivisionError())
    race.doors[1].fail(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await task


# ---- the budget ----


async def test_a_hedge_that_the_budget_refuses_is_not_sent() -> None:
    race, exchange = Race(budget={"ratio": 0, "floor": "1/s"}), ask()
    budget = race.site.kept.objects["payments", "retry-budget", 0.0, Retry().budget.floor._replace(events=1.0)]
    assert budget.take(race.now)
    task = race.start(exchange)
    await race.sends(1)
    await until(lambda: race.hedges)
    race.doors[0].answer()
    assert (await task).status == 200
    assert (len(race.doors), race.hedges) == (1, {"refused": 1})
    assert exchange.notes is None


async def test_a_hedge_takes_of_the_retry_budget() -> None:
    race = Race()
    task = race.start(ask())
    await race.sends(2)
    gauge = race.site.provider_stats.policies.budget
    assert gauge is not None
    assert gauge() == 9
    race.doors[0].answer()
    await task


# ---- the app leaves ----


@pytest.mark.parametrize("under_way", [1, 2])
async def test_the_app_leaves_and_every_send_is_cut(under_way: int) -> None:
    race, exchange = Race(SOON if under_way == 2 else NEVER_AFTER), ask()
    task = race.start(exchange)
    await race.sends(under_way)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [door.cancelled for door in race.doors] == [True] * under_way
    assert [one.error for one in exchange.attempts] == ["canceled"] * under_way


async def test_the_app_leaves_at_every_turn_and_every_answer_is_closed_once() -> None:
    """The winner was lost when the app left while the loser was being cut: its slot never came free."""
    for turns in range(40):
        race, exchange = Race(), ask()
        task = race.start(exchange)
        await race.sends(2)
        race.doors[0].answer(503, body=coming(b"x", 1 << 30))
        race.doors[1].answer(body=coming(b"x", 1 << 30))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.done():
            break
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for door in race.doors:
            assert [way for way, _ in door.ends] == [door.exchange], turns
        assert [one.n for one in exchange.attempts] == [1, 2]
    else:
        pytest.fail("the race never ended")
    assert turns > 1


async def test_the_app_leaves_while_a_slow_loser_is_cut() -> None:
    """The loser takes its time to end: that is when the winner has nobody to close it."""

    class Slow(Race):
        async def _send(self, exchange: Exchange) -> Response:
            try:
                return await super()._send(exchange)
            except asyncio.CancelledError:
                for _ in range(3):
                    await asyncio.sleep(0)
                raise

    race = Slow()
    task = race.start(ask())
    await race.sends(2)
    race.doors[1].answer(body=coming(b"x"))
    await until(lambda: race.doors[0].cancelled)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [way for way, _ in race.doors[1].ends] == [race.doors[1].exchange]


# ---- when to send the second ----


def hedger(race: Race) -> hedge.Hedger:
    layer: Any = race.handler.__self__  # type: ignore[attr-defined]
    found: hedge.Hedger = layer._next.__self__
    return found


async def test_p95_sends_no_hedge_before_it_knows_the_provider() -> None:
    race = Race({"after": "p95"})
    for n in range(20):
        task = race.start(ask())
        await race.sends(n + 1)
        assert race.doors[n].exchange.attempts[0].n == 1
        race.now += 0.5 if n == 19 else 0.001
        race.doors[n].answer()
        await task
    latency: Latency = hedger(race)._latency
    assert latency.value == pytest.approx(0.5)


async def test_p95_is_the_time_to_the_hedge() -> None:
    race = Race({"after": "p95"})
    for _ in range(20):
        hedger(race)._latency.observe(0.001)
    task = race.start(ask())
    await race.sends(2)
    race.doors[1].answer()
    assert (await task).status == 200
    assert race.hedges == {"won": 1}


async def test_routes_learn_by_themselves_and_remember_over_a_reload() -> None:
    race = Race({"after": "p95"})
    hedger(race)._latency.observe(1.0)
    again = Race.__new__(Race)
    again.handler = fold(race._send, race.site, (retry.POLICY, attempt.POLICY))
    assert hedger(again)._latency is hedger(race)._latency


async def test_interim_answers_come_from_the_first_send_only() -> None:
    race, exchange = Race(), ask()
    exchange.inform = lambda status, reason, headers: None
    task = race.start(exchange)
    await race.sends(2)
    assert race.doors[0].exchange.inform is exchange.inform
    assert race.doors[1].exchange.inform is None
    race.doors[0].answer()
    await task


async def test_the_wire_repeats_no_hedged_send_by_itself() -> None:
    """Else one call could go out four times where two are allowed."""
    race, exchange = Race(attempts=2), ask()
    task = race.start(exchange)
    await race.sends(2)
    assert [door.exchange.most for door in race.doors] == [1, 1]
    race.doors[0].answer()
    await task


async def test_notes_of_both_sends_reach_the_log() -> None:
    class Noted(Race):
        async def _send(self, exchange: Exchange) -> Response:
            exchange.note(f"send_{len(self.doors)}", True)
            return await super()._send(exchange)

    race, exchange = Noted(), ask()
    task = race.start(exchange)
    await race.sends(2)
    race.doors[0].answer()
    await task
    assert exchange.notes == {"send_0": True, "send_1": True, "hedge": "lost"}


@pytest.mark.parametrize("error", [errors.BreakerOpen("x", retry_after=3.0), errors.RateLimited("x", retry_after=1.0)])
async def test_a_hedge_that_is_refused_inside_leaves_the_first_send_alone(error: SidecarError) -> None:
    race, exchange = Race(), ask()
    task = race.start(exchange)
    await race.sends(2)
    race.doors[1].fail(error)
    await turn()
    assert not task.done()
    race.doors[0].answer()
    assert (await task).status == 200
