import pytest

from sidecar.core.body import Body
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.http.answer import (
    BODILESS,
    CHUNKED,
    COUNTED,
    UNTIL_CLOSE,
    framing_of,
    head_of,
    interim_head,
    last_chunk,
    switching_head,
    whole,
)


def exchange(method: bytes = b"GET", *, http10: bool = False) -> Exchange:
    made = Exchange(method, b"/", Headers(), None, "", 0.0)
    made.http10 = http10
    return made


def response(status: int = 200, length: int | None = None, fields: list[tuple[bytes, bytes]] | None = None) -> Response:
    return Response(status, b"", Headers.of(fields or []), Body(length=length))


@pytest.mark.parametrize(
    ("method", "status", "length", "http10", "framing"),
    [
        (b"GET", 200, 5, False, COUNTED),
        (b"GET", 200, 0, False, COUNTED),
        (b"GET", 200, 5, True, COUNTED),
        (b"GET", 200, None, False, CHUNKED),
        (b"GET", 200, None, True, UNTIL_CLOSE),
        (b"POST", 500, None, False, CHUNKED),
        (b"HEAD", 200, 5, False, BODILESS),
        (b"HEAD", 200, None, True, BODILESS),
        (b"GET", 204, None, False, BODILESS),
        (b"GET", 304, None, False, BODILESS),
        (b"GET", 304, 5, True, BODILESS),
    ],
)
def test_framing(method: bytes, status: int, length: int | None, http10: bool, framing: int) -> None:
    assert framing_of(exchange(method, http10=http10), response(status, length)) == framing


@pytest.mark.parametrize(
    ("framing", "http10", "keep_alive", "lines"),
    [
        (COUNTED, False, True, b""),
        (COUNTED, False, False, b"Connection: close\r\n"),
        (COUNTED, True, True, b"Connection: keep-alive\r\n"),
        (COUNTED, True, False, b"Connection: close\r\n"),
        (CHUNKED, False, True, b"Transfer-Encoding: chunked\r\n"),
        (CHUNKED, False, False, b"Transfer-Encoding: chunked\r\nConnection: close\r\n"),
        (UNTIL_CLOSE, True, False, b"Connection: close\r\n"),
        (BODILESS, False, True, b""),
    ],
)
def test_the_lines_that_speak_of_this_connection(framing: int, http10: bool, keep_alive: bool, lines: bytes) -> None:
    answer = response(299)
    answer.lines = b"Via: x\r\n"
    head = head_of(exchange(http10=http10), answer, framing, keep_alive=keep_alive)
    assert head == b"HTTP/1.1 299 \r\nVia: x\r\n" + lines + b"\r\n"


@pytest.mark.parametrize(
    ("status", "fields", "left"),
    [
        (200, [(b"Content-Length", b"5"), (b"A", b"1")], b"Content-Length: 5\r\nA: 1\r\n"),
        (200, [(b"Connection", b"a, b"), (b"A", b"1"), (b"C", b"2")], b"C: 2\r\n"),
        (200, [(b"Transfer-Encoding", b"chunked"), (b"Keep-Alive", b"5")], b""),
        (204, [(b"Content-Length", b"0"), (b"A", b"1")], b"A: 1\r\n"),
        (304, [(b"Content-Length", b"9")], b"Content-Length: 9\r\n"),
    ],
)
def test_the_fields_that_are_passed_on(status: int, fields: list[tuple[bytes, bytes]], left: bytes) -> None:
    head = head_of(exchange(), response(status, fields=fields), BODILESS, keep_alive=True)
    assert head.partition(b"\r\n")[2] == left + b"\r\n"


BIG = bytes(64 * 1024 + 1)


@pytest.mark.parametrize(
    ("framing", "content", "trailers", "buffers"),
    [
        (BODILESS, b"not sent", [], (b"H",)),
        (COUNTED, b"", [], (b"H",)),
        (COUNTED, b"hello", [], (b"Hhello",)),
        (COUNTED, BIG[1:], [], (b"H" + BIG[1:],)),
        (COUNTED, BIG, [], (b"H", BIG)),
        (UNTIL_CLOSE, b"hello", [], (b"Hhello",)),
        (CHUNKED, b"", [], (b"H0\r\n\r\n",)),
        (CHUNKED, b"", [(b"T", b"1")], (b"H0\r\nT: 1\r\n\r\n",)),
        (CHUNKED, b"hello world, ok!", [], (b"H", b"10\r\n", b"hello world, ok!", b"\r\n", b"0\r\n\r\n")),
        (CHUNKED, b"a", [(b"T", b"1")], (b"H", b"1\r\n", b"a", b"\r\n", b"0\r\nT: 1\r\n\r\n")),
    ],
)
def test_a_whole_answer(
    framing: int, content: bytes, trailers: list[tuple[bytes, bytes]], buffers: tuple[bytes, ...]
) -> None:
    body = Body()
    if content:
        body.feed(content)
    body.finish(trailers)
    assert whole(b"H", body, framing) == buffers


def test_the_last_chunk_leaves_out_what_no_trailer_may_say() -> None:
    assert last_chunk([]) == b"0\r\n\r\n"
    assert last_chunk([(b"Content-Length", b"9"), (b"T", b"1")]) == b"0\r\nT: 1\r\n\r\n"


def test_an_interim_head_speaks_of_no_body_and_no_connection() -> None:
    fields = [(b"Link", b"</a>"), (b"Content-Length", b"9"), (b"Connection", b"X"), (b"X", b"1")]
    assert interim_head(103, b"Early Hints", Headers.of(fields)) == b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"


@pytest.mark.parametrize(
    ("fields", "offered", "upgrade"),
    [([(b"Upgrade", b"foo")], b"foo, bar", b"foo"), ([], b"foo", b"foo"), ([], None, b"")],
)
def test_switching_names_the_protocol(fields: list[tuple[bytes, bytes]], offered: bytes | None, upgrade: bytes) -> None:
    asked, answer = exchange(), response(101, fields=[*fields, (b"A", b"1")])
    asked.upgrade, answer.lines = offered, b"Via: x\r\n"
    assert switching_head(asked, answer) == (
        b"HTTP/1.1 101 \r\nA: 1\r\nVia: x\r\nConnection: Upgrade\r\nUpgrade: " + upgrade + b"\r\n\r\n"
    )
