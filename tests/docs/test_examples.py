"""Every example of the pages runs, and gives what the page says. Those of docs/sdks.md: tests/sdk/test_docs.py."""

import json
import re
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sidecar.config.load import load
from tests.docs.conftest import Run
from tests.docs.pages import ROOT, Block, blocks, page, pages
from tests.support.sidecar_process import SidecarProcess

SDKS = "docs/sdks.md"
COMMANDS = [
    (block.page, line.partition("  #")[0].strip())
    for block in blocks("sh", but=(SDKS,))
    for line in block.text.splitlines()
]
INLINE = [(each.name, line) for each in pages() for line in re.findall(r"`(curl [^`]+)`", each.prose)]
CURLS = [one for one in [*COMMANDS, *INLINE] if one[1].startswith("curl ")]


def _params(commands: list[tuple[str, str]], start: str) -> list[Any]:
    return [pytest.param(command, id=f"{where}: {command}") for where, command in commands if command.startswith(start)]


def _pairs() -> list[tuple[Block, Block]]:
    """A command, and the block below it that shows its answer."""
    found = []
    for each in pages():
        rows = each.blocks
        for command, answer in pairwise(rows):
            if command.language == "sh" and command.text.startswith("curl ") and answer.language in ("http", "json"):
                found.append((command, answer))
    return found


PAIRS = _pairs()


def plain(text: str) -> str:
    """What differs from run to run, replaced: ids, ports, dates, curl's version."""
    text = re.sub(r"req_[0-9a-f]{24}", "req_ID", text)
    text = re.sub(r"\b[0-9a-f]{32}\b", "ID", text)
    text = re.sub(r"\b[0-9a-f]{16}\b", "SPAN", text)
    text = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:PORT", text)
    text = re.sub(r"curl/[\w.]+", "curl/VERSION", text)
    return re.sub(r"\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT", "DATE", text)


def content(body: str) -> Any:
    """A body as the page and the wire can be compared: JSON by its values, any other as text."""
    try:
        return json.loads(plain(body))
    except ValueError:
        return plain(body).strip()


def test_every_command_is_known() -> None:
    strange = [one for one in COMMANDS if not one[1].startswith(("make ", "curl ", ".venv/bin/sidecar "))]
    assert strange == []
    assert len(CURLS) >= 6
    assert len(PAIRS) >= 5


@pytest.mark.parametrize("command", _params(CURLS, "curl "))
def test_a_call_by_curl(run: Run, command: str) -> None:
    done = run(command)
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", [one for one in _params(COMMANDS, ".venv/") if "sidecar run" not in one.values[0]])
def test_a_command_of_the_sidecar(run: Run, command: str) -> None:
    done = run(command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout


@pytest.mark.parametrize("command", _params(COMMANDS, "make "))
def test_a_target_of_make(command: str) -> None:
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    done = subprocess.run(
        ["make", "--dry-run", *command.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", blocks("python", but=(SDKS,)), ids=str)
def test_an_example_in_python(run: Run, block: Block) -> None:
    done = run(block.text)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "problem+json" not in done.stdout


@pytest.mark.parametrize(("command", "answer"), PAIRS, ids=[str(answer) for _, answer in PAIRS])
def test_an_answer_is_what_the_page_shows(run: Run, running: SidecarProcess, command: Block, answer: Block) -> None:
    done = run(command.text)
    assert done.returncode == 0, done.stderr
    if command.page == "docs/logging.md":
        shown = json.loads(answer.text)
        running.wait_lines(lambda lines: any(line.get("request_id") == shown["request_id"] for line in lines))
        line = next(line for line in running.lines if line.get("request_id") == shown["request_id"])
        assert list(line) == list(shown)
        assert _timeless(line) == _timeless(shown)
        return
    head, body = _parted(done.stdout.replace("\r\n", "\n"), answer.language)
    shown_head, shown_body = _parted(answer.text, answer.language)
    assert plain(head) == plain(shown_head)
    if shown_body.strip() != "...":
        assert content(body) == content(shown_body)


def _parted(text: str, language: str) -> tuple[str, str]:
    """Head and body of an answer; only a body where the page shows only that."""
    head, _, body = text.partition("\n\n")
    return (head, body) if language == "http" else ("", text)


def _timeless(record: Any) -> Any:
    """A log line without what differs from run to run."""
    if isinstance(record, dict):
        return {key: _timeless(value) for key, value in record.items() if key not in ("ts", "connection")}
    if isinstance(record, list):
        return [_timeless(one) for one in record]
    if isinstance(record, str):
        return plain(record)
    return 0.0 if isinstance(record, float) else record


def test_the_configuration_of_the_readme_is_nine_lines_and_right(readme_config: str, tmp_path: Path) -> None:
    file = tmp_path / "sidecar.yaml"
    file.write_text(readme_config)
    loaded = load(file, {})
    assert len(readme_config.splitlines()) == 9
    assert loaded.warnings == ()
    assert set(loaded.config.providers) == {"stripe", "openai", "s3"}


def test_the_readme_shows_every_client() -> None:
    clients = [block.text.split()[1] for block in page("README.md").blocks if block.language == "python"]
    assert clients == ["stripe", "openai", "boto3", "requests"]
