"""``sidecar explain``: where a call goes, which settings hold for it, and where each was said."""

import json
from pathlib import Path

import click

from sidecar.cli.output import BAD_CONFIG, config_option, fail, load_or_fail
from sidecar.config.effective import Effective, effective
from sidecar.config.load import Loaded
from sidecar.config.lookup import Found, NotFound, find

EPILOG = """\b
Examples:
  sidecar explain POST /stripe/v1/charges
  sidecar explain GET http://127.0.0.1:8080/stripe/v1/charges/ch_1
  sidecar explain GET https://api.stripe.com/v1/charges/ch_1 -o json

\b
Exit code: 0 found, 1 no provider takes the call, 2 the configuration cannot be used.
"""


@click.command(epilog=EPILOG)
@click.argument("method")
@click.argument("url_or_path")
@config_option
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print.",
)
def command(method: str, url_or_path: str, config: Path, form: str) -> None:
    """Show where a call goes and which settings hold for it.

    URL_OR_PATH is a path with its prefix, a URL of the sidecar, or the provider's own URL. Nothing is sent.
    """
    method = method.upper()
    loaded = load_or_fail(config, BAD_CONFIG)
    try:
        found = find(loaded, method, url_or_path)
    except NotFound as error:
        fail(error.what, str(config), error.todo)
    rows = effective(loaded, found.provider, found.route)
    if form == "json":
        click.echo(json.dumps(_data(method, found, rows), indent=2, ensure_ascii=False))
    else:
        click.echo(_text(method, loaded, found, rows))


def _data(method: str, found: Found, rows: list[Effective]) -> dict[str, object]:
    return {
        "method": method,
        "provider": found.provider,
        "route": found.route,
        "found_by": found.how,
        "url": found.url,
        "settings": {row.name: row.as_data() for row in rows},
    }


def _text(method: str, loaded: Loaded, found: Found, rows: list[Effective]) -> str:
    provider = loaded.config.providers[found.provider]
    if found.route is None:
        route = "none of the provider's routes matches" if provider.routes else "the provider has no routes"
        route = f"default ({route})"
    else:
        match = provider.routes[found.index].match
        route = f"{found.route} (matches {' '.join(match.methods or ['any method'])} {match.path or 'any path'})"
    lines = [
        f"provider  {click.style(found.provider, bold=True)} (by {found.how})",
        f"route     {route}",
        f"goes to   {method} {click.style(found.url, bold=True)}",
        "",
    ]
    names = max(len(row.name) for row in rows)
    values = min(48, max(len(row.value) for row in rows))
    for row in rows:
        where = f"{row.level}, {row.where}" if row.where else row.level
        line = f"{row.name:<{names}}  {row.value:<{values}}  {where}"
        lines.append(click.style(line, dim=True) if row.level == "default" else line)
    return "\n".join(lines)
