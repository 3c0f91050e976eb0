"""The dashboard on real sidecars: all that it asks for is there, and nothing looks like an alarm where all is well."""

import math
import re
from collections.abc import Mapping

import pytest

from tests.dashboard.conftest import Scene
from tests.dashboard.grafana import Expression, expression, expressions, filled
from tests.dashboard.test_expressions import OF_TARGET, selectors

SHOWN = {"__range": "5m", "__range_s": "300", "__rate_interval": "5m", "__interval": "1s"}
COST = "What did it cost us in the time shown?"
PROVIDERS = {"all", "hedged", "watched", "faulty", "killed", "idle"}
EMPTY = {
    # Yesterday there was no sidecar, and no call had to wait.
    "busy": {
        "Calls now and a day before: {{provider}} a day before", "Waits for a turn: {{provider}} p95",
        "Waits for a slot: {{provider}} p95", "Waits for a connection: {{provider}} p95",
    },
    # No calls, nothing went wrong, and no policy is set: the panel says so in words.
    "calm": {
        "Who is affected?: Failed", "Who is affected?: Share failed", "Calls by outcome: {{outcome}}",
        "Calls by provider and status: {{provider}} {{code}}", "Calls now and a day before: {{provider}} a day before",
        "Answered by fallback: {{provider}} {{reason}}",
        "Calls that match no provider: {{code}}", "Time of calls: {{provider}} p50", "Time of calls: {{provider}} p95",
        "Time of calls: {{provider}} p99", "Time of single tries: {{provider}} p50",
        "Time of single tries: {{provider}} p95", "Time of single tries: {{provider}} p99",
        "Time spent in the sidecar: {{provider}} p50", "Time spent in the sidecar: {{provider}} p95",
        "Time spent in the sidecar: {{provider}} p99", "Slowest routes: {{provider}} {{route}}",
        "Tries by result: {{provider}} {{code}}", "Retries by reason: {{provider}} {{reason}}",
        "Failures that were not tried again: {{provider}} {{why}}", "Retries left in the budget: {{provider}}",
        "Second sends of slow calls: {{provider}} {{result}}", "Breakers: {{provider}} {{scope}}",
        "Sidecars with an open breaker: {{provider}} {{scope}}", "Changes of breakers: {{provider}} {{to}}",
        "What observed policies would have done: {{provider}} {{policy}}: {{what}}",
        "Faults on purpose: {{provider}} {{kind}}", "Calls that may go at once: {{provider}}",
        "Calls sent, and the rate limit: {{provider}} limit", "Held by the provider: {{provider}}",
        "Waits for a turn: {{provider}} p95", "Slots in use: {{provider}}", "Waits for a slot: {{provider}} p95",
        "Slots allowed: {{provider}}", "Waits for a connection: {{provider}} p95",
        "Values taken out of the log: {{kind}}", "annotation Breaker opened: Breaker opened: {{provider}}",
        "annotation Kill switch: Switched off: {{provider}}",
        "annotation Reload: Configuration reloaded: {{result}}",
    },
}  # fmt: skip
"""Pod -> the expressions that find nothing there; all others show something, if only zero."""


def answers(scene: Scene, text: str, **chosen: str) -> dict[str, float]:
    """What Prometheus answers: labels but the name -> value."""
    found = scene.prometheus.api("query", query=filled(text, SHOWN, **chosen))["result"]
    return {",".join(f"{k}={v}" for k, v in one["metric"].items()): float(one["value"][1]) for one in found}


def owners(scene: Scene, column: str, **chosen: str) -> Mapping[str, float]:
    """A column of the owner's table by provider."""
    got = answers(scene, expression(COST, column), **chosen)
    return {labels.removeprefix("provider="): value for labels, value in got.items()}


@pytest.mark.parametrize("one", expressions(), ids=str)
def test_a_sidecar_has_every_metric_and_every_label_that_is_asked_for(one: Expression, scene: Scene) -> None:
    for metric, matchers in selectors(one.text):
        lines = re.findall(rf"^{metric}(?:{{(.*)}})? ", scene.metrics, re.MULTILINE)
        assert lines, metric
        labels = {label for line in lines for label in re.findall(r'(\w+)="', line)}
        assert {label for label, _, _ in matchers} - OF_TARGET <= labels, metric


@pytest.mark.parametrize("pod", ["busy", "calm", ".*"])
def test_no_expression_is_refused_and_none_is_not_a_number(pod: str, scene: Scene) -> None:
    for one in expressions():
        got = answers(scene, one.text, pod=pod)
        assert not [labels for labels, value in got.items() if not math.isfinite(value)], one


@pytest.mark.parametrize("pod", EMPTY)
def test_only_what_cannot_be_there_is_empty(pod: str, scene: Scene) -> None:
    assert {str(one) for one in expressions() if not answers(scene, one.text, pod=pod)} == EMPTY[pod]


def test_the_owner_sees_every_provider_in_every_column(scene: Scene) -> None:
    for column in [one.legend for one in expressions() if one.place == COST]:
        assert set(owners(scene, column, pod="busy")) == PROVIDERS, column


def test_the_owner_sees_what_has_happened(scene: Scene) -> None:
    """All of it had no series before; where calls fell between two scrapes, Prometheus guesses a little."""
    about: dict[str, dict[str, float]] = {
        "State": {"killed": 4, "idle": -1},
        "Calls": {"all": 9, "hedged": 1, "watched": 2, "faulty": 1, "killed": 1, "idle": 0},
        "Failed": {"all": 5, "hedged": 0, "watched": 2, "faulty": 1, "killed": 1, "idle": 0},
        "Share failed": {"all": 5 / 9, "hedged": 0, "watched": 1, "faulty": 1, "killed": 1, "idle": 0},
        "Refused to protect": {"hedged": 0, "watched": 0, "faulty": 0, "killed": 1, "idle": 0},
        "Stand-in answers": {"all": 5, "hedged": 0, "watched": 0, "faulty": 0, "killed": 0, "idle": 0},
    }
    for column, expected in about.items():
        got = owners(scene, column, pod="busy")
        assert {name: got[name] for name in expected} == pytest.approx(expected, rel=0.15), column


def test_a_sidecar_that_just_began_looks_calm(scene: Scene) -> None:
    table = {one.legend: owners(scene, one.legend, pod="calm") for one in expressions() if one.place == COST}
    assert table == {
        "State": {"calm": -1},
        "Not fine since": {"calm": -1},
        "Calls": {"calm": 0},
        "Failed": {"calm": 0},
        "Share failed": {"calm": 0},
        "Rescued by trying again": {"calm": 0},
        "Refused to protect": {"calm": 0},
        "Stand-in answers": {"calm": 0},
        "Extra waiting": {"calm": 0},
    }


def test_calls_that_match_no_provider_are_no_provider_of_the_owner(scene: Scene) -> None:
    unmatched = answers(scene, expression("Calls that match no provider", "{{code}}"))
    assert set(unmatched) == {"code=404"}
    assert "" not in owners(scene, "State")
