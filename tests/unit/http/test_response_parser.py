import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.body import Trailers
from sidecar.core.errors import BadResponse, ResponseIncomplete, SidecarError
from sidecar.core.exchange import Response
from sidecar.core.headers import Headers
from sidecar.http.response_parser import HEAD_LIMIT, ResponseParser
from tests.support.corpus import ANSWERS, LAST_ANSWERS

OK = ANSWERS["length"]


class Reader:
    """Takes down what was read; a body's chunks are joined."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self._body = b""

    def on_interim(self, status: int, reason: bytes, headers: Headers) -> None:
        self.events.append(("interim", status, reason, headers.pairs()))

    def on_response(self, response: Response) -> None:
        fields = [(name, value.strip()) for name, value in response.headers.pairs()]
        self.events.append((response.status, response.reason, fields))
        self._body = b""
        response.body.attach(self)

    def on_whole(self, response: Response) -> None:
        self.on_response(response)
        self.on_complete()

    def on_complete(self) -> None:
        self.events.append("complete")

    def on_broken(self, error: SidecarError) -> None:
        self.events.append(type(error))

    def pause_body(self) -> None:
        raise AssertionError("no sink was slow")

    def resume_body(self) -> None:
        raise AssertionError("no sink was slow")

    def body_data(self, data: bytes) -> None:
        assert data
        self._body += data

    def body_end(self, trailers: Trailers) -> None:
        self.events.append((self._body, trailers))

    def body_failed(self, error: BaseException) -> None:
        self.events.append((self._body, type(error)))


def read(pieces: list[bytes], *, head_only: bool = False, close: bool = False) -> tuple[list[object], bool]:
    """What is told of one answer in these pieces, and whether the connection is reusable."""
    reader = Reader()
    parser = ResponseParser(reader)
    parser.expect(b"HEAD" if head_only else b"GET")
    for piece in pieces:
        parser.feed(piece)
    if close:
        parser.eof(clean=True)
    return reader.events, parser.reusable


@pytest.mark.parametrize("name", [*ANSWERS, *LAST_ANSWERS])
def test_cut_at_every_byte_it_reads_the_same(name: str) -> None:
    message, close = {**ANSWERS, **LAST_ANSWERS}[name], name in LAST_ANSWERS
    whole = read([message], close=close)
    assert whole[0]
    for at in range(1, len(message)):
        assert read([message[:at], message[at:]], close=close) == whole, at
    assert read([message[at : at + 1] for at in range(len(message))], close=close) == whole


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_whole_answers_keep_the_connection(name: str) -> None:
    events, reusable = read([ANSWERS[name]])
    assert (events[-1], reusable) == ("complete", True)


@settings(max_examples=300, deadline=None)
@given(names=st.lists(st.sampled_from(sorted(ANSWERS)), min_size=1, max_size=6), data=st.data())
def test_answers_to_one_request_after_the_other(names: list[str], data: st.DataObject) -> None:
    reader = Reader()
    parser = ResponseParser(reader)
    for name in names:
        head_only = data.draw(st.booleans())
        message = ANSWERS[name]
        if head_only:
            interim = b"" if not message.startswith(b"HTTP/1.1 1") else message[: message.rindex(b"HTTP/1.1 ")]
            message = interim + message[len(interim) :].partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
        at = sorted(data.draw(st.sets(st.integers(1, len(message) - 1), max_size=5)))
        pieces = [message[a:b] for a, b in zip([0, *at], [*at, len(message)], strict=True)]
        reader.events.clear()
        parser.expect(b"HEAD" if head_only else b"GET")
        for piece in pieces:
            parser.feed(piece)
        assert (reader.events, parser.reusable) == read([message], head_only=head_only)
        assert reader.events[-1] == "complete"


@settings(max_examples=500, deadline=None)
@given(data=st.binary(max_size=300), name=st.sampled_from(sorted(ANSWERS)), at=st.integers(0, 300))
def test_it_never_raises(data: bytes, name: str, at: int) -> None:
    message = ANSWERS[name]
    read([message[:at] + data + message[at:], data, message], close=True)


def test_nothing_is_read_that_was_not_asked_for() -> None:
    reader = Reader()
    parser = ResponseParser(reader)
    parser.feed(OK)
    assert (reader.events, parser.reusable, parser.begun) == ([], False, False)


@pytest.mark.parametrize("tail", [b"x", OK, OK[:10]])
@pytest.mark.parametrize("apart", [False, True])
def test_bytes_behind_an_answer_spoil_the_connection_not_the_answer(tail: bytes, apart: bool) -> None:
    for name, message in ANSWERS.items():
        events, reusable = read([message, tail] if apart else [message + tail])
        assert reusable is False, name
        assert [event for event in events if event != BadResponse] == read([message])[0], name


def test_begun_tells_a_dead_connection_from_a_broken_answer() -> None:
    parser = ResponseParser(Reader())
    parser.expect(b"GET")
    assert not parser.begun
    parser.feed(b"H")
    assert parser.begun


@pytest.mark.parametrize("name", ["until-close", "until-close-http10"])
def test_only_a_clean_end_completes_a_body_until_close(name: str) -> None:
    for clean in (True, False):
        reader = Reader()
        parser = ResponseParser(reader)
        parser.expect(b"GET")
        parser.feed(LAST_ANSWERS[name])
        parser.eof(clean=clean)
        assert reader.events[-1] == ("complete" if clean else ResponseIncomplete)


def test_the_bytes_behind_101_are_kept() -> None:
    reader = Reader()
    parser = ResponseParser(reader)
    parser.expect(b"GET")
    parser.feed(LAST_ANSWERS["unasked-101"])
    assert parser.leftover == b"hello"


@pytest.mark.parametrize(
    "piece", [b"X-A: y\r\n", b"HTTP/1.1 103 x\r\n\r\n", b"x"], ids=["fields", "interim-answers", "one-value"]
)
def test_a_head_without_end_is_given_up(piece: bytes) -> None:
    reader = Reader()
    parser = ResponseParser(reader)
    parser.expect(b"GET")
    if not piece.startswith(b"HTTP"):
        parser.feed(b"HTTP/1.1 200 OK\r\n" + (b"X: " if piece == b"x" else b""))
    for _ in range(HEAD_LIMIT // 1000 + 2):
        if BadResponse not in reader.events:
            parser.feed(piece * (1000 // len(piece) + 1))
    assert reader.events[-1] is BadResponse
    assert sum(event is BadResponse for event in reader.events) == 1


@pytest.mark.parametrize("name", sorted(LAST_ANSWERS.keys() - {"unasked-101"}))
def test_broken_and_last_answers_do_not_keep_the_connection(name: str) -> None:
    assert read([LAST_ANSWERS[name]], close=True)[1] is False
