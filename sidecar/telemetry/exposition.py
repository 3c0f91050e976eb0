"""The text of ``/metrics``: Prometheus text format 0.0.4, or OpenMetrics 1.0 when asked for.

Formats: prometheus.io/docs/instrumenting/exposition_formats and prometheus.io/docs/specs/om/open_metrics_spec.
Bucket bounds are written alike in both, so that a change of the format does not make new series.

It is written on the event loop, between requests. So a histogram of 20 lines is one ``str.join`` and one ``%``, label
texts are kept, and the text comes in slices between which the loop goes on: 50 providers with 200 routes make 1.2 MB
in 4.5 ms, less than 1 ms of it at a time.
"""

from collections.abc import Iterator
from functools import cache, lru_cache
from itertools import accumulate
from typing import Final

from sidecar.telemetry.families import FAMILIES
from sidecar.telemetry.family import Family, Kind
from sidecar.telemetry.histogram import BUCKETS, Histogram
from sidecar.telemetry.stats import Stats

TEXT = b"text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = b"application/openmetrics-text; version=1.0.0; charset=utf-8"
CONTENT_TYPES: Final = {False: TEXT, True: OPENMETRICS}
"""Whether it is OpenMetrics -> ``Content-Type``."""

_KEPT_LABELS = 16384
"""Label texts kept, about 100 bytes each: 200 routes with dozens of methods and statuses have their place."""

_SLICE = 32 * 1024
"""Characters written in one go: a few tenths of a millisecond."""

_EXEMPLAR_CHARS = 128 - len("request_id")
"""OpenMetrics, "Exemplars": names and values of the labels may have 128 characters together."""

_BOUNDS = (*(repr(bound) for bound in BUCKETS), "+Inf")


def wants_openmetrics(accept: bytes | None) -> bool:
    """Whether an ``Accept`` header (RFC 9110 12.5.1) prefers OpenMetrics. Wildcards mean the plain text format."""
    if not accept:
        return False
    weights = {"application/openmetrics-text": 0.0, "text/plain": 0.0}
    for member in accept.decode("latin-1").lower().split(","):
        kind, *parameters = (part.strip() for part in member.split(";"))
        values = dict(parameter.partition("=")[::2] for parameter in parameters)
        if kind not in weights or (kind != "text/plain" and values.get("version", "1.0.0") not in ("1.0.0", "0.0.1")):
            continue
        try:
            weight = float(values.get("q", "1"))
        except ValueError:
            weight = 0.0
        weights[kind] = max(weights[kind], weight)
    openmetrics, text = weights.values()
    return 0 < openmetrics >= text


def render(stats: Stats, *, openmetrics: bool) -> bytes:
    """All families, at once."""
    return b"".join(slices(stats, openmetrics=openmetrics))


def slices(stats: Stats, *, openmetrics: bool) -> Iterator[bytes]:
    """All families, in pieces of about ``_SLICE`` bytes. The caller may let the loop run in between.

    What is counted meanwhile may or may not be in it; each histogram is read at one moment, so it is sound in itself.
    """
    lines: list[str] = []
    size = 0
    for family in FAMILIES:
        for text in _family(family, stats, openmetrics=openmetrics):
            lines.append(text)
            size += len(text)
            if size >= _SLICE:
                yield "".join(lines).encode("utf-8", "replace")
                lines.clear()
                size = 0
    if openmetrics:
        lines.append("# EOF\n")
    yield "".join(lines).encode("utf-8", "replace")


def _family(family: Family, stats: Stats, *, openmetrics: bool) -> Iterator[str]:
    yield _header(family, openmetrics=openmetrics)
    name, names = family.sample_name, family.labels
    exemplars = openmetrics and family.exemplars
    pattern = _pattern(name, exemplars=exemplars) if family.kind is Kind.HISTOGRAM else ()
    # All of one moment, since the tables may grow while the loop runs between two slices.
    collected = family.collect(stats)
    for labels, value in collected if family.copied else list(collected):
        if isinstance(value, Histogram):
            text = _label_text(names, labels).replace("%", "%%").join(pattern)
            yield text % (_with_exemplars(value) if exemplars else _numbers(value))
        elif labels:
            yield f"{name}{{{_label_text(names, labels)}}} {value!r}\n"
        else:
            yield f"{name} {value!r}\n"


def _numbers(histogram: Histogram) -> tuple[float, ...]:
    """Buckets are cumulative, the last is the count."""
    buckets = tuple(accumulate(histogram.counts))
    return (*buckets, histogram.sum, buckets[-1])


def _with_exemplars(histogram: Histogram) -> tuple[float | str, ...]:
    values: list[float | str] = []
    bucket = 0
    for count, exemplar in zip(histogram.counts, histogram.exemplars, strict=True):
        bucket += count
        values.append(bucket)
        if exemplar is None or len(exemplar[0]) > _EXEMPLAR_CHARS:
            values.append("")
        else:
            values.append(f' # {{request_id="{escape(exemplar[0])}"}} {exemplar[1]!r}')
    return (*values, histogram.sum, bucket)


@cache
def _pattern(name: str, *, exemplars: bool) -> tuple[str, ...]:
    """The lines of one histogram, cut where the labels go, with places for the numbers."""
    number = "%d%s" if exemplars else "%d"
    lines = [f'{name}_bucket{{\0,le="{bound}"}} {number}\n' for bound in _BOUNDS]
    lines += [f"{name}_sum{{\0}} %r\n", f"{name}_count{{\0}} %d\n"]
    return tuple("".join(lines).split("\0"))


@cache
def _header(family: Family, *, openmetrics: bool) -> str:
    """The comment lines of a family. OpenMetrics names the family without suffix and knows more types."""
    if not openmetrics:
        name = family.sample_name
        kind = Kind.GAUGE if family.kind is Kind.INFO else family.kind
        return f"# HELP {name} {family.help}\n# TYPE {name} {kind}\n"
    unit = f"# UNIT {family.name} {family.unit}\n" if family.unit else ""
    return f"# HELP {family.name} {family.help}\n# TYPE {family.name} {family.kind}\n{unit}"


@lru_cache(maxsize=_KEPT_LABELS)
def _label_text(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    """``provider="stripe",route="default"``."""
    return ",".join(f'{name}="{escape(value)}"' for name, value in zip(names, values, strict=True))


def escape(value: str) -> str:
    """A label value: backslash, quote and line feed are escaped in both formats, everything else stands as it is."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


METRICS_PAGE = """# Metrics

{made}

`GET /metrics` on the ops listener (`ops.listen`, default `127.0.0.1:9090`) answers in Prometheus' text format, and in
OpenMetrics when asked for; then the buckets of `sidecar_request_duration_seconds` carry exemplars with `request_id`,
the id of the log line. Labels are names of the configuration, never paths; calls that match no provider have an empty
`provider` and `route`.

Counters whose labels are known begin at zero; `sidecar_requests_total` and `sidecar_attempts_total` get a series with
the first call of its kind. Histograms of every configured route are there from the start. Counters survive a reload.

Buckets of all histograms, in seconds: {buckets}.

| metric | type | labels | |
|---|---|---|---|
"""


def metrics_markdown() -> str:
    """docs/metrics.md."""
    rows = []
    for family in FAMILIES:
        labels = ", ".join(f"`{label}`" for label in family.labels)
        rows.append(f"| `{family.sample_name}` | {family.kind} | {labels} | {family.help} |\n")
    made = "<!-- Made by docs/generate.py from the code: change it there. -->"
    return METRICS_PAGE.format(made=made, buckets=", ".join(f"{bound:g}" for bound in BUCKETS)) + "".join(rows)
