import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme

import sidecar.assembly
import sidecar.policies.order
from sidecar.assembly import Assembler
from sidecar.config.load import Loaded, load
from sidecar.core.env import Env
from sidecar.gateway import Table
from sidecar.policies.policy import Policy
from sidecar.policies.switches import Kill
from sidecar.telemetry.stats import Stats
from tests.unit.policies.stage import KeptLog


class Yard:
    """Builds tables from settings."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self.file = folder / "sidecar.yaml"
        self.stats = Stats()
        self.environ = environ or {}
        loop = asyncio.get_running_loop()
        self.assembler = Assembler(Env(), loop, self.stats, KeptLog(self.stats), self.environ)

    def load(self, providers: dict[str, Any]) -> Loaded:
        self.file.write_text(json.dumps({"version": 1, "providers": providers}))
        return load(self.file, {})

    def build(self, **providers: dict[str, Any]) -> tuple[Table, list[Any]]:
        return self.assembler.build(self.load(providers))

    def target(self, name: str) -> Any:
        return self.assembler.pools[name][1]._dialer.target


HTTP = {"base_url": "http://127.0.0.1:9/base"}


async def test_table(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    routes = [{"name": "one", "match": {"path": "/one", "methods": "GET"}}, {"name": "rest"}]
    table, dropped = yard.build(p=HTTP | {"routes": routes, "host": "p.localhost"})
    live = table.providers["p"]
    assert live.names == ("one", "rest", "default")
    assert table.prefixes.by_host(b"p.localhost") is live
    assert dropped == []
    assert set(yard.stats.routes) == {("p", "one"), ("p", "rest"), ("p", "default"), ("", "")}


async def test_providers_with_the_same_trust_share_a_context(tmp_path: Path) -> None:
    """Each took 20 ms of the start and 0.8 MB for CAs that were the same."""
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    yard = Yard(tmp_path)
    https = {"base_url": "https://127.0.0.1:9"}
    own = https | {"tls": {"ca": str(tmp_path / "ca.pem")}}
    yard.build(a=https, b=https | {"tls": {"server_name": "other.test"}}, c=own)
    assert yard.target("a").tls is yard.target("b").tls
    assert yard.target("a").tls is not yard.target("c").tls
    assert (yard.target("a").server_name, yard.target("b").server_name) == (None, "other.test")


async def test_what_was_prepared_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    yard = Yard(tmp_path)
    loaded = yard.load({"a": {"base_url": "https://127.0.0.1:9"}})
    yard.assembler.prepare(loaded)
    monkeypatch.setattr(sidecar.assembly, "client_context", None)
    yard.assembler.build(loaded)
    assert yard.target("a").tls is not None


async def test_while_a_table_is_built_the_one_before_is_shown(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    settings = HTTP | {"rate": {"limit": "10/s"}, "breaker": {}}
    yard.build(p=settings, gone=settings)
    shown = {name: yard.stats.provider(name).policies.gauges() for name in ("p", "gone")}
    building = asyncio.ensure_future(yard.assembler.build_in_steps(yard.load({"p": HTTP, "q": settings})))
    await asyncio.sleep(0)
    assert {name: yard.stats.provider(name).policies.gauges() for name in ("p", "gone")} == shown
    assert yard.stats.provider("p").policies.rate_limit is not None
    await building
    assert yard.stats.provider("p").policies.rate_limit is None
    assert yard.stats.provider("gone").policies.gauges()["breakers"] == {}
    assert yard.stats.provider("q").policies.rate_limit is not None


async def test_a_switch_turned_while_a_table_is_built_holds_in_it(tmp_path: Path) -> None:
    """The new table had been given the switches as they were when its provider was built."""
    yard = Yard(tmp_path)
    yard.build(p=HTTP)
    building = asyncio.ensure_future(yard.assembler.build_in_steps(yard.load({"p": HTTP, "q": HTTP})))
    await asyncio.sleep(0)
    kill = Kill("wrong prices", "ada", 0.0, None)
    await yard.assembler._board.kill("p", kill, "test")
    table, _ = await building
    assert table.providers["p"].switch.kill == kill


async def test_pool_is_kept_while_nothing_changes(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.build(p=HTTP)
    before = yard.assembler.pools["p"][1]
    table, dropped = yard.build(p=HTTP | {"timeouts": {"head": "1s"}})
    assert yard.assembler.pools["p"][1] is table.providers["p"].pool is before
    assert dropped == []


@pytest.mark.parametrize(
    "change",
    [
        {"base_url": "http://127.0.0.1:10/base"},
        {"pool": {"max_idle": 1}},
        {"proxy": "http://127.0.0.1:3128"},
        {"base_url": "https://127.0.0.1:9/base", "tls": {"server_name": "other.test"}},
    ],
)
async def test_pool_is_replaced(tmp_path: Path, change: dict[str, Any]) -> None:
    yard = Yard(tmp_path)
    yard.build(p=HTTP)
    before = yard.assembler.pools["p"][1]
    _, dropped = yard.build(p=HTTP | change)
    assert dropped == [before]


async def test_pool_of_a_removed_provider_is_dropped(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.build(p=HTTP, q=HTTP)
    gone = yard.assembler.pools["q"][1]
    assert yard.build(p=HTTP)[1] == [gone]


async def test_failure_changes_nothing(tmp_path: Path) -> None:
    """An environment that cannot be used is noticed while the second pool is made."""
    yard = Yard(tmp_path)
    yard.build(p=HTTP)
    before = dict(yard.assembler.pools)
    yard.assembler._environ = {"https_proxy": "http://:bad"}
    with pytest.raises(ValueError, match="https_proxy"):
        yard.build(p=HTTP | {"pool": {"prewarm": 1}}, q={"base_url": "https://api.test"})
    assert yard.assembler.pools == before
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "prewarm"]


async def test_tls_files_are_relative_to_the_configuration_and_watched(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    yard = Yard(tmp_path)
    secure = {"base_url": "https://api.test", "tls": {"ca": "ca.pem", "min_version": "TLSv1.3"}, "proxy": "off"}
    yard.build(p=secure)
    target = yard.target("p")
    assert target.tls.minimum_version.name == "TLSv1_3"
    assert (target.host, target.port, target.proxy) == ("api.test", 443, None)
    before = yard.assembler.pools["p"][1]
    yard.build(p=secure)
    assert yard.assembler.pools["p"][1] is before
    os.utime(tmp_path / "ca.pem", ns=(1, 1))
    yard.build(p=secure)
    assert yard.assembler.pools["p"][1] is not before


async def test_proxy_of_the_environment_is_for_others_only(tmp_path: Path) -> None:
    yard = Yard(tmp_path, {"https_proxy": "http://corp:3128", "NO_PROXY": "internal.test"})
    yard.build(
        far={"base_url": "https://api.test"},
        near={"base_url": "https://localhost:9"},
        inside={"base_url": "https://x.internal.test"},
        own={"base_url": "https://api.test", "proxy": "http://other:1"},
    )
    found = {name: yard.target(name).proxy for name in ("far", "near", "inside", "own")}
    assert found["far"].host == "corp"
    assert (found["near"], found["inside"]) == (None, None)
    assert found["own"].host == "other"


# ---- switches ----


async def test_each_table_has_switches_of_its_own(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    first = yard.build(p=HTTP, q=HTTP)[0].providers["p"].switch
    board = yard.assembler._board
    assert board.live["p"] is first
    await board.kill("p", Kill("x", "ana", 0.0), "c")
    table, _ = yard.build(p=HTTP)
    assert list(board.live) == ["p"]
    assert board.live["p"] is table.providers["p"].switch is not first
    assert board.live["p"].kill == Kill("x", "ana", 0.0)
    assert table.providers["p"].base_url == "http://127.0.0.1:9/base"


async def test_the_files_word_reaches_provider_and_route(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    routes = [{"name": "on"}, {"name": "off", "enabled": False}]
    table, _ = yard.build(p=HTTP | {"routes": routes}, q=HTTP | {"enabled": False, "routes": routes})
    one, other = table.providers["p"].switch, table.providers["q"].switch
    assert (one.enabled, one.off) == (True, {"off"})
    assert (other.enabled, other.off) == (False, {"on", "off", "default"})
    assert [yard.stats.provider(name).policies.killed for name in "pq"] == [0, 1]


FAULTY = {"faults": {"percent": "1%", "reset": True}}


async def test_gauges_of_policies_that_are_gone_vanish(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    yard.build(p=HTTP | FAULTY | {"retry": {}}, q=HTTP | FAULTY)
    policies = yard.stats.provider("p").policies
    assert (policies.faults_on, policies.budget is None) == (1, False)
    yard.build(p=HTTP)
    assert (policies.faults_on, policies.budget) == (0, None)
    assert yard.stats.provider("q").policies.faults_on == 0


async def test_a_table_that_cannot_be_built_leaves_gauges_and_switches_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = Yard(tmp_path)
    yard.build(p=HTTP | FAULTY | {"retry": {}})
    policies, live = yard.stats.provider("p").policies, dict(yard.assembler._board.live)
    policies.retries["reset"] = 3
    budget = policies.budget

    def broken(inner: Any, site: Any) -> Any:
        if site.provider == "q":
            raise ValueError("cannot be built")
        return inner

    order = (*sidecar.policies.order.ORDER, Policy("broken", broken))
    monkeypatch.setattr(sidecar.policies.order.fold, "__defaults__", (order,))
    with pytest.raises(ValueError, match="cannot be built"):
        yard.build(p=HTTP, r=HTTP | FAULTY, q=HTTP)
    assert (policies.budget, policies.faults_on, policies.retries) == (budget, 1, {"reset": 3})
    assert yard.stats.provider("r").policies.faults_on == 0
    assert yard.assembler._board.live == live


async def test_the_state_of_a_breaker_that_is_gone_vanishes(tmp_path: Path) -> None:
    yard = Yard(tmp_path)
    routes = [{"name": "one", "breaker": {"scope": "route"}}]
    yard.build(p=HTTP | {"breaker": {}, "routes": routes}, q=HTTP | {"breaker": {}})
    one, other = (yard.stats.provider(name).policies for name in "pq")
    assert (set(one.breakers), set(other.breakers)) == ({"provider", "one"}, {"provider"})
    kept = one.breakers["provider"]
    yard.build(p=HTTP | {"breaker": {}})
    assert (one.breakers, other.breakers) == ({"provider": kept}, {})
