"""Reads the lists in ``data/``: lines of ``key: item; item``, and lines as they are."""

from pathlib import Path

DATA = Path(__file__).parent / "data"


def lines(file: str) -> list[str]:
    """The lines of a file."""
    return (DATA / file).read_text("utf-8").splitlines()


def keyed(file: str, parting: str = ": ") -> list[tuple[str, str]]:
    """The lines of a file, each parted into a key and the rest."""
    return [(line.partition(parting)[0], line.partition(parting)[2]) for line in lines(file)]


def listed(file: str) -> dict[str, tuple[str, ...]]:
    """Key -> items."""
    return {key: tuple(rest.split("; ")) for key, rest in keyed(file)}


NAMES = listed("names.txt")
"""Kind -> the names of fields that it is found under in the wild, as lower-case words."""
PEOPLE = listed("people.txt")
"""What personal data is made of: words and shapes."""
