"""Spans of the whole program, as a collector gets them; and what becomes of calls when there is none."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.raw_client import Answer
from tests.support.scripted_provider import OK, Peer, ScriptedProvider, answer
from tests.support.sidecar_process import ROOT, SidecarProcess, complete
from tests.support.trace_collector import CLIENT, ERROR, SERVER, UNSET, Seen, TraceCollector

PARENT = "00f067aa0ba902b7"
DOWN = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\ndown"
RETRY = {"attempts": 3, "backoff": {"base": "1ms", "cap": "1ms"}}


def trace(number: int) -> str:
    """A trace id; each test has its own, as they share a sidecar."""
    return f"4bf92f3577b34da6a3ce929d0e0e{number:04x}"


def ask(sidecar: SidecarProcess, target: str, trace_id: str, flags: str = "01", *headers: str) -> Answer:
    """Call it; without a trace id the trace begins in the sidecar."""
    lines = [*headers, f"traceparent: 00-{trace_id}-{PARENT}-{flags}"] if trace_id else [*headers]
    with sidecar.client() as app:
        return app.ask("\r\n".join([f"GET {target} HTTP/1.1", "Host: app", *lines, "", ""]).encode())


def metrics(sidecar: SidecarProcess) -> dict[str, float]:
    """Sample -> value."""
    status, text = sidecar.get("/metrics")
    assert status == 200
    lines = [line.rpartition(" ") for line in text.decode().splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def wait_lost(sidecar: SidecarProcess, reason: str, spans: int) -> None:
    """Wait until so many spans are counted as lost for this reason."""
    end = time.monotonic() + 10
    while metrics(sidecar)[f'sidecar_spans_dropped_total{{reason="{reason}"}}'] != spans:
        assert time.monotonic() < end, metrics(sidecar)


def failing_once(peer: Peer) -> None:
    """503 for the first call of each path with ``down``, the end of the connection for the first with ``die``."""
    while True:
        request = peer.read_request()
        again = sum(one.target == request.target for one in peer.provider.requests) > 1
        if b"die" in request.target and not again:
            return
        peer.send(DOWN if b"down" in request.target and not again else OK)


class Scene:
    """A sidecar that traces, its provider and its collector."""

    def __init__(self, sidecar: SidecarProcess, provider: ScriptedProvider, collector: TraceCollector) -> None:
        self.sidecar = sidecar
        self.provider = provider
        self.collector = collector

    def spans(self, trace_id: str, count: int) -> list[Seen]:
        """The spans of a trace in the order of their start, when there are so many."""

        def found() -> list[Seen]:
            return [span for span in self.collector.spans if span.trace_id == trace_id]

        self.collector.wait_for(lambda: len(found()) >= count, f"{count} spans of {trace_id}")
        return sorted(found(), key=lambda span: (span.start, span.kind))

    def sent(self, path: str) -> list[tuple[str, str, str]]:
        """Trace id, span id and flags with which each send to this path reached the provider."""
        requests = [one for one in self.provider.requests if one.target == f"/base{path}".encode()]
        found = [(one.get("traceparent") or b"").decode().split("-") for one in requests]
        return [(trace_id, span_id, flags) for _, trace_id, span_id, flags in found]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("tracing")
    (folder / "collector").write_text("collect0r-key")
    (folder / "provider").write_text("1njected-key-0123456789")
    env = {
        "POD_NAME": "shop-1",
        "POD_NAMESPACE": "prod",
        "OTEL_SERVICE_NAME": "shop-sidecar",
        "OTEL_RESOURCE_ATTRIBUTES": "team=payments,region=eu%2Dwest",
    }
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    with ScriptedProvider(failing_once) as provider, TraceCollector() as collector:
        config = {
            "telemetry": {
                "otlp": {
                    "endpoint": collector.url,
                    "headers": {"Authorization": "Bearer ${file:collector}"},
                    "resource": {"region": "eu-north"},
                }
            },
            "providers": {
                "p": {
                    "base_url": f"{provider.url}/base",
                    "retry": RETRY,
                    "headers": {"set": {"X-Api-Key": "${file:provider}"}},
                    "routes": [{"name": "orders", "match": {"path": "/orders/{id}"}}],
                },
                "once": {"base_url": f"{provider.url}/base"},
                "gone": {"base_url": nowhere},
                "killed": {"base_url": nowhere, "enabled": False},
            },
        }
        with SidecarProcess(config, env=env, folder=folder) as sidecar:
            yield Scene(sidecar, provider, collector)
            sidecar.stop(signal.SIGINT)


def test_a_retried_call_makes_one_client_span_for_each_send_below_the_span_of_the_app(scene: Scene) -> None:
    before = time.time()
    got = ask(scene.sidecar, "/p/down?page=2", trace(1), "01", "tracestate: vendor=1")
    assert (got.status, got.get("sidecar-attempts")) == (200, b"2")
    first, second = scene.spans(trace(1), 2)
    assert scene.sent("/down?page=2") == [(trace(1), first.span_id, "01"), (trace(1), second.span_id, "01")]
    assert first.span_id != second.span_id
    for span in (first, second):
        assert (span.name, span.kind, span.parent_id) == ("GET", CLIENT, PARENT)
        assert (span.tracestate, span.flags, span.message) == ("vendor=1", 0x301, "")
    assert before <= first.start <= first.end <= second.start <= second.end <= time.time()
    common = {
        "sidecar.provider": "p",
        "sidecar.route": "default",
        "server.address": "127.0.0.1",
        "server.port": scene.provider.port,
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
        "network.peer.address": "127.0.0.1",
        "network.peer.port": scene.provider.port,
        "http.request.method": "GET",
        "url.full": f"{scene.provider.url}/base/down?page=2",
    }
    failed = {"http.response.status_code": 503, "error.type": "503", "sidecar.outcome": "server_error"}
    assert (first.status, first.attributes) == (ERROR, common | failed)
    well = {"http.response.status_code": 200, "http.request.resend_count": 1, "sidecar.outcome": "success"}
    assert (second.status, second.attributes) == (UNSET, common | well)


def test_an_unsampled_parent_makes_no_span_and_stays_unsampled(scene: Scene) -> None:
    assert ask(scene.sidecar, "/once/unsampled", trace(2), "00").status == 200
    assert ask(scene.sidecar, "/once/sampled", trace(3), "01").status == 200
    assert len(scene.spans(trace(3), 1)) == 1
    assert [span for span in scene.collector.spans if span.trace_id == trace(2)] == []
    assert [flags for _, _, flags in scene.sent("/unsampled") + scene.sent("/sampled")] == ["00", "01"]


def test_a_trace_that_begins_here_has_a_root_above_its_sends(scene: Scene) -> None:
    assert ask(scene.sidecar, "/p/orders/down?page=2", "").status == 200
    ((trace_id, *_), _) = scene.sent("/orders/down?page=2")
    root, first, second = scene.spans(trace_id, 3)
    assert scene.sent("/orders/down?page=2") == [(trace_id, one.span_id, "03") for one in (first, second)]
    assert [span.name for span in (root, first, second)] == ["GET orders"] * 3
    assert (root.kind, root.parent_id, root.status, root.flags) == (SERVER, "", UNSET, 0x103)
    assert [(span.kind, span.parent_id, span.flags) for span in (first, second)] == [(CLIENT, root.span_id, 0x103)] * 2
    assert root.start <= first.start <= second.end <= root.end
    assert root.attributes == {
        "sidecar.provider": "p",
        "sidecar.route": "orders",
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": "/p/orders/down",
        "url.query": "page=2",
        "sidecar.attempts": 2,
        "sidecar.outcome": "success",
        "http.response.status_code": 200,
    }


def test_a_send_over_a_dead_connection_and_its_repetition_have_spans_of_their_own(scene: Scene) -> None:
    assert ask(scene.sidecar, "/once/warm", trace(4)).status == 200
    assert ask(scene.sidecar, "/once/die", trace(5)).status == 200
    dead, again = scene.spans(trace(5), 2)
    assert [span_id for _, span_id, _ in scene.sent("/die")] == [dead.span_id, again.span_id]
    assert dead.span_id != again.span_id
    assert (dead.status, dead.attributes["error.type"]) == (ERROR, "reset")
    assert (again.status, again.attributes["http.request.resend_count"]) == (UNSET, 1)
    assert dead.end <= again.start


def test_a_send_that_fails_and_a_call_that_is_refused_are_told_by_their_codes(scene: Scene) -> None:
    assert ask(scene.sidecar, "/gone/x", trace(6)).status == 502
    (failed,) = scene.spans(trace(6), 1)
    assert (failed.kind, failed.status, failed.attributes["error.type"]) == (CLIENT, ERROR, "connect_failed")
    assert "http.response.status_code" not in failed.attributes
    assert ask(scene.sidecar, "/killed/x", "").status == 503
    scene.collector.wait_for(lambda: any(one.attributes.get("error.type") == "killed" for one in scene.collector.spans))
    (refused,) = [one for one in scene.collector.spans if one.attributes["sidecar.provider"] == "killed"]
    assert (refused.kind, refused.status, refused.attributes["sidecar.outcome"]) == (SERVER, ERROR, "refused")
    assert (refused.attributes["http.response.status_code"], refused.attributes["sidecar.attempts"]) == (503, 0)


SECRETS = ("qu3ry-s3cret", "Zx81secretpath", "app-p4ssword", "st4te-s3cret", "1njected-key", "collect0r-key", "c00kie")


def test_no_secret_of_a_call_reaches_the_collector(scene: Scene) -> None:
    target = "/token/Zx81secretpath/x?api_key=qu3ry-s3cret&page=7&copy=app-p4ssword&set=1njected-key-0123456789"
    headers = "Authorization: Basic app-p4ssword", "Cookie: s=c00kie-value", "tracestate: v=password:st4te-s3cret"
    assert ask(scene.sidecar, f"/p{target}", trace(7), "01", *headers).status == 200
    assert ask(scene.sidecar, f"/p{target}&root=1", "", "", *headers).status == 200
    (below_the_app,) = scene.spans(trace(7), 1)
    ((trace_id, *_),) = scene.sent(f"{target}&root=1")
    root, below_the_root = scene.spans(trace_id, 2)
    assert [secret for secret in SECRETS if secret.encode() in scene.collector.raw] == []
    assert "page=7" in root.attributes["url.query"]
    assert all("page=7" in span.attributes["url.full"] for span in (below_the_app, below_the_root))
    assert any(b"st4te-s3cret" in (one.get("tracestate") or b"") for one in scene.provider.requests)


def test_the_collector_gets_its_key_and_the_name_of_process_and_pod(scene: Scene) -> None:
    ask(scene.sidecar, "/once/named", trace(8))
    scene.spans(trace(8), 1)
    assert {one.get("authorization") for one in scene.collector.requests} == {b"Bearer collect0r-key"}
    resource = dict(scene.collector.resources[0])
    assert resource.pop("service.version")
    assert resource == {
        "service.name": "shop-sidecar",
        "k8s.pod.name": "shop-1",
        "k8s.namespace.name": "prod",
        "team": "payments",
        "region": "eu-north",
    }


def test_what_arrived_is_counted(scene: Scene) -> None:
    ask(scene.sidecar, "/once/counted", trace(9))
    scene.spans(trace(9), 1)
    end = time.monotonic() + 10
    while metrics(scene.sidecar)["sidecar_spans_exported_total"] != len(scene.collector.spans):
        assert time.monotonic() < end


def tracing(provider: ScriptedProvider, endpoint: str, **otlp: Any) -> dict[str, Any]:
    otlp["endpoint"] = endpoint
    return {"telemetry": {"otlp": otlp}, "providers": {"p": {"base_url": f"{provider.url}/base"}}}


def test_a_dead_collector_changes_no_call_and_its_spans_are_counted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        nowhere = f"http://127.0.0.1:{free.getsockname()[1]}"
    with (
        ScriptedProvider(answer(OK)) as provider,
        SidecarProcess(tracing(provider, nowhere, timeout="100ms")) as sidecar,
    ):
        assert [ask(sidecar, "/p/x", trace(1)).status for _ in range(3)] == [200] * 3
        wait_lost(sidecar, "unreachable", 3)
        event = sidecar.wait_event("spans_not_exported")
        assert (event["level"], event["reason"]) == ("warning", "unreachable")
        assert event["detail"].startswith("ConnectionRefusedError")
        sidecar.stop(signal.SIGINT)


def test_a_hanging_collector_holds_up_neither_calls_nor_the_end() -> None:
    with (
        ScriptedProvider(answer(OK)) as provider,
        TraceCollector(b"") as collector,
        SidecarProcess(tracing(provider, collector.url, timeout="60s")) as sidecar,
    ):
        assert ask(sidecar, "/p/first", trace(1)).status == 200
        collector.wait_batches(1)
        assert ask(sidecar, "/p/second", trace(2)).status == 200
        sidecar.stop(signal.SIGINT, timeout=20)
        assert sidecar.wait_event("spans_lost")["spans"] == 2
        assert collector.spans == []


def test_a_reload_switches_on_moves_and_switches_off_and_the_end_sends_what_waits() -> None:
    with (
        ScriptedProvider(answer(OK)) as provider,
        TraceCollector() as first,
        TraceCollector() as second,
        SidecarProcess({"providers": {"p": {"base_url": provider.url}}}) as sidecar,
    ):
        reloads = 0

        def reload(endpoint: str) -> None:
            nonlocal reloads
            reloads += 1
            whole = complete(tracing(provider, endpoint))
            sidecar.config_file.write_text(yaml.safe_dump(whole))
            sidecar.send_signal(signal.SIGHUP)
            sidecar.wait_lines(lambda lines: sum(line["event"] == "reloaded" for line in lines) >= reloads)

        ask(sidecar, "/p/off", trace(1))
        reload(first.url)
        ask(sidecar, "/p/first", trace(1))
        reload("")
        ask(sidecar, "/p/off", trace(1))
        reload(second.url)
        for _ in range(20):
            ask(sidecar, "/p/second", trace(1))
        assert sidecar.stop(signal.SIGINT) == 0
        assert [span.attributes["url.full"] for span in first.spans] == [f"{provider.url}/base/first"]
        assert [span.attributes["url.full"] for span in second.spans] == [f"{provider.url}/base/second"] * 20
        assert not any(line["event"] in ("spans_lost", "restart_needed") for line in sidecar.lines)


def test_without_an_endpoint_a_running_sidecar_has_loaded_nothing_for_it() -> None:
    with (
        ScriptedProvider(answer(OK)) as provider,
        SidecarProcess({"providers": {"p": {"base_url": provider.url}}}) as sidecar,
    ):
        assert ask(sidecar, "/p/x", trace(1)).status == 200
        assert ask(sidecar, "/p/x", "").status == 200
        maps = Path(f"/proc/{sidecar.process.pid}/maps").read_text()
        tasks = [one.read_text() for one in Path(f"/proc/{sidecar.process.pid}/task").glob("*/comm")]
        sidecar.stop(signal.SIGINT)
        flags = [(one.get("traceparent") or b"")[-2:] for one in provider.requests]
        assert flags == [b"01", b"02"]
        assert "/site-packages/" in maps
        assert "/google/_upb/" not in maps
        assert not any("spans" in name for name in tasks)


LOADED = """
import json, sys, sidecar.runtime, sidecar.cli.run
from sidecar.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    code = end.code
print(json.dumps([code, sorted(name for name in sys.modules if name.split(".")[0] in ("opentelemetry", "google"))]))
"""
RUN = "import sys; from sidecar.cli.main import main; main(sys.argv[1:])"
ABSENT = "import sys; sys.modules['opentelemetry'] = None\n"


def python(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A process of its own: what it has loaded is not what the tests have."""
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, env=environ, cwd=ROOT, check=False)


def written(folder: Path, otlp: str) -> str:
    file = folder / "sidecar.yaml"
    file.write_text(f"version: 1\ntelemetry:\n  otlp:\n{otlp}providers:\n  p: {{base_url: 'http://127.0.0.1:9'}}\n")
    return str(file)


def test_nothing_of_opentelemetry_is_loaded_while_there_is_no_endpoint(tmp_path: Path) -> None:
    off = written(tmp_path, "    sample: 10%\n")
    assert json.loads(python(LOADED, "check", "-c", off).stdout.splitlines()[-1]) == [0, []]
    on = written(tmp_path, "    endpoint: http://127.0.0.1:4318\n")
    code, modules = json.loads(python(LOADED, "check", "-c", on).stdout.splitlines()[-1])
    assert code == 0
    assert "opentelemetry.proto.trace.v1.trace_pb2" in modules
    assert not any(name.startswith("opentelemetry.sdk") for name in modules)


@pytest.mark.parametrize(("command", "exit_code"), [("check", 1), ("run", 2)])
def test_an_endpoint_without_the_extra_is_a_mistake_with_its_line_and_what_to_do(
    tmp_path: Path, command: str, exit_code: int
) -> None:
    file = written(tmp_path, "    endpoint: http://127.0.0.1:4318\n")
    done = python(ABSENT + RUN, command, "-c", file)
    shown = done.stdout + done.stderr
    assert done.returncode == exit_code, shown
    assert f"{file}:4:15: telemetry.otlp.endpoint: spans need packages that are not installed" in shown
    assert 'run: pip install "resilience-sidecar[otlp]", or take endpoint out' in shown


def test_a_secret_for_the_collector_in_plain_is_warned_of(tmp_path: Path) -> None:
    file = written(tmp_path, "    endpoint: http://127.0.0.1:4318\n    headers: {Authorization: pl4in-key}\n")
    done = python(RUN, "check", "-c", file)
    assert "telemetry.otlp.headers.Authorization: warning: a secret is written in plain" in done.stdout
    assert "pl4in-key" not in done.stdout + done.stderr
