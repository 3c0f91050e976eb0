"""Bodies that hold one document after another: lines of JSON, JSON text sequences, server-sent events.

Each is redacted by itself, and stays where it is; what is no JSON is redacted as text.
"""

import re
from json import JSONDecoder
from typing import TYPE_CHECKING

import orjson

from sidecar.redaction.cut import TRUNCATED, safe_cut, windows
from sidecar.redaction.repair import NO_JSON, repaired

if TYPE_CHECKING:
    from sidecar.redaction.scrub import Scrub

_MOST = 1024
"""Documents per 64 KiB; what follows is cut. Those of logs have more than 64 bytes."""
_MOST_LINES = 2048
"""Lines of server-sent events per 64 KiB: most hold a document, and every other one is empty."""
_SEPARATOR = "\x1e"
"""RS, before each text of a sequence (RFC 7464 2.2)."""
_BREAK = re.compile(r"(\r\n|\r|\n)")
_FIELD = re.compile(r"((?:event|id|retry|data)?:[ ]?)(.*)", re.DOTALL)
"""A field of an event, a comment if its name is empty (HTML 9.2.6)."""
_SPACE = re.compile(r"\s*+")
_DECODER = JSONDecoder()


def ndjson(text: str, scrub: "Scrub", *, whole: bool = True) -> str:
    """One document a line, or after each record separator; also documents of many lines, one after another."""
    mark = _SEPARATOR if _SEPARATOR in text else "\n"
    if mark == "\n" and _is_split(text):
        documents = _documents(text, scrub, cut=not whole)
        if documents is not None:
            return documents
    return _by_lines(text, mark, scrub, cut=not whole)


def _by_lines(text: str, mark: str, scrub: "Scrub", *, cut: bool) -> str:
    allowed = _MOST * windows(len(text))
    pieces = text.split(mark, allowed)
    if len(pieces) > allowed:
        pieces[allowed:] = [TRUNCATED]
    last = len(pieces) - 1 if cut else -1
    return mark.join([document(piece, scrub, cut=index == last) for index, piece in enumerate(pieces)])


def sse(text: str, scrub: "Scrub", *, whole: bool = True) -> str:
    """Server-sent events: the data of each as one value, the other fields and comments as text."""
    allowed = _MOST_LINES * windows(len(text))
    pieces = _BREAK.split(text, allowed)
    if len(pieces) > 2 * allowed:
        pieces[2 * allowed :] = [TRUNCATED]
    last = -1 if whole else len(pieces) - 1
    out: list[str] = []
    index = 0
    while index < len(pieces):
        end = index
        while pieces[end][:5] == "data:":
            end += 2
            if end >= len(pieces):
                break
        if end > index:
            out.append(_data(pieces[index : end - 1], scrub, cut=not whole and end > last))
            index = end - 1
        else:
            out.append(_other(pieces[index], scrub, cut=index == last))
            index += 1
        if index < len(pieces):
            out.append(pieces[index])
            index += 1
    return "".join(out)


def _data(pieces: list[str], scrub: "Scrub", *, cut: bool) -> str:
    """The data lines of one event, with the breaks between them, as one text."""
    start = "data: " if pieces[0][5:6] == " " else "data:"
    lines = [piece[5:].removeprefix(" ") for piece in pieces[::2]]
    if len(lines) == 1:
        return start + document(lines[0], scrub, cut=cut)
    joined = "\n".join(lines)
    shown = document(joined, scrub, cut=cut)
    if shown == joined:
        return "".join(pieces)
    return pieces[1].join(start + line for line in shown.split("\n"))


def _other(line: str, scrub: "Scrub", *, cut: bool) -> str:
    """A field of another name, a comment, or anything else."""
    match = _FIELD.match(line)
    name, value = match.groups() if match else ("", line)
    if cut and value:
        value = safe_cut(value)
    return name + scrub.text(value) if value else name


def document(text: str, scrub: "Scrub", *, cut: bool = False) -> str:
    """One document, with the white space around it, as it was if nothing in it was redacted; or else text."""
    bare = text.strip()
    if not bare or bare == TRUNCATED:
        return text
    if bare[0] in "{[" or (bare[0] == '"' and not cut):
        try:
            tree = orjson.loads(bare)
            before = orjson.dumps(tree)
        except (orjson.JSONDecodeError, orjson.JSONEncodeError, UnicodeEncodeError):
            # What ends with the mark was cut before, and is text since.
            tree, before = NO_JSON if bare.endswith(TRUNCATED) else repaired(bare), b""
        if tree is not NO_JSON:
            after = orjson.dumps(scrub.document(tree))
            return text if after == before else text.replace(bare, after.decode())
    return scrub.text(safe_cut(text)) if cut else text.replace(bare, scrub.text(bare))


def _is_split(text: str) -> bool:
    """Whether the first document goes over more than one line."""
    first, _, rest = text.lstrip().partition("\n")
    if not rest or first[:1] not in {"{", "["}:
        return False
    try:
        orjson.loads(first)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return True
    return False


def _documents(text: str, scrub: "Scrub", *, cut: bool) -> str | None:
    """Documents of many lines, each as one line; None if they cannot be told apart."""
    out: list[str] = []
    at = _after_space(text, 0)
    for _ in range(_MOST * windows(len(text))):
        if at >= len(text):
            return "\n".join(out) + ("\n" if text.endswith("\n") else "")
        try:
            end = _DECODER.raw_decode(text, at)[1]
        except (ValueError, RecursionError):
            if not out:
                return None
            end = len(text)
        shown = _on_one_line(document(text[at:end], scrub, cut=cut and end == len(text)))
        if "\n" in shown:
            shown = _by_lines(text[at:], "\n", scrub, cut=cut)
            end = len(text)
        out.append(shown)
        at = _after_space(text, end)
    return "\n".join((*out, TRUNCATED))


def _after_space(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _on_one_line(text: str) -> str:
    if "\n" not in text:
        return text
    try:
        return orjson.dumps(orjson.loads(text)).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return text
