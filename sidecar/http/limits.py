"""Limits on what an app may send."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds; 0 for ``body`` means no limit."""

    header_bytes: int = 64 * 1024
    headers: int = 200
    body: int = 100 * 1024 * 1024
    header_timeout: float = 10.0
    idle_timeout: float = 75.0
    connections: int = 10_000
