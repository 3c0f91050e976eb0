"""One send to the provider: its span, its record, its numbers."""

from sidecar.core.errors import Outcome, Sent, SidecarError
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.core.headers import Headers, Shape
from sidecar.core.layer import Handler
from sidecar.policies.capture import Capture
from sidecar.policies.policy import Policy
from sidecar.policies.site import Site
from sidecar.policies.tracking import Tracking
from sidecar.rules import trace_context
from sidecar.rules.classify import outcome

_SUCCESS = Outcome.SUCCESS


class _AttemptLayer:
    __slots__ = (
        "_clock", "_closer", "_found", "_new_id", "_next", "_policy_stats", "_refused", "_stats", "_tapped",
        "_tracking_names",
    )  # fmt: skip

    def __init__(self, inner: Handler, site: Site) -> None:
        self._next = inner
        self._clock = site.env.clock
        self._new_id = site.env.new_id
        self._stats = site.stats
        self._policy_stats = site.provider_stats.policies
        names = site.of("tracking", Tracking).response_headers
        self._tracking_names = tuple(name.lower().encode() for name in names)
        self._tapped = site.of("log", Capture).limit
        self._found: dict[Shape, bytes | None] = {}
        self._refused = site.refused
        self._closer = self._closed

    async def handle(self, exchange: Exchange) -> Response:
        attempts = exchange.attempts
        first = len(attempts)
        clock, inner = self._clock, self._next
        attempt = Attempt(first + 1, clock())
        attempts.append(attempt)
        trace = exchange.trace
        if trace is not None:
            new_id = self._new_id
            attempt.span_id = span_id = new_id(16)
            line = b"traceparent: " + trace_context.child(trace, span_id) + b"\r\n"
            if trace.tracestate:
                line += b"tracestate: %b\r\n" % trace.tracestate
            attempt.line = line
        try:
            response = await inner(exchange)
        except BaseException as error:
            self._failed(exchange, first, error)
            raise
        attempt = attempts[-1]
        # Here alone the answer is as the provider sent it. One that looks good may still break off, or be judged.
        body = attempt.body = response.body
        if self._tapped and not body.complete:
            body.tap(self._tapped)
        attempt.headers = response.headers
        status = attempt.status = response.status
        index = response.headers.index
        attempt.outcome = response.outcome = _SUCCESS if status < 400 else self._judge(status, index)
        name = self._tracking_name(response.headers)
        if name is not None:
            attempt.tracking_id = index[name].decode("latin-1")
        if len(attempts) - first > 1:
            self._count_dead(exchange, first)
        counts = self._stats.attempts
        counts[status] = counts.get(status, 0) + 1
        response.closers.append(self._closer)
        return response

    def _tracking_name(self, headers: Headers) -> bytes | None:
        """Where the provider has put its id; looked for once for each shape."""
        shape, found = headers.shape, self._found
        if shape in found:
            return found[shape]
        name = next((name for name in self._tracking_names if name in headers.index), None)
        if shape is not None:
            found[shape] = name
        return name

    def _judge(self, status: int, headers: dict[bytes, bytes]) -> Outcome:
        verdict = outcome(status, headers)
        if status in (401, 403) and verdict is Outcome.CLIENT_ERROR:
            failures = self._policy_stats.auth_failures
            failures[status] = failures.get(status, 0) + 1
            if status == 401:
                self._refused()
        return verdict

    def _closed(self, exchange: Exchange, response: Response, error: BaseException | None) -> None:
        del response
        attempt = exchange.attempts[-1]
        clock = self._clock
        attempt.ended = clock()
        if isinstance(error, SidecarError):
            attempt.error = error.code
            attempt.outcome = error.outcome
            attempt.sent = Sent.MAYBE
        self._stats.attempt_duration.observe(attempt.ended - attempt.started)

    def _failed(self, exchange: Exchange, first: int, error: BaseException) -> None:
        attempt = exchange.attempts[-1]
        attempt.ended = self._clock()
        if isinstance(error, SidecarError):
            attempt.error = error.code
            attempt.outcome = error.outcome
        elif isinstance(error, Exception):
            attempt.error, attempt.outcome = "internal", Outcome.SERVER_ERROR
        else:
            attempt.error, attempt.outcome = "canceled", Outcome.CANCELED
        self._count_dead(exchange, first)
        counts = self._stats.attempts
        counts[attempt.error] = counts.get(attempt.error, 0) + 1
        self._stats.attempt_duration.observe(attempt.ended - attempt.started)

    def _count_dead(self, exchange: Exchange, first: int) -> None:
        """Sends that met a dead connection and were made again by the wire."""
        counts = self._stats.attempts
        for attempt in exchange.attempts[first:-1]:
            code = attempt.error or "reset"
            counts[code] = counts.get(code, 0) + 1
            self._stats.attempt_duration.observe(attempt.ended - attempt.started)


def build(inner: Handler, site: Site) -> Handler:
    """Record every attempt of this route."""
    return _AttemptLayer(inner, site).handle


POLICY = Policy("attempt", build)
