import pytest

from sidecar.core.exchange import Exchange
from sidecar.core.headers import Headers
from sidecar.http.request_head import check_target, strip_host


def head(target: bytes, method: bytes = b"GET", host: bytes = b"app") -> Exchange:
    return Exchange(method, target, Headers.of([(b"A", b"1"), (b"Host", host)]), None, "", 0.0)


@pytest.mark.parametrize(
    ("method", "target", "becomes", "host"),
    [
        (b"GET", b"/", b"/", b"app"),
        (b"GET", b"//a/../b?c=d?e", b"//a/../b?c=d?e", b"app"),
        (b"OPTIONS", b"*", b"*", b"app"),
        (b"GET", b"http://b.test", b"/", b"b.test"),
        (b"GET", b"HTTPS://b.test:81/p/x?y", b"/p/x?y", b"b.test:81"),
        (b"GET", b"http://[::1]:80/", b"/", b"[::1]:80"),
        (b"GET", b"http://b.test?y=1", b"/?y=1", b"b.test"),
        (b"GET", b"http://b.test?y=/1/", b"/?y=/1/", b"b.test"),
        (b"GET", b"http://b.test/x://y", b"/x://y", b"b.test"),
        (b"OPTIONS", b"http://b.test", b"*", b"b.test"),
        (b"OPTIONS", b"http://b.test/", b"/", b"b.test"),
    ],
)
def test_a_target_that_is_understood(method: bytes, target: bytes, becomes: bytes, host: bytes) -> None:
    found = head(target, method)
    assert check_target(found) is None
    assert (found.target, found.headers.index[b"host"]) == (becomes, host)
    assert found.headers.pairs() == [(b"A", b"1"), (b"Host", host)]


@pytest.mark.parametrize(
    ("method", "target", "why"),
    [
        (b"GET", b"/a#b", "fragment"),
        (b"GET", b"http://b.test/#", "fragment"),
        (b"GET", b"*", "OPTIONS only"),
        (b"GET", b"", "not a path"),
        (b"GET", b"a/b", "not a path"),
        (b"GET", b"b.test:443", "not a path"),
        (b"GET", b"ftp://b.test/", "not a path"),
        (b"GET", b"http:///x", "not valid"),
        (b"GET", b"http://", "not valid"),
        (b"GET", b"http://?x", "not valid"),
        (b"GET", b"http://joe@b.test/", "not valid"),
        (b"GET", b"http://a,b/", "not valid"),
    ],
)
def test_a_target_that_is_refused(method: bytes, target: bytes, why: str) -> None:
    found = head(target, method)
    error = check_target(found)
    assert error is not None
    assert error.status == 400
    assert why in str(error)
    assert found.target == target


@pytest.mark.parametrize(
    ("host", "becomes", "valid"),
    [
        (b"app \t ", b"app", True),
        (b" ", b"", True),
        (b"a b", b"a b", False),
        (b"a, b", b"a, b", False),
        (b"a/b\t", b"a/b", False),
        (b"joe@a", b"joe@a", False),
    ],
)
def test_white_space_behind_a_host_is_not_a_part_of_it(host: bytes, becomes: bytes, valid: bool) -> None:
    found = head(b"/", host=host)
    assert strip_host(found) is valid
    assert found.headers.index[b"host"] == becomes


def test_a_new_head_wants_to_stay_and_has_no_body() -> None:
    found = head(b"/")
    assert (found.keep_alive, found.http10, found.upgrade, found.body) == (True, False, None, None)
