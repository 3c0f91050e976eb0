import pytest

from sidecar.redaction.vendor_format import Format
from sidecar.redaction.vendor_tree import Tree


def form(pattern: str, **more: object) -> Format:
    return Format(pattern, "token", pattern, "example.com", **more)


def found(text: str, *forms: Format, before: str = "[^0-9A-Za-z]") -> list[tuple[str, str]]:
    return [(text[start:end], form.name) for start, end, form in Tree(forms, before).search(text)]


def test_formats_that_share_a_prefix_are_told_apart_and_the_longest_literal_is_first():
    forms = (form("ab_[0-9]{3,}"), form("ab_x[0-9]{2,}"), form("abc[0-9]{2,}"), form("ab_[0-9a-z]{2,}"))
    assert found(" ab_123 ab_x12 abc12 ab_zz", *forms) == [
        ("ab_123", "ab_[0-9]{3,}"),
        ("ab_x12", "ab_x[0-9]{2,}"),
        ("abc12", "abc[0-9]{2,}"),
        ("ab_zz", "ab_[0-9a-z]{2,}"),
    ]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("(?:live|test)_[0-9]{2}", "test_12"),
        ("[ab]x[0-9]{2}", "bx12"),
        ("(?:sand-)?k[0-9]{2}", "k12"),
        ("(?:sand-)?k[0-9]{2}", "sand-k12"),
        (r"v\.x\$[0-9]{2}", "v.x$12"),
        ("a?b[0-9]{2}", "b12"),
        ("[a-c]{2}9", "ca9"),
        ("A{2,3}b", "AAb"),
    ],
)
def test_a_pattern_that_begins_with_a_choice_or_a_count_is_found(pattern, text):
    assert found(f" {text}", form(pattern), form("zz[0-9]")) == [(text, pattern)]


def test_a_strict_format_stands_after_no_separator():
    assert found(" ab12 _ab12 -ab12 .ab12 /ab12 =ab13", form("ab[0-9]{2}", strict=True)) == [
        ("ab12", "ab[0-9]{2}"),
        ("ab13", "ab[0-9]{2}"),
    ]


def test_an_exact_format_ends_where_the_word_ends():
    assert found(" ab12 ab123 ab12_ ab12- ab12.", form("ab[0-9]{2}", exact=True)) == [("ab12", "ab[0-9]{2}")] * 2


def test_a_mark_inside_tells_a_secret_from_its_first_character():
    forms = (form("MARK[0-9]{2}", head="[a-z]{3}", width=3), form("SIGN[0-9]", head="[a-z]{2}", width=2))
    assert found("..abcMARK12 xySIGN1 abMARK12", *forms, before="") == [
        ("abcMARK12", "MARK[0-9]{2}"),
        ("xySIGN1", "SIGN[0-9]"),
    ]
