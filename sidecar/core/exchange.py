"""One request on its journey, the response it gets, and the attempts made for it.

All state of one request lives here, never on a policy: policies are shared by every request of a route.
"""

from collections.abc import Callable
from copy import copy
from typing import Any

from sidecar.core.body import Body
from sidecar.core.errors import Outcome, Sent, SidecarError
from sidecar.core.headers import Headers

# Reading a member off its enumeration costs 0.2 us.
_NOTHING, _SUCCESS = Sent.NOTHING, Outcome.SUCCESS

NEVER = float("inf")
"""A deadline that does not come."""

Closer = Callable[["Exchange", "Response", BaseException | None], None]
"""Called once when the response's body has ended, with the error if it broke off."""

Inform = Callable[[int, bytes, Headers], None]
"""Passes an interim (1xx) answer to the app: status, reason, headers."""


class Attempt:
    """One send to the provider: what the log line and the metrics know of it.

    Times are monotonic seconds, 0.0 while unknown. ``status`` is the provider's, ``error`` our code. ``line``: header
    lines (with CRLF) that belong to this send alone. ``outcome``: the verdict, once there is one. ``headers`` and
    ``body``: of the provider's answer, as they came; let go of when the call is recorded.
    """

    __slots__ = (
        "addr",
        "body",
        "ended",
        "error",
        "headed",
        "headers",
        "line",
        "n",
        "outcome",
        "reused",
        "sent",
        "span_id",
        "started",
        "status",
        "tracking_id",
        "waited",
    )

    def __init__(self, n: int, started: float) -> None:
        self.n = n
        self.started = started
        self.headed = 0.0
        self.ended = 0.0
        self.status = 0
        self.error: str | None = None
        self.outcome: Outcome | None = None
        self.sent = _NOTHING
        self.waited = 0.0
        self.reused = False
        self.addr = ""
        self.tracking_id: str | None = None
        self.span_id = ""
        self.line = b""
        self.headers: Headers | None = None
        self.body: Body | None = None


class Exchange:
    """One request of the app, and what became of it.

    ``method``: b"GET". ``target``: the request target as it came. ``path``: path and query for the provider,
    without the routing prefix; it starts with ``/`` or is ``*``. ``deadline``: monotonic seconds.
    ``lines``: header lines (with CRLF) that policies add for the provider. ``upgrade``: the protocols the
    app offers (lower-case). ``headed``: monotonic seconds when the answer's head was ready for the app.
    ``sent`` and ``attempts`` tell how far the call got. ``error``: why there is no answer of the provider.
    ``tunneled``: bytes from the app and from the provider after an upgrade. ``hurried``: the app's own
    ``Sidecar-Timeout`` is the nearer deadline. ``most``: attempts at most. ``key``: the idempotency key that goes to
    the provider. ``admitted``: the breaker's mark of the attempt under way. ``notes``: log field -> value, of policies
    that had something to do. ``keep_alive``: the app wants its connection kept.
    """

    __slots__ = (
        "admitted", "attempts", "body", "client", "deadline", "error", "headed", "headers", "http10", "hurried",
        "inform", "keep_alive", "key", "lines", "method", "most", "notes", "outcome", "path", "prefix", "provider",
        "request_id", "route", "sent", "started", "target", "trace", "tracking_id", "tunneled", "upgrade",
    )  # fmt: skip

    def __init__(
        self, method: bytes, target: bytes, headers: Headers, body: Body | None, client: str, started: float
    ) -> None:
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.client = client
        self.started = started
        self.headed = 0.0
        self.http10 = False
        self.keep_alive = True
        self.upgrade: bytes | None = None
        self.inform: Inform | None = None
        self.path = target
        self.prefix = b""
        self.provider = ""
        self.route = ""
        self.deadline = NEVER
        self.request_id = ""
        self.tracking_id = ""
        self.trace: Any = None
        self.lines = b""
        self.attempts: list[Attempt] = []
        self.sent = _NOTHING
        self.outcome = _SUCCESS
        self.error: SidecarError | None = None
        self.tunneled: tuple[int, int] | None = None
        self.hurried = False
        self.key: bytes | None = None
        self.most = 1 << 30
        self.admitted = 0
        self.notes: dict[str, Any] | None = None

    def note(self, field: str, value: Any) -> None:
        """Put a field into the log line of this call."""
        if self.notes is None:
            self.notes = {}
        self.notes[field] = value

    def fork(self) -> "Exchange":
        """A second way for the same request, with attempts of its own (a hedge)."""
        fork = copy(self)
        fork.attempts = []
        return fork


class Response:
    """An answer on its way to the app, of the provider or our own.

    ``headers``: end-to-end fields. ``lines``: header lines (with CRLF) that policies add. ``body``: a
    ``Body``, complete or still coming. ``tunnel``: after 101, the provider's side of the tunnel. ``closers``
    run exactly once, when the body has ended for the app or for the provider. ``outcome``: the verdict on a provider's
    answer; None for our own.
    """

    __slots__ = ("body", "closed", "closers", "headers", "lines", "outcome", "reason", "status", "tunnel")

    def __init__(self, status: int, reason: bytes, headers: Headers, body: Body) -> None:
        self.status = status
        self.reason = reason
        self.headers = headers
        self.body = body
        self.lines = b""
        self.closers: list[Closer] = []
        self.closed = False
        self.outcome: Outcome | None = None
        self.tunnel: Any = None

    def close(self, exchange: Exchange, error: BaseException | None) -> None:
        """Run the closers, the innermost policy's first; a second call does nothing."""
        if self.closed:
            return
        self.closed = True
        self.settle(exchange, error)

    def settle(self, exchange: Exchange, error: BaseException | None) -> None:
        """Run the closers so far, and leave room for others: the attempt is over, what comes of the answer is not.

        A bug in one of them must not keep the others from giving back what they hold; it is raised in the end.
        """
        closers, self.closers = self.closers, []
        bug: Exception | None = None
        for closer in closers:
            try:
                closer(exchange, self, error)
            except Exception as raised:  # noqa: BLE001 - raised again below
                bug = bug or raised
        if bug is not None:
            raise bug
