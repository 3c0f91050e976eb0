"""The objects of k8s/monitoring: complete, of the operator's form, and finding the sidecar's port and no other."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from tests.support.kubernetes import K8S, documents, mistakes, named, render
from tests.support.operator_schemas import POD_MONITOR, PROMETHEUS_RULE
from tests.support.prometheus import promtool

MONITORING = K8S / "monitoring"


@pytest.fixture(scope="module")
def objects() -> list[dict[str, Any]]:
    return render(MONITORING)


@pytest.fixture(scope="module")
def monitor() -> Any:
    return documents((MONITORING / "podmonitor.yaml").read_text())[0]


# ---- the whole ----


def test_one_command_brings_the_monitor_the_alerts_and_the_dashboard(objects: list[dict[str, Any]]) -> None:
    assert sorted((one["kind"], one["metadata"]["name"]) for one in objects) == [
        ("ConfigMap", "sidecar-dashboard"),
        ("PodMonitor", "sidecar"),
        ("PrometheusRule", "sidecar"),
    ]


def test_the_objects_name_no_namespace_so_that_kubectl_decides_it(objects: list[dict[str, Any]]) -> None:
    assert [one["metadata"].get("namespace") for one in objects] == [None, None, None]


def test_what_kubernetes_itself_defines_fits_every_version(objects: list[dict[str, Any]]) -> None:
    assert mistakes(objects) == []


def test_grafana_finds_the_dashboard_as_it_is_in_the_folder(objects: list[dict[str, Any]]) -> None:
    dashboard = named(objects, "ConfigMap")
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert dashboard["data"] == {"sidecar.json": (MONITORING / "dashboard.json").read_text()}


def test_kubectl_apply_can_keep_what_it_sent(objects: list[dict[str, Any]]) -> None:
    """It writes the whole object into an annotation, and all annotations together may have 256 KiB."""
    sizes = {one["kind"]: len(json.dumps(one, separators=(",", ":")).encode()) for one in objects}
    assert [kind for kind, size in sizes.items() if size > 250 * 2**10] == []


# ---- the operator's forms ----


def test_the_monitor_is_what_the_operator_takes(monitor: Any) -> None:
    jsonschema.Draft202012Validator(POD_MONITOR).validate(monitor)


def test_the_rules_are_what_the_operator_takes(objects: list[dict[str, Any]]) -> None:
    jsonschema.Draft202012Validator(PROMETHEUS_RULE).validate(named(objects, "PrometheusRule"))


@pytest.mark.parametrize(
    ("where", "key", "value"),
    [
        (("spec",), "selectors", {}),
        (("spec", "podMetricsEndpoints", 0), "interval", "half a minute"),
        (("spec", "podMetricsEndpoints", 0), "honourLabels", False),
        (("spec", "podMetricsEndpoints", 0, "relabelings", 0), "target_label", "pod"),
        (("spec", "selector"), "matchLabels", {"a": True}),
    ],
)
def test_a_mistake_in_the_monitor_would_be_found(monitor: Any, where: tuple[Any, ...], key: str, value: Any) -> None:
    broken = json.loads(json.dumps(monitor))
    place = broken
    for step in where:
        place = place[step]
    place[key] = value
    assert len(list(jsonschema.Draft202012Validator(POD_MONITOR).iter_errors(broken))) == 1


# ---- what Prometheus makes of the monitor ----

LABELS = {
    "named": {"app.kubernetes.io/name": "shop"},
    "short": {"app": "shop"},
    "both": {"app.kubernetes.io/name": "shop", "app": "old-name"},
    "neither": {},
}
"""Pods with a sidecar, by name, and what labels they have beside the one that asked for it."""


@pytest.fixture(scope="module")
def targets(monitor: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The labels of the targets that remain of some pods, as Prometheus' own tool relabels them, by pod and container.

    The meta labels are those of the role `pod`: a target for each port of each container, init containers too,
    https://prometheus.io/docs/prometheus/latest/configuration/configuration/#pod .
    """
    asked = monitor["spec"]["selector"]["matchLabels"]
    pods = [*((name, {**asked, **labels}) for name, labels in LABELS.items()), ("without", LABELS["named"])]
    found = [one for number, (name, labels) in enumerate(pods) for one in _discovered(name, labels, f"10.1.2.{number}")]
    job = {"job_name": "sidecar", "static_configs": found, "relabel_configs": _relabelings(monitor)}
    file = tmp_path_factory.mktemp("prometheus") / "prometheus.yml"
    file.write_text(yaml.safe_dump({"scrape_configs": [job]}))
    code, output = promtool("check", "service-discovery", "--timeout=1s", file, "sidecar")
    assert code == 0, output
    shown = json.loads(output)
    assert len(shown) == len(found)
    return {(one["labels"]["pod"], one["labels"]["container"]): one["labels"] for one in shown if one["labels"]}


def test_each_native_sidecar_is_one_target_and_the_ports_of_the_app_are_none(targets: Any) -> None:
    assert sorted(targets) == [(name, "sidecar") for name in ("both", "named", "neither", "short")]


def test_pods_without_the_label_are_left_alone(targets: Any) -> None:
    assert [pod for pod, _ in targets if pod == "without"] == []


def test_every_series_says_namespace_pod_and_container(targets: Any) -> None:
    found = targets["named", "sidecar"]
    assert {name: found[name] for name in ("namespace", "pod", "container")} == {
        "namespace": "shop",
        "pod": "named",
        "container": "sidecar",
    }


def test_the_address_is_that_of_the_metrics(targets: Any) -> None:
    found = targets["named", "sidecar"]
    assert (found["__address__"], found["__metrics_path__"]) == ("10.1.2.0:9090", "/metrics")


@pytest.mark.parametrize(
    ("pod", "job"), [("named", "shop"), ("short", "shop"), ("both", "shop"), ("neither", "monitoring/sidecar")]
)
def test_the_job_is_the_app(targets: Any, pod: str, job: str) -> None:
    assert targets[pod, "sidecar"]["job"] == job


def _discovered(pod: str, labels: dict[str, str], address: str) -> Iterator[dict[str, Any]]:
    """A running pod with a native sidecar, and an app with two ports, one of them called as the sidecar's."""
    for container, init, port, number in (
        ("sidecar", "true", "metrics", 9090),
        ("app", "false", "http", 8000),
        ("app", "false", "metrics", 8001),
    ):
        yield {
            "targets": [f"{address}:{number}"],
            "labels": {
                "__meta_kubernetes_namespace": "shop",
                "__meta_kubernetes_pod_name": pod,
                "__meta_kubernetes_pod_container_name": container,
                "__meta_kubernetes_pod_container_init": init,
                "__meta_kubernetes_pod_container_port_name": port,
                **{_meta(name): value for name, value in labels.items()},
            },
        }


def _relabelings(monitor: Any) -> list[dict[str, Any]]:
    """A monitor as the operator writes it for Prometheus: what selects, the port, the path, the job, then its own."""
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    selected = [
        {"action": "keep", "source_labels": [_meta(name)], "regex": value}
        for name, value in monitor["spec"]["selector"]["matchLabels"].items()
    ]
    port = {"action": "keep", "source_labels": ["__meta_kubernetes_pod_container_port_name"], "regex": endpoint["port"]}
    path = {"target_label": "__metrics_path__", "replacement": endpoint["path"]}
    named_after_monitor = {"target_label": "job", "replacement": "monitoring/sidecar"}
    job = {"source_labels": [_meta(monitor["spec"]["jobLabel"])], "regex": "(.+)", "target_label": "job"}
    own = [{_NAMES.get(key, key): value for key, value in one.items()} for one in endpoint["relabelings"]]
    return [*selected, port, path, named_after_monitor, job, *own]


def _meta(label: str) -> str:
    return "__meta_kubernetes_pod_label_" + "".join(letter if letter.isalnum() else "_" for letter in label)


_NAMES = {"sourceLabels": "source_labels", "targetLabel": "target_label"}
