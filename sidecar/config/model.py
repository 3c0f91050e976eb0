"""The shape of the configuration file.

Written here: what is not a policy. The keys of the policies (``timeouts``, ``tracking``, ...) come from
``policies/order.py``: a policy added there may be written under a provider, a route and ``defaults`` at once.
Their values are kept as they are here, and are validated after the levels are merged (see merge.py).
"""

from collections.abc import Iterable, Mapping
from copy import copy
from types import GenericAlias
from typing import Annotated, Any, Literal

from pydantic import Field, create_model
from pydantic_core import CoreSchema, core_schema

from sidecar.config.fields import Address, Hosts, Listen, Methods, Outputs, Proxy, Template, Url
from sidecar.config.packaged import Preset, Profile
from sidecar.config.telemetry import Telemetry
from sidecar.policies.capture import Capture
from sidecar.policies.order import ORDER
from sidecar.policies.settings import Duration, Settings, Size

POLICIES: Mapping[str, type[Settings]] = {
    policy.key: policy.settings for policy in ORDER if policy.key and policy.settings
}
"""YAML key -> settings model, in the order of the journey."""

TOP_LEVEL = ("tracking", "log", "redaction")
"""Policy keys that may also stand at the top of the file, for every provider; ``log`` with more in it than a policy."""


class Ops(Settings):
    """The read-only listener for probes and metrics."""

    listen: Address = Listen("127.0.0.1", 9090)
    """Address of /metrics, /livez, /readyz and /startupz; in Kubernetes 0.0.0.0:9090."""


class Admin(Settings):
    """The listener of the admin API."""

    listen: Address = Listen("127.0.0.1", 9091)
    """Address of the admin API; keep it on this machine."""
    token: str | None = Field(None, min_length=8, repr=False)
    """What changes must present as ``Authorization: Bearer``; best from a file: ``${file:/run/secrets/admin}``."""
    token_file: str | None = None
    """Where a token made at start is written, with mode 0600, when ``token`` is not set."""


class Limits(Settings):
    """What an app may send; more is refused before it reaches a provider."""

    header_bytes: Size = Field(64 * 1024, ge=1024, le=1024 * 1024)
    """Request line and headers together; more is answered 431."""
    headers: int = Field(200, ge=10, le=10_000)
    """Number of header lines; more is answered 431."""
    body: Size = Field(100 * 1024 * 1024, ge=0)
    """Request body; more is answered 413. 0: no limit."""
    header_timeout: Duration = Field(10.0, gt=0, le=600)
    """From the first byte of a request to the end of its headers."""
    idle_timeout: Duration = Field(75.0, gt=0, le=86400)
    """How long a kept-alive connection of the app may rest between two requests."""
    connections: int = Field(10_000, ge=1, le=1_000_000)
    """Open connections of apps at most; any more are closed at once."""


class Drain(Settings):
    """The end of the process."""

    timeout: Duration = Field(25.0, ge=0, le=86400)
    """How long calls in flight may take to finish; stay below the pod's terminationGracePeriodSeconds (30s)."""


class Log(Capture):
    """The log: a line for each call, and for what happens to the sidecar itself. See docs/logging.md."""

    output: Outputs = ("stdout",)
    """``stdout``, ``stderr``, a file (``file:/var/log/sidecar.log``, opened anew at SIGHUP), or a list of these."""
    format: Literal["json", "console", "auto"] = "json"
    """Form on stdout and stderr; ``console`` is for the eye, ``auto`` that at a terminal. Files are always JSON."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe line that is written; may be changed while running."""


class Support(Settings):
    """The last calls that failed, kept in memory and redacted, for ``sidecar support``."""

    calls: int = Field(200, ge=0, le=10_000)
    """How many; 0: none."""
    bytes: Size = Field(4 * 1024 * 1024, ge=0, le=256 * 1024 * 1024)
    """How much memory they may take; the oldest go first."""


class Pool(Settings):
    """The connections kept to one provider; never shared with another."""

    max_connections: int = Field(100, ge=1, le=100_000)
    """Open connections at most; a call that finds all busy waits for ``timeouts.pool``."""
    max_idle: int = Field(20, ge=0, le=100_000)
    """Unused connections that are kept open."""
    idle_ttl: Duration = Field(60.0, ge=0, le=86400)
    """How long an unused connection is kept; stay below the provider's own keep-alive time."""
    max_age: Duration = Field(300.0, ge=0, le=86400)
    """How old a connection may get, so that changes in DNS are followed; 0: any age."""
    prewarm: int = Field(0, ge=0, le=1000)
    """Connections opened at start, before the first call needs one."""


class Tls(Settings):
    """TLS to the provider. Its certificate is always verified."""

    ca: str | None = None
    """File of the trusted certificates (PEM); default: the system's."""
    cert: str | None = None
    """File of our client certificate (PEM), for providers that ask for one; needs ``key``."""
    key: str | None = None
    """File of the client certificate's private key (PEM, not encrypted)."""
    server_name: str | None = None
    """Name in the handshake (SNI) and in the certificate; default: the host of ``base_url``."""
    min_version: Literal["TLSv1.2", "TLSv1.3"] = "TLSv1.2"
    """The oldest version accepted (RFC 9325 3.1.1 rules out what is older)."""


class Match(Settings):
    """Which calls a route takes. What is left out matches everything."""

    methods: Methods | None = None
    """Methods, such as ``[GET, POST]``."""
    path: Template | None = None
    """Template of the path after the prefix: ``{id}`` is one segment, ``**`` at the end any rest."""


class Route(Settings):
    """Calls of a provider that get settings of their own. The first route that matches is taken."""

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=100)
    """Name in logs and metrics, unique within the provider."""
    match: Match = Match()
    """Which calls it takes."""
    profile: Profile | None = None
    """Defaults for the policies of these calls: ``user-flow`` or ``background``."""
    enabled: bool = True
    """The kill switch: ``false`` answers every call of this route with ``killed``, or with the fallback."""


class Provider(Settings):
    """A third-party API behind a path prefix, a host name or a listener of its own."""

    base_url: Url
    """Where calls go: http or https, host, and a path if every call has one. Some presets state it."""
    preset: Preset | None = None
    """What is known about this provider: its limits, headers and slowness, as a base for everything written here."""
    profile: Profile | None = None
    """Defaults for the policies of its calls: ``user-flow`` or ``background``."""
    enabled: bool = True
    """The kill switch: ``false`` answers every call with ``killed``, or with the fallback."""
    listen: Address | None = None
    """An own address without prefix, for clients that take no path in their base URL or sign the path."""
    host: Hosts = ()
    """Host names that lead here on the shared port, without prefix (``stripe.localhost``); one or a list."""
    pool: Pool = Pool()
    """Connections to the provider."""
    tls: Tls = Tls()
    """TLS to the provider."""
    proxy: Proxy | None = Field(None, repr=False)
    """A proxy asked by CONNECT, or ``off``; default: what HTTPS_PROXY, http_proxy, ALL_PROXY and NO_PROXY say."""
    host_header: Literal["provider", "app"] = "provider"
    """Which ``Host`` the provider sees: its own, or the one the app sent."""
    routes: tuple[Route, ...] = ()
    """Calls with settings of their own; the first match wins."""


class Defaults(Settings):
    """Settings for every provider; what a provider or a route says wins, key by key."""

    profile: Profile | None = None
    """Defaults for the policies of all calls: ``user-flow`` (somebody waits) or ``background`` (nobody does)."""


class Config(Settings):
    """The configuration of a sidecar."""

    version: Literal[1]
    """Version of this format."""
    listen: Address = Listen("127.0.0.1", 8080)
    """Where apps call: ``/<provider>/rest`` goes to the provider's ``base_url`` + ``/rest``."""
    ops: Ops = Ops()
    """Probes and metrics."""
    admin: Admin = Admin()
    """Admin API."""
    limits: Limits = Limits()
    """What an app may send."""
    drain: Drain = Drain()
    """The end of the process."""
    log: Log = Log()
    """Access log."""
    support: Support = Support()
    """Support packets."""
    telemetry: Telemetry = Telemetry()
    """What is sent to other systems by itself: spans."""
    state_dir: str | None = Field(None, min_length=1)
    """Folder for what must survive a restart, such as kill switches set by hand; relative to this file."""
    defaults: Defaults = Defaults()
    """Settings for every provider."""
    providers: dict[str, Provider] = Field(min_length=1)
    """Name -> provider. The name is the path prefix: lower-case letters, digits, ``-`` and ``_``."""


class PolicyValue:
    """Stands for a policy's value: anything here, validated after merging; the JSON Schema puts its model in."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        return core_schema.any_schema()

    def __get_pydantic_json_schema__(self, _schema: CoreSchema, _handler: Any) -> dict[str, Any]:
        return {"policy": self.key}


def _with_policies(base: type[Settings], keys: Iterable[str], **children: Any) -> Any:
    """``base`` with a field for each policy key, and with ``children`` typed anew."""
    fields: dict[str, Any] = {}
    for name, annotation in children.items():
        field = copy(base.model_fields[name])
        fields[name] = (annotation, field)
    for key in keys:
        about = (POLICIES[key].__doc__ or "").partition("\n")[0]
        fields[key] = (Annotated[Any, PolicyValue(key)], Field(None, repr=False, description=about))
    return create_model(base.__name__, __base__=base, __doc__=base.__doc__, **fields)


_Route = _with_policies(Route, POLICIES)
_Provider = _with_policies(Provider, POLICIES, routes=GenericAlias(tuple, (_Route, ...)))
_Defaults = _with_policies(Defaults, POLICIES)
_ONLY_POLICIES = [key for key in TOP_LEVEL if key not in Config.model_fields]
CONFIG: type[Config] = _with_policies(
    Config, _ONLY_POLICIES, defaults=_Defaults, providers=GenericAlias(dict, (str, _Provider))
)
"""The model that files are validated with: ``Config`` and the keys of every policy."""
