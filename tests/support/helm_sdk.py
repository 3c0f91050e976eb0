"""``helm`` in small, for machines without it: four commands of the real one, by Helm's own engine.

The package `helm-python-sdk` brings Helm's Go library, so what renders, lints and packs here is Helm's code, not a
copy of its rules. It shows nothing of the command line itself, nor of an installation into a cluster.

    python helm_sdk.py lint --strict CHART [-f VALUES]
    python helm_sdk.py template NAME CHART [-n NAMESPACE] [-f VALUES]
    python helm_sdk.py package CHART -d FOLDER
    python helm_sdk.py dependency update CHART

Always run as a process of its own: Go's runtime brings threads and signal handlers that tests must not inherit.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

import helm_python

_SEVERITIES = ("UNKNOWN", "INFO", "WARNING", "ERROR")
_WARNING = 2


def main() -> int:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(required=True)

    lint = commands.add_parser("lint")
    lint.set_defaults(run=_lint)
    lint.add_argument("--strict", action="store_true")
    lint.add_argument("chart")

    template = commands.add_parser("template")
    template.set_defaults(run=_template)
    template.add_argument("name")
    template.add_argument("chart")
    template.add_argument("-n", "--namespace", default="default")

    for command in (lint, template):
        command.add_argument("-f", "--values", type=Path)

    package = commands.add_parser("package")
    package.set_defaults(run=_package)
    package.add_argument("chart")
    package.add_argument("-d", "--destination", required=True)

    dependency = commands.add_parser("dependency")
    dependency.set_defaults(run=_update)
    dependency.add_argument("action", choices=["update"])
    dependency.add_argument("chart")

    options = parser.parse_args()
    try:
        return int(options.run(options))
    except helm_python.HelmError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def _lint(options: argparse.Namespace) -> int:
    report = helm_python.lint(options.chart, _values(options), strict=options.strict, with_subcharts=True)
    for message in report["messages"]:
        print(f"[{_SEVERITIES[message['severity']]}] {message['path']}: {message['error']}")
    worst = max((message["severity"] for message in report["messages"]), default=0)
    return int(worst > _WARNING or bool(report["errors"]) or (options.strict and worst == _WARNING))


def _template(options: argparse.Namespace) -> int:
    with helm_python.Chart.load(options.chart) as chart:
        rendered = chart.render(_values(options), name=options.name, namespace=options.namespace)
    for path, text in sorted(rendered.items()):
        if not path.endswith("NOTES.txt") and text.strip():
            print(f"---\n# Source: {path}\n{text}")
    return 0


def _package(options: argparse.Namespace) -> int:
    print(helm_python.package(options.chart, destination=options.destination))
    return 0


def _update(options: argparse.Namespace) -> int:
    helm_python.dependency_update(options.chart)
    return 0


def _values(options: argparse.Namespace) -> dict[str, Any] | None:
    return helm_python.values_from_yaml(options.values.read_text()) if options.values else None


if __name__ == "__main__":
    sys.exit(main())
