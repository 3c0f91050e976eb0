"""The alerts, on their own: each fires when it should, and is silent when it should be (promtool)."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.alerts.rules import CASES, alerts, page_of, write_needed_rules
from tests.support.prometheus import promtool, write_rules

NEAR_MISSES = {
    "SidecarProviderFailing": "single error, failed calls of, idle, restart",
    "SidecarBreakerOpen": "idle, observes, restart",
    "SidecarServerErrors": "single error, one in two hundred, restart",
    "SidecarTimeouts": "single timeout, one in two hundred, restart",
    "SidecarClientErrors": "forty calls, restart",
    "SidecarAuthFailures": "one in ten, refusals of nine, restart",
    "SidecarTrafficDropped": "night, Sunday, three calls a minute, first day, restart",
    "SidecarProviderSlow": "forty sends, idle, restart",
    "SidecarCallsSlow": "a hundred calls, idle, restart",
    "SidecarOverheadHigh": "waited, nine calls, idle, restart",
    "SidecarRetryBudgetSpent": "one in ten, one bad moment, restart",
    "SidecarRateLimitNear": "burst, idle, restart",
    "SidecarRateLimitHit": "single refusal, idle, restart",
    "SidecarCallsRefused": "single refusal, idle, restart",
}
"""What must not set off the alerts that look at traffic, in words of the cases' names."""


def cases(alert: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((CASES / f"{page_of(alert)}.yaml").read_text(encoding="utf-8"))[
        "tests"
    ]
    return found


def test_the_rules_can_be_loaded(tmp_path: Path) -> None:
    code, output = promtool("check", "rules", write_rules(tmp_path))
    assert (code, output.splitlines()[-2:]) == (0, ["  SUCCESS: 42 rules found", ""]), output


@pytest.mark.parametrize("alert", alerts())
def test_an_alert_fires_when_it_should_and_not_else(alert: str, tmp_path: Path) -> None:
    write_needed_rules(tmp_path, alert)
    file = shutil.copy(CASES / f"{page_of(alert)}.yaml", tmp_path)
    code, output = promtool("test", "rules", file)
    assert code == 0, output


@pytest.mark.parametrize("alert", alerts())
def test_the_cases_of_an_alert_are_of_both_kinds(alert: str) -> None:
    firing = [case for case in cases(alert) if any(one["exp_alerts"] for one in case["alert_rule_test"])]
    silent = [case for case in cases(alert) if not any(one["exp_alerts"] for one in case["alert_rule_test"])]
    assert firing
    assert len(silent) >= 2
    assert {one["alertname"] for case in cases(alert) for one in case["alert_rule_test"]} == {alert}
    windows = {one.get("labels", {}).get("window") for one in alerts()[alert]}
    fired = {alarm["exp_labels"].get("window") for case in firing for one in case["alert_rule_test"]
             for alarm in one["exp_alerts"]}  # fmt: skip
    assert fired == windows


@pytest.mark.parametrize(("alert", "words"), NEAR_MISSES.items())
def test_what_nearly_is_an_alarm_has_a_case(alert: str, words: str) -> None:
    silent = "; ".join(case["name"] for case in cases(alert) if not case["alert_rule_test"][-1]["exp_alerts"])
    assert [word for word in words.split(", ") if word not in silent] == []


def test_every_file_of_cases_belongs_to_an_alert() -> None:
    assert {file.stem for file in CASES.iterdir()} == {page_of(alert) for alert in alerts()}


def test_every_alert_that_looks_at_calls_has_a_minimum_or_a_duration() -> None:
    """So that none comes of a single call."""
    single = {"SidecarReloadFailed", "SidecarLogLinesDropped", "SidecarRedactionFailed", "SidecarInternalErrors"}
    for alert, rules in alerts().items():
        if alert not in single:
            assert all("for" in rule or ">= " in rule["expr"] for rule in rules), alert


@pytest.mark.parametrize("alert", alerts())
def test_an_alert_says_how_urgent_it_is_and_what_it_means(alert: str) -> None:
    for rule in alerts()[alert]:
        assert rule["labels"]["severity"] in ("page", "ticket", "report")
        said = rule["annotations"]
        assert set(said) == {"summary", "description", "runbook_url"}
        assert said["runbook_url"] == f"https://sidecar.invalid/runbooks/{page_of(alert)}"
        assert "$value" in said["description"]
        assert "$labels.job" in said["description"]
        shown = said["summary"] + said["description"]
        assert ("$labels.provider" in shown) is ("provider" in rule["expr"]), "a provider's name, where there is one"
