"""What a metric family is, and the usual ways to collect one."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sidecar.telemetry.histogram import Histogram
from sidecar.telemetry.stats import ProviderStats, Stats


class Kind(StrEnum):
    """Types of metrics, named as OpenMetrics names them."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
    INFO = "info"


class Sample(NamedTuple):
    """One number, or one histogram. ``labels``: values in the order of the family's labels."""

    labels: tuple[str, ...]
    value: float


class Distribution(NamedTuple):
    """One histogram of a family."""

    labels: tuple[str, ...]
    value: Histogram


@dataclass(frozen=True, slots=True)
class Family:
    """One metric. ``name``: without the suffix of its kind (``_total``, ``_info``). ``unit``: its end, or empty.

    ``exemplars``: whether buckets carry the request id seen last, in OpenMetrics. ``copied``: ``collect`` copies the
    counts first; what it yields may then be taken bit by bit, and is still of one moment. For families of thousands.
    """

    name: str
    kind: Kind
    help: str
    labels: tuple[str, ...]
    collect: Callable[[Stats], Iterable[Sample | Distribution]]
    unit: str = ""
    exemplars: bool = False
    copied: bool = False

    @property
    def sample_name(self) -> str:
        """The name to ask for in a query; a histogram's samples add ``_bucket``, ``_sum`` and ``_count``."""
        suffix = {Kind.COUNTER: "_total", Kind.INFO: "_info"}.get(self.kind, "")
        return self.name + suffix


PROVIDER = ("provider",)


def per_provider(get: Callable[[ProviderStats], float]) -> Callable[[Stats], Iterator[Sample]]:
    """One number for each provider."""

    def collect(stats: Stats) -> Iterator[Sample]:
        for provider in stats.providers.values():
            yield Sample((provider.provider,), get(provider))

    return collect


def waits(get: Callable[[ProviderStats], Histogram]) -> Callable[[Stats], Iterator[Distribution]]:
    """One histogram for each provider."""

    def collect(stats: Stats) -> Iterator[Distribution]:
        for provider in stats.providers.values():
            yield Distribution((provider.provider,), get(provider))

    return collect
