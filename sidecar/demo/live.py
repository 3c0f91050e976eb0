"""The demo in a terminal: one screen, drawn anew eight times a second, in the size the terminal has just then."""

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.text import Text

from sidecar.demo.client import Seen
from sidecar.demo.panels import (
    DIM,
    calls,
    commands,
    head,
    numbers,
    outcomes,
    own_answers,
    pairs,
    sentences,
    strip,
    track,
)
from sidecar.demo.show import State
from sidecar.demo.words import ABOUT, BESIDE, NEXT, TITLE, app_time, gauge_lines, log_line, own_time

_WIDEST = 140
_SHORT = 30
"""Rows below which the empty lines go."""


class LiveView:
    """The alternate screen while it runs, so that nothing scrolls away and a resize leaves no traces."""

    every = 0.125

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._live: Live | None = None

    def opening(self) -> None:
        """Say what this is; nothing runs yet."""
        self._console.print(Text.assemble((TITLE, "bold"), f"  {ABOUT}"))
        self._console.print(Text("starting the provider and the sidecar ...", style=DIM))

    def opened(self, state: State) -> None:
        """Go to the other screen."""
        self._live = Live(
            self._screen(state), console=self._console, screen=True, auto_refresh=False, vertical_overflow="crop"
        )
        self._live.start()

    def scene(self, state: State) -> None:
        """Show it at once."""
        self.draw(state)

    def seen(self, state: State, seen: Seen) -> None:
        """The next drawing shows it."""

    def draw(self, state: State) -> None:
        """Draw everything."""
        if self._live is not None:
            self._live.update(self._screen(state), refresh=True)

    def closing(self, state: State) -> None:
        """Back to the normal screen."""
        del state
        self.restore()

    def closed(self, state: State) -> None:
        """The summary, on the normal screen."""
        width = min(self._console.width, _WIDEST)
        tally = state.tally
        rows = [
            ("the app waited", app_time(state.tally)),
            ("the sidecar's own time", own_time(state)),
            *[row for row in gauge_lines(state) if row[0] != BESIDE],
            ("its access log", log_line(state)),
        ]
        out = self._console
        out.print(Text.assemble(("That was it: ", "bold"), f"{tally.calls} calls in {state.elapsed:.0f} s."))
        out.print(outcomes(state, min(width, 80)))
        if tally.codes:
            out.print(own_answers(state, min(width, 80)))
        out.print(Text(), pairs(rows), Text(), Text("Now with a real provider:", style="bold"), sep="\n")
        for line in NEXT:
            # Wrapped by the terminal, not by us: so it can be copied whole.
            out.print(Text(f"  {line}", style="cyan"), soft_wrap=True)

    def restore(self) -> None:
        """Leave the other screen."""
        if self._live is not None:
            live, self._live = self._live, None
            live.stop()

    def _screen(self, state: State) -> RenderableType:
        width, height = min(self._console.width, _WIDEST), self._console.height
        gap: list[RenderableType] = [] if height < _SHORT else [Text()]
        body = [head(state, width), *gap, *track(state, width), *gap, *sentences(state), *gap]
        body += [*numbers(state, width), *gap, strip(state, width)]
        foot = commands(state, width)
        options = self._console.options.update(width=width)
        used = sum(len(self._console.render_lines(part, options)) for part in [*body, *foot])
        return Group(*body, *calls(state, width, height - used), *foot)
