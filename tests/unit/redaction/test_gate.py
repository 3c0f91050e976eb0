"""Which families a text may hold, and where."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.family import Family
from sidecar.redaction.gate import BETWEEN, Gate, merged


def none(text, key):
    return []


def each(letter, kind):
    return lambda text, key: [(at, at + 1, kind) for at, char in enumerate(text) if char == letter]


A = Family("a", "a", each("a", "token"))
B = Family("b", "b+", each("b", "email"))
DIGITS = Family("digits", "[0-9]{3}", none)


def test_the_families_that_match_are_told_by_their_indexes():
    gate = Gate([A, B, DIGITS])
    assert sorted(gate.hits(b"xx 123 a")) == [0, 2]
    assert gate.hits(b"xyz 12") == []
    assert gate.hits(b"") == []


def test_a_gate_without_families_hits_nothing():
    assert Gate([]).hits(b"anything") == []


def test_where_the_engine_gave_up_everything_counts_as_hit(monkeypatch):
    gate = Gate([A, B])
    monkeypatch.setattr(gate, "_match", lambda data: [])  # what RE2 answers when its memory is not enough
    assert gate.hits(b"xyz") == [0, 1]
    monkeypatch.setattr(gate, "_match", lambda data: [2])  # the sentinel alone
    assert gate.hits(b"xyz") == []


def test_any_bytes_can_be_read():
    assert Gate([A]).hits(b"\xff\x00\xfea\xc3") == [0]


def test_the_parts_in_which_a_trigger_matches_are_told_once_each_with_its_families():
    gate = Gate([A, B, Family("across", "x\nx", none)])
    data = BETWEEN.join(["xa", "bbba", "xx", "a"]).encode()
    assert gate.places([0, 1], data) == {0: [0], 1: [0, 1], 3: [0]}
    assert gate.places([1, 0], data) == {0: [0], 1: [0, 1], 3: [0]}
    assert gate.places([2], data) == {}
    assert gate.places([0], b"aaa") == {0: [0]}


def test_a_match_over_several_parts_is_in_all_of_them():
    gate = Gate([Family("across", r"b\s+\x1e\s+b", none), Family("before", "\nc", none)])
    assert gate.places([0], BETWEEN.join(["ab", "ba", "b"]).encode()) == {0: [0], 1: [0]}
    assert gate.places([1], BETWEEN.join(["x", "c", "y\nc"]).encode()) == {1: [1], 2: [1]}


def test_a_trigger_that_matches_nothing_does_not_stand_still():
    gate = Gate([Family("line", "(?m:^)", none)])
    assert gate.places([0], BETWEEN.join(["ab", "c"]).encode()) == {0: [0], 1: [0]}


def test_what_the_families_find_is_in_order_and_without_overlaps():
    gate = Gate([A, B])
    assert gate.spans([1, 0], "ba", "") == [(0, 1, "email"), (1, 2, "token")]
    assert gate.spans([0], "xay", "") == [(1, 2, "token")]
    assert gate.spans([], "ab", "") == []


def test_the_key_reaches_every_search():
    seen = []
    gate = Gate([Family("x", "x", lambda text, key: seen.append((text, key)) or [])])
    gate.spans([0], "x", "note")
    assert seen == [("x", "note")]


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(0, 2, "a"), (5, 6, "b")], [(0, 2, "a"), (5, 6, "b")]),
        ([(5, 6, "b"), (0, 2, "a")], [(0, 2, "a"), (5, 6, "b")]),
        ([(0, 2, "a"), (2, 4, "b")], [(0, 2, "a"), (2, 4, "b")]),
        ([(0, 5, "a"), (2, 9, "b")], [(0, 9, "b")]),
        ([(0, 9, "a"), (2, 4, "b")], [(0, 9, "a")]),
        ([(0, 3, "a"), (0, 3, "b")], [(0, 3, "a")]),
        ([(0, 3, "a"), (2, 6, "b"), (5, 7, "c")], [(0, 7, "b")]),
        ([(8, 20, "userinfo"), (10, 32, "email")], [(8, 20, "userinfo")]),
        ([(8, 13, "userinfo"), (8, 25, "email")], [(8, 13, "userinfo")]),
    ],
)
def test_of_spans_that_overlap_one_is_left_over_both(spans, expected):
    assert merged(spans) == expected


SPANS = st.tuples(st.integers(0, 30), st.integers(1, 9), st.sampled_from(["a", "b", "c"]))


@settings(max_examples=300, deadline=None)
@given(st.lists(SPANS, max_size=9))
def test_merged_spans_cover_the_same_characters(found):
    spans = [(start, start + length, kind) for start, length, kind in found]
    covered = {at for start, end, _ in spans for at in range(start, end)}
    result = merged(spans)
    assert {at for start, end, _ in result for at in range(start, end)} == covered
    assert all(first[1] <= second[0] for first, second in pairwise(result))
