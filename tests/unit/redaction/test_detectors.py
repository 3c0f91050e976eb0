"""What holds for all families together, and for the patterns of a configuration."""

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from sidecar.redaction.detectors import FAMILIES, compiled, gate_for
from sidecar.redaction.kinds import CLASS_OF, MARKER
from tests.unit.redaction.redaction_pieces import TEXTS, VALUES

TRIGGERS = [re2.compile(family.trigger.encode()) for family in FAMILIES]
KEYS = st.sampled_from(["", "note", "phone", "order_id", "version", "password", "account_id"])


@pytest.mark.parametrize("index", range(len(FAMILIES)), ids=[family.name for family in FAMILIES])
@settings(max_examples=400, deadline=None)
@given(text=TEXTS, key=KEYS)
def test_a_family_finds_nothing_where_its_trigger_does_not_match(index, text, key):
    if list(FAMILIES[index].find(text, key)):
        assert TRIGGERS[index].search(text.encode("utf-8", "surrogatepass")) is not None


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
@settings(max_examples=200, deadline=None)
@given(text=TEXTS | st.text(max_size=80), key=KEYS)
def test_spans_lie_in_the_text_do_not_overlap_and_leave_markers_alone(family, text, key):
    inside = [match.span() for match in MARKER.finditer(text)]
    end = 0
    for start, stop, kind in sorted(family.find(text, key)):
        assert end <= start < stop <= len(text)
        assert kind in CLASS_OF
        assert not any(first < start < last or first < stop < last for first, last in inside)
        end = stop


@pytest.mark.parametrize("name", sorted(VALUES))
def test_every_value_of_the_tests_is_found_by_its_shape(name):
    gate, text = gate_for(), f"see {VALUES[name]} there"
    assert gate.spans(gate.hits(text.encode()), text, "")


def test_the_names_of_families_are_told_apart():
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_a_gate_is_made_once_for_each_set_of_patterns():
    patterns = (("employee_id", "E-[0-9]{6}"),)
    assert gate_for(patterns) is gate_for(patterns)
    assert gate_for(patterns) is not gate_for()


def test_a_pattern_of_the_configuration_is_searched_and_never_finds_an_empty_text():
    gate = gate_for((("employee_id", "E-[0-9]{6}"), ("maybe", "(?:ZZ-[0-9])|$")))
    text = "E-123456, then ZZ-7 and E-12"
    hits = gate.hits(text.encode())
    assert gate.spans(hits, text, "") == [(0, 8, "employee_id"), (15, 19, "maybe")]


def test_a_pattern_finds_text_of_any_script():
    gate = gate_for((("place", "ort-[[:alpha:]é]+"),))
    text = "é ort-né"
    assert gate.spans(gate.hits(text.encode()), text, "") == [(2, 8, "place")]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        (r"(a)\1", "invalid escape"),
        (r"(?=a)", "invalid"),
        (r"(?<!a)b", "invalid"),
        (r"[", "missing"),
        (r"(", "missing"),
        (r"a*", "matches an empty text"),
        ("", "matches an empty text"),
        (r"x|", "matches an empty text"),
    ],
)
def test_a_pattern_that_cannot_be_matched_in_linear_time_or_matches_nothing_is_refused(pattern, said):
    with pytest.raises(ValueError, match=said):
        compiled(pattern)


@pytest.mark.parametrize("pattern", ["E-[0-9]{6}", "(?i)abc", r"\bX\d+\b", "é+"])
def test_a_good_pattern_is_accepted(pattern):
    compiled(pattern)
