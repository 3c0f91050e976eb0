"""A collector of traces: takes OTLP over HTTP as it comes over the wire, decoded with opentelemetry's own messages."""

from dataclasses import dataclass
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from tests.support.scripted_provider import Peer, ScriptedProvider

TAKEN = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
CLIENT, SERVER = 3, 2
UNSET, ERROR = 0, 2


@dataclass
class Seen:
    """A span as it arrived; ids in hex, times in seconds since 1970."""

    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    tracestate: str
    flags: int
    start: float
    end: float
    status: int
    message: str
    attributes: dict[str, Any]


def partly(rejected: int) -> bytes:
    """An answer that takes all but so many."""
    answer = ExportTraceServiceResponse()
    answer.partial_success.rejected_spans = rejected
    answer.partial_success.error_message = "too old"
    body = answer.SerializeToString()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n" % len(body)
    return head + body


class TraceCollector(ScriptedProvider):
    """Gives its ``answers`` in turn, the last again and again; an empty one is never given: the collector hangs.

    ``spans`` and ``resources``: of all batches that were answered with 2xx. ``batches``: spans of every request.
    ``raw``: the bodies of all requests.
    """

    def __init__(self, *answers: bytes) -> None:
        self._answers = list(answers or (TAKEN,))
        self.spans: list[Seen] = []
        self.resources: list[dict[str, Any]] = []
        self.batches: list[int] = []
        self.raw = b""
        super().__init__(self._take)

    def wait_spans(self, count: int) -> list[Seen]:
        """Wait until so many have arrived, and give them in the order of their start."""
        self.wait_for(lambda: len(self.spans) >= count, f"{count} spans, there are {self.spans}")
        return sorted(self.spans, key=lambda span: (span.start, span.kind))

    def wait_batches(self, count: int) -> list[int]:
        """Wait until so many requests have come, answered or not."""
        self.wait_for(lambda: len(self.batches) >= count, f"{count} batches, there are {self.batches}")
        return self.batches

    def _take(self, peer: Peer) -> None:
        while True:
            request = peer.read_request()
            assert (request.method, request.target) == (b"POST", b"/v1/traces"), request
            assert request.get("content-type") == b"application/x-protobuf"
            self._note_batch(request.body, peer)

    def _note_batch(self, body: bytes, peer: Peer) -> None:
        message = ExportTraceServiceRequest.FromString(body)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        found = [_seen(span) for group in message.resource_spans for scope in group.scope_spans for span in scope.spans]
        with self._changed:
            self.raw += body
            self.batches.append(len(found))
            if b" 200 " in answer:
                self.spans += found
                self.resources += [_values(group.resource.attributes) for group in message.resource_spans]
            self._changed.notify_all()
        if not answer:
            peer.hold()
        peer.send(answer)


def _seen(span: Any) -> Seen:
    return Seen(
        name=span.name,
        kind=span.kind,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        tracestate=span.trace_state,
        flags=span.flags,
        start=span.start_time_unix_nano / 1e9,
        end=span.end_time_unix_nano / 1e9,
        status=span.status.code,
        message=span.status.message,
        attributes=_values(span.attributes),
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
