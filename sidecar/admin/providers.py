"""The part of the admin API about providers: what each is doing, its kill switch, its breakers.

    GET    /providers                   all of them
    GET    /providers/{name}            one: switch, breakers, learned rates, slots, retry budget, connections
    PUT    /providers/{name}/kill       {"reason": ..., "who": ..., "expires": "10m"}: switch it off
    DELETE /providers/{name}/kill       switch it on again
    PUT    /providers/{name}/breaker    {"state": "open", "reason": ..., "who": ..., "scope": ...}: hold it
    DELETE /providers/{name}/breaker    let it decide by itself again

Every change may be repeated, and answers with the state that it led to.
"""

from collections.abc import Callable, Mapping
from typing import Any

from sidecar.admin.answers import as_json, problem
from sidecar.admin.orders import BadOrder, breaker_order, kill_order
from sidecar.admin.provider_view import Live, view
from sidecar.admin.switchboard import Forced, Switchboard
from sidecar.core.env import Env
from sidecar.core.exchange import Exchange, Response
from sidecar.policies.switches import Kill
from sidecar.redaction.redactor import DEFAULT
from sidecar.telemetry.stats import Stats

_LARGEST_ORDER = 16 * 1024
"""Bytes of a body; a reason of 500 characters needs a tenth."""
_PATIENCE = 10.0
"""Seconds for a body to arrive."""


class Providers:
    """Answers about providers. ``live`` gives those that are being served: a reload replaces them."""

    __slots__ = ("_board", "_env", "_live", "_stats")

    def __init__(self, live: Callable[[], Mapping[str, Live]], board: Switchboard, stats: Stats, env: Env) -> None:
        self._live = live
        self._board = board
        self._stats = stats
        self._env = env

    # ---- look ----

    def all(self) -> Response:
        """Every provider."""
        return as_json(200, {"providers": {name: self._view(one) for name, one in self._live().items()}})

    def one(self, name: str) -> Response:
        """One provider."""
        live = self._live().get(name)
        return self._unknown(name) if live is None else as_json(200, self._view(live))

    def _view(self, live: Live) -> dict[str, Any]:
        return view(live, self._stats.provider(live.name), self._board, self._env)

    def _unknown(self, name: str) -> Response:
        detail = f"there is no provider '{name[:100]}'; there is {', '.join(self._live())}"
        return problem(404, "unknown_provider", "Unknown provider", detail)

    # ---- kill ----

    async def kill(self, name: str, exchange: Exchange) -> Response:
        """Switch a provider off, by order."""
        if name not in self._live():
            return self._unknown(name)
        now = self._env.wall()
        try:
            order = kill_order(await _content(exchange), now)
        except BadOrder as error:
            return _refused(error)
        before = self._board.kills.get(name)
        since = before.since if before is not None else now
        reason, who = DEFAULT.text(order.reason), DEFAULT.text(order.who)  # it is written down, and shown everywhere
        saved = await self._board.kill(name, Kill(reason, who, since, order.until), exchange.client)
        return self._turned(name, saved=saved)

    async def revive(self, name: str, exchange: Exchange) -> Response:
        """Switch a provider on again; also one that a reload has removed, as its switch would come back with it."""
        if name not in self._live() and name not in self._board.kills:
            return self._unknown(name)
        saved = await self._board.revive(name, exchange.client)
        return self._turned(name, saved=saved)

    def _turned(self, name: str, *, saved: bool) -> Response:
        if not saved:
            detail = "the switch is turned, but state_dir cannot be written: a restart will undo this (see the log)"
            return problem(500, "not_saved", "The switch was not saved", detail, provider=name)
        return self.one(name) if name in self._live() else as_json(200, {"provider": name, "kill": None})

    # ---- breaker ----

    async def force(self, name: str, exchange: Exchange) -> Response:
        """Hold a provider's breakers open or closed, by order."""
        live = self._live().get(name)
        if live is None:
            return self._unknown(name)
        try:
            order = breaker_order(await _content(exchange))
            scopes = _scopes(order.scope, list(live.switch.breakers))
        except BadOrder as error:
            return _refused(error)
        if not scopes:
            return _no_breaker(name)
        self._board.force(name, scopes, Forced(order.state, order.reason, order.who, self._env.wall()), exchange.client)
        return self.one(name)

    async def release(self, name: str, exchange: Exchange) -> Response:
        """Let a provider's breakers decide by themselves again."""
        if name not in self._live():
            return self._unknown(name)
        self._board.release(name, exchange.client)
        return self.one(name)


def _scopes(asked: str | None, known: list[str]) -> list[str]:
    """The breakers that are meant.

    Raises:
        BadOrder: there is none of that scope.
    """
    if asked is None or not known:
        return known
    if asked not in known:
        why = f"is none of {', '.join(known)}"
        raise BadOrder(f"scope {why}", {"scope": why})
    return [asked]


def _no_breaker(name: str) -> Response:
    detail = f"no route of {name} has a breaker; give it one in the configuration, or use PUT /providers/{name}/kill"
    return problem(409, "no_breaker", "There is no breaker", detail)


def _refused(error: BadOrder) -> Response:
    """400 for a body that is none, 422 for fields that are wrong (RFC 9110 15.5.21)."""
    if not error.mistakes:
        return problem(400, "bad_body", "The body cannot be used", error.detail)
    return problem(422, "bad_fields", "Fields of the body are wrong", error.detail, fields=error.mistakes)


async def _content(exchange: Exchange) -> bytes:
    """The whole body.

    Raises:
        BadOrder: there is none, it is too large, or it did not come.
    """
    body = exchange.body
    if body is None:
        raise BadOrder("this needs a body in JSON, with at least who and reason")
    if not await body.hold(_LARGEST_ORDER, _PATIENCE) or body.received > _LARGEST_ORDER:
        raise BadOrder(f"the body did not arrive in time, or is larger than {_LARGEST_ORDER} bytes")
    return body.content()
