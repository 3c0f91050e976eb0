"""A support packet of the whole program: from a call that failed to a text that can be mailed."""

import json
import subprocess
import sys
from typing import Any

from tests.integration.test_capture import running
from tests.support.scripted_provider import OK, Peer, ScriptedProvider, answer
from tests.support.sidecar_process import ROOT, SidecarProcess

RETRY: dict[str, Any] = {"attempts": 3, "backoff": {"base": "1ms", "cap": "1ms"}}
SECRETS = ("hunter22hunter22", "sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc", "abcd1234efgh5678ijkl")


def down(number: int, body: bytes = b'{"error": "busy", "session_token": "hunter22hunter22"}') -> bytes:
    fields = b"Content-Type: application/json\r\nX-Request-Id: prov-%d\r\nContent-Length: %d\r\n" % (number, len(body))
    return b"HTTP/1.1 503 Service Unavailable\r\n%b\r\n%b" % (fields, body)


def put(name: str, path: str = "/p/v1/orders?api_key=hunter22hunter22") -> bytes:
    body = b'{"item": "lamp", "password": "hunter22hunter22"}'
    return (
        f"PUT {path} HTTP/1.1\r\nHost: app\r\nTrackingid: {name}\r\nAuthorization: Bearer {SECRETS[1]}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def config(provider: ScriptedProvider, support: dict[str, Any] | None = None, **settings: Any) -> dict[str, Any]:
    settings = {"retry": RETRY, "headers": {"set": {"X-Partner": SECRETS[2]}}, **settings}
    return {"support": support or {}, "providers": {"p": {"base_url": f"{provider.url}/base", **settings}}}


def support(sidecar: SidecarProcess, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """``sidecar support`` as a person would call it."""
    command = [sys.executable, "-m", "sidecar.cli.main", "support", *arguments]
    command += ["--admin", f"http://127.0.0.1:{sidecar.admin_port}"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)


def calls(sidecar: SidecarProcess, name: str = "") -> Any:
    """``GET /calls``, or of one id."""
    status, body = sidecar.get(f"/calls/{name}" if name else "/calls", sidecar.admin_port)
    assert status == 200, body
    return json.loads(body)["calls"]


def test_every_attempt_of_a_call_can_be_sent_to_the_provider() -> None:
    with ScriptedProvider(answer(down(1), down(2), down(3))) as provider, running(config(provider)) as sidecar:
        with sidecar.client() as app:
            assert app.ask(put("signup-1")).status == 503
        sidecar.requests(1)
        text = support(sidecar, "signup-1").stdout
        packet = json.loads(support(sidecar, "signup-1", "-o", "json").stdout)["calls"][0]
        shown = text + json.dumps(packet) + json.dumps(sidecar.lines)
        assert [secret for secret in SECRETS if secret in shown] == []
        lines = text.splitlines()
        assert lines[0] == "# Failed call `signup-1`"
        url = f"{provider.url}/base/v1/orders?api_key=[REDACTED:api_key]"
        assert lines[2].endswith(f" UTC we called `PUT {url}` and got status 503 after 3 attempts.")
        assert lines[3] == "Your request ids: `prov-1`, `prov-2`, `prov-3`."
        assert text.count('"error"') == 3
        assert "lamp" in text
        assert f"| {provider.authority} |" in text
        attempts = packet["attempts"]
        assert [one["status"] for one in attempts] == [503, 503, 503]
        assert [one["connection"] for one in attempts] == ["new", "reused", "reused"]
        starts = [one["at_ms"] for one in attempts]
        assert starts == sorted(starts)
        traces = [one["added_headers"]["traceparent"] for one in attempts]
        sent = [(seen.get("traceparent") or b"").decode() for seen in provider.requests]
        assert traces == sent
        assert len(set(traces)) == 3
        assert (packet["base_url"], packet["configured_headers"]) == (f"{provider.url}/base", ["X-Partner"])
        assert packet["settings"]["retry"]["attempts"] == 3
        assert packet["request_headers"]["authorization"].startswith("Bearer [REDACTED:")
        assert packet["redactions"]["password"] == 1


def test_answers_that_were_retried_away_are_there_when_the_last_attempt_got_none() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        if peer.number == 0:
            peer.send(down(1))
            peer.read_request()
        peer.reset()

    with ScriptedProvider(script) as provider, running(config(provider)) as sidecar:
        with sidecar.client() as app:
            app.ask(put("signup-1"))
        (line,) = sidecar.requests(1)
        (packet,) = calls(sidecar, "signup-1")
        first, *others = packet["attempts"]
        assert (first["status"], "busy" in first["response_body"]) == (503, True)
        assert {one["error"] for one in others} == {"reset"}
        assert all("response_headers" not in one for one in others)
        assert "busy" in line["response_body"]


def test_a_call_is_found_by_every_id_it_has() -> None:
    with ScriptedProvider(answer(down(1), down(2), down(3))) as provider, running(config(provider)) as sidecar:
        with sidecar.client() as app:
            app.ask(put("signup-1"))
        (line,) = sidecar.requests(1)
        for name in ("signup-1", "prov-1", "prov-3", line["trace_id"]):
            assert [packet["request_id"] for packet in calls(sidecar, name)] == ["signup-1"]


def test_an_id_that_an_app_uses_again_shows_all_its_calls() -> None:
    with (
        ScriptedProvider(answer(down(1), down(2), down(3), OK)) as provider,
        running(config(provider, retry="off")) as sidecar,
    ):
        with sidecar.client() as app:
            for name in ("task-7", "task-8", "task-7", "task-7"):
                app.ask(put(name))
        sidecar.requests(4)
        found = calls(sidecar, "task-7")
        assert [packet["attempts"][0]["tracking_id"] for packet in found] == ["prov-3", "prov-1"]
        assert support(sidecar, "task-7").stdout.count("# Failed call `task-7`\n") == 2
        assert [one["request_id"] for one in calls(sidecar)] == ["task-7", "task-8", "task-7"]


def test_a_call_that_is_not_known_says_why_it_may_not_be() -> None:
    with ScriptedProvider(answer(OK)) as provider, running(config(provider)) as sidecar:
        with sidecar.client() as app:
            app.ask(put("went-well"))
        sidecar.requests(1)
        result = support(sidecar, "went-well")
        assert (result.returncode, result.stdout) == (1, "")
        what, where, todo = result.stderr.splitlines()
        assert what == "error: no failed call with the id 'went-well' is known"
        assert where == f"where: http://127.0.0.1:{sidecar.admin_port}"
        assert todo.startswith("do:    look for it in the log; here are only the last calls that failed (0 now)")


def test_the_ring_forgets_the_oldest() -> None:
    with (
        ScriptedProvider(answer(down(1))) as provider,
        running(config(provider, {"calls": 3}, retry="off")) as sidecar,
    ):
        with sidecar.client() as app:
            for number in range(5):
                app.ask(put(f"call-{number}"))
        sidecar.requests(5)
        assert [one["request_id"] for one in calls(sidecar)] == ["call-4", "call-3", "call-2"]
        assert support(sidecar, "call-0").returncode == 1


def test_the_ring_is_bounded_by_bytes_too() -> None:
    large = down(1, b'{"a": "' + b"x" * 10_000 + b'"}')
    with (
        ScriptedProvider(answer(large)) as provider,
        running(config(provider, {"bytes": "40KiB"}, retry="off")) as sidecar,
    ):
        with sidecar.client() as app:
            for number in range(10):
                app.ask(put(f"call-{number}"))
        sidecar.requests(10)
        assert [one["request_id"] for one in calls(sidecar)] == ["call-9", "call-8", "call-7"]


def test_it_can_be_switched_off() -> None:
    with (
        ScriptedProvider(answer(down(1))) as provider,
        running(config(provider, {"calls": 0}, retry="off")) as sidecar,
    ):
        with sidecar.client() as app:
            app.ask(put("signup-1"))
        (line,) = sidecar.requests(1)
        assert "busy" in line["response_body"]
        assert calls(sidecar) == []
        assert support(sidecar, "signup-1").returncode == 1


def test_without_bodies_the_heads_are_there() -> None:
    with (
        ScriptedProvider(answer(down(1), down(2), down(3))) as provider,
        running(config(provider, log={"bodies": "never"})) as sidecar,
    ):
        with sidecar.client() as app:
            app.ask(put("signup-1"))
        sidecar.requests(1)
        (packet,) = calls(sidecar, "signup-1")
        assert "request_body" not in packet
        assert [one["response_headers"]["x-request-id"] for one in packet["attempts"]] == ["prov-1", "prov-2", "prov-3"]
        assert not any("response_body" in one for one in packet["attempts"])


def test_a_reload_keeps_what_is_known() -> None:
    with ScriptedProvider(answer(down(1))) as provider, running(config(provider, retry="off")) as sidecar:
        with sidecar.client() as app:
            app.ask(put("signup-1"))
            sidecar.requests(1)
            sidecar.config_file.write_text(sidecar.config_file.read_text() + "\n# changed\n")
            sidecar.wait_event("reloaded")
            app.ask(put("signup-2"))
        sidecar.requests(2)
        assert [one["request_id"] for one in calls(sidecar)] == ["signup-2", "signup-1"]
