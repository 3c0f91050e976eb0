"""The app leaves, at every point where the call waits: nothing is left behind."""

import asyncio
from collections.abc import Callable

import pytest

from sidecar.core import errors
from sidecar.core.body import Body
from sidecar.core.errors import ClientGone, Sent, Superseded
from sidecar.core.exchange import Exchange, Response
from sidecar.policies import retry
from tests.unit.policies.stage import ask
from tests.unit.policies.tries import Step, Tries, answers, coming, fails, until


class Walk(Tries):
    """Waits a turn of the loop wherever a real call would wait; bodies of answers grow a piece each turn."""

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        await super()._sleep(seconds)
        await asyncio.sleep(0)

    async def _send(self, exchange: Exchange) -> Response:
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        response = await super()._send(exchange)
        if not response.body.ended:
            asyncio.get_running_loop().call_soon(self._grow, response.body, 4)
        return response

    def _grow(self, body: Body, pieces: int) -> None:
        if body.ended:
            return
        if pieces:
            body.feed(b"x")
            asyncio.get_running_loop().call_soon(self._grow, body, pieces - 1)
        elif body.length == 5:
            body.fail(errors.ResponseIncomplete("broken", sent=Sent.MAYBE))
        else:
            body.finish()


STORIES: dict[str, Callable[[], list[Step]]] = {
    "error, answer": lambda: [fails(errors.ConnectFailed("x"))],
    "503, answer": lambda: [answers(503), answers(429, (b"Retry-After", b"2"))],
    "held, answer": lambda: [answers(503, body=coming(length=4)), answers(200, body=coming(length=4))],
    "broken, broken, held": lambda: [
        answers(200, body=coming(length=5)),
        answers(503, body=coming(length=5)),
        answers(200, body=coming(length=4)),
    ],
    "stream put aside": lambda: [
        answers(503, (b"Content-Type", b"text/event-stream"), body=coming()),
        answers(200, (b"Content-Type", b"text/event-stream"), body=coming()),
    ],
    "chunked": lambda: [answers(200, body=coming())],
}


@pytest.mark.parametrize("story", STORIES)
async def test_cancelled_at_every_await(story: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer of the provider is closed exactly once, whenever the app leaves, and the call is cancelled."""
    monkeypatch.setattr(retry, "_CHUNKED_WITHIN", 60.0)
    cancelled = 0
    for turns in range(200):
        stage, exchange = Walk(*STORIES[story]()), ask()
        task = asyncio.get_running_loop().create_task(stage.call(exchange))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.done():
            (await task).close(exchange, None)
            assert [len(ends) for ends in stage.ends] == [1] * len(stage.ends)
            break
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        cancelled += 1
        assert [len(ends) for ends in stage.ends] == [1] * len(stage.given), (turns, stage.ends)
        for ends in stage.ends:
            assert ends[0] is None or isinstance(ends[0], Superseded | ClientGone | errors.ResponseIncomplete)
        assert all(made.ended for made in exchange.attempts)
    else:
        pytest.fail("the story never ended")
    assert cancelled > 3


async def test_a_held_answer_is_closed_as_the_apps_leaving_not_as_the_providers_fault() -> None:
    stage, exchange = Tries(answers(200, body=coming(b"half", 8))), ask()
    task = asyncio.get_running_loop().create_task(stage.call(exchange))
    await until(lambda: stage.given)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    ((why,),) = stage.ends
    assert isinstance(why, ClientGone)
    assert exchange.attempts[0].error == "canceled"
