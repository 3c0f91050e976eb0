"""The answers of the ops and admin listeners: plain text, JSON, problem+json (RFC 9457).

Nothing here may be cached, and nothing may be taken by a browser for what it is not.
"""

from collections.abc import Iterable
from typing import Any

import orjson

from sidecar.core.body import Body
from sidecar.core.errors import BadRequest, MethodRefused, SidecarError
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.http.head import reason_of

PROBLEM_TYPE = "https://sidecar.invalid/problems/"
"""Until a documentation site exists; ``.invalid`` never resolves (RFC 2606 2)."""

Pairs = Iterable[tuple[bytes, bytes]]


def text(status: int, content: bytes, kind: bytes = b"text/plain; charset=utf-8", extra: Pairs = ()) -> Response:
    """An answer with this content; ``extra`` are further header fields."""
    pairs = [
        (b"Content-Type", kind),
        (b"Content-Length", str(len(content)).encode()),
        (b"Cache-Control", b"no-store"),
        (b"X-Content-Type-Options", b"nosniff"),
        *extra,
    ]
    reason = reason_of(status)
    return Response(status, reason, Headers.of(pairs), Body.of(content))


def as_json(status: int, data: Any) -> Response:
    """An answer in JSON."""
    return text(status, _encode(data), b"application/json")


def problem(status: int, code: str, title: str, detail: str, *, extra: Pairs = (), **members: Any) -> Response:
    """A refusal that says why (RFC 9457). ``members`` are further members of the object."""
    content = {"type": PROBLEM_TYPE + code, "title": title, "status": status, "detail": detail, "code": code, **members}
    return text(status, _encode(content), b"application/problem+json", extra)


def unreadable(error: SidecarError) -> Response:
    """The answer to a request that broke HTTP or a limit of the listener."""
    status = error.status if isinstance(error, BadRequest | MethodRefused) else 400
    return problem(status, error.code, error.title, error.detail)


def not_allowed(exchange: Exchange, allowed: str) -> Response:
    """The path is there, the method is not (RFC 9110 15.5.6)."""
    method = exchange.method.decode("latin-1")
    extra = [(b"Allow", allowed.encode())]
    detail = f"{method} is not served here; allowed: {allowed}"
    return problem(405, "method_not_allowed", "Method not allowed", detail, extra=extra)


def not_found(known: Iterable[str]) -> Response:
    """Nothing stands at this path; says what does."""
    return problem(404, "not_found", "Not found", f"there is nothing here; there is {', '.join(known)}")


def _encode(data: Any) -> bytes:
    return orjson.dumps(data, default=str, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
