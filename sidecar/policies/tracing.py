"""Spans of a call: one for each send to the provider, and a root above them where the trace begins here.

Not built while ``telemetry.otlp.endpoint`` is not set. Whether a call is recorded is decided before anything is made of
it: by the sampled flag of its trace, which is the app's or was drawn by ``tracking``. What is recorded is only noted
here, when the call has ended; the spans are made, and redacted, in the thread of ``telemetry/spans.py``.

Names and attributes: opentelemetry.io/docs/specs/semconv/http/http-spans (stable since 1.23).
"""

from collections.abc import Awaitable, Iterator

from sidecar.core.errors import Outcome
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.core.headers import Headers
from sidecar.core.layer import Handler
from sidecar.policies.policy import Policy
from sidecar.policies.report import Reporter
from sidecar.policies.site import Site, Tracing
from sidecar.redaction.found import Found
from sidecar.redaction.redactor import Redactor
from sidecar.rules.trace_context import SAMPLED, TraceContext
from sidecar.telemetry.otlp import CLIENT, SERVER, Span

_METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
_OTHER = "_OTHER"
"""``http.request.method`` of all others; the span's name says ``HTTP`` then."""
_LONGEST = 2048
"""Characters of a text in a span. It is cut when it is redacted: before, a secret might not be known any more."""

Attributes = dict[str, str | int]


class _TracingLayer:
    __slots__ = ("_clock", "_closer", "_new_id", "_next", "_place", "_put")

    def __init__(self, inner: Handler, tracing: Tracing, site: Site) -> None:
        self._next = inner
        self._put = tracing.put
        self._clock = site.env.clock
        self._new_id = site.env.new_id
        self._place = _Place(site)
        self._closer = self._closed

    def handle(self, exchange: Exchange) -> Awaitable[Response]:
        trace = exchange.trace
        if trace is None or not trace.flags & SAMPLED:
            return self._next(exchange)
        return self._recorded(exchange)

    async def _recorded(self, exchange: Exchange) -> Response:
        try:
            response = await self._next(exchange)
        except BaseException:
            self._note(exchange, 0)
            raise
        response.closers.append(self._closer)
        return response

    def _closed(self, exchange: Exchange, response: Response, error: BaseException | None) -> None:
        del error  # record has written it down
        self._note(exchange, response.status)

    def _note(self, exchange: Exchange, status: int) -> None:
        call = TracedCall()
        call.place = self._place
        call.trace = trace = exchange.trace
        call.root_id = "" if trace.parent_id else self._new_id(16)
        call.attempts = exchange.attempts
        call.method = exchange.method
        call.path = exchange.path
        call.target = exchange.target
        call.headers = headers = exchange.headers
        call.size = 2 * len(exchange.target) + sum(map(len, headers.index.values()))
        call.started = exchange.started
        call.ended = self._clock()
        call.status = status
        call.outcome = exchange.outcome
        call.error = exchange.error.code if exchange.error is not None else None
        self._put(call)


class _Place:
    """What all spans of a route have in common."""

    __slots__ = ("base", "common", "found", "provider", "redactor", "route")

    def __init__(self, site: Site) -> None:
        origin = site.origin
        self.redactor: Redactor = site.redactor
        self.found = Reporter(site).found
        self.base = f"{origin.scheme}://{origin.authority}{origin.path}"
        self.route = site.route if site.route != "default" else ""
        self.common: Attributes = {"sidecar.provider": site.provider, "sidecar.route": site.route}
        self.provider: Attributes = {
            **self.common,
            "server.address": origin.host,
            "server.port": origin.port,
            "network.protocol.name": "http",
            "network.protocol.version": "1.1",
        }


class TracedCall:
    """A call that has ended, as it was: nothing of it is redacted yet. ``status``: the app's, 0 without an answer.

    ``root_id``: of the span above the attempts, empty where the app's own span is above them. ``error``: our code.
    ``size``: bytes of its head.
    """

    __slots__ = (
        "attempts", "ended", "error", "headers", "method", "outcome", "path", "place", "root_id", "size", "started",
        "status", "target", "trace",
    )  # fmt: skip

    place: _Place
    trace: TraceContext
    root_id: str
    attempts: list[Attempt]
    method: bytes
    path: bytes
    target: bytes
    headers: Headers
    started: float
    ended: float
    status: int
    size: int
    outcome: Outcome
    error: str | None

    @property
    def count(self) -> int:
        """How many spans there will be."""
        return len(self.attempts) + bool(self.root_id)

    def spans(self) -> Iterator[Span]:
        """The root, if it is ours, and one span for each attempt."""
        place, trace = self.place, self.trace
        redactor, found = place.redactor, place.found()
        redactor.headers(self.headers.pairs(), found)  # for its secrets alone: a URL may repeat them
        method = self._method(redactor, found)
        verb = _METHODS.get(self.method, "HTTP")
        name = f"{verb} {place.route}" if place.route else verb
        state = _state(trace.tracestate, redactor, found)
        if self.root_id:
            about = place.common | method | self._as_server(redactor, found)
            ids = (trace.trace_id, self.root_id, "", False, trace.flags, state)
            wrong = self._fate(about)
            yield Span(name, SERVER, *ids, self.started, self.ended, error=wrong, attributes=about)
        url = _cut(redactor.url(place.base + self.path.decode("latin-1"), found))
        for attempt in self.attempts:
            about = place.provider | method | {"url.full": url}
            ids = (
                trace.trace_id, attempt.span_id, self.root_id or trace.parent_id, not self.root_id, trace.flags, state,
            )  # fmt: skip
            wrong = _fate(attempt, about)
            ended = attempt.ended or self.ended
            yield Span(name, CLIENT, *ids, attempt.started, ended, error=wrong, attributes=about)

    def _method(self, redactor: Redactor, found: Found) -> Attributes:
        known = _METHODS.get(self.method)
        if known is not None:
            return {"http.request.method": known}
        written = _cut(redactor.text(self.method.decode("latin-1"), found))
        return {"http.request.method": _OTHER, "http.request.method_original": written}

    def _as_server(self, redactor: Redactor, found: Found) -> Attributes:
        path, query = redactor.target(self.target, found)
        about: Attributes = {"url.scheme": "http", "url.path": _cut(path), "sidecar.attempts": len(self.attempts)}
        if query:
            about["url.query"] = _cut(query)
        return about

    def _fate(self, about: Attributes) -> bool:
        """What became of the call; whether that is an error of the server, which 4xx are not (semconv, "Status")."""
        about["sidecar.outcome"] = self.outcome
        if self.status:
            about["http.response.status_code"] = self.status
        wrong = self.error or (str(self.status) if self.status >= 500 else "")
        if wrong and self.outcome is not Outcome.CANCELED:
            about["error.type"] = wrong
        return self.status >= 500 or (self.error is not None and not self.status and "error.type" in about)


def _fate(attempt: Attempt, about: Attributes) -> bool:
    """What became of an attempt; whether it failed: 4xx, 5xx, no whole answer, or one that ``success`` has judged.

    An attempt that was cut off, as the slower one of a hedge or because the app went away, is nobody's error.
    """
    if attempt.n > 1:
        about["http.request.resend_count"] = attempt.n - 1
    if attempt.status:
        about["http.response.status_code"] = attempt.status
    if attempt.addr:
        host, _, port = attempt.addr.rpartition(":")
        about["network.peer.address"] = host.strip("[]")
        about["network.peer.port"] = int(port)
    outcome = attempt.outcome
    if outcome is not None:
        about["sidecar.outcome"] = outcome
    if attempt.status >= 400:
        about["error.type"] = str(attempt.status)
        return True
    if outcome is Outcome.SUCCESS or outcome is Outcome.CANCELED:
        return False
    about["error.type"] = attempt.error or outcome or _OTHER
    return True


def _state(tracestate: bytes, redactor: Redactor, found: Found) -> str:
    """The trace's ``tracestate``, if there is nothing in it to redact: half of it would be none."""
    text = tracestate.decode("latin-1")
    return text if text and redactor.text(text, found) == text else ""


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


def build(inner: Handler, site: Site) -> Handler:
    """Note every call of this route that is recorded; calls that reach no provider make no spans."""
    if site.tracing is None or not site.provider:
        return inner
    return _TracingLayer(inner, site.tracing, site).handle


POLICY = Policy("tracing", build)
