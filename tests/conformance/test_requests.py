"""Requests on their way to the provider: what is passed on byte for byte, and what is put right (RFC 9110, 9112)."""

import re

import pytest

from tests.conformance.conftest import Start
from tests.support.scripted_provider import OK, Peer, Request, ScriptedProvider, answer, echo
from tests.support.sidecar_thread import SidecarThread

HOST = b"Host: app.test\r\n"


def ours(request: Request) -> list[tuple[bytes, bytes]]:
    """The fields without those that the sidecar adds to every request."""
    added = (b"host", b"via", b"trackingid", b"traceparent")
    return [(name, value) for name, value in request.fields if name.lower() not in added]


def forward(start: Start, request: bytes, **provider: object) -> Request:
    """Send one request and give it as the provider got it; the answer must be 200."""
    scripted, sidecar = start(answer(OK), provider=provider)
    with sidecar.client() as client:
        reply = client.ask(request)
        assert reply.status == 200, reply.body
    [got] = scripted.wait_requests(1)
    return got


# ---- request line ----

TARGETS: list[tuple[bytes, bytes]] = [
    (b"/p/x", b"/x"),
    (b"/p/", b"/"),
    (b"/p", b"/"),
    (b"/p?a=b", b"/?a=b"),
    (b"/p/?", b"/?"),
    (b"/p//x//", b"//x//"),
    (b"/p/../x/./y", b"/../x/./y"),
    (b"/p/%2e%2E/a%2fb%2F%00%zz%", b"/%2e%2E/a%2fb%2F%00%zz%"),
    (b"/p/x?a=b?c&&d=/p/..;e", b"/x?a=b?c&&d=/p/..;e"),
    (b"/p/a;b=c|d[e]{f}^`\\\"<>'", b"/a;b=c|d[e]{f}^`\\\"<>'"),
    (b"/p/x?next=http://a.test/b", b"/x?next=http://a.test/b"),
    (b"/p/x??", b"/x??"),
    (b"/p/~user/@me/:id/*", b"/~user/@me/:id/*"),
    (b"http://other.test/p/x?y", b"/x?y"),
    (b"HTTP://other.test:8080/p/x", b"/x"),
    (b"https://other.test/p/http://x", b"/http://x"),
    (b"http://[::1]:80/p//x", b"//x"),
]


@pytest.mark.parametrize(("target", "path"), TARGETS, ids=[target.decode("latin-1") for target, _ in TARGETS])
def test_path_and_query_pass_byte_for_byte(start: Start, target: bytes, path: bytes) -> None:
    got = forward(start, b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n")
    assert got.line == b"GET " + path + b" HTTP/1.1"


def test_the_path_of_base_url_stands_before_the_rest() -> None:
    with (
        ScriptedProvider(answer(OK)) as provider,
        SidecarThread({"providers": {"p": {"base_url": provider.url + "/v1/api/"}}}) as sidecar,
        sidecar.client() as client,
    ):
        assert client.ask(b"GET /p/x?y HTTP/1.1\r\n" + HOST + b"\r\n").status == 200
        assert provider.requests[0].target == b"/v1/api/x?y"


METHODS = [
    "GET",
    "POST",
    "PUT",
    "PATCH",
    "DELETE",
    "OPTIONS",
    "HEAD",
    "PROPFIND",
    "REPORT",
    "PURGE",
    "QUERY",
    "M-SEARCH",
]


@pytest.mark.parametrize("method", METHODS)
def test_every_method_but_connect_and_trace_passes(start: Start, method: str) -> None:
    got = forward(start, method.encode() + b" /p/x HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n")
    assert got.method == method.encode()


def test_two_spaces_before_the_target_become_one(start: Start) -> None:
    # RFC 9112 3: a recipient may split the request line at white space
    got = forward(start, b"GET  /p/x HTTP/1.1\r\n" + HOST + b"\r\n")
    assert got.line == b"GET /x HTTP/1.1"


def test_empty_lines_before_a_request_are_skipped(start: Start) -> None:
    # RFC 9112 2.2
    scripted, sidecar = start(answer(OK))
    with sidecar.client() as client:
        assert client.ask(b"\r\n\r\nGET /p/1 HTTP/1.1\r\n" + HOST + b"\r\n").status == 200
        client.send(b"\r\n")
        client.send(b"\r\n")
        assert client.ask(b"\r\nGET /p/2 HTTP/1.1\r\n" + HOST + b"\r\n").status == 200
    assert [request.target for request in scripted.requests] == [b"/1", b"/2"]


def test_absolute_form_replaces_host(start: Start) -> None:
    # RFC 9112 3.2.2
    got = forward(start, b"GET http://real.test:81/p/x HTTP/1.1\r\n" + HOST + b"\r\n", host_header="app")
    assert got.all("host") == [b"real.test:81"]


def test_options_star_goes_on_where_no_prefix_is_needed(start: Start) -> None:
    # RFC 9110 9.3.7, RFC 9112 3.2.4
    scripted, sidecar = start(answer(OK), provider={"host": "p.localhost"})
    with sidecar.client() as client:
        assert client.ask(b"OPTIONS * HTTP/1.1\r\nHost: p.localhost:1\r\n\r\n").status == 200
        assert client.ask(b"OPTIONS http://P.localhost HTTP/1.1\r\nHost: q\r\n\r\n").status == 200
        # No provider is meant: the sidecar answers for itself.
        assert client.ask(b"OPTIONS * HTTP/1.1\r\nHost: other.test\r\n\r\n").status == 204
    with sidecar.client("p") as client:
        assert client.ask(b"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").status == 200
    assert [request.line for request in scripted.requests] == [b"OPTIONS * HTTP/1.1"] * 3


def test_a_provider_with_a_listener_or_host_of_its_own_gets_the_whole_path(start: Start) -> None:
    scripted, sidecar = start(answer(OK), provider={"host": "p.localhost"})
    with sidecar.client("p") as client:
        client.ask(b"GET /p/x HTTP/1.1\r\nHost: a\r\n\r\n")
    with sidecar.client() as client:
        client.ask(b"GET /q HTTP/1.1\r\nHost: P.LocalHost.:80\r\n\r\n")
    assert [request.target for request in scripted.requests] == [b"/p/x", b"/q"]


# ---- fields ----


def test_order_case_and_repeats_of_fields_are_kept(start: Start) -> None:
    fields = [
        (b"X-b", b"2"),
        (b"x_under_score", b"1"),
        (b"ACCEPT", b"a/b"),
        (b"X-b", b"1"),
        (b"accept", b"c/d"),
        (b"!#$%&'*+-.^_`|~09azAZ", b"token"),
        (b"X-Empty", b""),
        (b"X-Bytes", b'\xe4\xff\x80 \t"(),/:;<=>?@[\\]{}'),
        (b"Cookie", b"a=1"),
        (b"Cookie", b"b=2"),
        (b"Forwarded", b"for=1"),
        (b"X-Forwarded-For", b"1"),
        (b"Authorization", b"Bearer x"),
        (b"Accept-Encoding", b"gzip, br"),
        (b"Trailer", b"X-T"),
        (b"If-None-Match", b'"x"'),
    ]
    head = b"".join(name + b": " + value + b"\r\n" for name, value in fields)
    got = forward(start, b"GET /p/x HTTP/1.1\r\n" + HOST + head + b"\r\n")
    assert ours(got) == fields


def test_white_space_around_values_has_no_meaning(start: Start) -> None:
    # RFC 9112 5.1; what stands behind a value is passed on, since taking it off costs every field of every request
    got = forward(
        start,
        b"GET /p/x HTTP/1.1\r\nHost: app.test \t\r\nX-A:one\r\nX-B: \t two \t\r\nX-C:\r\n"
        b"Sidecar-Timeout: 9s \r\nConnection:  X-D \t\r\nX-D: 1\r\n\r\n",
        host_header="app",
    )
    assert got.get("host") == b"app.test"
    assert ours(got) == [(b"X-A", b"one"), (b"X-B", b"two"), (b"X-C", b"")]


def test_host_stands_where_the_app_had_it_and_names_the_provider(start: Start) -> None:
    scripted, sidecar = start(answer(OK))
    with sidecar.client() as client:
        client.ask(b"GET /p/x HTTP/1.1\r\nX-A: b\r\nhost: app.test\r\nX-C: d\r\n\r\n")
    [got] = scripted.requests
    assert [name for name, _ in got.fields][:3] == [b"X-A", b"Host", b"X-C"]
    assert got.all("host") == [scripted.authority.encode()]


def test_the_apps_host_passes_when_asked_for(start: Start) -> None:
    got = forward(start, b"GET /p/x HTTP/1.1\r\nHost: App.test:99\r\n\r\n", host_header="app")
    assert got.all("host") == [b"App.test:99"]


def test_an_http10_request_without_host_gets_one(start: Start) -> None:
    # RFC 9112 3.2: what we send is HTTP/1.1
    got = forward(start, b"GET /p/x HTTP/1.0\r\n\r\n")
    assert got.version == b"HTTP/1.1"
    assert got.get("host") is not None


HOP = [
    (b"Connection", b"keep-alive, X-Mine , x-other,,host,content-length,transfer-encoding,close"),
    (b"X-Mine", b"1"),
    (b"X-Other", b"1"),
    (b"x-OTHER", b"2"),
    (b"Keep-Alive", b"timeout=5"),
    (b"Proxy-Connection", b"keep-alive"),
    (b"Proxy-Authorization", b"Basic eDp5"),
    (b"TE", b"gzip"),
    (b"Upgrade", b"foo/2"),
    (b"HTTP2-Settings", b"AAMAAABkAARAAAAAAAIAAAAA"),
]


def test_hop_by_hop_fields_and_what_connection_names_are_dropped(start: Start) -> None:
    # RFC 9110 7.6.1; Host and Content-Length cannot be named away
    head = b"".join(name + b": " + value + b"\r\n" for name, value in HOP)
    got = forward(start, b"POST /p/x HTTP/1.1\r\n" + HOST + head + b"X-Kept: 1\r\nContent-Length: 2\r\n\r\nab")
    assert ours(got) == [(b"X-Kept", b"1"), (b"Content-Length", b"2")]
    assert got.body == b"ab"
    assert len(got.all("host")) == 1


def test_two_connection_fields_count_as_one(start: Start) -> None:
    got = forward(
        start, b"GET /p/x HTTP/1.1\r\n" + HOST + b"Connection: X-A\r\nX-A: 1\r\nconnection: x-b\r\nX-B: 1\r\n\r\n"
    )
    assert ours(got) == []


def test_te_trailers_is_passed_on(start: Start) -> None:
    # RFC 9110 10.1.4
    got = forward(start, b"GET /p/x HTTP/1.1\r\n" + HOST + b"TE: trailers, deflate;q=0.5\r\nConnection: TE\r\n\r\n")
    assert ours(got) == [(b"Connection", b"TE"), (b"TE", b"trailers")]


def test_via_is_added_behind_those_that_are_there(start: Start) -> None:
    # RFC 9110 7.6.3
    got = forward(start, b"GET /p/x HTTP/1.1\r\n" + HOST + b"Via: 1.0 first\r\n\r\n")
    assert got.all("via") == [b"1.0 first", b"1.1 sidecar"]


def test_sidecar_fields_of_the_app_never_reach_the_provider(start: Start) -> None:
    names = (
        b"Sidecar-Timeout: 9s",
        b"sidecar-request-id: x",
        b"SIDECAR-Anything: y",
        b"Sidecar-: z",
        b"Sidecar-Outcome: q",
    )
    got = forward(
        start, b"GET /p/x HTTP/1.1\r\n" + HOST + b"\r\n".join(names) + b"\r\nX-Sidecar-A: 1\r\nSidecar: 2\r\n\r\n"
    )
    assert ours(got) == [(b"X-Sidecar-A", b"1"), (b"Sidecar", b"2")]


def test_sidecar_fields_in_trailers_never_reach_the_provider(start: Start) -> None:
    head = b"POST /p/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    got = forward(start, head + b"0\r\nSidecar-Timeout: 1s\r\nsidecar-x: 1\r\nX-T: 1\r\n\r\n")
    assert got.trailers == [(b"X-T", b"1")]


# ---- tracking ----


def test_a_tracking_id_and_a_trace_are_minted(start: Start) -> None:
    got = forward(start, b"GET /p/x HTTP/1.1\r\n" + HOST + b"\r\n")
    assert re.fullmatch(rb"[0-9a-f]{32}", got.get("trackingid") or b"")
    assert re.fullmatch(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-0[02]", got.get("traceparent") or b"")


def test_the_apps_tracking_id_and_trace_are_continued(start: Start) -> None:
    trace = b"0af7651916cd43dd8448eb211c80319c"
    scripted, sidecar = start(answer(OK))
    with sidecar.client() as client:
        reply = client.ask(
            b"GET /p/x HTTP/1.1\r\n" + HOST + b"TrackingID: mine-1\r\ntracestate: a=1\r\nTracestate: b=2 , c=3\r\n"
            b"traceparent: 00-" + trace + b"-b7ad6b7169203331-01\r\n\r\n"
        )
    [got] = scripted.requests
    assert got.all("trackingid") == [b"mine-1"]
    assert reply.get("sidecar-request-id") == b"mine-1"
    parent = re.fullmatch(rb"00-([0-9a-f]{32})-([0-9a-f]{16})-01", got.get("traceparent") or b"")
    assert parent is not None
    assert parent[1] == trace
    assert parent[2] != b"b7ad6b7169203331"
    assert (got.get("tracestate") or b"").replace(b" ", b"") == b"a=1,b=2,c=3"
    [line] = sidecar.requests(1)
    assert (line["request_id"], line["tracking_id"], line["trace_id"]) == ("mine-1", "mine-1", trace.decode())


BAD_TRACES = [
    b"00-00000000000000000000000000000000-b7ad6b7169203331-01",
    b"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    b"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    b"00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
    b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
    b"garbage",
    b"",
]


@pytest.mark.parametrize("trace", BAD_TRACES)
def test_a_bad_trace_is_started_anew_and_its_state_dropped(start: Start, trace: bytes) -> None:
    got = forward(start, b"GET /p/x HTTP/1.1\r\n" + HOST + b"traceparent: " + trace + b"\r\ntracestate: a=1\r\n\r\n")
    assert re.fullmatch(rb"00-[0-9a-f]{32}-[0-9a-f]{16}-0[02]", got.get("traceparent") or b"")
    assert b"0af7651916cd43dd8448eb211c80319c" not in (got.get("traceparent") or b"")
    assert got.all("tracestate") == []


# ---- bodies ----


def test_a_body_with_a_length_keeps_it(start: Start) -> None:
    body = bytes(range(256)) * 3
    got = forward(
        start, b"POST /p/x HTTP/1.1\r\n" + HOST + b"Content-Encoding: gzip\r\nContent-Length: 768\r\n\r\n" + body
    )
    assert got.body == body
    assert ours(got) == [(b"Content-Encoding", b"gzip"), (b"Content-Length", b"768")]


def test_a_length_of_zero_is_kept(start: Start) -> None:
    got = forward(start, b"POST /p/x HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n")
    assert ours(got) == [(b"Content-Length", b"0")]


def test_a_get_may_have_a_body(start: Start) -> None:
    got = forward(start, b"GET /p/x HTTP/1.1\r\n" + HOST + b"Content-Length: 2\r\n\r\nab")
    assert got.body == b"ab"


CODINGS = [b"chunked", b"Chunked", b"CHUNKED", b" chunked "]


@pytest.mark.parametrize("coding", CODINGS)
def test_a_chunked_body_goes_on_chunked_with_its_trailers(start: Start, coding: bytes) -> None:
    # RFC 9112 7.1; extensions are for one hop only (7.1.1), forbidden trailer fields are left out (9110 6.5.1)
    got = forward(
        start,
        b"POST /p/x HTTP/1.1\r\n" + HOST + b"Trailer: X-T\r\nTransfer-Encoding: " + coding + b"\r\n\r\n"
        b'3;a=b\r\nabc\r\n00A;q="x;y"\r\n0123456789\r\n000;last\r\n'
        b"X-T: one\r\nx-t: two\r\nHost: evil\r\nAuthorization: x\r\nexpect: 100-continue\r\n\r\n",
    )
    assert got.body == b"abc0123456789"
    assert got.trailers == [(b"X-T", b"one"), (b"x-t", b"two")]
    assert ours(got) == [(b"Trailer", b"X-T"), (b"Transfer-Encoding", b"chunked")]


def test_an_empty_chunked_body(start: Start) -> None:
    got = forward(start, b"POST /p/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
    assert got.body == b""
    assert ours(got) == [(b"Transfer-Encoding", b"chunked")]


def test_a_body_goes_on_as_it_comes(start: Start) -> None:
    """Neither end waits for the whole body: each chunk is seen before the next is sent."""
    seen: list[bytes] = []

    def script(peer: Peer) -> None:
        peer.read_request_head()
        for part in (b"one", b"two", b"three"):
            size = int(peer.read_until(b"\r\n"), 16)
            assert peer.read_exact(size + 2) == part + b"\r\n"
            seen.append(part)
            peer.send(b"HTTP/1.1 103 %b\r\n\r\n" % part)
        assert peer.read_until(b"\r\n\r\n") == b"0\r\n\r\n"
        peer.send(OK)

    _, sidecar = start(script)
    with sidecar.client() as client:
        client.send(b"POST /p/x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
        for part in (b"one", b"two", b"three"):
            client.send(b"%x\r\n%b\r\n" % (len(part), part))
            assert client.read_head().startswith(b"HTTP/1.1 103 " + part)
        client.send(b"0\r\n\r\n")
        assert client.read_answer().status == 200
    assert seen == [b"one", b"two", b"three"]


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 65_537, 300_000, 3_000_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_of_every_size_arrive_whole_and_come_back(start: Start, size: int, chunked: bool) -> None:
    body = bytes(range(251)) * (size // 251 + 1)
    body = body[:size]
    head = b"POST /p/x HTTP/1.1\r\n" + HOST
    if chunked:
        pieces = [body[at : at + 70_001] for at in range(0, size, 70_001)]
        message = head + b"Transfer-Encoding: chunked\r\n\r\n"
        message += b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    else:
        message = head + b"Content-Length: %d\r\n\r\n" % size + body
    _, sidecar = start(echo)
    with sidecar.client() as client:
        for _ in range(2):
            assert client.ask(message).body == b"POST /x HTTP/1.1|" + body
    first, second = sidecar.requests(2)
    assert (first["bytes_in"], second["bytes_in"]) == (size, size)
    assert second["attempts"][0]["connection"] == "reused"
