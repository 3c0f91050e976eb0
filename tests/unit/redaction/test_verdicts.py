"""What names say, by the rules for names and by those of a configuration."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.detectors import gate_for
from sidecar.redaction.key_rules import kind_of
from sidecar.redaction.rules import Action, Rules
from sidecar.redaction.verdicts import ACT, ITSELF, KEEP, NAME, NAMELESS, PAIR, QUERY, UNLISTED, Verdicts, plain
from tests.unit.redaction.redaction_pieces import STRIPE_KEY


def verdicts(rules=None, kept=frozenset(), judge=kind_of):
    return Verdicts(judge, rules or Rules(), gate_for(), kept)


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("password", "password"), ("userEmail", "email"), ("id", None), ("", None), ("note", None),
        ("name", NAME), ("Name", None), ("value", PAIR), ("stringValue", PAIR), ("data", PAIR), ("query", QUERY),
        ("jenny@corp.example", ITSELF), (STRIPE_KEY, ITSELF), ("4242424242424242", ITSELF),
        ("[REDACTED:email]", None), ("[REDACTED:email] 2", None), ("a@b.c", None), ("charge_4711", None),
    ],
)  # fmt: skip
def test_what_a_name_says(name, verdict):
    rules = verdicts()
    assert rules.of(name) == verdict
    assert rules.of(name) == verdict


def test_kinds_that_are_kept_say_nothing():
    assert verdicts(kept=frozenset({"email"})).of("email") is None
    assert verdicts(kept=frozenset({"name"})).of("name") == NAME


@pytest.mark.parametrize("name", ["internal_ref", "internalRef", "Internal-Ref", "INTERNAL REF", "internal.ref"])
def test_case_and_separators_of_configured_names_do_not_count(name):
    rules = verdicts(Rules(keys={"Internal_Ref": Action.MASK}))
    assert rules.of(name) == ACT
    assert rules.action(name) is Action.MASK
    assert verdicts(Rules(keys={"internalref": Action.KEEP})).of(name) == KEEP


def test_a_configured_name_is_the_whole_name():
    rules = verdicts(Rules(keys={"ref": Action.MASK}))
    assert rules.of("refs") is None
    assert rules.of("internal_ref") is None
    assert rules.action("refs") is None


def test_the_configuration_counts_more_than_the_rules_for_names():
    rules = verdicts(Rules(keys={"password": Action.KEEP, "email": Action.HASH}))
    assert rules.of("password") == KEEP
    assert rules.of("email") == ACT
    assert rules.of("user_password") == "password"


def test_in_the_mode_of_the_allow_list_every_name_must_be_listed():
    rules = verdicts(Rules(allow_list=True, keys={"id": Action.KEEP, "ref": Action.MASK}))
    assert rules.of("id") == KEEP
    assert rules.of("ref") == ACT
    assert rules.of("note") == UNLISTED
    assert rules.of("password") == UNLISTED
    assert rules.of("query") == UNLISTED
    assert rules.of("") == UNLISTED
    assert rules.of("jenny@corp.example") == NAMELESS


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("email", "email"), ("userEmail", "email"), ("internal_ref", "internal_ref"), ("Internal-Ref", "internal_ref"),
        ("x/y z", "x_y_z"), ("1st", "key_1st"), ("", "key_"), ("größe", "gr__e"), ("-a-", "a"),
    ],
)  # fmt: skip
def test_the_kind_of_a_configured_name_can_stand_in_a_marker(name, kind):
    assert verdicts().kind_called(name) == kind


def test_the_special_kinds_of_headers_are_none():
    assert verdicts(judge={"a": "*x"}.get).kind_called("a") == "a"


@pytest.mark.parametrize(("name", "expected"), [("Internal-Ref", "internalref"), ("Straße", "strasse"), ("_ 1", "1")])
def test_names_are_compared_without_case_and_separators(name, expected):
    assert plain(name) == expected


def test_what_is_remembered_is_bounded():
    rules = verdicts(judge=lambda name: None)
    for number in range(9000):
        rules.of(f"n{number}")
    assert len(rules.known) <= 8192
    rules.of("x" * 129)
    assert "x" * 129 not in rules.known
    rules.of("x" * 128)
    assert "x" * 128 in rules.known


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_name_raises_and_verdicts_do_not_change(name):
    rules = verdicts(Rules(keys={"a": Action.DROP}))
    assert rules.of(name) == rules.of(name)
    assert rules.kind_called(name)


@pytest.mark.parametrize("value", ["", "jenny@corp.example"])
def test_many_names_at_once_say_what_each_says_alone(value):
    names = tuple(filter(None, (*(f"n{number}" for number in range(200)), "password", "email", "name", "query", value)))
    together, alone = verdicts(), verdicts()
    assert together.shape(names).verdicts == {name: said for name in names if (said := alone.of(name)) is not None}
    assert (value in together.shape(names).verdicts) is (value != "")


def test_more_names_than_are_remembered_are_judged_all_the_same():
    rules = verdicts()
    names = (*(f"n{number}" for number in range(9000)), "password")
    assert rules.shape(names).verdicts == {"password": "password"}
    assert len(rules.known) <= 8192
