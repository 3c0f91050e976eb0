"""Choose the view and run the demo."""

import asyncio
import importlib.util

from sidecar.core.env import Env
from sidecar.demo.plain import PlainView
from sidecar.demo.show import Show, View
from sidecar.demo.stage import CannotStart, Stage


def perform(seconds: float | None, port: int | None, *, colours: bool) -> None:
    """Run the demo to its end. ``colours``: the terminal can show the live view, if rich is installed.

    Raises:
        CannotStart: the processes did not start, or the sidecar has gone meanwhile.
    """
    env = Env()
    show = Show(env, Stage(env, port), _view(colours=colours), seconds)
    try:
        asyncio.run(show.run())
    except BrokenPipeError:
        raise  # whoever read the output has gone: click ends the command without a word
    except (OSError, TimeoutError) as error:
        raise CannotStart(f"the demo broke off: {error or type(error).__name__}") from error


def _view(*, colours: bool) -> View:
    if colours and importlib.util.find_spec("rich") is not None:
        from sidecar.demo.live import LiveView  # noqa: PLC0415 - rich is an extra

        return LiveView()
    return PlainView()
