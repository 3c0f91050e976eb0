import asyncio
import gc
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop

from sidecar.core.env import Env
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.stats import Stats
from sidecar.telemetry.strays import catch


class Kept(AccessLog):
    """Keeps its lines. Its redactor knows one secret."""

    def __init__(self, level: str) -> None:
        super().__init__((), Env(), Stats(), lambda text: text.replace("s3cret", "***"), level)
        self.lines: list[dict[str, Any]] = []

    def line(self, record: dict[str, Any]) -> None:
        assert "s3cret" not in str(record)
        self.lines.append(record)


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def loop(request: pytest.FixtureRequest) -> Iterator[asyncio.AbstractEventLoop]:
    loop = request.param()
    yield loop
    loop.close()


@pytest.fixture
def log(loop: asyncio.AbstractEventLoop, capfd: pytest.CaptureFixture[str]) -> Iterator[Kept]:
    """A log that gets everything; at the end, nothing may have been printed."""
    log = Kept("debug")
    with warnings.catch_warnings():
        undo = catch(log, loop, str)
        yield log
        undo()
    assert capfd.readouterr() == ("", "")


def fail(*_: object) -> None:
    raise ValueError("what the provider sent: s3cret")


def the_error(log: Kept) -> dict[str, Any]:
    (line,) = (one for one in log.lines if one["event"] != "library")
    assert line["level"] == "error"
    assert line["error"] == "ValueError"
    assert "line" in line["traceback"]
    assert "what the provider sent: ***" in line["traceback"]
    return line


def test_a_callback_that_fails(loop: asyncio.AbstractEventLoop, log: Kept) -> None:
    loop.call_soon(fail, b"bytes of a connection")
    loop.call_soon(loop.stop)
    loop.run_forever()
    line = the_error(log)
    assert (line["event"], line["detail"]) == ("loop_error", "Exception in callback")


def test_a_task_whose_exception_nobody_asked_for(loop: asyncio.AbstractEventLoop, log: Kept) -> None:
    async def broken() -> None:
        fail()

    async def main() -> None:
        task = asyncio.create_task(broken())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        del task

    loop.run_until_complete(main())
    gc.collect()
    line = the_error(log)
    assert (line["event"], line["detail"]) == ("loop_error", "Task exception was never retrieved")


def test_a_message_of_the_loop_without_an_exception(loop: asyncio.AbstractEventLoop, log: Kept) -> None:
    loop.call_exception_handler({"message": "Task was destroyed but it is pending!", "task": "s3cret"})
    assert [(line["event"], line["detail"]) for line in log.lines if line["level"] == "error"] == [
        ("loop_error", "Task was destroyed but it is pending!")
    ]


def test_a_thread_that_ends_with_an_exception(log: Kept) -> None:
    thread = threading.Thread(target=fail, name="worker")
    thread.start()
    thread.join(20)
    line = the_error(log)
    assert (line["event"], line["thread"]) == ("thread_crashed", "worker")


def test_a_thread_that_ends_itself_is_no_error(log: Kept) -> None:
    thread = threading.Thread(target=sys.exit)
    thread.start()
    thread.join(20)
    assert log.lines == []


def test_an_exception_that_ends_the_process(log: Kept) -> None:
    try:
        fail()
    except ValueError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    assert the_error(log)["event"] == "crashed"


def test_ctrl_c_is_no_crash(log: Kept) -> None:
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert log.lines == []


def test_an_exception_that_nobody_can_be_told(log: Kept) -> None:
    class Broken:
        __del__ = fail

    Broken()
    gc.collect()
    assert the_error(log)["event"] == "unraisable_error"


def test_what_a_library_logs(log: Kept) -> None:
    library = logging.getLogger("a.library")
    try:
        fail()
    except ValueError:
        library.exception("call %s", "with s3cret")
    library.debug("details")
    error, detail = log.lines
    assert (error["level"], error["event"], error["logger"], error["detail"]) == (
        "error", "library", "a.library", "call with ***",
    )  # fmt: skip
    assert error["traceback"].endswith("ValueError: what the provider sent: ***\n")
    assert error["where"].startswith("test_strays:")
    assert (detail["level"], detail["detail"]) == ("debug", "details")


@pytest.mark.parametrize(
    ("number", "level"),
    [(50, "error"), (40, "error"), (30, "warning"), (25, "info"), (20, "info"), (10, "debug"), (1, "debug")],
)
def test_levels_of_libraries(log: Kept, number: int, level: str) -> None:
    record = logging.LogRecord("x", number, "x.py", 3, "text", None, None)
    logging.getLogger().handle(record)
    assert [line["level"] for line in log.lines] == [level]


def test_arguments_that_do_not_fit_the_text(log: Kept) -> None:
    logging.getLogger("x").error("%d pieces", "s3cret")
    assert log.lines[0]["detail"] == "%d pieces"


def test_a_warning(log: Kept) -> None:
    warnings.simplefilter("always")
    warnings.warn("old: s3cret", DeprecationWarning, stacklevel=1)
    (line,) = log.lines
    assert (line["level"], line["event"], line["logger"]) == ("warning", "library", "DeprecationWarning")
    assert line["detail"] == "old: ***"
    assert line["where"].startswith(__file__)


def test_everything_is_put_back(loop: asyncio.AbstractEventLoop) -> None:
    def state() -> tuple[object, ...]:
        root = logging.getLogger()
        hooks = (sys.excepthook, sys.unraisablehook, threading.excepthook, warnings.showwarning)
        return (*hooks, root.handlers, root.level, logging.raiseExceptions, loop.get_exception_handler())

    before = state()
    undo = catch(Kept("info"), loop, str)
    assert all(was is not now for was, now in zip(before[:5], state()[:5], strict=True))
    undo()
    assert state() == before
