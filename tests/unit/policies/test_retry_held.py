"""Short answers are held until they are whole, so that one that breaks off is asked for again."""

import asyncio
from typing import Any

import pytest

from sidecar.core import errors
from sidecar.core.body import Body, Trailers
from sidecar.core.errors import Outcome, Sent, Superseded
from sidecar.core.exchange import Exchange, Response
from sidecar.policies import retry
from tests.support.still import turn
from tests.unit.policies.stage import ask
from tests.unit.policies.tries import Tries, answers, coming, fails, post

EVENTS = (b"Content-Type", b"text/event-stream")


class Sink:
    """The app's side: what reached it."""

    def __init__(self) -> None:
        self.data = b""
        self.end: object = None

    def body_data(self, data: bytes) -> None:
        self.data += data

    def body_end(self, trailers: Trailers) -> None:
        self.end = trailers

    def body_failed(self, error: BaseException) -> None:
        self.end = error


class Call:
    """A call under way. ``body``: that of the provider's first answer."""

    def __init__(self, stage: Tries, exchange: Exchange, left: float = 8.0) -> None:
        self.stage = stage
        self.exchange = exchange
        step = stage.steps[0].gives
        assert isinstance(step, Response)
        self.body = step.body
        self.task = asyncio.get_running_loop().create_task(stage.call(exchange, left))

    async def held(self) -> bool:
        """Whether the app still waits for its answer."""
        await turn()
        return not self.task.done()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunked answers have a minute: a slow machine must not end it."""
    monkeypatch.setattr(retry, "_CHUNKED_WITHIN", 60.0)


def call(
    body: Body, *headers: tuple[bytes, bytes], exchange: Exchange | None = None, status: int = 200, **wanted: Any
) -> Call:
    return Call(Tries(answers(status, *headers, body=body), **wanted), exchange or ask())


# ---- what is held ----


@pytest.mark.parametrize("status", [200, 404, 500, 503])
async def test_an_answer_with_a_length_is_held_until_it_is_whole(status: int) -> None:
    """Whatever its status: every answer may break off."""
    made = call(coming(b"123", 6), status=status, attempts=1)
    assert await made.held()
    made.body.feed(b"456")
    made.body.finish()
    response = await made.task
    assert (response.status, response.body.content(), response.body.replayable) == (status, b"123456", True)


@pytest.mark.parametrize(("length", "held"), [(1000, True), (1001, False), (1 << 40, False)])
async def test_up_to_hold_bytes(length: int, held: bool) -> None:
    made = call(coming(b"1", length), hold_bytes=1000)
    assert await made.held() is held
    made.body.finish()
    await made.task


async def test_hold_bytes_0_holds_nothing() -> None:
    for body in (coming(b"", 1), coming()):
        assert not await call(body, hold_bytes=0).held()


@pytest.mark.usefixtures("patient")
async def test_a_chunked_answer_that_ends_soon_is_held() -> None:
    made = call(coming(b"12"))
    assert await made.held()
    made.body.feed(b"34")
    made.body.finish([(b"X", b"1")])
    response = await made.task
    assert (response.body.content(), response.body.trailers, response.body.length) == (b"1234", [(b"X", b"1")], None)


async def test_a_chunked_answer_that_goes_on_is_passed_on_as_it_comes() -> None:
    """Within 20 ms of its head, whatever time the call has left."""
    made = Call(Tries(answers(200, body=coming(b"12"))), ask(), left=float("inf"))
    async with asyncio.timeout(5):
        response = await made.task
    assert not response.body.ended
    sink = Sink()
    response.body.attach(sink)
    made.body.feed(b"34")
    made.body.finish()
    assert (sink.data, sink.end) == (b"1234", [])


@pytest.mark.usefixtures("patient")
async def test_a_chunked_answer_larger_than_hold_bytes_is_passed_on_at_once() -> None:
    made = call(coming(b"1" * 600), hold_bytes=1000)
    assert await made.held()
    made.body.feed(b"2" * 401)
    assert not await made.held()
    sink = Sink()
    (await made.task).body.attach(sink)
    assert len(sink.data) == 1001


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize(
    "kind",
    [b"text/event-stream", b"Text/Event-Stream; charset=utf-8", b"application/x-ndjson", b"multipart/mixed; x=y"],
)
async def test_streams_are_never_held(kind: bytes) -> None:
    assert not await call(coming(b"data: 1\n\n"), (b"Content-Type", kind)).held()
    assert not await call(coming(b"data: 1\n\n"), (b"Content-Type", kind), status=503, attempts=1).held()


async def test_a_tunnel_is_never_held() -> None:
    for body in (coming(), coming(b"", 5)):
        stage = Tries(answers(101, body=body))
        stage.steps[0].gives.tunnel = object()  # type: ignore[union-attr]
        assert not await Call(stage, ask()).held()


@pytest.mark.parametrize(
    ("key", "unsafe", "status", "held"),
    [
        (None, "never", 200, False),  # it could not be asked for again
        (b"k", "never", 200, False),
        (b"k", "with_key", 200, True),
        (None, "always", 200, True),
        (None, "never", 404, False),
        (None, "never", 503, True),  # retried if the provider says so: then it is put aside whole
        (None, "never", 429, True),
    ],
)
async def test_an_answer_to_a_post_is_held_when_it_may_be_retried(
    key: bytes | None, unsafe: str, status: int, held: bool
) -> None:
    made = call(coming(b"1", 2), exchange=post(key=key), status=status, unsafe=unsafe, attempts=1)
    assert await made.held() is held
    made.body.feed(b"2")
    made.body.finish()
    await made.task


@pytest.mark.parametrize(
    ("on", "held"), [(["429"], False), (["connect", "503"], False), (["reset"], True), (["timeout"], True)]
)
async def test_nothing_is_held_where_a_broken_answer_would_not_be_retried(on: list[str], held: bool) -> None:
    assert await call(coming(b"1", 2), on=on).held() is held


async def test_an_answer_to_a_body_that_cannot_be_sent_again_is_not_held() -> None:
    exchange = ask(method=b"PUT")
    exchange.body = Body(length=5)
    exchange.body.streamed = True
    assert not await call(coming(b"1", 2), exchange=exchange).held()


async def test_an_answer_is_held_no_longer_than_to_the_deadline() -> None:
    made = Call(Tries(answers(200, body=coming(b"12", 4))), ask(), left=0.01)
    response = await made.task
    assert not response.body.ended
    sink = Sink()
    response.body.attach(sink)
    assert sink.data == b"12"


def test_a_chunked_answer_has_20_milliseconds() -> None:
    assert retry._CHUNKED_WITHIN == 0.02


async def test_without_a_deadline_an_answer_is_held_as_long_as_it_takes() -> None:
    made = Call(Tries(answers(200, body=coming(b"12", 4))), ask(), left=float("inf"))
    assert await made.held()
    made.body.feed(b"34")
    made.body.finish()
    assert (await made.task).body.content() == b"1234"


async def test_a_deadline_that_has_passed_holds_nothing() -> None:
    made = Call(Tries(answers(200, body=coming(b"12", 4), takes=9.0)), ask(), left=8.0)
    assert not (await made.task).body.ended


# ---- what breaks off ----


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("length", [6, None])
@pytest.mark.parametrize("status", [200, 404, 503])
async def test_an_answer_that_breaks_off_while_held_is_asked_for_again(length: int | None, status: int) -> None:
    made = call(coming(b"123", length), status=status)
    assert await made.held()
    broken = errors.ResponseIncomplete("half", sent=Sent.MAYBE)
    made.body.fail(broken)
    response = await made.task
    assert (response.status, response.outcome) == (200, Outcome.SUCCESS)
    first, second = made.exchange.attempts
    assert (first.error, first.sent, first.outcome) == ("response_incomplete", Sent.MAYBE, Outcome.NETWORK_ERROR)
    assert second.error is None
    assert made.stage.retries == {"reset": 1}
    assert made.stage.ends == [[broken], []]
    response.close(made.exchange, None)
    assert made.stage.ends == [[broken], [None]]


async def test_a_body_that_stalls_while_held_is_a_timeout() -> None:
    made = call(coming(b"123", 6))
    assert await made.held()
    made.body.fail(errors.IdleTimeout("stalled", sent=Sent.MAYBE))
    assert (await made.task).status == 200
    assert made.stage.retries == {"timeout": 1}


async def test_an_answer_that_breaks_off_at_the_last_attempt_is_an_error() -> None:
    made = call(coming(b"123", 6), attempts=1)
    assert await made.held()
    broken = errors.ResponseIncomplete("half", sent=Sent.MAYBE)
    made.body.fail(broken)
    with pytest.raises(errors.ResponseIncomplete):
        await made.task
    assert made.stage.ends == [[broken]]
    assert made.stage.refused == {"attempts": 1}


async def test_an_answer_to_an_unsafe_call_that_breaks_off_is_not_asked_for_again() -> None:
    """Held because it is a 503; but half a 503 does not say that nothing was done."""
    made = call(coming(b"123", 6), (b"Retry-After", b"1"), exchange=post(), status=503)
    assert await made.held()
    made.body.fail(errors.ResponseIncomplete("half", sent=Sent.MAYBE))
    with pytest.raises(errors.ResponseIncomplete) as raised:
        await made.task
    assert raised.value.sent is Sent.MAYBE
    assert made.stage.refused == {"unsafe": 1}


async def test_an_answer_that_breaks_off_after_it_was_passed_on_is_the_apps() -> None:
    made = call(coming(b"123"), EVENTS)
    response = await made.task
    sink = Sink()
    response.body.attach(sink)
    broken = errors.ResponseIncomplete("half")
    made.body.fail(broken)
    assert (sink.data, sink.end) == (b"123", broken)
    assert len(made.stage.sends) == 1


async def test_a_failure_that_is_none_of_ours_is_raised_as_it_is() -> None:
    made = call(coming(b"123", 6))
    assert await made.held()
    made.body.fail(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await made.task
    assert [len(ends) for ends in made.stage.ends] == [1]


# ---- what is put aside ----


async def test_a_whole_answer_is_over_for_the_inner_policies_before_the_wait() -> None:
    """Its slot is free again while the retry waits; the answer itself may still be given to the app."""
    seen: list[list[list[BaseException | None]]] = []

    class Sleeper(Tries):
        async def _sleep(self, seconds: float) -> None:
            seen.append([list(ends) for ends in self.ends])
            await super()._sleep(seconds)

    stage = Sleeper(answers(503, body=Body.of(b"no")), fails(errors.ConnectFailed("x")), attempts=2)
    exchange = ask()
    response = await stage.call(exchange)
    assert seen == [[[None]]]
    assert (response.status, response.body.content(), response.closed) == (503, b"no", False)
    outer: list[BaseException | None] = []
    response.closers.append(lambda _exchange, _response, error: outer.append(error))
    response.close(exchange, None)
    response.close(exchange, None)
    assert (stage.ends, outer) == ([[None]], [None])
    assert exchange.attempts[0].ended == 100.0


async def test_an_answer_that_goes_on_is_closed_before_the_wait() -> None:
    stage = Tries(answers(503, EVENTS, body=coming(b"data")))
    exchange = ask()
    first = stage.steps[0].gives
    assert isinstance(first, Response)
    assert (await stage.call(exchange)).status == 200
    ((why,), _) = stage.ends
    assert isinstance(why, Superseded)
    assert first.closed
    assert exchange.attempts[0].error is None  # nobody's failure


async def test_a_long_answer_hides_no_earlier_one() -> None:
    """503 whole, 503 as a stream, then nothing: the app gets the first, not an error of ours."""
    stage = Tries(
        answers(503, body=Body.of(b"first")),
        answers(503, EVENTS, body=coming(b"second")),
        fails(errors.ConnectFailed("x")),
    )
    response = await stage.call(ask())
    assert (response.status, response.body.content()) == (503, b"first")
    assert [len(ends) for ends in stage.ends] == [1, 1]


async def test_the_last_answer_is_given_even_when_it_goes_on() -> None:
    stage = Tries(answers(503, body=Body.of(b"first")), answers(503, EVENTS, body=coming(b"second")), attempts=2)
    response = await stage.call(ask())
    assert not response.body.ended
    assert response.body.chunks == [b"second"]
    assert stage.ends == [[None], []]
