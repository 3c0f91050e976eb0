"""The rules ask for what a sidecar really says: every metric, label and value that they name is in its /metrics."""

import re

import pytest
import yaml

from tests.alerts.rules import RULES, alerts, labels_of, missing, samples
from tests.support.prometheus import promtool
from tests.support.sidecar_process import ROOT

TARGET_LABELS = {"namespace", "job", "instance", "container"}
"""Labels that Prometheus itself puts on what it scrapes."""


def test_promtool_finds_nothing_to_mend(metrics: bytes) -> None:
    assert promtool("check", "metrics", given=metrics) == (0, "")


@pytest.mark.parametrize("rule", RULES, ids=[rule.get("alert") or rule["record"] for rule in RULES])
def test_a_rule_asks_for_what_there_is(rule: dict[str, str], metrics: bytes) -> None:
    there = samples(metrics)
    known = {label for series in there.values() for labels in series for label in labels}
    recorded = {one["record"] for one in RULES if "record" in one}
    assert missing(rule["expr"], there) == []
    assert labels_of(rule["expr"]) - known - TARGET_LABELS - {"scope"} == set()
    assert set(re.findall(r"\w*:[\w:]+\w", rule["expr"])) <= recorded


def test_a_name_that_is_not_there_is_found(metrics: bytes) -> None:
    """The test above can fail: by a name, by a label, by a value."""
    there = samples(metrics)
    value = 'up * sidecar_attempts_total{code="599"}'
    for wrong in ("sidecar_request_total", 'sidecar_requests_total{result="success"}', value):
        assert len(missing(f"sum(rate({wrong}[5m]))", there)) == 1, wrong
    assert missing('sum(sidecar_requests_total{outcome=~"success|sucess"})', there) == [
        ("sidecar_requests_total", {"outcome": "sucess"})
    ]


def test_the_memory_that_is_watched_is_what_the_manifests_allow() -> None:
    (patch,) = yaml.safe_load_all((ROOT / "k8s" / "component" / "workload.yaml").read_text(encoding="utf-8"))
    containers = patch["spec"]["template"]["spec"]["initContainers"]
    assert [one["resources"]["limits"]["memory"] for one in containers] == ["256Mi"]
    assert alerts()["SidecarMemoryHigh"][0]["expr"].endswith("> 0.8 * 256 * 1024 * 1024")
