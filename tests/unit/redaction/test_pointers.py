"""Actions for places in JSON bodies."""

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.found import Found
from sidecar.redaction.pointers import parsed
from sidecar.redaction.redactor import Redactor
from sidecar.redaction.rules import Action, Rules
from tests.unit.redaction.redaction_pieces import PASSWORD


def redacted(document, pointers, content_type="application/json", **rules):
    redactor = Redactor(Rules(pointers=pointers, hash_key=b"0123456789abcdef", hash_id="k1", **rules))
    found = Found()
    shown = redactor.body(orjson.dumps(document), found, content_type)
    assert found.failures == 0
    assert redactor.body(shown.encode(), Found(), content_type) == shown
    return orjson.loads(shown)


@pytest.mark.parametrize(
    ("pointer", "steps"),
    [
        ("/", [""]), ("/a", ["a"]), ("/a/0/b", ["a", "0", "b"]), ("/a~1b/c~0d", ["a/b", "c~d"]), ("/~01", ["~1"]),
        ("/*/a", ["*", "a"]), ("//a", ["", "a"]),
    ],
)  # fmt: skip
def test_a_pointer_is_read_as_its_standard_says(pointer, steps):
    assert parsed(pointer) == steps


@pytest.mark.parametrize("pointer", ["", "a", "a/b", "#/a", "$.a"])
def test_what_does_not_begin_with_a_slash_is_refused(pointer):
    with pytest.raises(ValueError, match="no JSON Pointer: write it like"):
        parsed(pointer)


MASK, KEEP, DROP, HASH, PARTIAL = Action.MASK, Action.KEEP, Action.DROP, Action.HASH, Action.PARTIAL


@pytest.mark.parametrize(
    ("document", "pointers", "expected"),
    [
        ({"a": "x", "b": "x"}, {"/a": MASK}, {"a": "[REDACTED:a]", "b": "x"}),
        ({"a": {"b": "x"}}, {"/a/b": MASK}, {"a": {"b": "[REDACTED:b]"}}),
        ({"a": {"b": "x"}}, {"/a": MASK}, {"a": "[REDACTED:a]"}),
        ({"a": [{"b": 1}, {"b": 2}, {"c": 3}]}, {"/a/*/b": MASK}, {"a": [{"b": "[REDACTED:b]"}, {"b": "[REDACTED:b]"},
         {"c": 3}]}),
        ({"a": {"x": {"b": 1}, "y": {"b": 2}}}, {"/a/*/b": MASK}, {"a": {"x": {"b": "[REDACTED:b]"},
         "y": {"b": "[REDACTED:b]"}}}),
        ({"a": ["x", "y"]}, {"/a/1": MASK}, {"a": ["x", "[REDACTED:key_1]"]}),
        ({"a": ["x"]}, {"/a/1": MASK, "/a/x": MASK, "/b": MASK, "/a/0/c": MASK, "/a/²": MASK}, {"a": ["x"]}),
        ({"a": None, "b": True}, {"/a": MASK, "/b": MASK}, {"a": None, "b": True}),
        ({"a": 0}, {"/a": MASK}, {"a": "[REDACTED:a]"}),
        ({"a": "x", "b": 1}, {"/a": DROP}, {"b": 1}),
        ({"a": ["x", "y", "z"]}, {"/a/*": DROP}, {"a": [None, None, None]}),
        ({"a": ["x", "y", "z"]}, {"/a/0": DROP}, {"a": [None, "y", "z"]}),
        ({"a": [{"b": 1, "c": 2}]}, {"/a/*/b": DROP}, {"a": [{"c": 2}]}),
        ({"email": "jenny@corp.example"}, {"/email": PARTIAL}, {"email": "j***@corp.example"}),
        ({"password": "aB3$xyzw", "a": {"password": PASSWORD}}, {"/password": KEEP}, {"password": "aB3$xyzw",
         "a": {"password": "[REDACTED:password]"}}),
        ({"a": {"password": "aB3$xyzw", "n": [1]}}, {"/a": KEEP}, {"a": {"password": "aB3$xyzw", "n": [1]}}),
        ({"a": {"b": "x", "c": "y"}}, {"/a": KEEP, "/a/b": MASK}, {"a": {"b": "[REDACTED:b]", "c": "y"}}),
        ({"": "x"}, {"/": MASK}, {"": "[REDACTED:key_]"}),
        ({"a/b": "x", "c~d": "y"}, {"/a~1b": MASK, "/c~0d": MASK}, {"a/b": "[REDACTED:a_b]", "c~d": "[REDACTED:c_d]"}),
        ([{"a": 1}], {"/0/a": MASK}, [{"a": "[REDACTED:a]"}]),
        ("x", {"/a": MASK}, "x"),
    ],
)  # fmt: skip
def test_actions_hold_for_places(document, pointers, expected):
    assert redacted(document, pointers) == expected


def test_a_secret_that_is_kept_at_its_place_is_kept_only_there():
    shown = redacted({"a": "jenny@corp.example", "b": "jenny@corp.example"}, {"/a": KEEP})
    assert shown == {"a": "jenny@corp.example", "b": "[REDACTED:email]"}


def test_places_are_hashed_by_their_name():
    shown = redacted({"a": "x", "b": [{"a": "x"}]}, {"/a": HASH, "/b/*/a": HASH})
    assert shown["a"] == shown["b"][0]["a"]
    assert shown["a"].startswith("[REDACTED:a:k1-")


def test_places_count_in_the_mode_of_the_allow_list():
    shown = redacted({"a": {"b": "hello", "c": "hello"}, "d": "hello"}, {"/a/b": KEEP, "/d": MASK}, allow_list=True)
    assert shown == {"a": {"b": "hello", "c": "<string, 5>"}, "d": "[REDACTED:d]"}


def test_places_count_in_every_document_of_a_stream():
    redactor = Redactor(Rules(pointers={"/delta/text": MASK}))
    lines = b'{"delta":{"text":"hi"}}\n{"delta":{"text":"there"},"n":1}\n'
    assert redactor.body(lines, Found(), "application/x-ndjson") == (
        '{"delta":{"text":"[REDACTED:text]"}}\n{"delta":{"text":"[REDACTED:text]"},"n":1}\n'
    )
    events = b'event: d\ndata: {"delta":{"text":"hi"}}\n\n'
    assert redactor.body(events, Found(), "text/event-stream") == (
        'event: d\ndata: {"delta":{"text":"[REDACTED:text]"}}\n\n'
    )


def test_places_count_in_json_that_is_cut_off():
    redactor = Redactor(Rules(pointers={"/a": MASK}))
    shown = redactor.body(b'{"a":"hello","b":[1,2', Found(), "application/json", whole=False)
    assert orjson.loads(shown)["a"] == "[REDACTED:a]"


def test_what_is_kept_in_json_that_is_cut_off_is_given_back():
    redactor = Redactor(Rules(pointers={"/password": KEEP}))
    shown = redactor.body(b'{"password":"aB3$xyzw","b":[1,2', Found(), "application/json", whole=False)
    assert orjson.loads(shown)["password"] == "aB3$xyzw"


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["x", "hello", PASSWORD]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "0", "1", ""]), inner, max_size=3)
    ),
    max_leaves=12,
)
STEPS = st.lists(st.sampled_from(["a", "b", "0", "1", "*", ""]), min_size=1, max_size=4)


@settings(deadline=None)
@given(
    DOCUMENTS.filter(lambda one: isinstance(one, dict | list)),
    st.lists(STEPS, max_size=3),
    st.sampled_from(list(Action)),
)
def test_no_pointer_breaks_a_document(document, pointers, action):
    redacted(document, {"/" + "/".join(steps): action for steps in pointers})
