"""What the interpreter and libraries would write to standard error by themselves goes through the log.

An exception that nobody caught, a callback of the event loop that failed, a ``logging`` call of a library, a warning:
their texts may hold what a call carried, and only the log redacts. ``faulthandler`` needs no such care: it writes
names of files and functions, and no values.
"""

import asyncio
import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.encoding import Redact

_LEVELS = ((logging.ERROR, "error"), (logging.WARNING, "warning"), (logging.INFO, "info"))


def traceback_of(error: BaseException) -> str:
    """As Python would print it."""
    return "".join(traceback.format_exception(error))


def catch(log: AccessLog, loop: asyncio.AbstractEventLoop, redact: Redact) -> Callable[[], None]:
    """From now on everything of the kind becomes an event of ``log``. The result puts things back as they were.

    ``redact``: for texts that nobody foresaw; it is stricter than that of the log.
    """
    root, shown = logging.getLogger(), warnings.showwarning
    handlers, level, raises = root.handlers, root.level, logging.raiseExceptions
    hooks = sys.excepthook, sys.unraisablehook, threading.excepthook

    def undo() -> None:
        sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
        root.handlers, logging.raiseExceptions, warnings.showwarning = handlers, raises, shown
        root.setLevel(level)
        loop.set_exception_handler(None)

    strays = _Strays(log, redact)
    loop.set_exception_handler(strays.of_loop)
    sys.excepthook, sys.unraisablehook, threading.excepthook = strays.uncaught, strays.unraisable, strays.of_thread
    root.handlers = [_Handler(log, redact)]
    root.setLevel(logging.DEBUG)  # the log decides, and its level may change
    logging.raiseExceptions = False
    warnings.showwarning = strays.warning
    return undo


class _Strays:
    """The hooks. None of them shows the objects that it is given: their ``repr`` is nobody's to vouch for."""

    __slots__ = ("_log", "_redact")

    def __init__(self, log: AccessLog, redact: Redact) -> None:
        self._log = log
        self._redact = redact

    def of_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:  # noqa: ARG002 - asyncio's
        """A callback failed, or a task's exception was never asked for."""
        # "Exception in callback f(b'...')": the arguments are what a connection has read.
        what, callback, _ = str(context.get("message")).partition(" callback ")
        self._error("loop_error", context.get("exception"), detail=what + callback.rstrip())

    def uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """The process ends with an exception. Ctrl-C needs no words."""
        if not issubclass(kind, KeyboardInterrupt):
            self._error("crashed", error.with_traceback(trace))

    def of_thread(self, args: threading.ExceptHookArgs) -> None:
        """A thread ends with an exception."""
        if not issubclass(args.exc_type, SystemExit):
            name = args.thread.name if args.thread is not None else None
            self._error("thread_crashed", args.exc_value, thread=name)

    def unraisable(self, args: "sys.UnraisableHookArgs") -> None:
        """An exception where there is nobody to raise it to, such as ``__del__``."""
        self._error("unraisable_error", args.exc_value)

    def warning(
        self,
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,  # noqa: ARG002 - the signature is that of warnings.showwarning
        line: str | None = None,  # noqa: ARG002
    ) -> None:
        """A warning of Python or a library."""
        where = f"{filename}:{lineno}"
        detail = self._redact(str(message))
        self._log.event("warning", "library", logger=category.__name__, where=where, detail=detail)

    def _error(self, event: str, error: BaseException | None, **fields: Any) -> None:
        if error is not None:
            text = self._redact(traceback_of(error))
            fields |= {"error": type(error).__name__, "traceback": text}
        self._log.event("error", event, **fields)


class _Handler(logging.Handler):
    """Whatever libraries log, redacted like every event."""

    def __init__(self, log: AccessLog, redact: Redact) -> None:
        super().__init__()
        self._log = log
        self._redact = redact

    def emit(self, record: logging.LogRecord) -> None:
        level = next((name for number, name in _LEVELS if record.levelno >= number), "debug")
        try:
            detail = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments that do not fit the text
            detail = str(record.msg)
        fields: dict[str, Any] = {"logger": record.name, "where": f"{record.module}:{record.lineno}"}
        fields["detail"] = self._redact(detail)
        if record.exc_info and record.exc_info[1] is not None:
            fields["traceback"] = self._redact(traceback_of(record.exc_info[1]))
        self._log.event(level, "library", **fields)
