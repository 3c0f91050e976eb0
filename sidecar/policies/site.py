"""Where a stack is built: one route of one provider, with everything its policies may need."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from sidecar.core.env import Env
from sidecar.http.head import Edit
from sidecar.policies.kept import Kept
from sidecar.policies.settings import Settings
from sidecar.policies.switches import Switch
from sidecar.redaction.redactor import DEFAULT, Redactor
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.background import Background
from sidecar.telemetry.failures import Failures
from sidecar.telemetry.spans import Traced
from sidecar.telemetry.stats import ProviderStats, RouteStats

S = TypeVar("S", bound=Settings)
T = TypeVar("T")


def nobody() -> None:
    """For a site whose calls nobody listens to."""


@dataclass(frozen=True, slots=True)
class Origin:
    """A provider's ``base_url``, taken apart.

    ``scheme`` is http or https; ``authority`` is host and, unless it is the scheme's own, port; ``path`` has no
    trailing slash.
    """

    scheme: str
    host: str
    port: int
    authority: str
    path: str


@dataclass(slots=True)
class Links:
    """What inner policies offer to outer ones; stacks are built from the inside out.

    ``breaker_wait`` and ``rate_wait``: seconds until the breaker, and the rate, would let a call through, 0.0 when they
    do now; told the time.
    """

    breaker_wait: Callable[[float], float] | None = None
    rate_wait: Callable[[float], float] | None = None


@dataclass(frozen=True, slots=True)
class Tracing:
    """Spans are made. ``put``: takes a call that has ended. ``sample``: the share of the traces that begin here."""

    put: Callable[[Traced], None]
    sample: float


@dataclass(frozen=True, slots=True)
class Site:
    """One route of one provider while its stack is built.

    ``refused``: to be called when the provider has answered 401, since its credentials may have been renewed.

    ``enabled``: the YAML half of the kill switch, ``switch`` the other, which people turn by hand. ``redactor``: the
    one way to any output of what a call carries. ``failures``: where calls that failed are kept for support.
    ``tracing``: None while no spans are made.
    """

    provider: str
    route: str
    settings: Mapping[str, Settings]
    env: Env
    log: AccessLog
    stats: RouteStats
    provider_stats: ProviderStats
    origin: Origin
    edit: Edit
    kept: Kept = field(default_factory=Kept)
    enabled: bool = True
    switch: Switch = field(default_factory=Switch)
    redactor: Redactor = DEFAULT
    background: Background = field(default_factory=Background)
    failures: Failures = field(default_factory=Failures)
    links: Links = field(default_factory=Links)
    tracing: Tracing | None = None
    refused: Callable[[], None] = nobody

    def of(self, key: str, kind: type[S]) -> S:
        """The validated settings under a YAML key, or the defaults of their model."""
        found: Any = self.settings.get(key)
        return cast("S", found) if found is not None else kind.unset()

    def state(self, policy: str, make: Callable[[], T], *what: Hashable) -> T:
        """State of a policy that routes share and that outlives a reload, while provider and ``what`` stay the same.

        ``what``: the settings the state depends on, and the route where it is the route's alone.
        """
        return self.kept.get((self.provider, policy, *what), make)
