from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.core.body import Body
from sidecar.core.errors import BadRequest, DeadlineExceeded, FaultInjected, NoAnswer
from sidecar.core.exchange import Exchange
from sidecar.policies import faults, record, rescue
from sidecar.policies.faults import Faults
from sidecar.policies.faulty_body import FaultyBody
from sidecar.policies.timeouts import Timeouts
from tests.unit.policies.stage import Stage, ask, respond


def stage_with(total: float = 60.0, **given: Any) -> Stage:
    return Stage(faults=Faults.model_validate(given), timeouts=Timeouts.model_construct(total=total))


def wish(text: bytes, *more: tuple[bytes, bytes]) -> Exchange:
    return ask(b"/", (b"Sidecar-Fault", text), *more)


# ---- who gets one ----


@pytest.mark.parametrize("given", [{}, {"percent": "50%"}, {"reset": True}, {"mode": "off", "allow_header": True}])
def test_nothing_is_built_where_nothing_can_happen(given: dict[str, Any]) -> None:
    stage = stage_with(**given)
    assert stage.build(faults.POLICY) == stage._innermost
    assert stage.site.switch.faults == {}
    assert stage.site.provider_stats.policies.faults_on == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"percent": "50%", "abort": 503, "delay": "2s"}, "50% of calls: delay=2s, abort=503"),
        ({"allow_header": True}, "calls that ask by Sidecar-Fault"),
        ({"percent": "1%", "reset": True, "allow_header": True},
         "1% of calls: reset; calls that ask by Sidecar-Fault"),
    ],
)  # fmt: skip
def test_faults_that_are_on_are_told(given: dict[str, Any], told: str) -> None:
    stage = stage_with(**given)
    stage.build(faults.POLICY)
    assert stage.site.switch.faults == {"charge": told}
    assert stage.site.provider_stats.policies.faults_on == 1


@pytest.mark.parametrize(("drawn", "hit"), [(0.0, True), (0.19, True), (0.2, False), (0.99, False)])
async def test_a_share_of_the_calls_is_hit(drawn: float, hit: bool) -> None:
    stage = stage_with(percent="20%", abort=500)
    stage.drawn = drawn
    handle = stage.build(faults.POLICY)
    if hit:
        with pytest.raises(FaultInjected):
            await handle(ask())
    else:
        assert (await handle(ask())).status == 200
    assert stage.site.provider_stats.policies.faults == ({"abort": 1} if hit else {})


async def test_the_header_is_obeyed_where_that_is_allowed() -> None:
    stage = stage_with(allow_header=True)
    handle = stage.build(faults.POLICY)
    with pytest.raises(FaultInjected):
        await handle(wish(b"abort=503"))
    assert (await handle(ask())).status == 200


async def test_the_header_is_ignored_elsewhere() -> None:
    stage = stage_with(percent="100%", throttle=True)
    stage.drawn = 1.0
    assert (await stage.build(faults.POLICY)(wish(b"nonsense"))).status == 200


async def test_the_header_replaces_what_the_file_says() -> None:
    stage = stage_with(percent="100%", throttle=True, allow_header=True)
    with pytest.raises(FaultInjected) as caught:
        await stage.build(faults.POLICY)(wish(b"abort=500"))
    assert caught.value.status == 500
    assert stage.site.provider_stats.policies.faults == {"abort": 1}


async def test_a_header_that_cannot_be_read_is_refused_with_how() -> None:
    stage = stage_with(allow_header=True)
    with pytest.raises(BadRequest, match=r"^Sidecar-Fault: not a fault: 'crash'; write delay=2s"):
        await stage.build(faults.POLICY)(wish(b"crash"))
    assert stage.seen == []


# ---- what it does ----


async def test_abort_looks_like_the_providers_failure_but_says_whose_it_is() -> None:
    stage = stage_with(allow_header=True)
    exchange = wish(b"abort=503")
    response = await stage.build(record.POLICY, rescue.POLICY, faults.POLICY)(exchange)
    response.close(exchange, None)
    assert response.status == 503
    assert b'"code":"fault_injected"' in response.body.content()
    assert b'"detail":"answered 503 on purpose"' in response.body.content()
    assert b"Sidecar-Outcome: server_error; sent=nothing\r\n" in response.lines
    assert response.headers.get(b"proxy-status") == (
        b'sidecar; error=proxy_internal_response; details="answered 503 on purpose"'
    )
    (line,) = stage.log.requests
    assert (line["status"], line["error"], line["fault"]) == (503, "fault_injected", "abort=503")
    assert stage.seen == []


@pytest.mark.parametrize(
    ("status", "outcome"), [(b"400", "client_error"), (b"404", "client_error"), (b"429", "throttled")]
)
async def test_abort_has_the_verdict_of_its_status(status: bytes, outcome: str) -> None:
    stage = stage_with(allow_header=True)
    with pytest.raises(FaultInjected) as caught:
        await stage.build(faults.POLICY)(wish(b"abort=" + status))
    assert caught.value.outcome == outcome


async def test_throttle() -> None:
    stage = stage_with(allow_header=True)
    exchange = wish(b"throttle")
    response = await stage.build(record.POLICY, rescue.POLICY, faults.POLICY)(exchange)
    assert (response.status, response.headers.get(b"retry-after")) == (429, b"1")
    assert b"Sidecar-Outcome: throttled; sent=nothing\r\n" in response.lines


async def test_reset_is_recorded_and_not_answered() -> None:
    stage = stage_with(allow_header=True)
    with pytest.raises(NoAnswer):
        await stage.build(record.POLICY, rescue.POLICY, faults.POLICY)(wish(b"reset"))
    (line,) = stage.log.requests
    assert (line["status"], line["outcome"], line["sent"], line["error"], line["fault"]) == (
        None, "network_error", "nothing", "fault_injected", "reset",
    )  # fmt: skip
    assert stage.seen == []
    assert stage.site.provider_stats.in_flight == 0


async def test_delay_comes_first_and_the_call_goes_on() -> None:
    stage = stage_with(allow_header=True)
    handle = stage.build(faults.POLICY)
    assert (await handle(wish(b"delay=2s"))).status == 200
    assert stage.slept == [2.0]
    with pytest.raises(FaultInjected):
        await handle(wish(b"delay=1s, abort=500"))
    assert stage.slept == [2.0, 1.0]
    assert stage.site.provider_stats.policies.faults == {"delay": 2, "abort": 1}


@pytest.mark.parametrize(
    ("total", "patience", "slept"),
    [(8.0, None, 8.0), (8.0, b"500ms", 0.5), (8.0, b"1h", 8.0), (0.0, b"3s", 3.0), (8.0, b"soon", 8.0)],
)
async def test_a_delay_lasts_no_longer_than_the_call_may(total: float, patience: bytes | None, slept: float) -> None:
    stage = stage_with(total, allow_header=True)
    more = [] if patience is None else [(b"Sidecar-Timeout", patience)]
    with pytest.raises(DeadlineExceeded):
        await stage.build(faults.POLICY)(wish(b"delay=60s", *more))
    assert stage.slept == [slept]
    assert stage.seen == []


async def test_time_that_has_passed_counts() -> None:
    stage = stage_with(8.0, allow_header=True)
    stage.now += 7.0
    with pytest.raises(DeadlineExceeded):
        await stage.build(faults.POLICY)(wish(b"delay=2s"))
    assert stage.slept == [1.0]


async def test_a_delay_without_a_limit() -> None:
    stage = stage_with(0.0, allow_header=True)
    assert (await stage.build(faults.POLICY)(wish(b"delay=1h"))).status == 200
    assert stage.slept == [3600.0]


@pytest.mark.parametrize("fault", [b"truncate=1", b"slow=1"])
async def test_the_body_of_the_providers_answer_is_changed(fault: bytes) -> None:
    stage = stage_with(allow_header=True)
    answer = respond(200, body=Body.of(b"hello"))
    stage.script.append(answer)
    response = await stage.build(faults.POLICY)(wish(fault))
    assert response is answer
    assert isinstance(response.body, FaultyBody)
    assert response.body.length == 5
    assert not response.body.replayable
    assert len(response.closers) == 1


async def test_a_tunnel_is_left_alone() -> None:
    stage = stage_with(allow_header=True)
    answer = respond(101)
    body, answer.tunnel = answer.body, object()
    stage.script.append(answer)
    response = await stage.build(faults.POLICY)(wish(b"truncate=1"))
    assert response.body is body


async def test_observe_counts_and_does_nothing() -> None:
    stage = stage_with(mode="observe", percent="100%", reset=True)
    stage.drawn = 0.0
    exchange = ask()
    assert (await stage.build(faults.POLICY)(exchange)).status == 200
    policies = stage.site.provider_stats.policies
    assert (policies.observed, policies.faults) == ({("faults", "reset"): 1}, {})
    assert exchange.notes is None


async def test_a_draw_is_made_once_per_call_only_where_a_share_is_set() -> None:
    stage = stage_with(allow_header=True)
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return 0.0

    stage.site = replace(stage.site, env=replace(stage.site.env, uniform=uniform))
    assert (await stage.build(faults.POLICY)(ask())).status == 200
    assert drawn == []


# ---- settings ----


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"abort": 200}, "not a status to abort with"),
        ({"abort": "503"}, "not a status to abort with"),
        ({"abort": True}, "not a status to abort with"),
        ({"abort": 503, "reset": True}, "abort and reset cannot both happen"),
        ({"throttle": True, "truncate": 0}, "throttle and truncate cannot both happen"),
        ({"delay": "2h"}, "less than or equal to 3600"),
        ({"percent": "101%"}, "out of range"),
        ({"truncate": -1}, "not a size"),
        ({"crash": True}, "Extra inputs"),
    ],
)
def test_mistakes(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Faults.model_validate(given)
    assert why in str(caught.value)


def test_off_by_default() -> None:
    assert str(Faults.unset()) == ""
    assert (Faults().percent, Faults().allow_header) == (0.0, False)
