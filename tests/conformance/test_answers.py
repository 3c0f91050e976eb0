# ruff: noqa: E501 - one message of the wire stays on one line
"""Answers on their way to the app: framing, hop-by-hop fields, interim answers, bodies (RFC 9110, 9112)."""

import threading

import pytest

from tests.conformance.conftest import Start
from tests.support.raw_client import Answer
from tests.support.scripted_provider import OK, Peer, answer, answer_once

GET = b"GET /p/x HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"HEAD /p/x HTTP/1.1\r\nHost: a\r\n\r\n"
GET_10 = b"GET /p/x HTTP/1.0\r\n\r\n"
ADDED = {b"sidecar-request-id", b"sidecar-attempts", b"sidecar-outcome", b"via", b"date"}


def ours(reply: Answer) -> list[tuple[bytes, bytes]]:
    """The fields without those that the sidecar adds to every answer."""
    return [(name, value) for name, value in reply.fields if name.lower() not in ADDED]


# ---- framing ----

BODIES: list[tuple[str, bytes, list[tuple[bytes, bytes]], bytes]] = [
    ("content-length", b"Content-Length: 3\r\n\r\nabc", [(b"Content-Length", b"3")], b"abc"),
    ("content-length-0", b"Content-Length: 0\r\n\r\n", [(b"Content-Length", b"0")], b""),
    (
        "chunked",
        b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n2;x=y\r\nbc\r\n0\r\n\r\n",
        [(b"Transfer-Encoding", b"chunked")],
        b"abc",
    ),
    ("chunked-empty", b"transfer-encoding: Chunked\r\n\r\n0\r\n\r\n", [(b"Transfer-Encoding", b"chunked")], b""),
]


@pytest.mark.parametrize("case", BODIES, ids=[case[0] for case in BODIES])
def test_a_body_is_framed_anew_and_both_connections_live_on(start: Start, case: tuple) -> None:  # type: ignore[type-arg]
    # RFC 9112 6.3
    _, wire, fields, body = case
    provider, sidecar = start(answer(b"HTTP/1.1 200 OK\r\n" + wire))
    with sidecar.client() as client:
        for _ in range(3):
            reply = client.ask(GET)
            assert (ours(reply), reply.body) == (fields, body)
    assert len(provider.peers) == 1
    assert [line["bytes_out"] for line in sidecar.requests(3)] == [len(body)] * 3


@pytest.mark.parametrize("body", [b"", b"abc", b"x" * 200_000])
def test_a_body_that_ends_with_the_connection_goes_on_chunked(start: Start, body: bytes) -> None:
    # RFC 9112 6.3 8
    provider, sidecar = start(answer_once(b"HTTP/1.1 200 OK\r\n\r\n" + body))
    with sidecar.client() as client:
        for _ in range(2):
            reply = client.ask(GET)
            assert (ours(reply), reply.body) == ([(b"Transfer-Encoding", b"chunked")], body)
    assert len(provider.peers) == 2


WITHOUT_LENGTH = [b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n", b"\r\nabc"]


@pytest.mark.parametrize("wire", WITHOUT_LENGTH)
def test_an_http10_app_gets_a_body_without_length_until_close(start: Start, wire: bytes) -> None:
    # RFC 9112 6.1: no Transfer-Encoding to HTTP/1.0
    _, sidecar = start(answer_once(b"HTTP/1.1 200 OK\r\n" + wire))
    with sidecar.client() as client:
        reply = client.ask(b"GET /p/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert (ours(reply), reply.body) == ([(b"Connection", b"close")], b"abc")
        client.assert_closed()


def test_http10_keep_alive(start: Start) -> None:
    # RFC 9112 9.3
    _, sidecar = start(answer(OK))
    with sidecar.client() as client:
        for _ in range(2):
            reply = client.ask(b"GET /p/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            assert (reply.get("connection"), reply.body) == (b"keep-alive", b"ok")
        reply = client.ask(GET_10)
        assert (reply.get("connection"), reply.body) == (b"close", b"ok")
        client.assert_closed()


def test_http10_providers_answers(start: Start) -> None:
    provider, sidecar = start(answer(b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    with sidecar.client() as client:
        assert client.ask(GET).head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert client.ask(GET).body == b"ok"
    # Without keep-alive an HTTP/1.0 connection ends (RFC 9112 9.3).
    assert len(provider.peers) == 2


def test_http10_providers_may_keep_the_connection(start: Start) -> None:
    provider, sidecar = start(answer(b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\nok"))
    with sidecar.client() as client:
        assert client.ask(GET).body == b"ok"
        assert ours(client.ask(GET)) == [(b"Content-Length", b"2")]
    assert len(provider.peers) == 1


NO_BODY: list[tuple[str, bytes, bytes, list[tuple[bytes, bytes]]]] = [
    ("head-with-length", HEAD, b"HTTP/1.1 200 OK\r\nContent-Length: 1234\r\n\r\n", [(b"Content-Length", b"1234")]),
    ("head-without-length", HEAD, b"HTTP/1.1 200 OK\r\n\r\n", []),
    ("head-chunked", HEAD, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", []),
    ("head-304", HEAD, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", [(b"Content-Length", b"9")]),
    ("204", GET, b"HTTP/1.1 204 No Content\r\n\r\n", []),
    ("204-with-length-0", GET, b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", []),
    ("204-chunked", GET, b"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", []),
    ("304", GET, b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', [(b"ETag", b'"x"')]),
    ("304-with-length", GET, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", [(b"Content-Length", b"99")]),
]


@pytest.mark.parametrize("case", NO_BODY, ids=[case[0] for case in NO_BODY])
def test_answers_without_a_body_keep_both_connections(start: Start, case: tuple) -> None:  # type: ignore[type-arg]
    # RFC 9110 8.6, 9.3.2, 15.3.5, 15.4.5
    _, request, wire, fields = case
    provider, sidecar = start(answer(wire, wire, OK))
    with sidecar.client() as client:
        for _ in range(2):
            assert ours(client.ask(request)) == fields
        assert client.ask(GET).body == b"ok"
    assert len(provider.peers) == 1


@pytest.mark.parametrize("version", [b"1.0", b"1.1"])
def test_head_to_http10(start: Start, version: bytes) -> None:
    _, sidecar = start(answer(b"HTTP/%b 200 OK\r\nContent-Length: 5\r\n\r\n" % version))
    with sidecar.client() as client:
        reply = client.ask(b"HEAD /p/x HTTP/1.0\r\n\r\n")
        assert ours(reply) == [(b"Content-Length", b"5"), (b"Connection", b"close")]
        client.assert_closed()


def test_trailers_come_through(start: Start) -> None:
    # RFC 9112 7.1.2; fields that would change the message after the fact are left out (9110 6.5.1)
    wire = (
        b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\nSet-Cookie: a=b\r\nAge: 1\r\n\r\n"
    )
    _, sidecar = start(answer(b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n" + wire))
    with sidecar.client() as client:
        for _ in range(2):
            reply = client.ask(GET)
            assert (reply.body, reply.trailers) == (b"ok", [(b"X-Sum", b"1"), (b"x-sum", b"2")])
            assert reply.get("trailer") == b"X-Sum"


def test_sidecar_fields_of_a_provider_are_dropped(start: Start) -> None:
    wire = b"Sidecar-Outcome: lie\r\nSIDECAR-ATTEMPTS: 9\r\nSidecar-Request-Id: x\r\n"
    chunks = b"Transfer-Encoding: chunked\r\n\r\n0\r\nSidecar-Outcome: lie\r\nX-T: 1\r\n\r\n"
    _, sidecar = start(answer(b"HTTP/1.1 200 OK\r\n" + wire + chunks))
    with sidecar.client() as client:
        reply = client.ask(GET)
    assert reply.all("sidecar-outcome") == [b"success"]
    assert reply.all("sidecar-attempts") == [b"1"]
    assert len(reply.all("sidecar-request-id")) == 1
    assert reply.trailers == [(b"X-T", b"1")]


# ---- status line and fields ----

STATUS_LINES = [
    (b"HTTP/1.1 200 OK", b"HTTP/1.1 200 OK"),
    (b"HTTP/1.1 200 Fine by me", b"HTTP/1.1 200 Fine by me"),
    (b"HTTP/1.1 200 ", b"HTTP/1.1 200 "),
    (b"HTTP/1.1 200", b"HTTP/1.1 200 "),
    (b"HTTP/1.1 299 x", b"HTTP/1.1 299 x"),
    (b"HTTP/1.1 418 I'm a teapot", b"HTTP/1.1 418 I'm a teapot"),
    (b"HTTP/1.1 599 \xe4\xf6", b"HTTP/1.1 599 \xe4\xf6"),
    (b"HTTP/1.1 999 Request denied", b"HTTP/1.1 999 Request denied"),
    (b"HTTP/1.0 200 OK", b"HTTP/1.1 200 OK"),
]


@pytest.mark.parametrize(("sent", "seen"), STATUS_LINES)
def test_status_and_reason_pass(start: Start, sent: bytes, seen: bytes) -> None:
    # RFC 9112 4
    _, sidecar = start(answer(sent + b"\r\nContent-Length: 0\r\n\r\n"))
    with sidecar.client() as client:
        assert client.ask(GET).head.partition(b"\r\n")[0] == seen
    [line] = sidecar.requests(1)
    assert line["status"] == int(sent[9:12])


def test_order_case_and_repeats_of_fields_are_kept(start: Start) -> None:
    fields = [
        (b"server", b"x/1"),
        (b"X_b", b"2"),
        (b"SET-COOKIE", b"a=1; HttpOnly"),
        (b"x-B", b'\xe4 \t,;="'),
        (b"Set-Cookie", b"b=2"),
        (b"X-Empty", b""),
        (b"Vary", b"a"),
        (b"vary", b"b"),
        (b"ETag", b'W/"x"'),
        (b"Content-Encoding", b"br"),
        (b"Retry-After", b"9"),
        (b"Content-Length", b"0"),
    ]
    head = b"".join(name + b": " + value + b"\r\n" for name, value in fields)
    _, sidecar = start(answer(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n"), provider={"rewrite": {"cookies": False}})
    with sidecar.client() as client:
        assert ours(client.ask(GET)) == fields


def test_hop_by_hop_fields_and_what_connection_names_are_dropped(start: Start) -> None:
    # RFC 9110 7.6.1
    hop = (
        b"Connection: keep-alive, X-Mine, content-length, upgrade\r\nX-Mine: 1\r\nx-mine: 2\r\nKeep-Alive: timeout=5\r\n"
        b"Proxy-Connection: keep-alive\r\nUpgrade: h2,h2c\r\nTE: trailers\r\n"
    )
    provider, sidecar = start(answer(b"HTTP/1.1 200 OK\r\n" + hop + b"X-Kept: 1\r\nContent-Length: 2\r\n\r\nok"))
    with sidecar.client() as client:
        for _ in range(2):
            assert ours(client.ask(GET)) == [(b"X-Kept", b"1"), (b"Content-Length", b"2")]
    assert len(provider.peers) == 1


def test_via_and_a_date_are_added(start: Start) -> None:
    # RFC 9110 6.6.1, 7.6.3
    _, sidecar = start(answer(b"HTTP/1.1 200 OK\r\nVia: 1.0 far\r\nContent-Length: 0\r\n\r\n"))
    with sidecar.client() as client:
        reply = client.ask(GET)
    assert reply.all("via") == [b"1.0 far", b"1.1 sidecar"]
    assert (reply.get("date") or b"").endswith(b" GMT")


def test_the_providers_date_is_kept(start: Start) -> None:
    _, sidecar = start(answer(b"HTTP/1.1 200 OK\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n"))
    with sidecar.client() as client:
        assert client.ask(GET).all("date") == [b"Sun, 06 Nov 1994 08:49:37 GMT"]


# ---- Connection: close, RFC 9112 9.6 ----


@pytest.mark.parametrize("wish", [b"close", b"Close", b"keep-alive, close", b"x, CLOSE"])
def test_the_apps_close_is_honoured_and_the_provider_not_asked_to(start: Start, wish: bytes) -> None:
    provider, sidecar = start(answer(OK))
    for _ in range(2):
        with sidecar.client() as client:
            reply = client.ask(b"GET /p/x HTTP/1.1\r\nHost: a\r\nConnection: " + wish + b"\r\n\r\n")
            assert reply.get("connection") == b"close"
            client.assert_closed()
    assert len(provider.peers) == 1
    assert [request.all("connection") for request in provider.requests] == [[], []]


@pytest.mark.parametrize("word", [b"close", b"Close", b"keep-alive, CLOSE"])
def test_the_providers_close_is_honoured_and_the_app_not_told(start: Start, word: bytes) -> None:
    provider, sidecar = start(answer(b"HTTP/1.1 200 OK\r\nConnection: " + word + b"\r\nContent-Length: 2\r\n\r\nok"))
    with sidecar.client() as client:
        for _ in range(2):
            assert client.ask(GET).all("connection") == []
    assert len(provider.peers) == 2


def test_what_follows_a_request_with_close_is_not_answered(start: Start) -> None:
    # RFC 9112 9.6
    provider, sidecar = start(answer(OK))
    with sidecar.client() as client:
        client.send(b"GET /p/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\nGET /p/2 HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.read_answer().body == b"ok"
        client.assert_closed()
    assert [request.target for request in provider.requests] == [b"/1"]


# ---- streams ----


def test_each_chunk_of_an_answer_comes_at_once(start: Start) -> None:
    go = threading.Semaphore(0)

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(5):
            assert go.acquire(timeout=10)
            peer.send(b"9\r\ndata: %d\n\n\r\n" % number)
        peer.send(b"0\r\n\r\n")

    _, sidecar = start(script)
    with sidecar.client() as client:
        client.send(GET)
        assert b"text/event-stream" in client.read_head()
        for number in range(5):
            go.release()
            assert client.read_until(b"\n\n\r\n") == b"9\r\ndata: %d\n\n\r\n" % number
        assert client.read_until(b"\r\n\r\n") == b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 65_536, 65_537, 262_144, 5_000_000])
@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
def test_answers_of_every_size_come_whole(start: Start, size: int, framing: str) -> None:
    body = (bytes(range(253)) * (size // 253 + 1))[:size]
    head = b"HTTP/1.1 200 OK\r\n"
    if framing == "length":
        wire = head + b"Content-Length: %d\r\n\r\n" % size + body
    elif framing == "chunked":
        pieces = [body[at : at + 99_991] for at in range(0, size, 99_991)]
        wire = head + b"Transfer-Encoding: chunked\r\n\r\n"
        wire += b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    else:
        wire = head + b"\r\n" + body
    _, sidecar = start(answer_once(wire) if framing == "close" else answer(wire))
    with sidecar.client() as client:
        for _ in range(2):
            assert client.ask(GET).body == body
    assert [line["bytes_out"] for line in sidecar.requests(2)] == [size, size]
