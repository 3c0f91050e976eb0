from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction.repair import NO_JSON, repaired

CUT = "<truncated>"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('{"a": "hunt', {"a": CUT}),
        ('{"a": "hunt\\', {"a": CUT}),
        ('{"a": "hunt\\"er', {"a": CUT}),
        ('{"a": "b\\\\", "c": "d\\"', {"a": "b\\", "c": CUT}),
        ('{"a": 4242', {"a": CUT}),
        ('{"a": 4242 ', {"a": 4242}),
        ('{"a": tr', {"a": CUT}),
        ('{"a": -', {"a": CUT}),
        ('{"a":', {"a": CUT}),
        ('{"a" ', {"a": CUT}),
        ('{"a": 1, "passw', {"a": 1}),
        ('{"a": 1, ', {"a": 1}),
        ('{"a": 1', {"a": CUT}),
        ('{"a": {"b": [1, {"c": "x', {"a": {"b": [1, {"c": CUT}]}}),
        ('{"a": "whole"', {"a": "whole"}),
        ("[1, 2, ", [1, 2, CUT]),
        ("[1, 2", [1, CUT]),
        ('["a", "b', ["a", CUT]),
        ('["a", "b"', ["a", "b"]),
        ("[[], {", [[], {}]),
        ("{", {}),
        ("[", []),
        ('[{"name": "password", "value": "hunt', [{"name": "password", "value": CUT}]),
    ],
)
def test_what_was_cut_never_survives_in_part(text: str, tree: Any) -> None:
    assert repaired(text) == tree


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ('{"a": 1,}', {"a": 1}),
        ('{"a": ["x,]", "y" , ] , }', {"a": ["x,]", "y"]}),
        ('{"a": "q\\",}", }', {"a": 'q",}'}),
        ("{'a': True, 'b': None, 'c': 'x'}", {"a": True, "b": None, "c": "x"}),
        ("{'a': \"it's\", 'b': (1, 2), 'c': b'x', 'd': u'y'}", {"a": "it's", "b": [1, 2], "c": "x", "d": "y"}),
        ("{'a': 'x', 'pass", {"a": "x"}),
        ("{'a': 'hunt", {"a": CUT}),
        ("{a: 1, $b_2: 'x', c-d: \"y\"}", {"a": 1, "$b_2": "x", "c-d": "y"}),
        ('{"a": 1 // why\n, /* and */ "b": 2}', {"a": 1, "b": 2}),
        ('{"u": "http://x", // no\n "b": 2}', {"u": "http://x", "b": 2}),
        ('{"a": NaN, "b": -Infinity, "c": undefined}', {"a": "NaN", "b": "-Infinity", "c": None}),
        ('{"a": 0x1F, "b": 007, "c": +1, "d": .5}', {"a": "0x1F", "b": "007", "c": "+1", "d": ".5"}),
        ('{"id": ObjectId("5f"), "n": NumberLong(5)}', {"id": 'ObjectId("5f")', "n": "NumberLong(5)"}),
        ('{"$oid": "5f", x: 1}', {"$oid": "5f", "x": 1}),
        ('{"a": "line\nbreak\tand tab"}', {"a": "line\nbreak\tand tab"}),
        ('{"a": "\\x41\\u0042\\\'\\ud83d", "b": "\\ud83d\\ude00"}', {"a": "AB'\ufffd", "b": "\U0001f600"}),
        ('{"m": "he said "hi" there", "p": "x"}', {"m": 'he said "hi" there', "p": "x"}),
        ('{"a": "x"\n "b": "y"}', {"a": "x", "b": "y"}),
        ('{"a": hello world, "b": it\'s ok}', {"a": "hello world", "b": "it's ok"}),
        ('{"a" => "b", c => nil}', {"a": "b", "c": None}),
        ('{"a": [1, 2}', {"a": [1, 2]}),
        ('{"a": `b`, c: 1}', {"a": "b", "c": 1}),
        ('{"a": }', {"a": None}),
        ("{a: 4242424242424242, b: 1234567890123456789012}", {"a": 4242424242424242, "b": "1234567890123456789012"}),
        ('{"a": 1}{"b": 2}', [{"a": 1}, {"b": 2}]),
        ('{"a": 1}\n\n{"b": 2', [{"a": 1}, {"b": CUT}]),
        (')]}\',\n{"a": 1}', {"a": 1}),
        ('for (;;);{"a": 1}', {"a": 1}),
        ('callback({"a": 1});', {"a": 1}),
        ("/**/cb([1, 2])", [1, 2]),
        ('cb({"a": "hunt', {"a": CUT}),
    ],
)
def test_what_is_almost_json_is_read(text: str, tree: Any) -> None:
    assert repaired(text) == tree


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nul",
        "plain text",
        '"abc',
        "4242424242",
        "-1",
        '{"a": 1} and so on',
        "[INFO] started",
        "[DONE]",
        "[a, b",
        "{{ .Values }}",
        "{0}: {1}",
        "{color red}",
        "<a/>",
        "a=1&b=2",
        "{ user { id } }",
        "error({1})",
    ],
)
def test_what_is_no_json_is_told(text: str) -> None:
    assert repaired(text) is NO_JSON


def test_what_cannot_be_read_stays_as_text_beside_what_can() -> None:
    tree = repaired('{"a": 1, b: 2, rubbish here "x": 3 card 4242 4242')
    assert tree == {"a": 1, "b": 2, "<text>": ', rubbish here "x": 3 card <truncated>'}


def test_valid_json_comes_through_with_the_last_of_equal_names_and_floats_for_large_integers() -> None:
    assert repaired('{"a": 1, "a": 2, "b": 123456789012345678901234}') == {"a": 2, "b": 1.2345678901234568e23}


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":', "[[],", "{a:", "{'a': ["])
@pytest.mark.parametrize("count", [150, 500, 2000, 20_000])
def test_nesting_beyond_what_can_be_written_is_cut(opening: str, count: int) -> None:
    tree = repaired(opening * count)
    assert tree is not NO_JSON
    assert len(orjson.dumps(tree)) < 20_000


def test_valid_json_that_is_too_deep_to_be_written_is_cut() -> None:
    assert CUT.encode() in orjson.dumps(repaired("[" * 900 + "]" * 900))
    assert orjson.dumps(repaired("[" * 100 + "]" * 100)) == b"[" * 100 + b"]" * 100


def test_too_many_parts_are_cut() -> None:
    tree = repaired("{" + "'it\\'s': 1, " * 50_000 + "b: x}")
    assert tree is not NO_JSON
    assert len(tree) < 10


def test_too_many_escapes_are_cut() -> None:
    assert repaired("{'a': '" + "\\x41" * 2000 + "'}") == {"a": CUT}
    assert repaired("{'a': '" + "\\x41" * 1000 + "'}") == {"a": "A" * 1000}


TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=6), TREES, max_size=5), st.data())
def test_every_cut_of_valid_json_gives_a_tree_of_whole_values(tree: dict[str, Any], data: st.DataObject) -> None:
    text = orjson.dumps(tree).decode()
    part = repaired(text[: data.draw(st.integers(1, len(text)))])
    assert _is_part(part, tree)


def _is_part(part: Any, whole: Any) -> bool:
    if part in (CUT, whole):
        return True
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(key in whole and _is_part(part[key], whole[key]) for key in part)
    return (
        isinstance(part, list)
        and isinstance(whole, list)
        and all(_is_part(item, whole[index] if index < len(whole) else None) for index, item in enumerate(part))
    )


@given(st.text(alphabet=st.sampled_from("{}[]()\"'`,: \n\\/*ab1-.$=>tTN"), max_size=80))
def test_whatever_comes_out_can_be_written(text: str) -> None:
    for opened in (text, "{" + text, "[" + text, '{"a":' + text, "{a:" + text):
        tree = repaired(opened)
        assert tree is NO_JSON or orjson.loads(orjson.dumps(tree)) == tree
