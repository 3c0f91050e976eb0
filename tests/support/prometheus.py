"""A real Prometheus that scrapes what a test runs, and promtool, which comes in the same Debian package."""

import json
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlencode

import yaml

from tests.support.debian import program
from tests.support.sidecar_process import ROOT

RULES = ROOT / "k8s" / "monitoring" / "prometheusrule.yaml"

PATIENCE = 20.0
"""Seconds until what is waited for must be there; with two scrapes a second it takes one or two."""
SCRAPES = "500ms"
"""How often targets are scraped and rules evaluated."""


def groups() -> list[dict[str, Any]]:
    """The groups of rules that the manifests bring."""
    found: list[dict[str, Any]] = yaml.safe_load(RULES.read_text(encoding="utf-8"))["spec"]["groups"]
    return found


def write_rules(folder: Path, changed: Callable[[dict[str, Any]], object] = lambda _: None) -> Path:
    """The manifest's rules as a file for Prometheus. ``changed``: is given every rule, and may alter it."""
    content = groups()
    for group in content:
        for rule in group["rules"]:
            changed(rule)
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": content}, sort_keys=False), encoding="utf-8")
    return file


def promtool(*arguments: str | Path, given: bytes = b"") -> tuple[int, str]:
    """Exit code and output. ``given``: its standard input."""
    command = [program("promtool", "prometheus"), *map(str, arguments)]
    done = subprocess.run(command, input=given, capture_output=True, timeout=60, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


class Prometheus:
    """Runs while the ``with`` block does, on loopback, with everything that it writes in ``folder``.

    ``targets``: port -> the labels of that target; its ``job`` must be among them. ``rules``: a file of rules.
    """

    def __init__(self, folder: Path, targets: Mapping[int, Mapping[str, str]], rules: Path) -> None:
        config = folder / "prometheus.yml"
        config.write_text(yaml.safe_dump(_config(targets, rules)), encoding="utf-8")
        self.log: list[dict[str, Any]] = []
        self.port = 0
        self._listening = threading.Event()
        self.process = subprocess.Popen(
            [
                program("prometheus", "prometheus"),
                f"--config.file={config}",
                f"--storage.tsdb.path={folder / 'data'}",
                "--web.listen-address=127.0.0.1:0",
                "--log.format=json",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=folder,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "Prometheus":
        try:
            assert self._listening.wait(PATIENCE), self.log
            assert self.port, self.log
            self.wait(lambda: self._get("/-/ready")[0] == 200, "ready")
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def value(self, query: str) -> float | None:
        """What a query gives: one number, or None when it gives nothing."""
        found = self.api("query", query=query)["result"]
        assert len(found) <= 1, found
        return float(found[0]["value"][1]) if found else None

    def rules(self) -> list[dict[str, Any]]:
        """Every rule, with its health and, of an alert, its state."""
        return [rule for group in self.api("rules")["groups"] for rule in group["rules"]]

    def api(self, path: str, **parameters: str) -> dict[str, Any]:
        """One question to its HTTP API (prometheus.io/docs/prometheus/latest/querying/api)."""
        status, body = self._get(f"/api/v1/{path}?{urlencode(parameters)}")
        assert status == 200, body
        data: dict[str, Any] = json.loads(body)["data"]
        return data

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Ask until it is so: whether Prometheus has seen something can only be asked."""
        ends = time.monotonic() + PATIENCE
        while not condition():
            assert self.process.poll() is None, self.log
            assert time.monotonic() < ends, f"in vain: {what}"
            time.sleep(0.05)

    def _get(self, path: str) -> tuple[int, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(json.loads(line))
            if self.log[-1].get("msg") == "Listening on":
                self.port = int(self.log[-1]["address"].rpartition(":")[2])
                self._listening.set()
        self._listening.set()

    def _end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(PATIENCE)
        assert self.process.stderr is not None
        self.process.stderr.close()


def _config(targets: Mapping[int, Mapping[str, str]], rules: Path) -> dict[str, Any]:
    static = [{"targets": [f"127.0.0.1:{port}"], "labels": dict(labels)} for port, labels in targets.items()]
    return {
        "global": {"scrape_interval": SCRAPES, "evaluation_interval": SCRAPES},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "sidecars", "static_configs": static}],
    }
