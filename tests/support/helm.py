"""Helm for tests: the program on PATH, else its engine from PyPI; without both the test skips."""

import importlib.util
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.kubernetes import K8S

CHARTS = K8S / "helm"


class HelmError(Exception):
    """Helm refused; the text is what it wrote."""


@cache
def _program() -> list[str]:
    if found := shutil.which("helm"):
        return [found]
    if importlib.util.find_spec("helm_python") is not None:
        return [sys.executable, str(Path(__file__).with_name("helm_sdk.py"))]
    pytest.skip(
        "helm is missing: not on PATH, and the package helm-python-sdk, which brings its engine, is not installed"
    )


def helm(*arguments: str | Path) -> str:
    """Runs one command of helm and returns its standard output; raises HelmError with all it wrote when it fails."""
    command = [*_program(), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        raise HelmError(done.stdout + done.stderr)
    return done.stdout


def template(chart: Path, folder: Path, values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """The objects of a release "shop" in the namespace "shop"; ``folder`` is where the file of values may lie."""
    file = folder / "values-of-test.yaml"
    file.write_text(yaml.safe_dump(values or {}))
    rendered = helm("template", "shop", chart, "-n", "shop", "-f", file)
    return [found for found in yaml.load_all(rendered, Loader=yaml.CSafeLoader) if found]  # the dashboard is long


def with_dependencies(chart: str, folder: Path) -> Path:
    """A copy of a chart with its dependencies packed into it, beside a copy of the library that it names by a path."""
    for name in {chart, "sidecar-lib"}:
        shutil.copytree(CHARTS / name, folder / name, ignore=shutil.ignore_patterns("charts", "Chart.lock"))
    helm("dependency", "update", folder / chart)
    return folder / chart
