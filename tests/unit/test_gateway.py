import pytest

from sidecar.core.errors import BadRequest, Draining, NoRoute
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.core.layer import Handler
from sidecar.core.routing import PathTemplate, RouteMatch, RouteTable
from sidecar.gateway import Gateway, LiveProvider, Table, no_route
from tests.unit.policies.stage import respond


def request(target: bytes, host: bytes = b"app", method: bytes = b"GET") -> Exchange:
    return Exchange(method, target, Headers.of([(b"Host", host)]), None, "127.0.0.1", 0.0)


class Seen:
    """Handlers that note which of them was called."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def handler(self, name: str) -> Handler:
        async def handle(exchange: Exchange) -> Response:
            self.calls.append(name)
            return respond()

        return handle


@pytest.fixture
def seen() -> Seen:
    return Seen()


@pytest.fixture
def gateway(seen: Seen) -> Gateway:
    routes = RouteTable([RouteMatch(frozenset({b"POST"}), PathTemplate("/v1/charges"))])
    handlers = [seen.handler("charges"), seen.handler("default")]
    payments = LiveProvider("payments", None, routes, ["charges", "default"], handlers)  # type: ignore[arg-type]
    mail = LiveProvider("mail", None, RouteTable(), ["default"], [seen.handler("mail")])  # type: ignore[arg-type]
    providers = {"payments": payments, "mail": mail}
    return Gateway(Table(providers, {"mail.localhost": mail}, no_route(tuple(providers))))


@pytest.mark.parametrize(
    ("exchange", "called", "path", "prefix"),
    [
        (request(b"/payments/v1/x?y"), "default", b"/v1/x?y", b"/payments"),
        (request(b"/payments/v1/charges", method=b"POST"), "charges", b"/v1/charges", b"/payments"),
        (request(b"/mail"), "mail", b"/", b"/mail"),
        (request(b"/payments/v1/x", b"mail.localhost:8080"), "mail", b"/payments/v1/x", b""),
    ],
)
async def test_shared_listener(
    gateway: Gateway, seen: Seen, exchange: Exchange, called: str, path: bytes, prefix: bytes
) -> None:
    await gateway.handle(exchange)
    assert seen.calls == [called]
    assert (exchange.path, exchange.prefix) == (path, prefix)


async def test_names_are_set(gateway: Gateway) -> None:
    exchange = request(b"/payments/v1/charges", method=b"POST")
    await gateway.handle(exchange)
    assert (exchange.provider, exchange.route) == ("payments", "charges")


async def test_no_provider(gateway: Gateway) -> None:
    with pytest.raises(NoRoute, match="known prefixes: /payments/, /mail/"):
        await gateway.handle(request(b"/stripe/x"))


async def test_options_of_the_sidecar_as_a_whole(gateway: Gateway, seen: Seen) -> None:
    response = await gateway.handle(request(b"*", method=b"OPTIONS"))
    assert (response.status, seen.calls) == (204, [])
    assert b"GET" in (response.headers.get(b"allow") or b"")


async def test_own_listener(gateway: Gateway, seen: Seen) -> None:
    exchange = request(b"/payments/x")
    await gateway.bound("mail")(exchange)
    assert (seen.calls, exchange.path, exchange.prefix) == (["mail"], b"/payments/x", b"")


async def test_own_listener_of_a_provider_that_is_gone(gateway: Gateway) -> None:
    bound = gateway.bound("mail")
    gateway.table = Table({}, {}, no_route(()))
    with pytest.raises(NoRoute):
        await bound(request(b"/x"))


async def test_own_listener_follows_a_reload(gateway: Gateway, seen: Seen) -> None:
    bound = gateway.bound("mail")
    fresh = LiveProvider("mail", None, RouteTable(), ["default"], [seen.handler("fresh")])  # type: ignore[arg-type]
    gateway.table = Table({"mail": fresh}, {}, no_route(()))
    await bound(request(b"/x"))
    assert seen.calls == ["fresh"]


@pytest.mark.parametrize("own", [False, True])
async def test_request_that_could_not_be_read_reaches_no_provider(gateway: Gateway, seen: Seen, own: bool) -> None:
    exchange = request(b"/mail/x")
    exchange.error = BadRequest("broken")
    handle = gateway.bound("mail") if own else gateway.handle
    with pytest.raises(BadRequest):
        await handle(exchange)
    assert seen.calls == []


@pytest.mark.parametrize("own", [False, True])
async def test_closed(gateway: Gateway, seen: Seen, own: bool) -> None:
    gateway.closed = True
    handle = gateway.bound("mail") if own else gateway.handle
    with pytest.raises(Draining) as caught:
        await handle(request(b"/mail/x"))
    assert caught.value.retry_after == 1
    assert seen.calls == []


def test_a_provider_without_a_switch_gets_one_of_its_own() -> None:
    one, other = (LiveProvider("p", None, RouteTable(), [], []) for _ in range(2))  # type: ignore[arg-type]
    assert one.switch is not other.switch
    assert one.switch.kill is None
