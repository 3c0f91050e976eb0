"""The admin listener: what the sidecar is doing, the switches of its providers, failed calls, reload, shutdown.

Every request must name this listener in its Host header (else a web page could reach it by DNS rebinding). Changes
need the admin token and, against forged requests of other pages, a JSON content type and no foreign Origin.
``POST /shutdown`` alone is accepted without a token, from this machine: whoever may run a process here may end it.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from sidecar.admin.access import Door, is_local, load_or_make_token
from sidecar.admin.answers import as_json, not_allowed, not_found, problem, unreadable
from sidecar.admin.calls import Calls
from sidecar.admin.providers import Providers
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler

__all__ = ["Admin", "Control", "load_or_make_token"]

PATHS = (
    "/status", "/reload", "/shutdown", "/providers", "/providers/{name}", "/providers/{name}/kill",
    "/providers/{name}/breaker", "/calls", "/calls/{id}",
)  # fmt: skip

_CHANGES: dict[str, dict[bytes, Callable[[Providers, str, Exchange], Awaitable[Response]]]] = {
    "kill": {b"PUT": Providers.kill, b"DELETE": Providers.revive},
    "breaker": {b"PUT": Providers.force, b"DELETE": Providers.release},
}
"""What may be changed below ``/providers/{name}/``, by method."""


class Control(Protocol):
    """What the admin API asks of the runtime."""

    draining: bool
    providers: Providers
    calls: Calls

    def begin_drain(self, reason: str) -> None:
        """Begin the end. Called once at most, and not while draining."""

    async def reload(self) -> list[str]:
        """Read the configuration again; what is wrong with it, empty when it is live."""

    def status(self) -> dict[str, Any]:
        """What ``GET /status`` shows; no secrets."""


class Admin:
    """Handles the requests of the admin listener.

    ``token``: what changes must present. ``listen``: the listener's address as configured, ``host:port``,
    ``[::1]:port`` or ``unix:/path``.
    """

    __slots__ = ("_control", "_door", "_routes")

    def __init__(self, control: Control, token: str, listen: str) -> None:
        self._control = control
        self._door = Door(token, listen)
        self._routes: dict[bytes, tuple[str, Handler]] = {
            b"/": ("GET, HEAD", self._status),
            b"/status": ("GET, HEAD", self._status),
            b"/reload": ("POST", self._reload),
            b"/shutdown": ("POST", self._shutdown),
            b"/providers": ("GET, HEAD", self._all_providers),
            b"/calls": ("GET, HEAD", self._all_calls),
        }

    async def handle(self, exchange: Exchange) -> Response:
        """Answer one request."""
        if exchange.error is not None:
            return unreadable(exchange.error)
        refused = self._door.check_host(exchange)
        if refused is not None:
            return refused
        path = exchange.target.partition(b"?")[0]
        if path.startswith(b"/providers/"):
            return await self._provider(exchange, path.decode("latin-1").split("/")[2:])
        if path.startswith(b"/calls/"):
            return await self._call(exchange, path.decode("latin-1").removeprefix("/calls/"))
        found = self._routes.get(path)
        if found is None:
            return not_found(PATHS)
        allowed, serve = found
        if exchange.method.decode("latin-1") not in allowed.split(", "):
            return not_allowed(exchange, allowed)
        return await serve(exchange)

    async def _status(self, _exchange: Exchange) -> Response:
        return as_json(200, self._control.status())

    async def _all_providers(self, _exchange: Exchange) -> Response:
        return self._control.providers.all()

    async def _all_calls(self, _exchange: Exchange) -> Response:
        return await self._control.calls.all()

    async def _call(self, exchange: Exchange, name: str) -> Response:
        if exchange.method not in (b"GET", b"HEAD"):
            return not_allowed(exchange, "GET, HEAD")
        return await self._control.calls.one(exchange, name)

    async def _provider(self, exchange: Exchange, steps: list[str]) -> Response:
        """``/providers/{name}``, or one of the switches below it. ``steps``: name, switch."""
        if len(steps) == 1:
            if exchange.method in (b"GET", b"HEAD"):
                return self._control.providers.one(steps[0])
            return not_allowed(exchange, "GET, HEAD")
        changes = _CHANGES.get(steps[1]) if len(steps) == 2 else None
        if changes is None:
            return not_found(PATHS)
        change = changes.get(exchange.method)
        if change is None:
            return not_allowed(exchange, ", ".join(method.decode() for method in changes))
        refused = self._door.check_token(exchange) or self._door.check_page(exchange)
        return await change(self._control.providers, steps[0], exchange) if refused is None else refused

    async def _reload(self, exchange: Exchange) -> Response:
        refused = self._door.check_token(exchange) or self._door.check_page(exchange)
        if refused is not None:
            return refused
        problems = await self._control.reload()
        if not problems:
            return as_json(200, {"result": "success"})
        detail = "the configuration cannot be used (see problems); the old one stays in force"
        return problem(422, "reload_failed", "The configuration was not reloaded", detail, problems=problems)

    async def _shutdown(self, exchange: Exchange) -> Response:
        refused = self._door.check_page(exchange, tokenless=True)
        if refused is None and not is_local(exchange.client):
            refused = self._door.check_token(exchange)
        if refused is not None:
            return refused
        # A repeated call must not cut what is in flight: only a second signal ends at once.
        if not self._control.draining:
            self._control.begin_drain("POST /shutdown")
        return as_json(202, {"result": "draining"})
