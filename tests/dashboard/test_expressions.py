"""Every expression is PromQL, and asks for what the metrics say."""

import re
from pathlib import Path

import pytest
import yaml

from sidecar.core.errors import Outcome
from sidecar.telemetry.families import FAMILIES, LOCAL_CODES
from sidecar.telemetry.policy_families import BREAKER_STATES
from tests.dashboard.grafana import Expression, expressions, filled
from tests.support.prometheus import promtool

NAMES = {family.sample_name: set(family.labels) for family in FAMILIES}
OF_TARGET = {"namespace", "pod", "instance"}
"""Labels that Prometheus adds to every series."""
VALUES: dict[tuple[str, str], set[str]] = {
    ("sidecar_requests_total", "outcome"): set(Outcome),
    ("sidecar_breaker_state", "state"): set(BREAKER_STATES),
    ("sidecar_breaker_transitions_total", "to"): set(BREAKER_STATES),
    ("sidecar_rejected_total", "code"): set(LOCAL_CODES),
}
"""What a label can be, where that is known."""


def selectors(text: str) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """Metric and (label, operator, value) of every selector."""
    found = re.findall(r"(\w+)\{([^}]*)\}", text)
    return [(metric, re.findall(r'(\w+)(=~|!~|!=|=)"([^"]*)"', inside)) for metric, inside in found]


def labels_of(metric: str) -> set[str]:
    """The labels of a metric, or of a part of a histogram."""
    return NAMES.get(metric) or {*NAMES.get(re.sub("_(bucket|sum|count)$", "", metric), ()), "le"} | OF_TARGET


def test_promtool_reads_every_expression(tmp_path: Path) -> None:
    rules = [{"record": f"dashboard:{n}", "expr": filled(one.text)} for n, one in enumerate(expressions())]
    file = tmp_path / "rules.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    code, output = promtool("check", "rules", "--lint=all", "--lint-fatal", file)
    assert code == 0, output
    assert f"{len(rules)} rules found" in output


@pytest.mark.parametrize("one", expressions(), ids=str)
def test_every_metric_and_every_label_of_an_expression_exists(one: Expression) -> None:
    named = set(re.findall(r"\b((?:sidecar|process)_\w+)", one.text))
    asked = selectors(one.text)
    assert named == {metric for metric, _ in asked}  # all of them are narrowed by the variables
    for metric, matchers in asked:
        assert metric in NAMES or re.sub("_(bucket|sum|count)$", "", metric) in NAMES, metric
        assert {label for label, _, _ in matchers} <= labels_of(metric) | OF_TARGET, metric


@pytest.mark.parametrize("one", expressions(), ids=str)
def test_what_is_grouped_by_and_written_in_the_legend_is_there(one: Expression) -> None:
    labels = {label for metric, _ in selectors(one.text) for label in labels_of(metric)} | OF_TARGET
    grouped = {
        label.strip() for inside in re.findall(r"\b(?:by|on) \(([^)]*)\)", one.text) for label in inside.split(",")
    }
    assert grouped <= labels
    written = set(re.findall(r"\{\{(\w+)\}\}", one.legend))
    assert written <= (grouped or labels)


def test_the_values_that_are_asked_for_exist() -> None:
    asked = 0
    for one in expressions():
        for metric, matchers in selectors(one.text):
            for label, _, value in matchers:
                if (metric, label) in VALUES and not value.startswith("$"):
                    asked += 1
                    assert set(value.split("|")) <= VALUES[metric, label], (one, metric, label)
    assert asked >= 20


def test_a_quantile_is_taken_over_all_sidecars() -> None:
    found = [one.text for one in expressions() if "histogram_quantile" in one.text]
    assert len(found) >= 12
    for text in found:
        assert re.search(r"histogram_quantile\(0\.\d+, sum by \(le, \w+(, \w+)?\) \(rate\(\w+_bucket\{", text), text


def test_variables_narrow_whatever_has_their_label() -> None:
    """But for calls that match no provider, which have a panel of their own."""
    for one in expressions():
        for metric, matchers in selectors(one.text):
            for label in {"namespace", "pod", *(labels_of(metric) & {"provider", "route"})}:
                values = [value for name, _, value in matchers if name == label]
                assert values == [f"${label}"] or one.place == "Calls that match no provider", (one, metric, label)
