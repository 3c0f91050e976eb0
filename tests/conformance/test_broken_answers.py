"""Providers that break HTTP or break off: the app never sees a complete answer that was not one (RFC 9112 8)."""

import json

import pytest

from tests.conformance.conftest import Start
from tests.support.raw_client import RawClient, Truncated
from tests.support.scripted_provider import OK, Peer, ScriptedProvider, answer, answer_once
from tests.support.sidecar_thread import SidecarThread

GET = b"GET /p/x HTTP/1.1\r\nHost: a\r\n\r\n"
H = b"HTTP/1.1 200 OK\r\n"
EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

BAD_HEADS: list[tuple[str, bytes]] = [
    ("6.3-te-and-cl", H + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    ("6.3-cl-and-te", H + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("6.3-cl-differ", H + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc"),
    ("6.3-cl-same-twice", H + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
    ("6.3-cl-list", H + b"Content-Length: 3, 3\r\n\r\nabc"),
    ("6.2-cl-plus", H + b"Content-Length: +3\r\n\r\nabc"),
    ("6.2-cl-minus", H + b"Content-Length: -3\r\n\r\nabc"),
    ("6.2-cl-hex", H + b"Content-Length: 0x3\r\n\r\nabc"),
    ("6.2-cl-empty", H + b"Content-Length:\r\n\r\nabc"),
    ("6.2-cl-huge", H + b"Content-Length: 99999999999999999999\r\n\r\nabc"),
    ("6.1-te-gzip", H + b"Transfer-Encoding: gzip\r\n\r\nabc"),
    ("6.1-te-gzip-chunked", H + b"Transfer-Encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
    ("6.1-te-identity", H + b"Transfer-Encoding: identity\r\n\r\nabc"),
    ("6.1-te-chunked-twice", H + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    ("6.1-te-in-http10", b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("5.2-obs-fold", H + b"X-A: one\r\n two\r\nContent-Length: 0\r\n\r\n"),
    ("5.1-space-before-colon", H + b"X-A : one\r\nContent-Length: 0\r\n\r\n"),
    ("5.1-no-colon", H + b"X-A\r\nContent-Length: 0\r\n\r\n"),
    ("5.1-empty-name", H + b": x\r\nContent-Length: 0\r\n\r\n"),
    ("5.5-nul-in-value", H + b"X-A: o\0ne\r\nContent-Length: 0\r\n\r\n"),
    ("2.2-bare-cr-in-value", H + b"X-A: o\rSet-Cookie: x\r\nContent-Length: 0\r\n\r\n"),
    ("2.2-bare-lf-ends-field", H + b"X-A: one\nX-B: two\r\nContent-Length: 0\r\n\r\n"),
    ("2.2-bare-lf-ends-status-line", b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n"),
    ("2.2-bare-lf-ends-head", H + b"Content-Length: 0\r\n\n"),
    ("4-status-two-digits", b"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n"),
    ("4-status-four-digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n"),
    ("4-status-word", b"HTTP/1.1 abc OK\r\nContent-Length: 0\r\n\r\n"),
    ("4-status-below-100", b"HTTP/1.1 099 OK\r\nContent-Length: 0\r\n\r\n"),
    ("4-status-000", b"HTTP/1.1 000 \r\nContent-Length: 0\r\n\r\n"),
    ("4-cr-in-reason", b"HTTP/1.1 200 O\rK\r\nContent-Length: 0\r\n\r\n"),
    ("2.3-http-2.0", b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("2.3-http-0.9", b"<html>hello</html>"),
    ("2.3-icy", b"ICY 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("garbage", bytes(range(256))),
    ("tls-alert", bytes.fromhex("15030300020228")),
    ("a-request", GET),
    ("too-many-fields", H + b"".join(b"X-%d: y\r\n" % n for n in range(1100)) + b"\r\n"),
    ("too-many-fields-of-one-name", H + b"Set-Cookie: y\r\n" * 1100 + b"\r\n"),
    ("head-too-large", H + b"X-A: " + b"y" * 600_000 + b"\r\nContent-Length: 0\r\n\r\n"),
    ("interim-flood", b"HTTP/1.1 103 Early Hints\r\nX-A: y\r\n\r\n" * 20_000 + H + b"Content-Length: 0\r\n\r\n"),
    ("interim-with-broken-field", b"HTTP/1.1 103 x\r\nX A: y\r\n\r\n" + OK),
]


@pytest.mark.parametrize("wire", [case[1] for case in BAD_HEADS], ids=[case[0] for case in BAD_HEADS])
def test_a_broken_head_is_answered_502(start: Start, wire: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(wire)
        peer.read_until_close()

    provider, sidecar = start(script, provider={"timeouts": {"head": "3s"}})
    with sidecar.client() as client:
        reply = client.ask(GET)
        assert reply.status == 502, reply.head
        problem = json.loads(reply.body)
        assert (problem["code"], problem["sent"]) == ("bad_response", "maybe")
        assert reply.get("sidecar-outcome") == b"network_error; sent=maybe"
        # The app did nothing wrong: its connection lives, and the next call gets a connection of its own.
        provider.script = answer(OK)
        assert client.ask(GET).body == b"ok"
    assert len(provider.peers) == 2
    first, second = sidecar.requests(2)
    assert (first["status"], first["error"], second["status"]) == (502, "bad_response", 200)


BROKEN_BODIES: list[tuple[str, bytes]] = [
    ("8-length-cut", H + b"Content-Length: 10\r\n\r\nabc"),
    ("8-length-cut-at-once", H + b"Content-Length: 10\r\n\r\n"),
    ("8-chunk-cut", H + b"Transfer-Encoding: chunked\r\n\r\n9\r\nabc"),
    ("8-chunked-without-end", H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"),
    ("8-chunked-cut-at-once", H + b"Transfer-Encoding: chunked\r\n\r\n"),
    ("8-last-chunk-cut", H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"),
    ("8-trailers-cut", H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-T: 1\r\n"),
    ("7.1-bad-size", H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n0\r\n\r\n"),
    ("7.1-data-too-long", H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n"),
    ("7.1-bare-lf", H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n"),
    ("7.1.2-bad-trailer", H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX T: 1\r\n\r\n"),
    ("7.1.2-trailers-too-large", H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: " + b"y" * 600_000),
    ("7.1.1-extension-too-large", H + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1;a=" + b"y" * 600_000),
]


@pytest.mark.parametrize("version", [b"HTTP/1.1", b"HTTP/1.0"])
@pytest.mark.parametrize("pieces", [False, True], ids=["at-once", "in-pieces"])
@pytest.mark.parametrize("case", BROKEN_BODIES, ids=[case[0] for case in BROKEN_BODIES])
def test_a_broken_body_never_looks_complete(
    start: Start, case: tuple[str, bytes], pieces: bool, version: bytes
) -> None:
    _, wire = case

    def script(peer: Peer) -> None:
        peer.read_request()
        head, empty, rest = wire.partition(b"\r\n\r\n")
        if pieces:
            peer.send(head + empty)
            peer.provider.wait_released()
            if len(rest) < 1000:
                peer.send_pieces(rest, 3)
            else:
                peer.send(rest)
        else:
            peer.send(wire)
        if "too-large" in case[0]:
            peer.read_until_close()

    provider, sidecar = start(script)
    with sidecar.client() as client:
        client.send(b"GET /p/x " + version + b"\r\nHost: a\r\n\r\n")
        if not pieces:
            check_incomplete(client, version)
        else:
            head = client.read_head()
            assert head.startswith(b"HTTP/1.1 200 OK\r\n")
            provider.let_go()
            check_incomplete(client, version, head)
    [line] = sidecar.requests(1)
    assert line["error"] in ("response_incomplete", "bad_response")
    assert line["outcome"] == "network_error"
    assert line["attempts"][0]["error"] == line["error"]


def read_all(client: RawClient) -> None:
    while client.sock.recv(65536):
        pass


def check_incomplete(client: RawClient, version: bytes, head: bytes | None = None) -> None:
    """Either an error, or an answer that is cut so that the app can see it."""
    if head is None:
        head = client.read_head()
        if head.startswith(b"HTTP/1.1 502"):
            return
    framed = b"content-length" in head.lower()
    if b"transfer-encoding" in head.lower():
        with pytest.raises((Truncated, ConnectionError)):
            client.read_chunked()
    elif framed:
        with pytest.raises((Truncated, ConnectionError)):
            client.read_exact(10)
    else:
        # Until-close: only a reset tells an HTTP/1.0 app that something is missing.
        assert version == b"HTTP/1.0"
        with pytest.raises(ConnectionResetError):
            read_all(client)


def test_a_reset_inside_a_body_until_close_is_not_its_end(start: Start) -> None:
    """A connection that broke was taken for the end of the body."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(H + b"\r\nabc")
        peer.hold()
        peer.reset()

    provider, sidecar = start(script)
    with sidecar.client() as client:
        client.send(GET)
        assert b"chunked" in client.read_head()
        assert client.read_until(b"abc\r\n") == b"3\r\nabc\r\n"
        provider.let_go()
        assert client.read_until_close() == b""
    [line] = sidecar.requests(1)
    assert line["error"] == "response_incomplete"


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("begun", [b"", b"HTTP", H + b"X-A: b\r\n"])
def test_a_connection_that_ends_before_the_head_is_answered_502(start: Start, how: str, begun: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(begun)
        getattr(peer, how)()

    _, sidecar = start(script)
    with sidecar.client() as client:
        reply = client.ask(b"POST /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n")
    assert reply.status == 502
    assert json.loads(reply.body)["sent"] == "maybe"


# ---- what does not belong to the answer ----

TAILS = [EVIL, b"x", b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n", EVIL * 3]
ANSWERS = [
    OK,
    H + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n",
]


@pytest.mark.parametrize("tail", TAILS)
@pytest.mark.parametrize("first", ANSWERS)
@pytest.mark.parametrize("apart", [False, True], ids=["in-one-write", "later"])
def test_bytes_behind_an_answer_are_never_the_next_one(start: Start, first: bytes, tail: bytes, apart: bool) -> None:
    # RFC 9112 9.3: a connection with such bytes is not used again
    def script(peer: Peer) -> None:
        peer.read_request()
        if peer.number:
            peer.send(H + b"Content-Length: 4\r\n\r\ngood")
        elif apart:
            peer.send(first)
            peer.send(tail)
        else:
            peer.send(first + tail)
        peer.read_until_close()

    provider, sidecar = start(script)
    with sidecar.client() as client:
        client.ask(GET)
        sidecar.wait_until(lambda: sidecar.pool("p").open_connections == 0, "the connection is closed")
        assert client.ask(GET).body == b"good"
    assert len(provider.peers) == 2


def test_a_body_behind_an_answer_to_head_is_never_the_next_answer(start: Start) -> None:
    def script(peer: Peer) -> None:
        while True:
            request = peer.read_request()
            peer.send(EVIL if request.method == b"HEAD" else H + b"Content-Length: 4\r\n\r\ngood")

    _, sidecar = start(script)
    with sidecar.client() as client:
        client.ask(b"HEAD /p/x HTTP/1.1\r\nHost: a\r\n\r\n")
        assert client.ask(GET).body == b"good"
        assert client.ask(b"HEAD /p/x HTTP/1.1\r\nHost: a\r\n\r\n").status == 200


def test_unsolicited_bytes_on_an_idle_connection_end_it(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        if peer.number == 0:
            peer.hold()
            peer.send(EVIL)
        peer.read_until_close()

    provider, sidecar = start(script)
    with sidecar.client() as client:
        assert client.ask(GET).body == b"ok"
        sidecar.wait_until(lambda: sidecar.pool("p").idle == 1, "the connection is idle")
        provider.let_go()
        sidecar.wait_until(lambda: sidecar.pool("p").open_connections == 0, "the connection is closed")
        assert client.ask(GET).body == b"ok"
    assert len(provider.peers) == 2


def test_an_answer_before_the_request_is_not_taken(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.send(EVIL)
        peer.read_until_close()

    _, sidecar = start(script, provider={"pool": {"prewarm": 1}})
    sidecar.wait_until(lambda: sidecar.stats.provider("p").connections_opened == 1, "prewarmed")
    sidecar.wait_until(lambda: sidecar.pool("p").open_connections == 0, "closed again")
    sidecar.look(lambda: None)


def test_a_provider_that_closes_what_it_accepts_fails_the_call_at_once(start: Start) -> None:
    """The close was seen before the request was sent, and the call waited for a head that never came."""

    def script(peer: Peer) -> None:
        peer.close()

    _, sidecar = start(script)
    for _ in range(20):
        with sidecar.client() as client:
            reply = client.ask(GET)
            assert reply.status == 502
            assert json.loads(reply.body)["code"] in ("reset", "connect_failed")


# ---- connections that died while idle: RFC 9112 9.3.1, RFC 9110 9.2.2 ----


def closing_after_one(peer: Peer) -> None:
    """Keep-alive was promised, and then the connection closes unread."""
    peer.read_request()
    peer.send(OK)


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"PUT", b"DELETE", b"OPTIONS"])
def test_a_safe_request_survives_a_connection_that_died(start: Start, method: bytes) -> None:
    """The death is seen only by using it: here the provider resets when the second request comes."""

    def script(peer: Peer) -> None:
        peer.read_request_head()
        peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        if peer.number == 0:
            peer.read_request_head()
            peer.reset()

    provider, sidecar = start(script)
    request = method + b" /p/x HTTP/1.1\r\nHost: a\r\n\r\n"
    with sidecar.client() as client:
        assert client.ask(request).status == 204
        reply = client.ask(request)
        assert (reply.status, reply.get("sidecar-attempts")) == (204, b"2")
    line = sidecar.requests(2)[1]
    assert [attempt.get("error") for attempt in line["attempts"]] == ["reset", None]
    assert [attempt["n"] for attempt in line["attempts"]] == [1, 2]
    assert len(provider.requests) == 3


@pytest.mark.parametrize("method", [b"POST", b"PATCH"])
def test_an_unsafe_request_is_never_sent_twice(start: Start, method: bytes) -> None:
    def script(peer: Peer) -> None:
        peer.read_request_head()
        peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")
        peer.read_request_head()
        peer.reset()

    provider, sidecar = start(script)
    request = method + b" /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"
    with sidecar.client() as client:
        assert client.ask(request).status == 204
        reply = client.ask(request)
        assert (reply.status, json.loads(reply.body)["sent"]) == (502, "maybe")
    assert len(provider.requests) == 2


@pytest.mark.parametrize("method", [b"GET", b"POST"])
def test_a_close_that_was_seen_in_time_costs_nothing(start: Start, method: bytes) -> None:
    provider, sidecar = start(closing_after_one)
    request = method + b" /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"
    with sidecar.client() as client:
        for _ in range(5):
            assert client.ask(request).body == b"ok"
            peer = provider.peers[-1]
            assert peer.ended.wait(10)
    assert len(provider.requests) == 5


def test_a_request_is_not_sent_again_when_an_answer_had_begun(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        peer.read_request()
        peer.send(b"H")
        peer.close()

    provider, sidecar = start(script)
    with sidecar.client() as client:
        client.ask(GET)
        assert client.ask(GET).status == 502
    assert len(provider.requests) == 2


def test_one_apps_broken_answer_does_not_reach_another() -> None:
    """Two providers of one sidecar never share a connection."""
    with (
        ScriptedProvider(answer_once(H + b"Content-Length: 9\r\n\r\nabc")) as bad,
        ScriptedProvider(answer(OK)) as good,
    ):
        config = {"providers": {"bad": {"base_url": bad.url}, "good": {"base_url": good.url}}}
        with SidecarThread(config) as sidecar:
            for _ in range(5):
                with sidecar.client() as one, sidecar.client() as two:
                    one.send(b"GET /bad/x HTTP/1.1\r\nHost: a\r\n\r\n")
                    assert two.ask(b"GET /good/x HTTP/1.1\r\nHost: a\r\n\r\n").body == b"ok"
                    with pytest.raises(Truncated):
                        one.read_answer()
