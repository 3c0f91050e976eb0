"""``/calls`` of the admin API: the last failures, and the packet of one, as JSON and as Markdown."""

from typing import Any

import orjson
import pytest

from sidecar import __version__
from sidecar.admin.api import Admin
from sidecar.admin.calls import Calls
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.telemetry.failures import Failure, Failures
from tests.unit.admin.packets import packet

HOST = (b"Host", b"127.0.0.1:9091")


class Runtime:
    """The part of a runtime that these paths ask."""

    def __init__(self, *ids: str) -> None:
        failures = Failures(10, 1024 * 1024)
        for number, name in enumerate(ids):
            content = packet(request_id=name)
            content["started"] = 784111777.25 + number
            content["attempts"][0]["started"] = 784111777.5
            content["path"] = f"/partner/{number}"
            route = {"base_url": "https://api.test", "configured_headers": [], "settings": content.pop("settings")}
            del content["versions"]
            failures.add(Failure((name, "trace-1", "prov/1"), orjson.dumps(content), route))
        self.calls = Calls(failures)


async def ask(
    runtime: Runtime, target: bytes, *headers: tuple[bytes, bytes], method: bytes = b"GET", host: bool = True
) -> Response:
    every = (HOST, *headers) if host else headers
    exchange = Exchange(method, target, Headers.of(every), None, "127.0.0.1", 0.0)
    return await Admin(runtime, "token-token", "127.0.0.1:9091").handle(exchange)  # type: ignore[arg-type]


def data(response: Response) -> Any:
    return orjson.loads(response.body.content())


async def test_the_list_has_the_newest_first() -> None:
    response = await ask(Runtime("a", "b"), b"/calls")
    assert response.status == 200
    (second, first) = data(response)["calls"]
    assert (second["request_id"], second["path"]) == ("b", "/partner/1")
    assert first == {
        "ts": "2026-11-21T10:36:42.000Z", "request_id": "a", "provider": "partner", "route": "orders",
        "method": "POST", "path": "/partner/0", "status": 503, "outcome": "server_error",
    }  # fmt: skip


async def test_an_empty_list_is_no_error() -> None:
    response = await ask(Runtime(), b"/calls")
    assert (response.status, data(response)) == (200, {"calls": []})


async def test_one_call_with_all_that_is_known() -> None:
    response = await ask(Runtime("a", "b"), b"/calls/a")
    assert response.headers.get(b"content-type") == b"application/json"
    found = data(response)
    assert found["id"] == "a"
    (call,) = found["calls"]
    assert (call["request_id"], call["base_url"]) == ("a", "https://api.test")
    assert call["started"] == "1994-11-06T08:49:37.250Z"
    assert call["attempts"][0]["started"] == "1994-11-06T08:49:37.500Z"
    assert call["settings"]["timeouts_s"]["total"] == 8.0
    assert call["versions"]["sidecar"] == __version__
    assert call["versions"]["openssl"].startswith("OpenSSL")
    assert set(call["versions"]) == {"sidecar", "python", "openssl", "uvloop", "httptools"}


async def test_an_id_that_several_calls_have_shows_all_of_them() -> None:
    found = data(await ask(Runtime("a", "b", "a"), b"/calls/a"))
    assert [call["started"] for call in found["calls"]] == ["1994-11-06T08:49:39.250Z", "1994-11-06T08:49:37.250Z"]


async def test_the_providers_id_is_an_id_too_and_may_be_percent_encoded() -> None:
    found = data(await ask(Runtime("a", "b"), b"/calls/prov%2F1"))
    assert (found["id"], [call["request_id"] for call in found["calls"]]) == ("prov/1", ["b", "a"])


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        (b"/calls/a?format=markdown", ()),
        (b"/calls/a?x=1&format=md", ()),
        (b"/calls/a", ((b"Accept", b"text/markdown, */*;q=0.1"),)),
        (b"/calls/a?format=markdown", ((b"Accept", b"application/json"),)),
    ],
)
async def test_markdown(target: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    response = await ask(Runtime("a"), target, *headers)
    assert response.headers.get(b"content-type") == b"text/markdown; charset=utf-8"
    assert response.body.content().startswith(b"# Failed call `a`\n")


@pytest.mark.parametrize("headers", [(), ((b"Accept", b"text/markdown"),)])
async def test_json_that_is_asked_for(headers: tuple[tuple[bytes, bytes], ...]) -> None:
    response = await ask(Runtime("a"), b"/calls/a?format=json", *headers)
    assert response.headers.get(b"content-type") == b"application/json"


async def test_an_unknown_call_is_said_to_be_unknown() -> None:
    response = await ask(Runtime("a", "b"), b"/calls/c")
    found = data(response)
    assert (response.status, found["code"], found["kept"]) == (404, "unknown_call", 2)
    assert "'c'" in found["detail"]


@pytest.mark.parametrize("target", [b"/calls", b"/calls/a"])
@pytest.mark.parametrize("method", [b"POST", b"DELETE", b"PUT"])
async def test_nothing_can_be_changed_here(target: bytes, method: bytes) -> None:
    response = await ask(Runtime("a"), target, method=method)
    assert (response.status, response.headers.get(b"allow")) == (405, b"GET, HEAD")


@pytest.mark.parametrize("target", [b"/calls", b"/calls/a", b"/calls/a?format=markdown"])
async def test_a_page_with_a_foreign_name_reads_nothing(target: bytes) -> None:
    response = await ask(Runtime("a"), target, (b"Host", b"evil.example"), host=False)
    assert (response.status, data(response)["code"]) == (403, "host_refused")


async def test_the_paths_are_named_where_there_is_nothing() -> None:
    assert "/calls/{id}" in data(await ask(Runtime(), b"/call"))["detail"]
