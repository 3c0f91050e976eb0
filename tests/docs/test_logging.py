"""docs/logging.md says what the code writes; the examples for shippers name the fields that there are."""

import ast
import json
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar.telemetry.access_log import BUFFER_CAP
from sidecar.telemetry.duplicates import WINDOW, WRITTEN
from sidecar.telemetry.outputs import BACKLOG
from tests.docs.pages import ROOT, names, page
from tests.support.raw_client import RawClient
from tests.support.sidecar_process import SidecarProcess

PAGE = page("docs/logging.md")
FIELDS = {row[0].strip("`"): row for row in PAGE.table("## Fields of a call")}
VECTOR = yaml.safe_load((ROOT / "docs/logging/vector.yaml").read_text(encoding="utf-8"))
FLUENT_BIT = yaml.safe_load((ROOT / "docs/logging/fluent-bit.yaml").read_text(encoding="utf-8"))


def tree(name: str) -> ast.AST:
    return ast.parse((ROOT / "sidecar" / name).read_text(encoding="utf-8"))


def keys(name: str, *functions: str) -> set[str]:
    """Names in literal mappings in these functions."""
    found: set[str] = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef) and node.name in functions:
            mappings = (one for one in ast.walk(node) if isinstance(one, ast.Dict))
            found |= {key.value for one in mappings for key in one.keys if isinstance(key, ast.Constant)}
    return found


def assigned(name: str) -> set[str]:
    """Names that are written by ``record["name"] = ...`` and ``line["name"] = ...``."""
    found: set[str] = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            place = node.targets[0]
            if ast.unparse(place.value) in ("record", "line") and isinstance(place.slice, ast.Constant):
                found.add(place.slice.value)
    return found


def noted() -> set[str]:
    """The fields that policies add to the line."""
    files = (ROOT / "sidecar" / "policies").glob("*.py")
    return {name for file in files for name in re.findall(r'\.note\(\s*"(\w+)"', file.read_text(encoding="utf-8"))}


def test_every_field_of_a_call_is_explained() -> None:
    written = keys("policies/record.py", "_metadata") | keys("policies/report.py", "_line", "give_up")
    written |= assigned("policies/record.py") | assigned("policies/report.py") | noted()
    assert set(FIELDS) == written
    assert all(all(row[:3]) and row[4] and row[5] for row in FIELDS.values())


def test_every_field_of_an_attempt_is_explained() -> None:
    written = keys("policies/record.py", "_attempt") | {"status", "error"}
    assert {row[0].strip("`") for row in PAGE.table("### Attempts")} == written


def test_the_fields_stand_in_the_order_of_the_line() -> None:
    shown = json.loads(next(block.text for block in PAGE.blocks if block.language == "json"))
    assert [name for name in FIELDS if name in shown] == list(shown)


def events() -> dict[str, set[str]]:
    """Every event that the code logs, with the fields that the call names."""
    found: dict[str, set[str]] = defaultdict(set)
    for file in sorted((ROOT / "sidecar").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            place = {"event": 1, "_event": 1, "_record": 1, "_error": 0}.get(node.func.attr)
            if place is None or len(node.args) <= place or not isinstance(node.args[place], ast.Constant):
                continue
            given = {one.arg for one in node.keywords if one.arg is not None}
            given |= {key.value for one in node.args if isinstance(one, ast.Dict) for key in one.keys}  # type: ignore[union-attr]
            found[node.args[place].value] |= given  # type: ignore[attr-defined]
    return found


def test_every_event_is_explained() -> None:
    explained = {name: names(row[3]) for row in PAGE.table("## Events") for name in names(row[0])}
    written = events()
    assert len(written) >= 20
    assert set(explained) == set(written)
    assert {name: fields - explained[name] for name, fields in written.items() if fields - explained[name]} == {}


def test_the_numbers_are_those_of_the_code() -> None:
    text = " ".join(PAGE.prose.split())
    assert f"{BACKLOG >> 20} MiB of lines wait" in text
    assert BUFFER_CAP == BACKLOG
    assert f"the first {WRITTEN} in {WINDOW:.0f} seconds are written" in text


# ---- the examples for shippers ----


def ecs(field: str) -> str:
    """The name in ECS that the page gives."""
    return re.match(r"`([^`]+)`", FIELDS[field][4])[1]  # type: ignore[index]


def test_vector_renames_as_the_page_says() -> None:
    source = VECTOR["transforms"]["ecs"]["source"]
    renamed = {
        field: name.replace('"', "") for name, field in re.findall(r"^\.(\S+) = .*del\(line\.(\w+)\)", source, re.M)
    }
    renamed |= {field: name for name, field in re.findall(r"^  \.(\S+) = .*del\(line\.(\w+)\)", source, re.M)}
    assert renamed == {field: ecs(field) for field in FIELDS if not ecs(field).startswith("sidecar.")}
    assert set(re.findall(r"\bline\.(\w+)", source)) <= set(FIELDS)
    assert ".sidecar = line" in source
    assert all(ecs(field) == f"sidecar.{field}" for field in FIELDS if field not in renamed)


def test_vector_is_wired() -> None:
    named = [*VECTOR["sources"], *VECTOR["transforms"], "ecs.dropped"]
    parts = [*VECTOR["transforms"].values(), *VECTOR["sinks"].values()]
    assert all(source in named for part in parts for source in part["inputs"])


def test_fluent_bit_renames_as_the_page_says() -> None:
    (renames,) = (one["rename"] for one in FLUENT_BIT["pipeline"]["filters"])
    renamed = dict(one.split() for one in renames)
    assert len(renamed) == len(renames)
    expected = {field: ecs(field) for field in FIELDS if field != "ts"} | {"duration_ms": "sidecar.duration_ms"}
    assert renamed == expected
    (parser,) = FLUENT_BIT["parsers"]
    assert (parser["format"], parser["time_key"]) == ("json", "ts")
    assert all(one["parser"] == parser["name"] for one in FLUENT_BIT["pipeline"]["inputs"])


# ---- jq ----


JQ = [line for block in PAGE.blocks if block.language == "jq" for line in block.text.splitlines() if line[:1] != "#"]


@pytest.fixture(scope="module")
def log(running: SidecarProcess, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log with calls that went well, failed, and may have been carried out."""
    call = b"GET /demo/status/%d HTTP/1.1\r\nHost: app\r\nTrackingid: signup-4712\r\n\r\n"
    for status in (200, 404, 503):
        with RawClient(int(running.listen["listen"].rpartition(":")[2])) as app:
            app.ask(call % status)
    running.wait_lines(lambda lines: sum(line.get("request_id") == "signup-4712" for line in lines) >= 3)
    lines: list[Any] = [*running.lines]
    lines.append({**next(line for line in lines if line["event"] == "request"), "sent": "maybe"})
    file = tmp_path_factory.mktemp("log") / "sidecar.log"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return file


def test_there_are_queries() -> None:
    assert len(JQ) >= 5


@pytest.mark.parametrize("command", JQ)
def test_a_query_by_jq(log: Path, command: str) -> None:
    if shutil.which("jq") is None:
        pytest.skip("jq is not installed")
    done = subprocess.run(
        ["sh", "-c", f"{command} {log}"], capture_output=True, text=True, timeout=30, check=False
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() not in ("", "null", "[]", "{}")
