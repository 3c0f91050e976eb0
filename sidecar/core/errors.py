"""Every way a call can fail without an answer of the provider: one flat list.

An error is data. The class says what is fixed (``code``, ``status``, ``side``, ``proxy_error``), the instance
what happened (``detail``, ``sent``, ``retry_after``). Policies ask ``side`` and ``sent``; only
``policies/rescue.py`` turns an error into a response. Codes and statuses are public: see docs/errors.md.
"""

from enum import StrEnum
from typing import ClassVar, Self


class Side(StrEnum):
    """Whose doing an error is."""

    CLIENT = "client"
    LOCAL = "local"
    PROVIDER = "provider"


class Sent(StrEnum):
    """How much of the request may have reached the provider.

    ``NOTHING``: not one byte was written. ``MAYBE``: bytes were written and no complete answer came, so the
    provider may have acted. ``ALL``: the provider answered.
    """

    NOTHING = "nothing"
    MAYBE = "maybe"
    ALL = "all"


class Outcome(StrEnum):
    """What became of an attempt, and in the end of the call: the one verdict that everything reads.

    The values are those of ``Sidecar-Outcome``. Together with ``Sent`` they tell everything that matters: nothing
    reached the provider (``NETWORK_ERROR`` or ``TIMEOUT`` with ``Sent.NOTHING``), the attempt is ambiguous (the same
    with ``Sent.MAYBE``), the provider rejected the call (``CLIENT_ERROR``), refused it for now (``THROTTLED``) or
    failed (``SERVER_ERROR``). ``REFUSED`` is our own refusal, ``CANCELED`` the app's leaving.
    """

    SUCCESS = "success"
    CLIENT_ERROR = "client_error"
    THROTTLED = "throttled"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    NETWORK_ERROR = "network_error"
    REFUSED = "refused"
    CANCELED = "canceled"


class SidecarError(Exception):
    """Base of all errors below.

    ``code``: stable name, also the end of the problem's ``type`` URI. ``status``: HTTP status of the answer.
    ``proxy_error``: error type of RFC 9209 section 2.3. ``outcome``: value of ``Sidecar-Outcome``.
    """

    code: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error of the sidecar"
    side: ClassVar[Side] = Side.LOCAL
    proxy_error: ClassVar[str] = "proxy_internal_error"
    outcome: Outcome = Outcome.REFUSED
    status: int = 500

    def __init__(self, detail: str, *, sent: Sent = Sent.NOTHING, retry_after: float | None = None) -> None:
        """``retry_after``: seconds. ``lines``: header lines (with CRLF) that belong into the answer."""
        super().__init__(detail)
        self.detail = detail
        self.sent = sent
        self.retry_after = retry_after
        self.lines = b""

    def bare(self) -> Self:
        """The same, without traceback and context, for keeping it as data.

        A traceback holds frames, and frames hold the call, which holds the error: such a ring waits for the collector.
        An outage of thousands of failing calls a second made it stop everything for a tenth of a second.
        """
        self.__traceback__ = self.__context__ = self.__cause__ = None
        return self


class Internal(SidecarError):
    """A bug of ours. Logged once with its traceback."""

    outcome = Outcome.SERVER_ERROR


class NoRoute(SidecarError):
    """No provider is configured for this path, host or listener."""

    code, status, title = "no_route", 404, "No provider matches"
    side = Side.CLIENT
    proxy_error = "destination_not_found"


class BadRequest(SidecarError):
    """The app's request breaks HTTP or a limit. ``status`` is 400, 408, 413, 414, 431, 501 or 505."""

    code, status, title = "bad_request", 400, "The request was refused"
    side = Side.CLIENT
    proxy_error = "http_request_error"

    def __init__(self, detail: str, *, status: int = 400, sent: Sent = Sent.NOTHING) -> None:
        super().__init__(detail, sent=sent)
        self.status = status


class MethodRefused(SidecarError):
    """CONNECT and TRACE are never forwarded (RFC 9110 9.3.6, 9.3.8)."""

    code, status, title = "method_refused", 405, "This method is never forwarded"
    side = Side.CLIENT
    proxy_error = "http_request_denied"


class ClientGone(SidecarError):
    """The app closed its connection before the answer was complete. Never answered, only logged."""

    code, status, title = "canceled", 499, "The app went away"
    side = Side.CLIENT
    proxy_error = "http_request_error"
    outcome = Outcome.CANCELED


class Draining(SidecarError):
    """The sidecar is shutting down and its drain time is up."""

    code, status, title = "draining", 503, "The sidecar is shutting down"
    proxy_error = "http_request_denied"


class PoolExhausted(SidecarError):
    """Every connection to the provider was busy for longer than ``timeouts.pool``."""

    code, status, title = "pool_exhausted", 503, "No connection to the provider was free in time"
    proxy_error = "connection_limit_reached"


class Killed(SidecarError):
    """The kill switch of this provider is on: by ``enabled: false``, or by hand in the admin API."""

    code, status, title = "killed", 503, "Calls to this provider are switched off"
    proxy_error = "http_request_denied"


class BreakerOpen(SidecarError):
    """The provider failed too often: no call goes out until the next trial. Nothing was sent."""

    code, status, title = "breaker_open", 503, "The provider is failing; calls to it are paused"
    proxy_error = "destination_unavailable"


class RateLimited(SidecarError):
    """No turn under ``rate`` came within ``rate.max_wait``, or too many calls wait for one. Nothing was sent."""

    code, status, title = "rate_limited", 429, "Too many calls to this provider for now"
    proxy_error = "http_request_denied"


class ConcurrencyLimited(SidecarError):
    """No slot under ``concurrency`` came free in time, or too many calls wait for one. Nothing was sent."""

    code, status, title = "concurrency_limited", 503, "Too many calls to this provider at once"
    proxy_error = "connection_limit_reached"


class DeadlineExceeded(SidecarError):
    """``timeouts.total`` or the app's ``Sidecar-Timeout`` is up. ``sent`` says how far the call got."""

    code, status, title = "deadline_exceeded", 504, "The time for this call is up"
    proxy_error = "http_response_timeout"
    outcome = Outcome.TIMEOUT


class ConnectFailed(SidecarError):
    """No address of the provider accepted a connection. Nothing was sent."""

    code, status, title = "connect_failed", 502, "The provider could not be reached"
    side = Side.PROVIDER
    proxy_error = "connection_refused"
    outcome = Outcome.NETWORK_ERROR


class DnsFailed(SidecarError):
    """The provider's name has no address. Nothing was sent."""

    code, status, title = "dns_failed", 502, "The provider's name could not be resolved"
    side = Side.PROVIDER
    proxy_error = "dns_error"
    outcome = Outcome.NETWORK_ERROR


class TlsFailed(SidecarError):
    """The TLS handshake failed, or the certificate was not trusted. Nothing was sent."""

    code, status, title = "tls_failed", 502, "No trusted TLS connection to the provider"
    side = Side.PROVIDER
    proxy_error = "tls_protocol_error"
    outcome = Outcome.NETWORK_ERROR


class ConnectTimeout(SidecarError):
    """Connecting, or the TLS handshake, took longer than allowed. Nothing was sent."""

    code, status, title = "connect_timeout", 504, "Connecting to the provider took too long"
    side = Side.PROVIDER
    proxy_error = "connection_timeout"
    outcome = Outcome.TIMEOUT


class HeadTimeout(SidecarError):
    """The provider's response head did not arrive within ``timeouts.head``."""

    code, status, title = "head_timeout", 504, "The provider did not answer in time"
    side = Side.PROVIDER
    proxy_error = "http_response_timeout"
    outcome = Outcome.TIMEOUT


class AttemptTimeout(SidecarError):
    """One attempt took longer than ``timeouts.attempt``."""

    code, status, title = "attempt_timeout", 504, "The attempt took too long"
    side = Side.PROVIDER
    proxy_error = "http_response_timeout"
    outcome = Outcome.TIMEOUT


class IdleTimeout(SidecarError):
    """The provider sent no byte of the body for ``timeouts.idle``; the app's connection is aborted."""

    code, status, title = "idle_timeout", 504, "The provider stopped sending"
    side = Side.PROVIDER
    proxy_error = "http_response_timeout"
    outcome = Outcome.TIMEOUT


class Reset(SidecarError):
    """The provider closed or reset the connection before its answer began."""

    code, status, title = "reset", 502, "The provider closed the connection"
    side = Side.PROVIDER
    proxy_error = "connection_terminated"
    outcome = Outcome.NETWORK_ERROR


class BadResponse(SidecarError):
    """The provider's answer is not valid HTTP/1.1."""

    code, status, title = "bad_response", 502, "The provider's answer is not valid HTTP"
    side = Side.PROVIDER
    proxy_error = "http_protocol_error"
    outcome = Outcome.NETWORK_ERROR


class ResponseIncomplete(SidecarError):
    """The provider broke off inside its answer."""

    code, status, title = "response_incomplete", 502, "The provider broke off its answer"
    side = Side.PROVIDER
    proxy_error = "http_response_incomplete"
    outcome = Outcome.NETWORK_ERROR


class FaultInjected(SidecarError):
    """A failure that ``faults`` made on purpose, to test the app. ``status`` is the one that was asked for."""

    code, status, title = "fault_injected", 503, "A fault was injected on purpose"
    proxy_error = "proxy_internal_response"
    outcome = Outcome.SERVER_ERROR

    def __init__(
        self,
        detail: str,
        *,
        status: int = 503,
        outcome: Outcome = Outcome.SERVER_ERROR,
        sent: Sent = Sent.NOTHING,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, sent=sent, retry_after=retry_after)
        self.status = status
        self.outcome = outcome


class NoAnswer(BaseException):
    """The app's connection is reset instead of answered; ``exchange.error`` says why.

    Nobody may turn it into an answer: like CancelledError it passes whoever catches failures.
    """


class Superseded(Exception):
    """Closes an answer that nobody will read, because another one is asked for. Nobody's failure."""


ERRORS: tuple[type[SidecarError], ...] = (
    NoRoute, BadRequest, MethodRefused, Killed, BreakerOpen, RateLimited, ConcurrencyLimited, PoolExhausted,
    DeadlineExceeded, ConnectFailed, DnsFailed, TlsFailed, ConnectTimeout, HeadTimeout, AttemptTimeout, IdleTimeout,
    Reset, BadResponse, ResponseIncomplete, Draining, ClientGone, FaultInjected, Internal,
)  # fmt: skip
"""Every public error, in the order of docs/errors.md."""
