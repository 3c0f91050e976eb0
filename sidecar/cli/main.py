"""The ``sidecar`` command: a list of sub-commands that are imported only when called.

``run`` never loads what only ``demo`` needs, and ``--help`` loads neither pydantic nor uvloop.
"""

import importlib
import os

import click

from sidecar import __version__

COMMANDS = {
    "run": "Serve the configuration until told to stop.",
    "check": "Report every mistake in the configuration at once.",
    "explain": "Show where a call goes and which settings hold for it.",
    "schema": "Print the JSON Schema of the configuration, for editors.",
    "redact": "Show what a body would look like in the log.",
    "demo": "See it work: a flaky provider, a sidecar, and traffic.",
    "support": "Show everything known of a failed call, redacted, to send to the provider.",
    "shutdown": "Ask a running sidecar to finish its calls and end.",
}
"""Name -> summary; each lives in ``sidecar/cli/<name>.py`` as a click command called ``command``."""


class Lazy(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The names, in the order of a first visit."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"sidecar.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command; an unknown one is answered with the nearest name."""
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib  # noqa: PLC0415 - only a typing error needs it

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else " See 'sidecar --help'."
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, from their summaries alone."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


EPILOG = """\b
Examples:
  sidecar demo                              watch it at work, offline
  sidecar check -c sidecar.yaml             before every deployment
  sidecar run -c sidecar.yaml
  sidecar explain POST /stripe/v1/charges
"""


@click.command(cls=Lazy, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sidecar", message="%(prog)s %(version)s")
@click.pass_context
def main(ctx: click.Context) -> None:
    """A local resilience proxy for calls to third-party APIs.

    Point the base URL of an API client at http://127.0.0.1:8080/<provider>, and its calls get timeouts, tracking
    ids, pooled connections, logs and metrics.
    """
    if os.environ.get("NO_COLOR"):  # https://no-color.org
        ctx.color = False


if __name__ == "__main__":
    main(prog_name="sidecar")
