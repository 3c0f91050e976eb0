"""Which bodies the log line of a call holds: the per-route part of the ``log`` key."""

from typing import Literal

from pydantic import Field

from sidecar.policies.settings import Fraction, Settings, Size


class Capture(Settings):
    """What is logged of a call besides its metadata. Everything is redacted first."""

    bodies: Literal["never", "on_error", "always"] = "on_error"
    """Whether bodies are logged: of failed and ambiguous calls, of every call, or of none."""
    body_bytes: Size = Field(16 * 1024, ge=0, le=1024 * 1024)
    """Bytes of each body that are looked at and logged; the rest is told by its length."""
    sample_success: Fraction = 1.0
    """The share of successful requests that is logged; failures are logged always."""

    @property
    def limit(self) -> int:
        """Bytes to keep of each body in case they are logged; 0: of none."""
        return 0 if self.bodies == "never" else self.body_bytes
