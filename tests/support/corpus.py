# ruff: noqa: E501 - one message of the wire stays on one line
"""Whole messages of every shape, for tests that cut, mix and spoil them. Each keeps its connection alive."""

REQUESTS: dict[str, bytes] = {
    "get": b"GET /p/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "get-query": b"GET /p//a%2fb/../c;d?e=f?g&h=|[] HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n\r\n",
    "root": b"GET /p HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "empty-line-first": b"\r\nGET /p/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "absolute": b"GET http://b.test:81/p/x?y HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "unrouted": b"GET /nowhere HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "head": b"HEAD /p/head HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "options-star": b"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "delete": b"DELETE /p/x HTTP/1.1\r\nHost: a.test\r\n\r\n",
    "many-fields": b"GET /p/x HTTP/1.1\r\nHost: a.test\r\n"
    + b"".join(b"X-F-%d: %d\r\n" % (n, n) for n in range(30))
    + b"\r\n",
    "odd-fields": b"GET /p/x HTTP/1.1\r\nhOST: a.test\r\nX_u:1\r\nX-E:\r\nX-E: \t 2 \r\n!#$%&'*+-.^_`|~: \xe4\xff\r\n\r\n",
    "hop-by-hop": b"GET /p/x HTTP/1.1\r\nHost: a.test\r\nConnection: x-a, keep-alive\r\nX-A: 1\r\nTE: trailers\r\nKeep-Alive: 5\r\n\r\n",
    "repeated": b"GET /p/x HTTP/1.1\r\nHost: a.test\r\nCookie: a=1\r\ncookie: b=2\r\nCOOKIE: c=3\r\n\r\n",
    "own-fields": b"GET /p/x HTTP/1.1\r\nHost: a.test\r\nSidecar-Timeout: 9s\r\nSidecar-X: 1\r\nTrackingid: abc\r\n\r\n",
    "post": b"POST /p/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\n\r\nhello world",
    "post-empty": b"POST /p/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n",
    "post-like-a-request": b"POST /p/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 36\r\n\r\nGET /p/evil HTTP/1.1\r\nHost: evil\r\n\r\n",
    "post-binary": b"PUT /p/x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 256\r\n\r\n" + bytes(range(256)),
    "chunked": b"POST /p/x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    "chunked-empty": b"POST /p/x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked-extension": b'POST /p/x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n00B;a=b;c="d"\r\nhello world\r\n0;e\r\n\r\n',
    "chunked-trailers": b"POST /p/x HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: Chunked\r\nTrailer: X-T\r\n\r\n2\r\nok\r\n0\r\nX-T: 1\r\nx-t: 2\r\nHost: b\r\n\r\n",
    "expect": b"POST /p/x HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\nbody",
    "h2c": b"GET /p/x HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n",
    "h2c-post": b"POST /p/x HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 5\r\n\r\nhello",
    "h2c-chunked": b"POST /p/x HTTP/1.1\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: h2c\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-T: 1\r\n\r\n",
    "upgrade-declined": b"GET /p/x HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "upgrade-declined-post": b"POST /p/x HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: foo\r\nContent-Length: 5\r\n\r\nhello",
    "http10": b"GET /p/x HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n\r\n",
    "http10-post": b"POST /p/x HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 5\r\n\r\nhello",
}
"""Each is answered, and the connection goes on."""

LAST_REQUESTS: dict[str, bytes] = {
    "close": b"GET /p/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n",
    "close-post": b"POST /p/x HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
    "http10-close": b"GET /p/x HTTP/1.0\r\n\r\n",
    "bad-host": b"GET /p/x HTTP/1.1\r\nHost: a b\r\n\r\n",
    "bad-method": b"BAD /p/x HTTP/1.1\r\nHost: a\r\n\r\n",
    "bad-chunk": b"POST /p/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n\r\n",
    "te-and-cl": b"POST /p/x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "connect": b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n",
}
"""Each is answered, and ends its connection."""

ANSWERS: dict[str, bytes] = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world",
    "length-0": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "like-an-answer": b"HTTP/1.1 200 OK\r\nContent-Length: 42\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
    "chunked-empty": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked-extension": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n00B;a="b"\r\nhello world\r\n000\r\n\r\n',
    "chunked-trailers": b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\nTrailer: X\r\n\r\n2\r\nok\r\n0\r\nX: 1\r\nx: 2\r\nAge: 3\r\n\r\n",
    "204": b"HTTP/1.1 204 No Content\r\nX-A: 1\r\n\r\n",
    "204-length": b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
    "304": b'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\nContent-Length: 9\r\n\r\n',
    "404": b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
    "500": b"HTTP/1.1 500 Oh dear, \xe4\r\nContent-Length: 2\r\n\r\nno",
    "999": b"HTTP/1.1 999 Request denied\r\nContent-Length: 0\r\n\r\n",
    "no-reason": b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
    "empty-reason": b"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok",
    "cookies": b"HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2; Path=/x\r\nContent-Length: 0\r\n\r\n",
    "redirect": b"HTTP/1.1 302 Found\r\nLocation: http://provider.test/next\r\nContent-Length: 0\r\n\r\n",
    "hop-by-hop": b"HTTP/1.1 200 OK\r\nConnection: x-a\r\nX-A: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 2\r\n\r\nok",
    "odd-fields": b"HTTP/1.1 200 OK\r\nX_u:1\r\nX-E:\r\nX-E: \t2 \t\r\n!#$%&'*+-.^_`|~: \xe4\xff\r\nContent-Length: 0\r\n\r\n",
    "many-fields": b"HTTP/1.1 200 OK\r\n"
    + b"".join(b"X-F-%d: %d\r\n" % (n, n) for n in range(40))
    + b"Content-Length: 0\r\n\r\n",
    "date": b"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 0\r\n\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 \r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "continue": b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "http10-keep-alive": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
}
"""Each is whole by itself: the connection may be kept."""

LAST_ANSWERS: dict[str, bytes] = {
    "close": b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "http10": b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "until-close": b"HTTP/1.1 200 OK\r\nX-A: 1\r\n\r\nhello world",
    "until-close-http10": b"HTTP/1.0 200 OK\r\n\r\nhello world",
    "cut": b"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nhello world",
    "cut-chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "bad-chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n",
    "te-and-cl": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "gzip": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nhello",
    "garbage": b"\x16\x03\x03 this is not HTTP \r\n\r\n",
    "behind-the-answer": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    "unasked-101": b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\nhello",
}
"""After each the provider closes, or breaks a rule: the connection is not used again."""
