"""The whole page: its rows, its variables, its annotations and its links."""

from k8s.monitoring.dashboard.calls import ATTEMPTS, CALLS_ROW, LATENCY
from k8s.monitoring.dashboard.owner import CALLS
from k8s.monitoring.dashboard.owner import ROW as OWNER
from k8s.monitoring.dashboard.panels import DATASOURCE, Json, placed
from k8s.monitoring.dashboard.process import PROCESS
from k8s.monitoring.dashboard.protection import BREAKERS, CONNECTIONS, LIMITS
from k8s.monitoring.dashboard.queries import rate, series

UID = "resilience-sidecar"
"""Part of every link to the dashboard: it never changes."""

RUNBOOKS = "https://sidecar.invalid/runbooks"
"""Where docs/runbooks is published; whoever publishes it elsewhere changes the variable ``runbooks``."""

ROWS = (OWNER, CALLS_ROW, LATENCY, ATTEMPTS, BREAKERS, LIMITS, CONNECTIONS, PROCESS)


def dashboard() -> Json:
    """What Grafana imports."""
    return {
        "uid": UID,
        "title": "Sidecar: calls to third-party APIs",
        "description": "Is each provider fine, what did it cost us, and why.",
        "tags": ["sidecar", "resilience"],
        "schemaVersion": 38,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "timepicker": {},
        "fiscalYearStartMonth": 0,
        "weekStart": "",
        "links": [_link("Runbooks: what to do", "${runbooks}")],
        "templating": {"list": _variables()},
        "annotations": {"list": _annotations()},
        "panels": list(placed(ROWS)),
    }


def _link(title: str, url: str) -> Json:
    return {
        "title": title,
        "type": "link",
        "url": url,
        "icon": "doc",
        "tooltip": "One page for each alert",
        "tags": [],
        "asDropdown": False,
        "targetBlank": True,
        "includeVars": False,
        "keepTime": False,
    }


def _variables() -> list[Json]:
    """All of namespace and pod is ``.*``, so that sidecars outside of Kubernetes, which have no such label, are shown.

    All providers is ``.+``: calls that match none have an empty one, and a panel of their own.
    """
    return [
        {"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "refresh": 1}
        | {"multi": False, "includeAll": False, "regex": "", "hide": 0, "current": {}, "options": []},
        _variable("namespace", "Namespace", "label_values(sidecar_build_info, namespace)", ".*"),
        _variable("pod", "Pod", 'label_values(sidecar_build_info{namespace=~"$namespace"}, pod)', ".*"),
        _variable("provider", "Provider", f"label_values({_without('provider', 'sidecar_in_flight')}, provider)", ".+"),
        _variable("route", "Route", f"label_values({_without('route', CALLS)}, route)", ".*"),
        {"name": "runbooks", "label": "Runbooks", "type": "constant", "query": RUNBOOKS, "hide": 2, "options": []}
        | {"current": {"selected": True, "text": RUNBOOKS, "value": RUNBOOKS}},
    ]


def _without(variable: str, metric: str) -> str:
    """A selector that the variable itself does not narrow."""
    return series(metric).replace(f',{variable}=~"${variable}"', "")


def _variable(name: str, label: str, query: str, everything: str) -> Json:
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery"},
        "refresh": 2,
        "regex": "",
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": everything,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "options": [],
        "hide": 0,
        "skipUrlSync": False,
    }


def _annotations() -> list[Json]:
    opened = rate("provider, scope", "sidecar_breaker_transitions_total", 'to="open"')
    killed = f"max by (provider) ({series('sidecar_kill_switch')})"
    reloads = rate("result", "sidecar_config_reloads_total")
    return [
        _annotation("Breaker opened", "red", f"{opened} > 0", "Breaker opened: {{provider}}", "{{scope}}"),
        _annotation("Kill switch", "blue", f"{killed} > 0", "Switched off: {{provider}}", ""),
        _annotation("Reload", "gray", f"{reloads} > 0", "Configuration reloaded: {{result}}", ""),
    ]


def _annotation(name: str, colour: str, expr: str, title: str, text: str) -> Json:
    """A mark in every panel; values one step apart make one mark."""
    return {
        "name": name,
        "datasource": DATASOURCE,
        "enable": True,
        "hide": False,
        "iconColor": colour,
        "expr": expr,
        "step": "1m",
        "titleFormat": title,
        "textFormat": text,
        "tagKeys": "provider,result",
        "useValueForTime": False,
    }
