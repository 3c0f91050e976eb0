"""Requests with a body: sent again from the start as long as every byte is still here."""

from typing import Any

import pytest

from sidecar.core import errors
from sidecar.core.body import Body, Trailers
from sidecar.core.errors import Sent, Superseded
from sidecar.core.exchange import Exchange, Response
from tests.unit.policies.stage import ask
from tests.unit.policies.tries import Step, Tries, answers, fails


class Upload:
    """A provider's side of a request body, as the wire has it: one sink for each send."""

    def __init__(self, body: Body) -> None:
        self.data = b""
        self.ends: list[object] = []
        body.attach(self)

    def body_data(self, data: bytes) -> None:
        self.data += data

    def body_end(self, trailers: Trailers) -> None:
        self.ends.append("end")

    def body_failed(self, error: BaseException) -> None:
        self.ends.append(error)


class Uploading(Tries):
    """Attaches the request body at each send; ``pieces`` come from the app in the n-th send."""

    def __init__(self, body: Body, pieces: list[list[bytes]], *steps: Step, **wanted: Any) -> None:
        super().__init__(*steps, **wanted)
        self.body = body
        self.pieces = pieces
        self.uploads: list[Upload] = []

    async def _send(self, exchange: Exchange) -> Response:
        self.uploads.append(Upload(self.body))
        for piece in self.pieces.pop(0) if self.pieces else []:
            if piece:
                self.body.feed(piece)
            else:
                self.body.finish()
        try:
            return await super()._send(exchange)
        except errors.Reset:
            self.body.detach()  # as the connection does when it ends
            raise


def put(body: Body) -> Exchange:
    exchange = ask(method=b"PUT")
    exchange.body = body
    return exchange


def reset() -> Step:
    return fails(errors.Reset("gone", sent=Sent.MAYBE))


async def test_a_whole_body_is_sent_again() -> None:
    body = Body.of(b"abc")
    stage = Uploading(body, [], reset())
    await stage.call(put(body))
    assert [(one.data, one.ends) for one in stage.uploads] == [(b"abc", ["end"]), (b"abc", ["end"])]


async def test_a_body_that_is_still_coming_is_sent_from_the_start_and_then_as_it_comes() -> None:
    body = Body(length=9)
    body.feed(b"abc")
    stage = Uploading(body, [[b"def"], [b"ghi", b""]], reset())
    await stage.call(put(body))
    assert [(one.data, one.ends) for one in stage.uploads] == [(b"abcdef", []), (b"abcdefghi", ["end"])]


async def test_what_comes_during_the_wait_is_sent_too() -> None:
    body = Body()

    class Meanwhile(Uploading):
        async def _sleep(self, seconds: float) -> None:
            body.feed(b"more")
            body.finish()
            await super()._sleep(seconds)

    stage = Meanwhile(body, [[b"some"]], reset())
    await stage.call(put(body))
    assert [(one.data, one.ends) for one in stage.uploads] == [(b"some", []), (b"somemore", ["end"])]


@pytest.mark.parametrize(
    ("length", "cap", "sends"), [(10, 10, 2), (11, 10, 1), (None, 10, 2), (None, 9, 1), (10, 0, 1)]
)
async def test_bodies_over_the_cap_are_sent_once_and_counted(length: int | None, cap: int, sends: int) -> None:
    body = Body(length=length)
    stage = Uploading(body, [[b"12345", b"67890"], [b""]], reset(), body_bytes=cap)
    exchange = put(body)
    if sends == 2:
        await stage.call(exchange)
    else:
        with pytest.raises(errors.Reset):
            await stage.call(exchange)
        assert exchange.notes == {"retry_refused": "body"}
        assert body.chunks == []
    assert len(stage.sends) == sends
    assert stage.refused == ({} if sends == 2 else {"body": 1})
    assert stage.uploads[0].data == b"1234567890"


async def test_a_long_body_of_which_nothing_was_sent_may_be_sent() -> None:
    """Over the cap, but the connection was refused before a byte of it left."""
    body = Body(length=1 << 30)
    body.feed(b"start")
    stage = Tries(fails(errors.ConnectFailed("refused")), body_bytes=10)
    assert (await stage.call(put(body))).status == 200


async def test_a_body_that_was_not_kept_is_not_harmless() -> None:
    body = Body(length=1 << 30)
    stage = Uploading(body, [[b"x"]], answers(503), body_bytes=10)
    assert (await stage.call(put(body))).status == 503
    assert stage.refused == {"body": 1}


async def test_an_upload_that_the_app_broke_off_is_not_sent_again() -> None:
    body = Body(length=10)
    gone = errors.ClientGone("the app closed the connection inside its request")
    stage = Uploading(body, [[b"half"]], fails(gone))
    with pytest.raises(errors.ClientGone):
        await stage.call(put(body))
    assert len(stage.sends) == 1


async def test_an_answer_that_came_early_ends_its_upload_before_the_next_begins() -> None:
    """Two connections held the same body: when the first closed, it took the body from the second."""
    body = Body(length=9)
    stage = Uploading(body, [[b"abc"], [b"def", b"ghi", b""]], answers(503, body=Body.of(b"no")))
    assert (await stage.call(put(body))).status == 200
    first, second = stage.uploads
    assert (first.data, [type(end) for end in first.ends]) == (b"abc", [Superseded])
    assert (second.data, second.ends) == (b"abcdefghi", ["end"])


async def test_an_early_answer_that_is_the_last_leaves_the_upload_alone() -> None:
    body = Body(length=9)
    stage = Uploading(body, [[b"abc"]], answers(413))
    assert (await stage.call(put(body))).status == 413
    assert stage.uploads[0].ends == []
    assert body.sink is stage.uploads[0]


async def test_trailers_are_sent_again() -> None:
    body = Body()
    body.feed(b"x")
    body.finish([(b"X", b"1")])
    seen: list[Trailers] = []

    class Last(Upload):
        def body_end(self, trailers: Trailers) -> None:
            seen.append(trailers)

    class Sends(Tries):
        async def _send(self, exchange: Exchange) -> Response:
            Last(body)
            return await super()._send(exchange)

    await Sends(reset()).call(put(body))
    assert seen == [[(b"X", b"1")]] * 2


async def test_a_call_without_a_body_remembers_nothing() -> None:
    exchange = ask(method=b"PUT")
    assert (await Tries(answers(503)).call(exchange)).status == 200
    assert exchange.body is None
