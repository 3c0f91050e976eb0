# ruff: noqa: E501 - one message of the wire stays on one line
"""Upgrade: a tunnel when the provider takes it, plain HTTP when not (RFC 9110 7.8)."""

import threading

import pytest

from tests.conformance.conftest import Start
from tests.support.raw_client import Truncated
from tests.support.scripted_provider import OK, Peer, answer, echo

OFFER = (
    b"GET /p/ws HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
SWITCH = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
)


def switching(early: bytes = b"") -> object:
    """Take the upgrade, then echo bytes until the other side ends."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(SWITCH + early)
        peer.send(peer.pending)
        while data := peer.sock.recv(65536):
            peer.received += data
            peer.send(data)

    return script


def test_a_websocket_becomes_a_tunnel(start: Start) -> None:
    provider, sidecar = start(switching())
    with sidecar.client() as client:
        reply = client.ask(OFFER)
        assert (reply.status, reply.get("upgrade"), reply.get("connection")) == (101, b"websocket", b"Upgrade")
        assert reply.get("sec-websocket-accept") == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        for size in (1, 100_000):
            client.send(b"\x81" * size)
            assert client.read_exact(size) == b"\x81" * size
    [got] = provider.requests
    assert (got.get("upgrade"), got.get("connection")) == (b"websocket", b"Upgrade")
    [line] = sidecar.requests(1)
    assert (line["status"], line["bytes_in"], line["bytes_out"]) == (101, 100_001, 100_001)


def test_a_tunnel_is_not_lent_to_the_next_request(start: Start) -> None:
    """After 101 the connection went back to the pool, and the next call was written into the tunnel."""
    provider, sidecar = start(switching())
    with sidecar.client() as one:
        assert one.ask(OFFER).status == 101
        provider.script = echo
        with sidecar.client() as two:
            assert two.ask(b"GET /p/x HTTP/1.1\r\nHost: a\r\n\r\n").body == b"GET /x HTTP/1.1|"
        one.send(b"mine")
        assert one.read_exact(4) == b"mine"
        one.close()
    assert len(provider.peers) == 2


def test_bytes_that_come_with_the_offer_and_with_the_answer(start: Start) -> None:
    _, sidecar = start(switching(b"hello"))
    with sidecar.client() as client:
        client.send(OFFER + b"early")
        assert client.read_answer().status == 101
        assert client.read_exact(10) == b"helloearly"


@pytest.mark.parametrize("size", [1, 5, 90])
def test_an_offer_split_anywhere(start: Start, size: int) -> None:
    _, sidecar = start(switching(b"hello"))
    with sidecar.client() as client:
        client.send_pieces(OFFER + b"early", size)
        assert client.read_answer().status == 101
        assert client.read_exact(10) == b"helloearly"


def test_many_early_bytes_wait_for_the_provider(start: Start) -> None:
    _, sidecar = start(switching())
    early = bytes(range(256)) * 4000
    with sidecar.client() as client:
        sender = threading.Thread(target=client.send, args=(OFFER + early,))
        sender.start()
        assert client.read_answer().status == 101
        assert client.read_exact(len(early)) == early
        sender.join(10)


def test_the_apps_close_reaches_the_provider(start: Start) -> None:
    provider, sidecar = start(switching())
    with sidecar.client() as client:
        client.ask(OFFER)
    provider.wait_for(provider.peers[0].ended.is_set, "the provider sees the close")
    sidecar.requests(1)


def test_the_providers_close_reaches_the_app(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(SWITCH + b"bye")

    _, sidecar = start(script)
    with sidecar.client() as client:
        client.ask(OFFER)
        assert client.read_until_close() == b"bye"


def test_a_half_close_is_passed_on_and_the_other_way_stays_open(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(SWITCH)
        got = peer.read_until_close()
        peer.send(b"got " + got)

    _, sidecar = start(script)
    with sidecar.client() as client:
        client.ask(OFFER)
        client.send(b"all")
        client.half_close()
        assert client.read_until_close() == b"got all"


def test_a_reset_is_passed_on(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(SWITCH)
        peer.hold()
        peer.reset()

    provider, sidecar = start(script)
    with sidecar.client() as client:
        client.ask(OFFER)
        provider.let_go()
        with pytest.raises(ConnectionResetError):
            client.sock.recv(1)
    assert len(sidecar.requests(1)) == 1


# ---- the provider declines ----


@pytest.mark.parametrize("size", [1 << 20, 1, 11])
def test_a_declined_offer_is_answered_and_the_connection_goes_on(start: Start, size: int) -> None:
    provider, sidecar = start(echo)
    with sidecar.client() as client:
        client.send_pieces(
            OFFER + b"GET /p/2 HTTP/1.1\r\nHost: a\r\n\r\n" + OFFER + b"GET /p/3 HTTP/1.1\r\nHost: a\r\n\r\n", size
        )
        bodies = [client.read_answer().body for _ in range(4)]
    assert bodies == [b"GET /ws HTTP/1.1|", b"GET /2 HTTP/1.1|", b"GET /ws HTTP/1.1|", b"GET /3 HTTP/1.1|"]
    assert len(provider.peers) == 1


BODIES = [
    b"Content-Length: 11\r\n\r\nhello world",
    b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
]


@pytest.mark.parametrize("size", [1 << 20, 1, 7])
@pytest.mark.parametrize("body", BODIES, ids=["length", "chunked"])
def test_a_declined_offer_with_a_body(start: Start, body: bytes, size: int) -> None:
    """The parser skips the body of a request that offers an upgrade; and reading was on hold until the answer."""
    _, sidecar = start(echo)
    offer = b"POST /p/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo/2, Bar\r\n"
    with sidecar.client() as client:
        for _ in range(2):
            client.send_pieces(offer + body, size)
            assert client.read_answer().body == b"POST /x HTTP/1.1|hello world"
        assert client.ask(b"GET /p/2 HTTP/1.1\r\nHost: a\r\n\r\n").body == b"GET /2 HTTP/1.1|"


def test_a_declined_offer_with_a_large_body(start: Start) -> None:
    _, sidecar = start(echo)
    offer = b"POST /p/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo\r\nContent-Length: 1000000\r\n\r\n"
    with sidecar.client() as client:
        assert client.ask(offer + b"x" * 1_000_000).body == b"POST /x HTTP/1.1|" + b"x" * 1_000_000


# ---- h2c is declined by silence: RFC 9113 3.1 ----


@pytest.mark.parametrize("size", [1 << 20, 1, 13])
@pytest.mark.parametrize("body", [b"\r\n", *BODIES], ids=["none", "length", "chunked"])
def test_h2c_is_answered_as_http11_and_nothing_of_it_goes_on(start: Start, body: bytes, size: int) -> None:
    provider, sidecar = start(echo)
    offer = b"POST /p/x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    with sidecar.client() as client:
        for _ in range(2):
            client.send_pieces(offer + body, size)
            reply = client.read_answer()
            assert reply.status == 200
            assert reply.body == b"POST /x HTTP/1.1|" + (b"" if body == b"\r\n" else b"hello world")
        assert client.ask(b"GET /p/2 HTTP/1.1\r\nHost: a\r\n\r\n").body == b"GET /2 HTTP/1.1|"
    for request in provider.requests:
        assert [request.all(name) for name in ("connection", "upgrade", "http2-settings")] == [[], [], []]


def test_a_bad_request_behind_an_h2c_offer_is_refused(start: Start) -> None:
    """Read inside the handling of the upgrade, the refusal was taken for a bug and killed the connection."""
    _, sidecar = start(echo)
    offer = b"GET /p/1 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    with sidecar.client() as client:
        client.send(offer + b"GET /p/2 HTTP/1.1\r\nHost: a b\r\n\r\n")
        assert [client.read_answer().status for _ in range(2)] == [200, 400]
        client.assert_closed()


def test_h2c_beside_another_protocol_is_taken_out(start: Start) -> None:
    provider, sidecar = start(echo)
    with sidecar.client() as client:
        client.ask(b"GET /p/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: H2C, websocket\r\n\r\n")
    assert provider.requests[0].get("upgrade") == b"websocket"


def test_upgrade_without_connection_is_no_offer(start: Start) -> None:
    # RFC 9110 7.8: Upgrade counts only with the upgrade connection option
    provider, sidecar = start(echo)
    with sidecar.client() as client:
        for _ in range(2):
            assert client.ask(b"GET /p/x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n").status == 200
    assert provider.requests[0].all("upgrade") == []


def test_upgrade_of_an_http10_app_is_ignored(start: Start) -> None:
    # RFC 9110 7.8
    provider, sidecar = start(echo)
    request = b"GET /p/x HTTP/1.0\r\nHost: a\r\nConnection: keep-alive, upgrade\r\nUpgrade: websocket\r\n\r\n"
    with sidecar.client() as client:
        for _ in range(2):
            assert client.ask(request).status == 200
    assert provider.requests[0].all("upgrade") == []


# ---- a provider that switches without being asked: RFC 9110 15.2.2 ----

UNASKED = [
    b"GET /p/x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"HEAD /p/x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /p/x HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    b"GET /p/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
]


@pytest.mark.parametrize("request_", UNASKED)
def test_an_unasked_101_is_a_broken_answer(start: Start, request_: bytes) -> None:
    _, sidecar = start(answer(SWITCH + b"poison"))
    with sidecar.client() as client:
        reply = client.ask(request_)
        assert reply.status == 502
    [line] = sidecar.requests(1)
    assert line["error"] == "bad_response"


def test_a_101_before_the_request_is_complete_is_a_broken_answer(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.read_request_head()
        peer.send(SWITCH)
        peer.read_until_close()

    _, sidecar = start(script)
    with sidecar.client() as client:
        client.send(
            b"POST /p/x HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: foo\r\nContent-Length: 9\r\n\r\nabc"
        )
        assert client.read_answer().status == 502


def test_an_upgrade_after_interim_answers(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 103 Early Hints\r\n\r\n" + SWITCH + b"hello")
        with pytest.raises(Truncated):
            peer.read_head()

    _, sidecar = start(script)
    with sidecar.client() as client:
        reply = client.ask(OFFER)
        assert (reply.status, [one.status for one in reply.interim]) == (101, [103])
        assert client.read_exact(5) == b"hello"


def test_an_upgrade_on_a_reused_connection(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(OK)
        switching(b"hello")(peer)  # type: ignore[operator]

    provider, sidecar = start(script)
    with sidecar.client() as client:
        assert client.ask(b"GET /p/x HTTP/1.1\r\nHost: a\r\n\r\n").body == b"ok"
        assert client.ask(OFFER).status == 101
        assert client.read_exact(5) == b"hello"
    assert len(provider.peers) == 1
