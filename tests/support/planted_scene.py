"""A sidecar with a provider of every kind and its own secrets in files, all calls that carry planted secrets, and the
people who ask it about them."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.support import planted_failures
from tests.support.planted import Planter
from tests.support.planted_calls import LIMIT, Call, Calls
from tests.support.raw_client import Answer, Truncated
from tests.support.scripted_provider import Peer, ScriptedProvider
from tests.support.watched_process import WatchedProcess, run

Answers = dict[int, Answer | None]
"""Number of a call -> what the app got; None where the answer broke off."""
_AT_ONCE = 8
"""Calls at the same time."""


class Scene:
    """``folder``: for the secrets in files. ``hashes``: what is blanked is shown as keyed hashes."""

    def __init__(self, seed: str, folder: Path, *, hashes: bool = False) -> None:
        self.planter = new = Planter(seed)
        self.calls = Calls(new)
        self._hashes = hashes
        self.files = {
            "partner": str(new.token("{an:40}")), "key": str(new.token("{h:48}")), "admin": str(new.token("{h:40}")),
            "proxy": str(new.token("{an:20}")), "hash": str(new.token("{an:32}")), "old": str(new.vendor()),
        }  # fmt: skip
        for name, text in self.files.items():
            (folder / name).write_text(text)

    def config(self, log: dict[str, Any], provider: ScriptedProvider, no_tls: ScriptedProvider) -> dict[str, Any]:
        """``provider`` speaks HTTP, ``no_tls`` closes what should be TLS."""
        at = {"base_url": provider.url}
        own = {"set": {"Authorization": "Bearer ${file:partner}", "X-Partner": "${file:key}"}}
        hedge = {"after": "30ms", "max": 1}
        retry = {"attempts": 3, "backoff": {"base": "1ms", "cap": "2ms"}, "budget": {"floor": "1000/s"}}
        hashes = {"secrets": "hash", "personal": "partial", "hash": {"key": "${file:hash}"}}
        return {
            "log": log,
            "redaction": hashes if self._hashes else {},
            "admin": {"token": "${file:admin}"},
            "limits": {"header_bytes": "8KiB", "headers": 100, "body": "1MiB"},
            "support": {"calls": 1000, "bytes": "64MiB"},
            "providers": {
                "p": at,
                "partner": {**at, "headers": own},
                "short": {**at, "log": {"body_bytes": LIMIT}},
                "long": {**at, "log": {"body_bytes": "1MiB"}},
                "slow": {**at, "timeouts": {"head": "150ms", "idle": "150ms"}},
                "again": {**at, "retry": retry},
                "hedged": {**at, "retry": {**retry, "attempts": 2, "hedge": hedge}},
                "faulty": {**at, "faults": {"allow_header": True}},
                "killed": at,
                "judged": {**at, "success": {"json": {"pointer": "/errors", "is": "absent"}}},
                "fallen": {**at, "fallback": {"status": 200, "json": {"rows": [], "key": "${file:old}"}}},
                "refused": {"base_url": "http://127.0.0.1:1", "headers": own},
                "untrusted": {"base_url": no_tls.url.replace("http:", "https:"), "headers": own},
                "proxied": {"base_url": "https://a.test", "proxy": "http://shop:${file:proxy}@127.0.0.1:1"},
            },
        }

    def plan(self) -> None:
        """Make all calls."""
        calls = self.calls
        calls.headers()
        calls.ids()
        calls.targets()
        calls.request_bodies()
        calls.answer_bodies()
        planted_failures.answer_heads(calls)
        planted_failures.echoes(calls, [f"Bearer {self.files['partner']}", self.files["key"]])
        planted_failures.refusals(calls)
        planted_failures.failures(calls)
        planted_failures.retries(calls)
        planted_failures.upgrades(calls)

    def kill(self, sidecar: WatchedProcess) -> bytes:
        """Switch a provider off, in words that hold secrets; what comes back."""
        new = self.planter
        reason = f"key {new.vendor()} is out, the password={new.token()} too"
        return self.order(sidecar, "PUT", "/providers/killed/kill", {"reason": reason, "who": str(new.person("email"))})

    def order(self, sidecar: WatchedProcess, method: str, path: str, words: dict[str, str]) -> bytes:
        """A change by the admin API."""
        body = json.dumps(words).encode()
        lines = [
            f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {self.files['admin']}",
            "Content-Type: application/json", f"Content-Length: {len(body)}", "", "",
        ]  # fmt: skip
        with sidecar.client("admin.listen") as client:
            answer = client.ask("\r\n".join(lines).encode() + body)
        return answer.head + answer.body


def close_at_once(peer: Peer) -> None:
    """What no TLS server says."""
    peer.sock.recv(1)
    peer.send(b"HTTP/1.1 400 this is no TLS\r\n\r\n")


def carry_all(sidecar: WatchedProcess, calls: Iterable[Call]) -> Answers:
    """Make the calls as an app would, some of them at the same time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(pool.map(lambda call: (call.number, carry(sidecar, call)), calls))


def carry(sidecar: WatchedProcess, call: Call) -> Answer | None:
    """Make one call."""
    with sidecar.client() as app:
        app.send(call.data)
        if call.quits:
            return None
        try:
            answer = app.read_answer(call.data.partition(b" ")[0].decode("latin-1"))
        except Truncated:
            return None
        if answer.status == 101:
            app.read_until_close()
        return answer


def own_words(answers: Answers) -> dict[str, bytes]:
    """What the sidecar itself said to the app: problems."""
    return {
        f"problem of call {number}": answer.body + (answer.get("proxy-status") or b"")
        for number, answer in answers.items()
        if answer is not None and answer.get("content-type") == b"application/problem+json"
    }


def told_by(sidecar: WatchedProcess, ids: list[str]) -> dict[str, bytes]:
    """Everything that it tells those who ask; ``ids``: of calls that failed."""
    asked = {
        "metrics": ("/metrics", "ops.listen"),
        "readiness": ("/readyz?verbose", "ops.listen"),
        "status": ("/status", "admin.listen"),
        "providers": ("/providers", "admin.listen"),
        "calls": ("/calls", "admin.listen"),
    }
    for name in ids:
        asked[f"call {name}"] = (f"/calls/{name}", "admin.listen")
        asked[f"call {name} as Markdown"] = (f"/calls/{name}?format=markdown", "admin.listen")
    found = {name: sidecar.get(path, listener) for name, (path, listener) in asked.items()}
    found["OpenMetrics"] = sidecar.get("/metrics", "ops.listen", "Accept: application/openmetrics-text")
    for form in ("json", "markdown") if ids else ():
        admin = f"http://{sidecar.listen['admin.listen']}"
        code, found[f"support {form}"] = run(["support", ids[0], "-o", form, "--admin", admin])
        assert code == 0, found[f"support {form}"]
    return found
