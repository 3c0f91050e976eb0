import importlib.util
from pathlib import Path
from typing import get_args

import jsonschema
import pytest
import yaml

from sidecar.config.interpolate import Interpolator
from sidecar.config.load import load
from sidecar.config.model import CONFIG, POLICIES
from sidecar.config.nodes import Reader, compose
from sidecar.config.problem import Source
from sidecar.config.schema import json_schema, models
from sidecar.config.shape import is_model, members
from sidecar.policies.settings import Switchable

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def data(path):
    """What an editor sees: YAML 1.2, where ``on`` is a word."""
    text = path.read_text(encoding="utf-8")
    return Reader(Source("f", text), Interpolator({}, path.parent)).read(compose(text)).data()


def test_it_accepts_the_example(validator):
    validator.validate(data(ROOT / "config.example.yaml"))


@pytest.mark.parametrize("name", ["minimal", "anchors-and-merge", "interpolation"])
def test_it_accepts_right_files(validator, name):
    text = (ROOT / "tests" / "config" / "right" / f"{name}.yaml").read_text(encoding="utf-8")
    validator.validate(yaml.safe_load(text))


@pytest.mark.parametrize(
    "name",
    ["unknown-top-level-key", "version-of-the-future", "provider-name", "choice", "number-is-a-boolean",
     "route-without-name", "duration-without-unit", "defaults-with-a-key-of-providers", "base-url-missing"],
)  # fmt: skip
def test_it_refuses_wrong_files(validator, name):
    text = (ROOT / "tests" / "config" / "wrong" / f"{name}.yaml").read_text(encoding="utf-8")
    assert not validator.is_valid(yaml.safe_load(text))


def test_every_key_is_described():
    schema = json_schema()
    parts = {"top": schema, **schema["$defs"]}
    lacking = [
        (name, key)
        for name, part in parts.items()
        for key, entry in part.get("properties", {}).items()
        if "description" not in entry and "$ref" not in entry
    ]
    assert lacking == []


def test_policies_may_stand_at_every_level():
    definitions = json_schema()["$defs"]
    for level in ("Defaults", "Provider", "Route"):
        for key, model in POLICIES.items():
            written = definitions[level]["properties"][key]
            either = written.get("anyOf", [written])
            assert either[0]["$ref"] == f"#/$defs/{model.__name__}"
            assert [one["enum"] for one in either[1:]] == ([["off", False]] if issubclass(model, Switchable) else [])


def test_no_two_blocks_share_a_name():
    """In the schema the one would take the place of the other."""
    found = {}

    def collect(kind):
        found.setdefault(kind.__name__, set()).add(kind)
        for field in kind.model_fields.values():
            for one in members(field.annotation):
                for inner in (one, *get_args(one)):
                    if is_model(inner) and inner not in found.get(inner.__name__, ()):
                        collect(inner)

    for kind in (CONFIG, *POLICIES.values()):
        collect(kind)
    assert {name: kinds for name, kinds in found.items() if len(kinds) > 1} == {}
    assert {name: next(iter(kinds)) for name, kinds in found.items()} == models()


def test_a_preset_makes_the_base_url_unnecessary(validator):
    assert validator.is_valid({"version": 1, "providers": {"a": {"preset": "stripe"}}})
    assert not validator.is_valid({"version": 1, "providers": {"a": {"profile": "background"}}})
    assert not validator.is_valid({"version": 1, "providers": {"a": {"preset": "strype"}}})


def test_the_example_names_every_key():
    text = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
    missing = [name for model in models().values() for name in model.model_fields if f"{name}:" not in text]
    assert missing == []
    assert load(ROOT / "config.example.yaml", {}).warnings == ()


def generator():
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_documents_are_what_the_code_says():
    assert generator().stale() == []


def test_a_stale_document_is_found_and_written(tmp_path, monkeypatch, capsys):
    module = generator()
    monkeypatch.setattr(module, "DOCS", tmp_path)
    assert module.main(["--check"]) == 1
    assert "run python docs/generate.py" in capsys.readouterr().err
    assert module.main([]) == 0
    assert module.main(["--check"]) == 0
    assert "`timeouts` (policy)" in (tmp_path / "configuration.md").read_text(encoding="utf-8")
