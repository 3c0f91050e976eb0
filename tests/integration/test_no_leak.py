"""Nothing that the program writes anywhere holds a secret of a call: no log, packet, metric, problem or traceback.

Some 1,400 calls carry secrets in every place that a call has. Then everything that was written is searched for them.
"""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from sidecar.cli.main import main
from tests.support import crashing
from tests.support.child import child
from tests.support.planted import Planter, Search
from tests.support.planted_calls import Call, Calls, reply, says, script
from tests.support.planted_scene import Answers, Scene, carry, carry_all, close_at_once, own_words, told_by
from tests.support.raw_client import RawClient
from tests.support.scripted_provider import ScriptedProvider
from tests.support.watched_process import PATIENCE, WatchedProcess, environment

FAILED = '{"redaction":"failed"'
"""How a body begins that could not be redacted."""


@dataclass
class Setting:
    """One way to run: what the log is told, what becomes of secrets, what Python is told."""

    name: str
    log: dict[str, Any]
    hashes: bool = False
    env: dict[str, str] = field(default_factory=dict)


SETTINGS = (
    Setting("everything, as JSON", {"level": "debug", "format": "json", "bodies": "always"}),
    Setting("errors, for the eye", {"level": "debug", "format": "console", "bodies": "on_error"}),
    Setting(
        "everything, as hashes, in development mode",
        {"level": "debug", "format": "json", "bodies": "always", "sample_success": "100%"},
        hashes=True,
        env={"PYTHONDEVMODE": "1", "PYTHONASYNCIODEBUG": "1"},
    ),
)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_nothing_of_what_calls_carry_is_written_anywhere(setting: Setting, tmp_path: Path) -> None:
    scene = Scene(setting.name, tmp_path, hashes=setting.hashes)
    scene.plan()
    calls = scene.calls.made
    with (
        ScriptedProvider(script(calls)) as provider,
        ScriptedProvider(close_at_once) as no_tls,
        WatchedProcess(tmp_path, scene.config(setting.log, provider, no_tls), setting.env) as sidecar,
    ):
        words = {"the kill": scene.kill(sidecar)}
        answers = carry_all(sidecar, calls.values())
        sidecar.wait_calls(len(calls))
        spoil(sidecar.config_file)
        words["the reload"] = scene.order(sidecar, "POST", "/reload", {})
        words |= told_by(sidecar, [line["trace_id"] for line in failed_calls(sidecar)])
        assert sidecar.stop() == 0
    written = sidecar.written()
    assert {"stdout", "stderr", "log", "state/switches.json"} <= set(written)
    assert Search(scene.planter.secrets).leaks({**written, **words, **own_words(answers)}) == []
    assert wrong_lines(calls, sidecar, answers) == []
    assert all(b"[REDACTED:" in words[name] for name in ("the kill", "providers", "calls", "support markdown"))
    if setting.log["format"] == "console":
        shown = re.findall(rb"(?m)^\d\d:\d\d:\d\d\.\d{3}Z .*?/c(\d+)/", written["stdout"])
        assert Counter(shown).most_common(1)[0][1] == 1
        assert {int(number) for number in shown} == {number for number, call in calls.items() if not call.unseen}
    else:
        assert written["stdout"] == written["log"]


def failed_calls(sidecar: WatchedProcess) -> list[dict[str, Any]]:
    return [line for line in sidecar.events("request") if line["outcome"] != "success" and line["trace_id"]]


def spoil(config: Path) -> None:
    """Mistakes in the configuration whose text is a secret."""
    text = config.read_text() + "tracking: {request_header: 'a ${file:key} b', traceparent: '${file:partner}'}\n"
    config.write_text(text.replace("head: 150ms", "head: ${file:old}"))


def wrong_lines(calls: dict[int, Call], sidecar: WatchedProcess, answers: Answers, spoilt: int = 0) -> list[Any]:
    """What is not as it should be in the log: one line for each call, with its outcome and what was harmless in it.

    ``spoilt``: bodies whose redaction was made to fail.
    """
    lines = sidecar.events("request")
    assert len(lines) == len(calls)
    by_number: dict[int, list[dict[str, Any]]] = {}
    for line in lines:
        number = re.search(r"/c(\d+)(?:/|$)", line["path"])
        by_number.setdefault(int(number[1]) if number else -1, []).append(line)
    assert len(by_number.pop(-1, [])) == sum(call.unseen for call in calls.values())
    wrong: list[Any] = []
    unredacted = 0
    for number, call in calls.items():
        answer = answers[number]
        got = None if answer is None else answer.status
        if got != call.status and not call.leaves:
            wrong.append((number, "the app got", got, call))
        if call.unseen:
            continue
        (line,) = by_number[number]
        if (line["status"], line["outcome"]) != (call.status, call.outcome):
            wrong.append((number, line["status"], line["outcome"], line.get("error"), call))
        if any((line.get(name) or "").startswith(FAILED) for name in ("request_body", "response_body")):
            unredacted += 1
        elif "request_headers" in line:
            wrong += [(number, "not told", told, line) for told in call.told if told not in json.dumps(line)]
            if call.blanked and "redactions" not in line:
                wrong.append((number, "nothing blanked", line))
    assert unredacted == spoilt
    return wrong


def plan_crashes(calls: Calls) -> None:
    """Calls that meet every bug, and what each should come to."""
    new = calls.planter
    bug: dict[str, Any] = {"status": 500, "outcome": "server_error"}
    for way in crashing.WAYS:
        expected = bug if way in ("layer", "chained", "grouped") else {}
        calls.add(f"x?token={new.token()}", f"X-Crash: {way}\r\nX-Api-Key: {new.token()}", **expected)
        calls.add(f"x?token={new.token()}", f"X-Crash: {way}", **expected)
    body = json.dumps({"password": str(new.token("{l:9} {l:8} {l:10}"))}).encode()  # no machine makes it
    calls.add(fields="X-Crash: body", body=body, **bug)
    calls.add(fields=f"X-Crash: closer\r\nX-Api-Key: {new.token()}")
    calls.add(fields=f"X-Crash: connection\r\nX-Api-Key: {new.token()}", outcome="server_error", leaves=True)
    calls.add("refuse-to-encode", f"X-Api-Key: {new.token()}", act=says(reply(422)), status=422, outcome="client_error")
    broken = crashing.REDACTION.decode()
    bug["blanked"] = False
    for secret in (new.token(), new.token()):
        calls.add(act=says(reply(500, f"{broken} {secret}".encode())), **bug)
        calls.add(act=says(reply(500, fields=f"X-Comment: {broken} {secret}")), **bug)
        calls.add(f"x?q={broken.replace(' ', '%20')}%20{secret}", act=says(reply(500)), unseen=True, **bug)
        calls.add(body=f"{broken} {secret}".encode(), kind="text/plain", act=says(reply(500)), **bug)


def test_no_traceback_of_any_crash_holds_what_calls_carry(tmp_path: Path) -> None:
    planter = Planter("crashes")
    calls = Calls(planter)
    plan_crashes(calls)
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(crashing.SITE)
    planted = f"user {planter.person('email')} with password={planter.token()} and key {planter.vendor()}"
    env = {"PYTHONPATH": str(tmp_path / "site"), "PLANTED_TEXT": planted, "PYTHONASYNCIODEBUG": "1"}
    with ScriptedProvider(script(calls.made)) as provider:
        config = {"log": {"level": "debug", "bodies": "always"}, "providers": {"p": {"base_url": provider.url}}}
        with WatchedProcess(tmp_path, config, env) as sidecar:
            answers = {call.number: carry(sidecar, call) for call in calls.made.values()}
            sidecar.wait_calls(len(calls.made))
            words = told_by(sidecar, [])
            last = calls.add(f"break-the-writer?token={planter.token()}")
            answers[last.number] = carry(sidecar, last)
            sidecar.wait(lambda: len(sidecar.events("thread_crashed")) == 3, "the writer's end")
            assert sidecar.stop() == 1
    written = sidecar.written()
    assert Search(planter.secrets).leaks({**written, **words, **own_words(answers)}) == []
    # asyncio in debug mode speaks of slow steps, as there are some on a busy machine.
    assert Counter(line["event"] for line in sidecar.lines() if line.get("logger") != "asyncio") == {
        "request": len(calls.made), "internal_error": 9, "loop_error": 6, "thread_crashed": 3, "unraisable_error": 2,
        "library": 8, "started": 1, "draining": 1, "stopped": 1, "crashed": 1,
    }  # fmt: skip
    for line in sidecar.lines():
        if line["event"] in ("loop_error", "thread_crashed", "unraisable_error", "crashed"):
            assert "RuntimeError: " in line["traceback"]
            assert "[REDACTED:" in line["traceback"]
    assert written["stderr"].startswith(b"error: the sidecar has crashed\nwhere: RuntimeError\n")
    assert wrong_lines(calls.made, sidecar, answers, spoilt=4) == []


COMMANDS = (["check"], ["check", "-o", "json"], ["explain", "GET", "/p/x"], ["run"])
"""The last of them serves, unless the configuration is broken."""
BROKEN = (
    "providers: {p: {base_url: 'https://a.test', timeouts: {head: '${file:s}'}}}",
    "providers: {p: {base_url: 'https://a.test', retry: {on: ['${file:s}'], unsafe: '${file:s}'}}}",
    "providers: {p: {base_url: '${file:s}'}}",
    "providers: {p: {base_url: 'https://shop:${file:s}@a.test'}}",
    "providers: {p: {base_url: 'https://a.test', preset: '${file:s}', headers: {set: {'X ${file:s}': x}}}}",
    "providers: {p: {base_url: 'https://a.test', proxy: '${file:s}'}}",
    "listen: '${file:s}'\nproviders: {p: {base_url: 'https://a.test', routes: [{name: '${file:s}'}]}}",
    "redaction: {keys: {a: '${file:s}'}, patterns: {b: '(?=${file:s})'}}\nproviders: {p: {base_url: 'https://a.test'}}",
)
GOOD = (
    "log: {{level: debug}}\n"
    "admin: {{token: '${{file:s}}'}}\n"
    "redaction: {{hash: {{key: '${{file:s}}'}}, personal: hash}}\n"
    "providers:\n"
    "  p:\n"
    "    base_url: https://a.test\n"
    "    proxy: http://shop:${{file:s}}@127.0.0.1:1\n"
    "    headers: {{set: {{Authorization: 'Bearer ${{file:s}}', X-Partner: '${{file:s}}', X-Other: '{}'}}}}\n"
    "    fallback: {{body: 'ask ${{file:s}}'}}\n"
)


def test_commands_about_the_configuration_show_no_secret_of_it(tmp_path: Path) -> None:
    planter = Planter("commands")
    secret, written_in = planter.token("{an:40}"), planter.vendor()
    (tmp_path / "s").write_text(str(secret))
    file = tmp_path / "sidecar.yaml"
    shown: dict[str, bytes] = {}
    for number, text in enumerate((GOOD.format(written_in), *BROKEN)):
        file.write_text(f"version: 1\n{text}\n")
        for command in COMMANDS if number else COMMANDS[:-1]:
            result = CliRunner().invoke(main, [*command, "-c", str(file)])
            shown[f"{command} {number}"] = result.stdout_bytes + result.stderr_bytes
            assert result.exit_code == (0 if not number else 1 if command[0] == "check" else 2), shown
    del planter.secrets[1]  # what is written in the file itself may be shown by the line that is quoted of it
    assert Search(planter.secrets).leaks(shown) == []
    assert b"${file:s}" in shown["['explain', 'GET', '/p/x'] 0"]


def test_the_demo_shows_and_keeps_nothing_of_what_its_visitors_send(tmp_path: Path) -> None:
    planter = Planter("demo")
    command = [sys.executable, "-m", "sidecar.cli.main", "demo", "--seconds", "2"]
    env = environment({"TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1", "PARTNER_PASSWORD": str(planter.token())})
    found: dict[str, bytes] = {}
    with child(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as demo:
        assert demo.stdout is not None
        assert demo.stderr is not None
        out = b""
        while not (base := re.search(rb"app -> http://127\.0\.0\.1:(\d+)/demo ", out)):
            line = demo.stdout.readline()
            assert line, demo.stderr.read()
            out += line
        for status in ("200", "404", "500"):
            with RawClient(int(base[1]), PATIENCE) as visitor:
                body = json.dumps({"password": str(planter.named()), "note": str(planter.shaped())}).encode()
                head = (
                    f"POST /demo/status/{status}?token={planter.token()} HTTP/1.1", "Host: a",
                    f"X-Api-Key: {planter.token()}", f"Trackingid: {planter.vendor()}", f"Content-Length: {len(body)}",
                )  # fmt: skip
                visitor.ask("\r\n".join([*head, "", ""]).encode() + body)
        while line := demo.stdout.readline():
            out += line
            for file in tmp_path.glob("*/*"):
                with contextlib.suppress(FileNotFoundError):  # the demo cleans up after itself
                    found[file.name] = file.read_bytes()
        found |= {"stdout": out, "stderr": demo.stderr.read()}
    assert demo.returncode == 0
    assert os.listdir(tmp_path) == []
    assert b"[REDACTED:" in found["sidecar.log"]
    assert Search(planter.secrets).leaks(found) == []
