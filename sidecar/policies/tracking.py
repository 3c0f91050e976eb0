"""Continue or mint the ids by which a call is found again: Trackingid, request id, W3C trace context."""

from collections.abc import Awaitable
from typing import Literal

from pydantic import Field

from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies.policy import Policy
from sidecar.policies.settings import Settings
from sidecar.policies.site import Site
from sidecar.rules import trace_context

_RECORDED = trace_context.RANDOM | trace_context.SAMPLED
_FIELD_NAME = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"


class Tracking(Settings):
    """Which headers carry the ids of a call."""

    request_header: str = Field("Trackingid", pattern=_FIELD_NAME)
    """Carried to the provider; minted when the app sent none."""
    response_headers: tuple[str, ...] = ("Trackingid", "X-Request-Id", "Request-Id")
    """Where the provider puts its own id: passed on, and recorded per attempt. The first found counts."""
    traceparent: Literal["continue", "restart", "off"] = "continue"
    """W3C Trace Context: continue the app's trace, always start a new one, or pass the headers untouched."""


class _TrackingLayer:
    __slots__ = ("_line", "_name", "_new_id", "_next", "_restart", "_sampled_from", "_trace")

    def __init__(self, inner: Handler, settings: Tracking, site: Site) -> None:
        self._next = inner
        self._new_id = site.env.new_id
        self._name = settings.request_header.lower().encode()
        self._line = settings.request_header.encode() + b": "
        self._trace = settings.traceparent != "off"
        self._restart = settings.traceparent == "restart"
        self._sampled_from = trace_context.sampled_from(site.tracing.sample if site.tracing is not None else 0.0)

    def handle(self, exchange: Exchange) -> Awaitable[Response]:
        # Not a coroutine of its own: nothing is left to do when the response comes (record writes the id).
        index, new_id, inner = exchange.headers.index, self._new_id, self._next
        given = index.get(self._name)
        if given:
            tracking_id = given.decode("latin-1")
        else:
            tracking_id = new_id(32)
            if given is not None:
                exchange.headers.remove(self._name)  # it is there, but empty: the provider gets ours alone
            exchange.lines += self._line + tracking_id.encode() + b"\r\n"
        exchange.tracking_id = exchange.request_id = tracking_id
        if self._trace:
            if not self._restart and b"traceparent" in index:
                exchange.trace = trace_context.parse(index[b"traceparent"], index.get(b"tracestate"))
            if exchange.trace is None:
                exchange.trace = self._begin(new_id(32))
        return inner(exchange)

    def _begin(self, trace_id: str) -> trace_context.TraceContext:
        """A trace that begins here; whether it is recorded is drawn now, and told to the provider."""
        sampled = self._sampled_from and trace_id[18:] >= self._sampled_from
        return trace_context.TraceContext(trace_id, "", _RECORDED if sampled else trace_context.RANDOM, b"")


def build(inner: Handler, site: Site) -> Handler:
    """Track every call of this route; the attempt writes the trace's headers, so the app's are taken out."""
    settings = site.of("tracking", Tracking)
    if settings.traceparent != "off":
        site.edit.drop |= {b"traceparent", b"tracestate"}
    return _TrackingLayer(inner, settings, site).handle


POLICY = Policy("tracking", build, "tracking", Tracking)
