"""``sidecar shutdown``: ask a running sidecar to finish its calls and end.

For Jobs on clusters without native sidecar containers: the app calls it as its last step, so that the pod can end.
"""

import json
from pathlib import Path

import click

from sidecar.cli.admin_client import address_of, admin_options, ask, refused

EPILOG = """\b
Examples:
  sidecar shutdown
  sidecar shutdown --admin http://127.0.0.1:9091
  sidecar shutdown --admin unix:/run/sidecar/admin.sock
  sidecar shutdown -c sidecar.yaml          where its admin.listen is
"""


@click.command(epilog=EPILOG)
@admin_options
@click.option("-o", "--output", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(admin: str | None, config: Path | None, output: str) -> None:
    """Ask a running sidecar to finish its calls and end.

    Ends with 0 as soon as the sidecar has agreed; it then drains for drain.timeout at most.
    """
    address = address_of(admin, config)
    answer = ask(address, "POST", "/shutdown")
    if answer.status != 202:
        refused(address, answer, "run it on the sidecar's machine (or in its pod), or send SIGTERM")
    if output == "json":
        click.echo(json.dumps({"admin": str(address), "result": "draining"}))
    else:
        click.echo(f"the sidecar at {address} is draining and will end")
