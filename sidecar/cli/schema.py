"""``sidecar schema``: the JSON Schema of the configuration."""

import json

import click

from sidecar.config.schema import json_schema

EPILOG = """\b
Example:
  sidecar schema > sidecar.schema.json

\b
Then, as the first line of the configuration, for completion and checks while typing:
  # yaml-language-server: $schema=./sidecar.schema.json
"""


@click.command(epilog=EPILOG)
def command() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
