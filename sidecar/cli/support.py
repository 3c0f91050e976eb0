"""``sidecar support``: everything that a running sidecar knows of a call that failed, to be sent to the provider."""

import json
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import click

from sidecar.cli.admin_client import address_of, admin_options, ask, refused
from sidecar.cli.output import fail

_LONGEST = 512 * 1024 * 1024
"""Bytes of an answer: twice the largest ``support.bytes``."""

EPILOG = """\b
Examples:
  sidecar support signup-4712               as Markdown, ready to be mailed
  sidecar support req_1a2b3c -o json        by the provider's own id
  sidecar support signup-4712 --admin unix:/run/sidecar/admin.sock

\b
Exit code: 0 found, 1 unknown, or there is no sidecar to ask.
"""


@click.command(epilog=EPILOG)
@click.argument("request_id")
@admin_options
@click.option(
    "-o", "--output", type=click.Choice(["markdown", "json"]), default="markdown", show_default=True, help="The form."
)
def command(request_id: str, admin: str | None, config: Path | None, output: str) -> None:
    """Show everything known of a failed call, redacted, to send to the provider.

    REQUEST_ID is the call's (Trackingid, Sidecar-Request-Id), its trace id, or the id that the provider gave it. An id
    that several calls have shows all of them, the newest first.
    """
    address = address_of(admin, config)
    answer = ask(address, "GET", f"/calls/{quote(request_id, safe='')}?format={output}", _LONGEST)
    if answer.status == 404 and answer.member("code") == "unknown_call":
        _unknown(str(address), request_id, answer.member("kept"))
    if answer.status != 200:
        refused(address, answer, "run it on the sidecar's machine (or in its pod)")
    text = answer.body.decode("utf-8", "replace")
    click.echo(json.dumps(json.loads(text), indent=2, ensure_ascii=False) if output == "json" else text.rstrip("\n"))


def _unknown(where: str, request_id: str, kept: object) -> NoReturn:
    todo = (
        f"look for it in the log; here are only the last calls that failed ({kept} now), none from before the sidecar "
        "started; support.calls and support.bytes say how many are kept"
    )
    fail(f"no failed call with the id '{request_id}' is known", where, todo)
