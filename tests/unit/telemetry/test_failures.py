"""The ring of failed calls: bounded by count and by bytes, and searched by any id."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.telemetry.failures import Failure, Failures

KIB = 1024


def failure(name: str, size: int = 0, *more: str) -> Failure:
    return Failure((name, *more), b"x" * size, {})


def names(ring: Failures) -> list[str]:
    return [one.ids[0] for one in ring.newest()]


def test_the_newest_stands_first() -> None:
    ring = Failures(10, 100 * KIB)
    assert [ring.add(failure(name)) for name in "abc"] == [True, True, True]
    assert names(ring) == ["c", "b", "a"]
    assert len(ring) == 3


def test_the_oldest_goes_when_there_are_too_many() -> None:
    ring = Failures(2, 100 * KIB)
    for name in "abc":
        ring.add(failure(name))
    assert names(ring) == ["c", "b"]
    assert ring.size == 2 * KIB


def test_the_oldest_go_when_there_is_no_more_room() -> None:
    ring = Failures(10, 6 * KIB)
    for name in "abc":
        ring.add(failure(name, KIB))
    assert (names(ring), ring.size) == (["c", "b", "a"], 6 * KIB)
    ring.add(failure("d", 2 * KIB))
    assert (names(ring), ring.size) == (["d", "c"], 5 * KIB)


def test_what_is_larger_than_the_ring_is_refused_and_pushes_nothing_out() -> None:
    ring = Failures(10, 4 * KIB)
    ring.add(failure("a"))
    assert not ring.add(failure("b", 4 * KIB))
    assert names(ring) == ["a"]
    assert ring.add(failure("c", 3 * KIB))
    assert names(ring) == ["c"]


@pytest.mark.parametrize(("calls", "size"), [(0, KIB * KIB), (10, 0)])
def test_a_ring_that_is_off_keeps_nothing(calls: int, size: int) -> None:
    ring = Failures(calls, size)
    assert not ring
    assert not ring.add(failure("a"))
    assert names(ring) == []


def test_a_ring_that_is_on_is_true_even_when_it_is_empty() -> None:
    assert Failures(1, 10 * KIB)


def test_every_call_with_an_id_is_found_by_any_of_its_ids() -> None:
    ring = Failures(10, 100 * KIB)
    ring.add(failure("a", 0, "trace-1", "prov-1"))
    ring.add(failure("b", 0, "trace-2"))
    ring.add(failure("a", 1, "trace-3"))
    assert [len(one.content) for one in ring.find("a")] == [1, 0]
    assert [one.ids[0] for one in ring.find("prov-1")] == ["a"]
    assert [one.ids[0] for one in ring.find("trace-2")] == ["b"]
    assert ring.find("c") == []


@given(st.lists(st.integers(0, 5 * KIB), max_size=60), st.integers(1, 8), st.integers(1, 20 * KIB))
def test_it_never_holds_more_than_it_may(sizes: list[int], most: int, room: int) -> None:
    ring = Failures(most, room)
    for number, size in enumerate(sizes):
        kept = ring.add(failure(str(number), size))
        assert kept == (size + KIB <= room)
        assert len(ring) <= most
        assert ring.size == sum(len(one.content) + KIB for one in ring.newest()) <= room
        if kept:
            assert names(ring)[0] == str(number)
