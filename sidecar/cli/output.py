"""What the commands share: the ``-c`` option, errors in three parts, the report of a configuration.

An error says what went wrong, where, and what to do; it goes to standard error.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from sidecar.config.load import Loaded
    from sidecar.config.problem import ConfigErrors, Problem

F = TypeVar("F", bound=Callable[..., Any])

BAD_CONFIG = 2
"""Exit code of a command that cannot start for its configuration (``check`` alone answers 1)."""


def config_option(function: F) -> F:
    """``-c FILE``, then ``$SIDECAR_CONFIG``, then ``./sidecar.yaml``."""
    option = click.option(
        "-c",
        "--config",
        "config",
        metavar="FILE",
        envvar="SIDECAR_CONFIG",
        default="sidecar.yaml",
        show_default=True,
        show_envvar=True,
        type=click.Path(path_type=Path),
        help="The configuration.",
    )
    return option(function)


def fail(what: str, where: str, todo: str, code: int = 1) -> NoReturn:
    """End the command with an error in three parts."""
    click.echo(f"{click.style('error:', fg='red', bold=True)} {what}", err=True)
    click.echo(f"where: {where}", err=True)
    click.echo(f"do:    {todo}", err=True)
    raise SystemExit(code)


def load_or_fail(path: Path, code: int = BAD_CONFIG) -> "Loaded":
    """The configuration; without a usable one, its report on standard error and the end of the command."""
    import os  # noqa: PLC0415 - read here, so that --help loads no more than it shows

    from sidecar.config.load import load  # noqa: PLC0415 - loads pydantic
    from sidecar.config.problem import ConfigErrors  # noqa: PLC0415

    try:
        return load(path, os.environ)
    except ConfigErrors as errors:
        fail_config(errors, path, code)


def fail_config(errors: "ConfigErrors", path: Path, code: int = BAD_CONFIG) -> NoReturn:
    """End the command with the report of a configuration that cannot be used."""
    first = errors.problems[0]
    if not first.line:
        fail(f"no configuration: {first.message}", str(path), first.hint, code)
    for problem in errors.problems:
        click.echo(shown(problem), err=True)
    click.echo(err=True)
    fail(f"{counted(len(errors.problems), 'mistake')} in the configuration", str(path), "correct them", code)


def shown(problem: "Problem") -> str:
    """One problem with colours; click takes them out where there is no terminal."""
    head, *source = problem.render().split("\n")
    colour = "yellow" if problem.severity == "warning" else "red"
    lines = [click.style(head, bold=True), *source[:1], *(click.style(caret, fg=colour) for caret in source[1:])]
    return "\n".join(lines)


def counted(number: int, noun: str) -> str:
    """``1 mistake``, ``2 mistakes``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
