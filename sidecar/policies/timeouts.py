"""How long each step of a call may take: the settings that deadline, attempt and the wire share."""

from pydantic import Field

from sidecar.policies.settings import Duration, Settings


class Timeouts(Settings):
    """How long each step of a call may take. 0 switches a limit off.

    The defaults fit a call that a person waits for. ``head``, ``attempt`` and ``total`` end when the response
    head has arrived; from then on ``idle`` guards the body, so that streams are not cut.
    """

    connect: Duration = Field(1.0, ge=0, le=300)
    """Opening the TCP connection, over all addresses of the provider."""
    tls: Duration = Field(2.0, ge=0, le=300)
    """The TLS handshake, after the connection is open."""
    pool: Duration = Field(0.25, ge=0, le=300)
    """Waiting for a free connection when ``pool.max_connections`` are busy; 0 refuses at once."""
    head: Duration = Field(30.0, ge=0, le=3600)
    """From the last byte of the request to the response head; while the app still sends, only when the provider
    takes no more. A body that the app is slow to send is the matter of ``limits.idle_timeout``."""
    idle: Duration = Field(60.0, ge=0, le=86400)
    """Between two chunks of the response body."""
    attempt: Duration = Field(0.0, ge=0, le=3600)
    """One attempt, from asking for a connection to the response head; 0: only ``total`` limits it."""
    total: Duration = Field(60.0, ge=0, le=86400)
    """The whole call, waiting and every attempt included, to the response head."""
