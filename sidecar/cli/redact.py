"""``sidecar redact``: what a body would look like in the log. For trying rules, and for audits of one's own data."""

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import click
import orjson

from sidecar.cli.output import BAD_CONFIG, fail, load_or_fail

if TYPE_CHECKING:
    from sidecar.redaction.found import Found
    from sidecar.redaction.redactor import Redactor

EPILOG = """\b
Examples:
  sidecar redact response.json
  curl -s https://api.example.com/me | sidecar redact --explain
  sidecar redact --content-type application/x-www-form-urlencoded < form.txt
  sidecar redact --lines < bodies.txt       each line a JSON string: "{\\"email\\":\\"a@b.example\\"}"
  sidecar redact -c sidecar.yaml --provider payments response.json

\b
Exit code: 0 redacted, 1 something could not be read or redacted (it is left out, never shown as it is),
2 the configuration cannot be used.
"""


@click.command(epilog=EPILOG)
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--content-type", metavar="T", default="", help="What the body is; found out by a look at it otherwise.")
@click.option("--content-encoding", metavar="E", default="", help="How it is compressed: gzip, deflate, br, zstd.")
@click.option("--lines", is_flag=True, help="Each input line is a JSON string that holds a body; each output line too.")
@click.option("--explain", is_flag=True, help="Tell on standard error what was found: kind, place, rule, no value.")
@click.option("-c", "--config", metavar="FILE", type=click.Path(path_type=Path), help="Use the rules of this file.")
@click.option("--provider", metavar="NAME", help="The provider whose rules hold; with -c.")
@click.option("--route", metavar="NAME", help="The route of the provider; with -c.")
def command(
    file: Path | None,
    content_type: str,
    content_encoding: str,
    lines: bool,  # noqa: FBT001 - click's calling convention
    explain: bool,  # noqa: FBT001
    config: Path | None,
    provider: str | None,
    route: str | None,
) -> None:
    """Write the redacted form of a body (FILE, or standard input) to standard output.

    By the rules that hold where nothing is configured, or by those of a configuration.
    """
    redactor = _redactor(config, provider, route)
    with _opened(file) as source:
        if lines:
            failed = _lines(source, redactor, (content_type, content_encoding), explain=explain)
        else:
            failed = _whole(source.read(), redactor, (content_type, content_encoding), explain=explain)
    if failed:
        where = str(file) if file is not None else "standard input"
        what = f"{failed} {'body' if failed == 1 else 'bodies'} could not be redacted, and left out"
        fail(what, where, "with --lines, each line must be one JSON string; else look at the body's content type")


def _opened(file: Path | None) -> BinaryIO:
    """The file, or standard input, which stays open."""
    try:
        return cast("BinaryIO", click.open_file(str(file or "-"), "rb"))
    except OSError as error:
        fail(f"cannot read the file: {error.strerror}", str(file), "check the name, or use standard input")


def _redactor(config: Path | None, provider: str | None, route: str | None) -> "Redactor":
    from sidecar.redaction.redactor import DEFAULT, Redactor  # noqa: PLC0415 - --help needs no engine

    if config is None:
        if provider or route:
            option = "--provider" if provider else "--route"
            fail("rules of a provider need its configuration", option, "name the file: -c sidecar.yaml", BAD_CONFIG)
        return DEFAULT
    from sidecar.policies.redaction import Redaction  # noqa: PLC0415 - loads pydantic

    loaded = load_or_fail(config, BAD_CONFIG)
    name = provider or next(iter(loaded.config.providers))
    known = loaded.config.providers.get(name)
    if known is None or (not provider and len(loaded.config.providers) > 1):
        fail("whose rules?", str(config), f"name one with --provider: {', '.join(loaded.config.providers)}", BAD_CONFIG)
    if route is not None and route not in {one.name for one in known.routes}:
        names = ", ".join(one.name for one in known.routes) or "it has none"
        fail(f"provider '{name}' has no route '{route}'", str(config), f"its routes: {names}", BAD_CONFIG)
    settings = loaded.settings_for(name, route).get("redaction")
    return Redactor(settings.rules()) if isinstance(settings, Redaction) else DEFAULT


def _whole(data: bytes, redactor: "Redactor", types: tuple[str, str], *, explain: bool) -> int:
    """One body; the number of failures."""
    found = _found(explain=explain)
    shown = redactor.body(data, found, *types)
    _write([shown.encode("utf-8", "replace"), b"\n" if sys.stdout.isatty() and not shown.endswith("\n") else b""])
    _tell(found, "")
    return found.failures


def _lines(source: BinaryIO, redactor: "Redactor", types: tuple[str, str], *, explain: bool) -> int:
    """Many bodies; as many lines come out as went in, whatever is wrong with one. The number of failures."""
    failures = 0
    for number, line in enumerate(source, 1):
        found = _found(explain=explain)
        try:
            body = json.loads(line)  # half a surrogate pair is JSON as well, which orjson refuses
        except (ValueError, RecursionError):
            body = None
        if isinstance(body, str):
            shown = redactor.body(body.encode("utf-8", "surrogatepass"), found, *types)
        else:
            click.echo(f"line {number}: not a JSON string, left out", err=True)
            found.failures += 1
            shown = orjson.dumps({"redaction": "failed", "bytes": len(line)}).decode()
        _write([orjson.dumps(shown), b"\n"])
        _tell(found, f"line {number}: ")
        failures += found.failures
    return failures


def _found(*, explain: bool) -> "Found":
    from sidecar.redaction.found import Found  # noqa: PLC0415 - --help needs no engine

    return Found(explain=explain)


def _write(parts: Iterable[bytes]) -> None:
    try:
        for part in parts:
            sys.stdout.buffer.write(part)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # ``| head``: the reader has seen enough. What is left in the buffer would be written at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None


def _tell(found: "Found", before: str) -> None:
    for one in found.places or ():
        # Names come from the body, and may hold what a terminal would obey.
        place = "".join([char if char.isprintable() else repr(char)[1:-1] for char in one.place])
        click.echo(f"{before}{one.kind}  {place}  ({one.rule})", err=True)
