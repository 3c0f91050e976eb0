import pytest

from sidecar.core.headers import Headers, Shape, lower_name
from sidecar.http.head import (
    REQUEST_DROP,
    RESPONSE_DROP,
    fields_template,
    nominated,
    reason_of,
    request_head,
    request_template,
    response_head,
    tokens,
    trailer_block,
)

HOST = b"Host: provider\r\n"
START = b"GET / HTTP/1.1\r\n"


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (None, []),
        (b"", []),
        (b"close", [b"close"]),
        (b" Keep-Alive ,\tUPGRADE", [b"keep-alive", b"upgrade"]),
        (b",, a,,b ,", [b"a", b"b"]),
    ],
)
def test_tokens(value: bytes | None, found: list[bytes]) -> None:
    assert tokens(value) == found


@pytest.mark.parametrize("value", [None, b"close", b"keep-alive", b"Keep-Alive", b"Upgrade"])
def test_the_usual_connection_values_name_nothing(value: bytes | None) -> None:
    assert nominated(value, REQUEST_DROP) is REQUEST_DROP


def test_framing_and_host_cannot_be_named_away() -> None:
    drop = nominated(b"Host, Content-Length, Transfer-Encoding, X-A", frozenset())
    assert drop == {b"x-a"}


def request(pairs: list[tuple[bytes, bytes]]) -> bytes:
    return request_head(START, Headers.of(pairs), REQUEST_DROP, HOST, b"Via: x\r\n")


def test_host_is_written_where_it_stood_once() -> None:
    assert request([(b"A", b"1"), (b"hOst", b"app"), (b"B", b"2")]) == (
        START + b"A: 1\r\n" + HOST + b"B: 2\r\nVia: x\r\n\r\n"
    )


def test_host_is_written_first_when_there_was_none() -> None:
    assert request([(b"A", b"1")]) == START + HOST + b"A: 1\r\nVia: x\r\n\r\n"


def test_hop_by_hop_and_own_fields_are_left_out() -> None:
    pairs = [(b"Connection", b"x"), (b"Sidecar-Timeout", b"1s"), (b"Sidecar-New", b"1"), (b"TE", b"x"), (b"A", b"1")]
    assert request(pairs) == START + HOST + b"A: 1\r\nVia: x\r\n\r\n"


def test_a_response_head() -> None:
    headers = Headers.of([(b"A", b"1"), (b"Keep-Alive", b"5"), (b"sidecar-outcome", b"lie"), (b"a", b"2")])
    assert response_head(200, b"OK", headers, RESPONSE_DROP, b"D: 1\r\n") == (
        b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nD: 1\r\n\r\n"
    )
    assert response_head(200, b"Yes", Headers(), RESPONSE_DROP, b"") == b"HTTP/1.1 200 Yes\r\n\r\n"
    assert response_head(999, b"", Headers(), RESPONSE_DROP, b"") == b"HTTP/1.1 999 \r\n\r\n"


@pytest.mark.parametrize(("status", "reason"), [(200, b"OK"), (404, b"Not Found"), (999, b"")])
def test_reason_of(status: int, reason: bytes) -> None:
    assert reason_of(status) == reason


def shape(*names: bytes) -> Shape:
    return Shape(names, tuple(lower_name(name) for name in names))


def test_a_template_writes_the_head_that_is_put_together_field_by_field() -> None:
    pairs = [(b"A%b", b"1%d"), (b"hOst", b"app"), (b"Connection", b"keep-alive"), (b"sidecar-x", b"1"), (b"B", b"2")]
    template = request_template(shape(*(name for name, _ in pairs)), REQUEST_DROP, HOST, b"/base%20", b"Via: 100%\r\n")
    values = (value for _, value in pairs)
    assert template % (b"GET", b"/x", *values, b"X: 1\r\n", b"Y: 2\r\n") == request_head(
        b"GET /base%20/x HTTP/1.1\r\n", Headers.of(pairs), REQUEST_DROP, HOST, b"Via: 100%\r\nX: 1\r\nY: 2\r\n"
    )


def test_a_template_may_keep_the_host_of_the_app() -> None:
    template = request_template(shape(b"Host"), REQUEST_DROP, None, b"", b"")
    assert template % (b"GET", b"/x", b"app", b"", b"") == b"GET /x HTTP/1.1\r\nHost: app\r\n\r\n"


def test_a_template_of_an_answer_leaves_out_what_is_not_passed_on() -> None:
    template = fields_template(shape(b"A%", b"Keep-Alive", b"B"), RESPONSE_DROP)
    assert template % (b"1", b"5", b"2") == b"A%: 1\r\nB: 2\r\n"
    assert fields_template(shape(b"A", b"B"), RESPONSE_DROP) == b""


def test_forbidden_and_own_trailers_are_left_out() -> None:
    trailers = [(b"X-A", b"1"), (b"Content-LENGTH", b"5"), (b"Sidecar-X", b"1"), (b"x-a", b"2"), (b"HOST", b"b")]
    assert trailer_block(trailers) == b"0\r\nX-A: 1\r\nx-a: 2\r\n\r\n"
    assert trailer_block([]) == b"0\r\n\r\n"
