"""What a method promises (RFC 9110 9.2): what may be sent twice, and what changes nothing."""

SAFE = frozenset({b"GET", b"HEAD", b"OPTIONS"})
"""Asked for, not changed (9.2.1). TRACE is one too, and never forwarded."""

IDEMPOTENT = SAFE | {b"PUT", b"DELETE", b"TRACE"}
"""Sent twice, it does what it does once (9.2.2)."""
