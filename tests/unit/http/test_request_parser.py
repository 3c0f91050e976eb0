import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.core.body import Trailers
from sidecar.core.errors import SidecarError
from sidecar.core.exchange import Exchange
from sidecar.http.limits import Limits
from sidecar.http.request_parser import RequestParser
from tests.support.corpus import LAST_REQUESTS, REQUESTS

GET = REQUESTS["get"]


class Owner:
    """Takes down what was read; a body's chunks are joined."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self._body = b""

    def on_head(self, exchange: Exchange) -> None:
        what = (exchange.method, exchange.target, exchange.http10, exchange.keep_alive, exchange.upgrade)
        fields = [(name, value.strip()) for name, value in exchange.headers.pairs()]
        self.events.append((what, fields, exchange.body is not None))
        if exchange.body is not None:
            self._body = b""
            exchange.body.attach(self)

    def on_bad_head(self, error: SidecarError, exchange: Exchange) -> None:
        self.events.append(("refused", error.status))

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
        assert isinstance(error, SidecarError)
        self.events.append((self._body, error.status))


def read(pieces: list[bytes], limits: Limits | None = None) -> list[object]:
    """What is told of these pieces; a declined upgrade goes on at once, as when the provider answers quickly."""
    owner = Owner()
    parser = RequestParser(owner, limits or Limits(header_bytes=4096, headers=50, body=10_000), lambda: 0.0)
    for piece in pieces:
        parser.feed(piece)
        while parser.waiting:
            parser.go_on()
    return owner.events


@pytest.mark.parametrize("name", [*REQUESTS, *LAST_REQUESTS])
def test_cut_at_every_byte_it_reads_the_same(name: str) -> None:
    message = {**REQUESTS, **LAST_REQUESTS}[name]
    whole = read([message])
    assert whole
    for at in range(1, len(message)):
        assert read([message[:at], message[at:]]) == whole, at
    assert read([message[at : at + 1] for at in range(len(message))]) == whole


@settings(max_examples=300, deadline=None)
@given(names=st.lists(st.sampled_from(sorted(REQUESTS)), min_size=1, max_size=6), data=st.data())
def test_several_messages_cut_anywhere(names: list[str], data: st.DataObject) -> None:
    message = b"".join(REQUESTS[name] for name in names)
    at = sorted(data.draw(st.sets(st.integers(1, len(message) - 1), max_size=12)))
    pieces = [message[a:b] for a, b in zip([0, *at], [*at, len(message)], strict=True)]
    assert read(pieces) == [event for name in names for event in read([REQUESTS[name]])]


@settings(max_examples=500, deadline=None)
@given(data=st.binary(max_size=300), name=st.sampled_from(sorted(REQUESTS)), at=st.integers(0, 300))
def test_it_never_raises(data: bytes, name: str, at: int) -> None:
    message = REQUESTS[name]
    read([message[:at] + data + message[at:], data, message])


def test_after_an_error_nothing_more_is_read() -> None:
    events = read([b"BAD\r\n\r\n", GET, GET])
    assert events == [("refused", 400)]


def test_after_close_nothing_more_is_read() -> None:
    assert len(read([LAST_REQUESTS["close"] + GET, GET])) == 1


def test_early_bytes_of_an_upgrade_wait() -> None:
    owner = Owner()
    parser = RequestParser(owner, Limits(), lambda: 0.0)
    parser.feed(REQUESTS["upgrade-declined"] + b"early")
    parser.feed(b" bytes")
    assert (parser.waiting, parser.early, len(owner.events)) == (True, b"early bytes", 1)


def test_early_bytes_of_a_declined_upgrade_are_requests() -> None:
    owner = Owner()
    parser = RequestParser(owner, Limits(), lambda: 0.0)
    parser.feed(REQUESTS["upgrade-declined"] + GET)
    assert len(owner.events) == 1
    parser.go_on()
    assert len(owner.events) == 2
    assert not parser.waiting


@pytest.mark.parametrize(
    ("data", "in_head"),
    [
        (b"", False),
        (b"\r\n", False),
        (b"\r\n\r\n\r\n", False),
        (b"G", True),
        (b"\r\nG", True),
        (b"GET / HTTP/1.1\r\nHo", True),
        (GET, False),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nabcd", False),
    ],
)
def test_in_head(data: bytes, in_head: bool) -> None:
    parser = RequestParser(Owner(), Limits(), lambda: 0.0)
    if data:
        parser.feed(data)
    assert parser.in_head is in_head


def test_in_head_behind_a_whole_request() -> None:
    for rest in (b"GET /p", b"GET /p HTTP/1.1\r\nHo"):
        parser = RequestParser(Owner(), Limits(), lambda: 0.0)
        parser.feed(GET + rest)
        assert parser.in_head, rest


def test_in_head_behind_a_body() -> None:
    parser = RequestParser(Owner(), Limits(), lambda: 0.0)
    parser.feed(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab")
    parser.feed(b"cdGE")
    assert parser.in_head


@pytest.mark.parametrize("size", [1, 100, 5000])
def test_limits_hold_however_the_head_comes(size: int) -> None:
    limits = Limits(header_bytes=1024, headers=10, body=10)
    cases = {
        b"GET /" + b"x" * 2000 + b" HTTP/1.1\r\nHost: a\r\n\r\n": 414,
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 2000 + b"\r\n\r\n": 431,
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 11 + b"\r\n": 431,
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n": 413,
    }
    for message, status in cases.items():
        assert read([message[at : at + size] for at in range(0, len(message), size)], limits) == [("refused", status)]


def test_heads_up_to_the_limit_are_read() -> None:
    message = b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 900 + b"\r\n\r\n"
    assert len(read([message * 20], Limits(header_bytes=1024, headers=10))) == 20


def test_what_is_refused_keeps_what_was_understood() -> None:
    heads: list[Exchange] = []

    class Keep(Owner):
        def on_bad_head(self, error: SidecarError, exchange: Exchange) -> None:
            heads.append(exchange)

    parser = RequestParser(Keep(), Limits(), lambda: 0.0)
    parser.feed(b"GET /p/x HTTP/1.1\r\nHost: a\r\nX-A: 1\r\nX-B: 2\r\nbad line\r\n\r\n")
    assert heads[0].target == b"/p/x"
    assert heads[0].headers.get(b"x-a") == b"1"
    assert heads[0].keep_alive is False


@pytest.mark.parametrize(
    "fields",
    [
        b"A: 1\r\nA: 2\r\n",
        b"A: 1\r\na: 2\r\n",
        b"A:\r\nA:\r\nB:1\r\nC:2\r\nD:3\r\nE:4\r\n",
        b"Sidecar-A: 1\r\nSidecar-B: 2\r\n",
    ],
)
def test_a_repeated_name_is_never_lost(fields: bytes) -> None:
    pairs = [(name, value.strip()) for name, _, value in (line.partition(b":") for line in fields.splitlines())]
    _, found, _ = read([b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n"])[0]  # type: ignore[misc]
    assert found == [(b"Host", b"a"), *pairs]


def test_a_request_cut_inside_its_method_is_not_read_as_another_one() -> None:
    rest = b"PATCH / HTTP/1.1\r\nHost: a\r\n\r\n"
    for pieces in ([GET + b"PROP", rest], [GET[:5], GET[5:] + b"PROP", rest]):
        assert read(pieces) == read([GET, b"PROP" + rest])
    assert read([b"PROP", rest])[0] == ((b"PROPPATCH", b"/", False, True, None), [(b"Host", b"a")], False)


def test_ordinary_and_other_heads_in_turn() -> None:
    for names in (("get", "chunked"), ("chunked", "get", "get"), ("get", "length", "get", "chunked", "length")):
        names = tuple(name for name in names if name in REQUESTS)
        assert read([REQUESTS[name] for name in names]) == [event for name in names for event in read([REQUESTS[name]])]


def test_line_ends_before_a_request_are_no_part_of_it() -> None:
    for start in (b"\r\n", b"\r", b"\n\r\n"):
        assert read([start + GET]) == read([GET])
