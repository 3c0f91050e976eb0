"""W3C Trace Context, levels 1 and 2: continue the app's trace, or start one.

Source: https://www.w3.org/TR/trace-context-2/ ("spec" below); the cases are those of its own test suite.
Header values come in as bytes, as the wire has them. Ids are kept as lower-case hex text, because the log
line needs text; what goes to the provider is bytes again.
"""

import re

SAMPLED = 0x01
"""The caller may have recorded this trace (spec 3.2.2.5.1)."""
RANDOM = 0x02
"""The right-most seven bytes of the trace id are random (level 2, spec 3.2.2.5.2)."""

MAX_MEMBERS = 32
"""List members a tracestate may have (spec 3.3.1)."""

_FLAGS = ("-00", "-01", "-02", "-03")
_KNOWN = {digit: int(digit, 16) & (SAMPLED | RANDOM) for digit in "0123456789abcdef"}
"""The last hex digit of the flags -> the flags we know."""
_LENGTH = 55
"""Characters of a traceparent of version 00."""
_SPAN = len("traceparent: 00-") + 32 + len("-")
"""Where the span id begins in a header line."""

# Lower-case hex only, version ff and ids of zeros are invalid (spec 3.2.2). What may follow is the business of
# a later version. A comma there comes from a repeated header, whose values the index joins: not one traceparent.
# No groups: every field has its fixed place, and slices are cheaper.
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-[^,]*+)?")
# The key grammar of level 2; the simple and multi-tenant keys of level 1 are a part of it (spec 3.3.1.3.1).
_KEY = rb"[a-z0-9][a-z0-9_\-*/@]{0,255}+="
# A member is stripped before it gets here, so a value cannot end in a space; leading spaces belong to the value.
_MEMBER = re.compile(_KEY + rb"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{1,256}+")
# A whole list without any space or empty member, as nearly all are: it passes as it is.
_TIGHT = _KEY + rb"[\x21-\x2b\x2d-\x3c\x3e-\x7e]{1,256}+"
_TIGHT_LIST = re.compile(_TIGHT + rb"(?:," + _TIGHT + rb"){0,31}+")


class TraceContext:
    """Where a call stands in its trace.

    ``trace_id``: 32 lower-case hex digits. ``parent_id``: the caller's span, 16 digits, empty in a new trace.
    ``flags``: ``SAMPLED | RANDOM``; no other bit. ``tracestate``: goes to the provider; empty for none.
    """

    __slots__ = ("flags", "parent_id", "trace_id", "tracestate")

    def __init__(self, trace_id: str, parent_id: str, flags: int, tracestate: bytes) -> None:
        self.trace_id = trace_id
        self.parent_id = parent_id
        self.flags = flags
        self.tracestate = tracestate

    def __repr__(self) -> str:
        return f"<TraceContext {self.trace_id} parent={self.parent_id or '-'} flags={self.flags}>"


def parse(traceparent: bytes | None, tracestate: bytes | None = None) -> TraceContext | None:
    """The trace the app is in, or None: start a new one and drop the app's tracestate.

    A higher version is read as version 00 as far as that goes (spec 3.2.4); flags that are not known are set to
    zero (spec 3.2.2.5.3). An invalid tracestate is dropped alone (spec 3.3).
    """
    if traceparent is None:
        return None
    if _TRACEPARENT.fullmatch(traceparent) is None:
        stripped = traceparent.strip(b" \t")
        return None if len(stripped) == len(traceparent) else parse(stripped, tracestate)
    if len(traceparent) > _LENGTH and traceparent[:2] == b"00":
        return None
    text = traceparent[:_LENGTH].decode()
    return TraceContext(text[3:35], text[36:52], _KNOWN[text[54]], _tracestate(tracestate) if tracestate else b"")


def _tracestate(value: bytes) -> bytes:
    """The list without optional white space and empty members; empty when a member is invalid or too many are.

    Keys that occur twice stay as they are: whoever wrote them is the only one who knows which counts, and the
    spec allows both (spec 3.5). The length is bounded by the grammar alone, so that far more than the 512
    characters of spec 3.3.1.5 pass.
    """
    if _TIGHT_LIST.fullmatch(value) is not None:
        return value
    members: list[bytes] = []
    for member in value.split(b","):
        member = member.strip(b" \t")
        if member:
            if not _MEMBER.fullmatch(member):
                return b""
            members.append(member)
    return b",".join(members) if len(members) <= MAX_MEMBERS else b""


def fresh(random_bits: int, *, sampled: bool = False) -> TraceContext:
    """A new trace from 128 random bits.

    Not sampled unless told: the spec asks for 0 where the one who starts a trace has not decided to record it
    (spec 3.2.2.5.1). The random flag is set, because the bits are.
    """
    return TraceContext(f"{random_bits or 1:032x}", "", RANDOM | SAMPLED if sampled else RANDOM, b"")


def span_id(random_bits: int) -> str:
    """A span id from 64 random bits; never all zeros, which is invalid."""
    return f"{random_bits or 1:016x}"


def sampled_from(share: float) -> str:
    """The least last 14 hex digits of a trace id that is sampled; empty for none.

    Those digits are random, so all who decide by them decide alike (opentelemetry.io/docs/specs/otel/trace/
    tracestate-probability-sampling: sampled if R >= T, T = (1 - share) * 2^56).
    """
    least = round((1.0 - share) * 2**56)
    return f"{least:014x}" if least < 2**56 else ""


def with_span(line: bytes, span_id: str) -> bytes:
    """Header lines that begin with ``traceparent: `` (``child``), for another span of the same trace."""
    return line[:_SPAN] + span_id.encode() + line[_SPAN + 16 :]


def format_traceparent(trace_id: str, span_id: str, flags: int) -> bytes:
    """The header value of version 00, with the known flags only."""
    return f"00-{trace_id}-{span_id}{_FLAGS[flags & 3]}".encode()


def child(context: TraceContext, span_id: str) -> bytes:
    """The traceparent of one attempt: same trace, same flags, its own span (spec 3.4)."""
    return f"00-{context.trace_id}-{span_id}{_FLAGS[context.flags]}".encode()
