"""The way of spans to a collector: the queue, the thread, and collectors that do not do their part."""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from sidecar.core.env import Env
from sidecar.telemetry import otlp, spans
from sidecar.telemetry.otlp import CLIENT, Destination, traces_path
from sidecar.telemetry.spans import QUEUE, Span, Spans
from sidecar.telemetry.stats import Stats
from tests.support.trace_collector import ERROR, TAKEN, UNSET, TraceCollector, partly
from tests.unit.policies.stage import KeptLog

BUSY = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
LATER = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n"
NO = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"
MOVED = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
JSON = b'{"partialSuccess": {"rejectedSpans": "1"}}'
IN_JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(JSON), JSON)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that a test waits for takes a second."""
    monkeypatch.setattr(spans, "EVERY", 0.01)
    monkeypatch.setattr(spans, "_BACKOFF", 0.01)


class Call:
    """Makes spans of this name, or raises."""

    def __init__(self, name: str = "GET", count: int = 1, bug: Exception | None = None, size: int = 100) -> None:
        self.size = size
        self.name = name
        self.count = count
        self._bug = bug
        self.made_in: list[int] = []

    def spans(self) -> Iterable[Span]:
        self.made_in.append(threading.get_ident())
        if self._bug is not None:
            raise self._bug
        for number in range(self.count):
            yield Span(
                name=self.name,
                kind=CLIENT,
                trace_id="4bf92f3577b34da6a3ce929d0e0e4736",
                span_id=f"{number + 1:016x}",
                parent_id="",
                remote=False,
                flags=1,
                tracestate="",
                start=10.0,
                end=10.5,
                error=self.name == "bad",
                attributes={"text": "ä", "number": 7},
            )


class Exporter:
    """Spans, where they go and what was counted."""

    def __init__(self, port: int, timeout: float) -> None:
        self.stats = Stats()
        self.log = KeptLog(self.stats)
        self.destination = Destination("http", "127.0.0.1", port, "/v1/traces", {}, timeout, {"service.name": "test"})
        env = replace(Env(), wall=lambda: time.monotonic() + 1000.0)
        self.spans = Spans(env, self.stats, self.log)
        self.spans.configure(self.destination)

    def lost(self) -> dict[str, int]:
        return {reason: count for reason, count in self.stats.spans_dropped.items() if count}

    def events(self) -> list[str]:
        return [line["event"] for line in self.log.lines]

    def wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 10
        while not condition():
            assert time.monotonic() < end, (self.lost(), self.log.lines)
            time.sleep(0.001)


@contextmanager
def exporting(port: int, timeout: float = 10.0) -> Iterator[Exporter]:
    exporter = Exporter(port, timeout)
    try:
        yield exporter
    finally:
        exporter.spans.close()


@contextmanager
def scene(*answers: bytes, timeout: float = 10.0) -> Iterator[tuple[Exporter, TraceCollector]]:
    with TraceCollector(*answers) as collector, exporting(collector.port, timeout) as exporter:
        yield exporter, collector


def test_spans_arrive_as_they_were_made_in_a_thread_of_their_own() -> None:
    with scene() as (exporter, collector):
        call = Call("bad")
        exporter.spans.put(call)
        (span,) = collector.wait_spans(1)
        assert (span.trace_id, span.span_id, span.parent_id) == (
            "4bf92f3577b34da6a3ce929d0e0e4736",
            "0000000000000001",
            "",
        )
        assert (round(span.start, 3), round(span.end, 3)) == (1010.0, 1010.5)
        assert (span.status, span.attributes, span.flags) == (ERROR, {"text": "ä", "number": 7}, 0x101)
        assert call.made_in != [threading.get_ident()]
        assert collector.resources == [{"service.name": "test"}]
        exporter.wait(lambda: exporter.stats.spans_exported == 1)
        assert exporter.lost() == {}


def test_a_full_queue_takes_no_more_and_counts_them() -> None:
    with scene(b"", timeout=60.0) as (exporter, collector):
        exporter.spans.put(Call())
        collector.wait_batches(1)
        for _ in range(QUEUE):
            exporter.spans.put(Call(count=2))
        assert exporter.lost() == {}
        exporter.spans.put(Call(count=3))
        assert exporter.lost() == {"queue_full": 3}
        exporter.spans.close(0.05)
        assert exporter.lost() == {"queue_full": 3, "closed": 2 * QUEUE + 1}
        assert exporter.events() == ["spans_lost"]


def test_calls_with_large_heads_fill_the_queue_sooner() -> None:
    mebibyte = 1024 * 1024
    with scene(b"", timeout=60.0) as (exporter, collector):
        exporter.spans.put(Call(size=8 * mebibyte))
        collector.wait_batches(1)
        for _ in range(8):
            exporter.spans.put(Call(size=mebibyte))
        assert exporter.lost() == {}
        exporter.spans.put(Call(size=1))
        assert exporter.lost() == {"queue_full": 1}
        exporter.spans.close(0.05)


def test_many_spans_go_in_batches() -> None:
    with TraceCollector() as collector, exporting(collector.port) as exporter:
        for _ in range(1200):
            exporter.spans.put(Call())
        exporter.spans.close()
        assert len(collector.spans) == 1200
        assert max(collector.batches) <= 512
        assert len(collector.peers) == 1


def test_a_call_that_cannot_be_told_does_not_stop_the_others() -> None:
    with scene() as (exporter, collector):
        exporter.spans.put(Call(count=2, bug=ValueError("s3cret")))
        exporter.spans.put(Call("good"))
        assert [span.name for span in collector.wait_spans(1)] == ["good"]
        assert exporter.lost() == {"internal": 2}
        assert "s3cret" not in str(exporter.log.lines)


def test_what_may_help_is_tried_again_and_nothing_is_sent_twice_after_that() -> None:
    with scene(BUSY, BUSY, TAKEN) as (exporter, collector):
        exporter.spans.put(Call())
        assert [span.status for span in collector.wait_spans(1)] == [UNSET]
        exporter.spans.close()
        assert collector.batches == [1, 1, 1]
        assert exporter.lost() == {}
        assert exporter.events() == []


@pytest.mark.parametrize(
    ("answer", "reason", "detail"),
    [
        (NO, "rejected", "the collector answered 400"),
        (MOVED, "rejected", "the collector answered 307"),
        (LATER, "unreachable", "status 429"),
    ],
)
def test_what_no_other_try_helps_is_lost_at_once_and_told_until_it_works_again(
    answer: bytes, reason: str, detail: str
) -> None:
    with scene(answer, answer, TAKEN) as (exporter, collector):
        exporter.spans.put(Call())
        exporter.wait(lambda: exporter.lost() == {reason: 1})
        exporter.spans.put(Call())
        exporter.wait(lambda: exporter.lost() == {reason: 2})
        exporter.spans.put(Call())
        collector.wait_spans(1)
        exporter.wait(lambda: exporter.events() == ["spans_not_exported", "spans_exported_again"])
        assert exporter.log.lines[0]["detail"] == detail
        assert collector.batches == [1, 1, 1]


def test_a_collector_that_never_answers_loses_the_batch_when_its_time_is_up() -> None:
    with scene(b"", timeout=0.1) as (exporter, _collector):
        exporter.spans.put(Call())
        exporter.wait(lambda: exporter.events() == ["spans_not_exported"])
        assert exporter.lost() == {"unreachable": 1}
        assert exporter.log.lines[0]["detail"] == "TimeoutError: timed out"


def test_nobody_at_the_address_is_unreachable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with exporting(port, timeout=0.1) as exporter:
        exporter.spans.put(Call())
        exporter.wait(lambda: exporter.lost() == {"unreachable": 1})


def test_what_is_no_http_is_unreachable() -> None:
    with scene(b"SSH-2.0-OpenSSH_9.2\r\n", timeout=0.1) as (exporter, _collector):
        exporter.spans.put(Call())
        exporter.wait(lambda: exporter.events() == ["spans_not_exported"])
        assert exporter.log.lines[0]["detail"].startswith("BadStatusLine")


@pytest.mark.parametrize("answer", [partly(1), IN_JSON])
def test_spans_that_were_not_taken_are_counted(answer: bytes) -> None:
    with scene(answer) as (exporter, _collector):
        exporter.spans.put(Call(count=3))
        exporter.wait(lambda: exporter.lost() == {"rejected": 1})
        assert exporter.stats.spans_exported == 2


def test_an_answer_that_cannot_be_read_is_as_good_as_its_status() -> None:
    with scene(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\xff\xff\xff") as (exporter, _collector):
        exporter.spans.put(Call())
        exporter.wait(lambda: exporter.stats.spans_exported == 1)
        assert exporter.lost() == {}


def test_one_connection_is_used_again_and_a_new_one_where_it_was_closed() -> None:
    with scene() as (exporter, collector):
        for count in (1, 2):
            exporter.spans.put(Call())
            collector.wait_spans(count)
        assert len(collector.peers) == 1
        collector.peers[0].sock.shutdown(socket.SHUT_RDWR)
        collector.peers[0].ended.wait(5)
        exporter.spans.put(Call())
        collector.wait_spans(3)
        assert len(collector.peers) == 2
        assert exporter.lost() == {}


def test_a_connection_that_the_collector_ends_is_not_used_again() -> None:
    with scene(CLOSING) as (exporter, collector):
        for count in (1, 2):
            exporter.spans.put(Call())
            collector.wait_spans(count)
            exporter.wait(lambda count=count: exporter.stats.spans_exported == count)  # type: ignore[misc]
        assert len(collector.peers) == 2


def test_the_end_sends_what_waits_and_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "EVERY", 60.0)
    with scene() as (exporter, collector):
        exporter.wait(lambda: not exporter.spans._wake.is_set())
        thread = exporter.spans._thread
        exporter.spans.put(Call())
        exporter.spans.close()
        assert thread is not None
        assert not thread.is_alive()
        assert len(collector.spans) == 1
        exporter.spans.put(Call())
        assert exporter.lost() == {"closed": 1}
        exporter.spans.close()


def test_the_end_has_time_for_a_new_connection_where_the_old_one_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    with scene() as (exporter, collector):
        exporter.spans.put(Call())
        exporter.wait(lambda: exporter.stats.spans_exported == 1)
        monkeypatch.setattr(spans, "EVERY", 60.0)
        collector.peers[0].sock.shutdown(socket.SHUT_RDWR)
        collector.peers[0].ended.wait(5)
        exporter.spans.put(Call())
        exporter.spans.close()
        assert len(collector.spans) == 2
        assert exporter.lost() == {}


def test_switched_off_it_sends_what_waits_and_switched_on_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spans, "EVERY", 60.0)
    with scene() as (exporter, collector):
        exporter.spans.put(Call("first"))
        exporter.spans.configure(None)
        collector.wait_spans(1)
        exporter.spans.put(Call("lost"))
        exporter.spans.configure(exporter.destination)
        exporter.spans.put(Call("second"))
        exporter.spans.close()
        assert [span.name for span in collector.spans] == ["first", "second"]
        assert exporter.lost() == {"closed": 1}


def test_another_destination_gets_what_comes_from_then_on() -> None:
    with scene() as (exporter, first), TraceCollector() as second:
        exporter.spans.put(Call("first"))
        first.wait_spans(1)
        exporter.spans.configure(replace(exporter.destination, port=second.port))
        exporter.spans.put(Call("second"))
        assert [span.name for span in second.wait_spans(1)] == ["second"]


def test_while_nothing_is_configured_there_is_no_thread() -> None:
    stats = Stats()
    idle = Spans(Env(), stats, KeptLog(stats))
    idle.configure(None)
    idle.close()
    assert idle._thread is None


def test_headers_of_the_destination_are_sent_and_never_shown() -> None:
    with TraceCollector() as collector:
        exporter = Exporter(collector.port, 10.0)
        exporter.spans.configure(replace(exporter.destination, headers={"X-Key": "s3cret"}))
        exporter.spans.put(Call())
        collector.wait_spans(1)
        exporter.spans.close()
        assert collector.requests[0].get("x-key") == b"s3cret"
        assert "s3cret" not in repr(exporter.spans._destination)


def test_an_https_collector_must_prove_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    class Stop(OSError):
        pass

    class Connection:
        sock = None

        def __init__(self, host: str, port: int, *, timeout: float, context: Any) -> None:
            seen.append((host, port, context.check_hostname, context.verify_mode.name))

        def request(self, *_: Any) -> None:
            raise Stop

        def close(self) -> None:
            pass

    monkeypatch.setattr(otlp, "HTTPSConnection", Connection)
    collector = otlp.Collector(Destination("https", "otel.test", 4318, "/v1/traces", {}, 1.0, {}))
    with pytest.raises(Stop):
        collector.send(b"", 1.0)
    assert seen == [("otel.test", 4318, True, "CERT_REQUIRED")]


@pytest.mark.parametrize(
    ("path", "found"),
    [("", "/v1/traces"), ("/otlp", "/otlp/v1/traces"), ("/v1/traces", "/v1/traces"), ("/x/v1/traces", "/x/v1/traces")],
)
def test_the_path_of_an_endpoint(path: str, found: str) -> None:
    assert traces_path(path) == found


def test_an_answer_longer_than_is_read_ends_its_connection() -> None:
    long = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100000\r\n\r\n" + b"\0" * 100000

    with scene(long) as (exporter, collector):
        for count in (1, 2):
            exporter.spans.put(Call())
            exporter.wait(lambda count=count: exporter.stats.spans_exported == count)  # type: ignore[misc]
        assert len(collector.peers) == 2
