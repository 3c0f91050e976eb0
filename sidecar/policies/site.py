"""Where a stack is built: one route of one provider, with everything its policies may need."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from sidecar.core.env import Env
from sidecar.http.head import Edit
from sidecar.policies.settings import Settings
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.stats import ProviderStats, RouteStats

S = TypeVar("S", bound=Settings)


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


@dataclass(frozen=True, slots=True)
class Site:
    """One route of one provider while its stack is built."""

    provider: str
    route: str
    settings: Mapping[str, Settings]
    env: Env
    log: AccessLog
    stats: RouteStats
    provider_stats: ProviderStats
    origin: Origin
    edit: Edit

    def of(self, key: str, kind: type[S]) -> S:
        """The validated settings under a YAML key, or the defaults of their model."""
        found: Any = self.settings.get(key)
        return cast("S", found) if found is not None else kind()
