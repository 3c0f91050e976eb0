"""``sidecar support`` against a real admin listener."""

import asyncio
import json

import pytest
from click.testing import CliRunner

from sidecar.admin.api import Admin
from sidecar.admin.ops import Ops
from sidecar.cli.support import command
from sidecar.core.env import Env
from sidecar.telemetry.stats import Stats
from tests.unit.admin.test_calls import Runtime
from tests.unit.cli.test_shutdown import Runtime as WithoutCalls
from tests.unit.cli.test_shutdown import serving, three_parts


async def sidecar_support(*arguments, env=None):
    variables = {"SIDECAR_ADMIN": None, **(env or {})}
    return await asyncio.to_thread(CliRunner().invoke, command, arguments, env=variables)


def admin(*ids):
    return Admin(Runtime(*ids), "token-token", "127.0.0.1:0").handle


async def test_the_packet_as_markdown():
    async with serving(admin("signup-1", "other")) as address:
        result = await sidecar_support("signup-1", "--admin", address)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("# Failed call `signup-1`\n\nOn 1994-11-06 08:49:37.250 UTC we called ")
    assert result.stdout.endswith("```\n")
    assert "other" not in result.stdout


async def test_the_packet_as_json():
    async with serving(admin("signup-1", "other")) as address:
        result = await sidecar_support("signup-1", "--admin", address, "-o", "json")
    found = json.loads(result.stdout)
    assert [call["request_id"] for call in found["calls"]] == ["signup-1"]
    assert result.stdout.startswith('{\n  "id": "signup-1",\n')


async def test_every_call_with_the_id():
    async with serving(admin("a", "b", "a")) as address:
        result = await sidecar_support("a", "--admin", address)
    assert result.stdout.count("# Failed call `a`\n") == 2


@pytest.mark.parametrize("name", ["prov/1", "trace-1"])
async def test_by_another_id(name):
    async with serving(admin("a")) as address:
        result = await sidecar_support(name, "--admin", address, "-o", "json")
    assert json.loads(result.stdout)["calls"][0]["request_id"] == "a"


@pytest.mark.parametrize("name", ["?format=json", "a b", "../status", "ü", "%2e", "#"])
async def test_an_id_may_hold_any_character(name):
    async with serving(admin(name)) as address:
        result = await sidecar_support(name, "--admin", address, "-o", "json")
    assert json.loads(result.stdout)["id"] == name


async def test_an_unknown_call():
    async with serving(admin("a", "b")) as address:
        result = await sidecar_support("c", "--admin", address)
    three_parts(result, "no failed call with the id 'c' is known", address, "(2 now)")
    assert "support.calls" in result.stderr


async def test_where_the_sidecar_is(tmp_path):
    async with serving(admin("a")) as address:
        file = tmp_path / "sidecar.yaml"
        file.write_text(
            f"version: 1\nadmin: {{listen: '{address}'}}\nproviders: {{p: {{base_url: 'http://127.0.0.1:1'}}}}\n"
        )
        from_file = await sidecar_support("a", "-c", str(file))
        from_environment = await sidecar_support("a", env={"SIDECAR_ADMIN": f"http://{address}"})
    assert (from_file.exit_code, from_environment.exit_code) == (0, 0)


async def test_nobody_listens():
    async with serving(admin()) as address:
        pass
    three_parts(await sidecar_support("a", "--admin", address), "no sidecar listens", address, "--admin")


async def test_what_is_no_admin_api():
    async with serving(Ops(Stats(), WithoutCalls(), Env()).handle) as address:
        three_parts(await sidecar_support("a", "--admin", address), "there is nothing here", address, "admin.listen")


async def test_a_refusal_is_passed_on():
    async def by_another_name(exchange):
        exchange.headers.set(b"Host", b"evil.example")
        return await Admin(Runtime("a"), "token-token", "127.0.0.1:0").handle(exchange)

    async with serving(by_another_name) as address:
        result = await sidecar_support("a", "--admin", address)
    three_parts(result, "refused: the Host header", address, "in its pod")
