"""``sidecar check``: every mistake of a configuration at once, and what looks like one."""

import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

from sidecar.cli.output import config_option, counted, fail, shown
from sidecar.config.load import Loaded, load
from sidecar.config.problem import ConfigErrors, Problem

EPILOG = """\b
Examples:
  sidecar check -c sidecar.yaml
  sidecar check --strict --format github    in a pipeline: marks the lines in the pull request

\b
Exit code: 0 fine, 1 mistakes (with --strict: or warnings).
"""


@click.command(epilog=EPILOG)
@config_option
@click.option("--strict", is_flag=True, help="Warnings count as mistakes.")
@click.option(
    "-o",
    "--format",
    "form",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="text for people, json for programs, github for annotations of a workflow.",
)
def command(config: Path, form: str, *, strict: bool) -> None:
    """Report every mistake in the configuration at once.

    Nothing is started and no provider is called. Values that come from files are read, and never shown.
    """
    loaded: Loaded | None = None
    problems: Sequence[Problem]
    try:
        loaded = load(config, os.environ)
        problems = loaded.warnings
    except ConfigErrors as errors:
        problems = errors.problems
    if form == "json":
        click.echo(json.dumps({"ok": loaded is not None, "problems": [one.as_data() for one in problems]}, indent=2))
    elif form == "github":
        for problem in problems:
            click.echo(problem.as_github())
    else:
        _text(config, loaded, problems)
    raise SystemExit(1 if loaded is None or (strict and problems) else 0)


def _text(config: Path, loaded: Loaded | None, problems: Sequence[Problem]) -> None:
    if problems and not problems[0].line:
        fail(f"no configuration: {problems[0].message}", str(config), problems[0].hint)
    for problem in problems:
        click.echo(shown(problem))
    if problems:
        click.echo()
    if loaded is None:
        click.echo(f"{config}: {click.style(counted(len(problems), 'mistake'), fg='red', bold=True)}")
        return
    providers = loaded.config.providers.values()
    routes = sum(len(provider.routes) for provider in providers)
    what = f"{counted(len(providers), 'provider')}, {counted(routes, 'route')}"
    warnings = f", {counted(len(problems), 'warning')}" if problems else ""
    click.echo(f"{config}: {click.style('ok', fg='green', bold=True)} - {what}{warnings}")
