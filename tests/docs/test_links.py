"""What the pages name is there: pages, headings, files, targets of make, commands and their options."""

import re

import pytest
from click.testing import CliRunner

from sidecar.cli.main import COMMANDS, main
from tests.docs.pages import ROOT, Page, page, pages

LINK = re.compile(r"\]\(([^)\s]+)\)")
PATH = re.compile(r"`((?:sidecar|tests|docs|bench|requirements)/[\w./*-]+|[\w.]+\.(?:md|toml|yaml))`")
OUTSIDE = ("sidecar.yaml",)
"""Files of the reader, not of the repository."""


def _anchors(text: str) -> set[str]:
    """The anchors that GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Page) -> None:
    for link in LINK.findall(page.prose):
        if link.startswith("https://"):
            continue
        name, _, anchor = link.partition("#")
        file = (ROOT / page.name).parent / name if name else ROOT / page.name
        assert file.exists(), link
        assert not anchor or anchor in _anchors(file.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_file_that_is_named_is_there(page: Page) -> None:
    for name in PATH.findall(page.prose):
        places = (ROOT, (ROOT / page.name).parent)
        assert name in OUTSIDE or any(list(place.glob(name)) for place in places), name


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_target_of_make_exists(page: Page) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"`make ([a-z-]+)`", page.prose):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_command_and_its_options_exist(page: Page) -> None:
    for call in re.findall(r"(?:^|[`/])sidecar ([a-z]+(?: [^`\n#]*)?)", page.text, re.MULTILINE):
        command, _, rest = call.partition(" ")
        assert command in COMMANDS, call
        about = CliRunner().invoke(main, [command, "--help"]).output
        for option in re.findall(r"(?<!\S)--?[a-z-]+", rest):
            assert option in about, call


def test_nothing_stands_on_no_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    listed = set(LINK.findall(index))
    there = {file.name for pattern in ("*.md", "*.json") for file in (ROOT / "docs").glob(pattern)}
    assert listed == there - {"README.md"} | {"runbooks/README.md"}


def test_every_method_that_is_named_exists() -> None:
    code = "\n".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "sidecar").glob("**/*.py")))
    classes = {part.split("(")[0].split(":")[0]: part for part in code.split("\nclass ")[1:]}
    named = re.findall(r"`([A-Z]\w+)\.(\w+)`", page("docs/journey.md").prose)
    assert len(named) >= 4
    for kind, method in named:
        assert f" def {method}(" in classes[kind], f"{kind}.{method}"
