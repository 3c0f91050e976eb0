"""Bodies in the log of the whole program: which, how much of them, and that nothing waits for them."""

import gzip
import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sidecar.cli.explain import command
from tests.support.scripted_provider import Peer, ScriptedProvider, answer
from tests.support.sidecar_process import SidecarProcess

JSON = b"Content-Type: application/json\r\n"
ORDER = b'{"item": "lamp", "password": "hunter22hunter22"}'


def reply(status: int, body: bytes, fields: bytes = JSON) -> bytes:
    return b"HTTP/1.1 %d x\r\n%bContent-Length: %d\r\n\r\n%b" % (status, fields, len(body), body)


def request(path: str, body: bytes = ORDER, fields: str = "") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: app\r\nContent-Type: application/json\r\n{fields}"
    return head.encode() + b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)


def config(provider: ScriptedProvider, log: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    """A sidecar with this ``log`` at the top level, and a provider with these settings."""
    return {"log": log or {}, "providers": {"p": {"base_url": provider.url, **settings}}}


@contextmanager
def running(settings: dict[str, Any]) -> Iterator[SidecarProcess]:
    """A sidecar that ends as soon as it may: at a terminal's signal it does not wait for an app to go quiet."""
    with SidecarProcess(settings) as sidecar:
        yield sidecar
        sidecar.stop(signal.SIGINT)


def test_what_is_told_is_said_at_the_top_level_for_a_provider_and_for_a_route() -> None:
    routes = [
        {"name": "loud", "match": {"path": "/loud"}, "log": {"bodies": "always"}},
        {"name": "mute", "match": {"path": "/mute"}, "log": {"bodies": "never"}},
        {"name": "short", "match": {"path": "/short"}, "log": {"body_bytes": 8}},
    ]
    script = answer(*(reply(status, b'{"ok": true}') for status in (200, 200, 500, 500, 500, 500)))
    with ScriptedProvider(script) as provider, running(config(provider, routes=routes)) as sidecar:
        with sidecar.client() as app:
            for path in ("rest", "loud", "rest", "loud", "mute", "short"):
                app.ask(request(f"/p/{path}"))
        lines = sidecar.requests(6)
        told = [("request_body" in line, "response_body" in line, "request_headers" in line) for line in lines]
        assert told == [
            (False, False, False), (True, True, True), (True, True, True), (True, True, True), (False, False, True),
            (True, True, True),
        ]  # fmt: skip
        assert lines[2]["response_body"] == '{"ok": true}'
        assert "lamp" in lines[2]["request_body"]
        assert "lamp" not in lines[5]["request_body"]
        assert "hunter22" not in json.dumps(sidecar.lines)
        assert lines[2]["redactions"] == {"password": 1}
        _, metrics = sidecar.get("/metrics")
        assert b'sidecar_redactions_total{kind="password"} 3' in metrics
        assert b"sidecar_redaction_failures_total 0" in metrics


def test_the_top_level_speaks_for_calls_that_reach_no_provider_too() -> None:
    log = {"bodies": "never"}
    with ScriptedProvider(answer(reply(200, b"{}"))) as provider, running(config(provider, log)) as sidecar:
        with sidecar.client() as app:
            assert app.ask(request("/none/x")).status == 404
        (line,) = sidecar.requests(1)
        assert (line["error"], line["request_headers"]["host"]) == ("no_route", "app")
        assert "request_body" not in line


def test_chunked_bodies_of_both_sides() -> None:
    answer_head = b"HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n"
    script = answer(answer_head + chunked(b"so", b"rr", b"y") + b"0\r\n\r\n")
    with ScriptedProvider(script) as provider, running(config(provider)) as sidecar:
        with sidecar.client() as app:
            app.send(b"POST /p/x HTTP/1.1\r\nHost: app\r\nTransfer-Encoding: chunked\r\n\r\n")
            app.send(chunked(b"one ") + chunked(b"two"))
            app.send(b"0\r\n\r\n")
            assert app.read_answer().body == b"sorry"
        (line,) = sidecar.requests(1)
        assert (line["request_body"], line["response_body"]) == ("one two", "sorry")
        assert provider.requests[0].body == b"one two"


def test_of_a_large_body_the_beginning_is_told_and_every_byte_is_passed_on() -> None:
    body = b"word " * 200_000
    log = {"body_bytes": "1KiB"}
    script = answer(reply(500, body, b"Content-Type: text/plain\r\n"))
    with ScriptedProvider(script) as provider, running(config(provider, log)) as sidecar:
        with sidecar.client() as app:
            got = app.ask(request("/p/x", body, "X-Kind: text\r\n"))
        assert got.body == body
        assert provider.requests[0].body == body
        (line,) = sidecar.requests(1)
        for field in ("request_body", "response_body"):
            assert line[field].startswith("word word ")
            assert len(line[field]) < 1200
        assert (line["bytes_in"], line["bytes_out"]) == (len(body), len(body))


def test_a_compressed_answer_can_be_read_in_the_log() -> None:
    packed = gzip.compress(b'{"error": "no such item", "token": "hunter22hunter22"}')
    script = answer(reply(404, packed, JSON + b"Content-Encoding: gzip\r\n"))
    with ScriptedProvider(script) as provider, running(config(provider)) as sidecar:
        with sidecar.client() as app:
            assert app.ask(request("/p/x")).body == packed
        (line,) = sidecar.requests(1)
        assert json.loads(line["response_body"])["error"] == "no such item"
        assert "hunter22" not in json.dumps(line)


@pytest.mark.parametrize("log", [{}, {"bodies": "always"}])
def test_a_good_answer_that_breaks_off_is_told_as_far_as_it_came(log: dict[str, Any]) -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf of an answer")
        peer.reset()

    with ScriptedProvider(script) as provider, running(config(provider, log)) as sidecar:
        with sidecar.client() as app:
            app.send(request("/p/x"))
            app.read_until_close()
        (line,) = sidecar.requests(1)
        assert (line["error"], line["sent"], line["status"]) == ("response_incomplete", "maybe", 200)
        assert "half of an" in line["response_body"]
        assert "lamp" in line["request_body"]


def test_an_app_that_leaves_inside_its_request_is_told_as_far_as_it_came() -> None:
    def script(peer: Peer) -> None:
        peer.read_request_head()
        peer.read_until_close()

    with ScriptedProvider(script) as provider, running(config(provider)) as sidecar:
        with sidecar.client() as app:
            app.send(b"POST /p/x HTTP/1.1\r\nHost: app\r\nX-Mine: 1\r\nContent-Length: 100\r\n\r\nbegin here ")
            provider.wait_requests(1)
        (line,) = sidecar.requests(1)
        assert (line["outcome"], line["request_headers"]["x-mine"]) == ("canceled", "1")
        assert line["request_body"].startswith("begin")


@pytest.mark.parametrize("bodies", ["never", "on_error", "always"])
@pytest.mark.parametrize("status", [200, 500])
def test_a_stream_is_not_delayed(bodies: str, status: int) -> None:
    """Each piece reaches the app before the provider sends the next."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 %d x\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" % status)
        peer.send(chunked(b"data: 1\n\n"))
        peer.hold()
        peer.send(chunked(b"data: 2\n\n") + b"0\r\n\r\n")

    with ScriptedProvider(script) as provider, running(config(provider, {"bodies": bodies})) as sidecar:
        with sidecar.client() as app:
            app.send(request("/p/x"))
            assert b"data: 1\n\n" in app.read_until(b"data: 1\n\n\r\n")
            assert sidecar.requests() == []
            provider.let_go()
            assert b"data: 2\n\n" in app.read_until(b"0\r\n\r\n")
        (line,) = sidecar.requests(1)
        told = bodies == "always" or (bodies == "on_error" and status == 500)
        assert ("response_body" in line) == told
        if told:
            assert "data: 1" in line["response_body"]
            assert "data: 2" in line["response_body"]


def test_a_websocket_has_heads_alone() -> None:
    upgrade = "GET /p/ws HTTP/1.1\r\nHost: app\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello")
        peer.read_exact(3)

    with ScriptedProvider(script) as provider, running(config(provider, {"bodies": "always"})) as sidecar:
        with sidecar.client() as app:
            app.send(upgrade.encode())
            assert app.read_answer().status == 101
            assert app.read_exact(5) == b"hello"
            app.send(b"bye")
            app.read_until_close()
        (line,) = sidecar.requests(1)
        assert (line["bytes_in"], line["bytes_out"]) == (3, 5)
        assert line["request_headers"]["upgrade"] == "websocket"
        assert not {"request_body", "response_body"} & set(line)


def test_megabytes_are_redacted_beside_the_calls_and_no_line_is_lost_at_the_end() -> None:
    """The calls that follow are answered and logged while the large bodies are still being redacted."""
    body = json.dumps({"rows": [{"name": f"row {n}", "password": "hunter22hunter22"} for n in range(20_000)]}).encode()
    assert len(body) > 1_000_000
    script = answer(*[reply(500, body)] * 3, reply(200, b"{}"))
    with ScriptedProvider(script) as provider, running(config(provider, {"body_bytes": "1MiB"})) as sidecar:
        with sidecar.client() as app:
            for _ in range(3):
                assert len(app.ask(request("/p/large")).body) == len(body)
            for _ in range(5):
                assert app.ask(request("/p/small")).status == 200
        sidecar.stop(signal.SIGINT)
        lines = sidecar.requests()
        assert sorted(line["path"] for line in lines) == ["/p/large"] * 3 + ["/p/small"] * 5
        assert "hunter22" not in json.dumps(lines)
        assert sidecar.lines[-1]["event"] == "stopped"
        for line in lines:
            assert "response_body" in line or line["path"] == "/p/small"


def test_explain_shows_what_holds_for_a_route_and_who_said_it(tmp_path: Path) -> None:
    file = tmp_path / "sidecar.yaml"
    file.write_text(
        "version: 1\n"
        "log: {output: stderr, bodies: never, body_bytes: 2KiB}\n"
        "defaults: {log: {sample_success: 50%}}\n"
        "providers:\n"
        "  p:\n"
        "    base_url: https://api.example.com\n"
        "    log: {body_bytes: 4KiB}\n"
        "    routes: [{name: r, match: {path: /r}, log: {bodies: always}}]\n"
    )
    shown = json.loads(CliRunner().invoke(command, ["GET", "/p/r", "-c", str(file), "-o", "json"]).stdout)["settings"]
    found = {name: (row["value"], row["from"]) for name, row in shown.items() if name.startswith("log.")}
    assert found == {
        "log.bodies": ("always", "route"), "log.body_bytes": ("4KiB", "provider"),
        "log.sample_success": ("50%", "defaults"),
    }  # fmt: skip
    rest = json.loads(CliRunner().invoke(command, ["GET", "/p/x", "-c", str(file), "-o", "json"]).stdout)["settings"]
    assert (rest["log.bodies"]["value"], rest["log.bodies"]["from"]) == ("never", "top level")
