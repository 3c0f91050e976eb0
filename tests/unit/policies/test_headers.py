import pytest
from pydantic import ValidationError

from sidecar.http.head import REQUEST_DROP
from sidecar.policies import headers
from sidecar.policies.headers import HeaderRules
from tests.unit.policies.stage import Stage


def edited(**rules: object) -> Stage:
    stage = Stage(headers=HeaderRules.model_validate(rules))
    handler = stage.build(headers.POLICY)
    assert handler == stage._innermost  # nothing is left to do per request
    return stage


def test_set_replaces_what_the_app_sent() -> None:
    edit = edited(set={"Authorization": " Bearer x "}).site.edit
    assert b"authorization" in edit.drop
    assert bytes(edit.lines).endswith(b"Authorization: Bearer x\r\n")


def test_remove() -> None:
    assert edited(remove=["X-Internal"]).site.edit.drop == REQUEST_DROP | {b"x-internal"}


def test_nothing_asked_changes_nothing() -> None:
    stage, plain = edited(), Stage()
    assert (stage.site.edit.drop, stage.site.edit.lines) == (plain.site.edit.drop, plain.site.edit.lines)


@pytest.mark.parametrize(
    "rules",
    [
        {"set": {"Bad Name": "x"}},
        {"set": {"": "x"}},
        {"set": {"X": "a\r\nEvil: 1"}},
        {"set": {"X": "caf\u00e9"}},
        {"set": {"Host": "x"}},
        {"set": {"Content-Length": "1"}},
        {"remove": ["Transfer-Encoding"]},
        {"remove": ["a:b"]},
        {"unknown": 1},
    ],
)
def test_wrong_rules(rules: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as caught:
        HeaderRules.model_validate(rules)
    assert "Evil" not in str(caught.value)
