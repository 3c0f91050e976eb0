"""Rules that only the merged settings can break, with policies of which more come later."""

import importlib.util
from dataclasses import replace
from typing import Any

import pytest
from pydantic import Field, model_validator

from sidecar.config import merge, model
from sidecar.config.interpolate import Interpolator
from sidecar.config.levels import Chain, Level
from sidecar.config.merge import Merger
from sidecar.config.nodes import Reader, compose
from sidecar.config.problem import Source
from sidecar.policies import order
from sidecar.policies.settings import Duration, Settings, Switchable


class Quota(Settings):
    """A policy with a required key, a rule over two keys, and a short form."""

    limit: int
    burst: int = Field(1, ge=1)
    window: Duration | None = None

    @classmethod
    def unset(cls) -> "Quota":
        return cls(limit=1)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"limit": value} if isinstance(value, int) else value

    @model_validator(mode="after")
    def _burst_within_limit(self) -> "Quota":
        if self.burst > self.limit:
            raise ValueError("burst is more than limit; lower it")
        return self


class Gate(Switchable):
    """A policy that is off until its key is written."""

    trials: int = Field(3, ge=1)
    window: Duration = 30.0


class Rule(Settings):
    """One statement: a required key, and what it must be."""

    name: str
    equals: str | None = None
    contains: str | None = None


class Answer(Settings):
    """A policy with a free value and a mapping."""

    body: Any = None
    rule: Rule | None = None
    headers: dict[str, str] = Field(default_factory=dict)


@pytest.fixture
def merged(monkeypatch, tmp_path):
    monkeypatch.setattr(merge, "POLICIES", {"quota": Quota, "gate": Gate, "answer": Answer})

    def merged(text):
        """Each key at the top is a level; one that ends in ``?`` only prepares."""
        source = Source("f", text)
        root = Reader(source, Interpolator({}, tmp_path)).read(compose(text))
        merger = Merger(source)
        levels = [Level(name, node, (name,), name.endswith("?")) for name, node in root.value.items()]
        stack = merger.stack(Chain("p", None, tuple(levels)))
        return stack, list(dict.fromkeys(problem.headline for problem in merger.problems))

    return merged


def test_a_required_key_may_stand_on_another_level(merged):
    stack, problems = merged("provider: {quota: {limit: 5}}\nroute: {quota: {burst: 3}}\n")
    assert problems == []
    assert (stack.settings["quota"].limit, stack.settings["quota"].burst) == (5, 3)


def test_a_required_key_on_no_level_is_missed_on_the_last(merged):
    _, problems = merged("provider: {quota: {}}\nroute: {quota: {burst: 3}}\n")
    assert problems == ["f:2:9: route.quota: the required key 'limit' is missing - add it: limit: ..."]


def test_a_rule_over_two_levels_is_broken_on_the_last(merged):
    _, problems = merged("provider: {quota: {limit: 5}}\nroute: {quota: {burst: 7}}\n")
    assert problems == ["f:2:9: route.quota: burst is more than limit - lower it"]


def test_a_short_form_replaces_what_is_below(merged):
    stack, problems = merged("provider: {quota: {limit: 5, burst: 4}}\nroute: {quota: 9}\n")
    assert problems == []
    assert (stack.settings["quota"].limit, stack.settings["quota"].burst) == (9, 1)


def test_a_mistake_is_told_once_at_its_own_level(merged):
    _, problems = merged("provider: {quota: {limit: 5, burst: 0, window: true}}\nroute: {quota: {limit: 7}}\n")
    assert problems[:2] == [
        "f:1:37: provider.quota.burst: must be at least 1",
        "f:1:48: provider.quota.window: not a duration: write it like 250ms, 1.5s, 2m or 1h",
    ]


def test_a_mistake_of_a_whole_block_is_told_where_a_level_above_hides_it(merged):
    _, problems = merged("provider: {gate: 5}\nroute: {gate: {trials: 1}}\n")
    assert problems == [
        "f:1:18: provider.gate: must be a block of settings or off, not '5'"
        " - write off, or an indented block of its settings"
    ]


@pytest.mark.parametrize(
    ("levels", "mode", "trials"),
    [
        ("provider: {}", "off", 3),
        ("provider: {gate: {}}", "enforce", 3),
        ("provider: {gate: off}", "off", 3),
        ("provider: {gate: false}", "off", 3),
        ("provider: {gate: 'off'}", "off", 3),
        ("provider: {gate: {trials: 5}}\nroute: {gate: off}", "off", 5),
        ("provider: {gate: {trials: 5}}\nroute: {gate: {mode: off}}", "off", 5),
        ("provider: {gate: off}\nroute: {gate: {trials: 7}}", "enforce", 7),
        ("provider: {gate: off}\nroute: {gate: {}}", "enforce", 3),
        ("provider: {gate: {mode: off}}\nroute: {gate: {trials: 7}}", "enforce", 7),
        ("provider: {gate: off}\nroute: {gate: {mode: observe}}", "observe", 3),
        ("provider: {gate: {mode: observe}}\nroute: {gate: {trials: 7}}", "observe", 7),
        ("defaults: {gate: {trials: 5}}\nprovider: {gate: off}\nroute: {gate: {window: 1s}}", "enforce", 5),
        ("profile?: {gate: {trials: 5}}", "off", 3),
        ("profile?: {gate: {trials: 5}}\nroute: {gate: {window: 1s}}", "enforce", 5),
        ("profile?: {gate: {trials: 5}}\nroute: {gate: {trials: 6}}", "enforce", 6),
        ("profile?: {gate: {trials: 5}}\nroute: {gate: off}", "off", 5),
    ],
)
def test_what_switches_a_policy_on_and_off(merged, levels, mode, trials):
    stack, problems = merged(levels)
    gate = stack.settings["gate"]
    assert (gate.mode, gate.trials) == (mode, trials)
    assert [one for one in problems if "gate" in one] == []


def test_the_short_form_knows_its_level_and_line(merged):
    stack, _ = merged("provider: {gate: {trials: 5}}\nroute: {gate: off}")
    mode = stack.nodes["gate"].at("mode")
    assert (mode.layer, mode.place) == ("route", (2, 15))
    assert stack.nodes["gate"].at("trials").layer == "provider"


@pytest.mark.parametrize(
    ("written", "report"),
    [
        ("on", "must be a block of settings or off, not 'on' - write {} to switch it on with its defaults"),
        ("true", "must be a block of settings or off, not 'true' - write {} to switch it on with its defaults"),
        ("5", "must be a block of settings or off, not '5' - write off, or an indented block of its settings"),
        ("[1]", "must be a block of settings or off, not a list - write off, or an indented block of its settings"),
        ("", "has no value - write one, or take the key out"),
        ("{mode: on}", ".mode: must be 'enforce', 'observe' or 'off', not 'on'"),
    ],
)
def test_anything_but_off_and_a_block_is_a_mistake(merged, written, report):
    _, problems = merged(f"route: {{gate: {written}}}")
    assert [one.partition("route.gate")[2].removeprefix(": ") for one in problems] == [report]


def test_a_free_value_is_replaced_as_a_whole_and_a_mapping_key_by_key(merged):
    stack, _ = merged(
        "provider: {answer: {body: {a: 1}, headers: {X-A: p, X-B: p}}}\n"
        "route: {answer: {body: {b: 2}, headers: {X-A: r}}}\n"
    )
    answer = stack.settings["answer"]
    assert answer.body == {"b": 2}
    assert answer.headers == {"X-B": "p", "X-A": "r"}


def test_a_rule_is_replaced_as_a_whole(merged):
    stack, problems = merged(
        "provider: {answer: {rule: {name: x, equals: 1}}}\nroute: {answer: {rule: {name: y, contains: z}}}\n"
    )
    assert problems == []
    assert stack.settings["answer"].rule == Rule(name="y", contains="z")


def test_a_rule_must_be_whole_at_each_level(merged):
    _, problems = merged("provider: {answer: {rule: {name: x}}}\nroute: {answer: {rule: {contains: z}}}\n")
    assert problems == ["f:2:18: route.answer.rule: the required key 'name' is missing - add it: name: ..."]


def test_a_policy_added_to_the_order_is_a_key_everywhere(monkeypatch):
    added = replace(order.ORDER[0], name="quota", key="quota", settings=Quota)
    monkeypatch.setattr(order, "ORDER", (*order.ORDER, added))
    spec = importlib.util.spec_from_file_location("model_with_quota", model.__file__)
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    provider = {"base_url": "http://h", "quota": {"limit": 1}, "routes": [{"name": "a", "quota": {"limit": 2}}]}
    config = again.CONFIG.model_validate({"version": 1, "defaults": {"quota": 1}, "providers": {"a": provider}})
    assert config.providers["a"].routes[0].quota == {"limit": 2}
