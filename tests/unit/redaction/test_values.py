"""Values in JSON that no name tells of, searched together, as each is by itself."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.found import Found
from sidecar.redaction.redactor import DEFAULT
from tests.unit.redaction.redaction_pieces import PASSWORD, STRIPE_KEY, VALUES


def together(text):
    found = Found()
    shown = DEFAULT.body(text.encode(), found)
    assert found.failures == 0
    return shown


def one_by_one(text):
    """Whoever asks for the place of each value gets them one by one."""
    found = Found(explain=True)
    shown = DEFAULT.body(text.encode(), found)
    assert found.failures == 0
    return shown


NAMES = st.sampled_from([
    "id", "note", "items", "url", "error", "data", "password", "email", "token", "number", "order_id", "created_at",
    "name",
    "value", "version", "phone", "address", "a b", "ü", "",
])  # fmt: skip
WORDS = st.sampled_from(["see", "order 42", "", "ok", "v1.2.3", "12:30", "naïve", "日本", "a/b", "{x}", "[1]", "100%"])
VALUE = st.sampled_from(sorted(VALUES.values()))
TEXT = st.builds(lambda before, value, after: f"{before} {value} {after}".strip(), WORDS, VALUE | WORDS, WORDS)
LEAF = TEXT | st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.sampled_from([4242424242424242, 1.5, 1e20])
DOCUMENT = st.recursive(
    LEAF, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=25
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(NAMES, DOCUMENT, min_size=1, max_size=4))
def test_the_same_is_redacted_as_one_by_one(document):
    text = orjson.dumps(document).decode()
    assert orjson.loads(together(text)) == orjson.loads(one_by_one(text))


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, min_size=30, max_size=60), NAMES)
def test_many_values_under_one_name_are_redacted_as_one_by_one(texts, name):
    text = orjson.dumps({"list": texts, "items": [{name: one} for one in texts]}).decode()
    assert orjson.loads(together(text)) == orjson.loads(one_by_one(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": "mail jenny@corp.example now"}', '{"a":"mail [REDACTED:email] now"}'),
        ('{"a":\n  "jenny@corp.example",\t"b" : 1}', '{"a":"[REDACTED:email]","b":1}'),
        ('["jenny@corp.example","x"]', '["[REDACTED:email]","x"]'),
        ('{"n": 4242424242424242}', '{"n":"[REDACTED:card_number]"}'),
        ('{"n":[1,4242424242424242,2]}', '{"n":[1,"[REDACTED:card_number]",2]}'),
        ('{"note":"é jenny@corp.example é"}', '{"note":"é [REDACTED:email] é"}'),
        ('{"a":"","b":"jenny@corp.example"}', '{"a":"","b":"[REDACTED:email]"}'),
        ('{"jenny@corp.example":"jenny@corp.example"}', '{"[REDACTED:email]":"[REDACTED:email]"}'),
        ('{"a":"4242 4242","b":"4242 4242"}', '{"a":"4242 4242","b":"4242 4242"}'),
        ('{"a":424242424242,"b":4242}', '{"a":424242424242,"b":4242}'),
    ],
)
def test_only_the_value_changes(text, expected):
    assert together(text) == expected


def test_what_is_clean_stays_byte_for_byte():
    text = '{ "a" : [1, 2.50, 1e3, "x y"],\n "b": {"c": "é", "d": null} }'
    assert together(text) == text


def test_nested_json_in_a_text_stays_json():
    text = '{"payload":"{\\"password\\":\\"' + PASSWORD + '\\"}"}'
    assert orjson.loads(together(text)) == {"payload": '{"password":"[REDACTED:password]"}'}


@pytest.mark.parametrize("count", [1, 24, 25, 400])
def test_any_number_of_values_is_found(count):
    shown = orjson.loads(together(orjson.dumps({"list": ["mail jenny@corp.example now"] * count}).decode()))
    assert shown == {"list": ["mail [REDACTED:email] now"] * count}


def test_many_values_of_which_some_are_encoded():
    texts = [
        "mail jenny@corp.example now",
        "jenny%40corp.example",
        STRIPE_KEY,
        "\uff14\uff12\uff14\uff12 4242 4242 4242",
    ] * 10
    shown = orjson.loads(together(orjson.dumps(texts).decode()))
    assert shown == [
        "mail [REDACTED:email] now", "[REDACTED:email]", "[REDACTED:api_key]", "[REDACTED:card_number]",
    ] * 10  # fmt: skip


def test_the_name_of_an_array_counts_for_what_is_in_it():
    # A bare number under the name of an order is none of a card, in an array of them as well.
    alone, listed = '{"order_id":"4242424242424242"}', '{"order_id":["4242424242424242"]}'
    assert orjson.loads(together(listed)) == orjson.loads(one_by_one(listed))
    assert orjson.loads(together(alone)) == orjson.loads(one_by_one(alone))


def test_the_values_beside_a_masked_one_are_searched_too():
    shown = together('{"password":"' + PASSWORD + '","note":"from jenny@corp.example"}')
    assert shown == '{"password":"[REDACTED:password]","note":"from [REDACTED:email]"}'


def test_a_text_with_the_sign_that_parts_texts_hides_nothing():
    texts = ["a\x1eb", "\x1e", "see jenny@corp.example\x1e", "4242 4242\x1e4242 4242", "x jenny@corp.example"]
    shown = orjson.loads(together(orjson.dumps(texts).decode()))
    assert shown == [
        "a\x1eb", "\x1e", "see [REDACTED:email]\x1e", "4242 4242\x1e4242 4242", "x [REDACTED:email]",
    ]  # fmt: skip
