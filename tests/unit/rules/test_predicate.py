from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.predicate import ABSENT, Pointer, Predicate

EXAMPLE: Any = {
    "foo": ["bar", "baz"],
    "": 0,
    "a/b": 1,
    "c%d": 2,
    "e^f": 3,
    "g|h": 4,
    "i\\j": 5,
    'k"l': 6,
    " ": 7,
    "m~n": 8,
}
"""The document of RFC 6901 section 5."""


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("", EXAMPLE),
        ("/foo", ["bar", "baz"]),
        ("/foo/0", "bar"),
        ("/", 0),
        ("/a~1b", 1),
        ("/c%d", 2),
        ("/e^f", 3),
        ("/g|h", 4),
        ("/i\\j", 5),
        ('/k"l', 6),
        ("/ ", 7),
        ("/m~0n", 8),
    ],
)
def test_examples_of_rfc_6901(pointer: str, value: object) -> None:
    assert Pointer(pointer).find(EXAMPLE) == value


@pytest.mark.parametrize(
    ("pointer", "document", "value"),
    [
        ("/0", {"0": "a name"}, "a name"),
        ("/~01", {"~1": "first ~1, then ~0"}, "first ~1, then ~0"),
        ("/a/b/1/c", {"a": {"b": [0, {"c": None}]}}, None),
        ("/01", {"01": "no index, but a name"}, "no index, but a name"),
        ("/a/", {"a": {"": 1}}, 1),
    ],
)
def test_what_is_found(pointer: str, document: object, value: object) -> None:
    assert Pointer(pointer).find(document) == value


@pytest.mark.parametrize(
    ("pointer", "document"),
    [
        ("/b", {"a": 1}),
        ("/2", [0, 1]),
        ("/-", [0, 1]),
        ("/-1", [0, 1]),
        ("/01", [0, 1]),
        ("/+1", [0, 1]),
        ("/1.0", [0, 1]),
        ("/\u0661", [0, 1]),  # a digit, but not of ASCII
        ("/99999999999999999999", [0, 1]),
        ("/a", [0, 1]),
        ("/", [0, 1]),
        ("/a/b", {"a": 1}),
        ("/a/0", {"a": "text"}),
        ("/a/b", {"a": None}),
        ("/a", None),
        ("/a", True),
        ("/a/b/c", {}),
        ("", ABSENT),
        ("/a", ABSENT),
    ],
)
def test_what_is_not_there(pointer: str, document: object) -> None:
    assert Pointer(pointer).find(document) is ABSENT


@pytest.mark.parametrize("text", ["errors", "#/errors", " /errors", "/a~", "/a~2", "/~", "~1a", "$.errors"])
def test_what_is_no_pointer(text: str) -> None:
    with pytest.raises(ValueError, match=r"^not a JSON pointer: "):
        Pointer(text)


NAMES = st.text(max_size=5)


def escaped(names: list[str]) -> str:
    return "".join("/" + name.replace("~", "~0").replace("/", "~1") for name in names)


@given(st.lists(NAMES, max_size=5), st.integers())
def test_every_name_can_be_pointed_to(names: list[str], value: int) -> None:
    document: Any = value
    for name in reversed(names):
        document = {name: document, name + "x": None}
    assert Pointer(escaped(names)).find(document) == value


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def places(document: Any, steps: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every value of a document with its path."""
    found = [(steps, document)]
    if isinstance(document, dict):
        for name, value in document.items():
            found += places(value, (*steps, name))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            found += places(value, (*steps, str(index)))
    return found


@given(JSON)
def test_every_value_of_a_document_is_found_under_its_path(document: Any) -> None:
    for steps, value in places(document):
        assert Pointer(escaped(list(steps))).find(document) is value


@given(JSON, st.text(alphabet="/~01ab", max_size=8))
def test_any_text_is_a_pointer_or_is_refused(document: Any, text: str) -> None:
    try:
        pointer = Pointer(text)
    except ValueError:
        assert (text and text[0] != "/") or text.count("~") > text.count("~0") + text.count("~1")
    else:
        assert pointer.find(document) is ABSENT or pointer.find(document) in [value for _, value in places(document)]


# ---- predicates ----


@pytest.mark.parametrize(
    ("document", "present"),
    [
        ({}, False),
        ({"errors": None}, False),
        ({"errors": []}, True),
        ({"errors": [{"message": "no"}]}, True),
        ({"errors": False}, True),
        ({"errors": 0}, True),
        ({"errors": ""}, True),
        ([], False),
        (None, False),
        (ABSENT, False),
    ],
)
def test_present_is_there_and_not_null(document: object, present: bool) -> None:
    pointer = Pointer("/errors")
    assert Predicate(pointer, present=True).holds(document) is present
    assert Predicate(pointer, present=False).holds(document) is not present


def test_an_empty_list_passes_when_its_first_entry_is_pointed_to() -> None:
    rule = Predicate(Pointer("/errors/0"), present=False)
    assert rule.holds({"errors": []})
    assert not rule.holds({"errors": [1]})


@pytest.mark.parametrize(
    ("values", "found", "holds"),
    [
        ((True,), True, True),
        ((True,), 1, False),
        ((1,), True, False),
        ((0,), False, False),
        ((1,), 1.0, True),
        ((1.5,), 1.5, True),
        (("1",), 1, False),
        (("ok",), "ok", True),
        (("ok",), "OK", False),
        ((None,), None, True),
        ((None,), False, False),
        ((None,), ABSENT, False),
        ((None,), {}, False),
        (("a", "b"), "b", True),
        (("a", "b"), "c", False),
        (("a",), ["a"], False),
        ((1,), {"1": 1}, False),
    ],
)
def test_equals_and_one_of(values: tuple[Any, ...], found: object, holds: bool) -> None:
    document = {} if found is ABSENT else {"x": found}
    assert Predicate(Pointer("/x"), values=values).holds(document) is holds


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Predicate(Pointer("/errors"), present=False), "/errors is not absent"),
        (Predicate(Pointer("/data"), present=True), "/data is not present"),
        (Predicate(Pointer("/ok"), values=("s3cret",)), "/ok is not as it must be"),
        (Predicate(Pointer(""), values=(1,)), "the whole document is not as it must be"),
    ],
)
def test_what_is_said_names_no_value(rule: Predicate, said: str) -> None:
    assert rule.said == said
