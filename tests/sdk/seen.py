"""What the test provider saw of a request, without what the sidecar adds."""

from typing import Any

ADDED = frozenset({"trackingid", "traceparent", "via"})
"""Request headers that the sidecar adds (contract: headers the sidecar reads and writes)."""


HOP_BY_HOP = frozenset({"connection", "http2-settings", "keep-alive", "transfer-encoding", "upgrade"})
"""Headers of one connection, which no proxy passes on (RFC 9110 7.6.1)."""


def arrived(about: dict[str, Any]) -> dict[str, Any]:
    """The provider's echo, comparable between a direct call and one through the sidecar; names and order are kept."""
    return {**about, "headers": [pair for pair in about["headers"] if pair[0].lower() not in ADDED | HOP_BY_HOP]}
