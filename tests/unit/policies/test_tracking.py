from sidecar.core.layer import Handler
from sidecar.policies import tracking
from sidecar.policies.tracking import Tracking
from tests.unit.policies.stage import Stage, ask

PARENT = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def layer(stage: Stage) -> Handler:
    return stage.build(tracking.POLICY)


async def test_id_is_minted_once() -> None:
    stage = Stage()
    exchange = ask()
    await layer(stage)(exchange)
    assert exchange.tracking_id == exchange.request_id == f"{1:032x}"
    assert exchange.lines == b"Trackingid: " + f"{1:032x}".encode() + b"\r\n"


async def test_the_apps_id_is_kept() -> None:
    exchange = ask(b"/", (b"TrackingId", b"from-app"))
    await layer(Stage())(exchange)
    assert (exchange.tracking_id, exchange.request_id, exchange.lines) == ("from-app", "from-app", b"")


async def test_empty_id_does_not_go_out_beside_ours() -> None:
    exchange = ask(b"/", (b"Trackingid", b""))
    await layer(Stage())(exchange)
    assert exchange.headers.fields == []
    assert exchange.tracking_id == f"{1:032x}"


async def test_header_can_be_another() -> None:
    stage = Stage(tracking=Tracking(request_header="X-Request-Id"))
    exchange = ask(b"/", (b"x-request-id", b"abc"))
    await layer(stage)(exchange)
    assert exchange.tracking_id == "abc"


async def test_id_that_is_not_ascii() -> None:
    exchange = ask(b"/", (b"Trackingid", b"caf\xe9"))
    await layer(Stage())(exchange)
    assert exchange.tracking_id == "caf\u00e9"


async def test_trace_is_continued() -> None:
    exchange = ask(b"/", (b"traceparent", PARENT), (b"tracestate", b"vendor=1"))
    stage = Stage()
    await layer(stage)(exchange)
    assert exchange.trace.trace_id == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert exchange.trace.tracestate == b"vendor=1"
    assert {b"traceparent", b"tracestate"} <= stage.site.edit.drop


async def test_bad_trace_is_begun_anew() -> None:
    exchange = ask(b"/", (b"traceparent", b"00-zz"), (b"tracestate", b"vendor=1"))
    await layer(Stage())(exchange)
    assert exchange.trace.trace_id == f"{2:032x}"
    assert exchange.trace.tracestate == b""


async def test_trace_is_restarted_on_demand() -> None:
    exchange = ask(b"/", (b"traceparent", PARENT))
    await layer(Stage(tracking=Tracking(traceparent="restart")))(exchange)
    assert exchange.trace.trace_id == f"{2:032x}"


async def test_trace_is_left_alone_when_off() -> None:
    exchange = ask(b"/", (b"traceparent", PARENT))
    stage = Stage(tracking=Tracking(traceparent="off"))
    await layer(stage)(exchange)
    assert exchange.trace is None
    assert b"traceparent" not in stage.site.edit.drop
