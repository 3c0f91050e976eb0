"""What Stripe's front does to every request and localstripe does not.

Request ids (docs.stripe.com/api/request_ids), idempotent requests (docs.stripe.com/api/idempotent_requests), rate
limits (docs.stripe.com/rate-limits), file uploads (docs.stripe.com/api/files/create), and a look at the headers that
arrived.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from pathlib import PurePath

from aiohttp import web

THROTTLED_KEY = "sk_test_throttled"
"""With this API key every call meets the rate limit."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Edge:
    """The state: answers by idempotency key, request headers by request id."""

    def __init__(self) -> None:
        self._answers: dict[str, tuple[str, int, bytes]] = {}
        self._seen: dict[str, list[list[str]]] = {}

    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/_edge/"):
            return web.json_response(self._seen.get(request.path.rpartition("/")[2], []))
        request_id = f"req_{secrets.token_hex(7)}"
        self._seen[request_id] = [[name.decode(), value.decode()] for name, value in request.raw_headers]
        response = await self._answer(request, handler)
        response.headers["Request-Id"] = request_id
        response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", "")
        return response

    async def _answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if THROTTLED_KEY in request.headers.get("Authorization", ""):
            error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Request rate limit exceeded."}
            headers = {"Stripe-Should-Retry": "false", "Stripe-Rate-Limited-Reason": "global-rate"}
            return web.json_response({"error": error}, status=429, headers=headers)
        if request.path == "/v1/files" and request.method == "POST":
            return await _upload(request)
        key = request.headers.get("Idempotency-Key")
        if key is None or request.method != "POST":
            return await handler(request)
        return await self._idempotent(request, handler, key)

    async def _idempotent(self, request: web.Request, handler: Handler, key: str) -> web.StreamResponse:
        asked = hashlib.sha256(request.path.encode() + await request.read()).hexdigest()
        known = self._answers.get(key)
        if known is None:
            response = await handler(request)
            assert isinstance(response, web.Response)
            assert isinstance(response.body, bytes)
            self._answers[key] = (asked, response.status, response.body)
            response.headers["Idempotency-Key"] = key
            return response
        if known[0] != asked:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with."
            )
            return web.json_response({"error": {"type": "idempotency_error", "message": message}}, status=400)
        headers = {"Idempotency-Key": key, "Idempotent-Replayed": "true"}
        return web.Response(status=known[1], body=known[2], content_type="application/json", headers=headers)


async def _upload(request: web.Request) -> web.Response:
    form = await request.post()
    file = form["file"]
    assert isinstance(file, web.FileField)
    content = file.file.read()
    return web.json_response(
        {
            "id": f"file_{secrets.token_hex(7)}",
            "object": "file",
            "filename": PurePath(file.filename).name,
            "purpose": form["purpose"],
            "size": len(content),
            "title": hashlib.sha256(content).hexdigest(),
        }
    )


def install(app: web.Application) -> None:
    """Put the edge in front of localstripe."""
    edge = Edge()

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await edge.middleware(request, handler)

    app.middlewares.insert(0, middleware)
