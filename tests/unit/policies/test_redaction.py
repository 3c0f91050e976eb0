"""The ``redaction`` key of the configuration: what it accepts, and the rules it makes."""

import pytest
from pydantic import ValidationError

from sidecar.config.load import load
from sidecar.config.problem import ConfigErrors
from sidecar.policies.redaction import POLICY, Redaction
from sidecar.redaction.kinds import CLASS_OF, Class
from sidecar.redaction.rules import Action, Rules
from tests.unit.policies.stage import Stage

KEY = "0123456789abcdef"
CONFIG = """\
version: 1
redaction: {kinds: {phone: drop}, keys: {top: mask}}
providers:
  pay:
    base_url: https://api.pay.example
    redaction: {keys: {ref: mask}, personal: partial}
    routes:
      - {name: create, match: {path: /v1/charges}, redaction: {keys: {id: keep}, mode: allow}}
"""


def said(**settings):
    """What is wrong with some settings."""
    with pytest.raises(ValidationError) as caught:
        Redaction.model_validate(settings)
    return str(caught.value)


def test_where_nothing_is_written_the_rules_are_those_of_the_engine() -> None:
    assert Redaction().rules() == Rules()


def test_all_settings_reach_the_engine() -> None:
    settings = Redaction.model_validate({
        "mode": "allow", "secrets": "hash", "personal": "partial", "details": "drop", "kinds": {"email": "mask"},
        "keys": {"internal_ref": "drop", "x": "keep"}, "pointers": {"/a/*": "keep"},
        "patterns": {"employee_id": "E-[0-9]{6}"},
        "hash": {"key": KEY, "id": "k7"},
    })  # fmt: skip
    rules = settings.rules()
    assert rules == Rules(
        allow_list=True,
        classes={Class.SECRET: Action.HASH, Class.PERSONAL: Action.PARTIAL, Class.DETAIL: Action.DROP},
        kinds={"email": Action.MASK},
        keys={"internal_ref": Action.DROP, "x": Action.KEEP},
        pointers={"/a/*": Action.KEEP},
        patterns={"employee_id": "E-[0-9]{6}"},
        hash_key=KEY.encode(),
        hash_id="k7",
    )
    assert rules.action_for("password") is Action.HASH
    assert rules.action_for("email") is Action.MASK
    assert rules.action_for("phone") is Action.PARTIAL
    assert rules.action_for("employee_id") is Action.PARTIAL


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "block"}, "mode"),
        ({"secrets": "keep"}, "secrets"),
        ({"secrets": "partial"}, "secrets"),
        ({"personal": "hide"}, "personal"),
        ({"kinds": {"emial": "mask"}}, "no kind 'emial' - did you mean 'email'?"),
        ({"kinds": {"zzz": "mask"}}, "no kind 'zzz' - there are: account_number, api_key"),
        ({"kinds": {"password": "keep"}}, "kinds.password: a secret cannot be kept"),
        ({"kinds": {"email": "hide"}}, "kinds.email"),
        ({"keys": {"": "mask"}}, "keys"),
        ({"keys": {"x" * 101: "mask"}}, "keys"),
        ({"pointers": {"a/b": "mask"}}, "'a/b' is no JSON Pointer: write it like /customer/notes or /items/*/sku"),
        ({"pointers": {"": "mask"}}, "is no JSON Pointer"),
        ({"patterns": {"employee_id": r"(a)\1"}}, "RE2 syntax: linear time, so no back-references and no look-around"),
        ({"patterns": {"employee_id": "(?=x)"}}, "RE2 syntax"),
        ({"patterns": {"employee_id": "["}}, "RE2 syntax"),
        ({"patterns": {"employee_id": "x*"}}, "it matches an empty text, and so everywhere"),
        ({"patterns": {"employee_id": "x" * 1001}}, "patterns"),
        ({"patterns": {"Employee": "x"}}, "patterns"),
        ({"patterns": {"1st": "x"}}, "patterns"),
        ({"hash": {"key": "short"}}, "at least 16 characters"),
        ({"hash": {"key": KEY, "id": "a b"}}, "hash.id"),
        ({"hash": {"key": KEY, "id": ""}}, "hash.id"),
        ({"personal": "hash"}, '"hash" needs a key: hash: {key: "${file:/run/secrets/redaction}"}'),
        ({"kinds": {"email": "hash"}}, '"hash" needs a key'),
        ({"keys": {"x": "hash"}}, '"hash" needs a key'),
        ({"pointers": {"/x": "hash"}}, '"hash" needs a key'),
        ({"secrets": "hash"}, '"hash" needs a key'),
        ({"key": {}}, "key"),
    ],
)
def test_what_cannot_be_is_said(settings, message) -> None:
    assert message in said(**settings)


@pytest.mark.parametrize("kind", sorted(CLASS_OF))
def test_every_kind_can_be_set_and_no_secret_can_be_kept(kind) -> None:
    assert Redaction.model_validate({"kinds": {kind: "mask"}}).rules().action_for(kind) is Action.MASK
    if CLASS_OF[kind] is Class.SECRET:
        assert "cannot be kept" in said(kinds={kind: "keep"})
    else:
        assert Redaction.model_validate({"kinds": {kind: "keep"}}).rules().action_for(kind) is Action.KEEP


def test_one_name_or_place_of_a_secret_can_be_kept() -> None:
    rules = Redaction.model_validate({"keys": {"password": "keep"}, "pointers": {"/token": "keep"}}).rules()
    assert (rules.keys, rules.pointers) == ({"password": Action.KEEP}, {"/token": Action.KEEP})


def test_the_hash_key_is_not_printed() -> None:
    assert KEY not in repr(Redaction.model_validate({"hash": {"key": KEY}}))


@pytest.mark.parametrize("wrong", ["kinds: {password: keep}", "mode: block", "pointers: {a: mask}"])
def test_no_mistake_elsewhere_prints_the_hash_key(tmp_path, wrong) -> None:
    (tmp_path / "key").write_text(KEY, encoding="utf-8")
    file = tmp_path / "sidecar.yaml"
    text = CONFIG.replace("personal: partial", f'{wrong}, hash: {{key: "${{file:key}}"}}').replace(
        "keys: {ref: mask}, ", ""
    )
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigErrors) as caught:
        load(file, {})
    report = "\n".join(problem.render() for problem in caught.value.problems)
    assert "redaction" in report
    assert KEY not in report


def test_the_policy_adds_no_layer() -> None:
    async def inner(exchange):
        raise NotImplementedError

    assert POLICY.build(inner, Stage().site) is inner
    assert (POLICY.name, POLICY.key, POLICY.settings) == ("redaction", "redaction", Redaction)


def test_settings_are_merged_from_the_top_to_the_route(tmp_path) -> None:
    file = tmp_path / "sidecar.yaml"
    file.write_text(CONFIG, encoding="utf-8")
    loaded = load(file, {})
    rules = loaded.settings_for("pay", "create")["redaction"].rules()
    assert rules.allow_list
    assert rules.keys == {"top": Action.MASK, "ref": Action.MASK, "id": Action.KEEP}
    assert rules.kinds == {"phone": Action.DROP}
    assert rules.classes[Class.PERSONAL] is Action.PARTIAL
    above = loaded.settings_for("pay", None)["redaction"].rules()
    assert not above.allow_list
    assert above.keys == {"top": Action.MASK, "ref": Action.MASK}
