"""Parsed JSON: what a name announces, what containers hand down, pairs, names that are values."""

import orjson
import pytest

from sidecar.redaction.found import Found
from sidecar.redaction.kinds import Class
from sidecar.redaction.redactor import DEFAULT, Redactor
from sidecar.redaction.rules import Action, Rules
from tests.unit.redaction.redaction_pieces import PASSWORD, REDACTORS, STRIPE_KEY, VALUES

MASKED = "[REDACTED:password]"


def redacted(document, redactor=DEFAULT, found=None):
    """A document redacted, along both ways: the text of JSON, and its tree alone."""
    found = found or Found()
    shown = orjson.loads(redactor.body(orjson.dumps(document), found))
    in_tree = orjson.loads(redactor.body(orjson.dumps(document), Found(explain=True)))
    assert shown == in_tree
    assert found.failures == 0
    return shown


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"password": PASSWORD}, {"password": MASKED}),
        ({"a": [{"b": {"password": PASSWORD}}]}, {"a": [{"b": {"password": MASKED}}]}),
        ({"password": 123456, "n": 123456}, {"password": MASKED, "n": 123456}),
        ({"password": ["aB3$xyzw", "cD4$xyzw"]}, {"password": [MASKED, MASKED]}),
        ({"password": [["aB3$xyzw"], []]}, {"password": [[MASKED], []]}),
        ({"password": {"value": "x1"}}, {"password": {"value": MASKED}}),
        ({"password": {"current": "x1", "new": "y1"}}, {"password": {"current": MASKED, "new": MASKED}}),
        ({"password": {"data": {"raw": "x1"}}}, {"password": {"data": {"raw": MASKED}}}),
        ({"password": {"#text": "x1", "@type": "plain"}}, {"password": {"#text": MASKED, "@type": "plain"}}),
        ({"password": {"hint": "my dog", "min_length": 8}}, {"password": {"hint": "my dog", "min_length": 8}}),
        ({"password": {"type": "string", "minLength": 8}}, {"password": {"type": "string", "minLength": 8}}),
        ({"card": {"number": "4242424242424242", "exp_month": 12}}, {"card": {"number": "[REDACTED:card_number]",
         "exp_month": 12}}),
        ({"tokens": [STRIPE_KEY, "b"]}, {"tokens": ["[REDACTED:credential]", "b"]}),
        ({"a": 4242424242424242, "b": -4242424242424242}, {"a": "[REDACTED:card_number]", "b": -4242424242424242}),
    ],
)  # fmt: skip
def test_what_stands_under_a_name_or_looks_like_a_secret_is_masked(document, expected):
    assert redacted(document) == expected


@pytest.mark.parametrize(
    "document",
    [
        {"password": None, "token": True, "secret": "", "api_key": [], "otp": {}},
        {"secrets": [{"name": "DB_PASS", "created_at": "2020-01-01T00:00:00Z"}], "total_count": 1},
        {"token_type": "bearer", "max_tokens": 4096, "next_page_token": "abcDEF1234"},
        {"name": "octocat/Hello-World", "full_name": "octocat/Hello-World", "id": 1296269},
        {"errors": {"password": "is too short", "email": "has already been taken"}},
        {"properties": {"password": {"type": "string"}, "email": {"format": "email"}}},
        {"a": {}, "b": [], "c": [[]], "d": [{}], "": ""},
        [1, 2.5, None, True, "x", [], {}],
        {"name": "count", "value": 3, "key": "size", "data": [1, 2]},
    ],
)
def test_what_only_looks_like_it_stays(document):
    assert redacted(document) == document


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"name": "password", "value": PASSWORD}, {"name": "password", "value": MASKED}),
        ({"value": PASSWORD, "name": "password"}, {"value": MASKED, "name": "password"}),
        ({"key": "api_key", "val": "abcDEF1234"}, {"key": "api_key", "val": "[REDACTED:api_key]"}),
        ({"Name": "DB_PASSWORD", "Value": PASSWORD}, {"Name": "DB_PASSWORD", "Value": MASKED}),
        ({"name": "password", "value": ["aB3$xyzw"]}, {"name": "password", "value": [MASKED]}),
        ({"name": "password", "value": True}, {"name": "password", "value": True}),
        ({"header": "X-Api-Key", "content": "abcDEF1234"}, {"header": "X-Api-Key", "content": "[REDACTED:api_key]"}),
        ([["password", PASSWORD], ["page", "2"]], [["password", MASKED], ["page", "2"]]),
        ([["password", {"value": "x1"}]], [["password", {"value": MASKED}]]),
        ([["password", PASSWORD, "x"]], [["password", PASSWORD, "x"]]),
        ([["", "x"], ["x", "y"]], [["", "x"], ["x", "y"]]),
        ([["password", True], ["email", "phone"]], [["password", True], ["email", "phone"]]),
        ({"name": "color", "value": {"password": PASSWORD}}, {"name": "color", "value": {"password": MASKED}}),
    ],
)
def test_in_pairs_the_name_beside_a_value_tells(document, expected):
    assert redacted(document) == expected


def test_a_person_has_an_address_or_a_number_beside_the_name():
    assert redacted({"name": "Jenny Rosen", "email": "jenny@corp.example"}) == {
        "name": "[REDACTED:name]", "email": "[REDACTED:email]",
    }  # fmt: skip
    assert redacted({"email": "jenny@corp.example", "name": "Jenny Rosen"})["name"] == "[REDACTED:name]"
    assert redacted({"name": "Blue widget", "email": None}) == {"name": "[REDACTED:name]", "email": None}
    assert redacted({"name": "Blue widget", "price": 12})["name"] == "Blue widget"
    assert redacted({"name": {"first": "x"}, "email": "jenny@corp.example"})["name"] == {"first": "x"}


def test_a_name_stays_a_persons_where_the_address_beside_it_is_dropped():
    redactor = Redactor(Rules(kinds={"email": Action.DROP}))
    assert redacted({"email": "jenny@corp.example", "name": "Jenny Rosen"}, redactor) == {"name": "[REDACTED:name]"}


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"jenny@corp.example": 1, "x": 2}, {"[REDACTED:email]": 1, "x": 2}),
        ({"a": {"jenny@corp.example": {"n": 1}}}, {"a": {"[REDACTED:email]": {"n": 1}}}),
        ({STRIPE_KEY: {"password": PASSWORD}}, {"[REDACTED:api_key]": {"password": MASKED}}),
        ({"4242424242424242": [PASSWORD]}, {"[REDACTED:card_number]": [PASSWORD]}),
        ({"[REDACTED:email]": 1}, {"[REDACTED:email]": 1}),
    ],
)
def test_names_that_are_values_are_replaced_in_their_places(document, expected):
    shown = redacted(document)
    assert shown == expected
    assert list(shown) == list(expected)


def test_two_names_that_are_values_do_not_become_one():
    document = {f"user{number}@corp.example": number for number in range(3)}
    shown = redacted(document)
    assert shown == {"[REDACTED:email]": 0, "[REDACTED:email] 2": 1, "[REDACTED:email] 3": 2}
    assert redacted(shown) == shown


def test_the_last_of_two_members_with_one_name_stays():
    found = Found()
    shown = DEFAULT.body(b'{"password":"aB3$xyzw","password":"cD4$xyzw"}', found)
    assert shown == '{"password":"[REDACTED:password]"}'


@pytest.mark.parametrize("kind", [dict, list])
def test_deep_nesting_is_walked_without_recursion(kind):
    document = PASSWORD
    for _ in range(200):
        document = {"a": document} if kind is dict else [document]
    shown = orjson.loads(DEFAULT.body(orjson.dumps({"password": document, "b": 1}), Found()))
    assert shown["b"] == 1
    text = orjson.dumps(shown)
    assert (PASSWORD.encode() in text) is (kind is dict)  # a list hands the kind down, an object with other names not


def test_ten_thousand_levels_are_cut():
    found = Found()
    text = '{"password":' + "[" * 10_000 + f'"{PASSWORD}"' + "]" * 10_000 + "}"
    shown = DEFAULT.body(text.encode(), found, "application/json")
    assert found.failures == 0
    assert PASSWORD not in shown
    assert "<truncated>" in shown
    orjson.loads(shown)


def test_deeper_nesting_than_is_written_again_is_cut_and_counted_once():
    found = Found()
    text = f'{{"password":"{PASSWORD}","a":' + "[" * 400 + "]" * 400 + "}"
    shown = DEFAULT.body(text.encode(), found)
    assert found.failures == 0
    assert orjson.loads(shown)["password"] == MASKED
    assert found.counts == {"password": 1}


def test_large_arrays_are_walked_to_their_end():
    document = [{"n": number} for number in range(20_000)] + [{"password": PASSWORD}, VALUES["email"]]
    shown = redacted(document)
    assert shown[-2:] == [{"password": MASKED}, "[REDACTED:email]"]
    assert shown[:-2] == document[:-2]


def test_dropped_members_go_with_their_names_and_dropped_items_from_their_list():
    shown = redacted(
        {"password": PASSWORD, "a": 1, "tokens": [STRIPE_KEY, "b"], "note": "mail jenny@corp.example now"},
        REDACTORS["drop"],
    )
    assert shown == {"a": 1, "tokens": ["b"], "note": "mail [REDACTED:email] now"}


def test_what_is_kept_is_not_announced():
    redactor = REDACTORS["keep"]
    document = {"email": "jenny@corp.example", "phone": "+14155552671", "password": PASSWORD}
    assert redacted(document, redactor) == {**document, "password": MASKED}


def test_a_detail_is_kept_unless_asked_otherwise():
    document = {"city": "Berlin", "user_id": 4711}
    assert redacted(document) == document
    strict = Redactor(Rules(classes=dict.fromkeys(Class, Action.MASK)))
    assert redacted(document, strict) == {"city": "[REDACTED:city]", "user_id": "[REDACTED:user_id]"}


CONFIGURED = Redactor(
    Rules(
        keys={
            "internal_ref": Action.MASK, "X-Shop": Action.KEEP, "customer": Action.MASK, "trace": Action.DROP,
            "password": Action.DROP, "pin_code": Action.PARTIAL, "email": Action.PARTIAL, "account": Action.HASH,
        },
        hash_key=b"0123456789abcdef", hash_id="k1",
    )
)  # fmt: skip


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"internal_ref": "x"}, {"internal_ref": "[REDACTED:internal_ref]"}),
        ({"internalRef": 5}, {"internalRef": "[REDACTED:internalref]"}),
        ({"internal_ref": {"a": "x", "b": [1]}}, {"internal_ref": "[REDACTED:internal_ref]"}),
        ({"internal_ref": ["x"]}, {"internal_ref": "[REDACTED:internal_ref]"}),
        ({"internal_ref": None}, {"internal_ref": None}),
        ({"internal_ref": False}, {"internal_ref": False}),
        ({"internal_ref": ""}, {"internal_ref": ""}),
        ({"internal_ref": []}, {"internal_ref": []}),
        ({"internal_ref": 0}, {"internal_ref": "[REDACTED:internal_ref]"}),
        ({"internal_ref": "[REDACTED:internal_ref]"}, {"internal_ref": "[REDACTED:internal_ref]"}),
        ({"x_shop": {"password": PASSWORD}}, {"x_shop": {"password": PASSWORD}}),
        ({"x_shop": ["jenny@corp.example"]}, {"x_shop": ["jenny@corp.example"]}),
        ({"trace": {"a": 1}, "b": 2}, {"b": 2}),
        ({"trace": None, "b": 2}, {"b": 2}),
        ({"password": "is too short", "b": 2}, {"b": 2}),
        ({"email": "jenny@corp.example"}, {"email": "j***@corp.example"}),
        ({"email": ["jenny@corp.example"]}, {"email": "[REDACTED:email]"}),
        ({"name": "internal_ref", "value": {"a": 1}}, {"name": "internal_ref", "value": "[REDACTED:internal_ref]"}),
        ([["internal_ref", "x"]], [["internal_ref", "[REDACTED:internal_ref]"]]),
        ({"token": "abcDEF1234"}, {"token": "[REDACTED:token]"}),
    ],
)
def test_a_name_of_the_configuration_holds_for_all_that_is_under_it(document, expected):
    shown = redacted(document, CONFIGURED)
    assert shown == expected
    assert redacted(shown, CONFIGURED) == shown


def test_a_name_is_hashed_with_its_kind():
    first = redacted({"account": "DE-1"}, CONFIGURED)["account"]
    assert first.startswith("[REDACTED:account:k1-")
    assert redacted({"x": {"Account": "DE-1"}}, CONFIGURED)["x"]["Account"] == first
    assert redacted({"account": "DE-2"}, CONFIGURED)["account"] != first


ALLOWED = Redactor(Rules(allow_list=True, keys={"id": Action.KEEP, "ref": Action.MASK, "mail": Action.PARTIAL}))


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"id": "x1", "a": "hello"}, {"id": "x1", "a": "<string, 5>"}),
        ({"id": {"a": "hello"}, "b": {"id": 1, "c": 2}}, {"id": {"a": "hello"}, "b": {"id": 1, "c": "<number>"}}),
        ({"a": [1, "x", None, True, 2.5, ["y"], {"id": "z", "q": "w"}]},
         {"a": ["<number>", "<string, 1>", None, True, "<number>", ["<string, 1>"], {"id": "z", "q": "<string, 1>"}]}),
        (["hello", {"id": 2}, [["deep"]]], ["<string, 5>", {"id": 2}, [["<string, 4>"]]]),
        ([["id", "hello"]], [["<string, 2>", "<string, 5>"]]),
        ({"name": "id", "value": "hello"}, {"name": "<string, 2>", "value": "<string, 5>"}),
        ({"ref": {"a": 1}, "mail": "jenny@corp.example"}, {"ref": "[REDACTED:ref]", "mail": "j***@corp.example"}),
        ({"jenny@corp.example": {"id": 1, "a": "bc"}}, {"[REDACTED:email]": {"id": 1, "a": "<string, 2>"}}),
        ({"a": "", "b": None, "c": [], "d": {}}, {"a": "", "b": None, "c": [], "d": {}}),
        ({"a": "<string, 5>", "b": "<number>"}, {"a": "<string, 5>", "b": "<number>"}),
    ],
)  # fmt: skip
def test_of_what_is_not_listed_type_and_length_are_told(document, expected):
    shown = redacted(document, ALLOWED)
    assert shown == expected
    assert redacted(shown, ALLOWED) == shown


def test_every_find_has_a_place_a_kind_and_a_rule_but_no_value():
    found = Found(explain=True)
    document = {
        "a": [{"password": PASSWORD}, {"note": f"mail jenny@corp.example {STRIPE_KEY}"}],
        "b/c": {"x~y": ["+14155552671"]},
        "jenny@corp.example": {"password": PASSWORD},
        "n": 4242424242424242,
    }
    DEFAULT.body(orjson.dumps(document), found)
    places = [tuple(place) for place in found.places]
    assert ("password", "/a/0/password", "key") in places
    assert ("email", "/a/1/note", "detector") in places
    assert ("api_key", "/a/1/note", "detector") in places
    assert ("phone", "/b~1c/x~0y/x~y", "detector") in places
    assert ("password", "/*/password", "key") in places
    told = str(places)
    assert not any(value in told for value in (PASSWORD, STRIPE_KEY, "jenny", "4242", "2671"))
    assert sum(found.counts.values()) == len(places)
