"""Exactly one log line, and one count of everything, per request: written when the answer's body has ended.

It stands outside of ``rescue``, so that it sees the final status as well as the cause. Calls that fail are told with
what they carried, redacted, and kept for a while, so that ``sidecar support`` can tell the provider everything.
"""

import re
from typing import Any

from sidecar.core.errors import ClientGone, Internal, Outcome, Sent, Side, SidecarError
from sidecar.core.exchange import Attempt, Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies.capture import Capture
from sidecar.policies.evidence import release
from sidecar.policies.policy import Policy
from sidecar.policies.report import Reporter, count
from sidecar.policies.rescue import sent_so_far, shown
from sidecar.policies.site import Site
from sidecar.policies.tracking import Tracking
from sidecar.redaction.found import Found
from sidecar.telemetry.access_log import LEVELS

_INFO = LEVELS["info"]
_ALL = Sent.ALL
_SUCCESS = Outcome.SUCCESS

_machine_made = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}").fullmatch
"""Ids in which there is nothing else: 32 hexadecimal digits, or a UUID (RFC 9562 4). Others may be a key or address."""
_FAILED = "[REDACTED:failed]"
"""What stands for a text that could not be redacted."""
_METHODS = {name.encode(): name for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")}
_AGENTS = 256
"""Texts that are remembered, of at most so many characters."""


class _RecordLayer:
    __slots__ = (
        "_agents", "_always", "_clock", "_closer", "_found", "_id_header", "_keeps", "_lines", "_log", "_next",
        "_provider_stats", "_redactor", "_reporter", "_sample", "_stats", "_tapped", "_target", "_uniform",
    )  # fmt: skip

    def __init__(self, inner: Handler, site: Site) -> None:
        settings = site.of("log", Capture)
        self._sample = settings.sample_success
        self._always = settings.bodies == "always"
        self._tapped = settings.limit
        self._keeps = bool(site.failures)
        self._target = site.redactor.target
        self._redactor = site.redactor
        self._reporter = Reporter(site)
        self._found = Found()
        self._id_header = site.of("tracking", Tracking).request_header.lower().encode()
        self._agents: dict[bytes, str] = {}
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
        if exchange.body is not None and self._tapped:
            exchange.body.tap(self._tapped)
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
                error = _bug(error)
            exchange.error = error
            exchange.outcome = error.outcome
            exchange.sent = Sent.MAYBE if exchange.attempts else Sent.NOTHING
        self._finish(exchange, response)

    def _finish(self, exchange: Exchange, response: Response | None) -> None:
        """Count, write the line of contract section 6, and keep what failed for support."""
        clock = self._clock
        now = clock()
        if self._id_header in exchange.headers.index:
            exchange.request_id = self._given_id(exchange)
        duration = self._count(exchange, response, now)
        success = exchange.outcome is _SUCCESS
        logged = self._log.level <= _INFO or exchange.error is not None
        if success and self._sample < 1.0:
            logged = logged and self._uniform(0, 1) < self._sample
        if success and not self._always:
            if logged:
                self._tell(exchange, response, duration)
        elif logged or (self._keeps and not success):
            record = self._metadata(exchange, response, duration)
            self._reporter.report(record, exchange, response, logged=logged, kept=self._keeps and not success)
        release(exchange)

    def _tell(self, exchange: Exchange, response: Response | None, duration: float) -> None:
        """The line of a success, which shows nothing of what the call carried but its target."""
        found = self._found
        try:
            path, query = self._target(exchange.target, found)
        except Exception:  # noqa: BLE001 - the call has its line, whatever its target is
            path = query = _FAILED
            found.failures += 1
        record = self._metadata(exchange, response, duration, path, query)
        if found.counts or found.secrets or found.failures:
            # Most targets hold nothing: they use the same one again.
            if found.counts:
                record["redactions"] = found.counts
            count(self._provider_stats, found)
            self._found = Found()
        self._log.line(record)

    def _metadata(
        self, exchange: Exchange, response: Response | None, duration: float, path: str = "", query: str = ""
    ) -> dict[str, Any]:
        """The line without what the call carried. ``path`` and ``query``: may be put in their places later."""
        error, trace, headed, method = exchange.error, exchange.trace, exchange.headed, exchange.method
        index = exchange.headers.index
        agent = index.get(b"user-agent")
        bytes_in = exchange.body.received if exchange.body is not None else 0
        bytes_out = response.body.received if response is not None else 0
        if exchange.tunneled is not None:
            bytes_in, bytes_out = exchange.tunneled
        # Milliseconds are cut to three digits by int(): round() costs twice as much, five times a line.
        record: dict[str, Any] = {
            "ts": self._log.timestamp(),
            "level": "info" if error is None else "warning",
            "event": "request",
            "provider": exchange.provider,
            "route": exchange.route,
            "method": _METHODS.get(method) or method.decode("latin-1"),
            "path": path,
            "query": query,
            "status": response.status if response is not None else None,
            "outcome": exchange.outcome,
            "sent": exchange.sent,
            "duration_ms": int(duration * 1e6) / 1e3,
            "ttfb_ms": int((headed - exchange.started) * 1e6) / 1e3 if headed else None,
            "bytes_in": bytes_in,
            "bytes_out": bytes_out,
            "attempts": [self._attempt(attempt, exchange) for attempt in exchange.attempts],
            "request_id": exchange.request_id,
            "tracking_id": exchange.request_id,
            "trace_id": trace.trace_id if trace is not None else None,
            "client": exchange.client,
            "user_agent": self._agents.get(agent) or self._agent(agent) if agent is not None else None,
        }
        if exchange.notes is not None:
            record |= exchange.notes
        if error is not None:
            record["error"] = error.code
        return record

    def _agent(self, agent: bytes) -> str:
        """The app's ``User-Agent``, redacted once: all calls of an app have the same."""
        try:
            text = self._redactor.headers([(b"user-agent", agent)], Found()).get("user-agent", "")
        except Exception:  # noqa: BLE001 - as in _tell
            return _FAILED
        if len(self._agents) < _AGENTS and len(agent) <= _AGENTS:
            self._agents[agent] = text
        return text

    def _attempt(self, attempt: Attempt, exchange: Exchange) -> dict[str, Any]:
        error, theirs = attempt.error, attempt.tracking_id
        if theirs is not None:
            # Providers may give back ours.
            theirs = exchange.request_id if theirs == exchange.tracking_id else self._id(theirs)
        return {
            "n": attempt.n,
            "status" if error is None else "error": attempt.status if error is None else error,
            "ms": int((attempt.ended - attempt.started) * 1e6) / 1e3,
            "wait_ms": int(attempt.waited * 1e6) / 1e3 if attempt.waited else 0.0,
            "tracking_id": theirs,
            "connection": "reused" if attempt.reused else "new",
            "addr": attempt.addr,
        }

    def _given_id(self, exchange: Exchange) -> str:
        """The id that the app gave the call, as it may be shown; one that is in another header too may be a key."""
        given = exchange.headers.index[self._id_header]
        if sum([given in value for value in exchange.headers.index.values()]) > 1:
            return shown(exchange.request_id, exchange, self._redactor)
        return self._id(exchange.request_id)

    def _id(self, text: str) -> str:
        if _machine_made(text):
            return text
        try:
            return self._redactor.text(text)
        except Exception:  # noqa: BLE001 - as in _tell
            return _FAILED

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


def _bug(error: BaseException) -> Internal:
    """What it says may be what the call carried: the event of the bug tells it, with more care than there is here."""
    return Internal(f"a bug in the sidecar ({type(error).__name__}); see the event internal_error")


def _how_far(exchange: Exchange) -> Sent:
    """The provider answered; but an earlier attempt without an answer may have been carried out as well."""
    ambiguous = any(attempt.sent is Sent.MAYBE for attempt in exchange.attempts)
    return Sent.MAYBE if ambiguous else Sent.ALL


def _why_unanswered(exchange: Exchange, broken: BaseException) -> SidecarError:
    """Canceled: we cut the call and said why, or the app has gone. Else a bug of ours that rescue did not survive."""
    error: SidecarError
    if isinstance(broken, Exception):
        error = _bug(broken)
    else:
        error = exchange.error or ClientGone("the app closed the connection before an answer came")
    error.sent = sent_so_far(exchange)
    return error


def build(inner: Handler, site: Site) -> Handler:
    """Record every call of this route."""
    return _RecordLayer(inner, site).handle


POLICY = Policy("record", build, "log", Capture)
