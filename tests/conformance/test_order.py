"""Pipelining, early answers and closes: who is answered when, and what becomes of the connections."""

import threading

import pytest

from tests.conformance.conftest import Start
from tests.support.raw_client import Truncated
from tests.support.scripted_provider import OK, Peer, echo


def get(number: int) -> bytes:
    return b"GET /p/%d HTTP/1.1\r\nHost: a\r\n\r\n" % number


def post(number: int, body: bytes) -> bytes:
    return b"POST /p/%d HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%b" % (number, len(body), body)


def chunked(number: int, body: bytes) -> bytes:
    head = b"PUT /p/%d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" % number
    return head + (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"


# ---- pipelining: RFC 9112 9.3.2 ----

TWENTY = [
    message
    for number in range(0, 20, 4)
    for message in (
        get(number),
        post(number + 1, b"b%d" % number),
        chunked(number + 2, b"c%d" % number),
        post(number + 3, b""),
    )
]
LINES = [(b"GET", b""), (b"POST", b"b%d"), (b"PUT", b"c%d"), (b"POST", b"")]


def expected(number: int) -> bytes:
    method, body = LINES[number % 4]
    body = body % (number - number % 4) if b"%" in body else body
    return b"%b /%d HTTP/1.1|%b" % (method, number, body)


@pytest.mark.parametrize("size", [1 << 20, 1, 2, 7, 50, 113])
def test_twenty_requests_in_one_write_are_answered_in_order(start: Start, size: int) -> None:
    provider, sidecar = start(echo)
    with sidecar.client() as client:
        client.send_pieces(b"".join(TWENTY), size)
        assert [client.read_answer().body for _ in TWENTY] == [expected(number) for number in range(20)]
    assert len(provider.peers) == 1
    assert len(sidecar.requests(20)) == 20


def test_pipelined_large_bodies_do_not_stall(start: Start) -> None:
    """The second body waited half read, and reading was never resumed."""
    bodies = [bytes([number]) * 400_000 for number in range(4)]
    _, sidecar = start(echo)
    with sidecar.client() as client:
        sender = threading.Thread(target=client.send, args=(b"".join(map(post, range(4), bodies)),))
        sender.start()
        for number, body in enumerate(bodies):
            assert client.read_answer().body == b"POST /%d HTTP/1.1|" % number + body
        sender.join(10)


def test_a_pipelined_chunked_body_comes_while_the_first_call_is_answered(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.hold()
        peer.send(OK)
        request = peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(request.body) + request.body)

    provider, sidecar = start(script)
    with sidecar.client() as client:
        client.send(get(1) + b"POST /p/2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        provider.wait_requests(1)
        provider.let_go()
        assert client.read_answer().body == b"ok"
        client.send(b"3\r\ndef\r\n0\r\n\r\n")
        assert client.read_answer().body == b"abcdef"


def test_a_slow_first_call_holds_up_the_second_answer(start: Start) -> None:
    def script(peer: Peer) -> None:
        request = peer.read_request()
        if request.target == b"/1":
            peer.hold()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n" + request.target[1:])

    provider, sidecar = start(script)
    with sidecar.client() as client:
        client.send(get(1) + get(2) + get(3))
        provider.wait_requests(1)
        assert len(provider.requests) == 1
        provider.let_go()
        assert [client.read_answer().body for _ in range(3)] == [b"1", b"2", b"3"]


def test_a_bad_request_behind_good_ones_is_answered_in_its_turn(start: Start) -> None:
    provider, sidecar = start(echo)
    with sidecar.client() as client:
        client.send(get(1) + get(2) + b"BAD\r\n\r\n" + get(3))
        assert [client.read_answer().status for _ in range(3)] == [200, 200, 400]
        client.assert_closed()
    assert [request.target for request in provider.requests] == [b"/1", b"/2"]
    assert len(sidecar.requests(3)) == 3


def test_a_pipelined_request_with_a_broken_body_reaches_no_provider(start: Start) -> None:
    provider, sidecar = start(echo)
    with sidecar.client() as client:
        client.send(get(1) + b"POST /p/2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n" + get(3))
        assert [client.read_answer().status for _ in range(2)] == [200, 400]
        client.assert_closed()
    assert [request.target for request in provider.requests] == [b"/1"]


def test_two_connections_never_swap_answers(start: Start) -> None:
    _, sidecar = start(echo)
    with sidecar.client() as one, sidecar.client() as two:
        for number in range(50):
            one.send(get(number) + post(number, b"one"))
            two.send(post(number, b"two") + get(number + 1000))
            assert one.read_answer().body == b"GET /%d HTTP/1.1|" % number
            assert two.read_answer().body == b"POST /%d HTTP/1.1|two" % number
            assert one.read_answer().body == b"POST /%d HTTP/1.1|one" % number
            assert two.read_answer().body == b"GET /%d HTTP/1.1|" % (number + 1000)


# ---- early answers: RFC 9112 9.3, 9.6 ----


def too_large(head: bytes) -> object:
    def script(peer: Peer) -> None:
        peer.read_request_head()
        peer.send(head)
        peer.read_until_close()

    return script


@pytest.mark.parametrize("size", [10, 1_000_000])
def test_an_early_answer_is_passed_on_while_the_request_streams(start: Start, size: int) -> None:
    body = b"x" * size
    head = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: %d\r\n\r\n" % size
    _, sidecar = start(too_large(head + body), provider={"pool": {"max_connections": 1}})
    for _ in range(2):
        with sidecar.client() as client:
            client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nabc")
            reply = client.read_answer()
            assert (reply.status, reply.body, reply.get("connection")) == (413, body, b"close")
            client.assert_closed()
    # The provider still waits for the rest of a request that never comes: that connection must not linger.
    assert [line["status"] for line in sidecar.requests(2)] == [413, 413]
    sidecar.wait_until(lambda: sidecar.pool("p").open_connections == 0, "the connection ends with the answer")


def test_an_early_answer_does_not_lose_the_pools_only_slot(start: Start) -> None:
    """The provider's connection was neither freed nor closed, and every later call met a full pool."""

    def script(peer: Peer) -> None:
        request = peer.read_request_head()
        if request.method == b"GET":
            peer.send(OK)
            return
        peer.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno")
        peer.read_until_close()

    _, sidecar = start(script, provider={"pool": {"max_connections": 1}, "timeouts": {"pool": "5s"}})
    with sidecar.client() as client:
        client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc")
        assert client.read_answer().status == 401
        with sidecar.client() as other:
            assert other.ask(get(1)).body == b"ok"


def test_an_app_that_sends_on_after_an_early_answer_can_read_it(start: Start) -> None:
    # RFC 9112 9.6: a close with unread bytes would reset the connection and take the answer with it
    answer_ = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno"
    _, sidecar = start(too_large(answer_), limits={"body": 0})
    with sidecar.client() as client:
        client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000\r\n\r\n")
        client.send(b"x" * 3_000_000)
        assert client.read_answer().status == 413
        client.assert_closed()


def test_an_early_answer_that_ends_after_the_request_keeps_the_provider(start: Start) -> None:
    def script(peer: Peer) -> None:
        while True:
            request = peer.read_request_head()
            peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
            peer.read_body(request)
            peer.send(b"%x\r\n%b\r\n0\r\n\r\n" % (len(request.body), request.body))

    provider, sidecar = start(script)
    for _ in range(2):
        with sidecar.client() as client:
            client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc")
            assert client.read_until(b"ab\r\n").startswith(b"HTTP/1.1 200")
            client.send(b"def")
            assert client.read_chunked() == (b"abcdef", [])
    assert len(provider.peers) == 1


def test_an_answer_before_the_body_with_close_by_the_provider(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.read_request_head()
        peer.send(b"HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")

    _, sidecar = start(script)
    with sidecar.client() as client:
        client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 600000\r\n\r\n" + b"x" * 300_000)
        assert client.read_answer().status == 403


# ---- requests that break off ----


def test_an_app_that_leaves_inside_its_body_leaves_the_provider_with_half_a_request(start: Start) -> None:
    ends: list[str] = []

    def script(peer: Peer) -> None:
        request = peer.read_request_head()
        try:
            peer.read_body(request)
        except (Truncated, ConnectionError):
            ends.append("cut")
            raise
        ends.append("whole")

    provider, sidecar = start(script)
    for message in (b"Content-Length: 9\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"):
        with sidecar.client() as client:
            client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\n" + message)
            provider.wait_requests(len(ends) + 1)
        provider.wait_for(lambda: all(peer.ended.is_set() for peer in provider.peers), "the provider is told")
    assert ends == ["cut", "cut"]
    assert [line["outcome"] for line in sidecar.requests(2)] == ["canceled", "canceled"]


@pytest.mark.parametrize("bad", [b"xyz\r\n", b"3\r\nabcd\r\n", b"0\r\nA : b\r\n\r\n", b"3\nabc"])
def test_a_body_that_breaks_later_is_refused_and_never_looks_complete(start: Start, bad: bytes) -> None:
    ends: list[str] = []

    def script(peer: Peer) -> None:
        request = peer.read_request_head()
        try:
            peer.read_body(request)
        except (Truncated, ConnectionError):
            ends.append("cut")
            raise

    provider, sidecar = start(script)
    with sidecar.client() as client:
        client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        provider.wait_requests(1)
        client.send(bad)
        reply = client.read_answer()
        assert (reply.status, reply.get("connection")) == (400, b"close")
        assert reply.get("sidecar-outcome") == b"refused; sent=maybe"
        client.assert_closed()
    provider.wait_for(provider.peers[0].ended.is_set, "the provider is told")
    assert ends == ["cut"]


def test_a_streamed_body_over_the_limit_is_cut(start: Start) -> None:
    provider, sidecar = start(too_large(b""), limits={"body": 100_000})
    with sidecar.client() as client:
        client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        provider.wait_requests(1)
        for _ in range(11):
            client.send(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
        assert client.read_answer().status == 413
        client.assert_closed()


@pytest.mark.parametrize(
    "piece", [b"X-%d: y\r\n", b"X-Long: " + b"y" * 70 + b"%d\r\n"], ids=["many-trailers", "long-trailers"]
)
def test_trailers_without_end_are_cut(start: Start, piece: bytes) -> None:
    """They count towards no body, and were kept without limit."""
    provider, sidecar = start(too_large(b""), limits={"header_bytes": 4096, "headers": 50})
    with sidecar.client() as client:
        client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        provider.wait_requests(1)
        client.send(b"0\r\n")
        for number in range(1000):
            try:
                client.send(piece % number)
            except ConnectionError:
                break
        client.send(b"\r\n")
        assert client.read_answer().status == 431
        client.assert_closed()


def test_a_trailer_value_without_end_is_cut(start: Start) -> None:
    provider, sidecar = start(too_large(b""), limits={"header_bytes": 4096})
    with sidecar.client() as client:
        client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ")
        provider.wait_requests(1)
        for _ in range(100):
            client.send(b"y" * 1000)
        assert client.read_answer().status == 431
        client.assert_closed()


def test_a_chunk_extension_without_end_is_cut(start: Start) -> None:
    # RFC 9112 7.1.1: a server ought to limit the total length of chunk extensions
    provider, sidecar = start(too_large(b""), limits={"header_bytes": 4096})
    with sidecar.client() as client:
        client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;a=")
        provider.wait_requests(1)
        for _ in range(100):
            client.send(b"y" * 1000)
        assert client.read_answer().status == 431
        client.assert_closed()


def test_one_field_repeated_by_the_thousand_is_refused_at_once(start: Start) -> None:
    """Joining the values of one name again and again cost the square of their count."""
    _, sidecar = start(echo, limits={"header_bytes": "1MiB"})
    with sidecar.client() as client:
        client.send(b"GET /p/x HTTP/1.1\r\nHost: a\r\n" + b"a: bbbbbbbbbb\r\n" * 60_000 + b"\r\n")
        assert client.read_answer().status == 431


# ---- slow apps ----


@pytest.mark.parametrize("first", [b"G", b"GET /p/x HTTP/1.1\r\nHo", b"GET /p/x HTTP/1.1\r\nHost: a\r\n\r\nGET /p"])
def test_a_head_that_does_not_end_is_answered_408(start: Start, first: bytes) -> None:
    # RFC 9110 15.5.9
    _, sidecar = start(echo, limits={"header_timeout": "100ms"})
    with sidecar.client() as client:
        client.send(first)
        if b"\r\n\r\n" in first:
            assert client.read_answer().status == 200
        reply = client.read_answer()
        assert (reply.status, reply.get("connection")) == (408, b"close")
        client.assert_closed()


def test_a_body_that_stalls_is_answered_408(start: Start) -> None:
    _, sidecar = start(too_large(b""), limits={"idle_timeout": "100ms"})
    with sidecar.client() as client:
        client.send(b"POST /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        reply = client.read_answer()
        assert (reply.status, reply.get("connection")) == (408, b"close")
        client.assert_closed()


def test_an_idle_connection_is_closed_without_a_word(start: Start) -> None:
    _, sidecar = start(echo, limits={"idle_timeout": "100ms"})
    with sidecar.client() as client:
        client.assert_closed()
    with sidecar.client() as client:
        assert client.ask(get(1)).status == 200
        client.assert_closed()
    assert len(sidecar.requests(1)) == 1


def test_empty_lines_between_requests_are_no_request_that_never_ends(start: Start) -> None:
    """CRLF behind a body (RFC 9112 2.2) began a head: a 408 was waiting for the next request."""
    _, sidecar = start(echo, limits={"header_timeout": "100ms", "idle_timeout": "400ms"})
    with sidecar.client() as client:
        assert client.ask(post(1, b"a")).status == 200
        client.send(b"\r\n")
        client.assert_closed()
    assert len(sidecar.requests(1)) == 1
