"""Rules that only the merged settings can break, with policies of which more come later."""

import importlib.util
from dataclasses import replace
from typing import Any

import pytest
from pydantic import Field, model_validator

from sidecar.config import merge, model
from sidecar.config.interpolate import Interpolator
from sidecar.config.merge import Level, Merger
from sidecar.config.nodes import Reader, compose
from sidecar.config.problem import Source
from sidecar.policies import order
from sidecar.policies.settings import Duration, Settings


class Quota(Settings):
    """A policy with a required key, a rule over two keys, and a short form."""

    limit: int
    burst: int = Field(1, ge=1)
    window: Duration | None = None

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"limit": value} if isinstance(value, int) else value

    @model_validator(mode="after")
    def _burst_within_limit(self) -> "Quota":
        if self.burst > self.limit:
            raise ValueError("burst is more than limit; lower it")
        return self


@pytest.fixture
def merged(monkeypatch, tmp_path):
    monkeypatch.setattr(merge, "POLICIES", {"quota": Quota})

    def merged(text):
        source = Source("f", text)
        root = Reader(source, Interpolator({}, tmp_path)).read(compose(text))
        merger = Merger(source)
        levels = [Level(name, node, (name,)) for name, node in root.value.items()]
        for level in levels:
            merger.check_level(level)
        stack = merger.stack(levels)
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


def test_a_policy_added_to_the_order_is_a_key_everywhere(monkeypatch):
    added = replace(order.ORDER[0], name="quota", key="quota", settings=Quota)
    monkeypatch.setattr(order, "ORDER", (*order.ORDER, added))
    spec = importlib.util.spec_from_file_location("model_with_quota", model.__file__)
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    provider = {"base_url": "http://h", "quota": {"limit": 1}, "routes": [{"name": "a", "quota": {"limit": 2}}]}
    config = again.CONFIG.model_validate({"version": 1, "defaults": {"quota": 1}, "providers": {"a": provider}})
    assert config.providers["a"].routes[0].quota == {"limit": 2}
