"""``sidecar run``: serve the configuration until a signal ends it."""

import gc
import os
import sys
from pathlib import Path

import click
import uvloop

from sidecar.admin.kill_file import SwitchesUnreadable
from sidecar.cli.output import BAD_CONFIG, config_option, fail, load_or_fail
from sidecar.config.load import load
from sidecar.http.listener import CannotListen
from sidecar.redaction.redactor import DEFAULT
from sidecar.runtime import serve

EPILOG = """\b
Examples:
  sidecar run -c sidecar.yaml
  SIDECAR_CONFIG=/etc/sidecar/sidecar.yaml sidecar run

\b
Signals: SIGTERM drains and ends, a second one ends at once; SIGHUP reads the configuration again and opens log files
anew.
Exit code: 0 after a clean drain, 2 bad configuration or a listener that cannot be opened.
"""


@click.command(epilog=EPILOG)
@config_option
@click.option("--demo-provider", is_flag=True, help="Start the demo provider beside it, on 127.0.0.1:8099.")
def command(config: Path, *, demo_provider: bool) -> None:
    """Serve: carry the app's calls to the configured providers."""
    environ = dict(os.environ)
    _fill_standard_files()
    loaded = load_or_fail(config, BAD_CONFIG)
    for warning in loaded.warnings:
        click.echo(warning.render(), err=True)
    beside = None
    if demo_provider:
        from sidecar.demo.beside import start_beside, wait_until_ready  # noqa: PLC0415 - nothing else needs it

        beside = start_beside()
        wait_until_ready(beside)
    # What was made while starting stays for good: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    try:
        code = uvloop.run(serve(loaded, lambda: load(config, environ), environ))
    except CannotListen as error:
        fail(
            "a listener cannot be opened", str(error), "free the address, or change it in the configuration", BAD_CONFIG
        )
    except SwitchesUnreadable as error:
        fail(
            "the kill switches of the last run cannot be read",
            f"{error.path}: {error}",
            "mend the file, or remove it: then no provider is switched off by hand",
            BAD_CONFIG,
        )
    except (OSError, ValueError) as error:
        fail(
            "the sidecar cannot start",
            DEFAULT.text(str(error)),
            "check the files and addresses that the configuration names",
            BAD_CONFIG,
        )
    except Exception as bug:  # noqa: BLE001 - its text may hold what a call carried: only the log shows it
        sys.excepthook(type(bug), bug, bug.__traceback__)
        fail("the sidecar has crashed", type(bug).__name__, "report the traceback that is in its log")
    finally:
        if beside is not None:
            beside.terminate()
            beside.wait()
    raise SystemExit(code)


def _fill_standard_files() -> None:
    """Open the null device in the place of a closed standard file (``>&-``).

    Otherwise the first socket would take its number: log lines would go to an app, and libuv aborts on closing it.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
