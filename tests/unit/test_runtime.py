"""The parts of the process that need no traffic; the rest is in tests/integration."""

import json
from pathlib import Path
from typing import Any

import pytest

from sidecar.admin.kill_file import SwitchesUnreadable
from sidecar.config.load import Loaded, load
from sidecar.config.stamps import changed
from sidecar.http.listener import CannotListen
from sidecar.runtime import Runtime, _needs_restart


def configure(folder: Path, **top: Any) -> Loaded:
    whole = {
        "version": 1,
        "listen": "127.0.0.1:0",
        "ops": {"listen": "127.0.0.1:0"},
        "admin": {"listen": "127.0.0.1:0", "token": "unit-test-token"},
        "log": {"output": str(folder / "log")},
        "providers": {"p": {"base_url": "http://127.0.0.1:9"}},
    }
    file = folder / "sidecar.yaml"
    file.write_text(json.dumps(whole | top))
    return load(file, {})


def runtime(loaded: Loaded) -> Runtime:
    return Runtime(loaded, lambda: loaded, {})


async def test_probes_before_and_after_the_start(tmp_path: Path) -> None:
    one = runtime(configure(tmp_path))
    assert [check[:2] for check in one.checks()] == [("config", False), ("draining", True)]
    await one.start()
    assert all(check[1] for check in one.checks())
    assert set(one.addresses) == {"listen", "ops.listen", "admin.listen"}
    assert one.status()["providers"] == {"p": {"open": 0, "idle": 0}}
    one._ended.set()
    assert await one.wait() == 0


async def test_listener_that_cannot_be_opened_leaves_none_open(tmp_path: Path) -> None:
    first = runtime(configure(tmp_path))
    await first.start()
    taken = first.addresses["ops.listen"]
    second = runtime(configure(tmp_path, ops={"listen": taken}))
    with pytest.raises(CannotListen, match=r"^ops\.listen: "):
        await second.start()
    assert not second.started
    assert not any(listener.is_serving() for listener in second._listeners)
    first._ended.set()
    await first.wait()


@pytest.mark.parametrize(
    ("change", "keys"),
    [
        ({}, []),
        ({"drain": {"timeout": "1s"}}, []),
        ({"defaults": {"timeouts": {"head": "1s"}}}, []),
        ({"listen": "127.0.0.1:1"}, ["listen"]),
        ({"ops": {"listen": "127.0.0.1:2"}, "limits": {"headers": 50}}, ["ops", "limits"]),
        ({"log": {"level": "debug", "bodies": "never"}}, ["log.output"]),
        ({"log": {"output": ["stdout", "stderr"], "format": "auto"}}, ["log.output", "log.format"]),
        ({"state_dir": "state"}, ["state_dir"]),
        ({"providers": {"p": {"base_url": "http://127.0.0.1:9", "listen": "127.0.0.1:3"}}}, ["providers.p.listen"]),
        ({"providers": {"q": {"base_url": "http://127.0.0.1:9"}}}, []),
    ],
)
def test_what_needs_a_restart(tmp_path: Path, change: dict[str, Any], keys: list[str]) -> None:
    assert _needs_restart(configure(tmp_path), configure(tmp_path, **change)) == keys


async def reloaded(tmp_path: Path, *, meanwhile: bool) -> Runtime:
    """A runtime whose file changed and was reloaded; ``meanwhile``: it changed once more while it was read."""
    configure(tmp_path)
    file = tmp_path / "sidecar.yaml"

    def read() -> Loaded:
        found = load(file, {})
        if meanwhile:
            file.write_text(file.read_text() + " \n\n")
        return found

    one = Runtime(load(file, {}), read, {})
    await one.start()
    file.write_text(file.read_text() + "\n")
    assert await one.reload() == []
    one._ended.set()
    await one.wait()
    return one


async def test_a_change_while_the_file_is_read_is_found_by_the_next_look(tmp_path: Path) -> None:
    one = await reloaded(tmp_path, meanwhile=True)
    assert changed(one._reloading._seen)


async def test_a_reload_by_hand_is_not_done_again_by_the_next_look(tmp_path: Path) -> None:
    one = await reloaded(tmp_path, meanwhile=False)
    assert not changed(one._reloading._seen)


def events(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log").read_text().splitlines()]


async def test_kill_switches_that_cannot_be_read_stop_the_start(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "switches.json").write_text("{")
    one = runtime(configure(tmp_path, state_dir="state"))
    with pytest.raises(SwitchesUnreadable):
        await one.start()
    assert (one.started, one.addresses) == (False, {})
    (event,) = events(tmp_path)
    assert (event["event"], event["level"]) == ("kill_switches_unreadable", "error")
    assert event["file"] == str(tmp_path / "state" / "switches.json")


async def test_a_folder_for_state_starts_at_the_configuration(tmp_path: Path) -> None:
    one = runtime(configure(tmp_path, state_dir="deep/state"))
    await one.start()
    assert (tmp_path / "deep" / "state" / "switches.json").exists()
    one._ended.set()
    await one.wait()


async def test_faults_that_are_on_are_warned_of_at_start_and_reload(tmp_path: Path) -> None:
    provider = {"base_url": "http://127.0.0.1:9", "faults": {"percent": "1%", "reset": True}}
    one = runtime(configure(tmp_path, providers={"p": provider | {"routes": [{"name": "safe", "faults": "off"}]}}))
    await one.start()
    await one.reload()
    one._ended.set()
    await one.wait()
    found = [event for event in events(tmp_path) if event["event"] == "faults_enabled"]
    assert [(event["level"], event["provider"], event["route"], event["faults"]) for event in found] == [
        ("warning", "p", "default", "1% of calls: reset"),
    ] * 2
