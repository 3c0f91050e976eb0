"""The kill switch: while it is on, no call goes to the provider, and the app is told who wants it so, and why.

It is turned by ``enabled: false`` in the file, or by hand in the admin API. It is asked twice: before anything else is
done for a call, and again before each send, so that a call that has waited for its turn, or for its next attempt, does
not go out after somebody said stop. What is on its way already is not cut: the provider may be acting on it.
"""

from collections.abc import Awaitable, Callable

from sidecar.core.errors import Killed
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies.policy import Policy
from sidecar.policies.site import Site
from sidecar.policies.switches import Switch


class _KillLayer:
    __slots__ = ("_next", "_switch", "_wall")

    def __init__(self, inner: Handler, switch: Switch, wall: Callable[[], float]) -> None:
        self._next = inner
        self._switch = switch
        self._wall = wall

    def handle(self, exchange: Exchange) -> Awaitable[Response]:
        # Not a coroutine of its own: 0.1 us a call while the switch is off.
        kill = self._switch.kill
        if kill is None:
            return self._next(exchange)
        now = self._wall()
        if kill.over(now):
            return self._next(exchange)
        raise Killed(kill.detail, retry_after=None if kill.until is None else kill.until - now)


def _off(exchange: Exchange) -> Awaitable[Response]:
    raise Killed(f"{exchange.provider} is switched off in the configuration (enabled: false)")


def build(inner: Handler, site: Site) -> Handler:
    """Stop every call of this route while the switch is on. The file's word goes before the hand's: it has no end."""
    if not site.enabled:
        site.switch.off.add(site.route)
        return _off
    return _KillLayer(inner, site.switch, site.env.wall).handle


def build_again(inner: Handler, site: Site) -> Handler:
    """Stop the sends of calls that were under way when the switch was turned."""
    return _KillLayer(inner, site.switch, site.env.wall).handle if site.enabled else inner


POLICY = Policy("kill", build)
AGAIN = Policy("kill-again", build_again)
