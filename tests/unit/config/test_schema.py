import importlib.util
from pathlib import Path

import jsonschema
import pytest
import yaml

from sidecar.config.load import load
from sidecar.config.model import POLICIES
from sidecar.config.schema import json_schema, models

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def validator():
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def test_it_accepts_the_example(validator):
    validator.validate(yaml.safe_load((ROOT / "config.example.yaml").read_text(encoding="utf-8")))


@pytest.mark.parametrize("name", ["minimal", "anchors-and-merge", "interpolation"])
def test_it_accepts_right_files(validator, name):
    validator.validate(
        yaml.safe_load((ROOT / "tests" / "config" / "right" / f"{name}.yaml").read_text(encoding="utf-8"))
    )


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
        for key, entry in part["properties"].items()
        if "description" not in entry and "$ref" not in entry
    ]
    assert lacking == []


def test_policies_may_stand_at_every_level():
    definitions = json_schema()["$defs"]
    for level in ("Defaults", "Provider", "Route"):
        for key, model in POLICIES.items():
            assert definitions[level]["properties"][key]["$ref"] == f"#/$defs/{model.__name__}"


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
