import pytest

from sidecar.redaction.triggers import trigger


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (r"ghp_[0-9A-Za-z]{30,}", r"ghp_[0-9A-Za-z]{8}"),
        (r"xoxb-[0-9]{4,}-[a-z]{20,}", r"xoxb-[0-9]{4}"),
        (r"AKIA[0-9A-Z]{16}", r"AKIA[0-9A-Z]{8,}"),
        (r"(?:ab{20,}|c)[x]{3}[y]{2,5}", r"(?:ab{8,}|c)[x]{3}[y]{2,5}"),
        (r"sk\.[a-z]{2,40}x", r"sk\.[a-z]{2,}x"),
    ],
)
def test_a_trigger_is_cut_after_the_first_open_run_and_has_small_counts(pattern, expected):
    assert trigger(pattern) == expected
