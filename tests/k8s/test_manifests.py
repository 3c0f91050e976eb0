"""Every manifest is valid for every supported version, and every pod passes the Pod Security level "restricted"."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.docs.pages import Page
from tests.support.kubernetes import (
    K8S,
    container,
    containers_of,
    documents,
    mistakes,
    named,
    pod_of,
    render,
    restricted_violations,
    versions,
)

OF_OTHERS = (K8S / "helm", K8S / "monitoring")
"""Templates, and objects with tests of their own."""

FILES = [path for path in sorted(K8S.rglob("*.yaml")) if not any(path.is_relative_to(other) for other in OF_OTHERS)]
RENDERED = {
    "deployment": "1.29",
    "job": "1.29",
    "cronjob": "1.29",
    "statefulset": "1.29",
    "old-cluster": "1.25",
}
"""The examples, and the oldest version each is for."""

APP: dict[str, Any] = {
    "containers": [
        {
            "name": "app",
            "securityContext": {
                "runAsNonRoot": True,
                "allowPrivilegeEscalation": False,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }
    ]
}
"""The least that passes "restricted"."""


def patches() -> set[Path]:
    """Files that are a part of an object only."""
    return {
        path.parent / patch["path"]
        for path in FILES
        if path.name == "kustomization.yaml"
        for patch in yaml.safe_load(path.read_text()).get("patches", [])
    }


def manifests() -> list[Any]:
    """The files that hold whole objects."""
    return [
        pytest.param(path, id=str(path.relative_to(K8S)))
        for path in FILES
        if path not in patches() and path.name != "sidecar.yaml"
    ]


@pytest.mark.parametrize("path", manifests())
def test_a_manifest_is_valid_in_every_version(path: Path) -> None:
    found = documents(path.read_text())
    assert found
    assert mistakes(found) == []


@pytest.mark.parametrize(("example", "since"), RENDERED.items())
def test_a_rendered_example_is_valid_in_every_version(example: str, since: str) -> None:
    assert mistakes(render(K8S / "examples" / example), since) == []


def test_every_example_is_rendered() -> None:
    assert {path.name for path in (K8S / "examples").iterdir()} == set(RENDERED)


def test_the_policy_of_admission_is_rendered_and_valid() -> None:
    found = render(K8S / "admission")
    assert {one["kind"] for one in found} == {"MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"}
    assert mistakes(found) == []


@pytest.mark.parametrize("page", [K8S / "network/README.md", K8S / "README.md", K8S / "admission/README.md"])
def test_the_objects_in_a_readme_are_valid(page: Path) -> None:
    found = [
        one
        for block in Page(page.name, page.read_text()).blocks
        if block.language == "yaml"
        for one in documents(block.text)
        if "kind" in one
    ]
    assert mistakes(found) == []
    assert len(found) == (1 if page.parent.name == "network" else 0)


@pytest.mark.parametrize("example", RENDERED)
def test_every_pod_of_an_example_passes_restricted(example: str) -> None:
    pods = [pod["spec"] for one in render(K8S / "examples" / example) if (pod := pod_of(one))]
    assert len(pods) == 1
    assert restricted_violations(pods[0]) == []


@pytest.mark.parametrize("example", RENDERED)
def test_each_container_has_requests_and_a_memory_limit_and_no_cpu_limit(example: str) -> None:
    for one in render(K8S / "examples" / example):
        for each in containers_of(pod_of(one)["spec"]) if pod_of(one) else []:
            assert {"cpu", "memory"} == each["resources"]["requests"].keys(), each["name"]
            assert {"memory"} == each["resources"]["limits"].keys(), each["name"]


@pytest.mark.parametrize("name", ["guard-metrics", "allow-metrics"])
def test_a_network_policy_selects_the_pods_and_the_port_of_the_sidecar(name: str) -> None:
    policy = documents((K8S / "network" / f"{name}.yaml").read_text())[0]["spec"]
    pod = pod_of(documents((K8S / "component" / "workload.yaml").read_text())[0])
    assert policy["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    metrics = container(pod["spec"], "sidecar")["ports"][0]
    assert policy["ingress"][0]["ports"] == [{"protocol": "TCP", "port": metrics["containerPort"]}]
    assert policy["ingress"][0]["from"] == [
        {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}
    ]


def test_the_guard_leaves_every_other_port_as_it_was() -> None:
    policy = documents((K8S / "network" / "guard-metrics.yaml").read_text())[0]["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    assert "from" not in policy["ingress"][1]
    opened = {
        (each["protocol"], port)
        for each in policy["ingress"][1]["ports"]
        for port in range(each["port"], each["endPort"] + 1)
    }
    every = {(protocol, port) for protocol in ("TCP", "UDP", "SCTP") for port in range(1, 65536)}
    assert every - opened == {("TCP", 9090)}


# ---- the checks themselves ----


def test_the_versions_reach_from_the_first_with_native_sidecars_to_the_newest() -> None:
    assert versions()[0] == "1.29"
    assert versions()[-1] == kubernetes_validate.latest_version().rpartition(".")[0]
    assert len(versions()) == len(set(versions())) >= 9


@pytest.mark.parametrize("version", versions("1.25"))
def test_the_schemas_are_read_as_kubernetes_validate_reads_them(version: str) -> None:
    pod: dict[str, Any] = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": APP}
    wrong = {**pod, "spec": {**APP, "hostnames": "x"}}
    kubernetes_validate.validate(pod, version, strict=True)
    with pytest.raises(kubernetes_validate.ValidationError, match="hostnames"):
        kubernetes_validate.validate(wrong, version, strict=True)
    assert mistakes([pod], version) == []
    found = [text for text in mistakes([wrong], version) if text.startswith(f"{version} ")]
    assert len(found) == 1
    assert "hostnames" in found[0]


def test_a_kind_that_nobody_knows_is_no_valid_object() -> None:
    with pytest.raises(KeyError, match="no Deploymint"):
        mistakes([{"apiVersion": "apps/v1", "kind": "Deploymint", "metadata": {"name": "x"}}])


def test_a_native_sidecar_is_a_mistake_before_the_first_version_that_knows_it() -> None:
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p"},
        "spec": {**APP, "initContainers": [{"name": "sidecar", "restartPolicy": "Always"}]},
    }
    assert [text.split()[0] for text in mistakes([pod], "1.25")] == ["1.25", "1.26", "1.27"]


def test_the_least_that_restricted_asks_for_passes() -> None:
    assert restricted_violations(APP) == []


@pytest.mark.parametrize(
    ("pod", "own", "violation"),
    [
        ({"hostNetwork": True}, {}, "pod: hostNetwork"),
        ({"hostPID": True}, {}, "pod: hostPID"),
        ({"hostIPC": True}, {}, "pod: hostIPC"),
        ({"volumes": [{"name": "v", "hostPath": {"path": "/"}}]}, {}, "pod: volume v of type hostPath"),
        ({"securityContext": {"sysctls": [{"name": "a", "value": "1"}]}}, {}, "pod: sysctls"),
        ({"securityContext": {"runAsUser": 0}}, {}, "pod: runAsUser is 0"),
        ({"securityContext": {"windowsOptions": {"hostProcess": True}}}, {}, "pod: hostProcess"),
        ({}, {"privileged": True}, "app: privileged"),
        ({}, {"allowPrivilegeEscalation": None}, "app: allowPrivilegeEscalation is not false"),
        ({}, {"capabilities": {}}, "app: capabilities.drop has no ALL"),
        ({}, {"capabilities": {"drop": ["ALL"], "add": ["SYS_TIME"]}}, "app: capabilities.add"),
        ({}, {"procMount": "Unmasked"}, "app: procMount"),
        ({}, {"runAsNonRoot": None}, "app: runAsNonRoot is not true"),
        ({}, {"runAsUser": 0}, "app: runAsUser is 0"),
        ({}, {"seccompProfile": {}}, "app: seccompProfile is not set"),
        ({}, {"appArmorProfile": {"type": "Unconfined"}}, "app: appArmorProfile is Unconfined"),
        ({}, {"seLinuxOptions": {"type": "spc_t"}}, "app: seLinuxOptions"),
    ],
)
def test_restricted_refuses(pod: dict[str, Any], own: dict[str, Any], violation: str) -> None:
    app = APP["containers"][0]
    changed = {**app, "securityContext": {**app["securityContext"], **own}}
    assert restricted_violations({**pod, "containers": [changed]}) == [violation]
    assert violation in restricted_violations({**pod, "initContainers": [changed], **APP})


@pytest.mark.parametrize(
    ("part", "violation"),
    [
        ({"ports": [{"containerPort": 80, "hostPort": 80}]}, "app: hostPort"),
        ({"livenessProbe": {"httpGet": {"path": "/", "port": 80, "host": "10.0.0.1"}}}, "app: host of a probe or hook"),
        ({"lifecycle": {"preStop": {"tcpSocket": {"port": 80, "host": "x"}}}}, "app: host of a probe or hook"),
    ],
)
def test_restricted_refuses_a_port_or_a_probe_of_the_node(part: dict[str, Any], violation: str) -> None:
    assert restricted_violations({"containers": [{**APP["containers"][0], **part}]}) == [violation]


def test_one_object_is_found_by_kind_and_name() -> None:
    objects = [{"kind": "Service", "metadata": {"name": name}} for name in ("a", "b")]
    assert named(objects, "Service", "b") is objects[1]
    with pytest.raises(AssertionError, match="2 objects are Service"):
        named(objects, "Service")
