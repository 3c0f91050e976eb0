"""The kustomize component: which workloads get the sidecar, what they get, and that nothing else of them changes."""

import copy
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from sidecar import __version__
from sidecar.cli.run import command as run_command
from sidecar.config.load import load
from tests.support.kubernetes import K8S, container, documents, mistakes, named, pod_of, render, restricted_violations
from tests.support.kubernetes_config import local
from tests.support.sidecar_process import SidecarProcess

LABEL = {"sidecar.resilience/inject": "true"}
KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
PATCH = documents((K8S / "component" / "workload.yaml").read_text())[0]
SIDECAR = container(pod_of(PATCH)["spec"], "sidecar")
STARTER = (K8S / "component" / "sidecar.yaml").read_text()

RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
POD: dict[str, Any] = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {
        "automountServiceAccountToken": True,
        "dnsConfig": {"options": [{"name": "timeout", "value": "3"}]},
        "initContainers": [{"name": "migrate", "image": "app:1", "securityContext": RESTRICTED}],
        "containers": [
            {
                "name": "app",
                "image": "app:1",
                "env": [{"name": "A", "value": "b"}],
                "ports": [{"containerPort": 8000, "name": "http"}],
                "securityContext": RESTRICTED,
                "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            }
        ],
        "volumes": [{"name": "data", "emptyDir": {}}],
    },
}
"""A pod that has one of everything that could get in the way."""


def workload(kind: str, labels: dict[str, str]) -> dict[str, Any]:
    """A workload with the pod above."""
    pod = copy.deepcopy(POD)
    spec: dict[str, Any] = {"template": pod}
    selector = {"matchLabels": {"app": "x"}}
    if kind in {"Job", "CronJob"}:
        pod["spec"]["restartPolicy"] = "Never"
    if kind == "CronJob":
        spec = {"schedule": "0 3 * * *", "jobTemplate": {"spec": spec}}
    elif kind != "Job":
        spec = {"selector": selector, **({"serviceName": "x"} if kind == "StatefulSet" else {}), **spec}
    group = "batch/v1" if kind in {"Job", "CronJob"} else "apps/v1"
    return {"apiVersion": group, "kind": kind, "metadata": {"name": "x", "labels": labels}, "spec": spec}


def injected(
    folder: Path, objects: list[dict[str, Any]], components: tuple[str, ...] = ("component",), **more: Any
) -> list[dict[str, Any]]:
    """What kustomize makes of the objects with these components, and with a ConfigMap as the examples make it."""
    folder.mkdir(exist_ok=True)
    (folder / "objects.yaml").write_text(yaml.safe_dump_all(objects))
    (folder / "sidecar.yaml").write_text(STARTER)
    kustomization = {
        "resources": ["objects.yaml"],
        "components": [os.path.relpath(K8S / name, folder.resolve()) for name in components],
        "configMapGenerator": [{"name": "sidecar-config", "files": ["sidecar.yaml"]}],
        **more,
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return render(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_a_labelled_workload_gets_the_sidecar_before_its_init_containers(tmp_path: Path, kind: str) -> None:
    objects = injected(tmp_path, [workload(kind, LABEL)])
    pod = pod_of(named(objects, kind))
    first = pod["spec"]["initContainers"][0]
    assert [one["name"] for one in pod["spec"]["initContainers"]] == ["sidecar", "migrate"]
    assert first == SIDECAR
    assert first["restartPolicy"] == "Always"
    assert pod["metadata"]["labels"] == {"app": "x", **LABEL}
    assert mistakes(objects) == []
    assert restricted_violations(pod["spec"]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_the_app_had_stays_as_it_was(tmp_path: Path, kind: str) -> None:
    before = workload(kind, LABEL)
    after = copy.deepcopy(named(injected(tmp_path, [before]), kind))
    pod = pod_of(after)
    pod["spec"]["initContainers"] = pod["spec"]["initContainers"][1:]
    pod["spec"]["volumes"] = [one for one in pod["spec"]["volumes"] if not one["name"].startswith("sidecar-")]
    del pod["metadata"]["labels"]["sidecar.resilience/inject"]
    assert after == before


@pytest.mark.parametrize("labels", [{}, {"sidecar.resilience/inject": "false"}, {"app": "true"}])
@pytest.mark.parametrize("kind", KINDS)
def test_a_workload_without_the_label_is_left_alone(tmp_path: Path, kind: str, labels: dict[str, str]) -> None:
    before = workload(kind, labels)
    assert named(injected(tmp_path, [before], ("component", "pod-settings")), kind) == before


def test_only_those_with_the_label_get_it_where_both_stand_together(tmp_path: Path) -> None:
    without = workload("Deployment", {})
    without["metadata"]["name"] = "y"
    objects = injected(tmp_path, [workload("Deployment", LABEL), without])
    assert named(objects, "Deployment", "y") == without
    assert container(pod_of(named(objects, "Deployment", "x"))["spec"], "sidecar") == SIDECAR


@pytest.mark.parametrize("kind", KINDS)
def test_applied_twice_it_is_there_once(tmp_path: Path, kind: str) -> None:
    once = injected(tmp_path / "once", [workload(kind, LABEL)])
    overlay = tmp_path / "overlay"
    overlay.mkdir()
    component = os.path.relpath(K8S / "component", overlay.resolve())
    text = yaml.safe_dump({"resources": ["../once"], "components": [component]})
    (overlay / "kustomization.yaml").write_text(text)
    assert named(render(overlay), kind) == named(once, kind)


def test_an_overlay_can_change_the_sidecar(tmp_path: Path) -> None:
    resources = {"requests": {"cpu": "250m", "memory": "128Mi"}}
    pod = {"spec": {"initContainers": [{"name": "sidecar", "resources": resources}]}}
    patch = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"}, "spec": {"template": pod}}
    objects = injected(tmp_path, [workload("Deployment", LABEL)], patches=[{"patch": yaml.safe_dump(patch)}])
    spec = pod_of(named(objects, "Deployment"))["spec"]
    assert container(spec, "sidecar")["resources"] == {**resources, "limits": {"memory": "256Mi"}}
    assert [one["name"] for one in spec["initContainers"]] == ["sidecar", "migrate"]


def test_the_pod_mounts_the_config_map_under_its_hashed_name(tmp_path: Path) -> None:
    objects = injected(tmp_path, [workload("CronJob", LABEL)])
    name = named(objects, "ConfigMap")["metadata"]["name"]
    assert name.startswith("sidecar-config-")
    volumes = {one["name"]: one for one in pod_of(named(objects, "CronJob"))["spec"]["volumes"]}
    assert volumes["sidecar-config"]["configMap"] == {"name": name}


def test_one_entry_sets_the_image_everywhere(tmp_path: Path) -> None:
    images = [{"name": "sidecar", "newName": "registry.example.com/sidecar", "newTag": "9.9.9"}]
    objects = injected(tmp_path, [workload(kind, LABEL) for kind in KINDS], images=images)
    for kind in KINDS:
        spec = pod_of(named(objects, kind))["spec"]
        assert container(spec, "sidecar")["image"] == "registry.example.com/sidecar:9.9.9"
        assert container(spec, "app")["image"] == "app:1"


@pytest.mark.parametrize(("folder", "name"), [("component", "workload.yaml"), ("pod-settings", "pod.yaml")])
def test_a_cronjob_gets_the_same_as_all_others(folder: str, name: str) -> None:
    usual = documents((K8S / folder / name).read_text())[0]
    cronjob = documents((K8S / folder / "cronjob.yaml").read_text())[0]
    assert cronjob["kind"] == "CronJob"
    assert pod_of(cronjob) == pod_of(usual)


@pytest.mark.parametrize("kind", KINDS)
def test_the_settings_of_the_pod_are_a_component_of_their_own(tmp_path: Path, kind: str) -> None:
    objects = injected(tmp_path, [workload(kind, LABEL)], ("component", "pod-settings"))
    spec = pod_of(named(objects, kind))["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["enableServiceLinks"] is False
    assert spec["dnsConfig"] == {"options": [{"name": "ndots", "value": "1"}]}
    assert mistakes(objects) == []


# ---- what is in the container ----


def test_the_image_is_this_version() -> None:
    assert SIDECAR["image"] == f"sidecar:{__version__}"


def test_its_arguments_are_those_of_the_command_line() -> None:
    name, *args = SIDECAR["args"]
    assert name == "run"
    assert run_command.make_context("run", args).params["config"] == Path("/etc/sidecar/sidecar.yaml")


def test_every_mount_is_a_folder_of_a_volume_of_its_own_name() -> None:
    volumes = {one["name"]: one for one in pod_of(PATCH)["spec"]["volumes"]}
    mounts = {one["name"]: one for one in SIDECAR["volumeMounts"]}
    assert mounts.keys() == volumes.keys()
    assert all(name.startswith("sidecar-") for name in volumes)
    assert [one for one in mounts.values() if "subPath" in one] == []
    assert mounts["sidecar-config"]["mountPath"] == "/etc/sidecar"
    assert volumes["sidecar-secrets"]["secret"]["optional"] is True
    assert [name for name, one in mounts.items() if not one.get("readOnly")] == ["sidecar-tmp"]


def test_nothing_of_it_can_get_the_token_of_the_pod() -> None:
    mount = next(one for one in SIDECAR["volumeMounts"] if one["name"] == "sidecar-no-token")
    assert mount["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount"
    volume = next(one for one in pod_of(PATCH)["spec"]["volumes"] if one["name"] == "sidecar-no-token")
    assert volume["emptyDir"] == {}


def test_its_figures() -> None:
    assert SIDECAR["resources"] == {"requests": {"cpu": "100m", "memory": "96Mi"}, "limits": {"memory": "256Mi"}}
    assert SIDECAR["securityContext"]["runAsUser"] == 65532
    assert SIDECAR["securityContext"]["readOnlyRootFilesystem"] is True
    assert SIDECAR["startupProbe"]["periodSeconds"] * SIDECAR["startupProbe"]["failureThreshold"] == 60
    assert SIDECAR["livenessProbe"]["periodSeconds"] * SIDECAR["livenessProbe"]["failureThreshold"] == 60


# ---- the configuration to begin with ----


def test_its_listeners_are_where_the_manifest_says(tmp_path: Path) -> None:
    path = tmp_path / "sidecar.yaml"
    path.write_text(STARTER)
    loaded = load(path, {})
    assert [warning.render() for warning in loaded.warnings] == []
    config = loaded.config
    assert str(config.ops.listen) == "0.0.0.0:9090"
    assert SIDECAR["ports"] == [{"name": "metrics", "containerPort": 9090, "protocol": "TCP"}]
    assert (str(config.listen), str(config.admin.listen)) == ("127.0.0.1:8080", "127.0.0.1:9091")


def test_a_running_sidecar_answers_each_probe(tmp_path: Path) -> None:
    paths = {name: SIDECAR[f"{name}Probe"]["httpGet"] for name in ("startup", "liveness", "readiness")}
    assert {name: probe["path"] for name, probe in paths.items()} == {
        "startup": "/startupz",
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    assert {probe["port"] for probe in paths.values()} == {"metrics"}
    with SidecarProcess(local(STARTER, tmp_path), folder=tmp_path) as sidecar:
        for probe in paths.values():
            assert sidecar.get(probe["path"]) == (200, b"ok\n")
        status, metrics = sidecar.get("/metrics")
        assert status == 200
        assert b"sidecar_build_info" in metrics
