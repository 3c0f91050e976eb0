"""Settings of every kind that a policy may have: nested blocks, words or numbers, rates, free values.

Each is read, reported, explained and described; the policies themselves have their own tests.
"""

from typing import Annotated, Any, Literal

import jsonschema
import pytest
from pydantic import Field, JsonValue

from sidecar.config import merge, schema
from sidecar.config.effective import _leaves
from sidecar.config.interpolate import Interpolator
from sidecar.config.levels import Chain, Level
from sidecar.config.merge import Merger
from sidecar.config.nodes import Reader, as_written, compose, holds_file, show_path
from sidecar.config.problem import Source
from sidecar.config.units import show
from sidecar.policies.settings import Duration, Fraction, Rate, Settings, Switchable

Status = Annotated[int, Field(ge=400, le=599)]


class Wait(Settings):
    """A nested block."""

    base: Duration = Field(0.1, gt=0)
    """The first wait."""
    cap: Duration = Field(5.0, gt=0)
    """The longest wait."""


class Every(Switchable):
    """A policy with a setting of every kind."""

    wait: Wait = Wait()
    """A block."""
    hedge: Wait | None = None
    """A block, or nothing."""
    on: tuple[Status | Literal["connect", "reset"], ...] = ()
    """Statuses or words."""
    limit: Annotated[int, Field(ge=1)] | Literal["adaptive"] = 5
    """A number or a word."""
    after: Duration | Literal["p95"] = 0.2
    """A duration or a word."""
    quota: Rate | None = None
    """A rate."""
    share: Fraction | None = None
    """A share, or nothing."""
    cases: dict[str, Wait] = Field(default_factory=dict)
    """Blocks by name."""
    rules: tuple[Wait, ...] = ()
    """A list of blocks."""
    names: str | tuple[str, ...] = ()
    """One text or a list."""
    body: Any = None
    """Any value."""
    json_body: JsonValue = None
    """Any JSON value."""


@pytest.fixture
def read(monkeypatch, tmp_path):
    monkeypatch.setattr(merge, "POLICIES", {"every": Every})

    def read(text, environ=None):
        source = Source("f", f"every: {{{text}}}")
        reader = Reader(source, Interpolator(environ or {}, tmp_path))
        root = reader.read(compose(f"every: {{{text}}}"))
        merger = Merger(source)
        stack = merger.stack(Chain("p", None, (Level("provider", root, ()),)))
        problems = [one.headline.partition("every.")[2] for one in merger.problems]
        return stack, list(dict.fromkeys(problems))

    return read


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("on: [connect, 429, 503, reset]", "on", ("connect", 429, 503, "reset")),
        ("limit: 7", "limit", 7),
        ("limit: adaptive", "limit", "adaptive"),
        ("after: p95", "after", "p95"),
        ("after: 250ms", "after", 0.25),
        ("quota: 1000/m", "quota", (1000, 60)),
        ("wait: {cap: 9s}", "wait", Wait(cap="9s")),
        ("cases: {a: {base: 1s}}", "cases", {"a": Wait(base="1s")}),
        ("rules: [{base: 1s}, {}]", "rules", (Wait(base="1s"), Wait())),
        ("names: 5", "names", "5"),
        ("names: [1.10, true]", "names", ("1.10", "true")),
        ("body: {a: [1, true, 'x'], b: off}", "body", {"a": [1, True, "x"], "b": "off"}),
        ("json_body: {a: [1, null]}", "json_body", {"a": [1, None]}),
    ],
)
def test_what_is_right_is_read(read, text, name, value):
    stack, problems = read(text)
    assert problems == []
    assert getattr(stack.settings["every"], name) == value


@pytest.mark.parametrize(
    ("text", "report"),
    [
        (
            "on: [connet]",
            "on[0]: must be a whole number, 'connect' or 'reset', not 'connet' - did you mean 'connect'?",
        ),
        ("on: [connect, 200]", "on[1]: must be at least 400"),
        ("on: [true]", "on[0]: must be a whole number, 'connect' or 'reset', not 'true'"),
        ("on: ['0429']", "on[0]: must be a whole number, 'connect' or 'reset', not '0429'"),
        ("on: connect", "on: must be a list, not 'connect'"),
        ("limit: 0", "limit: must be at least 1"),
        ("limit: adaptiv", "limit: must be a whole number or 'adaptive', not 'adaptiv' - did you mean 'adaptive'?"),
        ("limit: true", "limit: must be a whole number or 'adaptive', not 'true'"),
        ("limit: [1]", "limit: must be a whole number or 'adaptive', not a list"),
        ("limit: 1.5", "limit: must be a whole number or 'adaptive', not '1.5'"),
        ("after: 5", "after: a duration needs a unit: 5s or 5ms?"),
        ("after: p99", "after: must be a duration or 'p95', not 'p99' - did you mean 'p95'?"),
        ("after: soon", "after: must be a duration or 'p95', not 'soon' - write it like 250ms, 1.5s, 2m or 1h"),
        ("quota: 100", "quota: not a rate: write it like 100/s, 1000/m or 50000/d"),
        ("quota: 100/w", "quota: not a rate: '100/w' - write it like 100/s, 1000/m or 50000/d"),
        ("quota: 0/s", "quota: a rate must be more than 0 - to stop all calls use enabled: false"),
        ("wait: 5s", "wait: must be a mapping (key: value lines, indented), not '5s'"),
        ("wait: {bas: 1s}", "wait.bas: unknown key 'bas' - did you mean 'base'?"),
        ("wait: {base: 0}", "wait.base: must be more than 0"),
        ("hedge: {cap: 5}", "hedge.cap: a duration needs a unit: 5s or 5ms?"),
        ("cases: {a: {cup: 1s}}", "cases.a.cup: unknown key 'cup' - did you mean 'cap'?"),
        ("rules: [{}, {base: 1}]", "rules[1].base: a duration needs a unit: 1s or 1ms?"),
        ("names: {a: 1}", "names: must be text or a list, not a mapping"),
        ("names: [a, [b]]", "names[1]: must be text, not a list"),
        ("mode: false", "mode: must be 'enforce', 'observe' or 'off', not 'false' - did you mean 'off'?"),
    ],
)
def test_what_is_wrong_is_told_once_in_words(read, text, report):
    assert read(text)[1] == [report]


def test_all_mistakes_of_a_block_are_told_at_once(read):
    _, problems = read("on: [connet, 200], limit: 0, wait: {bas: 1s}, quota: 5, rules: [{cap: 1}]")
    assert [one.partition(":")[0] for one in problems] == [
        "wait.bas", "on[0]", "on[1]", "limit", "quota", "rules[0].cap",
    ] or sorted(one.partition(":")[0] for one in problems) == [
        "limit", "on[0]", "on[1]", "quota", "rules[0].cap", "wait.bas",
    ]  # fmt: skip


def test_every_value_is_shown_as_it_is_written(read):
    text = (
        "on: [connect, 429], limit: adaptive, after: p95, quota: 1000/m, share: 20%, names: [a, b], "
        "cases: {x: {base: 1s}}, body: {a: [1, true, null]}, hedge: {base: 1s}, rules: [{base: 2s}]"
    )
    shown = {
        show_path(steps): show(value, unit)
        for steps, value, unit in _leaves(read(text)[0].settings["every"], ("every",))
    }
    assert shown == {
        "every.mode": "enforce",
        "every.wait.base": "100ms",
        "every.wait.cap": "5s",
        "every.hedge.base": "1s",
        "every.hedge.cap": "5s",
        "every.on": "[connect, 429]",
        "every.limit": "adaptive",
        "every.after": "p95",
        "every.quota": "1000/m",
        "every.share": "20%",
        "every.cases.x.base": "1s",
        "every.cases.x.cap": "5s",
        "every.rules[0].base": "2s",
        "every.rules[0].cap": "5s",
        "every.names": "[a, b]",
        "every.body": "{a: [1, true, null]}",
    }


def test_a_policy_that_is_off_shows_nothing_else(read):
    leaves = list(_leaves(Every(mode="off"), ("every",)))
    assert [(steps, value) for steps, value, _ in leaves] == [(("every", "mode"), "off")]


def test_a_free_value_with_a_secret_deep_inside_is_known_as_secret(read, tmp_path):
    (tmp_path / "key").write_text("hunter2\n", encoding="utf-8")
    stack, problems = read("body: {a: [{b: '${file:key}', c: '${NAME}', d: 1}]}", {"NAME": "x"})
    node = stack.nodes["every"].at("body")
    assert problems == []
    assert stack.settings["every"].body == {"a": [{"b": "hunter2", "c": "x", "d": 1}]}
    assert holds_file(node)
    assert as_written(node) == "{a: [{b: ${file:key}, c: ${NAME}, d: 1}]}"


@pytest.fixture
def validator(monkeypatch):
    monkeypatch.setattr(schema, "POLICIES", {**schema.POLICIES, "timeouts": Every})
    made = schema.json_schema()
    jsonschema.Draft202012Validator.check_schema(made)
    return jsonschema.Draft202012Validator(made)


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ("off", True),
        (False, True),
        ({}, True),
        ({"mode": "observe"}, True),
        ({"on": ["connect", 429], "limit": "adaptive", "after": "p95", "quota": "5/s"}, True),
        ({"limit": 5, "after": "200ms", "wait": {"base": "1s"}, "hedge": {"cap": "1s"}}, True),
        ({"body": {"a": [1, None]}, "json_body": [1], "cases": {"a": {}}, "rules": [{}], "names": "a"}, True),
        ({"limit": "${LIMIT}", "quota": "${QUOTA:-5/s}"}, True),
        ("on", False),
        (True, False),
        (5, False),
        ({"on": ["connet"]}, False),
        ({"limit": "adaptiv"}, False),
        ({"limit": 0}, False),
        ({"after": "soon"}, False),
        ({"quota": 5}, False),
        ({"wait": {"bas": "1s"}}, False),
    ],
)
def test_the_schema_says_the_same(validator, value, valid):
    config = {"version": 1, "providers": {"a": {"base_url": "http://h", "timeouts": value}}}
    assert validator.is_valid(config) == valid
