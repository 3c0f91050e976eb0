"""Kubernetes manifests for tests: reading, rendering, checking against the schemas and the Pod Security Standards."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import referencing
import yaml
from jsonschema.protocols import Validator

from tests.support.sidecar_process import ROOT

K8S = ROOT / "k8s"
OLDEST = "1.29"
"""The first version where native sidecars are on without a feature gate."""

_SCHEMAS = Path(str(files("kubernetes_validate"))) / "kubernetes-json-schema"
"""One folder per version, as `kubernetes-validate --strict` reads them; read here once for many objects."""

FIRST_VERSION = {"MutatingAdmissionPolicy": "1.36", "MutatingAdmissionPolicyBinding": "1.36"}
"""Kinds that older clusters do not serve in the version the manifests use, so that only newer schemas are asked."""

NO_SCHEMA = {
    "Component": "a file of kustomize, never sent to a cluster",
    "Kustomization": "a file of kustomize, never sent to a cluster",
    "PodMonitor": "a custom resource of the Prometheus operator",
    "PrometheusRule": "a custom resource of the Prometheus operator",
}
"""Kinds that Kubernetes itself does not define, and why."""


# ---- reading and rendering ----


def documents(text: str) -> list[dict[str, Any]]:
    """The objects in a YAML text of several documents; empty documents are left out."""
    return [found for found in yaml.safe_load_all(text) if found]


def render(folder: Path) -> list[dict[str, Any]]:
    """What ``kubectl apply -k folder`` would send; without kubectl the test skips, a mistake fails it with its text."""
    return documents(_rendered_once(folder) if folder.is_relative_to(K8S) else _rendered(folder))


def _rendered(folder: Path) -> str:
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is missing: it has kustomize built in; install it and put it on PATH")
    command = ["kubectl", "kustomize", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == "", f"kustomize warns: {done.stderr}"
    return done.stdout


_rendered_once = cache(_rendered)
"""For the folders of the repository, which no test changes."""


def named(objects: Iterable[Mapping[str, Any]], kind: str, name: str | None = None) -> Any:
    """The one object of ``kind``, and of ``name`` if given."""
    found = [one for one in objects if one["kind"] == kind and name in {None, one["metadata"]["name"]}]
    assert len(found) == 1, f"{len(found)} objects are {kind} {name or ''}"
    return found[0]


def pod_of(workload: Mapping[str, Any]) -> Any:
    """The pod template of a workload (of a Pod: itself), with ``metadata`` and ``spec``; None for other kinds."""
    match workload["kind"]:
        case "Pod":
            return workload
        case "CronJob":
            return workload["spec"]["jobTemplate"]["spec"]["template"]
        case "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" | "Job":
            return workload["spec"]["template"]
    return None


def containers_of(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every container of a pod spec, in the order of their start."""
    return [
        *pod.get("initContainers", []),
        *pod.get("containers", []),
        *pod.get("ephemeralContainers", []),
    ]


def container(pod: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The one container (an init container too) called ``name``."""
    found = [one for one in containers_of(pod) if one["name"] == name]
    assert len(found) == 1, f"{len(found)} containers are called {name}"
    return found[0]


# ---- the schemas of each version ----


@cache
def versions(since: str = OLDEST) -> tuple[str, ...]:
    """``since`` and every newer version whose schemas are known, oldest first."""
    known = {tuple(map(int, found.groups())) for path in _SCHEMAS.iterdir() if (found := _FOLDER.fullmatch(path.name))}
    return tuple(f"{major}.{minor}" for major, minor in sorted(known) if (major, minor) >= _number(since))


def mistakes(objects: Iterable[Mapping[str, Any]], since: str = OLDEST) -> list[str]:
    """What each version's strict schema finds wrong, as ``1.29 Deployment/app: spec.x: message``; [] is well.

    Raises KeyError for a kind that no schema knows and that `NO_SCHEMA` does not name: a typing error in ``kind``
    must not pass as "nothing to check".
    """
    return [text for one in objects for text in _mistakes_of(one, since)]


def _mistakes_of(thing: Mapping[str, Any], since: str) -> Iterator[str]:
    kind = thing["kind"]
    if kind in NO_SCHEMA:
        return
    for version in versions(FIRST_VERSION.get(kind, since)):
        for error in _validator(version, kind, thing["apiVersion"]).iter_errors(dict(thing)):
            where = ".".join(map(str, error.path))
            yield f"{version} {kind}/{thing['metadata'].get('name')}: {where}: {error.message}"


_FOLDER = re.compile(r"v(\d+)\.(\d+)\.\d+-local-strict")


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@cache
def _validator(version: str, kind: str, api_version: str) -> Validator:
    """``apps/v1`` and ``Deployment`` are in ``deployment-apps-v1.json``; a group loses what follows its first dot."""
    group, _, short = api_version.rpartition("/")
    name = "-".join(part for part in (kind.lower(), group.partition(".")[0], short) if part)
    path = _SCHEMAS / f"v{version}.0-local-strict" / f"{name}.json"
    if not path.is_file():
        raise KeyError(f"Kubernetes {version} has no {kind} of {api_version}")
    return jsonschema.Draft202012Validator(json.loads(path.read_text()), registry=_definitions(version))


@cache
def _definitions(version: str) -> referencing.Registry[Any]:
    path = _SCHEMAS / f"v{version}.0-local-strict" / "_definitions.json"
    definitions = referencing.Resource.from_contents(json.loads(path.read_text()))
    return definitions @ referencing.Registry()


# ---- the Pod Security Standards ----

_VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
_SELINUX = {None, "", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
_SAFE_SECCOMP = {"RuntimeDefault", "Localhost"}


def restricted_violations(pod: Mapping[str, Any]) -> list[str]:
    """Why the level "restricted" would refuse a pod spec, as ``container: control``; [] is well.

    The controls of https://kubernetes.io/docs/concepts/security/pod-security-standards/ for Linux pods, the level
    "baseline" included; init and ephemeral containers count as all others. Sysctls are refused altogether: none of
    ours needs one.
    """
    return [*_pod_violations(pod), *(text for one in containers_of(pod) for text in _container_violations(one, pod))]


def _pod_violations(pod: Mapping[str, Any]) -> Iterator[str]:
    context = pod.get("securityContext", {})
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield f"pod: {name}"
    for volume in pod.get("volumes", []):
        if not _VOLUMES.issuperset(volume.keys() - {"name"}):
            yield f"pod: volume {volume['name']} of type {', '.join(sorted(volume.keys() - {'name'} - _VOLUMES))}"
    if context.get("sysctls"):
        yield "pod: sysctls"
    yield from (f"pod: {control}" for control in _of_any_context(context))


def _container_violations(one: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[str]:
    own = one.get("securityContext", {})
    both = {**pod.get("securityContext", {}), **own}
    capabilities = own.get("capabilities", {})
    controls = {
        "privileged": own.get("privileged", False),
        "allowPrivilegeEscalation is not false": own.get("allowPrivilegeEscalation") is not False,
        "capabilities.drop has no ALL": "ALL" not in capabilities.get("drop", []),
        "capabilities.add": not {"NET_BIND_SERVICE"}.issuperset(capabilities.get("add", [])),
        "procMount": own.get("procMount", "Default") != "Default",
        "runAsNonRoot is not true": both.get("runAsNonRoot") is not True,
        "seccompProfile is not set": both.get("seccompProfile", {}).get("type") not in _SAFE_SECCOMP,
        "hostPort": any(port.get("hostPort") for port in one.get("ports", [])),
        "host of a probe or hook": any(_hosts_of_hooks(one)),
    }
    wrong = [control for control, found in controls.items() if found]
    yield from (f"{one['name']}: {control}" for control in [*wrong, *_of_any_context(own)])


def _of_any_context(context: Mapping[str, Any]) -> Iterator[str]:
    """The controls on fields that pods and containers both have, where each place counts alone."""
    selinux = context.get("seLinuxOptions", {})
    if context.get("runAsUser") == 0:
        yield "runAsUser is 0"
    if context.get("runAsNonRoot") is False:
        yield "runAsNonRoot is false"
    if context.get("seccompProfile", {}).get("type") == "Unconfined":
        yield "seccompProfile is Unconfined"
    if context.get("appArmorProfile", {}).get("type") == "Unconfined":
        yield "appArmorProfile is Unconfined"
    if selinux.get("type") not in _SELINUX or selinux.get("user") or selinux.get("role"):
        yield "seLinuxOptions"
    if context.get("windowsOptions", {}).get("hostProcess"):
        yield "hostProcess"


def _hosts_of_hooks(one: Mapping[str, Any]) -> Iterator[str]:
    hooks = [*one.get("lifecycle", {}).values(), *(one.get(f"{name}Probe", {}) for name in _PROBES)]
    for hook in hooks:
        if isinstance(hook, dict):
            yield from (action.get("host", "") for action in hook.values() if isinstance(action, dict))


_PROBES = ("startup", "liveness", "readiness")
