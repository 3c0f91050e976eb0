"""Exactly one log line, and one count of everything, per request: written when the answer's body has ended.

It stands outside of ``rescue``, so that it sees the final status as well as the cause.
"""

from typing import Any

from sidecar.core.errors import ClientGone, Internal, Outcome, Sent, Side, SidecarError
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies.policy import Policy
from sidecar.policies.rescue import sent_so_far
from sidecar.policies.site import Site
from sidecar.redaction.names import mask_headers, mask_path, mask_text
from sidecar.telemetry.access_log import LEVELS

_INFO = LEVELS["info"]
_ALL = Sent.ALL
_SUCCESS = Outcome.SUCCESS


class _RecordLayer:
    __slots__ = ("_clock", "_closer", "_lines", "_log", "_next", "_provider_stats", "_stats", "_uniform")

    def __init__(self, inner: Handler, site: Site) -> None:
        self._next = inner
        self._clock = site.env.clock
        self._closer = self._closed
        self._uniform = site.env.uniform
        self._log = site.log
        self._stats = site.stats
        self._provider_stats = site.provider_stats
        # (outcome, sent, attempts) -> header lines behind the request id; a handful of combinations occurs.
        self._lines: dict[tuple[str, Sent, int], bytes] = {}

    async def handle(self, exchange: Exchange) -> Response:
        self._provider_stats.in_flight += 1
        inner, clock = self._next, self._clock
        try:
            response = await inner(exchange)
        except BaseException as broken:
            exchange.error = _why_unanswered(exchange, broken)
            exchange.outcome = exchange.error.outcome
            exchange.sent = exchange.error.sent
            self._finish(exchange, None)
            raise
        exchange.headed = clock()
        error = exchange.error
        if error is None:
            result = exchange.outcome = response.outcome or _SUCCESS
            exchange.sent = _ALL if result is _SUCCESS or len(exchange.attempts) < 2 else _how_far(exchange)
        else:
            exchange.outcome = error.outcome
            exchange.sent = error.sent
        key = (exchange.outcome, exchange.sent, len(exchange.attempts))
        lines = self._lines.get(key) or self._make_lines(key)
        response.lines += b"Sidecar-Request-Id: " + exchange.request_id.encode("latin-1") + lines
        response.closers.append(self._closer)
        return response

    def _make_lines(self, key: tuple[str, Sent, int]) -> bytes:
        result, sent, attempts = key
        suffix = "" if result == "success" else f"; sent={sent}"
        line = f"\r\nSidecar-Attempts: {attempts}\r\nSidecar-Outcome: {result}{suffix}\r\n".encode()
        if len(self._lines) < 256:
            self._lines[key] = line
        return line

    def _closed(self, exchange: Exchange, response: Response, error: BaseException | None) -> None:
        if error is not None:
            if not isinstance(error, SidecarError):
                error = Internal(str(error))
            exchange.error = error
            exchange.outcome = error.outcome
            exchange.sent = Sent.MAYBE if exchange.attempts else Sent.NOTHING
        self._finish(exchange, response)

    def _finish(self, exchange: Exchange, response: Response | None) -> None:
        """Count, and write the line of contract section 6. Paths, queries, headers and texts are masked here."""
        clock = self._clock
        now = clock()
        error = exchange.error
        duration = self._count(exchange, response, now)
        log = self._log
        if log.level > _INFO and error is None:
            return
        success = exchange.outcome is _SUCCESS
        if success and log.sample_success < 1.0 and self._uniform(0, 1) >= log.sample_success:
            return
        path, query = mask_path(exchange.target)
        agent = exchange.headers.index.get(b"user-agent")
        trace, headed = exchange.trace, exchange.headed
        bytes_in = exchange.body.received if exchange.body is not None else 0
        bytes_out = response.body.received if response is not None else 0
        if exchange.tunneled is not None:
            bytes_in, bytes_out = exchange.tunneled
        # Milliseconds are cut to three digits by int(): round() costs twice as much, five times a line.
        record: dict[str, Any] = {
            "ts": log.timestamp(),
            "level": "info" if error is None else "warning",
            "event": "request",
            "provider": exchange.provider,
            "route": exchange.route,
            "method": exchange.method.decode("latin-1"),
            "path": path,
            "query": query,
            "status": response.status if response is not None else None,
            "outcome": exchange.outcome,
            "sent": exchange.sent,
            "duration_ms": int(duration * 1e6) / 1e3,
            "ttfb_ms": int((headed - exchange.started) * 1e6) / 1e3 if headed else None,
            "bytes_in": bytes_in,
            "bytes_out": bytes_out,
            "attempts": [_attempt(attempt) for attempt in exchange.attempts],
            "request_id": exchange.request_id,
            "tracking_id": exchange.tracking_id,
            "trace_id": trace.trace_id if trace is not None else None,
            "client": exchange.client,
            "user_agent": agent.decode("latin-1") if agent is not None else None,
        }
        if exchange.notes is not None:
            record |= exchange.notes
        if not success:
            self._explain(record, exchange, response)
        log.line(record)

    def _count(self, exchange: Exchange, response: Response | None, now: float) -> float:
        """The metrics of one request; its duration in seconds."""
        stats, provider_stats, error = self._stats, self._provider_stats, exchange.error
        duration = now - exchange.started
        provider_stats.in_flight -= 1
        key = (exchange.method, response.status if response is not None else 0, exchange.outcome)
        requests = stats.requests
        requests[key] = requests.get(key, 0) + 1
        stats.duration.observe_with(duration, exchange.request_id)
        own = duration
        for attempt in exchange.attempts:
            own += attempt.started + attempt.waited - (attempt.ended or now)
        provider_stats.overhead.observe(own if own > 0.0 else 0.0)
        if error is not None and error.side is Side.LOCAL:
            provider_stats.rejected[error.code] = provider_stats.rejected.get(error.code, 0) + 1
        return duration

    def _explain(self, record: dict[str, Any], exchange: Exchange, response: Response | None) -> None:
        error = exchange.error
        if error is not None:
            record["error"] = error.code
            record["detail"] = mask_text(error.detail)
        record["request_headers"] = mask_headers(exchange.headers.pairs())
        if response is not None:
            record["response_headers"] = mask_headers(response.headers.pairs())


def _attempt(attempt: Attempt) -> dict[str, Any]:
    error = attempt.error
    return {
        "n": attempt.n,
        "status" if error is None else "error": attempt.status if error is None else error,
        "ms": int((attempt.ended - attempt.started) * 1e6) / 1e3,
        "wait_ms": int(attempt.waited * 1e6) / 1e3 if attempt.waited else 0.0,
        "tracking_id": attempt.tracking_id,
        "connection": "reused" if attempt.reused else "new",
        "addr": attempt.addr,
    }


def _how_far(exchange: Exchange) -> Sent:
    """The provider answered; but an earlier attempt without an answer may have been carried out as well."""
    ambiguous = any(attempt.sent is Sent.MAYBE for attempt in exchange.attempts)
    return Sent.MAYBE if ambiguous else Sent.ALL


def _why_unanswered(exchange: Exchange, broken: BaseException) -> SidecarError:
    """Canceled: we cut the call and said why, or the app has gone. Else a bug of ours that rescue did not survive."""
    error: SidecarError
    if isinstance(broken, Exception):
        error = Internal(str(broken))
    else:
        error = exchange.error or ClientGone("the app closed the connection before an answer came")
    error.sent = sent_so_far(exchange)
    return error


def build(inner: Handler, site: Site) -> Handler:
    """Record every call of this route."""
    return _RecordLayer(inner, site).handle


POLICY = Policy("record", build)
