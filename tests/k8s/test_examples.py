"""The examples: their configuration is sound, and their programs run against a real sidecar."""

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from sidecar.cli.main import main
from tests.support.child import child
from tests.support.kubernetes import K8S, container, containers_of, documents, named, pod_of, render
from tests.support.kubernetes_config import SECRETS, in_folder, local
from tests.support.scripted_provider import Script, ScriptedProvider, answer
from tests.support.sidecar_process import SidecarProcess

EXAMPLES = sorted(path.name for path in (K8S / "examples").iterdir())
WORKLOADS = ("Deployment", "StatefulSet", "Job", "CronJob")


def text(example: str) -> str:
    return (K8S / "examples" / example / "sidecar.yaml").read_text()


def app_of(example: str, file: str, kind: str) -> Any:
    """The app's container as it is written, before kustomize."""
    objects = documents((K8S / "examples" / example / file).read_text())
    return container(pod_of(named(objects, kind))["spec"], "app")


def http(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n%b" % (status, len(body), body)


@contextmanager
def running(example: str, folder: Path, provider: ScriptedProvider) -> Iterator[SidecarProcess]:
    """The example's sidecar in front of a provider that takes GitHub's place."""
    with SidecarProcess(local(text(example), folder, provider.url), folder=folder) as sidecar:
        yield sidecar


def run(command: list[str], sidecar: SidecarProcess, **more: str) -> subprocess.CompletedProcess[str]:
    """A command of the app, with its variables leading to this sidecar; skips the test where curl is missing."""
    if shutil.which("curl") is None:
        pytest.skip("curl is missing: install it and put it on PATH")
    env = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    env |= {
        "GITHUB_API": f"{sidecar.url}/github",
        "SIDECAR_OPS": f"http://127.0.0.1:{sidecar.ops_port}",
        "SIDECAR_ADMIN": f"http://127.0.0.1:{sidecar.admin_port}",
        **more,
    }
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


# ---- all of them ----


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_configuration_passes_the_strict_check(example: str, tmp_path: Path) -> None:
    for name, secret in SECRETS.items():
        (tmp_path / name).write_text(secret)
    path = tmp_path / "sidecar.yaml"
    path.write_text(in_folder(text(example), tmp_path))
    done = CliRunner().invoke(main, ["check", "--strict", "-c", str(path)])
    assert done.exit_code == 0, done.output
    config = yaml.safe_load(text(example))
    assert config["ops"]["listen"] == "0.0.0.0:9090"
    assert "listen" not in config, "calls stay on 127.0.0.1:8080, which the app's variables name"
    assert config.get("admin", {}).get("listen", "127.0.0.1:9091") == "127.0.0.1:9091"


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_image_of_the_sidecar_stands_in_one_place(example: str) -> None:
    found = [path for path in (K8S / "examples" / example).iterdir() if "registry.example.com" in path.read_text()]
    assert [path.name for path in found] == ["kustomization.yaml"]
    pods = [pod_of(one)["spec"] for one in render(K8S / "examples" / example) if one["kind"] in WORKLOADS]
    assert [container(pod, "sidecar")["image"] for pod in pods] == ["registry.example.com/sidecar:0.1.0"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_name_that_a_pod_refers_to_is_there(example: str) -> None:
    objects = render(K8S / "examples" / example)
    maps = {one["metadata"]["name"] for one in objects if one["kind"] == "ConfigMap"}
    for workload in objects:
        if workload["kind"] not in WORKLOADS:
            continue
        pod = pod_of(workload)["spec"]
        claims = {one["metadata"]["name"] for one in workload["spec"].get("volumeClaimTemplates", [])}
        volumes = {one["name"] for one in pod["volumes"]} | claims
        assert {one["configMap"]["name"] for one in pod["volumes"] if "configMap" in one} <= maps
        for each in containers_of(pod):
            assert {one["name"] for one in each.get("volumeMounts", [])} <= volumes
            ports = {one["name"] for one in each.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                assert probe not in each or each[probe]["httpGet"]["port"] in ports


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_app_calls_the_providers_of_the_configuration(example: str) -> None:
    pod = next(pod_of(one)["spec"] for one in render(K8S / "examples" / example) if one["kind"] in WORKLOADS)
    env = {one["name"]: one["value"] for one in container(pod, "app")["env"]}
    assert env["GITHUB_API"] == "http://127.0.0.1:8080/github"
    assert "github" in yaml.safe_load(text(example))["providers"]


# ---- deployment ----


def test_the_shop_shows_what_the_provider_says_and_the_fallback_when_it_is_down(tmp_path: Path) -> None:
    code = K8S / "examples/deployment/app.py"
    script = answer(http(200, b"Speak like a human."), http(503, b""))
    with (
        ScriptedProvider(script) as provider,
        running("deployment", tmp_path, provider) as sidecar,
        shop(code, sidecar) as url,
    ):
        assert page(f"{url}/") == "Speak like a human. (sends: 1)\n"
        assert page(f"{url}/healthz") == "ok\n"
        assert page(f"{url}/") == "Keep it logically awesome. (sends: 2)\n"


@contextmanager
def shop(code: Path, sidecar: SidecarProcess) -> Iterator[str]:
    """The app, run as the Deployment runs it, on a free port that it prints when told to."""
    command = app_of("deployment", "deployment.yaml", "Deployment")["command"]
    assert command == ["python", "-u", "/app/app.py"]
    command = [sys.executable, *command[1:-1], str(code)]
    env = {**os.environ, "GITHUB_API": f"{sidecar.url}/github", "PORT": "0"}
    with child(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as app:
        assert app.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(app.stdout.readline().rpartition(' ')[2])}"
        finally:
            app.terminate()


def page(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=20) as answer:
        body: bytes = answer.read()
    return body.decode()


def test_the_time_to_end_holds_the_pause_and_the_drain() -> None:
    objects = render(K8S / "examples/deployment")
    pod = pod_of(named(objects, "Deployment"))["spec"]
    pause = container(pod, "app")["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert "lifecycle" not in container(pod, "sidecar")
    drain = yaml.safe_load(text("deployment"))["drain"]["timeout"]
    assert (pause, drain, pod["terminationGracePeriodSeconds"]) == (5, "25s", 60)


def test_the_service_and_the_autoscaler_name_the_app() -> None:
    objects = render(K8S / "examples/deployment")
    deployment = named(objects, "Deployment")
    pod = pod_of(deployment)
    service = named(objects, "Service")["spec"]
    assert service["selector"].items() <= pod["metadata"]["labels"].items()
    assert [one["targetPort"] for one in service["ports"]] == ["http"]
    assert container(pod["spec"], "app")["ports"] == [{"name": "http", "containerPort": 8000}]
    scaler = named(objects, "HorizontalPodAutoscaler")["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}
    assert [one["containerResource"]["container"] for one in scaler["metrics"]] == ["app"]


# ---- jobs ----


def test_the_job_and_what_prepares_it_call_the_provider(tmp_path: Path) -> None:
    pod = pod_of(documents((K8S / "examples/job/job.yaml").read_text())[0])["spec"]
    with (
        ScriptedProvider(answer(http(200, b"Design for failure."))) as provider,
        running("job", tmp_path, provider) as sidecar,
    ):
        for name in ("prepare", "app"):
            done = run(container(pod, name)["command"], sidecar)
            assert (done.returncode, done.stdout) == (0, "Design for failure."), done.stderr
    assert [request.target for request in provider.requests] == [b"/rate_limit", b"/zen"]


def test_the_cronjob_calls_with_a_token_that_neither_app_nor_log_ever_sees(tmp_path: Path) -> None:
    app = app_of("cronjob", "cronjob.yaml", "CronJob")
    token = SECRETS["github-token"]
    with ScriptedProvider(answer(http(200, b"[]"))) as provider, running("cronjob", tmp_path, provider) as sidecar:
        done = run(app["command"], sidecar)
        assert (done.returncode, done.stdout) == (0, "[]"), done.stderr
        lines = sidecar.requests(1)
    assert provider.requests[0].get("authorization") == f"Bearer {token}".encode()
    assert token not in str(lines) + str(app)


def test_the_script_of_an_old_cluster_ends_the_sidecar(tmp_path: Path) -> None:
    done, code, drained = old_job(tmp_path, answer(http(200, b"Half measures are as bad as nothing at all.")))
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "Half measures are as bad as nothing at all."
    assert (code, drained["reason"]) == (0, "POST /shutdown")


def test_the_script_of_an_old_cluster_ends_the_sidecar_when_it_fails_too(tmp_path: Path) -> None:
    done, code, drained = old_job(tmp_path, answer(http(404, b"")))
    assert done.returncode == 22, "what curl ends with at a 404: the Job must count it as failed"
    assert (code, drained["reason"]) == (0, "POST /shutdown")


def old_job(folder: Path, script: Script) -> tuple[subprocess.CompletedProcess[str], int, Mapping[str, Any]]:
    """How the script ended, the exit code of the sidecar, and its event ``draining``."""
    app = app_of("old-cluster", "job.yaml", "Job")
    assert app["command"] == ["sh", "/app/job.sh"]
    with ScriptedProvider(script) as provider, running("old-cluster", folder, provider) as sidecar:
        done = run(["sh", str(K8S / "examples/old-cluster/job.sh")], sidecar)
        return done, sidecar.process.wait(30), sidecar.wait_event("draining")


def test_the_script_of_an_old_cluster_finds_the_listeners() -> None:
    env = {one["name"]: one["value"] for one in app_of("old-cluster", "job.yaml", "Job")["env"]}
    assert env["SIDECAR_OPS"] == "http://127.0.0.1:9090"
    assert env["SIDECAR_ADMIN"] == "http://127.0.0.1:9091"


def test_the_container_of_an_old_cluster_is_the_one_of_the_component() -> None:
    old = pod_of(documents((K8S / "examples/old-cluster/job.yaml").read_text())[0])
    usual = pod_of(documents((K8S / "component/workload.yaml").read_text())[0])
    settings = pod_of(documents((K8S / "pod-settings/pod.yaml").read_text())[0])
    assert "initContainers" not in old["spec"]
    assert {**container(old["spec"], "sidecar"), "restartPolicy": "Always"} == container(usual["spec"], "sidecar")
    assert [one for one in old["spec"]["volumes"] if one["name"] != "code"] == usual["spec"]["volumes"]
    assert old["metadata"]["labels"] == usual["metadata"]["labels"]
    assert settings["spec"].items() <= old["spec"].items()


# ---- statefulset ----


def test_a_kill_switch_survives_the_pod(tmp_path: Path) -> None:
    text = (K8S / "examples/statefulset/README.md").read_text()
    switch, back = (re.search(rf"^curl -X {verb} .*$", text, re.MULTILINE) for verb in ("PUT", "DELETE"))
    assert switch is not None
    assert back is not None
    with ScriptedProvider(answer(http(200, b"x"))) as provider:
        with running("statefulset", tmp_path, provider) as sidecar:
            assert sidecar.get("/github/zen", sidecar.port)[0] == 200
            assert '"reason":"a test"' in turned(switch[0], sidecar)
        with running("statefulset", tmp_path, provider) as sidecar:
            assert b'"reason":"a test"' in sidecar.get("/providers/github", sidecar.admin_port)[1]
            assert sidecar.get("/github/zen", sidecar.port)[0] == 503
            turned(back[0], sidecar)
            assert sidecar.get("/github/zen", sidecar.port)[0] == 200


def turned(command: str, sidecar: SidecarProcess) -> str:
    """What the admin API says to a command of the page."""
    command = command.replace("127.0.0.1:9091", f"127.0.0.1:{sidecar.admin_port}")
    done = run(["sh", "-c", command], sidecar, TOKEN=SECRETS["admin-token"])
    assert done.returncode == 0, done.stderr
    return re.sub(r"\s*([:,])\s*", r"\1", done.stdout)


def test_the_state_is_on_the_volume_and_the_sidecar_alone_writes_there() -> None:
    stateful = named(render(K8S / "examples/statefulset"), "StatefulSet")
    pod = pod_of(stateful)["spec"]
    claim = stateful["spec"]["volumeClaimTemplates"][0]["metadata"]["name"]
    places = {one["name"]: one["mountPath"] for one in container(pod, "sidecar")["volumeMounts"]}
    assert places[claim] == yaml.safe_load(text("statefulset"))["state_dir"] == "/var/lib/sidecar"
    assert "volumeMounts" not in container(pod, "app")
    assert pod["securityContext"]["fsGroup"] == container(pod, "sidecar")["securityContext"]["runAsUser"]


def test_the_config_map_keeps_its_name_where_it_is_reloaded() -> None:
    named(render(K8S / "examples/statefulset"), "ConfigMap", "sidecar-config")
