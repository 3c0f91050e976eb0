"""``requests``, ``urllib3`` and ``http.client``."""

import hashlib
import http.client
import json
import zlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import urllib3

from tests.sdk.conftest import Ends
from tests.sdk.provider import BLOCK, TEXT, Provider
from tests.sdk.seen import arrived

MIB = 1024 * 1024


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_a_request_arrives_as_it_was_sent(web: Ends, method: str) -> None:
    headers = {"X_Under_Score": "a", "x-lower": "b", "X-UPPER": "c", "X-Empty": "", "X-Latin": "grün"}

    def send(url: str) -> Any:
        with requests.Session() as session:
            path = "/echo/a%2Fb/%C3%BC;v=1/?q=1&q=2&empty=&=x&sp=%20+"
            data = b"\x00\xff" * 50 if method != "GET" else None
            answer = session.request(method, url + path, data=data, headers=headers, auth=("user", "pass"))
            return answer.status_code, answer.headers["X_Under_Score"], arrived(answer.json())

    status, spelled, about = web.both(send)
    assert (status, spelled, about["method"]) == (200, "kept", method)
    assert about["target"] == "/echo/a%2Fb/%C3%BC;v=1/?q=1&q=2&empty=&=x&sp=%20+"
    assert [pair for pair in about["headers"] if pair[0].startswith(("X", "x"))] == [
        ["X_Under_Score", "a"], ["x-lower", "b"], ["X-UPPER", "c"], ["X-Empty", ""], ["X-Latin", "grün"]
    ]  # fmt: skip


def test_one_connection_serves_a_session(web: Ends) -> None:
    pool = urllib3.PoolManager(num_pools=1, maxsize=1)
    with pool:
        for n in range(20):
            answer = pool.request("POST", f"{web.through}/echo/{n}", body=b"x" * n)
            assert answer.json()["length"] == n
        host = urlsplit(web.through)
        connections = pool.connection_from_host(host.hostname, host.port, "http")
        assert connections.num_connections == 1
        assert connections.num_requests == 20


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        ("absolute", "/echo/end?from=absolute"),
        ("path", "/echo/end?from=path"),
        ("relative", "/echo/end?from=relative"),
        ("again", "/echo/end?from=absolute"),
    ],
)
def test_redirects_lead_back_through_the_sidecar(web: Ends, kind: str, last: str) -> None:
    def follow(url: str) -> Any:
        with requests.Session() as session:
            answer = session.get(f"{url}/moved/{kind}")
            base = url.removesuffix("/web")
            assert all(step.url.startswith(base) for step in [*answer.history, answer])
            return len(answer.history), answer.json()["target"], "Sidecar-Request-Id" in answer.headers

    with pytest.raises(AssertionError):  # only the sidecar's header differs
        web.both(follow)
    hops = 2 if kind == "again" else 1
    assert follow(web.through) == (hops, last, True)
    assert follow(web.direct) == (hops, last, False)


def test_redirects_keep_or_drop_the_method_as_the_client_decides(web: Ends) -> None:
    def follow(url: str) -> Any:
        with requests.Session() as session:
            kept = session.post(f"{url}/moved/keep", data=b"body").json()
            got = session.post(f"{url}/moved/see-other", data=b"body").json()
            return kept["method"], kept["length"], got["method"], got["length"]

    assert web.both(follow) == ("POST", 4, "GET", 0)


def test_cookies_come_back_where_they_belong(web: Ends) -> None:
    def roam(url: str) -> Any:
        with requests.Session() as session:
            session.get(f"{url}/cookies/set")
            return session.get(f"{url}/account/seen").json(), session.get(f"{url}/elsewhere/seen").json()

    account, elsewhere = roam(web.through)
    assert account == {"safe": "s3", "scoped": "s2", "session": "s1"}
    assert elsewhere == {"safe": "s3", "session": "s1"}
    # Directly a Secure cookie does not go back over http; through the sidecar, which speaks TLS for the app, it does.
    account, elsewhere = roam(web.direct)
    assert {name: account[name] for name in ("scoped", "session")} == {"scoped": "s2", "session": "s1"}
    with requests.Session() as session:
        session.get(f"{web.through}/cookies/set")
        other = web.through.removesuffix("/web") + "/other/"
        request = session.prepare_request(requests.Request("GET", other))
        assert "Cookie" not in request.headers


def test_link_headers_page_through_the_sidecar(web: Ends) -> None:
    def pages(url: str) -> list[int]:
        found, target = [], f"{url}/page/1?size=2"
        with requests.Session() as session:
            while target:
                assert target.startswith(url)
                answer = session.get(target)
                found.append(answer.json()["page"])
                target = answer.links.get("next", {}).get("url", "")
        return found

    assert web.both(pages) == [1, 2, 3]


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_compressed_answers_pass_untouched(web: Ends, coding: str) -> None:
    def read(url: str) -> Any:
        with requests.Session() as session:
            answer = session.get(f"{url}/compressed/{coding}", headers={"Accept-Encoding": coding})
            raw = session.get(f"{url}/compressed/{coding}", headers={"Accept-Encoding": coding}, stream=True)
            squeezed = raw.raw.read(decode_content=False)
            return answer.headers["Content-Encoding"], answer.content, squeezed, raw.headers["Content-Length"]

    encoding, content, squeezed, length = web.both(read)
    assert (encoding, content, int(length)) == (coding, TEXT, len(squeezed))
    assert len(squeezed) < len(TEXT) / 10


def test_compressed_request_bodies_pass_untouched(web: Ends) -> None:
    def send(url: str) -> Any:
        with requests.Session() as session:
            body = zlib.compress(TEXT)
            return arrived(session.post(f"{url}/echo", data=body, headers={"Content-Encoding": "deflate"}).json())

    assert web.both(send)["sha256"] == hashlib.sha256(zlib.compress(TEXT)).hexdigest()


def test_a_generator_is_uploaded_chunked(web: Ends) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(64):
            yield BLOCK

    def send(url: str) -> Any:
        with requests.Session() as session:
            return session.post(f"{url}/upload", data=pieces()).json()

    seen = web.both(send)
    assert (seen["length"], seen["transfer-encoding"], seen["content-length"]) == (4 * MIB, "chunked", None)
    assert seen["sha256"] == hashlib.sha256(BLOCK * 64).hexdigest()


def test_a_form_with_files(web: Ends) -> None:
    def send(url: str) -> Any:
        with requests.Session() as session:
            prepared = session.prepare_request(requests.Request("POST", f"{url}/upload", files={"f": ("n", BLOCK)}))
            about = session.send(prepared).json()
            return about["length"] == len(prepared.body), about["content-type"] == prepared.headers["Content-Type"]

    assert web.both(send) == (True, True)


@pytest.mark.parametrize("query", ["", "?sized"])
def test_a_big_download_streams(web: Ends, query: str) -> None:
    def read(url: str) -> Any:
        digest, length = hashlib.sha256(), 0
        with requests.Session() as session, session.get(f"{url}/bytes/256{query}", stream=True) as answer:
            for chunk in answer.iter_content(100_000):
                digest.update(chunk)
                length += len(chunk)
            return length, digest.hexdigest(), answer.headers.get("Content-Length")

    length, digest, stated = web.both(read)
    assert (length, digest) == (16 * MIB, hashlib.sha256(BLOCK * 256).hexdigest())
    assert stated == (str(16 * MIB) if query else None)


def test_downloads_that_are_given_up_half_way(web: Ends) -> None:
    """Many, since the provider's next chunk must meet the closed connection within one turn of the sidecar's loop.

    What goes wrong then is written to the sidecar's standard error, which must be empty at its end.
    """
    given_up = []
    with requests.Session() as session:
        for _ in range(40):
            with session.get(f"{web.through}/bytes/4096?sized", stream=True) as answer:
                assert len(next(answer.iter_content(1000))) == 1000
            given_up.append(answer.headers["Sidecar-Request-Id"])
        assert session.get(f"{web.through}/echo").status_code == 200
    for request_id in given_up:
        record = web.sidecar.record(request_id)
        assert record["outcome"] == "canceled"
        assert record["bytes_out"] < 4096 * len(BLOCK)


def test_head_has_the_length_and_no_body(web: Ends) -> None:
    def ask(url: str) -> Any:
        with requests.Session() as session:
            answer = session.head(f"{url}/bytes/16?sized")
            again = session.get(f"{url}/echo")
            return answer.status_code, answer.headers["Content-Length"], answer.content, again.json()["method"]

    assert web.both(ask) == (200, str(MIB), b"", "GET")


@pytest.mark.parametrize("code", [201, 204, 304, 400, 401, 404, 409, 418, 422, 429, 451, 500, 503, 599])
def test_status_and_headers_pass(web: Ends, code: int) -> None:
    def ask(url: str) -> Any:
        with requests.Session() as session:
            answer = session.get(f"{url}/status/{code}")
            again = session.get(f"{url}/status/200")
            kept = {name: answer.headers.get(name) for name in ("Retry-After", "ETag", "X-Request-Id", "Content-Type")}
            return answer.status_code, answer.reason, kept, answer.content, again.status_code

    assert web.both(ask)[0] == code


def test_a_read_timeout_of_the_client_is_its_own(web: Ends) -> None:
    def ask(url: str) -> str:
        with requests.Session() as session, pytest.raises(requests.exceptions.ReadTimeout) as error:
            session.get(f"{url}/hang?timeout={urlsplit(url).path}", timeout=(5, 0.3))
        return type(error.value).__name__

    assert web.both(ask) == "ReadTimeout"
    record = web.sidecar.find(path="/web/hang", outcome="canceled")
    assert record["status"] is None
    assert record["sent"] == "maybe"


def test_http_client_gets_whole_and_chunked_answers(web: Ends) -> None:
    def ask(url: str) -> Any:
        parts = urlsplit(url)
        assert parts.hostname is not None
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        try:
            connection.request("POST", f"{parts.path}/echo/x", body=iter([b"one", b"two"]), encode_chunked=True)
            about = arrived(json.loads(connection.getresponse().read()))
            connection.request("GET", f"{parts.path}/bytes/3")
            answer = connection.getresponse()
            return about, answer.version, answer.getheader("Transfer-Encoding"), answer.read() == BLOCK * 3
        finally:
            connection.close()

    about, version, coding, whole = web.both(ask)
    assert (about["length"], version, coding, whole) == (6, 11, "chunked", True)


def test_ids_continue(web: Ends, provider: Provider) -> None:
    headers = {"Trackingid": "my-call-7", "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
               "Sidecar-Timeout": "5s"}  # fmt: skip
    with requests.Session() as session:
        answer = session.get(f"{web.through}/echo", headers=headers)
    at_provider = {name.lower(): value for name, value in answer.json()["headers"]}
    assert at_provider["trackingid"] == answer.headers["Sidecar-Request-Id"] == "my-call-7"
    assert at_provider["traceparent"].startswith("00-0af7651916cd43dd8448eb211c80319c-")
    assert at_provider["traceparent"] != headers["traceparent"]
    assert at_provider["host"] == provider.host
    assert not [name for name in at_provider if name.startswith("sidecar-")]
    assert answer.headers["X-Request-Id"] == "provider-1"
    record = web.sidecar.record("my-call-7")
    assert (record["trace_id"], record["attempts"][0]["tracking_id"]) == (
        "0af7651916cd43dd8448eb211c80319c",
        "provider-1",
    )
