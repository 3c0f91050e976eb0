"""Twenty thousand random combinations of secret, place, layers and cut; a longer run is `make fuzz-redaction`."""

from tests.redaction.fuzz import case_of, run

CASES = 20_000


def test_a_case_is_told_by_seed_and_index_alone() -> None:
    assert case_of(1, 4711) == case_of(1, 4711)
    assert case_of(1, 4711) != case_of(2, 4711)


def test_no_combination_leaks_breaks_or_changes_on_a_second_pass() -> None:
    faults = run(seed=1, first=0, count=CASES)
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults[:25])
