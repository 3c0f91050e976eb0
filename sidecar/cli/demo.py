"""``sidecar demo``: a flaky provider, a sidecar in front of it, and traffic to watch."""

import os
import sys

import click

from sidecar.cli.output import BAD_CONFIG, fail

EPILOG = """\b
Examples:
  sidecar demo                  watch until Ctrl-C
  sidecar demo --seconds 30     ends by itself
  sidecar demo | cat            plain lines

\b
It works offline and leaves nothing behind. Colours need the extra: pip install 'resilience-sidecar[cli]'
Exit code: 0; 1 when it cannot run, 2 when the --port asked for is taken.
"""

WITHOUT_TERMINAL = 20.0
"""Seconds of a demo that nobody can end with Ctrl-C."""


@click.command(epilog=EPILOG)
@click.option("--seconds", type=click.FloatRange(min=1), help="End after that time.  [default: until Ctrl-C]")
@click.option("--port", type=click.IntRange(1, 65535), help="The sidecar's port.  [default: 8080, or any free one]")
def command(seconds: float | None, port: int | None) -> None:
    """See it work: a flaky provider, a sidecar, and traffic.

    Six scenes: the provider is calm, slow, breaks connections, throttles, disappears, and recovers. What an app sees
    of that is shown live, and there are three curl commands to try meanwhile.
    """
    terminal = sys.stdout.isatty()
    if seconds is None and not terminal:
        seconds = WITHOUT_TERMINAL
    from sidecar.demo.perform import perform  # noqa: PLC0415 - --help needs none of it
    from sidecar.demo.stage import CannotStart, PortTaken  # noqa: PLC0415

    try:
        perform(seconds, port, colours=terminal and _colours())
    except PortTaken as error:
        fail(str(error), "--port", "give another one, or leave it out and any free one is taken", BAD_CONFIG)
    except CannotStart as error:
        fail(str(error), "sidecar demo", "see what it says above; the demo needs free ports on 127.0.0.1")


def _colours() -> bool:
    """Whether the terminal is wanted, and able, to show more than lines (https://no-color.org)."""
    encoding = (sys.stdout.encoding or "").lower().replace("-", "")
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb" and encoding == "utf8"
