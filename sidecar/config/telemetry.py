"""The block ``telemetry``: where spans go, and what goes with them."""

import re
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import unquote

from pydantic import Field, PlainSerializer, PlainValidator, StringConstraints, WithJsonSchema

from sidecar.config.fields import BaseUrl, parse_base_url
from sidecar.policies.settings import Duration, FieldName, Fraction, Settings
from sidecar.telemetry.otlp import Destination, traces_path

_DETECTED = {"k8s.pod.name": "POD_NAME", "k8s.namespace.name": "POD_NAMESPACE", "k8s.node.name": "NODE_NAME"}
"""Attributes of the resource -> variables that a manifest fills from the downward API."""
_VALUE = re.compile(r"[\x20-\x7e\t]*")


def parse_endpoint(value: Any) -> BaseUrl | None:
    """A base URL; an empty text is none, so that ``${OTEL_EXPORTER_OTLP_ENDPOINT:-}`` may stand here."""
    return None if value is None or value == "" else parse_base_url(value)


def _header_value(text: Any) -> str:
    if not isinstance(text, str) or not _VALUE.fullmatch(text):
        raise ValueError("the value of a header is a text without control or non-ASCII characters")
    return text.strip()


Endpoint = Annotated[
    BaseUrl | None,
    PlainValidator(parse_endpoint),
    PlainSerializer(lambda url: None if url is None else str(url)),
    WithJsonSchema(
        {"type": "string", "description": "an http or https URL", "examples": ["http://otel-collector:4318"]}
    ),
]
HeaderValue = Annotated[str, PlainValidator(_header_value), WithJsonSchema({"type": "string"})]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Otlp(Settings):
    """Spans for a collector, by OTLP over HTTP (protobuf). See docs/tracing.md."""

    endpoint: Endpoint = None
    """The collector: ``http://otel-collector:4318``; ``/v1/traces`` is added. Without it nothing is traced. Needs
    ``pip install "resilience-sidecar[otlp]"``."""
    headers: dict[FieldName, HeaderValue] = Field(default_factory=dict, repr=False)
    """Sent with each batch; secrets best from a file: ``{Authorization: "Bearer ${file:/run/secrets/otlp}"}``."""
    timeout: Duration = Field(10.0, gt=0, le=60)
    """How long a batch is tried before it is dropped."""
    sample: Fraction = Field(1.0, ge=0, le=1)
    """The share of traces that is recorded, of those that begin here. Of others the app's ``traceparent`` decides."""
    service_name: Name | None = None
    """``service.name`` of the spans; default: OTEL_SERVICE_NAME of the environment, else ``sidecar``."""
    resource: dict[Name, str] = Field(default_factory=dict)
    """More about this process, as ``{deployment.environment.name: prod}``; OTEL_RESOURCE_ATTRIBUTES is read too."""


class Telemetry(Settings):
    """What is sent to other systems by itself. Metrics are asked for, see ``ops``; the log is ``log``."""

    otlp: Otlp = Otlp()
    """Spans for a collector."""


def destination(otlp: Otlp, environ: Mapping[str, str], version: str) -> Destination | None:
    """Where spans go by these settings; None: nowhere.

    The names of the environment are OpenTelemetry's, and what the file says wins
    (opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables).
    """
    url = otlp.endpoint
    if url is None:
        return None
    resource = {attribute: environ[name] for attribute, name in _DETECTED.items() if environ.get(name)}
    resource |= _pairs(environ.get("OTEL_RESOURCE_ATTRIBUTES", ""))
    if environ.get("OTEL_SERVICE_NAME"):
        resource["service.name"] = environ["OTEL_SERVICE_NAME"]
    resource |= otlp.resource
    if otlp.service_name:
        resource["service.name"] = otlp.service_name
    resource = {"service.name": "sidecar", "service.version": version} | resource
    return Destination(
        url.scheme, url.host, url.port, traces_path(url.path), dict(otlp.headers), otlp.timeout, resource
    )


def _pairs(text: str) -> dict[str, str]:
    """``name=value,other=value``, percent-encoded; what is no pair is left out."""
    pairs = (one.partition("=") for one in text.split(","))
    return {name.strip(): unquote(value.strip()) for name, sign, value in pairs if sign and name.strip()}
