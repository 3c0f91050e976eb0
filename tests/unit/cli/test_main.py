import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from sidecar import __version__
from sidecar.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[3]


def test_help_names_every_command():
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert not [name for name in COMMANDS if f"  {name} " not in result.output]


@pytest.mark.parametrize("name", ["check", "explain", "schema"])
def test_every_command_shows_an_example(name):
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0
    assert "Example" in result.output
    assert f"sidecar {name}" in result.output


def test_version():
    assert CliRunner().invoke(main, ["--version"]).output == f"sidecar {__version__}\n"


@pytest.mark.parametrize(("typed", "meant"), [("chekc", "check"), ("shcema", "schema")])
def test_an_unknown_command_is_answered_with_the_nearest(typed, meant):
    result = CliRunner().invoke(main, [typed])
    assert result.exit_code == 2
    assert f"Did you mean '{meant}'?" in result.stderr


def test_a_command_far_from_any_points_to_help():
    assert "See 'sidecar --help'" in CliRunner().invoke(main, ["xyzzy"]).stderr


def test_help_loads_nothing_heavy():
    code = (
        "import sys, sidecar.cli.main as m\n"
        "try: m.main(['--help'])\n"
        "except SystemExit: pass\n"
        "print([n for n in ('pydantic', 'uvloop', 'yaml', 'httptools', 'orjson', 'asyncio') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_it_runs_as_a_module():
    command = [sys.executable, "-m", "sidecar.cli.main", "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"sidecar {__version__}\n"
