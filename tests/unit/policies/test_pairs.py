"""Policies side by side: each with its neighbour in ``ORDER``, and retry with each of them.

What is asserted of every pair: the attempts on record, and the calls that reached the wire.
"""

import asyncio
from typing import Any

import orjson
import pytest

from sidecar.core import errors
from sidecar.core.body import Body
from sidecar.core.errors import Outcome, Sent
from sidecar.core.exchange import Exchange, Response
from sidecar.policies import (
    attempt,
    breaker,
    concurrency,
    deadline,
    fallback,
    faults,
    headers,
    idempotency,
    kill,
    rate,
    record,
    rescue,
    retry,
    rewrite,
    success,
    throttled,
    tracking,
)
from sidecar.policies.breaker import Breaker
from sidecar.policies.breaker_journal import Journal
from sidecar.policies.concurrency import Concurrency
from sidecar.policies.fallback import Fallback
from sidecar.policies.faults import Faults
from sidecar.policies.headers import HeaderRules
from sidecar.policies.idempotency import Idempotency
from sidecar.policies.order import ORDER
from sidecar.policies.policy import Policy
from sidecar.policies.rate import RateShaping
from sidecar.policies.retry_settings import Retry
from sidecar.policies.slots import Slots
from sidecar.policies.success import Success
from sidecar.policies.switches import Kill
from sidecar.policies.throttled import Throttled
from sidecar.policies.timeouts import Timeouts
from tests.unit.policies.stage import ask
from tests.unit.policies.tries import Step, Tries, answers, coming, fails, post, until

KILLED = Kill("incident", "ann", 0.0)
JSON = (b"Content-Type", b"application/json")


class Pair(Tries):
    """These policies, in the order of ``ORDER`` and with the attempt inside, around a scripted provider."""

    def __init__(self, *policies: Policy, steps: tuple[Step, ...] = (), enabled: bool = True, **settings: Any) -> None:
        assert [ORDER.index(policy) for policy in policies] == sorted(ORDER.index(policy) for policy in policies)
        inside = () if attempt.POLICY in policies else (attempt.POLICY,)
        super().__init__(*steps, policies=(*policies, *inside), settings=settings)

    async def made(self, exchange: Exchange, attempts: int, sends: int) -> Response:
        """The answer to a call, after which so many attempts and sends are on record."""
        response = await self.handler(exchange)
        assert (len(exchange.attempts), len(self.sends)) == (attempts, sends)
        return response

    async def fails_by(self, exchange: Exchange, error: type[BaseException], attempts: int, sends: int) -> Any:
        """The error of a call, after which so many attempts and sends are on record."""
        with pytest.raises(error) as raised:
            await self.handler(exchange)
        assert (len(exchange.attempts), len(self.sends)) == (attempts, sends)
        return raised.value

    def state(self, kind: type) -> Any:
        """The state of a policy."""
        return next(one for one in self.site.kept.objects.values() if isinstance(one, kind))

    @property
    def why(self) -> dict[str, int]:
        """Why no further attempt was made."""
        return self.site.provider_stats.policies.retry_refused

    @property
    def slots(self) -> Slots:
        found: Slots = self.state(Slots)
        return found


def down(count: int, *pairs: tuple[bytes, bytes]) -> tuple[Step, ...]:
    return tuple(answers(503, *pairs, body=Body.of(b"down")) for _ in range(count))


def said(value: object, status: int = 200) -> Step:
    return answers(status, JSON, body=Body.of(orjson.dumps(value)))


# ---- neighbours, from the outside in ----


async def test_tracking_and_record() -> None:
    """One id, in the answer and in the log."""
    pair, exchange = Pair(tracking.POLICY, record.POLICY), ask()
    response = await pair.made(exchange, 1, 1)
    response.close(exchange, None)
    (line,) = pair.log.requests
    assert b"Sidecar-Request-Id: %b\r\n" % line["request_id"].encode() in response.lines
    assert b"Sidecar-Attempts: 1\r\n" in response.lines
    assert len(line["attempts"]) == 1


async def test_record_and_rescue() -> None:
    """The log has the answer's status and the error's name."""
    pair, exchange = Pair(record.POLICY, rescue.POLICY, steps=(fails(errors.Reset("x", sent=Sent.MAYBE)),)), ask()
    (await pair.made(exchange, 1, 1)).close(exchange, None)
    (line,) = pair.log.requests
    assert (line["status"], line["error"], line["sent"]) == (502, "reset", "maybe")


async def test_rescue_and_fallback() -> None:
    """What the fallback answers for is no problem document; the rest is."""
    pair = Pair(
        rescue.POLICY,
        fallback.POLICY,
        steps=(fails(errors.Reset("x")), fails(errors.BadRequest("x"))),
        fallback=Fallback(status=200, body="later"),
    )
    assert (await pair.made(ask(), 1, 1)).body.content() == b"later"
    assert (await pair.made(ask(), 1, 2)).status == 400


async def test_fallback_and_kill() -> None:
    pair = Pair(fallback.POLICY, kill.POLICY, fallback=Fallback(status=200, body="later"))
    pair.site.switch.kill = KILLED
    exchange = ask()
    response = await pair.made(exchange, 0, 0)
    assert (response.status, response.body.content()) == (200, b"later")
    assert isinstance(exchange.error, errors.Killed)


async def test_kill_and_faults() -> None:
    """Who is switched off gets no fault and no delay."""
    pair = Pair(kill.POLICY, faults.POLICY, faults=Faults.model_validate({"percent": "100%", "delay": "1s"}))
    pair.site.switch.kill = KILLED
    await pair.fails_by(ask(), errors.Killed, 0, 0)
    assert (pair.slept, pair.site.provider_stats.policies.faults) == ([], {})


async def test_faults_and_deadline() -> None:
    """A delay counts into the time of the call; one that takes it all ends it before it is sent."""
    settings = {"timeouts": Timeouts.model_construct(total=5.0)}
    pair = Pair(
        faults.POLICY, deadline.POLICY, faults=Faults.model_validate({"percent": "100%", "delay": "2s"}), **settings
    )
    exchange = ask()
    await pair.made(exchange, 1, 1)
    assert (pair.sends, exchange.deadline) == ([102.0], 105.0)
    pair = Pair(
        faults.POLICY, deadline.POLICY, faults=Faults.model_validate({"percent": "100%", "delay": "6s"}), **settings
    )
    await pair.fails_by(ask(), errors.DeadlineExceeded, 0, 0)
    assert pair.now == 105.0


async def test_deadline_and_rewrite() -> None:
    """The app's own shorter time holds; the answer is led back."""
    pair = Pair(deadline.POLICY, rewrite.POLICY, steps=(answers(302, (b"Location", b"https://api.test/base/y")),))
    exchange = ask(b"/", (b"Sidecar-Timeout", b"1s"), (b"Host", b"app"))
    exchange.prefix = b"/payments"
    response = await pair.made(exchange, 1, 1)
    assert response.headers.get(b"location") == b"http://app/payments/y"
    assert exchange.deadline == 101.0


async def test_rewrite_and_headers() -> None:
    """One is about the answer, the other about the request."""
    pair = Pair(
        rewrite.POLICY,
        headers.POLICY,
        steps=(answers(201, (b"Location", b"https://api.test/base/y"), (b"A", b"1")),),
        headers=HeaderRules(set={"A": "2"}, remove=("Location",)),
    )
    response = await pair.made(ask(b"/", (b"Host", b"app")), 1, 1)
    assert response.headers.pairs() == [(b"Location", b"http://app/y"), (b"A", b"1")]
    assert pair.site.edit.drop >= {b"a", b"location"}


async def test_headers_and_idempotency() -> None:
    """A key of the app that is taken out on the way is none; ours takes its place."""
    pair = Pair(
        headers.POLICY,
        idempotency.POLICY,
        headers=HeaderRules(remove=("Idempotency-Key",)),
        idempotency=Idempotency(),
    )
    exchange = post((b"Idempotency-Key", b"app's"))
    await pair.made(exchange, 1, 1)
    assert exchange.key not in (None, b"app's")


async def test_idempotency_and_retry() -> None:
    """A minted key unlocks the retry of a POST, and goes with both sends."""
    lost = fails(errors.Reset("x", sent=Sent.MAYBE))
    for unsafe, sends in (("with_key", 2), ("never", 1)):
        pair = Pair(
            idempotency.POLICY, retry.POLICY, steps=(lost,), idempotency=Idempotency(), retry=Retry(unsafe=unsafe)
        )  # fmt: skip
        exchange = post()
        if sends == 2:
            await pair.made(exchange, 2, 2)
        else:
            await pair.fails_by(exchange, errors.Reset, 1, 1)
        assert len({one.key for one in pair.seen}) == 1


async def test_retry_and_breaker_every_attempt_is_judged_and_an_open_breaker_ends_the_tries() -> None:
    pair = Pair(
        retry.POLICY,
        breaker.POLICY,
        steps=down(5),
        retry=Retry(attempts=5),
        breaker=Breaker(consecutive=2),
    )
    response = await pair.made(ask(), 2, 2)
    assert (response.status, response.body.content()) == (503, b"down")
    assert pair.why == {"breaker": 1}
    assert int(response.lines.removeprefix(b"Retry-After: ")) in (5, 6, 7)
    refusal = await pair.fails_by(ask(), errors.BreakerOpen, 0, 2)
    assert refusal.retry_after > 4


async def test_breaker_and_rate_an_open_breaker_wastes_no_turn_and_a_refused_turn_is_no_failure() -> None:
    settings = {
        "breaker": Breaker(consecutive=1),
        "rate": RateShaping.model_validate({"limit": "10/s", "burst": 5, "max_wait": 0}),
    }
    pair = Pair(breaker.POLICY, rate.POLICY, steps=down(1), **settings)
    await pair.made(ask(), 1, 1)
    left = pair.site.provider_stats.policies.rate_remaining
    assert left is not None
    assert left() == 4
    await pair.fails_by(ask(), errors.BreakerOpen, 0, 1)
    assert left() == 4
    pair = Pair(breaker.POLICY, rate.POLICY, **settings)
    for n in range(1, 6):
        await pair.made(ask(), 1, n)
    await pair.fails_by(ask(), errors.RateLimited, 0, 5)
    assert pair.state(Journal).circuit.state == "closed"


async def test_rate_and_concurrency_a_refused_turn_takes_no_slot() -> None:
    pair = Pair(
        rate.POLICY,
        concurrency.POLICY,
        rate=RateShaping.model_validate({"limit": "10/s", "max_wait": 0}),
        concurrency=Concurrency(limit=2),
    )
    await pair.made(ask(), 1, 1)
    await pair.fails_by(ask(), errors.RateLimited, 0, 1)
    assert pair.slots.in_use == 0


async def test_concurrency_and_kill_again_give_the_slot_back() -> None:
    pair = Pair(concurrency.POLICY, kill.AGAIN, concurrency=Concurrency(limit=1))
    _ = pair.handler
    pair.site.switch.kill = KILLED
    await pair.fails_by(ask(), errors.Killed, 0, 0)
    assert pair.slots.in_use == 0


async def test_kill_again_and_success() -> None:
    pair = Pair(kill.AGAIN, success.POLICY, success=Success(status=("201",)), steps=(answers(200), answers(201)))
    assert (await pair.made(ask(), 1, 1)).outcome is Outcome.SERVER_ERROR
    pair.site.switch.kill = KILLED
    await pair.fails_by(ask(), errors.Killed, 0, 1)


async def test_success_and_throttled_the_word_too_many_comes_first() -> None:
    pair = Pair(
        success.POLICY,
        throttled.POLICY,
        success=Success.model_validate({"json": {"pointer": "/errors", "is": "absent"}}),
        throttled=Throttled.model_validate(
            {"status": [200], "json": {"pointer": "/errors/0/code", "equals": "THROTTLED"}}
        ),
        steps=(said({"errors": [{"code": "THROTTLED"}]}), said({"errors": [{"code": "X"}]}), said({"data": 1})),
    )
    outcomes = [(await pair.made(ask(), 1, n)).outcome for n in (1, 2, 3)]
    assert outcomes == [Outcome.THROTTLED, Outcome.SERVER_ERROR, Outcome.SUCCESS]


async def test_throttled_and_attempt_agree_on_the_verdict() -> None:
    pair = Pair(throttled.POLICY, attempt.POLICY, throttled=Throttled(status=("403",)), steps=(answers(403),))
    exchange = ask()
    response = await pair.made(exchange, 1, 1)
    assert (response.outcome, exchange.attempts[0].outcome) == (Outcome.THROTTLED, Outcome.THROTTLED)


# ---- retry with each of the others ----


async def test_retry_with_tracking_one_id_and_a_span_for_each_send() -> None:
    pair, exchange = Pair(tracking.POLICY, retry.POLICY, steps=down(1), retry=Retry()), ask()
    await pair.made(exchange, 2, 2)
    assert exchange.lines.count(b"Trackingid: ") == 1
    assert exchange.attempts[0].span_id != exchange.attempts[1].span_id


async def test_retry_with_record_one_line_for_all_attempts() -> None:
    pair, exchange = Pair(record.POLICY, retry.POLICY, steps=down(2), retry=Retry()), ask()
    response = await pair.made(exchange, 3, 3)
    response.close(exchange, None)
    assert b"Sidecar-Attempts: 3\r\nSidecar-Outcome: success\r\n" in response.lines
    (line,) = pair.log.requests
    assert [made["status"] for made in line["attempts"]] == [503, 503, 200]
    assert line["retry_reason"] == "503"
    assert pair.site.provider_stats.in_flight == 0


async def test_retry_with_rescue_the_problem_counts_all_attempts_and_tells_the_sdk() -> None:
    lost = fails(errors.HeadTimeout("x", sent=Sent.MAYBE)), fails(errors.ConnectFailed("x"))
    pair = Pair(rescue.POLICY, retry.POLICY, steps=lost, retry=Retry(attempts=2, tell="x-should-retry"))
    response = await pair.made(ask(), 2, 2)
    problem = orjson.loads(response.body.content())
    assert (problem["attempts"], problem["code"], problem["sent"]) == (2, "connect_failed", "maybe")
    assert response.lines == b"x-should-retry: false\r\n"


async def test_retry_with_fallback_it_answers_when_the_tries_are_spent_and_not_before() -> None:
    later = Fallback(status=200, body="later")
    pair = Pair(fallback.POLICY, retry.POLICY, steps=down(2), retry=Retry(), fallback=later)
    assert (await pair.made(ask(), 3, 3)).body.content() == b""
    pair.steps = list(down(3))
    exchange = ask()
    response = await pair.made(exchange, 3, 6)
    assert (response.body.content(), exchange.notes["fallback"]) == (b"later", "exhausted")  # type: ignore[index]
    assert b"Retry-After: 1\r\n" in response.lines
    assert [len(ends) for ends in pair.ends if ends] == [1] * 5


async def test_retry_with_kill_a_call_that_waits_for_its_next_attempt_does_not_go_out() -> None:
    class Switched(Pair):
        async def _sleep(self, seconds: float) -> None:
            self.site.switch.kill = KILLED
            await super()._sleep(seconds)

    pair = Switched(kill.POLICY, retry.POLICY, kill.AGAIN, steps=down(1), retry=Retry())
    response = await pair.made(ask(), 1, 1)
    assert (response.status, response.body.content()) == (503, b"down")
    assert pair.why == {"killed": 1}
    await pair.fails_by(ask(), errors.Killed, 0, 1)


async def test_retry_with_faults_what_is_made_on_purpose_is_not_mended() -> None:
    pair = Pair(
        faults.POLICY,
        retry.POLICY,
        retry=Retry(),
        faults=Faults.model_validate({"percent": "100%", "abort": 503}),
    )
    await pair.fails_by(ask(), errors.FaultInjected, 0, 0)
    assert pair.retries == {}


async def test_retry_with_deadline_all_attempts_have_one_clock() -> None:
    slow = tuple(answers(503, takes=2.0) for _ in range(9))
    pair = Pair(
        deadline.POLICY,
        retry.POLICY,
        steps=slow,
        retry=Retry.model_validate({"attempts": 0, "backoff": {"base": "1s", "cap": "1s"}}),
        timeouts=Timeouts.model_construct(total=8.0),
    )
    response = await pair.made(ask(), 4, 4)
    assert pair.sends == [100.0, 102.5, 105.0, 107.5]
    assert (response.status, pair.why, pair.now) == (503, {"deadline": 1}, 109.5)


async def test_retry_with_rewrite_only_the_last_answer_is_led_back() -> None:
    step = answers(503, (b"Location", b"https://api.test/base/y"))
    pair = Pair(rewrite.POLICY, retry.POLICY, steps=(*down(1), step), retry=Retry(attempts=2))
    response = await pair.made(ask(b"/", (b"Host", b"app")), 2, 2)
    assert response.headers.get(b"location") == b"http://app/y"


async def test_retry_with_headers_every_send_is_edited_alike() -> None:
    pair = Pair(
        headers.POLICY, retry.POLICY, steps=down(1), retry=Retry(), headers=HeaderRules(set={"A": "1"}, remove=("B",))
    )
    exchange = ask(b"/", (b"A", b"app"), (b"B", b"app"))
    await pair.made(exchange, 2, 2)
    assert pair.site.edit.lines.endswith(b"\r\nA: 1\r\n")
    assert [one.headers.pairs() for one in pair.seen] == [[(b"A", b"app"), (b"B", b"app")]] * 2


async def test_retry_with_an_observing_breaker_is_not_stopped() -> None:
    pair = Pair(
        retry.POLICY,
        breaker.POLICY,
        steps=down(4),
        retry=Retry(attempts=5),
        breaker=Breaker(consecutive=1, mode="observe"),
    )
    await pair.made(ask(), 5, 5)


async def test_retry_with_breaker_a_refusal_does_not_hide_the_answer() -> None:
    """The breaker opens while the retry waits: the app gets the provider's 503, not ``breaker_open``."""

    class Opened(Pair):
        async def _sleep(self, seconds: float) -> None:
            self.state(Journal).circuit.force_open("by hand")
            await super()._sleep(seconds)

    pair = Opened(retry.POLICY, breaker.POLICY, steps=down(1), retry=Retry(), breaker=Breaker())
    response = await pair.made(ask(), 1, 1)
    assert (response.status, response.body.content()) == (503, b"down")
    assert pair.why == {"breaker_open": 1}


async def test_retry_with_rate_every_attempt_takes_a_turn_and_a_turn_too_late_does_not_hide_the_answer() -> None:
    pair = Pair(
        retry.POLICY,
        rate.POLICY,
        steps=down(9),
        retry=Retry(attempts=9, backoff={"base": "1us", "cap": "1us"}),
        rate=RateShaping.model_validate({"limit": "6/s", "burst": 3, "max_wait": 0}),
    )
    exchange = ask()
    exchange.deadline = 100.1
    response = await pair.made(exchange, 3, 3)
    assert (response.status, response.body.content()) == (503, b"down")
    assert pair.why == {"deadline": 1}
    assert response.lines == b"Retry-After: 1\r\n"


async def test_retry_with_rate_both_keep_to_the_providers_hint() -> None:
    pair = Pair(
        retry.POLICY,
        rate.POLICY,
        steps=(answers(429, (b"Retry-After", b"3")),),
        retry=Retry(),
        rate=RateShaping.model_validate({"limit": "100/s", "max_wait": 0}),
    )
    pair.drawn = 0.0
    assert (await pair.made(ask(), 2, 2)).status == 200
    assert pair.sends == [100.0, 103.0]


async def test_retry_with_concurrency_a_waiting_retry_holds_no_slot() -> None:
    seen: list[int] = []

    class Sleeper(Pair):
        async def _sleep(self, seconds: float) -> None:
            seen.append(self.slots.in_use)
            await super()._sleep(seconds)

    for step in (answers(503), fails(errors.Reset("x", sent=Sent.MAYBE)), answers(503, body=Body(length=1 << 40))):
        pair = Sleeper(retry.POLICY, concurrency.POLICY, steps=(step,), retry=Retry(), concurrency=Concurrency(limit=1))
        await pair.made(ask(), 2, 2)
        assert pair.slots.in_use == 0
    assert seen == [0, 0, 0]


async def test_retry_with_concurrency_a_refused_slot_does_not_hide_the_answer() -> None:
    class Busy(Pair):
        async def _sleep(self, seconds: float) -> None:
            self.slots.in_use = 1
            await super()._sleep(seconds)

    pair = Busy(
        retry.POLICY,
        concurrency.POLICY,
        steps=down(1),
        retry=Retry(),
        concurrency=Concurrency.model_validate({"limit": 1, "max_wait": 0}),
    )
    response = await pair.made(ask(), 1, 1)
    assert (response.status, response.body.content()) == (503, b"down")
    assert pair.why == {"concurrency_limited": 1}
    assert pair.slots.in_use == 1


async def test_retry_with_success_a_200_that_is_none_is_sent_again_if_that_is_asked_for() -> None:
    for on, sends in ((["failure"], 2), (["503"], 1)):
        pair = Pair(
            retry.POLICY,
            success.POLICY,
            steps=(said({"errors": ["x"]}), said({"data": 1})),
            retry=Retry.model_validate({"on": on}),
            success=Success.model_validate({"json": {"pointer": "/errors", "is": "absent"}}),
        )
        response = await pair.made(ask(), sends, sends)
        assert (response.outcome is Outcome.SUCCESS) is (sends == 2)
        assert pair.retries == ({"failure": 1} if sends == 2 else {})


async def test_retry_with_success_a_post_that_says_it_failed_may_have_done_something() -> None:
    pair = Pair(
        retry.POLICY,
        success.POLICY,
        steps=(said({"errors": ["x"]}),),
        retry=Retry.model_validate({"on": ["failure"]}),
        success=Success.model_validate({"json": {"pointer": "/errors", "is": "absent"}}),
    )
    response = await pair.made(post(), 1, 1)
    assert response.body.content() == b'{"errors":["x"]}'
    assert pair.why == {"unsafe": 1}


async def test_retry_with_throttled_the_providers_own_word_for_429() -> None:
    """Not processed, so that a POST may go again; and with the longer backoff."""
    pair = Pair(
        retry.POLICY,
        throttled.POLICY,
        steps=(said([{"errorCode": "REQUEST_LIMIT_EXCEEDED"}], 403),),
        retry=Retry(),
        throttled=Throttled.model_validate(
            {"status": [403], "json": {"pointer": "/0/errorCode", "equals": "REQUEST_LIMIT_EXCEEDED"}}
        ),
    )
    pair.drawn = 1.0
    assert (await pair.made(post(), 2, 2)).status == 200
    assert pair.sends == [100.0, 101.0]
    assert pair.retries == {"429": 1}


async def test_retry_with_attempt_each_send_has_its_own_record() -> None:
    lost = fails(errors.Reset("x", sent=Sent.MAYBE))
    pair = Pair(retry.POLICY, attempt.POLICY, steps=(*down(1), lost), retry=Retry())
    exchange = ask()
    response = await pair.made(exchange, 3, 3)
    response.close(exchange, None)
    assert [(one.n, one.status, one.error, one.outcome) for one in exchange.attempts] == [
        (1, 503, None, Outcome.SERVER_ERROR),
        (2, 0, "reset", Outcome.NETWORK_ERROR),
        (3, 200, None, Outcome.SUCCESS),
    ]
    assert pair.site.stats.attempts == {503: 1, "reset": 1, 200: 1}


@pytest.mark.parametrize("winner", [0, 1])
async def test_a_hedge_with_breaker_and_concurrency_the_loser_is_no_failure_and_keeps_no_slot(winner: int) -> None:
    doors: list[asyncio.Future[None]] = []

    class Slow(Pair):
        async def _send(self, exchange: Exchange) -> Response:
            doors.append(asyncio.get_running_loop().create_future())
            await doors[-1]
            return await super()._send(exchange)

    pair = Slow(
        retry.POLICY,
        breaker.POLICY,
        concurrency.POLICY,
        steps=(answers(200, body=coming(b"x", 1 << 30)),),
        retry=Retry.model_validate({"hedge": {"after": "1ms"}}),
        breaker=Breaker(consecutive=1),
        concurrency=Concurrency(limit=2),
    )
    exchange = ask()
    task = asyncio.get_running_loop().create_task(pair.handler(exchange))  # type: ignore[arg-type]
    await until(lambda: len(doors) == 2)
    assert pair.slots.in_use == 2
    doors[winner].set_result(None)
    response = await task
    assert pair.slots.in_use == 1
    response.close(exchange, None)
    assert pair.slots.in_use == 0
    assert pair.state(Journal).circuit.state == "closed"
    assert [one.outcome for one in exchange.attempts].count(Outcome.CANCELED) == 1
    assert len(pair.sends) == 1


async def test_all_of_them_together() -> None:
    """The whole stack: a 503, a lost connection, and then the answer."""
    pair = Pair(
        *ORDER,
        steps=(*down(1), fails(errors.Reset("x", sent=Sent.MAYBE)), said({"data": 1})),
        retry=Retry(),
        breaker=Breaker(),
        rate=RateShaping.model_validate({"limit": "1000/s", "burst": 100}),
        concurrency=Concurrency(limit=1),
        idempotency=Idempotency(),
        success=Success.model_validate({"json": {"pointer": "/errors", "is": "absent"}}),
        throttled=Throttled(status=("420",)),
        fallback=Fallback(status=200),
        headers=HeaderRules(set={"A": "1"}),
    )
    exchange = ask(b"/", (b"Host", b"app"))
    response = await pair.made(exchange, 3, 3)
    response.close(exchange, None)
    assert response.body.content() == b'{"data":1}'
    assert b"Sidecar-Attempts: 3\r\nSidecar-Outcome: success\r\n" in response.lines
    assert pair.slots.in_use == 0
    assert pair.state(Journal).circuit.state == "closed"
    assert [len(ends) for ends in pair.ends] == [1, 1]
    assert len(pair.log.requests) == 1


async def test_a_retry_waits_as_long_as_rate_will_hold_it() -> None:
    """GitHub's reset is a whole second: the gate opened a second after the hint, and refused who obeyed it."""
    stage = Tries(answers(503), on=["503"])
    stage.site.links.rate_wait = lambda now: 2.5
    await stage.call(ask(), left=8.0)
    assert stage.sends == [100.0, 102.5]


async def test_a_retry_that_rate_would_hold_past_the_deadline_is_not_made() -> None:
    stage = Tries(answers(503), on=["503"])
    stage.site.links.rate_wait = lambda now: 9.0
    exchange = ask()
    response = await stage.call(exchange, left=8.0)
    assert (response.status, stage.sends) == (503, [100.0])
    assert b"Retry-After: 9\r\n" in response.lines
