"""The demo as plain lines: for pipes, logs, ``NO_COLOR`` and terminals that can do no more."""

import click

from sidecar.demo.client import Seen
from sidecar.demo.show import State
from sidecar.demo.story import STORY, curls
from sidecar.demo.words import (
    ABOUT,
    BESIDE,
    NEXT,
    POLICY_ROWS,
    TITLE,
    app_time,
    call_line,
    code_parts,
    gauge_lines,
    log_line,
    own_time,
    share,
)


class PlainView:
    """One line a second, and one for each kind of failure when it first happens in a scene."""

    every = 1.0

    def __init__(self) -> None:
        self._told: set[tuple[str, str]] = set()

    def opening(self) -> None:
        """Say what this is; nothing runs yet."""
        click.echo(f"{TITLE}: {ABOUT}")

    def opened(self, state: State) -> None:
        """Addresses, and what to try."""
        click.echo(f"app -> {state.base} (the sidecar) -> http://127.0.0.1:{state.provider_port} (the provider)")
        click.echo("\nTry it in another terminal, while this runs:")
        for command, about in curls(state.base):
            click.echo(f"  {command:<47} # {about}")

    def scene(self, state: State) -> None:
        """What happens now, and what the sidecar does about it."""
        self._told.clear()
        scene = state.now_playing
        click.echo(f"\n{state.scene + 1}/{len(STORY)} {scene.name}: {scene.happens}")
        click.echo(f"    {scene.does}")

    def seen(self, state: State, seen: Seen) -> None:
        """The first failure of its kind."""
        kind = (seen.outcome, seen.code)
        if seen.outcome != "success" and kind not in self._told:
            self._told.add(kind)
            click.echo(f"{state.elapsed:6.1f} s  {call_line(seen)}")

    def draw(self, state: State) -> None:
        """One line of numbers."""
        tally = state.tally
        if not tally.calls:
            return
        counts = ", ".join(f"{outcome} {count}" for outcome, count in tally.ranking())
        extra = "".join(f"; {name}: {value}" for name, value in gauge_lines(state) if name in POLICY_ROWS)
        click.echo(f"{state.elapsed:6.1f} s  {tally.calls} calls: {counts}; {app_time(tally, recent=True)}{extra}")

    def closing(self, state: State) -> None:
        """The sidecar finishes what is in flight."""

    def closed(self, state: State) -> None:
        """The summary."""
        tally = state.tally
        click.echo(f"\nThat was it: {tally.calls} calls in {state.elapsed:.0f} s.")
        for outcome, count in tally.ranking():
            click.echo(f"  {outcome:<14} {count:>5}  {share(count, tally.calls):>5}")
        if tally.codes:
            click.echo(f"  made by the sidecar: {', '.join(' '.join(part) for part in code_parts(state))}")
        click.echo(f"  the app waited: {app_time(tally)}")
        click.echo(f"  the sidecar's own time per call: {own_time(state)}")
        for name, value in gauge_lines(state):
            if name != BESIDE:
                click.echo(f"  {name}: {value}")
        click.echo(f"  its access log: {log_line(state)}")
        click.echo("\nNow with a real provider:")
        for line in NEXT:
            click.echo(f"  {line}")

    def restore(self) -> None:
        """Nothing to restore."""
