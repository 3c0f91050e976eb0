"""The one shape of every policy: take an exchange, give a response.

A policy is built once per route, when the configuration loads, around the handler inside it. A request only
walks the stack that was built. A policy passes, answers, refuses (raises a ``SidecarError``) or, retry alone,
repeats.
"""

from collections.abc import Awaitable, Callable

from sidecar.core.exchange import Exchange, Response

Handler = Callable[[Exchange], Awaitable[Response]]
"""The same verb on every floor: ``handle(exchange) -> Response``; raises ``SidecarError``."""
