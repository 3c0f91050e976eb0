from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.core import headers as module
from sidecar.core.headers import OWN, Headers, Shape, lower_name, shape_of

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


@pytest.fixture
def no_shapes() -> Iterator[None]:
    before = dict(module.SHAPES)
    module.SHAPES.clear()
    yield
    module.SHAPES.clear()
    module.SHAPES.update(before)


@pytest.mark.usefixtures("no_shapes")
def test_the_same_names_have_one_shape() -> None:
    shape = shape_of((b"Host", b"X-A"))
    assert shape is not None
    assert (shape.names, shape.lowers, shape.special) == ((b"Host", b"X-A"), (b"host", b"x-a"), False)
    assert shape_of((b"Host", b"X-A")) is shape
    assert shape_of((b"X-A", b"Host")) is not shape


@pytest.mark.usefixtures("no_shapes")
@pytest.mark.parametrize("name", [b"TE", b"Transfer-Encoding", b"upgrade"])
def test_a_shape_tells_of_special_names(name: bytes) -> None:
    shape = shape_of((b"Host", name))
    assert shape is not None
    assert shape.special


@pytest.mark.usefixtures("no_shapes")
def test_names_that_differ_by_case_only_have_no_shape() -> None:
    assert shape_of((b"X-A", b"x-a")) is None
    assert shape_of((b"Sidecar-New", b"Sidecar-Newer")) is None


@pytest.mark.usefixtures("no_shapes", "empty_cache")
def test_shapes_are_bounded_in_number_and_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CACHE_SHAPES", 2)
    assert shape_of((b"x" * 3000,)) is None
    assert [shape_of((name,)) is None for name in (b"A", b"B", b"C", b"A")] == [False, False, True, False]


def shaped() -> Headers:
    pairs = [(b"Host", b"a"), (b"X-A", b"1"), (b"Accept", b"*/*")]
    names = tuple(name for name, _ in pairs)
    lowers = tuple(lower_name(name) for name in names)
    headers = Headers(None, dict(zip(lowers, (value for _, value in pairs), strict=True)), Shape(names, lowers))
    headers.block = b"Host: a\r\nX-A: 1\r\nAccept: */*"
    return headers


def test_fields_of_a_shape() -> None:
    assert shaped().fields == [(b"host", b"Host", b"a"), (b"x-a", b"X-A", b"1"), (b"accept", b"Accept", b"*/*")]


def test_headers_that_are_changed_lose_their_shape_and_block() -> None:
    added, changed, removed = shaped(), shaped(), shaped()
    added.add(b"B", b"2")
    changed.set(b"x-A", b"2")
    removed.remove(b"x-a")
    assert added.pairs() == [(b"Host", b"a"), (b"X-A", b"1"), (b"Accept", b"*/*"), (b"B", b"2")]
    assert changed.pairs() == [(b"Host", b"a"), (b"x-A", b"2"), (b"Accept", b"*/*")]
    assert removed.pairs() == [(b"Host", b"a"), (b"Accept", b"*/*")]
    for headers in (added, changed, removed):
        assert (headers.shape, headers.block) == (None, b"")
        assert headers.index == Headers.of(headers.pairs()).index


def test_what_changes_nothing_keeps_the_shape() -> None:
    headers = shaped()
    headers.remove(b"nope")
    assert headers.shape is not None
