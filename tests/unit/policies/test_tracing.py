"""What spans say of a call, and that nothing is made of calls that nobody records."""

import asyncio
from dataclasses import replace

import pytest

from sidecar.core.body import Body
from sidecar.core.errors import Outcome, Reset, ResponseIncomplete, Sent
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies import attempt, record, rescue, retry, success, tracing, tracking
from sidecar.policies.headers import HeaderRules
from sidecar.policies.policy import Policy
from sidecar.policies.retry_settings import Retry
from sidecar.policies.settings import Settings
from sidecar.policies.site import Tracing
from sidecar.policies.success import Success
from sidecar.policies.tracking import Tracking
from sidecar.telemetry.otlp import CLIENT, SERVER
from sidecar.telemetry.spans import Span, Traced
from tests.unit.policies.stage import Stage, ask, respond

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SAMPLED = (b"traceparent", f"00-{TRACE}-00f067aa0ba902b7-01".encode())
UNSAMPLED = (b"traceparent", f"00-{TRACE}-00f067aa0ba902b7-00".encode())
JOURNEY = (tracking.POLICY, tracing.POLICY, record.POLICY, rescue.POLICY, retry.POLICY, success.POLICY, attempt.POLICY)


class Traces:
    """A stage whose route is traced. ``calls``: what was put into the queue."""

    def __init__(self, sample: float = 1.0, route: str = "charge", **settings: Settings) -> None:
        self.stage = Stage(**settings)
        self.calls: list[Traced] = []
        self.stage.site = replace(self.stage.site, route=route, tracing=Tracing(self.calls.append, sample))

    def build(self, *policies: Policy) -> Handler:
        return self.stage.build(*(policies or JOURNEY))

    async def call(self, exchange: Exchange, *script: Response | BaseException) -> list[Span]:
        """Make the call, let its answer end, and give the spans."""
        self.stage.script += script
        response = await self.build()(exchange)
        response.close(exchange, None)
        (call,) = self.calls
        spans = list(call.spans())
        assert len(spans) == call.count
        return spans


async def test_nothing_is_made_of_a_call_that_nobody_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "TracedCall", None)
    traces = Traces(sample=0.0)
    handler = traces.build()
    for exchange in (ask(b"/x", UNSAMPLED), ask(b"/x")):
        response = await handler(exchange)
        assert len(response.closers) == 2
        response.close(exchange, None)
    assert traces.calls == []


def test_without_tracing_it_adds_no_layer() -> None:
    stage = Stage()
    assert stage.build(tracing.POLICY) == stage._innermost


def test_calls_that_reach_no_provider_make_no_spans() -> None:
    traces = Traces()
    traces.stage.site = replace(traces.stage.site, provider="")
    assert traces.build(tracing.POLICY) == traces.stage._innermost


async def test_the_span_of_a_send_below_the_app() -> None:
    traces = Traces()
    traces.stage.takes = 0.25
    (span,) = await traces.call(ask(b"/v1/x?page=2", SAMPLED), respond(404))
    assert (span.name, span.kind, span.trace_id, span.parent_id) == ("GET charge", CLIENT, TRACE, "00f067aa0ba902b7")
    assert (span.start, span.end, span.error, span.remote, span.flags) == (100.0, 100.25, True, True, 1)
    assert span.attributes == {
        "sidecar.provider": "payments",
        "sidecar.route": "charge",
        "server.address": "api.test",
        "server.port": 443,
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
        "http.request.method": "GET",
        "url.full": "https://api.test/base/v1/x?page=2",
        "http.response.status_code": 404,
        "error.type": "404",
        "sidecar.outcome": "client_error",
    }


async def test_a_call_says_how_much_it_holds() -> None:
    traces = Traces()
    await traces.call(ask(b"/twelve-bytes", SAMPLED, (b"X-Long", b"a" * 1000)))
    assert traces.calls[0].size == 2 * 13 + 55 + 1000


async def test_the_span_id_is_the_one_that_the_provider_gets() -> None:
    traces = Traces()
    exchange = ask(b"/x", SAMPLED)
    (span,) = await traces.call(exchange)
    assert exchange.attempts[0].line == f"traceparent: 00-{TRACE}-{span.span_id}-01\r\n".encode()


@pytest.mark.parametrize("route", ["default", "charge"])
@pytest.mark.parametrize(
    ("method", "about", "verb"),
    [
        (b"GET", {"http.request.method": "GET"}, "GET"),
        (b"PURGE", {"http.request.method": "_OTHER", "http.request.method_original": "PURGE"}, "HTTP"),
    ],
)
async def test_names_are_of_known_methods_and_of_routes(
    method: bytes, about: dict[str, str], verb: str, route: str
) -> None:
    (span,) = await Traces(route=route).call(ask(b"/x", SAMPLED, method=method))
    assert span.name == (verb if route == "default" else f"{verb} charge")
    assert {key: value for key, value in span.attributes.items() if key.startswith("http.request")} == about


async def test_a_client_error_is_none_of_the_server_that_passes_it_on() -> None:
    root, send = await Traces().call(ask(b"/x"), respond(404))
    assert (root.kind, root.error, send.error) == (SERVER, False, True)
    assert "error.type" not in root.attributes


async def test_a_server_error_is_one_of_both() -> None:
    root, send = await Traces().call(ask(b"/x"), respond(503))
    assert (root.error, root.attributes["error.type"]) == (True, "503")
    assert (send.error, send.attributes["error.type"]) == (True, "503")


async def test_an_answer_that_only_looks_like_a_success_is_an_error() -> None:
    traces = Traces(success=Success(status=(201,)))
    (span,) = await traces.call(ask(b"/x", SAMPLED), respond(200))
    assert (span.error, span.attributes["error.type"]) == (True, "server_error")
    assert span.attributes["http.response.status_code"] == 200


async def test_every_try_has_its_number() -> None:
    traces = Traces(retry=Retry(attempts=3))
    found = await traces.call(ask(b"/x", SAMPLED), respond(503), Reset("gone"), respond(200))
    assert [span.attributes.get("http.request.resend_count") for span in found] == [None, 1, 2]
    assert [span.attributes.get("error.type") for span in found] == ["503", "reset", None]
    assert len({span.span_id for span in found}) == 3


async def test_an_answer_that_breaks_off_is_an_error_with_a_status() -> None:
    traces = Traces()
    traces.stage.script.append(respond(200, body=Body(length=10)))
    exchange = ask(b"/x", SAMPLED)
    response = await traces.build()(exchange)
    traces.stage.now += 3.0
    response.close(exchange, ResponseIncomplete("broke off", sent=Sent.MAYBE))
    (span,) = traces.calls[0].spans()
    assert (span.error, span.attributes["error.type"], span.end) == (True, "response_incomplete", 103.0)
    assert span.attributes["http.response.status_code"] == 200


async def test_a_call_that_the_app_gave_up_is_nobodys_error() -> None:
    traces = Traces()
    traces.stage.script.append(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await traces.build()(ask(b"/x"))
    root, send = traces.calls[0].spans()
    assert [(span.error, span.attributes["sidecar.outcome"]) for span in (root, send)] == [(False, "canceled")] * 2
    assert not {"error.type", "http.response.status_code"} & {*root.attributes, *send.attributes}


async def test_only_the_roots_that_were_drawn_are_recorded_and_told_so() -> None:
    drawn = []
    for trace_id in ("0" * 18 + "7fffffffffffff", "0" * 18 + "80000000000000"):
        traces = Traces(sample=0.5)
        env = replace(traces.stage.site.env, new_id=lambda digits, trace_id=trace_id: trace_id[-digits:])
        traces.stage.site = replace(traces.stage.site, env=env)
        exchange = ask(b"/x")
        (await traces.build()(exchange)).close(exchange, None)
        drawn.append((len(traces.calls), exchange.attempts[0].line[-5:]))
    assert drawn == [(0, b"-02\r\n"), (1, b"-03\r\n")]


async def test_where_traces_are_not_continued_the_flag_of_the_app_says_nothing() -> None:
    traces = Traces(sample=0.0, tracking=Tracking(traceparent="restart"))
    exchange = ask(b"/x", SAMPLED)
    (await traces.build()(exchange)).close(exchange, None)
    assert traces.calls == []
    root, _ = await Traces(tracking=Tracking(traceparent="restart")).call(ask(b"/x", SAMPLED))
    assert root.trace_id != TRACE


async def test_where_the_headers_of_the_app_pass_untouched_there_are_no_spans() -> None:
    traces = Traces(tracking=Tracking(traceparent="off"))
    exchange = ask(b"/x", SAMPLED)
    (await traces.build()(exchange)).close(exchange, None)
    assert traces.calls == []


def texts(spans: list[Span]) -> str:
    return str([(span.name, span.tracestate, dict(span.attributes)) for span in spans])


@pytest.mark.parametrize(
    ("exchange", "secret"),
    [
        (ask(b"/x?api_key=abc-s3cret-9"), "s3cret"),
        (ask(b"/users/jenny@corp.example/x"), "jenny"),
        (ask(b"/x?copy=Zm9vYmFyLTEyMzQ1", (b"Authorization", b"Bearer Zm9vYmFyLTEyMzQ1")), "Zm9vYmFyLTEyMzQ1"),
        (ask(b"/x?copy=c0nfigured-in-the-file", (b"X-Other", b"1")), "c0nfigured"),
        (ask(b"/x", (b"Cookie", b"sid=Zm9vYmFyLTEyMzQ1"), method=b"Zm9vYmFyLTEyMzQ1"), "Zm9vYmFyLTEyMzQ1"),
    ],
)
async def test_secrets_of_a_call_are_in_no_text_of_its_spans(exchange: Exchange, secret: str) -> None:
    traces = Traces(headers=HeaderRules(set={"X-Api-Key": "c0nfigured-in-the-file"}))
    found = await traces.call(exchange)
    assert len(found) == 2
    assert secret not in texts(found)
    assert "REDACTED" in texts(found)


async def test_a_tracestate_with_something_to_hide_is_left_out_and_any_other_passes() -> None:
    (span,) = await Traces().call(ask(b"/x", SAMPLED, (b"tracestate", b"vendor=password:abc-s3cret-9")))
    assert span.tracestate == ""
    (span,) = await Traces().call(ask(b"/x", SAMPLED, (b"tracestate", b"vendor=t61rcWkgMzE")))
    assert span.tracestate == "vendor=t61rcWkgMzE"


async def test_long_texts_are_cut() -> None:
    root, send = await Traces().call(ask(b"/x?page=" + b"ab " * 3000))
    for text in (root.attributes["url.query"], send.attributes["url.full"]):
        assert len(str(text)) == 2048 + len("...")


async def test_the_address_of_the_peer() -> None:
    for addr, host in (("10.0.0.7:8443", "10.0.0.7"), ("[2001:db8::7]:8443", "2001:db8::7")):
        traces = Traces()

        async def connected(exchange: Exchange, addr: str = addr) -> Response:
            exchange.attempts[-1].addr = addr
            return respond()

        traces.stage._innermost = connected  # type: ignore[method-assign]
        (span,) = await traces.call(ask(b"/x", SAMPLED))
        assert span.attributes["network.peer.address"] == host
        assert span.attributes["network.peer.port"] == 8443


async def test_an_attempt_that_a_bug_ended_is_an_error() -> None:
    traces = Traces()
    (span,) = await traces.call(ask(b"/x", SAMPLED), ZeroDivisionError())
    assert (span.error, span.attributes["error.type"]) == (True, "internal")
    assert span.attributes["sidecar.outcome"] == Outcome.SERVER_ERROR
