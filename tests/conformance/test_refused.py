"""Requests that are refused: answered, closed, logged once, and not a byte of them reaches a provider."""

import json

import pytest

from tests.conformance.conftest import Start
from tests.support.scripted_provider import echo

HOST = b"Host: app.test\r\n"
GET = b"GET /p/x HTTP/1.1\r\n" + HOST
POST = b"POST /p/x HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
SMUGGLED = b"GET /p/smuggled HTTP/1.1\r\nHost: app.test\r\n\r\n"

CASES: list[tuple[str, bytes, int]] = [
    # ---- framing: RFC 9112 6.1, 6.3 ----
    ("6.1-te-and-cl", POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    ("6.1-cl-and-te", POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    ("6.1-cl-0-and-te", POST + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("6.1-te-identity-and-cl", POST + b"Content-Length: 1\r\nTransfer-Encoding: identity\r\n\r\nx", 400),
    ("6.1-te-empty-and-cl", POST + b"Content-Length: 1\r\nTransfer-Encoding:\r\n\r\nx", 400),
    ("6.1-te-gzip", POST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
    ("6.1-te-gzip-chunked", POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
    (
        "6.1-te-two-fields-gzip-chunked",
        POST + b"TE: x\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        501,
    ),
    ("6.1-te-chunked-twice", POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400),
    (
        "6.1-te-chunked-in-two-fields",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        400,
    ),
    ("6.3-te-chunked-not-last", POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n", 400),
    (
        "6.3-te-chunked-then-identity",
        POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        400,
    ),
    ("6.1-te-xchunked", POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    ("6.1-te-quoted", POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', 501),
    ("6.1-te-with-parameter", POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", 501),
    ("6.1-te-vertical-tab", POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    ("6.1-te-empty", POST + b"Transfer-Encoding:\r\n\r\n", 400),
    ("6.1-te-in-http10", b"POST /p/x HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("6.3-cl-differ", POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", 400),
    ("6.3-cl-list-differ", POST + b"Content-Length: 5, 6\r\n\r\nabcdef", 400),
    ("6.3-cl-list-same", POST + b"Content-Length: 5, 5\r\n\r\nabcde", 400),
    ("6.3-cl-same-twice", POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", 400),
    ("6.2-cl-plus", POST + b"Content-Length: +3\r\n\r\nabc", 400),
    ("6.2-cl-minus", POST + b"Content-Length: -1\r\n\r\nabc", 400),
    ("6.2-cl-hex", POST + b"Content-Length: 0x10\r\n\r\n0123456789abcdef", 400),
    ("6.2-cl-empty", POST + b"Content-Length:\r\n\r\n", 400),
    ("6.2-cl-blank", POST + b"Content-Length: \t \r\n\r\n", 400),
    ("6.2-cl-point", POST + b"Content-Length: 3.0\r\n\r\nabc", 400),
    ("6.2-cl-underscore", POST + b"Content-Length: 1_0\r\n\r\n0123456789", 400),
    ("6.2-cl-inner-space", POST + b"Content-Length: 1 0\r\n\r\n0123456789", 400),
    ("6.2-cl-other-digits", POST + b"Content-Length: \xd9\xa3\r\n\r\nabc", 400),
    ("6.2-cl-huge", POST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
    ("6.2-cl-2-to-64-plus-3", POST + b"Content-Length: 18446744073709551619\r\n\r\nabc", 400),
    ("6.2-cl-in-get-and-bad", GET + b"Content-Length: abc\r\n\r\n", 400),
    # ---- field syntax: RFC 9112 5 ----
    ("5.2-obs-fold", GET + b"X-A: one\r\n two\r\n\r\n", 400),
    ("5.2-obs-fold-tab", GET + b"X-A: one\r\n\ttwo\r\n\r\n", 400),
    ("5.2-obs-fold-first-line", b"GET /p/x HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    ("5.2-obs-fold-te", POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 400),
    ("5.1-space-before-colon", GET + b"X-A : one\r\n\r\n", 400),
    ("5.1-tab-before-colon", GET + b"X-A\t: one\r\n\r\n", 400),
    ("5.1-space-before-colon-te", POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    ("5.1-no-colon", GET + b"X-A\r\n\r\n", 400),
    ("5.1-empty-name", GET + b": one\r\n\r\n", 400),
    ("5.1-name-with-space", GET + b"X A: one\r\n\r\n", 400),
    ("5.1-name-with-nul", GET + b"X\0A: one\r\n\r\n", 400),
    ("5.1-name-with-obs-text", GET + b"X\xe4: one\r\n\r\n", 400),
    ("5.1-name-with-parenthesis", GET + b"X(a): one\r\n\r\n", 400),
    ("9110-5.5-nul-in-value", GET + b"X-A: o\0ne\r\n\r\n", 400),
    ("9110-5.5-control-in-value", GET + b"X-A: o\x01ne\r\n\r\n", 400),
    ("9110-5.5-del-in-value", GET + b"X-A: o\x7fne\r\n\r\n", 400),
    ("2.2-bare-cr-in-value", GET + b"X-A: o\rne\r\n\r\n", 400),
    ("2.2-bare-lf-ends-field", GET + b"X-A: one\nX-B: two\r\n\r\n", 400),
    ("2.2-bare-lf-ends-request-line", b"GET /p/x HTTP/1.1\nHost: a\r\n\r\n", 400),
    ("2.2-bare-lf-ends-head", GET + b"\n" + SMUGGLED, 400),
    ("2.2-bare-lf-everywhere", b"GET /p/x HTTP/1.1\nHost: a\n\n", 400),
    ("2.2-bare-cr-ends-field", GET + b"X-A: one\rX-B: two\r\n\r\n", 400),
    ("2.2-bare-cr-ends-head", GET + b"\r" + SMUGGLED, 400),
    ("2.2-cr-cr-lf", GET + b"X-A: one\r\r\n\r\n", 400),
    # ---- request line: RFC 9112 3 ----
    ("3-no-version", b"GET /p/x\r\n\r\n", 505),
    ("3-tab", b"GET\t/p/x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3-space-in-target", b"GET /p/x y HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3-space-behind-version", b"GET /p/x HTTP/1.1 \r\n" + HOST + b"\r\n", 400),
    ("3-lower-case-version", b"GET /p/x http/1.1\r\n" + HOST + b"\r\n", 400),
    ("3-space-first", b" GET /p/x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3-lower-case-method", b"get /p/x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3-control-in-target", b"GET /p/\x01x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3-nul-in-target", b"GET /p/\0x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3-obs-text-in-target", b"GET /p/\xc3\xa4 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3-del-in-target", b"GET /p/\x7fx HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3.2-relative-target", b"GET p/x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3.2-empty-target", b"GET  HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3.2-star-with-get", b"GET * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3.2-other-scheme", b"GET ftp://a/p/x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3.2.2-no-host-in-target", b"GET http:///p/x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("3.2.2-userinfo", b"GET http://u:p@a/p/x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("9110-4.2.5-fragment", b"GET /p/x#y HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("9110-4.2.5-fragment-in-query", b"GET /p/x?a#y HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("9110-4.2.5-fragment-absolute", b"GET http://a/p/x#y HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    ("2.3-http-1.2", b"GET /p/x HTTP/1.2\r\n" + HOST + b"\r\n", 400),
    ("2.3-http-2.0", b"GET /p/x HTTP/2.0\r\n" + HOST + b"\r\n", 505),
    ("2.3-http-0.9", b"GET /p/x HTTP/0.9\r\n" + HOST + b"\r\n", 505),
    ("2.3-http-11", b"GET /p/x HTTP/11\r\n" + HOST + b"\r\n", 400),
    ("2.3-http-1.10", b"GET /p/x HTTP/1.10\r\n" + HOST + b"\r\n", 400),
    ("2.3-http-3.1", b"GET /p/x HTTP/3.1\r\n" + HOST + b"\r\n", 400),
    ("9113-3.4-preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    ("other-protocol-tls", bytes.fromhex("16030100c8010000c40303") + bytes(40), 400),
    ("other-protocol-ssh", b"SSH-2.0-OpenSSH_9.6\r\n", 400),
    ("garbage", bytes(range(128, 256)), 400),
    # ---- Host: RFC 9112 3.2 ----
    ("3.2-host-missing", b"GET /p/x HTTP/1.1\r\n\r\n", 400),
    ("3.2-host-twice", GET + b"Host: other.test\r\n\r\n", 400),
    ("3.2-host-twice-the-same", GET + HOST + b"\r\n", 400),
    ("3.2-host-list", b"GET /p/x HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
    ("3.2-host-comma", b"GET /p/x HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
    ("3.2-host-path", b"GET /p/x HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
    ("3.2-host-space", b"GET /p/x HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
    ("3.2-host-at", b"GET /p/x HTTP/1.1\r\nHost: a@b\r\n\r\n", 400),
    ("3.2-host-obs-text", b"GET /p/x HTTP/1.1\r\nHost: \xe4\r\n\r\n", 400),
    ("3.2-host-twice-http10", b"GET /p/x HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 400),
    # ---- chunks: RFC 9112 7.1 ----
    ("7.1-chunk-size-word", CHUNKED + b"xyz\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1-chunk-size-0x", CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1-chunk-size-plus", CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1-chunk-size-minus", CHUNKED + b"-3\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1-chunk-size-empty", CHUNKED + b"\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1-chunk-size-huge", CHUNKED + b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1-chunk-size-space-first", CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1-chunk-size-underscore", CHUNKED + b"1_0\r\n0123456789abcdef\r\n0\r\n\r\n", 400),
    ("7.1-chunk-longer-than-its-size", CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", 400),
    ("7.1-chunk-shorter-than-its-size", CHUNKED + b"5\r\nabc\r\n0\r\n\r\n" + SMUGGLED, 400),
    ("7.1-chunk-size-bare-lf", CHUNKED + b"3\nabc\r\n0\r\n\r\n", 400),
    ("7.1-chunk-data-bare-lf", CHUNKED + b"3\r\nabc\n0\r\n\r\n", 400),
    ("7.1-chunk-size-bare-cr", CHUNKED + b"3\rabc\r\n0\r\n\r\n", 400),
    ("7.1-last-chunk-bare-lf", CHUNKED + b"3\r\nabc\r\n0\n\n" + SMUGGLED, 400),
    ("7.1.1-extension-bare-lf", CHUNKED + b"3;a\nabc\r\n0\r\n\r\n", 400),
    ("7.1.1-extension-bare-cr", CHUNKED + b"3;a\rabc\r\n0\r\n\r\n", 400),
    ("7.1.1-extension-nul", CHUNKED + b"3;a=\0\r\nabc\r\n0\r\n\r\n", 400),
    ("7.1.2-trailer-space-before-colon", CHUNKED + b"0\r\nX-A : b\r\n\r\n", 400),
    ("7.1.2-trailer-obs-fold", CHUNKED + b"0\r\nX-A: b\r\n c\r\n\r\n", 400),
    ("7.1.2-trailer-bare-lf", CHUNKED + b"0\r\nX-A: b\n\r\n", 400),
    ("9110-6.5.1-trailer-content-length", CHUNKED + b"0\r\nContent-Length: 7\r\n\r\n" + SMUGGLED, 400),
    ("9110-6.5.1-trailer-transfer-encoding", CHUNKED + b"0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    # ---- methods: RFC 9110 9.3.6, 9.3.8 ----
    ("9110-9.3.6-connect", b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n", 405),
    ("9110-9.3.6-connect-path", b"CONNECT /p/x HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    ("9110-9.3.8-trace", b"TRACE /p/x HTTP/1.1\r\nHost: a\r\n\r\n", 405),
    # ---- limits: RFC 9110 15.5.14, 15.5.15, RFC 6585 5 ----
    ("15.5.15-target-too-long", b"GET /p/" + b"x" * 5000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    ("15.5.15-target-without-end", b"GET /p/" + b"x" * 5000, 414),
    ("6585-5-head-too-large", GET + b"X-A: " + b"x" * 5000 + b"\r\n\r\n", 431),
    ("6585-5-head-without-end", GET + b"X-A: " + b"x" * 5000, 431),
    ("6585-5-first-field-without-end", b"GET /p/x HTTP/1.1\r\nX-A: " + b"x" * 5000, 431),
    ("6585-5-too-many-fields", GET + b"X-A: b\r\n" * 60 + b"\r\n", 431),
    ("6585-5-many-small-fields", GET + b"".join(b"X-%d: b\r\n" % n for n in range(60)) + b"\r\n", 431),
    ("15.5.14-body-declared", POST + b"Content-Length: 10001\r\n\r\n", 413),
    ("15.5.14-body-streamed", CHUNKED + b"2711\r\n" + b"x" * 10001 + b"\r\n0\r\n\r\n", 413),
]

LIMITS = {"header_bytes": 4096, "headers": 50, "body": 10_000}


@pytest.mark.parametrize(("request_", "status"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_refused_before_a_byte_reaches_the_provider(start: Start, request_: bytes, status: int) -> None:
    provider, sidecar = start(echo, limits=LIMITS)
    with sidecar.client() as client:
        client.send(request_)
        answer = client.read_answer()
        assert (answer.status, answer.get("connection")) == (status, b"close"), answer.body
        client.assert_closed()
    assert answer.get("content-type") == b"application/problem+json"
    problem = json.loads(answer.body)
    assert problem["code"] == ("method_refused" if status == 405 else "bad_request")
    assert (problem["status"], problem["sent"], problem["attempts"]) == (status, "nothing", 0)
    assert answer.get("sidecar-request-id")
    assert answer.get("sidecar-attempts") == b"0"
    assert answer.get("sidecar-outcome") == b"refused; sent=nothing"
    assert answer.get("proxy-status") is not None
    [line] = sidecar.requests(1)
    assert (line["status"], line["attempts"], line["sent"]) == (status, [], "nothing")
    # Not even a connection was opened for it.
    assert sidecar.stats.provider("p").connections_opened == 0
    assert provider.received == b""
