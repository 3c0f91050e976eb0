"""The monitoring chart, packed and rendered by Helm: the objects of k8s/monitoring and k8s/network, adjusted."""

import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import sidecar
from tests.support.helm import CHARTS, HelmError, helm, template
from tests.support.kubernetes import K8S, mistakes, named, render
from tests.support.operator_schemas import POD_MONITOR, PROMETHEUS_RULE

MONITORING = K8S / "monitoring"

Objects = list[dict[str, Any]]
Example = Callable[..., Objects]


@pytest.fixture(scope="module")
def packed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The monitoring chart as users get it: an archive."""
    folder = tmp_path_factory.mktemp("packed")
    helm("package", CHARTS / "sidecar-monitoring", "-d", folder)
    return folder / f"sidecar-monitoring-{sidecar.__version__}.tgz"


@pytest.fixture
def monitoring(packed: Path, tmp_path: Path) -> Example:
    def rendered(**values: Any) -> Objects:
        return template(packed, tmp_path, values)

    return rendered


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("monitoring", "podmonitor.yaml"),
        ("monitoring", "prometheusrule.yaml"),
        ("monitoring", "dashboard.json"),
        ("network", "allow-metrics.yaml"),
        ("network", "guard-metrics.yaml"),
    ],
)
def test_the_packed_chart_has_the_files_that_kubectl_applies(packed: Path, folder: str, name: str) -> None:
    with tarfile.open(packed) as archive:
        member = archive.getmember(f"sidecar-monitoring/files/{name}")
        found = archive.extractfile(member)
        assert member.isfile()
        assert found is not None
        assert found.read() == (K8S / folder / name).read_bytes()


def test_the_chart_makes_the_objects_of_the_kustomization(monitoring: Example) -> None:
    charted, kustomized = (
        {one["kind"]: _content(one) for one in objects} for objects in (monitoring(), render(MONITORING))
    )
    assert charted == kustomized


def _content(thing: Mapping[str, Any]) -> Any:
    """All but the labels that tell by what an object was made."""
    labels = {
        name: value
        for name, value in thing["metadata"].get("labels", {}).items()
        if name not in {"app.kubernetes.io/managed-by", "app.kubernetes.io/instance", "helm.sh/chart"}
    }
    return {**thing, "metadata": {**thing["metadata"], "labels": labels}}


def test_the_objects_of_the_chart_are_what_kubernetes_and_the_operator_take(monitoring: Example) -> None:
    objects = monitoring(networkPolicy={"mode": "guard"})
    assert mistakes(objects) == []
    jsonschema.Draft202012Validator(POD_MONITOR).validate(named(objects, "PodMonitor"))
    jsonschema.Draft202012Validator(PROMETHEUS_RULE).validate(named(objects, "PrometheusRule"))


def test_lint_finds_nothing_in_the_monitoring_chart(packed: Path) -> None:
    assert "[WARNING]" not in helm("lint", "--strict", packed)


@pytest.mark.parametrize(
    ("values", "kinds"),
    [
        ({}, ["ConfigMap", "PodMonitor", "PrometheusRule"]),
        ({"podMonitor": {"enabled": False}}, ["ConfigMap", "PrometheusRule"]),
        ({"prometheusRule": {"enabled": False}}, ["ConfigMap", "PodMonitor"]),
        ({"dashboard": {"enabled": False}}, ["PodMonitor", "PrometheusRule"]),
        ({"networkPolicy": {"mode": "allow"}}, ["ConfigMap", "NetworkPolicy", "PodMonitor", "PrometheusRule"]),
    ],
)
def test_each_object_can_be_left_out(monitoring: Example, values: dict[str, Any], kinds: list[str]) -> None:
    assert sorted(one["kind"] for one in monitoring(**values)) == kinds


def test_labels_by_which_an_operator_selects_are_added(monitoring: Example) -> None:
    wanted = {"release": "kube-prometheus-stack"}
    objects = monitoring(podMonitor={"labels": wanted}, prometheusRule={"labels": wanted})
    for kind in ("PodMonitor", "PrometheusRule"):
        assert named(objects, kind)["metadata"]["labels"]["release"] == "kube-prometheus-stack"


def test_the_monitor_takes_its_values(monitoring: Example) -> None:
    protocols = ["OpenMetricsText1.0.0", "PrometheusText0.0.4"]
    values = {"interval": "15s", "scrapeTimeout": "5s", "allNamespaces": False, "scrapeProtocols": protocols}
    spec = named(monitoring(podMonitor=values, podLabels={"team": "pay"}), "PodMonitor")["spec"]
    (endpoint,) = spec["podMetricsEndpoints"]
    assert (endpoint["interval"], endpoint["scrapeTimeout"], endpoint["port"]) == ("15s", "5s", "metrics")
    assert (spec.get("namespaceSelector"), spec["scrapeProtocols"]) == (None, protocols)
    assert spec["selector"]["matchLabels"]["team"] == "pay"


def test_an_alert_can_be_left_out_and_no_other_goes_with_it(monitoring: Example) -> None:
    whole = _alerts(named(monitoring(), "PrometheusRule"))
    fewer = _alerts(named(monitoring(prometheusRule={"disabled": [whole[0]]}), "PrometheusRule"))
    assert fewer == [name for name in whole if name != whole[0]]


def test_an_alert_that_there_is_not_cannot_be_left_out(monitoring: Example) -> None:
    with pytest.raises(HelmError, match='there is no alert "SidecarTypo"'):
        monitoring(prometheusRule={"disabled": ["SidecarTypo"]})


def _alerts(rules: Mapping[str, Any]) -> list[str]:
    return [rule["alert"] for group in rules["spec"]["groups"] for rule in group["rules"] if "alert" in rule]


@pytest.mark.parametrize("text", ["", "../../../monitoring/prometheusrule.yaml"])
def test_a_checkout_that_lost_the_links_installs_no_empty_rules(packed: Path, tmp_path: Path, text: str) -> None:
    with tarfile.open(packed) as archive:
        archive.extractall(tmp_path, filter="data")
    (tmp_path / "sidecar-monitoring/files/prometheusrule.yaml").write_text(text)
    with pytest.raises(HelmError, match=r"files/prometheusrule\.yaml is no PrometheusRule"):
        template(tmp_path / "sidecar-monitoring", tmp_path)


# ---- who may read the metrics ----


@pytest.mark.parametrize("mode", ["allow", "guard"])
def test_the_place_of_prometheus_and_the_pods_can_be_others(monitoring: Example, mode: str) -> None:
    place = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "watch"}},
        "podSelector": {"matchLabels": {"app": "prometheus"}},
    }
    values = {"mode": mode, "from": place}
    spec = named(monitoring(networkPolicy=values, podLabels={"app": "shop"}), "NetworkPolicy")["spec"]
    assert spec["ingress"][0]["from"] == [place]
    assert spec["podSelector"]["matchLabels"]["app"] == "shop"


@pytest.mark.parametrize("mode", ["off", "protect", False])
def test_an_unknown_mode_is_refused(monitoring: Example, mode: Any) -> None:
    with pytest.raises(HelmError, match="/networkPolicy/mode"):
        monitoring(networkPolicy={"mode": mode})
