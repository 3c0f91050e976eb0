"""What the sidecar tells of itself: its metrics while it runs, its log when it has ended."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import orjson

_SAMPLE = re.compile(r"sidecar_([a-z_]+)(?:\{([^}]*)\})? ([0-9.eE+-]+)")
_LABEL = re.compile(r'([a-z_]+)="([^"]*)"')


@dataclass(slots=True)
class Gauges:
    """Numbers of ``/metrics``.

    ``overhead_ms``: mean time of a call that was not spent waiting for the provider.
    """

    pool: dict[str, int] = field(default_factory=dict)
    opened: int = 0
    overhead_ms: float | None = None
    retries: dict[str, int] = field(default_factory=dict)
    breaker: str = ""


def read_metrics(text: str, provider: str) -> Gauges:
    """Read the exposition format, one provider's samples; what is unknown is skipped."""
    gauges = Gauges()
    spent, calls = 0.0, 0.0
    for line in text.splitlines():
        match = _SAMPLE.match(line)
        if match is None:
            continue
        labels = dict(_LABEL.findall(match[2] or ""))
        if labels.get("provider") != provider:
            continue
        name, value = match[1], float(match[3])
        if name == "pool_connections":
            gauges.pool[labels.get("state", "open")] = int(value)
        elif name == "connections_opened_total":
            gauges.opened = int(value)
        elif name == "overhead_seconds_sum":
            spent = value
        elif name == "overhead_seconds_count":
            calls = value
        elif name == "retries_total":
            reason = labels.get("reason", "")
            gauges.retries[reason] = gauges.retries.get(reason, 0) + int(value)
        elif name == "breaker_state" and value == 1:
            gauges.breaker = labels.get("state", "")
    if calls:
        gauges.overhead_ms = spent / calls * 1000
    return gauges


def read_log(path: Path) -> tuple[int, list[float]]:
    """How many calls were logged, and the sidecar's own time in those of one attempt, in milliseconds.

    That is the call's duration without the attempt's; with further attempts there were waits between them.
    """
    own: list[float] = []
    lines = 0
    if not path.exists():
        return lines, own
    for line in path.read_bytes().splitlines():
        record = orjson.loads(line)
        if record.get("event") != "request":
            continue
        lines += 1
        if len(record["attempts"]) < 2:
            waited = sum(one["ms"] - (one.get("wait_ms") or 0.0) for one in record["attempts"])
            own.append(max(0.0, record["duration_ms"] - waited))
    return lines, own
