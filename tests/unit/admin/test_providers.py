"""``/providers``: what is shown of them, and how their switches are turned; asked through the whole admin API."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sidecar.admin import kill_file
from sidecar.admin.api import Admin
from sidecar.admin.kill_file import SwitchesUnreadable
from sidecar.admin.providers import Providers
from sidecar.admin.switchboard import Forced
from sidecar.core.body import Body
from sidecar.core.errors import ClientGone
from sidecar.core.exchange import Exchange, Response
from sidecar.core.headers import Headers
from sidecar.policies.switches import Kill
from tests.unit.admin.board import NOW, Breaker, Desk

HOST = (b"Host", b"127.0.0.1:9091")
JSON = (b"Content-Type", b"application/json")
BEARER = (b"Authorization", b"Bearer admin-token")
KILL = {"reason": "refunds run twice", "who": "ana"}
HOLD = {"state": "open", "reason": "maintenance", "who": "bo"}


class Live:
    """A provider as the gateway has it; ``switch`` is that of the live table."""

    def __init__(self, desk: Desk, name: str, names: tuple[str, ...]) -> None:
        self._desk, self.name, self.names = desk, name, names
        self.base_url = f"https://{name}.test"
        self.pool = SimpleNamespace(open_connections=3, idle=2)

    @property
    def switch(self) -> Any:
        return self._desk.board.live[self.name]


class Api:
    """The admin API over the providers ``pay`` and ``mail``."""

    def __init__(self, folder: Path | None = None) -> None:
        self.desk = Desk(folder)
        self.live = {name: Live(self.desk, name, ("charge", "default")) for name in ("pay", "mail")}
        live: Any = self.live
        self.providers = Providers(lambda: live, self.desk.board, self.desk.stats, self.desk.env)
        control: Any = self
        self.admin = Admin(control, "admin-token", "127.0.0.1:9091")

    async def ask(
        self, method: bytes, target: bytes, *headers: tuple[bytes, bytes], body: Any = None
    ) -> tuple[Response, Any]:
        if body is not None and not isinstance(body, Body):
            body = Body.of(body if isinstance(body, bytes) else json.dumps(body).encode())
        exchange = Exchange(method, target, Headers.of([HOST, *headers]), body, "127.0.0.1", 0.0)
        response = await self.admin.handle(exchange)
        return response, json.loads(response.body.content())

    async def put(self, target: bytes, body: Any) -> tuple[int, Any]:
        response, data = await self.ask(b"PUT", target, BEARER, JSON, body=body)
        return response.status, data

    async def delete(self, target: bytes) -> tuple[int, Any]:
        response, data = await self.ask(b"DELETE", target, BEARER)
        return response.status, data


# ---- look ----


async def test_all_that_explains_a_call_is_shown() -> None:
    api = Api()
    switch = api.desk.reload(provider=Breaker(), charge=Breaker())["pay"]
    switch.rates["provider"] = switch.slots["charge"] = Breaker()
    switch.off.add("charge")
    switch.faults["default"] = "1% of calls: reset"
    stats = api.desk.stats.provider("pay")
    stats.policies.budget = lambda: 9.5
    stats.in_flight, stats.waiting = 4, 1
    api.desk.board.force("pay", ["charge"], Forced("open", "maintenance", "bo", NOW), "c")
    api.desk.wall += 60
    switch.kill = Kill("token=s3cr3t-value", "ana", NOW, NOW + 600)
    response, data = await api.ask(b"GET", b"/providers/pay")
    assert response.status == 200
    asked = {"state": "closed", "asked_at": 100.0}
    assert data == {
        "provider": "pay",
        "base_url": "https://pay.test",
        "enabled": True,
        "kill": {
            "reason": "token=[REDACTED:token]", "who": "ana", "since": "1994-11-06T08:49:37Z",
            "until": "1994-11-06T08:59:37Z", "ends_in_s": 540.0,
        },
        "routes": {
            "charge": {"enabled": False, "faults": None},
            "default": {"enabled": True, "faults": "1% of calls: reset"},
        },
        "breakers": {
            "provider": asked | {"by_hand": None},
            "charge": asked | {
                "by_hand": {
                    "state": "open", "reason": "maintenance", "who": "bo", "since": "1994-11-06T08:49:37Z",
                },
            },
        },
        "rates": {"provider": asked},
        "slots": {"charge": asked},
        "retry_budget": {"remaining": 9.5},
        "pool": {"open": 3, "idle": 2, "waiting": 1},
        "in_flight": 4,
    }  # fmt: skip


async def test_a_provider_without_policies_shows_none() -> None:
    _, data = await Api().ask(b"GET", b"/providers/pay")
    assert (data["kill"], data["breakers"], data["rates"], data["slots"], data["retry_budget"]) == (
        None, {}, {}, {}, None,
    )  # fmt: skip


async def test_a_kill_that_has_run_out_is_not_shown() -> None:
    api = Api()
    api.desk.board.live["pay"].kill = Kill("x", "ana", NOW - 9, NOW)
    assert (await api.ask(b"GET", b"/providers/pay"))[1]["kill"] is None


async def test_all_of_them() -> None:
    api = Api()
    response, data = await api.ask(b"GET", b"/providers?x=1")
    assert response.status == 200
    assert list(data["providers"]) == ["pay", "mail"]
    assert data["providers"]["pay"] == (await api.ask(b"GET", b"/providers/pay"))[1]


# ---- kill ----


async def test_a_provider_is_switched_off_and_on() -> None:
    api = Api()
    status, data = await api.put(b"/providers/pay/kill", KILL | {"expires": "10m"})
    assert (status, data["provider"]) == (200, "pay")
    assert data["kill"] == {
        "reason": "refunds run twice", "who": "ana", "since": "1994-11-06T08:49:37Z",
        "until": "1994-11-06T08:59:37Z", "ends_in_s": 600.0,
    }  # fmt: skip
    assert api.desk.board.live["pay"].kill == Kill("refunds run twice", "ana", NOW, NOW + 600)
    assert (await api.delete(b"/providers/pay/kill"))[1]["kill"] is None
    assert api.desk.board.live["pay"].kill is None
    assert api.desk.events == ["kill_switch_on", "kill_switch_off"]


async def test_both_may_be_repeated() -> None:
    api = Api()
    await api.put(b"/providers/pay/kill", KILL)
    api.desk.wall += 60
    status, data = await api.put(b"/providers/pay/kill", KILL | {"reason": "still"})
    assert (status, data["kill"]["reason"], data["kill"]["since"]) == (200, "still", "1994-11-06T08:49:37Z")
    for _ in range(2):
        assert (await api.delete(b"/providers/pay/kill"))[0] == 200


@pytest.mark.parametrize(
    ("body", "status", "code", "words"),
    [
        (None, 400, "bad_body", "needs a body in JSON"),
        (b"reason=x", 400, "bad_body", "not JSON"),
        (b"[]", 400, "bad_body", "must be a JSON object"),
        (b" " * 20_000, 400, "bad_body", "larger than 16384 bytes"),
        ({"reason": "x"}, 422, "bad_fields", "who is missing"),
        (KILL | {"expires": "yesterday"}, 422, "bad_fields", "expires must be a duration like 10m"),
    ],
)
async def test_orders_that_cannot_be_used(body: Any, status: int, code: str, words: str) -> None:
    api = Api()
    found, data = await api.put(b"/providers/pay/kill", body)
    assert (found, data["code"]) == (status, code)
    assert words in data["detail"]
    assert api.desk.board.kills == {}
    assert api.desk.log.lines == []


async def test_wrong_fields_are_named_for_programs_too() -> None:
    _, data = await Api().put(b"/providers/pay/kill", {"who": "ana", "expires": 5})
    assert list(data["fields"]) == ["reason", "expires"]


async def test_a_body_that_breaks_off_is_no_order() -> None:
    api, body = Api(), Body(length=100)
    body.feed(b'{"reason": "x", "who": "ana"}')
    body.fail(ClientGone("gone"))
    assert (await api.put(b"/providers/pay/kill", body))[0] == 400
    assert api.desk.board.kills == {}


@pytest.mark.parametrize("target", [b"/providers/pya", b"/providers/", b"/providers/%70ay"])
async def test_an_unknown_provider_is_answered_with_the_known_ones(target: bytes) -> None:
    api = Api()
    response, data = await api.ask(b"GET", target)
    assert (response.status, data["code"]) == (404, "unknown_provider")
    assert "pay, mail" in data["detail"]
    for path, body in ((b"/kill", KILL), (b"/breaker", HOLD)):
        for status, _ in (await api.put(target + path, body), await api.delete(target + path)):
            assert status == 404


async def test_a_killed_provider_that_a_reload_has_removed_can_be_revived() -> None:
    api = Api()
    await api.put(b"/providers/pay/kill", KILL)
    api.desk.reload("mail")
    del api.live["pay"]
    assert await api.delete(b"/providers/pay/kill") == (200, {"provider": "pay", "kill": None})
    assert (await api.delete(b"/providers/pay/kill"))[0] == 404


async def test_a_switch_that_could_not_be_saved_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(folder: Path, kills: object) -> None:
        raise SwitchesUnreadable("no space left on device", folder / "switches.json")

    monkeypatch.setattr(kill_file, "save", full)
    api = Api(tmp_path)
    for status, data in (
        await api.put(b"/providers/pay/kill", KILL),
        await api.delete(b"/providers/pay/kill"),
    ):
        assert (status, data["code"]) == (500, "not_saved")
    assert api.desk.events == ["kill_switch_on", "kill_switch_not_saved", "kill_switch_off", "kill_switch_not_saved"]


# ---- breaker ----


async def test_breakers_are_held_all_or_one() -> None:
    api = Api()
    one, two = Breaker(), Breaker()
    api.desk.reload(provider=one, charge=two)
    status, data = await api.put(b"/providers/pay/breaker", HOLD)
    assert status == 200
    assert data["breakers"]["provider"]["by_hand"]["who"] == "bo"
    assert (await api.put(b"/providers/pay/breaker", HOLD | {"state": "closed", "scope": "charge"}))[0] == 200
    assert (await api.delete(b"/providers/pay/breaker"))[0] == 200
    assert one.told == ["open: bo: maintenance", "released"]
    assert two.told == ["open: bo: maintenance", "closed", "released"]


async def test_a_scope_that_is_not_there_is_answered_with_those_that_are() -> None:
    api = Api()
    breaker = Breaker()
    api.desk.reload(provider=breaker)
    status, data = await api.put(b"/providers/pay/breaker", HOLD | {"scope": "refund"})
    assert (status, data["fields"]) == (422, {"scope": "is none of provider"})
    assert breaker.told == []


@pytest.mark.parametrize("order", [HOLD, HOLD | {"scope": "provider"}])
async def test_a_provider_without_a_breaker_says_so(order: dict[str, str]) -> None:
    status, data = await Api().put(b"/providers/pay/breaker", order)
    assert (status, data["code"]) == (409, "no_breaker")


async def test_a_state_that_is_none() -> None:
    status, data = await Api().put(b"/providers/pay/breaker", HOLD | {"state": "half"})
    assert (status, data["fields"]) == (422, {"state": "must be open or closed"})


# ---- who may ----

CHANGES = [
    (b"PUT", b"/providers/pay/kill"), (b"DELETE", b"/providers/pay/kill"),
    (b"PUT", b"/providers/pay/breaker"), (b"DELETE", b"/providers/pay/breaker"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "target"), CHANGES)
async def test_changes_need_the_token(method: bytes, target: bytes) -> None:
    api = Api()
    await api.put(b"/providers/pay/kill", KILL)
    for given in ([], [(b"Authorization", b"Bearer wrong")]):
        response, data = await api.ask(method, target, JSON, *given, body=KILL | HOLD)
        assert (response.status, data["code"]) == (401, "unauthorized")
    assert api.desk.events == ["kill_switch_on"]


@pytest.mark.parametrize(("method", "target"), CHANGES)
async def test_changes_may_not_come_from_other_pages(method: bytes, target: bytes) -> None:
    api = Api()
    await api.put(b"/providers/pay/kill", KILL)
    response, data = await api.ask(method, target, BEARER, JSON, (b"Origin", b"https://evil.test"), body=KILL)
    assert (response.status, data["code"]) == (403, "origin_refused")
    assert api.desk.events == ["kill_switch_on"]


@pytest.mark.parametrize(("method", "target"), CHANGES)
async def test_bodies_must_be_json(method: bytes, target: bytes) -> None:
    response, data = await Api().ask(method, target, BEARER, (b"Content-Type", b"text/plain"), body=KILL)
    assert (response.status, data["code"]) == (415, "json_required")


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        (b"POST", b"/providers", b"GET, HEAD"),
        (b"PUT", b"/providers/pay", b"GET, HEAD"),
        (b"GET", b"/providers/pay/kill", b"PUT, DELETE"),
        (b"POST", b"/providers/pay/breaker", b"PUT, DELETE"),
    ],
)
async def test_other_methods_are_refused(method: bytes, target: bytes, allow: bytes) -> None:
    response, _ = await Api().ask(method, target, BEARER, JSON)
    assert (response.status, response.headers.get(b"allow")) == (405, allow)


@pytest.mark.parametrize("target", [b"/providers/pay/kil", b"/providers/pay/kill/", b"/providers/pay/kill/x"])
async def test_other_paths_are_not_found(target: bytes) -> None:
    response, data = await Api().ask(b"PUT", target, BEARER, JSON, body=KILL)
    assert (response.status, data["code"]) == (404, "not_found")
    assert "/providers/{name}/kill" in data["detail"]


async def test_a_foreign_host_sees_nothing() -> None:
    api = Api()
    exchange = Exchange(b"GET", b"/providers", Headers.of([(b"Host", b"evil.test")]), None, "127.0.0.1", 0.0)
    assert (await api.admin.handle(exchange)).status == 403
