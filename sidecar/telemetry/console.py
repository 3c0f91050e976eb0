"""Log lines for the eye: one line per call or event, and what explains it indented below.

Made of the JSON line, in the output's own thread. Nothing that an app or a provider sent can steer the terminal or
pass for a line of the log: control characters and those that turn the direction of writing are shown as escapes.
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson

_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 and C1 controls (ECMA-48): cursor, colours, title, line breaks
    "\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # invisible, or turning the direction (UAX #9)
    "\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"  # halves of pairs; annotations; tags (Unicode 23.8, 23.9)
)
_INLINE = 100
"""Characters up to which a text stands in the line itself."""
_INDENT = "    "

_LEVELS = {"debug": "2", "info": "36", "warning": "33", "error": "1;31"}
_STATUS = {2: "32", 3: "36", 4: "33", 5: "31"}
"""First digit of the status -> colour."""
_HEADED = (
    "ts", "level", "event", "provider", "route", "method", "path", "query", "status", "outcome", "sent", "duration_ms",
    "attempts", "request_id", "error", "detail", "tracking_id", "trace_id", "ttfb_ms", "bytes_in", "bytes_out",
    "client", "user_agent",
)  # fmt: skip
"""Fields of a call that are shown in a way of their own, or are no news at a terminal; the others follow by name."""


def escaped(text: str) -> str:
    r"""``text`` without anything that a terminal obeys: escape and line break become ``\x1b`` and ``\n``."""
    return _UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class Console:
    """Turns a line of JSON into lines for a terminal, in UTF-8. ``colours``: with SGR sequences (ECMA-48 8.3.117)."""

    __slots__ = ("_colours",)

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, line: bytes) -> bytes:
        """The readable form; a line that cannot be shown so stays as it is, without what a terminal obeys."""
        try:
            shown = "\n".join(self._lines(orjson.loads(line)))
        except (ValueError, TypeError, KeyError, AttributeError):
            shown = escaped(line.decode("utf-8", "replace").rstrip("\n"))
        return (shown + "\n").encode("utf-8", "backslashreplace")

    def _lines(self, record: dict[str, Any]) -> Iterator[str]:
        call = record["event"] == "request"
        parts = self._call(record) if call else [self._paint("1", escaped(record["event"]))]
        left_out = _HEADED if call else _HEADED[:3]
        more: list[tuple[str, Any]] = []
        for name, value in record.items():
            if name in left_out or value in (None, [], {}):
                continue
            text = _inline(value)
            if text is None:
                more.append((name, value))
            else:
                parts.append(f"{self._paint('2', escaped(name) + '=')}{text}")
        yield f"{self._start(record)} {'  '.join(parts)}"
        if call:
            yield from self._why(record)
        for name, value in more:
            yield from self._block(name, value)

    def _start(self, record: dict[str, Any]) -> str:
        """Time of day (UTC) and level."""
        level = escaped(record["level"])
        return f"{self._paint('2', escaped(record['ts'][11:]))} {self._paint(_LEVELS.get(level, '1'), f'{level:<7}')}"

    def _call(self, record: dict[str, Any]) -> list[str]:
        status, outcome, attempts = record["status"], record["outcome"], len(record["attempts"])
        colour = _STATUS.get(status // 100, "1") if status else _STATUS[5]
        query = f"?{record['query']}" if record["query"] else ""
        where = escaped(f"{record['method']:<6} {record['provider'] or '-'} {record['path']}{query}")
        answer = self._paint(f"1;{colour}", str(status or "no answer"))
        parts = [f"{where} {self._paint('2', '->')} {answer}", _span(record["duration_ms"])]
        if attempts != 1:
            parts.append(f"{attempts} attempts")
        if outcome != "success":
            parts.append(self._paint(colour, escaped(record.get("error") or outcome)))
            parts.append(f"sent={escaped(record['sent'])}")
        parts.append(self._paint("2", escaped(record["request_id"])))
        return parts

    def _why(self, record: dict[str, Any]) -> Iterator[str]:
        """What happened, and how each attempt went when there were several, or one that failed."""
        if record.get("detail"):
            yield _INDENT + escaped(record["detail"])
        attempts = record["attempts"]
        if len(attempts) < 2 and not any("error" in one for one in attempts):
            return
        for one in attempts:
            result = one["error"] if "error" in one else one["status"]
            waited = f" after {_span(one['wait_ms'])} for a connection" if one["wait_ms"] else ""
            text = f"{result} in {_span(one['ms'])}{waited}, {one['connection']} connection to {one['addr']}"
            yield f"{_INDENT}{self._paint('2', 'attempt ' + str(one['n']) + ':')} {escaped(text)}"

    def _block(self, name: str, value: Any) -> Iterator[str]:
        """A mapping, a list or a long text, a line for each part of it."""
        yield f"{_INDENT}{self._paint('2', escaped(name) + ':')}"
        if isinstance(value, dict):
            rows = [f"{self._paint('2', escaped(key) + ':')} {_row(one)}" for key, one in value.items()]
        elif isinstance(value, list):
            rows = [row for one in value for row in _rows(one)]
        else:
            rows = _rows(value)
        for row in rows:
            yield f"{_INDENT}  {row}"

    def _paint(self, colour: str, text: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._colours else text


def _inline(value: Any) -> str | None:
    """A value that needs no lines of its own, escaped; None: it does."""
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        value = ",".join(map(str, value))
    if isinstance(value, dict | list):
        return None
    text = value if isinstance(value, str) else _json(value)
    return None if len(text) > _INLINE or "\n" in text else escaped(text)


def _row(value: Any) -> str:
    return escaped(value) if isinstance(value, str) else _json(value)


def _rows(value: Any) -> list[str]:
    text = value if isinstance(value, str) else _json(value)
    return [escaped(row.replace("\t", "    ")) for row in text.rstrip("\n").split("\n")]


def _json(value: Any) -> str:
    return escaped(orjson.dumps(value).decode())


def _span(ms: float) -> str:
    """``0.35 ms``, ``12.3 ms``, ``1.52 s``, ``2 min 5 s``."""
    if ms < 10:
        return f"{ms:.2f} ms"
    if ms < 1000:
        return f"{ms:.1f} ms"
    if ms < 60_000:
        return f"{ms / 1000:.2f} s"
    minutes, seconds = divmod(round(ms / 1000), 60)
    return f"{minutes} min {seconds} s"
