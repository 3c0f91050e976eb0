"""From a description of a panel to Grafana's JSON, and the place of each on the page.

The fields are those of the dashboard schema 38 (Grafana 10.0; newer ones bring it up to date by themselves):
github.com/grafana/grafana, kinds/dashboard and public/app/plugins/panel.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

Json = dict[str, Any]

DATASOURCE: Json = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24
"""The width of a dashboard in Grafana."""


@dataclass(frozen=True, slots=True)
class Query:
    """One expression. ``legend``: the name of its series, ``{{label}}`` is filled in; in a table, the column.

    ``once``: at the end of the time shown only. ``step``: the shortest between two values.
    """

    expr: str
    legend: str = ""
    once: bool = False
    step: str = ""
    exemplars: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One panel. ``about``: what it shows, and when to worry. ``empty``: what stands there when there is nothing.

    ``more``: what is special about it, merged into the JSON. ``stacked``: areas that add up, not lines.
    """

    title: str
    about: str
    queries: tuple[Query, ...] = ()
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    height: int = 8
    empty: str = "nothing in this time"
    stacked: bool = False
    more: Json = field(default_factory=dict)

    def json(self, number: int, x: int, y: int) -> Json:
        """As Grafana reads it."""
        defaults: Json = {"unit": self.unit, "noValue": self.empty, "mappings": [], "custom": {}}
        made: Json = {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.about,
            "datasource": DATASOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "options": {},
            "targets": [_target(one, ascii_uppercase[n], self.kind) for n, one in enumerate(self.queries)],
        }
        if self.kind == "text":
            del made["targets"], made["datasource"], made["fieldConfig"]
        return merged(merged(made, _LOOKS[self.kind](self)), self.more)


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading; they flow from left to right, and down."""

    title: str
    panels: tuple[Panel, ...]


def placed(rows: Iterable[Row]) -> Iterator[Json]:
    """The panels of all rows with their places. The n-th panel of row m has the id 100 * m + n."""
    y = 0
    for m, row in enumerate(rows, 1):
        yield {
            "id": 100 * m,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
        }
        x, y, below = 0, y + 1, y + 1
        for n, panel in enumerate(row.panels, 1):
            if x + panel.width > COLUMNS:
                x, y = 0, below
            yield panel.json(100 * m + n, x, y)
            x, below = x + panel.width, max(below, y + panel.height)
        y = below


def merged(one: Json, over: Mapping[str, Any]) -> Json:
    """``one`` with ``over`` laid upon it, mapping by mapping; lists are replaced."""
    result = dict(one)
    for key, value in over.items():
        old = result.get(key)
        result[key] = merged(old, value) if isinstance(old, dict) and isinstance(value, Mapping) else value
    return result


def words(*known: tuple[int, str, str]) -> list[Json]:
    """Value mappings: number, word, colour."""
    options = {str(n): {"text": text, "color": colour, "index": at} for at, (n, text, colour) in enumerate(known)}
    return [{"type": "value", "options": options}]


def override(column: str, **properties: Any) -> Json:
    """Other settings for one series or column; ``__`` in a name stands for a dot."""
    found = [{"id": name.replace("__", "."), "value": value} for name, value in properties.items()]
    return {"matcher": {"id": "byName", "options": column}, "properties": found}


def _target(query: Query, letter: str, kind: str) -> Json:
    shape = {"table": "table", "heatmap": "heatmap"}.get(kind, "time_series")
    made: Json = {
        "refId": letter,
        "datasource": DATASOURCE,
        "editorMode": "code",
        "expr": query.expr,
        "legendFormat": query.legend or "__auto",
        "format": shape,
        "instant": query.once,
        "range": not query.once,
    }
    if query.step:
        made["interval"] = query.step
    if query.exemplars:
        made["exemplar"] = True
    return made


def _lines(panel: Panel) -> Json:
    custom: Json = {"drawStyle": "line", "lineWidth": 1, "showPoints": "never", "fillOpacity": 0, "axisSoftMin": 0}
    if panel.stacked:
        custom |= {"fillOpacity": 40, "stacking": {"mode": "normal", "group": "A"}}
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
    return {
        "fieldConfig": {"defaults": {"custom": custom, "color": {"mode": "palette-classic"}}},
        "options": {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}},
    }


def _timeline(panel: Panel) -> Json:
    del panel
    legend = {"displayMode": "list", "placement": "bottom", "showLegend": True}
    return {
        "fieldConfig": {"defaults": {"custom": {"fillOpacity": 80, "lineWidth": 0}, "color": {"mode": "thresholds"}}},
        "options": {
            "mergeValues": True,
            "showValue": "auto",
            "alignValue": "left",
            "rowHeight": 0.8,
            "legend": legend,
            "tooltip": {"mode": "single", "sort": "none"},
        },
    }


def _table(panel: Panel) -> Json:
    """One row for each set of labels, one column for each query, named by its legend."""
    names = {f"Value #{ascii_uppercase[n]}": one.legend for n, one in enumerate(panel.queries)}
    if len(panel.queries) == 1:
        names = {"Value": panel.queries[0].legend}
    order: Json = {"excludeByName": {"Time": True}, "indexByName": {}, "renameByName": names}
    return {
        "fieldConfig": {"defaults": {"custom": {"align": "left", "cellOptions": {"type": "auto"}}}},
        "options": {
            "showHeader": True,
            "cellHeight": "sm",
            "footer": {"show": False, "reducer": ["sum"], "fields": ""},
        },
        "transformations": [{"id": "merge", "options": {}}, {"id": "organize", "options": order}],
    }


def _stat(panel: Panel) -> Json:
    del panel
    return {
        "options": {
            "colorMode": "background",
            "graphMode": "none",
            "justifyMode": "center",
            "orientation": "auto",
            "textMode": "value_and_name",
            "wideLayout": False,
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        },
    }


def _heatmap(panel: Panel) -> Json:
    return {
        "options": {
            "calculate": False,
            "cellGap": 1,
            "color": {"mode": "scheme", "scheme": "Blues", "fill": "dark-blue", "exponent": 0.5, "steps": 64},
            "legend": {"show": True},
            "tooltip": {"show": True, "yHistogram": False},
            "rowsFrame": {"layout": "auto"},
            "yAxis": {"axisPlacement": "left", "reverse": False, "unit": panel.unit},
        },
    }


def _text(panel: Panel) -> Json:
    del panel
    return {"options": {"mode": "markdown", "content": ""}}


_LOOKS = {
    "timeseries": _lines, "state-timeline": _timeline, "table": _table, "stat": _stat, "heatmap": _heatmap,
    "text": _text,
}  # fmt: skip
