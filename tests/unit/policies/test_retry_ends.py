"""What the app gets when the tries are over: the provider's last word, and a word to its SDK."""

import pytest

from sidecar.core import errors
from sidecar.core.body import Body
from sidecar.core.errors import Sent, SidecarError
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.policies.spent import Spent
from tests.unit.policies.stage import ask, respond
from tests.unit.policies.tries import Step, Tries, answers, coming, fails, post

REFUSALS: list[tuple[SidecarError, bytes]] = [
    (errors.BreakerOpen("x", retry_after=4.2), b"Retry-After: 5\r\n"),
    (errors.RateLimited("x", retry_after=0.3), b"Retry-After: 1\r\n"),
    (errors.ConcurrencyLimited("x", retry_after=1.0), b"Retry-After: 1\r\n"),
    (errors.PoolExhausted("x", retry_after=1.0), b"Retry-After: 1\r\n"),
    (errors.DeadlineExceeded("x"), b""),
    (errors.Draining("x"), b""),
    (errors.Killed("x"), b""),
]


@pytest.mark.parametrize(("refusal", "lines"), REFUSALS, ids=lambda value: getattr(value, "code", None))
@pytest.mark.parametrize("method", [b"GET", b"POST"])
async def test_a_refusal_of_our_own_does_not_hide_the_providers_answer(
    refusal: SidecarError, lines: bytes, method: bytes
) -> None:
    """Whether it is raised before an attempt is on record, as by the breaker, or after it, as by the pool."""
    stage = Tries(answers(429, (b"X-Id", b"7"), body=Body.of(b"slow down")), fails(type(refusal)("x")))
    stage.steps[1].gives.retry_after = refusal.retry_after  # type: ignore[union-attr]
    exchange = ask(method=method)
    response = await stage.call(exchange)
    assert (response.status, response.headers.pairs()) == (429, [(b"X-Id", b"7")])
    assert response.body.content() == b"slow down"
    assert response.lines == lines
    assert stage.refused == {refusal.code: 1}
    assert exchange.notes == {"retry_reason": "429", "retry_refused": refusal.code}


async def test_a_refusal_before_the_first_send_is_the_answer() -> None:
    refusal = errors.BreakerOpen("x", retry_after=3.0)

    class Closed(Tries):
        async def _send(self, exchange: Exchange) -> Response:
            raise refusal

    stage = Closed(policies=Tries().policies[:1], tell="X-Tell")
    with pytest.raises(errors.BreakerOpen) as raised:
        await stage.call(ask())
    assert raised.value is refusal
    assert (stage.refused, refusal.lines) == ({}, b"")


@pytest.mark.parametrize(
    "last",
    [
        errors.ConnectFailed("x"),
        errors.HeadTimeout("x", sent=Sent.MAYBE),
        errors.ResponseIncomplete("x", sent=Sent.MAYBE),
        errors.DeadlineExceeded("x", sent=Sent.MAYBE),
    ],
    ids=lambda error: error.code,
)
async def test_the_answer_of_an_earlier_attempt_stands_for_one_without_an_answer(last: SidecarError) -> None:
    stage = Tries(answers(503, body=Body.of(b"down")), fails(last), attempts=2)
    response = await stage.call(ask())
    assert (response.status, response.body.content()) == (503, b"down")


@pytest.mark.parametrize(
    "last",
    [errors.Reset("x", sent=Sent.MAYBE), errors.DeadlineExceeded("x", sent=Sent.MAYBE)],
    ids=lambda error: error.code,
)
async def test_but_not_when_the_last_attempt_may_have_been_carried_out(last: SidecarError) -> None:
    """The first answer says that nothing was done: an app that believes it would send the payment again."""
    stage = Tries(answers(429, (b"Retry-After", b"1")), fails(last))
    with pytest.raises(type(last)) as raised:
        await stage.call(post())
    assert raised.value.sent is Sent.MAYBE
    assert len(stage.sends) == 2


async def test_and_not_when_the_app_has_gone() -> None:
    stage = Tries(answers(503), fails(errors.ClientGone("x")))
    with pytest.raises(errors.ClientGone):
        await stage.call(ask())


async def test_the_last_of_several_answers_counts() -> None:
    stage = Tries(
        answers(503, body=Body.of(b"first")), answers(429, body=Body.of(b"last")), fails(errors.ConnectFailed("x"))
    )
    response = await stage.call(ask())
    assert (response.status, response.body.content()) == (429, b"last")


async def test_an_error_without_any_answer_before_it_is_raised() -> None:
    last = errors.ConnectFailed("second")
    stage = Tries(fails(errors.ConnectFailed("first")), fails(last), attempts=2)
    with pytest.raises(errors.ConnectFailed) as raised:
        await stage.call(ask())
    assert raised.value is last


# ---- a word to the app's SDK ----


@pytest.mark.parametrize(
    ("own", "lines"),
    [
        ((), b"Retry-After: 1\r\n"),  # the next wait would have been 0.4 s at most
        (((b"Retry-After", b"0"),), b""),
        (((b"retry-after-ms", b"20"),), b"Retry-After: 1\r\n"),
        (((b"retry-after-ms", b"2500"),), b"Retry-After: 3\r\n"),
    ],
)
async def test_retry_after_is_added_when_the_tries_are_spent_and_the_provider_did_not_say(
    own: tuple[tuple[bytes, bytes], ...], lines: bytes
) -> None:
    stage = Tries(*(answers(503, *own) for _ in range(3)))
    response = await stage.call(ask(), left=100.0)
    assert response.lines == lines
    assert response.headers.pairs() == list(own)


@pytest.mark.parametrize("status", [500, 404])
async def test_an_answer_that_is_not_retried_is_unchanged(status: int) -> None:
    stage = Tries(answers(status, (b"x-should-retry", b"maybe")), tell="x-should-retry")
    response = await stage.call(ask())
    assert (response.lines, response.headers.pairs()) == (b"", [(b"x-should-retry", b"maybe")])


async def test_an_unsafe_call_that_was_sent_once_is_left_to_the_app() -> None:
    stage = Tries(answers(503, (b"x-should-retry", b"1")), tell="x-should-retry")
    response = await stage.call(post())
    assert stage.refused == {"unsafe": 1}
    assert (response.lines, response.headers.pairs()) == (b"", [(b"x-should-retry", b"1")])


async def test_the_sdk_is_told_that_the_tries_are_spent() -> None:
    stage = Tries(
        *(answers(503, (b"X-Should-Retry", b"true"), (b"A", b"1"), (b"Stripe-Should-Retry", b"1")) for _ in range(2)),
        attempts=2,
        tell="x-should-retry",
    )
    response = await stage.call(ask())
    assert response.lines == b"Retry-After: 1\r\nx-should-retry: false\r\n"
    assert response.headers.pairs() == [(b"A", b"1")]


async def test_it_is_told_in_an_answer_of_our_own_as_well() -> None:
    stage = Tries(fails(errors.ConnectFailed("x")), fails(errors.ConnectFailed("x")), attempts=2, tell="x-should-retry")
    with pytest.raises(errors.ConnectFailed) as raised:
        await stage.call(ask())
    assert raised.value.lines == b"x-should-retry: false\r\n"


@pytest.mark.parametrize("why", ["budget", "breaker"])
async def test_it_is_told_after_one_send_when_more_would_make_a_storm(why: str) -> None:
    stage = Tries(answers(503), tell="x-should-retry")
    stage.site.links.breaker_wait = (lambda now: 7.0) if why == "breaker" else None
    _ = stage.handler
    while why == "budget" and stage.budget.take(stage.now):
        pass
    response = await stage.call(ask())
    wait = b"7" if why == "breaker" else b"1"
    assert response.lines == b"Retry-After: " + wait + b"\r\nx-should-retry: false\r\n"


async def test_one_attempt_is_no_retry() -> None:
    """Whoever sets that leaves the tries to the app's SDK."""
    stage = Tries(answers(503), attempts=1, tell="x-should-retry")
    assert b"x-should-retry" not in (await stage.call(ask())).lines


async def test_without_a_header_to_tell_it_by_the_answer_keeps_its_own() -> None:
    stage = Tries(*(answers(503, (b"x-should-retry", b"true")) for _ in range(3)))
    response = await stage.call(ask())
    assert response.headers.pairs() == [(b"x-should-retry", b"true")]
    assert response.lines == b"Retry-After: 1\r\n"


# ---- calls whose tries are spent ----


def named(call_id: bytes, path: bytes = b"/v1/x", method: bytes = b"GET") -> Exchange:
    return ask(path, (b"Amz-Sdk-Invocation-Id", call_id), method=method)


def spending(*steps: Step) -> Tries:
    return Tries(*steps, attempts=2, call_id="amz-sdk-invocation-id")


async def test_a_call_whose_tries_are_spent_gets_the_same_answer_and_the_provider_no_call() -> None:
    stage = spending(*(answers(503, (b"X", b"1"), body=Body.of(b"slow")) for _ in range(2)))
    first = await stage.call(named(b"id-1"))
    again = named(b"id-1")
    second = await stage.call(again)
    assert len(stage.sends) == 2
    assert again.attempts == []
    assert (second.status, second.headers.pairs(), second.lines) == (503, [(b"X", b"1")], b"Retry-After: 1\r\n")
    assert second.body.content() == b"slow"
    assert second.outcome is first.outcome
    assert second is not first
    assert second.closers == []


async def test_an_error_is_given_again_too() -> None:
    stage = spending(*(fails(errors.HeadTimeout("late", sent=Sent.MAYBE)) for _ in range(2)))
    for _ in range(2):
        with pytest.raises(errors.HeadTimeout) as raised:
            await stage.call(named(b"id-1"))
        assert (raised.value.sent, raised.value.detail) == (Sent.MAYBE, "late")
    assert len(stage.sends) == 2


@pytest.mark.parametrize(
    "other",
    [named(b"id-2"), named(b"id-1", b"/v1/y"), named(b"id-1", method=b"HEAD"), ask(b"/v1/x")],
    ids=["id", "path", "method", "none"],
)
async def test_another_call_is_sent(other: Exchange) -> None:
    """An app may carry one id over all the calls of a task of its own: each is still a call by itself."""
    stage = spending(*(answers(503) for _ in range(2)))
    await stage.call(named(b"id-1"))
    assert (await stage.call(other)).status == 200
    assert len(stage.sends) == 3


async def test_after_half_a_minute_it_is_sent_again() -> None:
    stage = spending(*(answers(503) for _ in range(2)))
    await stage.call(named(b"id-1"))
    ended = stage.now
    stage.now = ended + 30.0
    assert (await stage.call(named(b"id-1"))).status == 503
    stage.now = ended + 30.001
    assert (await stage.call(named(b"id-1"))).status == 200


async def test_a_call_that_is_not_spent_is_sent_each_time() -> None:
    stage = spending(answers(500), answers(404), answers(200))
    statuses = [(await stage.call(named(b"id-1"))).status for _ in range(3)]
    assert statuses == [500, 404, 200]


async def test_a_call_answered_from_memory_is_none_for_the_budget() -> None:
    stage = spending(*(answers(503) for _ in range(2)))
    await stage.call(named(b"id-1"))
    before = stage.budget._sum_requests
    await stage.call(named(b"id-1"))
    assert stage.budget._sum_requests == before == 1


async def test_what_later_policies_do_to_the_first_answer_does_not_show_in_the_second() -> None:
    stage = spending(*(answers(503, (b"Location", b"/a")) for _ in range(2)))
    first = await stage.call(named(b"id-1"))
    first.lines += b"Sidecar-Attempts: 2\r\n"
    first.headers = Headers.of([(b"Location", b"/rewritten")])
    second = await stage.call(named(b"id-1"))
    assert second.headers.pairs() == [(b"Location", b"/a")]
    assert second.lines == b"Retry-After: 1\r\n"


def whole(size: int, length: int | None = None) -> Response:
    response = respond(503, body=Body.of(b"x" * size))
    response.body.length = length
    return response


def test_an_answer_is_given_again_framed_as_it_came() -> None:
    """A chunked answer was given again without a frame, and the app waited for its end."""
    spent = Spent()
    chunked = respond(503, body=Body())
    chunked.body.feed(b"no")
    chunked.body.finish([(b"X", b"1")])
    spent.remember(b"a", chunked, None, 0.0)
    again = spent.answer(b"a", 1.0)
    assert again is not None
    assert (again.body.length, again.body.trailers, again.body.content()) == (None, [(b"X", b"1")], b"no")


@pytest.mark.parametrize(("size", "remembered"), [(16 * 1024, True), (16 * 1024 + 1, False)])
def test_long_answers_are_not_remembered(size: int, remembered: bool) -> None:
    spent = Spent()
    spent.remember(b"a", whole(size, size), None, 0.0)
    assert (spent.answer(b"a", 1.0) is not None) is remembered


@pytest.mark.parametrize(("size", "remembered"), [(2048, True), (2049, False)])
def test_long_names_of_calls_are_not_remembered(size: int, remembered: bool) -> None:
    spent = Spent()
    spent.remember(b"a" * size, whole(1), None, 0.0)
    assert (spent.answer(b"a" * size, 1.0) is not None) is remembered


def test_an_answer_that_is_not_whole_is_not_remembered() -> None:
    spent = Spent()
    spent.remember(b"a", respond(503, body=coming(b"half", 10)), None, 0.0)
    spent.remember(b"b", None, None, 0.0)
    assert (spent.answer(b"a", 1.0), spent.answer(b"b", 1.0)) == (None, None)


def test_a_thousand_calls_are_remembered_the_oldest_goes_first() -> None:
    spent = Spent()
    for n in range(1025):
        spent.remember(b"%d" % n, whole(1), None, 1.0)
    assert len(spent._ends) == 1024
    assert spent.answer(b"0", 1.0) is None
    assert spent.answer(b"1", 1.0) is not None
    assert spent.answer(b"1024", 1.0) is not None


def test_what_is_too_old_goes_with_the_next_that_is_remembered() -> None:
    spent = Spent()
    for n in range(10):
        spent.remember(b"%d" % n, whole(1), None, float(n))
    spent.remember(b"new", whole(1), None, 34.5)
    assert list(spent._ends) == [b"5", b"6", b"7", b"8", b"9", b"new"]


def test_the_latest_end_of_a_call_counts() -> None:
    spent = Spent()
    spent.remember(b"a", whole(1), None, 0.0)
    spent.remember(b"a", None, errors.Reset("gone"), 10.0)
    with pytest.raises(errors.Reset):
        spent.answer(b"a", 39.0)


async def test_an_error_given_again_says_what_all_attempts_have_sent() -> None:
    """The first may have been carried out, the last sent nothing: the app must not take the call for undone."""
    stage = spending(fails(errors.HeadTimeout("late", sent=Sent.MAYBE)), fails(errors.ConnectFailed("refused")))
    for _ in range(2):
        with pytest.raises(errors.ConnectFailed) as raised:
            await stage.call(named(b"id-1"))
        assert raised.value.sent is Sent.MAYBE


def test_a_remembered_error_holds_nothing_of_its_call() -> None:
    """Its traceback would hold the frames, and with them the request, for half a minute and longer."""
    spent = Spent()
    try:
        raise errors.BreakerOpen("x", retry_after=3.0)
    except errors.BreakerOpen as error:
        error.lines = b"X: 1\r\n"
        spent.remember(b"a", None, error, 0.0)
    ((_, kept),) = spent._ends.values()
    assert isinstance(kept, errors.BreakerOpen)
    assert kept.__traceback__ is None
    with pytest.raises(errors.BreakerOpen) as raised:
        spent.answer(b"a", 1.0)
    assert raised.value is not kept
    assert (raised.value.retry_after, raised.value.lines) == (3.0, b"X: 1\r\n")
    assert kept.__traceback__ is None
