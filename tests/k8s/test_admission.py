"""The admission policy injects what the component injects: its CEL expressions are read and applied to pods here.

The expressions use little of the language: objects, which read like YAML once the names of their types are gone, and
``has`` and ``exists``. That is why they can be applied without an API server. That the server accepts them is not
shown by this; the schema and the types' names are.
"""

import copy
import re
from typing import Any

import pytest
import yaml

from tests.support.kubernetes import K8S, container, documents, mistakes, pod_of, restricted_violations

POLICY = documents((K8S / "admission" / "policy.yaml").read_text())[0]
SPEC = POLICY["spec"]
IMAGE = yaml.safe_load(SPEC["variables"][0]["expression"])
COMPONENT = pod_of(documents((K8S / "component" / "workload.yaml").read_text())[0])

APP = {
    "name": "app",
    "securityContext": {
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    },
}
BARE: dict[str, Any] = {"containers": [APP]}
FULL: dict[str, Any] = {
    "initContainers": [{**APP, "name": "migrate"}],
    "containers": [APP],
    "volumes": [{"name": "data", "emptyDir": {}}],
}


def wanted(pod: dict[str, Any]) -> bool:
    """What the match condition says of a pod."""
    text = " ".join(SPEC["matchConditions"][0]["expression"].split())
    text = re.sub(r"has\(object\.spec\.(\w+)\)", r"('\1' in spec)", text)
    text = re.sub(
        r"object\.spec\.(\w+)\.exists\((\w+), \2\.name == (\"\w+\")\)",
        r"any(\2['name'] == \3 for \2 in spec['\1'])",
        text,
    )
    text = text.replace("&&", " and ").replace("||", " or ").replace("!(", "not (").replace("!any", "not any")
    assert "object" not in text, "the expression has become richer than this reading of it"
    return bool(eval(text, {"spec": pod}))


def patches(expression: str, pod: dict[str, Any]) -> list[dict[str, Any]]:
    """The JSON patches that an expression of the form ``(has(list) ? [] : [...]) + [...]`` makes for a pod."""
    form = r"\s*\(has\(object\.spec\.(\w+)\) \? \[\] : (\[.*?\n\s*\])\) \+ (\[.*\])\s*"
    found = re.fullmatch(form, expression, re.DOTALL)
    assert found, "the expression has another form"
    name, make, rest = found.groups()
    return [*([] if name in pod else read(make)), *read(rest)]


def read(text: str) -> list[dict[str, Any]]:
    """A CEL list of objects: YAML but for the names of the types, and the variable."""
    plain = re.sub(r"\b(JSONPatch|Object(\.\w+)*)\{", "{", text).replace("variables.image", f'"{IMAGE}"')
    found: list[dict[str, Any]] = yaml.safe_load(plain)
    return found


def admitted(pod: dict[str, Any]) -> dict[str, Any]:
    """The pod as the API server would store it."""
    after = copy.deepcopy(pod)
    if not wanted(pod):
        return after
    for mutation in SPEC["mutations"]:
        for patch in patches(mutation["jsonPatch"]["expression"], after):
            assert patch["op"] == "add"
            _, where, name, *place = patch["path"].split("/")
            assert where == "spec"
            if not place:
                after[name] = patch["value"]
            elif place == ["-"]:
                after[name].append(patch["value"])
            else:
                after[name].insert(int(place[0]), patch["value"])
    return after


@pytest.mark.parametrize("pod", [BARE, FULL], ids=["bare", "full"])
def test_a_pod_gets_the_sidecar_of_the_component_first(pod: dict[str, Any]) -> None:
    after = admitted(pod)
    expected = {**container(COMPONENT["spec"], "sidecar"), "image": IMAGE}
    assert after["initContainers"] == [expected, *pod.get("initContainers", [])]
    assert after["volumes"] == [*pod.get("volumes", []), *COMPONENT["spec"]["volumes"]]
    assert after["containers"] == pod["containers"]
    assert restricted_violations(after) == []


def test_the_pod_it_makes_is_valid() -> None:
    after = admitted(FULL)
    assert mistakes([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": after}]) == []


@pytest.mark.parametrize(
    "pod",
    [
        admitted(FULL),
        {"containers": [APP, {"name": "sidecar"}]},
        {"containers": [APP], "initContainers": [{"name": "sidecar"}]},
    ],
    ids=["admitted before", "a plain container", "by the component"],
)
def test_a_pod_that_has_a_sidecar_stays_as_it_is(pod: dict[str, Any]) -> None:
    assert admitted(pod) == pod


def test_the_pod_of_an_old_cluster_stays_as_it_is() -> None:
    old = pod_of(documents((K8S / "examples/old-cluster/job.yaml").read_text())[0])["spec"]
    assert admitted(old) == old


def test_only_new_pods_with_the_label_are_looked_at() -> None:
    assert SPEC["matchConstraints"]["objectSelector"] == {"matchLabels": COMPONENT["metadata"]["labels"]}
    rules = SPEC["matchConstraints"]["resourceRules"]
    assert [(rule["operations"], rule["resources"]) for rule in rules] == [(["CREATE"], ["pods"])]


def test_the_type_of_each_object_is_its_place() -> None:
    """The server checks it: what is in ``env`` of an init container is an ``Object.spec.initContainers.env``."""
    found = [pair for mutation in SPEC["mutations"] for pair in types(mutation["jsonPatch"]["expression"])]
    assert len(found) >= 30
    assert [pair for pair in found if pair[0] != pair[1]] == []


def types(expression: str) -> list[tuple[str, str]]:
    """Of each object: the type that is written, and the one that its place asks for."""
    found: list[tuple[str, str]] = []
    around: list[tuple[str, str]] = []  # the type of each open object, and the field it stands in
    field = path = ""
    for token in re.findall(r"\"[^\"]*\"|[\w.]*\{|\w+:|\}", expression):
        if token == "}":
            field = around.pop()[1]
        elif token.endswith("{"):
            if token.startswith("Object"):
                of_patch = "Object" + path.rstrip("/-0").replace("/", ".")
                found.append((token[:-1], of_patch if field == "value" else f"{around[-1][0]}.{field}"))
            around.append((token[:-1], field))
        elif token.endswith(":"):
            field = token[:-1]
        elif field == "path" and around[-1][0] == "JSONPatch":
            path = token.strip('"')
    return found


def test_the_binding_names_the_policy() -> None:
    binding = documents((K8S / "admission" / "binding.yaml").read_text())[0]
    assert binding["spec"]["policyName"] == POLICY["metadata"]["name"]
