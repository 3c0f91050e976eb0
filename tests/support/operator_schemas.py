"""Schemas of the Prometheus operator's resources, as far as the project's objects go, and closed beyond that.

Written from https://prometheus-operator.dev/docs/api-reference/api/ (v1, operator 0.93). Fields that our objects do not
use are left out: a field that is missing here is refused, as a typing error would be.
"""

from typing import Any

DURATION = r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$"


def _closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": list(required)}


def _resource(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = _closed({"name": _NAME, "namespace": _NAME, "labels": _LABELS, "annotations": _TEXTS}, "name")
    api_version = {"const": "monitoring.coreos.com/v1"}
    return _closed({"apiVersion": api_version, "kind": {"const": kind}, "metadata": metadata, "spec": spec}, *_PARTS)


_PARTS = ("apiVersion", "kind", "metadata", "spec")
_TEXT = {"type": "string"}
_TEXTS = {"type": "object", "additionalProperties": _TEXT}
_NAME = {"type": "string", "pattern": r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", "maxLength": 253}
_LABELS = {
    "type": "object",
    "propertyNames": {"pattern": r"^([a-z0-9.-]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"},
    "additionalProperties": {"type": "string", "pattern": r"^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$"},
}
_DURATION = {"type": "string", "pattern": DURATION, "minLength": 1}

_RELABELING = _closed(
    {
        "action": {"enum": ["replace", "keep", "drop", "labeldrop", "labelkeep", "labelmap"]},
        "sourceLabels": {"type": "array", "items": {"type": "string", "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"}},
        "targetLabel": _TEXT,
        "regex": _TEXT,
        "replacement": _TEXT,
        "separator": _TEXT,
    }
)

POD_MONITOR = _resource(
    "PodMonitor",
    _closed(
        {
            "jobLabel": _TEXT,
            "selector": _closed({"matchLabels": _LABELS}, "matchLabels"),
            "namespaceSelector": _closed({"any": {"type": "boolean"}, "matchNames": {"type": "array", "items": _NAME}}),
            "podMetricsEndpoints": {
                "type": "array",
                "items": _closed(
                    {
                        "port": {"type": "string", "pattern": "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "maxLength": 15},
                        "path": {"type": "string", "pattern": "^/"},
                        "interval": _DURATION,
                        "scrapeTimeout": _DURATION,
                        "honorLabels": {"type": "boolean"},
                        "relabelings": {"type": "array", "items": _RELABELING},
                    },
                    "port",
                ),
                "minItems": 1,
            },
            "scrapeProtocols": {
                "type": "array",
                "uniqueItems": True,
                "items": {
                    "enum": [
                        "OpenMetricsText0.0.1",
                        "OpenMetricsText1.0.0",
                        "PrometheusProto",
                        "PrometheusText0.0.4",
                        "PrometheusText1.0.0",
                    ]
                },
            },
        },
        "selector",
        "podMetricsEndpoints",
    ),
)
"""https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor"""

_COMMON_RULE = {"expr": {"type": ["string", "integer"]}, "labels": _TEXTS}
_ALERT = _closed(
    {**_COMMON_RULE, "alert": _TEXT, "annotations": _TEXTS, "for": _DURATION, "keep_firing_for": _DURATION},
    "alert",
    "expr",
)
_RECORD = _closed(
    {**_COMMON_RULE, "record": {"type": "string", "pattern": "^[a-zA-Z_:][a-zA-Z0-9_:]*$"}}, "record", "expr"
)

PROMETHEUS_RULE = _resource(
    "PrometheusRule",
    _closed(
        {
            "groups": {
                "type": "array",
                "minItems": 1,
                "items": _closed(
                    {
                        "name": {"type": "string", "minLength": 1},
                        "interval": _DURATION,
                        "limit": {"type": "integer"},
                        "rules": {"type": "array", "minItems": 1, "items": {"oneOf": [_ALERT, _RECORD]}},
                    },
                    "name",
                    "rules",
                ),
            }
        },
        "groups",
    ),
)
"""https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule"""
