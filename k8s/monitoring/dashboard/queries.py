"""PromQL of the dashboard: which series a panel reads, and the few forms in which it reads them.

The labels of a metric are looked up in the code, so that no panel can ask for a metric or a label that there is not.
``$__range``, ``$__rate_interval`` and the like are filled in by Grafana (grafana.com/docs/grafana/latest/dashboards/
variables/add-template-variables, "Global variables").
"""

import re

from sidecar.telemetry.families import FAMILIES

_LABELS = {family.sample_name: family.labels for family in FAMILIES}
_PARTS = re.compile(r"_(bucket|sum|count)$")
_PODS = 'namespace=~"$namespace",pod=~"$pod"'
RATE = "$__rate_interval"
RANGE = "$__range"


def series(metric: str, where: str = "") -> str:
    """A selector, narrowed by every variable of the dashboard that the metric has a label for, and by ``where``.

    Raises:
        KeyError: there is no such metric, or it has no such label.
    """
    labels = _LABELS.get(metric) or _LABELS[_PARTS.sub("", metric)]
    asked = re.findall(r"(\w+)[=!]", where)
    unknown = set(asked) - {*labels, "le"}
    if unknown:
        raise KeyError(f"{metric} has no label {', '.join(sorted(unknown))}")
    chosen = [f'{name}=~"${name}"' for name in ("provider", "route") if name in labels and name not in asked]
    return f"{metric}{{{','.join([_PODS, *chosen, *([where] if where else [])])}}}"


def total(by: str, vector: str) -> str:
    """One sum for each value of the labels ``by``."""
    return f"sum by ({by}) ({vector})"


def grows(by: str, metric: str, where: str = "", window: str = RANGE) -> str:
    """By how much a counter grew in ``window``, as long as its series are there from the start."""
    return total(by, f"increase({series(metric, where)}[{window}])")


def rate(by: str, metric: str, where: str = "", window: str = RATE) -> str:
    """How fast a counter grows, per second."""
    return total(by, f"rate({series(metric, where)}[{window}])")


def counted(by: str, metric: str, where: str = "", window: str = RANGE, seconds: str = "$__range_s") -> str:
    """By how much a counter grew in ``window``, with what a new series began with. ``seconds``: the same window.

    ``increase`` cannot see what was counted before a series' first sample, which for a rare failure is all there is. So
    the first value of a series that was not there at the beginning is added; but not where Prometheus itself may have
    been away, as then nobody knows when that was counted. ``min_over_time`` is the first value, as counters only grow.
    Where a counter grows evenly, ``increase`` has guessed a part of it already: that is one scrape's worth too many.
    """
    one, start = series(metric, where), series("process_start_time_seconds")
    return f"""sum by ({by}) (
  label_replace(increase({one}[{window}]), "part", "seen to grow", "", "")
  or
  (min_over_time({one}[{window}]) unless {one} offset {window})
  and on (namespace, pod, instance)
  ({start} > time() - {seconds} or {start} offset {window})
)"""


def share(part: str, whole: str) -> str:
    """A ratio that is 0, not NaN or missing, where there was nothing; ``whole`` must always be there."""
    return f"{part} / ({whole} > 0)\nor {whole} * 0"


def quantile(which: float, by: str, metric: str) -> str:
    """A quantile of a histogram, over all sidecars; nothing, not NaN, while nothing is observed."""
    return f"histogram_quantile({which}, {rate(f'le, {by}', f'{metric}_bucket')}) >= 0"


def of_sidecars(metric: str) -> str:
    """A ``process_`` metric, of sidecars only: many programs have it."""
    return f"{series(metric)}\nand on (namespace, pod, instance) {series('sidecar_build_info')}"
