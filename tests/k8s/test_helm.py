"""The library chart, rendered by Helm: it gives what the kustomize component gives, and refuses mistakes."""

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import sidecar
from tests.support.helm import CHARTS, HelmError, helm, template, with_dependencies
from tests.support.kubernetes import (
    K8S,
    container,
    mistakes,
    named,
    pod_of,
    render,
    restricted_violations,
)

CONFIG = "version: 1\nops: {listen: '0.0.0.0:9090'}\nproviders: {github: {preset: github}}\n"

Objects = list[dict[str, Any]]
Example = Callable[..., Objects]


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_dependencies("example", tmp_path_factory.mktemp("charts"))


@pytest.fixture
def example(chart: Path, tmp_path: Path) -> Example:
    """Renders the example with values under ``sidecar:``."""

    def rendered(**values: Any) -> Objects:
        return template(chart, tmp_path, {"sidecar": values})

    return rendered


def pod(objects: Objects) -> Any:
    return pod_of(named(objects, "Deployment"))


def refusal(rendered: Callable[..., Objects], **values: Any) -> str:
    with pytest.raises(HelmError) as caught:
        rendered(**values)
    return str(caught.value)


# ---- the library beside the kustomize component ----


@pytest.fixture(scope="module")
def kustomized(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The pod of a bare Deployment to which the component and the settings of the pod were added."""
    folder = tmp_path_factory.mktemp("kustomized")
    app = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop", "labels": {"sidecar.resilience/inject": "true"}},
        "spec": {
            "selector": {"matchLabels": {"app": "shop"}},
            "template": {
                "metadata": {"labels": {"app": "shop"}},
                "spec": {"containers": [{"name": "app", "image": "registry.example.com/shop:1.4.2"}]},
            },
        },
    }
    kustomization = {
        "resources": ["app.yaml"],
        "components": [os.path.relpath(K8S / name, folder.resolve()) for name in ("component", "pod-settings")],
    }
    (folder / "app.yaml").write_text(yaml.safe_dump(app))
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return pod_of(named(render(folder), "Deployment"))


AS_KUSTOMIZED = {
    "configFile": "",
    "existingConfigMap": "sidecar-config",
    "image": {"repository": "sidecar"},
    "secretName": "sidecar-secrets",
}


def test_the_library_gives_the_container_of_the_kustomize_component(example: Example, kustomized: Any) -> None:
    assert container(pod(example(**AS_KUSTOMIZED))["spec"], "sidecar") == container(kustomized["spec"], "sidecar")


def test_the_library_gives_the_volumes_of_the_kustomize_component(example: Example, kustomized: Any) -> None:
    assert pod(example(**AS_KUSTOMIZED))["spec"]["volumes"] == kustomized["spec"]["volumes"]


def test_the_library_gives_the_settings_of_the_pod_that_kustomize_gives(example: Example, kustomized: Any) -> None:
    own = {"containers", "initContainers", "volumes"}
    settings = {key: value for key, value in kustomized["spec"].items() if key not in own}
    found = {key: value for key, value in pod(example())["spec"].items() if key not in own}
    assert found == settings
    assert sorted(settings) == ["automountServiceAccountToken", "dnsConfig", "enableServiceLinks"]


def test_the_library_labels_the_pod_as_the_component_does(example: Example, kustomized: Any) -> None:
    name = "sidecar.resilience/inject"
    assert pod(example())["metadata"]["labels"][name] == kustomized["metadata"]["labels"][name] == "true"


# ---- what an installation would send ----


@pytest.mark.parametrize("native", [True, False])
def test_every_version_of_kubernetes_takes_the_example(example: Example, native: bool) -> None:
    objects = example(nativeSidecar=native)
    assert sorted(one["kind"] for one in objects) == ["ConfigMap", "Deployment"]
    assert mistakes(objects) == []


@pytest.mark.parametrize("native", [True, False])
def test_pods_pass_the_restricted_level(example: Example, native: bool) -> None:
    assert restricted_violations(pod(example(nativeSidecar=native))["spec"]) == []


def test_the_sidecar_is_a_native_one_that_starts_first(example: Example) -> None:
    spec = pod(example())["spec"]
    assert spec["initContainers"][0]["name"] == "sidecar"
    assert spec["initContainers"][0]["restartPolicy"] == "Always"
    assert [one["name"] for one in spec["containers"]] == ["app"]


def test_on_old_clusters_it_is_the_same_container_beside_the_app(example: Example) -> None:
    spec = pod(example(nativeSidecar=False))["spec"]
    native = dict(container(pod(example())["spec"], "sidecar"))
    assert "initContainers" not in spec
    assert [one["name"] for one in spec["containers"]] == ["app", "sidecar"]
    assert native.pop("restartPolicy") == "Always"
    assert spec["containers"][1] == native


def test_a_digest_wins_over_the_tag(example: Example) -> None:
    digest = "sha256:" + "0123456789abcdef" * 4
    image = container(pod(example(image={"digest": digest}))["spec"], "sidecar")["image"]
    assert image == f"registry.example.com/sidecar@{digest}"


def test_environment_mounts_and_volumes_of_the_user_are_added(example: Example) -> None:
    plain, more = (
        pod(example(**values))["spec"]
        for values in (
            {},
            {
                "env": [{"name": "REGION", "value": "eu"}],
                "volumeMounts": [{"name": "state", "mountPath": "/var/lib/sidecar"}],
                "volumes": [{"name": "state", "emptyDir": {}}],
            },
        )
    )
    before, after = container(plain, "sidecar"), container(more, "sidecar")
    assert after["env"] == [*before["env"], {"name": "REGION", "value": "eu"}]
    assert after["volumeMounts"] == [*before["volumeMounts"], {"name": "state", "mountPath": "/var/lib/sidecar"}]
    assert more["volumes"] == [*plain["volumes"], {"name": "state", "emptyDir": {}}]


def test_a_setting_of_the_pod_that_is_null_is_left_to_the_app(example: Example) -> None:
    spec = pod(example(pod={"automountServiceAccountToken": None, "dnsConfig": None}))["spec"]
    assert spec.keys() & {"automountServiceAccountToken", "dnsConfig"} == set()
    assert spec["enableServiceLinks"] is False


def test_the_port_of_the_metrics_can_be_another(example: Example) -> None:
    config = CONFIG.replace("9090", "9190")
    ports = container(pod(example(configFile="", config=config, metricsPort=9190))["spec"], "sidecar")["ports"]
    assert ports == [{"name": "metrics", "containerPort": 9190, "protocol": "TCP"}]


# ---- the configuration ----


def test_the_pod_mounts_the_config_map_that_the_chart_makes(example: Example) -> None:
    objects = example()
    volume = {"name": "sidecar-config", "configMap": {"name": "shop-sidecar"}}
    assert named(objects, "ConfigMap")["metadata"]["name"] == "shop-sidecar"
    assert volume in pod(objects)["spec"]["volumes"]


@pytest.mark.parametrize("text", [CONFIG, CONFIG + '# {{ .Values.x }} on: "<&>"\n'])
def test_the_text_of_a_configuration_arrives_byte_for_byte(example: Example, text: str) -> None:
    assert named(example(configFile="", config=text), "ConfigMap")["data"] == {"sidecar.yaml": text}


def test_the_file_of_a_configuration_arrives_byte_for_byte(example: Example) -> None:
    text = (CHARTS / "example/files/sidecar.yaml").read_text()
    assert named(example(), "ConfigMap")["data"] == {"sidecar.yaml": text}


def test_the_configuration_of_the_example_passes_the_check(tmp_path: Path) -> None:
    secret = tmp_path / "stripe"
    secret.write_text("not a key")
    text = (CHARTS / "example/files/sidecar.yaml").read_text()
    (tmp_path / "sidecar.yaml").write_text(text.replace("/run/secrets/sidecar/stripe", str(secret)))
    command = [sys.executable, "-m", "sidecar.cli.main", "check", "--strict", "-c", str(tmp_path / "sidecar.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_existing_config_map_is_mounted_and_none_is_made(example: Example) -> None:
    objects = example(configFile="", existingConfigMap="ours")
    assert [one["kind"] for one in objects] == ["Deployment"]
    assert {"name": "sidecar-config", "configMap": {"name": "ours"}} in pod(objects)["spec"]["volumes"]


def test_a_changed_configuration_rolls_the_pods_out(example: Example) -> None:
    first, again, changed = (
        pod(example(configFile="", config=text))["metadata"]["annotations"]["checksum/sidecar-config"]
        for text in (CONFIG, CONFIG, CONFIG + "# changed\n")
    )
    assert first == again
    assert first != changed


def test_with_hot_reload_a_changed_configuration_leaves_the_pods_alone(example: Example) -> None:
    first, changed = (
        pod(example(configFile="", config=text, reload="hot")) for text in (CONFIG, CONFIG + "# changed\n")
    )
    assert first == changed


# ---- mistakes that must not reach a cluster ----


def test_without_a_configuration_nothing_is_installed(example: Example) -> None:
    assert "one of config, configFile and existingConfigMap is needed; 0 are set" in refusal(example, configFile="")


def test_two_configurations_are_refused(example: Example) -> None:
    assert "is needed; 2 are set" in refusal(example, config=CONFIG)


def test_a_file_that_the_chart_lacks_is_refused(example: Example) -> None:
    assert "the chart has no file files/none.yaml" in refusal(example, configFile="files/none.yaml")


@pytest.mark.parametrize(
    "ops",
    ["", "ops: {listen: '127.0.0.1:9090'}", "ops: {listen: 'localhost:9090'}", "ops: {listen: '[::1]:9090'}"],
)
def test_probes_that_could_not_reach_the_sidecar_are_refused(example: Example, ops: str) -> None:
    text = f"version: 1\n{ops}\nproviders: {{}}\n"
    assert "where no probe can reach it" in refusal(example, configFile="", config=text)


def test_a_port_of_the_metrics_that_the_configuration_does_not_have_is_refused(example: Example) -> None:
    assert '"0.0.0.0:9191"' in refusal(example, configFile="", config=CONFIG, metricsPort=9191)


@pytest.mark.parametrize("listen", ["0.0.0.0:9090", "[::]:9090", "${OPS:-0.0.0.0:9090}"])
def test_an_address_that_probes_can_reach_passes(example: Example, listen: str) -> None:
    text = f"version: 1\nops: {{listen: '{listen}'}}\nproviders: {{}}\n"
    assert named(example(configFile="", config=text), "ConfigMap")["data"]["sidecar.yaml"] == text


def test_a_configuration_that_is_no_yaml_is_refused(example: Example) -> None:
    assert "the configuration is no YAML" in refusal(example, configFile="", config="version: [1\n")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"config": {"version": 1}, "configFile": ""}, "/config"),
        ({"nativesidecar": False}, "'nativesidecar' not allowed"),
        ({"reload": "sometimes"}, "/reload"),
        ({"image": {"digest": "latest"}}, "/image/digest"),
        ({"resources": {"requests": None}}, "requests"),
        ({"metricsPort": "9090"}, "/metricsPort"),
    ],
)
def test_the_schema_of_the_values_finds(example: Example, values: dict[str, Any], told: str) -> None:
    assert told in refusal(example, **values)


def test_an_image_needs_a_tag_or_a_digest(example: Example) -> None:
    assert "image.tag or image.digest is needed" in refusal(example, image={"tag": ""})


# ---- how the library is included ----


def test_without_an_alias_the_values_stand_under_the_name_of_the_chart(tmp_path: Path) -> None:
    chart = _changed_example(tmp_path, lambda text: "\n".join(_without(text, "alias:")))
    values = {"sidecar": None, "sidecar-lib": {"existingConfigMap": "ours"}}
    spec = pod(template(chart, tmp_path, values))["spec"]
    assert container(spec, "sidecar")["image"] == "sidecar:0.1.0"


def test_without_the_dependency_the_error_says_what_to_do(tmp_path: Path) -> None:
    chart = with_dependencies("example", tmp_path)
    shutil.rmtree(chart / "charts")
    (chart / "Chart.lock").unlink()
    (chart / "Chart.yaml").write_text("\n".join(_without((chart / "Chart.yaml").read_text(), "dependencies:", "  ")))
    shutil.copytree(CHARTS / "sidecar-lib/templates", chart / "templates/lib")
    with pytest.raises(HelmError, match="with `alias: sidecar`"):
        template(chart, tmp_path)


def _changed_example(folder: Path, change: Callable[[str], str]) -> Path:
    shutil.copytree(CHARTS / "sidecar-lib", folder / "sidecar-lib")
    shutil.copytree(CHARTS / "example", folder / "example", ignore=shutil.ignore_patterns("charts", "Chart.lock"))
    file = folder / "example/Chart.yaml"
    file.write_text(change(file.read_text()))
    helm("dependency", "update", folder / "example")
    return folder / "example"


def _without(text: str, *starts: str) -> list[str]:
    return [line for line in text.splitlines() if not (line.strip().startswith(starts) or line.startswith(starts))]


def test_lint_finds_nothing_in_the_library_and_the_example(chart: Path) -> None:
    for one in (chart.parent / "sidecar-lib", chart):
        told = helm("lint", "--strict", one)
        assert "[WARNING]" not in told
        assert "[ERROR]" not in told


@pytest.mark.parametrize("name", ["sidecar-lib", "sidecar-monitoring"])
def test_charts_and_image_have_the_version_of_the_program(name: str) -> None:
    about = yaml.safe_load((CHARTS / name / "Chart.yaml").read_text())
    assert (about["version"], about["appVersion"]) == (sidecar.__version__, sidecar.__version__)


def test_the_default_image_has_the_version_of_the_program() -> None:
    assert yaml.safe_load((CHARTS / "sidecar-lib/values.yaml").read_text())["image"]["tag"] == sidecar.__version__


# ---- what people read ----


def _excerpts() -> list[tuple[str, str]]:
    """The YAML blocks of the README, each with the file of the example that its first line names."""
    text = (CHARTS / "README.md").read_text()
    blocks = [
        textwrap.dedent(block) for block in re.findall(r"^ *```yaml\n(.*?)^ *```$", text, re.DOTALL | re.MULTILINE)
    ]
    return [(first.removeprefix("# "), rest) for first, _, rest in (block.partition("\n") for block in blocks)]


@pytest.mark.parametrize(("file", "excerpt"), _excerpts())
def test_what_the_readme_shows_stands_in_the_example(file: str, excerpt: str) -> None:
    assert _bare(excerpt) in _bare((CHARTS / "example" / file).read_text())


def _bare(text: str) -> str:
    """Whole lines, without comments and indentation."""
    return "".join(f"\n{re.sub(r'[ ]+# .*', '', line).strip()}" for line in text.splitlines()) + "\n"


def test_every_template_that_is_meant_to_be_included_is_in_the_readme() -> None:
    defined = {
        name
        for file in (CHARTS / "sidecar-lib/templates").iterdir()
        for name in re.findall(r'define "(sidecar\.\w+)"', file.read_text())
    }
    inner = {"sidecar.values", "sidecar.config", "sidecar.checkConfig", "sidecar.configMapName", "sidecar.image"}
    shown = set(re.findall(r"^\| `(sidecar\.\w+)`", (CHARTS / "README.md").read_text(), re.MULTILINE))
    assert shown == defined - inner
