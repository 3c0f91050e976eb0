import httptools
import pytest

from sidecar.http.quick_head import QuickHead

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\nX-A:1\r\n\r\n"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"


def test_an_ordinary_head() -> None:
    headers = QuickHead(httptools.HttpRequestParser).read(HEAD)
    assert headers is not None
    assert headers.index == {b"host": b"a", b"x-a": b"1"}
    assert headers.pairs() == [(b"Host", b"a"), (b"X-A", b"1")]
    assert headers.shape is not None


def test_heads_of_the_same_names_share_a_shape_and_no_values() -> None:
    quick = QuickHead(httptools.HttpRequestParser)
    one, two = quick.read(HEAD), quick.read(HEAD.replace(b"Host: a", b"Host: b"))
    assert one is not None
    assert two is not None
    assert one.shape is two.shape
    assert (one.index[b"host"], two.index[b"host"]) == (b"a", b"b")


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nA: 1\r\nA: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: 1\r\na: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nA:\r\nA:\r\nB:1\r\nC:1\r\nD:1\r\nE:1\r\n\r\n",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nTE: trailers\r\n\r\n",
        b"GET / HTTP/1.1\r\nA : 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nA: 1\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\nA: 1\r\n\r\n",
        b"\r\nGET / HTTP/1.1\r\nA: 1\r\n\r\n",
        HEAD + HEAD,
    ],
)
def test_what_is_not_ordinary_is_left_alone_and_spoils_nothing(head: bytes) -> None:
    quick = QuickHead(httptools.HttpRequestParser)
    assert quick.read(head) is None
    headers = quick.read(HEAD)
    assert headers is not None
    assert headers.pairs() == [(b"Host", b"a"), (b"X-A", b"1")]


def test_the_next_head_after_a_body() -> None:
    quick = QuickHead(httptools.HttpResponseParser)
    for end in (lambda: quick.skip(b"ok"), quick.renew):
        headers = quick.read(ANSWER)
        assert headers is not None
        assert headers.index == {b"content-length": b"2"}
        end()
    assert quick.read(ANSWER) is not None
