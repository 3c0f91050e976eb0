"""What every policy file offers: its YAML key, its settings and its builder."""

from collections.abc import Callable
from dataclasses import dataclass

from sidecar.core.layer import Handler
from sidecar.policies.settings import Settings
from sidecar.policies.site import Site

Build = Callable[[Handler, Site], Handler]
"""``build(next, site)``: the handler of this policy around the handler inside it, or ``next`` when it is off."""


@dataclass(frozen=True, slots=True)
class Policy:
    """One entry of ``order.py``.

    ``key``: the YAML key under a provider, a route or ``defaults``; None for a policy without settings.
    """

    name: str
    build: Build
    key: str | None = None
    settings: type[Settings] | None = None
