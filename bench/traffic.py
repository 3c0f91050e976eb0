"""The bytes of the suite's traffic: what the app asks and what the provider answers.

Kept in one place so that the load generator can check every answer against what the provider sends. The
request has the headers of a payment SDK, the answer those of a public JSON API.
"""

import json

JSON_TARGET = b"/v1/orders/1?expand=customer"
"""The small call of all tables: a 834-byte JSON answer."""

SINK_TARGET = b"/v1/files"
"""Takes a body of any size and answers with the small JSON."""

ECHO_TARGET = b"/echo"
"""Answers with the head of the request as the provider got it: shows what a proxy changed."""

FLAKY_TARGET = b"/flaky"
"""Answers 503, the next time with the small JSON, and so on: shows that a proxy tries again."""

REFUSE_TARGET = b"/v1/refused"
"""Takes a body of any size, and answers 422 with the small JSON: shows what a failed call costs."""

_REQUEST = (
    b"%(method)s /%(provider)s%(target)s HTTP/1.1\r\n"
    b"Host: 127.0.0.1:%(port)d\r\n"
    b"User-Agent: ShopApp/4.2 PaymentsSDK/12.1.0 Python/3.11\r\n"
    b"Accept: application/json\r\n"
    b"Accept-Encoding: gzip, deflate\r\n"
    b"Connection: keep-alive\r\n"
    b"Content-Type: application/json\r\n"
    b"Authorization: Bearer 0123456789abcdefghijklmnopqrstuvwxyz\r\n"
    b"Api-Version: 2026-01-28\r\n"
    b'X-Client-Info: {"lang":"python","lang_version":"3.11.7","publisher":"bench"}\r\n'
    b"%(extra)s\r\n"
)

_ANSWER = (
    b"HTTP/1.1 200 OK\r\n"
    b"Date: Sat, 21 Nov 2026 09:00:00 GMT\r\n"
    b"Content-Type: application/json\r\n"
    b"Content-Length: %d\r\n"
    b"Cache-Control: no-cache, no-store\r\n"
    b"Request-Id: req_0123456789abcd\r\n"
    b"Strict-Transport-Security: max-age=63072000; includeSubDomains\r\n"
    b"Vary: Origin\r\n"
    b"X-RateLimit-Remaining: 99\r\n"
    b"\r\n"
)


def _order(filler: int) -> bytes:
    """A JSON order; ``filler`` pads its note so that the size is exact."""
    items = [
        {"id": f"item_{n}", "sku": f"SKU-{n:06}", "quantity": n, "price": {"amount": 1999 * n, "currency": "EUR"}}
        for n in range(1, 7)
    ]
    order = {"id": "ord_1", "object": "order", "status": "paid", "livemode": False, "items": items}
    customer = {"id": "cus_1", "email": "ada@example.com", "country": "DE"}
    return json.dumps({**order, "customer": customer, "note": "x" * filler}).encode()


JSON_BODY = _order(834 - len(_order(0)))
"""834 bytes, as in the figures that the design quotes."""


def request(provider: str, target: bytes, *, port: int, body: int | None = None, extra: bytes = b"") -> bytes:
    """The head of a request to ``/<provider><target>``: GET, or POST when ``body`` bytes (zeros) go with it."""
    if body is not None:
        extra += b"Content-Length: %d\r\n" % body
    head = _REQUEST % {
        b"method": b"GET" if body is None else b"POST",
        b"provider": provider.encode(),
        b"target": target,
        b"port": port,
        b"extra": extra,
    }
    return head + bytes(body or 0)


def answer_head(length: int) -> bytes:
    """The head of an answer whose body has ``length`` bytes."""
    return _ANSWER % length
