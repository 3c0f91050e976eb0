import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction.cut import TRUNCATED, safe_cut, windows


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", ""),
        ("one", ""),
        ("one two", "one "),
        ("card=4242424242", "card="),
        ("a=1&card=4242", "a=1&card="),
        ("a=1&card=", "a=1&"),
        ("Authorization: Basic dXNlcjpw", "Authorization: Basic "),
        ("Authorization: Basic dXNlcjp3==", "Authorization: Basic "),
        ("<card>4242", "<card>"),
        ('{"a": "b c', '{"a": "'),
    ],
)
def test_the_last_word_is_dropped_back_to_what_parts_it_from_the_text_before(text: str, kept: str) -> None:
    assert safe_cut(text) == kept + TRUNCATED


@pytest.mark.parametrize(
    "number",
    [
        "4242 4242 42", "4242 4242 4242 4242", "4242-4242 4", "4242 4242 ", "3782 822463 1", "DE89 3704 0044 05",
        "GB29 NWBK 6016 1331", "+1 (415) 555-01", "+44 20 7946 09", "123 45", "123-45-67", "4242\u00a04242\u00a042",
        "2200 1371 68\ufffd", "2200 1371 \ufffd",
    ],
)  # fmt: skip
def test_no_group_of_a_number_survives_that_was_cut(number: str) -> None:
    assert safe_cut(f"paid with {number}") == f"paid with {TRUNCATED}"


def test_numbers_before_a_cut_word_stay() -> None:
    assert safe_cut("3 apples and 4 pea") == "3 apples and 4 " + TRUNCATED


@pytest.mark.parametrize("tail", ["bob&#64;exam", "bob&commat;exam", "bob&#6", "bob@exam"])
def test_an_address_written_with_references_is_dropped_whole(tail: str) -> None:
    assert safe_cut(f"<b>{tail}") == "<b>" + TRUNCATED


@pytest.mark.parametrize("tail", ["postgres://user:pa", "https://user:p(a", "amqp://u:p,q"])
def test_a_url_is_dropped_whole_as_its_password_may_be_cut(tail: str) -> None:
    assert safe_cut(f"at {tail}") == "at " + TRUNCATED


def test_a_url_that_is_over_stays() -> None:
    assert safe_cut("see https://a.example/b and more") == "see https://a.example/b and " + TRUNCATED


BEGIN = "-----BEGIN " + "PRIVATE KEY-----\n"
END = "-----END " + "PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (f"key:\n{BEGIN}MIIabc\nMIIdef\n", "key:\n"),
        (f"key:\n{BEGIN}MIIabc\n{END}and so", f"key:\n{BEGIN}MIIabc\n{END}and "),
        (f"{BEGIN}MIIabc\n{END}{BEGIN}MIIabc", f"{BEGIN}MIIabc\n{END}"),
        (f"{BEGIN}MIIabc\n-----END PRIV", ""),
    ],
)
def test_a_pem_block_without_its_end_is_dropped(text: str, kept: str) -> None:
    assert safe_cut(text) == kept + TRUNCATED


@given(st.text(alphabet=st.sampled_from("ab4 1=&<>:;#@/\n-E\"'(+"), max_size=60))
def test_what_was_cut_is_not_cut_again(text: str) -> None:
    once = safe_cut(text)
    assert safe_cut(once) == once
    assert text.startswith(once.removesuffix(TRUNCATED))


@given(st.integers(0, 18), st.sampled_from(["4242 4242 4242 4242", "4242-4242-4242-4242", "4242424242424242"]))
def test_no_digit_of_a_card_survives_any_cut_through_it(length: int, card: str) -> None:
    assert "4" not in safe_cut("paid by card: " + card[:length])


@pytest.mark.parametrize(("length", "count"), [(0, 1), (65_536, 1), (131_071, 1), (131_072, 2), (200_000, 3)])
def test_limits_are_per_64_kib(length: int, count: int) -> None:
    assert windows(length) == count
