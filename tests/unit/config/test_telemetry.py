"""Where spans go: what the file says, and what the environment adds."""

from pathlib import Path

import pytest

from sidecar.config.fields import BaseUrl
from sidecar.config.load import load
from sidecar.config.problem import ConfigErrors
from sidecar.config.telemetry import Otlp, destination
from sidecar.telemetry.otlp import Destination

ROOT = Path(__file__).resolve().parents[3]


def otlp(folder: Path, text: str, environ: dict[str, str] | None = None) -> Otlp:
    file = folder / "sidecar.yaml"
    lines = "".join(f"    {line}\n" for line in text.splitlines())
    file.write_text(f"version: 1\ntelemetry:\n  otlp:\n{lines}providers:\n  p: {{base_url: 'http://127.0.0.1:9'}}\n")
    return load(file, environ or {}).config.telemetry.otlp


def test_without_an_endpoint_spans_go_nowhere(tmp_path: Path) -> None:
    assert destination(otlp(tmp_path, "sample: 10%"), {}, "1.0") is None
    assert otlp(tmp_path, "endpoint: ${OTEL_EXPORTER_OTLP_ENDPOINT:-}").endpoint is None


def test_the_environment_may_switch_on(tmp_path: Path) -> None:
    environ = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://otel:4318"}
    found = otlp(tmp_path, "endpoint: ${OTEL_EXPORTER_OTLP_ENDPOINT:-}", environ)
    assert found.endpoint == BaseUrl("http", "otel", 4318, "otel:4318", "")


def test_the_defaults(tmp_path: Path) -> None:
    assert destination(otlp(tmp_path, "endpoint: http://otel:4318"), {}, "1.0") == Destination(
        scheme="http",
        host="otel",
        port=4318,
        path="/v1/traces",
        headers={},
        timeout=10.0,
        resource={"service.name": "sidecar", "service.version": "1.0"},
    )


def test_the_file_wins_over_the_environment(tmp_path: Path) -> None:
    environ = {
        "OTEL_SERVICE_NAME": "of-the-environment",
        "OTEL_RESOURCE_ATTRIBUTES": "a=1, b=x%3Dy ,,no-pair,service.name=of-the-attributes",
        "POD_NAME": "shop-1",
    }
    named = otlp(tmp_path, "endpoint: https://otel.test/otlp\nservice_name: of-the-file\nresource: {a: '2'}")
    found = destination(named, environ, "1.0")
    assert found is not None
    assert (found.scheme, found.port, found.path) == ("https", 443, "/otlp/v1/traces")
    assert found.resource == {
        "service.name": "of-the-file",
        "service.version": "1.0",
        "k8s.pod.name": "shop-1",
        "a": "2",
        "b": "x=y",
    }
    unnamed = destination(otlp(tmp_path, "endpoint: https://otel.test"), environ, "1.0")
    assert unnamed is not None
    assert unnamed.resource["service.name"] == "of-the-environment"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("endpoint: otel:4318", "a base URL starts with http:// or https://"),
        ("endpoint: http://u:s3cret@otel", "may not hold a user name or password"),
        ("headers: {'a b': x}", "a b"),
        ('headers: {X-Key: "s3cret\\nX-Other: 1"}', "without control or non-ASCII characters"),
        ("headers: {X-Key: s3cretä}", "without control or non-ASCII characters"),
        ("sample: 101%", "sample"),
        ("timeout: 0s", "timeout"),
        ("protocol: grpc", "protocol"),
    ],
)
def test_mistakes_are_told_without_secrets(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigErrors) as caught:
        otlp(tmp_path, text)
    (problem,) = caught.value.problems
    assert message in problem.headline
    assert "s3cret" not in problem.headline


def test_the_example_of_the_documents_is_right() -> None:
    loaded = load(ROOT / "docs" / "examples" / "otlp.yaml", {"OTLP_TOKEN": "x"})
    found = loaded.config.telemetry.otlp
    assert loaded.warnings == ()
    assert (str(found.endpoint), found.sample) == ("https://otlp.example.com", 0.1)
    assert found.headers == {"Authorization": "Bearer x"}


def test_headers_are_not_in_the_text_of_the_settings(tmp_path: Path) -> None:
    found = otlp(tmp_path, "endpoint: http://otel\nheaders: {X-Key: '${KEY}'}", {"KEY": "s3cret"})
    assert found.headers == {"X-Key": "s3cret"}
    assert "s3cret" not in repr(found)
