"""``sidecar shutdown`` against a real admin listener."""

import asyncio
import json
import threading
from contextlib import asynccontextmanager

from click.testing import CliRunner

from sidecar.admin.api import Admin
from sidecar.admin.ops import Ops
from sidecar.cli.shutdown import command
from sidecar.core.env import Env
from sidecar.http.limits import Limits
from sidecar.http.listener import address_of, listen
from sidecar.http.server import Server
from sidecar.telemetry.stats import Stats


class Runtime:
    def __init__(self):
        self.started = True
        self.draining = False

    def begin_drain(self, reason):
        assert reason == "POST /shutdown"
        self.draining = True

    async def reload(self):
        return []

    def status(self):
        return {}

    def checks(self):
        return []


@asynccontextmanager
async def serving(handler, unix=None):
    bugs = []
    server = Server(asyncio.get_running_loop(), Env(), Limits(), handler, Stats(), bugs.append)
    listener = await listen(server, "127.0.0.1", 0, unix)
    try:
        yield address_of(listener)
    finally:
        listener.close()
        server.abort()
        await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "app connection"))
        await listener.wait_closed()
    assert bugs == []


async def sidecar_shutdown(*arguments, env=None):
    variables = {"SIDECAR_ADMIN": None, **(env or {})}
    return await asyncio.to_thread(CliRunner().invoke, command, arguments, env=variables)


async def test_it_asks_and_ends_with_0():
    runtime = Runtime()
    async with serving(Admin(runtime, "token-token", "127.0.0.1:0").handle) as address:
        result = await sidecar_shutdown("--admin", f"http://{address}")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"the sidecar at http://{address} is draining and will end\n"
    assert runtime.draining


async def test_json():
    async with serving(Admin(Runtime(), "token-token", "127.0.0.1:0").handle) as address:
        result = await sidecar_shutdown("-o", "json", "--admin", address)
    assert json.loads(result.stdout) == {"admin": f"http://{address}", "result": "draining"}


async def test_over_a_unix_socket(tmp_path):
    runtime, path = Runtime(), str(tmp_path / "a.sock")
    async with serving(Admin(runtime, "token-token", f"unix:{path}").handle, path):
        result = await sidecar_shutdown("--admin", f"unix:{path}")
    assert result.exit_code == 0, result.output
    assert runtime.draining


async def test_the_address_from_the_environment_and_the_configuration(tmp_path):
    runtime = Runtime()
    async with serving(Admin(runtime, "token-token", "127.0.0.1:0").handle) as address:
        file = tmp_path / "sidecar.yaml"
        file.write_text(
            f"version: 1\nadmin: {{listen: '{address}'}}\nproviders: {{p: {{base_url: 'http://127.0.0.1:1'}}}}\n"
        )
        result = await sidecar_shutdown(env={"SIDECAR_ADMIN": f"http://{address}"})
        assert result.exit_code == 0, result.output
        runtime.draining = False
        result = await sidecar_shutdown("-c", str(file), env={"SIDECAR_ADMIN": "http://127.0.0.1:1"})
    assert result.exit_code == 0, result.output
    assert runtime.draining


def three_parts(result, what, where, todo):
    assert result.exit_code == 1
    assert result.stdout == ""
    first, second, third = result.stderr.splitlines()
    assert what in first
    assert second.startswith("where:")
    assert where in second
    assert third.startswith("do:")
    assert todo in third


async def test_nobody_listens(tmp_path):
    async with serving(Admin(Runtime(), "token-token", "127.0.0.1:0").handle) as address:
        pass
    three_parts(await sidecar_shutdown("--admin", f"http://{address}"), "no sidecar listens", address, "--admin")
    unix = f"unix:{tmp_path}/none.sock"
    three_parts(await sidecar_shutdown("--admin", unix), "no sidecar listens", unix, "--admin")


async def test_an_address_that_cannot_be_used():
    unix = f"unix:/{'a' * 200}"
    three_parts(await sidecar_shutdown("--admin", unix), "it cannot be reached: ", unix, "check the address")


async def test_the_ops_listener_is_told_from_the_admin_api():
    runtime = Runtime()
    async with serving(Ops(Stats(), runtime, Env()).handle) as address:
        three_parts(await sidecar_shutdown("--admin", address), "there is nothing here", address, "admin.listen")


async def test_another_server_is_told_from_a_sidecar():
    answers = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"SSH-2.0-x\r\n"]

    async def answer(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answers[0])
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        address = f"http://{host}:{port}"
        three_parts(await sidecar_shutdown("--admin", address), "(status 200)", address, "admin.listen")
        answers.pop(0)
        three_parts(await sidecar_shutdown("--admin", address), "does not speak HTTP", address, "admin.listen")


async def test_a_server_that_never_answers_is_given_up(monkeypatch):
    monkeypatch.setattr("sidecar.cli.admin_client.TIMEOUT", 0.05)
    ended = threading.Event()

    async def answer(reader, writer):
        await reader.read(-1)
        writer.close()
        ended.set()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        result = await sidecar_shutdown("--admin", f"{host}:{port}")
        await asyncio.to_thread(ended.wait, 10)
    three_parts(result, "no answer within 0.05 s", f"{host}:{port}", "SIGTERM")


async def test_a_refusal_is_passed_on():
    runtime = Runtime()
    admin = Admin(runtime, "token-token", "127.0.0.1:0")

    async def from_elsewhere(exchange):
        exchange.client = "10.0.0.9"
        return await admin.handle(exchange)

    async with serving(from_elsewhere) as address:
        result = await sidecar_shutdown("--admin", address)
    three_parts(result, "refused: the admin token is missing", address, "in its pod")
    assert not runtime.draining
