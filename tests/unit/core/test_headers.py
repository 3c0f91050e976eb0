from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import headers as module
from sidecar.core.headers import OWN, Headers, lower_name

PAIRS = [(b"Host", b"a"), (b"X-A", b"1"), (b"x-a", b"2"), (b"Accept", b"*/*")]


@pytest.fixture
def empty_cache() -> Iterator[None]:
    before = dict(module.LOWER_NAMES)
    module.LOWER_NAMES.clear()
    yield
    module.LOWER_NAMES.clear()
    module.LOWER_NAMES.update(before)


def test_fields_keep_order_and_spelling() -> None:
    headers = Headers.of(PAIRS)
    assert headers.pairs() == PAIRS
    assert [field[0] for field in headers.fields] == [b"host", b"x-a", b"x-a", b"accept"]


def test_repeated_values_are_joined_in_the_index_and_apart_in_all() -> None:
    headers = Headers.of(PAIRS)
    assert headers.get(b"x-a") == b"1, 2"
    assert headers.all(b"x-a") == [b"1", b"2"]
    assert headers.get(b"nope") is None
    assert headers.all(b"nope") == []


def test_remove_takes_every_field_of_the_name() -> None:
    headers = Headers.of(PAIRS)
    headers.remove(b"x-a")
    headers.remove(b"nope")
    assert headers.pairs() == [(b"Host", b"a"), (b"Accept", b"*/*")]
    assert headers.get(b"x-a") is None


def test_set_replaces_where_the_field_first_stood() -> None:
    headers = Headers.of(PAIRS)
    headers.set(b"X-a", b"3")
    assert headers.pairs() == [(b"Host", b"a"), (b"X-a", b"3"), (b"Accept", b"*/*")]
    assert headers.get(b"x-a") == b"3"


def test_set_appends_a_new_field() -> None:
    headers = Headers()
    headers.set(b"X-A", b"1")
    assert headers.pairs() == [(b"X-A", b"1")]


def test_two_headers_share_nothing() -> None:
    first, second = Headers(), Headers()
    first.add(b"a", b"1")
    assert second.fields == []
    assert second.index == {}


def test_given_lists_are_used_as_they_are() -> None:
    fields = [(b"a", b"A", b"1")]
    headers = Headers(fields, {b"a": b"1"})
    assert headers.fields is fields
    assert headers.get(b"a") == b"1"


def test_repr_shows_names_and_never_values() -> None:
    assert (
        repr(Headers.of([(b"Authorization", b"Bearer x"), (b"\xe9", b"")])) == "<Headers ['Authorization', '\u00e9']>"
    )


def test_names_of_ours_are_kept_and_others_of_the_prefix_become_one() -> None:
    assert lower_name(b"Sidecar-Timeout") == b"sidecar-timeout"
    assert lower_name(b"SIDECAR-Attempts") == b"sidecar-attempts"
    assert lower_name(b"Sidecar-Whatever") is OWN
    assert lower_name(b"Sidecar") == b"sidecar"


@pytest.mark.usefixtures("empty_cache")
def test_spellings_share_one_object() -> None:
    assert lower_name(b"Content-Type") is lower_name(b"content-TYPE")
    assert lower_name(b"Content-Type") is lower_name(b"Content-Type")


@pytest.mark.usefixtures("empty_cache")
def test_the_cache_is_bounded_by_entries_and_by_length() -> None:
    long = b"X-" + b"a" * 63
    assert lower_name(long) == long.lower()
    assert long not in module.LOWER_NAMES
    for number in range(5000):
        lower_name(b"X-%d" % number)
    assert len(module.LOWER_NAMES) == 4096
    assert lower_name(b"X-4999") == b"x-4999"


NAMES = st.sampled_from([b"A", b"a", b"B", b"b", b"C"])


@given(st.lists(st.tuples(NAMES, st.binary(max_size=3)), max_size=8), NAMES, st.binary(max_size=3))
def test_the_index_always_agrees_with_the_fields(pairs: list[tuple[bytes, bytes]], name: bytes, value: bytes) -> None:
    headers = Headers.of(pairs)
    for change in (lambda: None, lambda: headers.set(name, value), lambda: headers.remove(name.lower())):
        change()
        rebuilt = Headers.of(headers.pairs())
        assert rebuilt.fields == headers.fields
        assert rebuilt.index == headers.index
    assert headers.get(name.lower()) is None
