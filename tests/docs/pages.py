"""The pages that people read, taken apart: blocks of code, links, names."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A block of code. ``line``: where it begins on the page."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """One page. ``name``: its path in the repository; ``prose``: its text without the blocks."""

    name: str
    text: str

    @property
    def blocks(self) -> list[Block]:
        """Its blocks, in order."""
        found = _BLOCK.finditer(self.text)
        return [Block(self.name, self.text.count("\n", 0, one.start()) + 1, one[1], one[2]) for one in found]

    @property
    def prose(self) -> str:
        """What is not code."""
        return _BLOCK.sub("", self.text)

    def table(self, heading: str) -> list[list[str]]:
        """The rows of the first table below a heading, without its first line; cells without white space around."""
        below = self.text.partition(f"\n{heading}\n")[2]
        assert below, f"{self.name} has no heading {heading!r}"
        lines = below[below.index("\n|") :].strip().partition("\n\n")[0].splitlines()
        return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


@cache
def page(name: str) -> Page:
    """The page of this path."""
    return Page(name, (ROOT / name).read_text(encoding="utf-8"))


def pages() -> list[Page]:
    """Every page."""
    return [page(file.relative_to(ROOT).as_posix()) for file in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])]


def blocks(*languages: str, but: tuple[str, ...] = ()) -> list[Block]:
    """The blocks in these languages on all pages, but for those that other tests run."""
    return [one for each in pages() if each.name not in but for one in each.blocks if one.language in languages]


def names(cell: str) -> set[str]:
    """What stands in backticks."""
    return set(re.findall(r"`([^`]+)`", cell))
