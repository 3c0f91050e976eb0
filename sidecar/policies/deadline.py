"""One clock for the whole call: waiting, connecting and every attempt until the response head is here."""

from collections.abc import Awaitable

from sidecar.core.errors import BadRequest
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.core.units import duration
from sidecar.policies.policy import Policy
from sidecar.policies.site import Site
from sidecar.policies.timeouts import Timeouts


class _DeadlineLayer:
    __slots__ = ("_next", "_total")

    def __init__(self, inner: Handler, total: float) -> None:
        self._next = inner
        self._total = total

    def handle(self, exchange: Exchange) -> Awaitable[Response]:
        if self._total:
            exchange.deadline = exchange.started + self._total
        wished = exchange.headers.index.get(b"sidecar-timeout")
        if wished is not None:
            try:
                seconds = duration(wished.decode("latin-1"))
            except ValueError as error:
                raise BadRequest(f"Sidecar-Timeout: {error}") from None
            if exchange.started + seconds < exchange.deadline:
                exchange.deadline = exchange.started + seconds
                exchange.hurried = True
        inner = self._next
        return inner(exchange)


def build(inner: Handler, site: Site) -> Handler:
    """Give every call of this route its deadline; the app may ask for a nearer one by ``Sidecar-Timeout``."""
    return _DeadlineLayer(inner, site.of("timeouts", Timeouts).total).handle


POLICY = Policy("deadline", build, "timeouts", Timeouts)
