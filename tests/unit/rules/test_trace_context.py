"""W3C Trace Context. The cases are those of the test suite in the W3C's trace-context repository, in our words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.rules.trace_context import (
    MAX_MEMBERS,
    RANDOM,
    SAMPLED,
    child,
    format_traceparent,
    fresh,
    parse,
    sampled_from,
    span_id,
    with_span,
)

TRACE = "12345678901234567890123456789012"
PARENT = "1234567890123456"
VALID = f"00-{TRACE}-{PARENT}-01".encode()


def state(value: bytes) -> bytes:
    context = parse(VALID, value)
    assert context is not None
    return context.tracestate


def test_a_valid_traceparent_is_continued() -> None:
    context = parse(VALID)
    assert context is not None
    assert (context.trace_id, context.parent_id, context.flags) == (TRACE, PARENT, SAMPLED)
    assert context.tracestate == b""
    assert repr(context) == f"<TraceContext {TRACE} parent={PARENT} flags=1>"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(None, id="missing"),
        pytest.param(b"", id="empty"),
        pytest.param(f"00-{TRACE}-{PARENT}-01.".encode(), id="version 00 with a trailing character"),
        pytest.param(f"00-{TRACE}-{PARENT}-01-future".encode(), id="version 00 with a trailing field"),
        pytest.param(f"00-{TRACE}-{PARENT}-01-".encode(), id="version 00 with a trailing dash"),
        pytest.param(f"cc-{TRACE}-{PARENT}-01.future".encode(), id="later version, no dash after the flags"),
        pytest.param(f"cc-{TRACE}-{PARENT}-0".encode(), id="later version, too short"),
        pytest.param(f"ff-{TRACE}-{PARENT}-01".encode(), id="version ff"),
        pytest.param(f"ff-{TRACE}-{PARENT}-01-x".encode(), id="version ff with more"),
        pytest.param(f".0-{TRACE}-{PARENT}-01".encode(), id="version not hex"),
        pytest.param(f"0.-{TRACE}-{PARENT}-01".encode(), id="version not hex 2"),
        pytest.param(f"000-{TRACE}-{PARENT}-01".encode(), id="version too long"),
        pytest.param(f"0-{TRACE}-{PARENT}-01".encode(), id="version too short"),
        pytest.param(f"CC-{TRACE}-{PARENT}-01".encode(), id="version in upper case"),
        pytest.param(f"00-{'0' * 32}-{PARENT}-01".encode(), id="trace id of zeros"),
        pytest.param(f"cc-{'0' * 32}-{PARENT}-01".encode(), id="trace id of zeros in a later version"),
        pytest.param(f"00-{TRACE[:-1]}.-{PARENT}-01".encode(), id="trace id not hex"),
        pytest.param(f"00-{TRACE[:-1]}A-{PARENT}-01".encode(), id="trace id in upper case"),
        pytest.param(f"00-{TRACE}3-{PARENT}-01".encode(), id="trace id too long"),
        pytest.param(f"00-{TRACE[:-1]}-{PARENT}-01".encode(), id="trace id too short"),
        pytest.param(f"00-{TRACE}-{'0' * 16}-01".encode(), id="parent id of zeros"),
        pytest.param(f"00-{TRACE}-.{PARENT[1:]}-01".encode(), id="parent id not hex"),
        pytest.param(f"00-{TRACE}-{PARENT[:-1]}F-01".encode(), id="parent id in upper case"),
        pytest.param(f"00-{TRACE}-{PARENT}7-01".encode(), id="parent id too long"),
        pytest.param(f"00-{TRACE}-{PARENT[:-1]}-01".encode(), id="parent id too short"),
        pytest.param(f"00-{TRACE}-{PARENT}-.0".encode(), id="flags not hex"),
        pytest.param(f"00-{TRACE}-{PARENT}-0.".encode(), id="flags not hex 2"),
        pytest.param(f"00-{TRACE}-{PARENT}-0A".encode(), id="flags in upper case"),
        pytest.param(f"00-{TRACE}-{PARENT}-001".encode(), id="flags too long"),
        pytest.param(f"00-{TRACE}-{PARENT}-1".encode(), id="flags too short"),
        pytest.param(VALID + b", " + VALID, id="repeated header"),
        pytest.param(f"cc-{TRACE}-{PARENT}-01-x, cc-{TRACE}-{PARENT}-01-x".encode(), id="repeated later version"),
        pytest.param(b" " + VALID[:-1] + b" ", id="white space around a bad value"),
        pytest.param(VALID + b"\n", id="line feed"),
    ],
)
def test_an_invalid_traceparent_restarts_the_trace(value: bytes | None) -> None:
    assert parse(value, b"foo=1") is None


@pytest.mark.parametrize("rest", [b"", b"-", b"-what-the-future-will-be-like", b"-\xff\xfe"])
def test_a_later_version_is_read_as_version_00(rest: bytes) -> None:
    context = parse(f"cc-{TRACE}-{PARENT}-01".encode() + rest, b"foo=1")
    assert context is not None
    assert (context.trace_id, context.parent_id, context.tracestate) == (TRACE, PARENT, b"foo=1")
    assert child(context, "b" * 16) == f"00-{TRACE}-{'b' * 16}-01".encode()


@pytest.mark.parametrize(("before", "after"), [(b" ", b""), (b"\t", b""), (b"", b" "), (b"", b"\t"), (b"\t ", b" \t")])
def test_white_space_around_a_traceparent_is_ignored(before: bytes, after: bytes) -> None:
    context = parse(before + VALID + after, b"foo=1")
    assert context is not None
    assert (context.trace_id, context.tracestate) == (TRACE, b"foo=1")


@pytest.mark.parametrize(
    ("incoming", "outgoing"),
    [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("04", "00"), ("ff", "03"), ("fd", "01"), ("a6", "02")],
)
def test_known_flags_are_kept_and_all_others_are_zero(incoming: str, outgoing: str) -> None:
    context = parse(f"00-{TRACE}-{PARENT}-{incoming}".encode())
    assert context is not None
    assert child(context, "c" * 16) == f"00-{TRACE}-{'c' * 16}-{outgoing}".encode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"foo=1", b"foo=1"),
        (b"foo=1,bar=2", b"foo=1,bar=2"),
        # Several headers arrive joined.
        (b"foo=1,bar=2, rojo=1,congo=2, baz=3", b"foo=1,bar=2,rojo=1,congo=2,baz=3"),
        (b"", b""),
        (b"foo=1, ", b"foo=1"),
        (b", foo=1", b"foo=1"),
        (b",,, \t ,", b""),
        (b"foo=1 \t , \t bar=2, \t baz=3", b"foo=1,bar=2,baz=3"),
        (b"\t foo=1 \t", b"foo=1"),
        # Spaces before a value belong to it; inside they do too.
        (b"foo=  a b ", b"foo=  a b"),
        # Twice the same key: kept as it is, or one discarded.
        (b"foo=1,foo=1", b"foo=1,foo=1"),
        (b"foo=1, foo=2", b"foo=1,foo=2"),
        # Level 1: tenant and system. Level 2: an at sign anywhere but in front.
        (b"fw529a3039@dt=1", b"fw529a3039@dt=1"),
        (b"0tenant@sys=1", b"0tenant@sys=1"),
        (b"foo@=1,bar=2", b"foo@=1,bar=2"),
        (b"foo@@bar=1,bar=2", b"foo@@bar=1,bar=2"),
        (b"foo@bar@baz=1,bar=2", b"foo@bar@baz=1,bar=2"),
        (b"t" * 242 + b"@v=1", b"t" * 242 + b"@v=1"),
        (b"t@" + b"v" * 15 + b"=1", b"t@" + b"v" * 15 + b"=1"),
        (b"1a-2f@foo=bar1", b"1a-2f@foo=bar1"),
        (b"foo=1," + b"z" * 256 + b"=1", b"foo=1," + b"z" * 256 + b"=1"),
        (b"foo=" + b"v" * 256, b"foo=" + b"v" * 256),
        (b"foo=" + b"v" * 256 + b" ,b=1", b"foo=" + b"v" * 256 + b",b=1"),
    ],
)
def test_a_valid_tracestate_goes_on(value: bytes, expected: bytes) -> None:
    assert state(value) == expected


def test_every_allowed_character_of_keys_and_values_goes_on() -> None:
    key = b"abcdefghijklmnopqrstuvwxyz0123456789_-*/@a-z0-9_-*/"
    value = bytes(c for c in range(0x20, 0x7F) if c not in b",=")
    assert state(key + b"=" + value) == key + b"=" + value


@pytest.mark.parametrize(
    "value",
    [
        b"foo =1", b"FOO=1", b"foo.bar=1", b"@foo=1,bar=2", b"_foo=1", b"foo", b"=1", b"foo=bar=baz", b"foo=,bar=3",
        b"foo= ,bar=3", b"foo=a\tb", b"foo=\x80", b"foo=a\x7f", b"foo=1," + b"z" * 257 + b"=1", b"foo=" + b"v" * 257,
        b"foo=1\n",
    ],
)  # fmt: skip
def test_an_invalid_tracestate_is_dropped_and_the_trace_goes_on(value: bytes) -> None:
    assert state(value) == b""
    assert state(b"ok=1," + value) == b""


def test_32_members_go_on_and_33_do_not() -> None:
    members = [f"bar{n:02}={n:02}".encode() for n in range(1, MAX_MEMBERS + 2)]
    assert state(b",".join(members[:-1])) == b",".join(members[:-1])
    assert state(b", ".join(members[:-1])) == b",".join(members[:-1])
    assert state(b",".join(members)) == b""
    assert state(b", ".join(members)) == b""


def test_a_tracestate_of_32_full_members_is_propagated() -> None:
    value = b",".join(b"%02d" % n + b"k" * 254 + b"=" + b"v" * 256 for n in range(32))
    assert state(value) == value


def test_a_fresh_trace_is_random_and_not_sampled() -> None:
    context = fresh(0xABC)
    assert (context.trace_id, context.parent_id, context.flags) == (f"{0xABC:032x}", "", RANDOM)
    assert context.tracestate == b""
    assert fresh(1, sampled=True).flags == RANDOM | SAMPLED
    assert repr(context) == f"<TraceContext {context.trace_id} parent=- flags=2>"


def test_ids_are_never_all_zeros() -> None:
    assert int(fresh(0).trace_id, 16) != 0
    assert int(span_id(0), 16) != 0
    assert span_id(0xFFFF) == "000000000000ffff"


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**64 - 1), st.integers(0, 255))
def test_what_is_formatted_parses_again(trace: int, span: int, flags: int) -> None:
    made = fresh(trace)
    context = parse(format_traceparent(made.trace_id, span_id(span), flags))
    assert context is not None
    assert (context.trace_id, context.parent_id, context.flags) == (made.trace_id, span_id(span), flags & 3)
    assert parse(child(context, span_id(span))) is not None


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_bytes_make_it_raise(traceparent: bytes, tracestate: bytes) -> None:
    parse(traceparent, tracestate)
    parse(b"cc" + VALID[2:] + b"-" + traceparent, tracestate)
    context = parse(VALID, tracestate)
    assert context is not None


@given(st.text("abAB01=,@ \t_*/-.", max_size=60))
def test_what_goes_on_is_valid_and_stays_the_same(text: str) -> None:
    once = state(text.encode())
    assert state(once) == once
    assert not once.startswith((b",", b" "))


@pytest.mark.parametrize(
    ("share", "least"),
    [
        (1.0, "00000000000000"),
        (0.5, "80000000000000"),
        (0.25, "c0000000000000"),
        (0.75, "40000000000000"),
        (1e-18, ""),
        (0.0, ""),
    ],
)
def test_the_share_that_is_sampled_is_drawn_by_the_last_56_bits(share: float, least: str) -> None:
    assert sampled_from(share) == least


def test_header_lines_for_another_span_differ_in_nothing_else() -> None:
    context = parse(VALID, PARENT.encode() + b"=" + PARENT.encode())
    assert context is not None
    line = b"traceparent: " + child(context, PARENT) + b"\r\ntracestate: a=" + PARENT.encode() + b"\r\n"
    found = with_span(line, "fedcba9876543210")
    assert found == f"traceparent: 00-{TRACE}-fedcba9876543210-01\r\ntracestate: a={PARENT}\r\n".encode()
