"""A support packet as the admin API gives it, to be changed by tests."""

from typing import Any


def attempt(n: int = 1, **more: Any) -> dict[str, Any]:
    """One attempt that was answered."""
    return {
        "n": n, "status": 503, "ms": 120.5, "wait_ms": 0.0, "tracking_id": f"prov-{n}", "connection": "new",
        "addr": "192.0.2.1:443", "started": "2026-11-21T10:36:41.706Z", "at_ms": 0.25, "head_ms": 118.0,
        "outcome": "server_error", "sent": "all", "span_id": "00f067aa0ba902b7",
        "added_headers": {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"},
        "response_headers": {"content-type": "text/plain"}, "response_body": "busy",
    } | more  # fmt: skip


def packet(*attempts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A call that failed after these attempts; after one, if none are given."""
    return {
        "request_id": "signup-1", "tracking_id": "signup-1", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "started": "2026-11-21T10:36:41.706Z", "ts": "2026-11-21T10:36:42.000Z", "duration_ms": 294.0,
        "provider": "partner", "route": "orders", "method": "POST", "path": "/partner/v1/orders", "query": "",
        "url": "https://api.example.com/v1/orders", "status": 503, "outcome": "server_error", "sent": "all",
        "client": "127.0.0.1", "request_headers": {"content-type": "application/json"}, "request_body": "{}",
        "added_headers": {}, "attempts": list(attempts) or [attempt()],
        "base_url": "https://api.example.com", "configured_headers": [],
        "settings": {"timeouts_s": {"connect": 1.0, "attempt": 0.0, "total": 8.0}, "retry": "off"},
        "versions": {"sidecar": "1.2.3", "python": "3.11.7", "openssl": "OpenSSL 3.0.0", "uvloop": None},
    } | more  # fmt: skip
