from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.repeats import Repeats


def make(limit: int = 2, seconds: float = 10.0, keys: int = 3) -> Repeats[str]:
    return Repeats(limit, seconds, keys)


def test_the_first_of_a_window_pass_and_the_others_are_counted() -> None:
    repeats = make()
    assert [repeats.admit("a", now) for now in (0.0, 1.0, 2.0, 9.9)] == [True, True, False, False]
    assert repeats.ended(9.9) == []
    assert repeats.ended(10.0) == [("a", 2)]
    assert repeats.ended(99.0) == []


def test_a_window_begins_with_the_first_event_not_with_the_clock() -> None:
    repeats = make(limit=1)
    assert repeats.admit("a", 7.0)
    assert not repeats.admit("a", 16.9)
    assert repeats.admit("a", 17.0)
    assert repeats.ended(17.0) == [("a", 1)]
    assert not repeats.admit("a", 26.9)


def test_keys_are_told_apart() -> None:
    repeats = make(limit=1)
    assert [repeats.admit(key, 0.0) for key in "abab"] == [True, True, False, False]
    assert repeats.ended(10.0) == [("a", 1), ("b", 1)]


def test_what_held_nothing_back_is_not_told() -> None:
    repeats = make()
    repeats.admit("a", 0.0)
    repeats.admit("a", 0.0)
    assert not repeats.holding
    assert repeats.ended(10.0) == []


def test_a_key_too_many_pushes_the_oldest_out_and_loses_no_count() -> None:
    repeats = make(limit=1, keys=2)
    for key in ("a", "a", "b", "c"):
        repeats.admit(key, 0.0)
    assert repeats.holding
    assert repeats.ended(0.0) == [("a", 1)]
    assert not repeats.holding
    assert repeats.admit("a", 0.0)  # its window has ended


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0, 6)), max_size=200), st.integers(1, 4))
def test_every_event_is_written_or_counted_once(events: list[tuple[str, float]], keys: int) -> None:
    repeats, now, written, counted = make(keys=keys), 0.0, 0, 0
    for key, pause in events:
        now += pause
        written += repeats.admit(key, now)
        counted += sum(count for _, count in repeats.ended(now))
        assert len(repeats._windows) <= keys
    counted += sum(count for _, count in repeats.ended(now + 10.0))
    assert written + counted == len(events)
    assert not repeats.holding
