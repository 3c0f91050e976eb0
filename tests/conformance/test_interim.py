"""Interim answers, and ``Expect: 100-continue``: passed on as they come, and never made up (RFC 9110 10.1.1, 15.2)."""

import pytest

from tests.conformance.conftest import Start
from tests.support.scripted_provider import OK, Peer, answer, echo

GET = b"GET /p/x HTTP/1.1\r\nHost: a\r\n\r\n"
HEAD = b"HEAD /p/x HTTP/1.1\r\nHost: a\r\n\r\n"
GET_10 = b"GET /p/x HTTP/1.0\r\n\r\n"

# ---- interim answers, RFC 9110 15.2 ----

EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nX-A: 1\r\nConnection: x-a\r\n\r\n"


def test_interim_answers_pass(start: Start) -> None:
    provider, sidecar = start(answer(b"HTTP/1.1 102 Processing\r\n\r\n" + EARLY + OK))
    with sidecar.client() as client:
        for _ in range(2):
            reply = client.ask(GET)
            assert [(one.status, one.fields) for one in reply.interim] == [
                (102, []),
                (103, [(b"Link", b"</a.css>; rel=preload")]),
            ]
            assert reply.body == b"ok"
    assert len(provider.peers) == 1
    assert len(sidecar.requests(2)) == 2


def test_interim_answers_have_no_framing_fields(start: Start) -> None:
    # RFC 9110 8.6
    _, sidecar = start(answer(b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\nX-A: 1\r\n\r\n" + OK))
    with sidecar.client() as client:
        reply = client.ask(GET)
    assert [one.fields for one in reply.interim] == [[(b"X-A", b"1")]]
    assert reply.body == b"ok"


def test_interim_answers_do_not_go_to_http10(start: Start) -> None:
    _, sidecar = start(answer(EARLY + OK))
    with sidecar.client() as client:
        reply = client.ask(GET_10)
    assert (reply.interim, reply.body) == ([], b"ok")


def test_interim_answers_before_head_204_and_304(start: Start) -> None:
    _, sidecar = start(
        answer(EARLY + b"HTTP/1.1 204 No Content\r\n\r\n", EARLY + b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", OK)
    )
    with sidecar.client() as client:
        assert client.ask(GET).status == 204
        assert client.ask(HEAD).get("content-length") == b"7"
        assert client.ask(GET).body == b"ok"


# ---- Expect: 100-continue, RFC 9110 10.1.1 ----

EXPECTING = b"POST /p/x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"


def test_the_app_is_told_to_go_on_only_when_the_provider_said_so(start: Start) -> None:
    def script(peer: Peer) -> None:
        while True:
            request = peer.read_request_head()
            assert request.get("expect") == b"100-continue"
            assert peer.pending == b""
            peer.hold()
            peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            peer.read_body(request)
            assert request.body == b"body"
            peer.send(OK)

    provider, sidecar = start(script)
    with sidecar.client() as client:
        client.send(EXPECTING)
        provider.wait_requests(1)
        sidecar.look(lambda: None)
        client.sock.setblocking(False)
        with pytest.raises(BlockingIOError):
            client.sock.recv(1)
        client.sock.settimeout(10)
        provider.let_go()
        for _ in range(2):
            assert client.read_head() == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.send(b"body")
            assert client.read_answer().body == b"ok"
            client.send(EXPECTING)
        client.read_head()
        client.send(b"body")
        client.read_answer()


def test_a_final_answer_instead_of_100_passes_and_ends_the_connection(start: Start) -> None:
    def script(peer: Peer) -> None:
        peer.read_request_head()
        peer.send(b"HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno")
        peer.read_until_close()

    _, sidecar = start(script)
    with sidecar.client() as client:
        reply = client.ask(EXPECTING)
        assert (reply.status, reply.interim, reply.body, reply.get("connection")) == (417, [], b"no", b"close")
        client.assert_closed()


def test_a_body_that_does_not_wait_for_100_is_passed_on(start: Start) -> None:
    _, sidecar = start(echo)
    with sidecar.client() as client:
        for _ in range(2):
            assert client.ask(EXPECTING + b"body").body == b"POST /x HTTP/1.1|body"


def test_expect_of_an_http10_app_is_dropped(start: Start) -> None:
    provider, sidecar = start(answer(OK))
    with sidecar.client() as client:
        assert client.ask(EXPECTING.replace(b"HTTP/1.1", b"HTTP/1.0") + b"body").body == b"ok"
    assert provider.requests[0].all("expect") == []
