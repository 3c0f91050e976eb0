"""The pages about Kubernetes: their commands, links and steps fit what is in the repository."""

import os
import re
import shlex
import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from sidecar.config.load import load
from tests.docs.pages import Page
from tests.support.kubernetes import K8S, container, containers_of, documents, mistakes, named, pod_of, render
from tests.support.kubernetes_config import SECRETS
from tests.support.sidecar_process import ROOT

EXAMPLES = sorted(path.name for path in (K8S / "examples").iterdir())
GUIDE = Page("docs/kubernetes.md", (ROOT / "docs" / "kubernetes.md").read_text())
PAGES = [
    GUIDE,
    *(
        Page(path.relative_to(ROOT).as_posix(), path.read_text())
        for path in sorted(K8S.rglob("README.md"))
        if path.relative_to(K8S).parts[0] not in {"helm", "monitoring"}
    ),
]
COMMANDS = [
    pytest.param(line.removesuffix(" &"), id=f"{page.name}: {line}")
    for page in PAGES
    for block in page.blocks
    if block.language in ("sh", "shell")
    for line in block.text.splitlines()
]


def test_the_five_minutes_of_the_page_give_a_pod_with_the_sidecar(tmp_path: Path) -> None:
    shutil.copytree(K8S / "component", tmp_path / "component")
    for block in GUIDE.blocks:
        if block.language == "yaml":
            name = block.text.partition("\n")[0].removeprefix("# ")
            (tmp_path / name).write_text(block.text)
    objects = render(tmp_path)
    assert mistakes(objects) == []
    pod = pod_of(named(objects, "Deployment", "shop"))["spec"]
    assert container(pod, "sidecar")["image"] == "registry.example.com/sidecar:0.1.0"
    assert pod["volumes"][0]["configMap"]["name"] == named(objects, "ConfigMap")["metadata"]["name"]
    loaded = load(tmp_path / "sidecar.yaml", {})
    assert (str(loaded.config.ops.listen), loaded.warnings) == ("0.0.0.0:9090", ())


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_page_of_an_example_says_why_how_what_happens_and_what_to_change(example: str) -> None:
    text = (K8S / "examples" / example / "README.md").read_text()
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Why", "Apply", "See it work", "Change"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Page) -> None:
    targets = [one.partition("#")[0] for one in re.findall(r"\]\(([^)]+)\)", page.prose)]
    wrong = [one for one in targets if one and "://" not in one and not ((ROOT / page.name).parent / one).exists()]
    assert wrong == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_names_what_is_there(command: str, tmp_path: Path) -> None:
    words = shlex.split(re.sub(r"^TOKEN=\$\((.*) \| base64 -d\)$", r"\1", command))
    assert words[0] in {"kubectl", "curl", "sidecar"}, "an unknown program"
    for flag in ("-k", "-f", "-c"):
        if flag in words and "/" in words[words.index(flag) + 1]:
            assert (ROOT / words[words.index(flag) + 1]).exists()
    if words[:2] == ["kubectl", "create"] and words[2] in {"configmap", "secret"}:
        dry_run(words, tmp_path)
    if words[0] == "kubectl":
        assert unknown(words) == []
    if words[0] == "curl":
        ports = re.findall(r"http://127\.0\.0\.1:(\d+)", command)
        assert set(ports) <= {"8000", "8080", "9090", "9091"}
        assert len(ports) == 1


def unknown(words: list[str]) -> list[str]:
    """Objects and containers of a kubectl command that no example has."""
    objects = [one for example in EXAMPLES for one in render(K8S / "examples" / example)]
    known = {f"{one['kind'].lower()}/{one['metadata']['name']}" for one in objects} | {"job/report-now"}
    names = {each["name"] for one in objects if (pod := pod_of(one)) for each in containers_of(pod["spec"])} | {"try"}
    said = [re.sub(r"^--from=", "", word) for word in words]
    wrong = [word for word in said if re.match(r"(deployment|statefulset|job|cronjob)/", word) and word not in known]
    asked = [after for word, after in pairwise(words) if word == "-c" and "/" not in after]
    return wrong + [name for name in asked if name not in names]


def dry_run(words: list[str], folder: Path) -> None:
    """kubectl itself reads the command; nothing is sent."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is missing: install it and put it on PATH")
    env = {**os.environ, "HOME": str(folder), "KUBECONFIG": str(folder / "none")}
    # What a shell would fill in, $(openssl rand -hex 32), is any text here.
    command = [*" ".join(words).partition("$(")[0].split(), "--dry-run=client", "-o", "yaml"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    made = documents(done.stdout)[0]
    assert made["metadata"]["name"] in {"sidecar-config", "sidecar-secrets"}
    assert set(made["data"]) <= {"sidecar.yaml", *SECRETS}
