"""Forms: ``name=value&name=value``, percent-encoded (WHATWG URL 5). What is not redacted stays byte for byte."""

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from sidecar.redaction.cut import TRUNCATED, windows
from sidecar.redaction.leaves import Leaf, Leaves, shown_pair

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

_SEPARATOR = re.compile(r"(&|;(?=[\w.\-\[\]%]{1,64}=))")
"""``&``; also ``;`` where another pair follows it (HTML 4.01 B.2.2)."""
_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_ROUNDS = 3
"""How often a value may be encoded."""
_PLUS_MEANT = re.compile(r"\+[0-9][0-9\-().]{5,20}|[^\s@+]{1,64}\+[^\s@]{0,64}@[^\s@+]{1,255}")
"""Telephone numbers and addresses in which somebody forgot to encode the plus sign: it is no space there."""
_SAFE = "[]:*@/<>!()'?$,="
"""Characters that stay as they are in a changed value: it is still a form, and the markers can be read."""
_MOST = 1536
"""Pairs per 64 KiB that are looked at; it bounds the time that a hostile body takes. Real ones have a tenth of that."""
_NAMES = frozenset({"name", "key", "k"})
_VALUES = frozenset({"value", "val", "v"})

_Pair = tuple[int, str, Leaf]
"""Index of its piece, decoded value, and where that value waits to be redacted."""


def form(text: str, scrub: "Scrub") -> str:
    """A form with its values redacted by their names and shapes. A pair that is dropped leaves nothing."""
    pieces = _SEPARATOR.split(text) if ";" in text else _split(text)
    allowed = 2 * _MOST * windows(len(text))
    if len(pieces) > allowed:
        pieces[allowed:] = [TRUNCATED]
    leaves = Leaves(scrub)
    pairs = _pairs(pieces, leaves)
    leaves.redact()
    for index, value, leaf in pairs:
        left = shown_pair(leaf)
        if left is None:
            # With one of the separators beside it.
            pieces[index] = pieces[index - 1 if index else min(1, len(pieces) - 1)] = ""
        elif left[1] != value or left[0] != leaf[1]:
            pieces[index] = _written(pieces[index], left, leaf[1], value)
    return "".join(pieces)


def _split(text: str) -> list[str]:
    """Pairs, and the separators between them."""
    pairs = text.split("&")
    pieces = ["&"] * (2 * len(pairs) - 1)
    pieces[::2] = pairs
    return pieces


def _pairs(pieces: list[str], leaves: Leaves) -> list[_Pair]:
    group = leaves.group()
    said: dict[str, str] = {}
    pairs: list[_Pair] = []
    for index in range(0, len(pieces), 2):
        piece = pieces[index]
        if piece and piece != TRUNCATED:
            name, equals, raw = piece.partition("=")
            value = _plain(raw if equals else name)
            told = _told(_plain(name), value, said) if equals else ""
            pairs.append((index, value, leaves.add(group, told, value)))
    return pairs


def _plain(raw: str) -> str:
    if "+" in raw and _PLUS_MEANT.fullmatch(raw) is None:
        raw = raw.replace("+", " ")
    if "%" in raw:
        for _ in range(_ROUNDS):
            if _ENCODED.search(raw) is None:
                break
            raw = unquote_to_bytes(raw).decode("utf-8", "replace")
    return raw


def _told(name: str, value: str, said: dict[str, str]) -> str:
    """The name that tells about a value: of ``f[0][name]=password&f[0][value]=x`` the second is one of ``password``."""
    if name[-1:] != "]":
        return name
    prefix, _, last = name[:-1].rpartition("[")
    last = last.lower()
    if last in _NAMES:
        said[prefix] = value
    return said.get(prefix, name) if last in _VALUES else name


def _written(piece: str, left: tuple[str, str], name: str, value: str) -> str:
    """A pair whose name or value has changed, the other of them as it was."""
    raw_name, equals, raw = piece.partition("=")
    if left[0] != name:
        raw_name = _encoded(left[0])
    if left[1] != value:
        raw = _encoded(left[1])
    return raw_name + equals + raw if equals else raw


def _encoded(text: str) -> str:
    return quote(text, safe=_SAFE).replace("%20", "+")
