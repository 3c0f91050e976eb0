import asyncio
import gzip
import tracemalloc
import zlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core.body import Body
from sidecar.core.errors import ClientGone, Draining, ResponseIncomplete, Sent
from sidecar.core.exchange import Exchange, Response
from sidecar.policies import attempt
from sidecar.policies.json_reader import NOT_JSON, OTHER, UNREAD, JsonReader
from sidecar.rules.predicate import ABSENT
from tests.support.leaping_loop import leap
from tests.support.still import turn
from tests.unit.policies.stage import Stage, ask, respond

JSON = (b"Content-Type", b"application/json")
DOCUMENT = {"errors": [{"message": "no"}]}
TEXT = b'{"errors": [{"message": "no"}]}'


class Sink:
    """What reaches the app."""

    def __init__(self) -> None:
        self.data = b""
        self.end: object = None

    def body_data(self, data: bytes) -> None:
        self.data += data

    def body_end(self, trailers: object) -> None:
        self.end = "complete"

    def body_failed(self, error: BaseException) -> None:
        self.end = error


class Source:
    """Takes down whether it is paused."""

    paused = False

    def pause_body(self) -> None:
        self.paused = True

    def resume_body(self) -> None:
        self.paused = False


class Scene:
    """A reader with this limit. ``closed``: the errors with which answers were closed."""

    def __init__(self, limit: int = 100) -> None:
        self.stage = Stage()
        self.reader = JsonReader(limit, self.stage.site)
        self.exchange = ask()
        self.closed: list[BaseException | None] = []

    @property
    def unread(self) -> int:
        return self.stage.site.provider_stats.policies.unread

    async def read(self, response: Response) -> Any:
        response.closers.append(self._close)
        return await self.reader.read(self.exchange, response)

    def _close(self, exchange: Exchange, response: Response, error: BaseException | None) -> None:
        assert exchange is self.exchange
        self.closed.append(error)


def json(*headers: tuple[bytes, bytes], body: Body | bytes = TEXT) -> Response:
    return respond(200, JSON, *headers, body=Body.of(body) if isinstance(body, bytes) else body)


# ---- which answers are read ----


@pytest.mark.parametrize(
    ("kind", "read"),
    [
        (b"application/json", True),
        (b"Application/JSON", True),
        (b"application/json; charset=utf-8", True),
        (b"application/json;charset=utf-8", True),
        (b"application/problem+json", True),
        (b"application/vnd.api+json; ext=x", True),
        (b"application/x-amz-json-1.0", True),
        (b"application/json-seq", False),
        (b"application/x-ndjson", False),
        (b"application/stream+json", False),
        (b"text/event-stream", False),
        (b"text/html", False),
        (b"application/json, application/json", False),
        (b"", False),
    ],
)
async def test_json_is_told_by_its_media_type(kind: bytes, read: bool) -> None:
    scene = Scene()
    response = respond(200, (b"Content-Type", kind), body=Body.of(TEXT))
    assert await scene.read(response) == (DOCUMENT if read else OTHER)
    assert scene.unread == 0


async def test_an_answer_that_names_no_type_is_no_json() -> None:
    assert await Scene().read(respond(200, body=Body.of(TEXT))) is OTHER


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", 200), (b"GET", 204), (b"GET", 304), (b"GET", 101)])
async def test_answers_without_a_body_are_not_read(method: bytes, status: int) -> None:
    scene = Scene()
    scene.exchange.method = method
    assert await scene.read(respond(status, JSON)) is OTHER


@pytest.mark.parametrize(
    ("text", "document"),
    [
        (b"", ABSENT),
        (b"null", None),
        (b"[1]", [1]),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b"<html>", NOT_JSON),
        (b'{"a": 1', NOT_JSON),
        (b'{"a": 1} x', NOT_JSON),
        (b'{"a": NaN}', NOT_JSON),
        (b'"\xff"', NOT_JSON),
        (b"\xef\xbb\xbf", NOT_JSON),
        (b"[" * 5000 + b"]" * 5000, NOT_JSON),
    ],
)
async def test_what_is_read(text: bytes, document: object) -> None:
    scene = Scene(20_000)
    found = await scene.read(json(body=text))
    assert found is document or found == document
    assert scene.unread == 0


# ---- how much is read ----


async def test_a_declared_length_above_the_limit_is_not_waited_for() -> None:
    scene = Scene(100)
    source = Source()
    assert await scene.read(json(body=Body(source, length=101))) is UNREAD
    assert (scene.unread, source.paused, scene.closed) == (1, False, [])


@pytest.mark.parametrize("declared", [False, True])
@pytest.mark.parametrize(("size", "read"), [(100, True), (101, False)])
async def test_a_body_that_is_whole_is_measured(size: int, read: bool, declared: bool) -> None:
    scene, body = Scene(100), Body(length=size if declared else None)
    body.feed(b'"' + b"x" * (size - 2) + b'"')
    body.finish()
    assert (await scene.read(json(body=body)) is not UNREAD) is read
    assert scene.unread == (0 if read else 1)
    assert len(body.content()) == size


async def test_a_body_in_pieces_is_held_until_it_is_whole() -> None:
    scene, body = Scene(), Body()
    task = asyncio.create_task(scene.read(json(body=body)))
    for start in range(len(TEXT)):
        body.feed(TEXT[start : start + 1])
        await asyncio.sleep(0)
        assert not task.done()
    body.finish([(b"X-Trailer", b"1")])
    assert await task == DOCUMENT
    assert (body.content(), body.trailers, body.replayable) == (TEXT, [(b"X-Trailer", b"1")], True)


async def test_a_body_that_grows_above_the_limit_goes_on_unread_and_unchanged() -> None:
    scene, source, sink = Scene(10), Source(), Sink()
    body = Body(source)
    response = json(body=body)
    task = asyncio.create_task(scene.read(response))
    await turn()
    body.feed(b"[1, 2,")
    body.feed(b" 3, 4,")
    assert source.paused
    assert await task is UNREAD
    assert (scene.unread, scene.closed) == (1, [])
    body.attach(sink)
    assert not source.paused
    body.feed(b" 5]")
    body.finish()
    assert (sink.data, sink.end) == (b"[1, 2, 3, 4, 5]", "complete")


def test_nothing_is_held_past_the_deadline() -> None:
    async def main() -> None:
        scene = Scene()
        scene.stage.now = asyncio.get_running_loop().time()
        scene.exchange.deadline = scene.stage.now + 3.0
        body = Body()
        body.feed(b"{")
        response = json(body=body)
        assert await scene.read(response) is UNREAD
        assert asyncio.get_running_loop().time() == 103.0
        assert (scene.unread, scene.closed, body.content()) == (1, [], b"{")

    leap(main())


async def test_a_call_without_time_left_holds_nothing() -> None:
    scene = Scene()
    scene.exchange.deadline = scene.stage.now
    assert await scene.read(json(body=Body())) is UNREAD
    assert await scene.read(json()) == DOCUMENT  # it is here: reading it takes no time


# ---- content codings ----


def deflate(data: bytes, bits: int) -> bytes:
    packer = zlib.compressobj(wbits=bits)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        (b"gzip", gzip.compress(TEXT)),
        (b"GZip ", gzip.compress(TEXT)),
        (b"x-gzip", gzip.compress(TEXT)),
        (b"deflate", zlib.compress(TEXT)),
        (b"deflate", deflate(TEXT, -15)),
        (b"identity", TEXT),
    ],
)
async def test_codings_that_are_undone(coding: bytes, content: bytes) -> None:
    response = json((b"Content-Encoding", coding), body=content)
    assert await Scene().read(response) == DOCUMENT
    assert response.body.content() == content


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        (b"br", TEXT),
        (b"zstd", TEXT),
        (b"gzip, gzip", gzip.compress(gzip.compress(TEXT))),
        (b"gzip", TEXT),
        (b"gzip", gzip.compress(TEXT)[:-1]),
        (b"gzip", gzip.compress(TEXT)[:-9] + b"123456789"),
        (b"deflate", zlib.compress(TEXT)[:-1]),
        (b"gzip", gzip.compress(b'"' + b"x" * 99 + b'"')),
        (b"gzip", gzip.compress(b"[" + b" " * 100_000 + b"]")),
    ],
    ids=["br", "zstd", "twice", "none", "cut", "broken", "cut deflate", "one byte too long", "bomb"],
)
async def test_codings_that_pass_unread(coding: bytes, content: bytes) -> None:
    scene = Scene(200 if len(content) > 100 else 100)
    response = json((b"Content-Encoding", coding), body=content)
    assert await scene.read(response) is UNREAD
    assert (scene.unread, response.body.content()) == (1, content)


async def test_a_bomb_is_not_unpacked() -> None:
    """20 KB that would become 20 MB."""
    response = json((b"Content-Encoding", b"gzip"), body=gzip.compress(b" " * 20_000_000))
    tracemalloc.start()
    try:
        assert await Scene(64 * 1024).read(response) is UNREAD
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


async def test_an_empty_body_has_no_coding() -> None:
    assert await Scene().read(json((b"Content-Encoding", b"gzip"), body=b"")) is ABSENT


# ---- what may happen while it is held ----


async def test_a_body_that_breaks_off_ends_the_attempt_and_is_told() -> None:
    stage = Stage()
    body, closed = Body(), []
    stage.script = [json(body=body)]
    reader = JsonReader(100, stage.site)
    exchange = ask()
    response = await stage.build(attempt.POLICY)(exchange)
    response.closers.append(lambda exchange, response, error: closed.append(error))
    task = asyncio.create_task(reader.read(exchange, response))
    await turn()
    body.feed(b'{"half')
    stage.now = 104.0
    error = ResponseIncomplete("half")
    body.fail(error)
    with pytest.raises(ResponseIncomplete) as raised:
        await task
    assert raised.value is error
    assert error.sent is Sent.MAYBE
    (made,) = exchange.attempts
    assert (made.error, made.outcome, made.sent, made.ended) == (
        "response_incomplete", "network_error", Sent.MAYBE, 104.0,
    )  # fmt: skip
    response.close(exchange, None)
    assert closed == [error]
    assert stage.site.provider_stats.policies.unread == 0


async def test_a_body_that_broke_off_before_is_told_as_well() -> None:
    scene, body, error = Scene(), Body(), ResponseIncomplete("half")
    body.fail(error)
    with pytest.raises(ResponseIncomplete):
        await scene.read(json(body=body))
    assert scene.closed == [error]


async def test_a_foreign_error_is_told_as_it_is() -> None:
    scene, body = Scene(), Body()
    body.fail(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        await scene.read(json(body=body))


@pytest.mark.parametrize(("why", "told"), [(None, ClientGone), (Draining("down"), Draining)])
async def test_an_app_that_leaves_ends_the_attempt(why: Any, told: type[Exception]) -> None:
    scene, body = Scene(), Body()
    response = json(body=body)
    task = asyncio.create_task(scene.read(response))
    await turn()
    scene.exchange.error = why
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert [type(error) for error in scene.closed] == [told]
    assert body.waiter is None
    response.close(scene.exchange, None)
    assert len(scene.closed) == 1


# ---- nothing is changed ----


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
        max_leaves=8,
    ),
    st.lists(st.integers(1, 20), max_size=10),
    st.booleans(),
    st.booleans(),
)
def test_the_app_gets_every_byte_however_it_came(document: Any, cuts: list[int], packed: bool, declared: bool) -> None:
    async def main() -> None:
        content = orjson.dumps(document)
        content = gzip.compress(content) if packed else content
        scene, sink = Scene(60), Sink()
        body = Body(Source(), length=len(content) if declared else None)
        response = json(*([(b"Content-Encoding", b"gzip")] if packed else []), body=body)
        task = asyncio.create_task(scene.read(response))
        at = 0
        for size in [*cuts, len(content)]:
            await asyncio.sleep(0)
            if content[at : at + size]:
                body.feed(content[at : at + size])
            at += size
        body.finish()
        found = await task
        assert found is UNREAD or found == document
        assert (found is UNREAD) is (len(content) > 60 or len(orjson.dumps(document)) > 60)
        body.attach(sink)
        assert (sink.data, sink.end) == (content, "complete")

    asyncio.run(main())
