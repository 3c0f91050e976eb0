"""OTLP over HTTP: spans as protobuf, sent by POST to a collector. Loads opentelemetry's messages when first needed.

Specification: opentelemetry.io/docs/specs/otlp (1.x, "OTLP/HTTP"). The messages are those of the package
``opentelemetry-proto``; the SDK is not needed, and would cost three times the CPU time for each span.
"""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from importlib import import_module
from types import ModuleType
from typing import Any

from sidecar import __version__

SERVER, CLIENT = 2, 3
"""Kinds of spans (opentelemetry/proto/trace/v1/trace.proto, Span.SpanKind)."""
_ERROR = 2
"""Status.StatusCode.STATUS_CODE_ERROR."""
_HAS_IS_REMOTE, _IS_REMOTE = 0x100, 0x200
"""Bits of Span.flags: whether the parent is in another process is known, and it is (trace.proto, SpanFlags)."""
_RETRIED = frozenset({429, 502, 503, 504})
"""Statuses after which the same request may be sent again (OTLP, "Retryable Response Codes"); no others."""
_ANSWER = 64 * 1024
"""Bytes of an answer that are read; one that is longer ends its connection."""
_PATH = "/v1/traces"
_TRACE = "opentelemetry.proto.trace.v1.trace_pb2"
_SERVICE = "opentelemetry.proto.collector.trace.v1.trace_service_pb2"


class Refused(Exception):
    """The collector does not want these spans, and would not want them later."""


@dataclass(slots=True)
class Span:
    """One span, with nothing in it that may not be shown.

    Ids are lower-case hex; ``parent_id`` is empty for a root, ``remote`` says that the parent is the app's. ``start``
    and ``end``: monotonic seconds. ``kind``: ``SERVER`` or ``CLIENT``. ``error``: the status is Error, else Unset.
    """

    name: str
    kind: int
    trace_id: str
    span_id: str
    parent_id: str
    remote: bool
    flags: int
    tracestate: str
    start: float
    end: float
    error: bool
    attributes: Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where spans go, and what is said of the process with them. ``headers`` may hold secrets; never shown.

    ``timeout``: seconds for one batch, all its tries together.
    """

    scheme: str
    host: str
    port: int
    path: str
    headers: Mapping[str, str] = field(repr=False)
    timeout: float
    resource: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a collector said. ``retry_in``: seconds to wait for another try, None when it took the spans."""

    status: int
    retry_in: float | None
    rejected: int


def missing() -> str:
    """Why spans cannot be made on this machine; empty when they can."""
    try:
        _messages()
    except ImportError as error:
        return str(error)
    return ""


def traces_path(path: str) -> str:
    """The path of an endpoint: ``/v1/traces`` below it, as for OTEL_EXPORTER_OTLP_ENDPOINT, unless it is there."""
    return path if path.endswith(_PATH) else path + _PATH


class Batch:
    """Spans that are sent together. ``offset``: what makes Unix time of monotonic seconds."""

    __slots__ = ("_offset", "_request", "_spans", "size")

    def __init__(self, service: ModuleType, resource: Mapping[str, str], offset: float) -> None:
        self._offset = offset
        self._request = service.ExportTraceServiceRequest()
        group = self._request.resource_spans.add()
        _fill(group.resource.attributes, resource)
        scope = group.scope_spans.add()
        scope.scope.name, scope.scope.version = "sidecar", __version__
        self._spans = scope.spans
        self.size = 0

    def add(self, span: Span) -> None:
        """Encode a span."""
        one = self._spans.add(
            trace_id=bytes.fromhex(span.trace_id),
            span_id=bytes.fromhex(span.span_id),
            parent_span_id=bytes.fromhex(span.parent_id),
            trace_state=span.tracestate,
            flags=span.flags | _HAS_IS_REMOTE | (_IS_REMOTE if span.remote else 0),
            name=span.name,
            kind=span.kind,
            start_time_unix_nano=int((span.start + self._offset) * 1e9),
            end_time_unix_nano=int((span.end + self._offset) * 1e9),
        )
        _fill(one.attributes, span.attributes)
        if span.error:
            one.status.code = _ERROR
        self.size += 1

    def encoded(self) -> bytes:
        """The body of the request."""
        body: bytes = self._request.SerializeToString()
        return body


class Collector:
    """One collector, over one connection that is kept. Used by one thread."""

    __slots__ = ("_connection", "_headers", "_service", "destination")

    def __init__(self, destination: Destination) -> None:
        self.destination = destination
        self._service = _messages()
        self._connection: HTTPConnection | None = None
        self._headers = {
            **destination.headers,
            "Content-Type": "application/x-protobuf",
            "User-Agent": f"sidecar-otlp/{__version__}",
        }

    def batch(self, offset: float) -> Batch:
        """An empty batch."""
        return Batch(self._service, self.destination.resource, offset)

    def send(self, body: bytes, timeout: float) -> Answer:
        """One try; ``timeout`` seconds for connecting, for writing and for each part of the answer.

        Raises:
            Refused: there is no use in trying again. OSError, HTTPException: no answer came.
        """
        reused = self._connection is not None
        try:
            return self._post(body, timeout)
        except (OSError, HTTPException):
            self.close()
            if not reused:
                raise
        except BaseException:
            self.close()
            raise
        return self._post(body, timeout)  # the collector had closed the connection while it rested

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _post(self, body: bytes, timeout: float) -> Answer:
        connection = self._connection or self._connect(timeout)
        if connection.sock is not None:
            connection.sock.settimeout(timeout)
        connection.request("POST", self.destination.path, body, self._headers)
        response = connection.getresponse()
        content = response.read(_ANSWER)
        if not response.isclosed():
            self.close()
        status = response.status
        if 200 <= status < 300:
            return Answer(status, None, self._rejected(content, response.getheader("Content-Type", "")))
        if status in _RETRIED:
            return Answer(status, _seconds(response.getheader("Retry-After")), 0)
        raise Refused(f"the collector answered {status}")

    def _connect(self, timeout: float) -> HTTPConnection:
        to = self.destination
        if to.scheme == "https":
            context = ssl.create_default_context()
            self._connection = HTTPSConnection(to.host, to.port, timeout=timeout, context=context)
        else:
            self._connection = HTTPConnection(to.host, to.port, timeout=timeout)
        return self._connection

    def _rejected(self, content: bytes, kind: str) -> int:
        """Spans that the collector did not take (OTLP, "Partial Success"); an answer that cannot be read names none."""
        try:
            if kind.startswith("application/json"):
                return int(json.loads(content or b"{}").get("partialSuccess", {}).get("rejectedSpans", 0))
            answer = self._service.ExportTraceServiceResponse.FromString(content)
            return int(answer.partial_success.rejected_spans)
        except Exception:  # noqa: BLE001 - protobuf's own error, JSON of another form: the status says that it took them
            return 0


def _messages() -> ModuleType:
    """The generated messages. Loading them takes 0.1 s, so only who sends spans does it."""
    import_module(_TRACE)
    return import_module(_SERVICE)


def _fill(attributes: Any, values: Mapping[str, str | int]) -> None:
    for key, value in values.items():
        if isinstance(value, int):
            attributes.add(key=key).value.int_value = value
        else:
            attributes.add(key=key).value.string_value = value


def _seconds(retry_after: str | None) -> float:
    """``Retry-After`` in seconds; its other form, a date, counts as none."""
    return float(retry_after) if retry_after is not None and retry_after.isascii() and retry_after.isdigit() else 0.0
