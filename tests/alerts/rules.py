"""The rules that the manifests bring, taken apart."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.support.prometheus import groups
from tests.support.sidecar_process import ROOT

CASES = ROOT / "tests" / "alerts" / "cases"
PAGES = ROOT / "docs" / "runbooks"
OF_PROMETHEUS = {"up"}
"""Series that no sidecar says: Prometheus makes them itself."""
RULES = [rule for group in groups() for rule in group["rules"]]

_SERIES = re.compile(r"\b((?:sidecar|process)_\w+|up)\b(?:\{([^}]*)\})?")
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? \S+$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="([^"]*)"')
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')


@cache
def alerts() -> dict[str, list[dict[str, Any]]]:
    """Name of an alert -> its rules; one may have several, which differ in their window."""
    found: dict[str, list[dict[str, Any]]] = {}
    for group in groups():
        for rule in group["rules"]:
            if "alert" in rule:
                found.setdefault(rule["alert"], []).append(rule)
    return found


def page_of(alert: str) -> str:
    """``SidecarBreakerOpen`` -> ``breaker-open``."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", alert.removeprefix("Sidecar")).lower()


def write_needed_rules(folder: Path, alert: str) -> Path:
    """One alert, and what it is made of: promtool works out every rule for every minute, of days in some cases.

    All in one group, as promtool takes several in any order, and what an alert is made of must come first.
    """
    needed = list(alerts()[alert])
    for rule in needed:  # grows meanwhile
        needed += [one for one in RULES if "record" in one and one["record"] in rule["expr"] and one not in needed]
    rules = [rule for rule in RULES if rule in needed]
    file = folder / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "needed", "rules": rules}]}), encoding="utf-8")
    return file


def asked_for(expression: str) -> list[tuple[str, dict[str, str]]]:
    """Every series of /metrics that an expression names, with label -> value of the ones it wants.

    Of ``outcome=~"a|b"`` each is an entry of its own; labels that must not have a value are left out.
    """
    found = []
    for name, labels in _SERIES.findall(re.sub(r"\w*:[\w:]+", "", expression)):
        wanted: list[dict[str, str]] = [{}]
        for label, operator, value in _MATCHER.findall(labels):
            values = value.split("|") if operator == "=~" else [value] if operator == "=" else []
            if values:
                wanted = [{**one, label: each} for one in wanted for each in values]
        found += [(name, one) for one in wanted]
    return found


def labels_of(expression: str) -> set[str]:
    """Every label that an expression groups by, joins on or asks for."""
    lists = re.findall(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)", expression)
    return {label.strip() for one in lists for label in one.split(",")} | {
        label for label, _, _ in _MATCHER.findall(expression)
    }


def samples(text: bytes) -> dict[str, list[dict[str, str]]]:
    """Name -> the labels of each of its series."""
    found: dict[str, list[dict[str, str]]] = {}
    for name, labels in _SAMPLE.findall(text.decode()):
        found.setdefault(name, []).append(dict(_LABEL.findall(labels)))
    return found


def missing(expression: str, there: dict[str, list[dict[str, str]]]) -> list[tuple[str, dict[str, str]]]:
    """What an expression asks for and a sidecar does not say."""
    return [
        (name, wanted)
        for name, wanted in asked_for(expression)
        if name not in OF_PROMETHEUS and not any(wanted.items() <= labels.items() for labels in there.get(name, []))
    ]
