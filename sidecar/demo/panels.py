"""The parts of the live screen, each made for the width it is given."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from sidecar.demo.client import Seen
from sidecar.demo.show import State
from sidecar.demo.story import STORY, curls
from sidecar.demo.words import TITLE, app_time, code_parts, gauge_lines, milliseconds, share

COLOURS = {
    "success": "green",
    "client_error": "yellow",
    "throttled": "magenta",
    "server_error": "red",
    "timeout": "dark_orange",
    "network_error": "red",
    "refused": "blue",
    "canceled": "dim",
}
_SCENES = {
    "calm": "green", "slow": "dark_orange", "broken": "red", "throttled": "magenta", "outage": "red",
    "recovered": "green",
}  # fmt: skip
_WIDE = 100
"""Columns from which the two blocks of numbers stand side by side."""
DIM = "dim"


def head(state: State, width: int) -> RenderableType:
    """Title and addresses."""
    where = f"app → {state.base} → provider :{state.provider_port}"
    line = Text.assemble((f" {TITLE} ", "bold reverse"))
    rest = width - len(line) - 1
    if len(where) > rest:
        where = state.base
    line.append(" " + where[:rest].rjust(rest), style=DIM)
    return line


def track(state: State, width: int) -> list[RenderableType]:
    """Which scene is playing, and how long."""
    line = Text(" ")
    for number, scene in enumerate(STORY):
        if number:
            line.append(" ─ " if width >= 70 else "─", style=DIM)
        style = f"bold reverse {_SCENES[scene.name]}" if number == state.scene else DIM
        line.append(f" {scene.name} " if number == state.scene else scene.name, style=style)
    return [line, _progress(state, width)]


def sentences(state: State) -> list[RenderableType]:
    """What happens, and what the sidecar does."""
    scene = state.now_playing
    colour = _SCENES[scene.name]
    return [
        Text.assemble((" ● ", colour), (scene.happens, f"bold {colour}")),
        Text.assemble((" → ", "cyan"), scene.does),
    ]


def _progress(state: State, width: int) -> RenderableType:
    if state.seconds is not None:
        share_done, label = state.elapsed / state.seconds, f"{state.elapsed:.0f} of {state.seconds:.0f} s"
    else:
        share_done, label = state.scene_share, f"{state.elapsed:.0f} s, Ctrl-C ends it"
    grid = Table.grid(padding=0)
    grid.add_column(width=1)
    grid.add_column(width=width - len(label) - 4)
    grid.add_column()
    bar = ProgressBar(1.0, min(1.0, share_done), complete_style="cyan", finished_style="cyan")
    grid.add_row("", bar, Text(f"  {label}", style=DIM))
    return grid


def numbers(state: State, width: int) -> list[RenderableType]:
    """What the app sees, and what the sidecar tells of itself."""
    tally = state.tally
    rows = [("calls", str(tally.calls)), ("the app waits", app_time(tally, recent=True)), *gauge_lines(state)]
    if width < _WIDE:
        own: list[RenderableType] = [own_answers(state, width)] if tally.codes else []
        return [outcomes(state, width), *own, pairs(rows)]
    left = max(42, width // 2 - 8)
    grid = Table.grid(padding=0)
    for columns in (left, 3, width - left - 4):
        grid.add_column(width=columns)
    grid.add_row(Group(outcomes(state, left), own_answers(state, 0)), "", pairs(rows))
    return [grid]


def outcomes(state: State, width: int) -> RenderableType:
    """A bar for each outcome."""
    tally = state.tally
    grid = Table.grid(padding=(0, 1))
    room = max(8, width - 30)
    for outcome, count in tally.ranking():
        bar = "█" * max(1 if count else 0, round(room * count / max(1, tally.calls)))
        colour = COLOURS.get(outcome, "white")
        grid.add_row(
            Text(f" {outcome:<13}", style=colour),
            Text(f"{count:>6}"),
            Text(f"{share(count, tally.calls):>5}", style=DIM),
            Text(bar, style=colour),
        )
    return grid


def own_answers(state: State, width: int) -> Text:
    """What the sidecar answered itself, and what it cut off because the provider did; lines break between codes.

    ``width`` 0: each has a line of its own.
    """
    text = Text()
    column = 0
    for status, code, count in code_parts(state):
        size = len(f" {status} {code} {count},")
        if column:
            fits = column + size <= width
            text.append("," if fits else "\n")
            column = column if fits else 0
        column += size
        text.append(f" {status} ", style="red")
        text.append(code)
        text.append(f" {count}", style=DIM)
    return text


def pairs(rows: Iterable[tuple[str, str]]) -> Table:
    """Names and values."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(style=DIM, no_wrap=True)
    grid.add_column()
    for name, value in rows:
        grid.add_row(f" {name}", value)
    return grid


def strip(state: State, width: int) -> Text:
    """Every call one block, the newest at the right."""
    text = Text(" ")
    for outcome in list(state.tally.strip)[-(width - 2) :]:
        text.append("▪", style=COLOURS.get(outcome, "white"))
    return text


def calls(state: State, width: int, rows: int) -> list[RenderableType]:
    """The last calls between two empty lines, as many as there is room for; the newest at the bottom."""
    if rows < 3:
        return [Text()] * max(0, rows)
    shown = list(state.tally.last)[-(rows - 2) :]
    empty = rows - 1 - len(shown)
    return [Text(), *(_call(seen, width) for seen in shown), *([Text()] * empty)]


def _call(seen: Seen, width: int) -> Text:
    colour = COLOURS.get(seen.outcome, "white")
    line = Text(" ", no_wrap=True, overflow="ellipsis")
    line.append(f"{seen.method:<4} ", style=DIM)
    line.append(f"{seen.path:<22} ")
    line.append(f"{seen.status} ", style=f"bold {colour}")
    what = seen.code or seen.outcome
    line.append(f"{what:<20}" if width >= 70 else f"{what[:14]:<15}", style=colour)
    line.append(f"{milliseconds(seen.ms):>8}")
    if width >= 80:
        line.append(f"  sent={seen.sent:<8}" if seen.sent and seen.outcome != "success" else " " * 15, style=colour)
    if width >= 100:
        line.append(f" x{seen.attempts}", style=DIM)
        line.append(f"  {seen.request_id[: width - 90]}", style=DIM)
    return line


def commands(state: State, width: int) -> list[RenderableType]:
    """The three commands, at the bottom of the screen."""
    lines: list[RenderableType] = [Text(" Try it in another terminal:", style="bold")]
    for command, about in curls(state.base):
        line = Text(" ", no_wrap=True, overflow="ellipsis")
        line.append(f"{command:<46}", style="cyan")
        if width >= 90:
            line.append(f"  {about}", style=DIM)
        lines.append(line)
    return lines
