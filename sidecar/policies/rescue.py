"""The only place where an error becomes an answer: problem+json (RFC 9457) with Proxy-Status (RFC 9209)."""

import math
import traceback
from typing import Any

import orjson

from sidecar.core.body import Body
from sidecar.core.errors import Internal, MethodRefused, Sent, SidecarError
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.core.layer import Handler
from sidecar.http.head import ALLOW, reason_of
from sidecar.policies.policy import Policy
from sidecar.policies.site import Site
from sidecar.redaction.found import Found
from sidecar.redaction.redactor import Redactor
from sidecar.rules.proxy_status import proxy_status

PROBLEM_TYPE = "https://sidecar.invalid/problems/"
"""Until a documentation site exists; ``.invalid`` never resolves (RFC 2606 2)."""
_BODY_BYTES = 64 * 1024
"""Of a request's body that are looked at before a traceback is shown."""


class _RescueLayer:
    __slots__ = ("_log", "_next", "_redactor")

    def __init__(self, inner: Handler, site: Site) -> None:
        self._next = inner
        self._log = site.log
        self._redactor = site.redactor

    async def handle(self, exchange: Exchange) -> Response:
        try:
            return await self._next(exchange)
        except SidecarError as error:
            error.sent = sent_so_far(exchange, error.sent)
            exchange.error = error.bare()
            return problem(error, exchange, self._redactor)
        except Exception as bug:  # noqa: BLE001 - the app gets an answer, whatever we did wrong
            found = told_by(exchange, self._redactor)
            _learn_body(exchange, self._redactor, found)
            self._log.event(
                "error",
                "internal_error",
                request_id=self._redactor.text(exchange.request_id, found),
                provider=exchange.provider,
                route=exchange.route,
                traceback=self._redactor.unforeseen("".join(traceback.format_exception(bug)), found),
            )
            exchange.error = Internal(
                f"a bug in the sidecar ({type(bug).__name__}); its log has the traceback", sent=sent_so_far(exchange)
            )
            return problem(exchange.error, exchange, self._redactor)


def sent_so_far(exchange: Exchange, last: Sent = Sent.NOTHING) -> Sent:
    """How far the call got over all its attempts: that the last one sent nothing does not undo the others."""
    if last is Sent.NOTHING and any(attempt.sent is not Sent.NOTHING for attempt in exchange.attempts):
        return Sent.MAYBE
    return last


def shown(text: str, exchange: Exchange, redactor: Redactor) -> str:
    """A text about a call as it may be shown: without secrets, those of the call itself above all."""
    return redactor.text(text, told_by(exchange, redactor))


def told_by(exchange: Exchange, redactor: Redactor) -> Found:
    """The secrets that the head of a request tells."""
    found = Found()
    redactor.headers(exchange.headers.pairs(), found)
    redactor.target(exchange.target, found)
    return found


def _learn_body(exchange: Exchange, redactor: Redactor, found: Found) -> None:
    """Those of its body, as far as it is still here."""
    body = exchange.body
    if body is not None:
        content = body.beginning(_BODY_BYTES)
        index = exchange.headers.index
        kind, coding = (index.get(name, b"").decode("latin-1") for name in (b"content-type", b"content-encoding"))
        redactor.body(content, found, kind, coding, whole=body.complete and len(content) == body.received)


def problem(error: SidecarError, exchange: Exchange, redactor: Redactor) -> Response:
    """The answer for an error. ``retry_after`` is in whole seconds, never earlier than meant (RFC 9110 10.2.3)."""
    retry_after = math.ceil(error.retry_after) if error.retry_after is not None else None
    found = told_by(exchange, redactor)
    detail = redactor.text(error.detail, found)
    content: dict[str, Any] = {
        "type": PROBLEM_TYPE + error.code,
        "title": error.title,
        "status": error.status,
        "detail": detail,
        "code": error.code,
        "provider": exchange.provider or None,
        "route": exchange.route or None,
        "sent": error.sent,
        "attempts": len(exchange.attempts),
        "retry_after": retry_after,
        "request_id": redactor.text(exchange.request_id, found),
    }
    body = orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE)
    pairs = [
        (b"Content-Type", b"application/problem+json"),
        (b"Content-Length", str(len(body)).encode()),
        (b"Cache-Control", b"no-store"),
        (b"Proxy-Status", proxy_status(error.proxy_error, detail)),
    ]
    if retry_after is not None:
        pairs.append((b"Retry-After", str(retry_after).encode()))
    if isinstance(error, MethodRefused):
        pairs.append((b"Allow", ALLOW))
    response = Response(error.status, reason_of(error.status), Headers.of(pairs), Body.of(body))
    response.lines = error.lines
    return response


def build(inner: Handler, site: Site) -> Handler:
    """Answer every error of this route."""
    return _RescueLayer(inner, site).handle


POLICY = Policy("rescue", build)
