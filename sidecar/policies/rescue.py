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
from sidecar.redaction.names import mask_text
from sidecar.rules.proxy_status import proxy_status

PROBLEM_TYPE = "https://sidecar.invalid/problems/"
"""Until a documentation site exists; ``.invalid`` never resolves (RFC 2606 2)."""


class _RescueLayer:
    __slots__ = ("_log", "_next")

    def __init__(self, inner: Handler, site: Site) -> None:
        self._next = inner
        self._log = site.log

    async def handle(self, exchange: Exchange) -> Response:
        try:
            return await self._next(exchange)
        except SidecarError as error:
            error.sent = sent_so_far(exchange, error.sent)
            exchange.error = error.bare()
            return problem(error, exchange)
        except Exception as bug:  # noqa: BLE001 - the app gets an answer, whatever we did wrong
            self._log.event(
                "error",
                "internal_error",
                request_id=exchange.request_id,
                provider=exchange.provider,
                route=exchange.route,
                traceback=mask_text("".join(traceback.format_exception(bug))),
            )
            exchange.error = Internal(
                f"a bug in the sidecar ({type(bug).__name__}); its log has the traceback", sent=sent_so_far(exchange)
            )
            return problem(exchange.error, exchange)


def sent_so_far(exchange: Exchange, last: Sent = Sent.NOTHING) -> Sent:
    """How far the call got over all its attempts: that the last one sent nothing does not undo the others."""
    if last is Sent.NOTHING and any(attempt.sent is not Sent.NOTHING for attempt in exchange.attempts):
        return Sent.MAYBE
    return last


def problem(error: SidecarError, exchange: Exchange) -> Response:
    """The answer for an error. ``retry_after`` is in whole seconds, never earlier than meant (RFC 9110 10.2.3)."""
    retry_after = math.ceil(error.retry_after) if error.retry_after is not None else None
    detail = mask_text(error.detail)
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
        "request_id": exchange.request_id,
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
