"""The shipped dashboard, as Grafana reads it: its panels, its expressions, and what Grafana puts into them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.support.sidecar_process import ROOT

FILE = ROOT / "k8s" / "monitoring" / "dashboard.json"
TEXT = FILE.read_text(encoding="utf-8")
DASHBOARD: dict[str, Any] = json.loads(TEXT)
PANELS: list[dict[str, Any]] = DASHBOARD["panels"]
VARIABLES: dict[str, dict[str, Any]] = {one["name"]: one for one in DASHBOARD["templating"]["list"]}
EVERYTHING = {name: one["allValue"] for name, one in VARIABLES.items() if one["type"] == "query"}
"""What "All" stands for."""

HOUR = {"__range": "1h", "__range_s": "3600", "__rate_interval": "5m", "__interval": "1m"}
"""What Grafana puts for its own variables while an hour is shown, and a point stands for a minute."""


@dataclass(frozen=True)
class Expression:
    """One PromQL text. ``place``: where it stands; ``legend``: the name of its series or column."""

    place: str
    legend: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.legend}"


def expressions() -> list[Expression]:
    """Of all panels and annotations."""
    found = [
        Expression(panel["title"], target["legendFormat"], target["expr"])
        for panel in PANELS
        for target in panel.get("targets", [])
    ]
    marks = DASHBOARD["annotations"]["list"]
    return found + [Expression(f"annotation {one['name']}", one["titleFormat"], one["expr"]) for one in marks]


def expression(title: str, legend: str) -> str:
    """The one in this panel with this legend."""
    (found,) = [one.text for one in expressions() if (one.place, one.legend) == (title, legend)]
    return found


def filled(text: str, values: Mapping[str, str] = HOUR, **chosen: str) -> str:
    """As Prometheus gets it. ``values``: of Grafana's own variables; ``chosen``: of the page's, the others are All."""
    known = {**EVERYTHING, **values, **chosen}
    return re.sub(r"\$\{?(\w+)\}?", lambda found: known[found[1]], text)
