"""Bugs on demand in a sidecar that runs as a process: a call's ``X-Crash`` header says which one it meets.

``install`` is called by a ``sitecustomize`` module, before the sidecar begins. The exceptions say what bugs like to
say: what the call carried; or ``PLANTED_TEXT``, which no call knows.
"""

import asyncio
import gc
import logging
import os
import threading
import warnings
from collections.abc import Callable
from typing import Any

import orjson

from sidecar.core.exchange import Exchange, Response
from sidecar.http.app_connection import AppConnection
from sidecar.policies.attempt import _AttemptLayer
from sidecar.redaction import bodies, headers, urls
from sidecar.runtime import Runtime
from sidecar.telemetry import access_log
from sidecar.telemetry.outputs import Output

SITE = "from tests.support.crashing import install\ninstall()\n"
"""The content of ``sitecustomize.py``."""
REDACTION = b"break the redaction of"
"""What holds this cannot be redacted."""


class Untidy:
    """Fails when it is thrown away."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __del__(self) -> None:
        raise RuntimeError(f"cannot forget {self.text}")


def fail(text: str) -> None:
    """What every one of them does in the end; its local has the text as well."""
    local = text + "!"
    raise RuntimeError(f"cannot work with {local}")


async def _failing(text: str) -> None:
    fail(text)


def _chained(text: str) -> None:
    try:
        fail(text)
    except RuntimeError as error:
        worse = ValueError({"of": [text.encode()]})
        worse.add_note(f"while reading {text!r}")
        raise worse from error


def _grouped(text: str) -> None:
    raise ExceptionGroup(f"all of {text}", [ValueError(text), KeyError(text)])


def _forgotten_task(text: str) -> None:
    asyncio.get_running_loop().create_task(_failing(text), name=text)


def _forgotten_future(text: str) -> None:
    asyncio.get_running_loop().create_future().set_exception(RuntimeError(text))
    gc.collect()


def _in_thread(text: str) -> None:
    thread = threading.Thread(target=fail, args=(text,))
    thread.start()
    thread.join()


def _in_log(text: str) -> None:
    try:
        fail(text)
    except RuntimeError:
        logging.getLogger("acme").exception("bad %s", text)
        logging.getLogger("acme").error("bad %s %s", text)  # noqa: PLE1206, TRY400 - a bug of a library
        logging.getLogger("acme").debug("sends %r", text.encode())


def _in_callback(text: str) -> None:
    asyncio.get_running_loop().call_soon(fail, text)


WAYS: dict[str, Callable[[str], Any]] = {
    "layer": fail, "chained": _chained, "grouped": _grouped, "callback": _in_callback, "task": _forgotten_task,
    "future": _forgotten_future, "thread": _in_thread, "forgotten": Untidy, "log": _in_log, "warning": warnings.warn,
}  # fmt: skip
"""``X-Crash`` -> what happens, told the text of ``X-Text``, or ``PLANTED_TEXT``."""


def install() -> None:
    """Put the bugs in their places."""
    planted = os.environ["PLANTED_TEXT"]
    _in_layers(planted)
    _in_connections(planted)
    _in_redaction()
    _in_writing(planted)


def _in_layers(planted: str) -> None:
    handle = _AttemptLayer.handle

    async def crashing(self: Any, exchange: Exchange) -> Response:
        way = (exchange.headers.get(b"x-crash") or b"").decode()
        told = exchange.headers.get(b"x-api-key") or b""
        response = await handle(self, exchange)
        if way == "body":
            assert exchange.body is not None
            fail(orjson.loads(exchange.body.beginning(1000))["password"])
        elif way == "closer":
            response.closers.append(lambda *_: fail(planted))
        elif way in WAYS:
            WAYS[way](told.decode() or planted)
        return response

    _AttemptLayer.handle = crashing  # type: ignore[method-assign]


def _in_connections(planted: str) -> None:
    write_head = AppConnection._write_head

    def crashing(self: Any, exchange: Exchange, response: Response, *, whole: bool) -> bool:
        if exchange.headers.get(b"x-crash") == b"connection":
            fail(planted)
        return write_head(self, exchange, response, whole=whole)

    AppConnection._write_head = crashing  # type: ignore[method-assign]


def _in_redaction() -> None:
    """The parts of the engine itself fail, with what they were to redact in the message."""
    for module, name in ((bodies, "redact"), (headers, "redact"), (urls, "in_query")):
        setattr(module, name, _failing_with_data(getattr(module, name)))


def _failing_with_data(function: Callable[..., Any]) -> Callable[..., Any]:
    def crashing(data: Any, *arguments: Any, **more: Any) -> Any:
        given = list(data) if not isinstance(data, bytes | str) else data
        if REDACTION in repr(given).replace("%20", " ").encode():
            raise RuntimeError(f"cannot redact {given!r}")
        return function(given, *arguments, **more)

    return crashing


def _in_writing(planted: str) -> None:
    class Encoder:
        """Stands for orjson in the log."""

        OPT_APPEND_NEWLINE = orjson.OPT_APPEND_NEWLINE

        @staticmethod
        def dumps(record: Any, **more: Any) -> bytes:
            if "/refuse-to-encode" in str(record.get("path")):
                raise orjson.JSONEncodeError(f"cannot encode {record!r} {planted}")
            return orjson.dumps(record, **more)

    access_log.orjson = Encoder  # type: ignore[attr-defined]
    rest, wait = Output._rest, Runtime.wait

    def breaking(self: Output, data: bytes) -> Any:
        if self.name == "stdout" and b"/break-the-writer" in data:
            fail(planted)
        return rest(self, data)

    async def crashing(self: Runtime) -> int:
        await wait(self)
        fail(planted)
        return 0

    Output._rest = breaking  # type: ignore[method-assign]
    Runtime.wait = crashing  # type: ignore[method-assign]
