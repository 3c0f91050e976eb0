"""``switches.json`` in ``state_dir``: the kill switches that people turned, kept over a restart.

A switch that cannot be read must not silently be off: calls that somebody stopped would go out again. So a file that is
there and makes no sense is an error, and the sidecar does not start.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from sidecar.admin.private_file import write_private
from sidecar.policies.switches import Kill, stamp

NAME = "switches.json"
_VERSION = 1
_LARGEST = 4 * 1024 * 1024
"""Bytes; thousands of switches fit in."""


class SwitchesUnreadable(Exception):
    """The file, or its folder, cannot be used. ``path``: which one; the text says why."""

    def __init__(self, why: str, path: Path) -> None:
        super().__init__(why)
        self.path = path


def load(folder: Path) -> dict[str, Kill]:
    """Provider -> its kill; none when there is no file yet. The folder is made (mode 0700) when it is missing.

    Raises:
        SwitchesUnreadable: the file is there and cannot be read, or the folder cannot be made.
    """
    path = folder / NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SwitchesUnreadable(_why(error), path) from None
    if len(content) > _LARGEST:
        raise SwitchesUnreadable("it is larger than any file of ours", path)
    try:
        return _kills(orjson.loads(content))
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError):
        raise SwitchesUnreadable("its content is not what the sidecar writes", path) from None


def save(folder: Path, kills: Mapping[str, Kill]) -> None:
    """Write them all; blocks until they are on the disk.

    Raises:
        SwitchesUnreadable: the file cannot be written; the old one is still there.
    """
    content = {"version": _VERSION, "kills": {name: _data(kill) for name, kill in kills.items()}}
    text = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
    path = folder / NAME
    try:
        write_private(os.fspath(path), text)
    except OSError as error:
        raise SwitchesUnreadable(_why(error), path) from None


def _data(kill: Kill) -> dict[str, Any]:
    return {"reason": kill.reason, "who": kill.who, "since": kill.since, "until": kill.until}


def _kills(content: Any) -> dict[str, Kill]:
    if content["version"] != _VERSION:
        raise ValueError("of another version")
    return {name: _kill(data) for name, data in content["kills"].items()}


def _kill(data: Any) -> Kill:
    reason, who, since, until = (data[key] for key in ("reason", "who", "since", "until"))
    if not isinstance(reason, str) or not isinstance(who, str):
        raise TypeError("not a text")
    kill = Kill(reason, who, float(since), None if until is None else float(until))
    for moment in (kill.since, kill.until or 0.0):
        stamp(moment)  # raises for times that could never be shown
    return kill


def _why(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
