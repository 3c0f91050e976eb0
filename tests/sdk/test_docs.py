"""Every snippet of docs/sdks.md runs, against the emulators and with the configuration of that page."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.sdk.conftest import Ends
from tests.sdk.provider import Provider
from tests.sdk.proxied import sidecar

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sdks.md"
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
SNIPPETS = [(language, text) for language, text in BLOCKS if language != "yaml"]
TOOLS = {"js": "node", "java": "javac", "sh": "curl"}


@pytest.fixture(scope="module")
def addresses(stripe_api: Ends, openai_api: Ends, aws_api: Ends, provider: Provider) -> Iterator[dict[str, str]]:
    """The page's addresses -> those of a sidecar with the page's providers, in front of the emulators."""
    page = next(yaml.safe_load(text) for language, text in BLOCKS if language == "yaml")
    providers = page["providers"]
    emulators = {"stripe": stripe_api, "openai": openai_api, "aws": aws_api}
    for name, about in providers.items():
        about["base_url"] = emulators[name].direct if name in emulators else f"{provider.url}/echo"
    own = {name: about["listen"] for name, about in providers.items() if "listen" in about}
    for name in own:
        providers[name]["listen"] = "127.0.0.1:0"
    with sidecar(providers) as running:
        found = {f"http://{listen}": running.address(f"providers.{name}.listen") for name, listen in own.items()}
        yield {f"http://{page['listen']}": running.address(), **found}


def _command(language: str, text: str, folder: Path) -> list[str]:
    if language == "python":
        return [sys.executable, "-c", text]
    if language == "js":
        file = folder / "snippet.mjs"
        file.write_text(text)
        return ["node", str(file)]
    if language == "java":
        imports = "".join(line for line in text.splitlines(keepends=True) if line.startswith("import "))
        body = text.replace(imports, "")
        file = folder / "Snippet.java"
        file.write_text(
            f"{imports}class Snippet {{ public static void main(String[] a) throws Exception {{\n{body}}} }}"
        )
        return ["java", str(file)]
    assert language == "sh"
    return ["sh", "-c", text]


@pytest.mark.parametrize(
    ("language", "text"), SNIPPETS, ids=[f"{language}-{number}" for number, (language, _) in enumerate(SNIPPETS)]
)
def test_a_snippet_runs(addresses: dict[str, str], language: str, text: str, tmp_path: Path) -> None:
    tool = TOOLS.get(language)
    if tool is not None and shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    for on_page, here in addresses.items():
        text = text.replace(on_page, here)
    assert ":8080" not in text
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    done = subprocess.run(
        _command(language, text, tmp_path), capture_output=True, text=True, timeout=60, env=environ, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "problem+json" not in done.stdout


def test_the_page_shows_every_client() -> None:
    languages = [language for language, _ in SNIPPETS]
    assert languages.count("python") == 6
    assert {"sh", "js", "java"} <= set(languages)
