"""The breaker in the whole program: a provider that fails, is left alone, and comes back. It counts its hits."""

import asyncio
import signal
import time
from typing import Any

from sidecar.policies.breaker_journal import Journal
from sidecar.policies.circuit import Circuit
from tests.chaos.provider_script import OK, Provider, Wire
from tests.chaos.scene import Scene, eventually
from tests.support.scripted_provider import Peer, ScriptedProvider
from tests.support.sidecar_process import SidecarProcess

FAIL = b"HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\noops"
BROKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
GET = b"GET /p/x HTTP/1.1\r\nHost: app\r\n\r\n"


class Patient:
    """A provider that answers ``answer``, or, while ``held``, nothing yet. ``hits``: requests it got."""

    def __init__(self, answer: bytes = FAIL) -> None:
        self.answer = answer
        self.hits = 0
        self.held = False
        self.go = asyncio.Event()

    async def play(self, wire: Wire) -> None:
        while True:
            await wire.head()
            self.hits += 1
            if self.held:
                await self.go.wait()
            await wire.send(self.answer)
            if self.answer is BROKEN:
                return


async def serve(scene: Scene, patient: Patient, **breaker: Any) -> Provider:
    """Serve it behind a breaker that opens at three failures in a row, for longer than a test takes."""
    settings = {"consecutive": 3, "open_for": "10m", "max_open": "1h", "trials": 1} | breaker
    return await scene.serve(patient.play, breaker=settings)


async def get(scene: Scene, times: int = 1) -> list[int]:
    """The statuses of calls one after the other."""
    statuses = [(await scene.get()).status for _ in range(times)]
    scene.calls += times
    return statuses


def circuit(scene: Scene) -> Circuit:
    return next(one for one in scene.runtime._assembler._kept.objects.values() if isinstance(one, Journal)).circuit


def end_open_time(scene: Scene) -> None:
    """The next call is a trial."""
    circuit(scene).until = time.monotonic()


def changes(scene: Scene) -> list[tuple[str, str]]:
    return [(line["state"], line["why"]) for line in scene.events() if line["event"] == "breaker"]


# ---- a whole life ----


def test_a_provider_that_fails_is_left_alone_and_comes_back() -> None:
    failing = True

    def script(peer: Peer) -> None:
        while True:
            peer.read_request()
            peer.send(FAIL if failing else OK)

    with ScriptedProvider(script) as provider:
        breaker = {"consecutive": 3, "open_for": "500ms", "trials": 2}
        config = {"providers": {"p": {"base_url": provider.url, "breaker": breaker}}}
        with SidecarProcess(config) as sidecar, sidecar.client() as app:
            assert [app.ask(GET).status for _ in range(3)] == [500, 500, 500]

            refused = app.ask(GET)
            assert refused.status == 503
            assert refused.get("content-type") == b"application/problem+json"
            assert refused.get("retry-after") == b"1"
            assert refused.get("sidecar-attempts") == b"0"
            assert refused.get("sidecar-outcome") == b"refused; sent=nothing"
            assert b'"code":"breaker_open"' in refused.body
            assert b'"retry_after":1' in refused.body
            assert b'"detail":"calls failed one after the other; the next trial is in 0.' in refused.body
            assert len(provider.requests) == 3
            line = sidecar.requests(4)[-1]
            assert (line["breaker"], line["error"], line["attempts"]) == ("open", "breaker_open", [])
            state = b'sidecar_breaker_state{provider="p",scope="provider",state="%b"} %d'
            metrics = sidecar.get("/metrics")[1]
            assert state % (b"open", 1) in metrics
            assert state % (b"closed", 0) in metrics
            assert b'sidecar_rejected_total{provider="p",code="breaker_open"} 1' in metrics

            failing = False
            calls = 4
            while (answer := app.ask(GET)).status == 503:
                calls += 1
                time.sleep(0.02)
            assert answer.status == 200
            assert len(provider.requests) == 4
            assert app.ask(GET).status == 200
            assert app.ask(GET).status == 200
            notes = [line.get("breaker") for line in sidecar.requests(calls + 3)[-3:]]
            assert notes == ["half_open", "half_open", None]
            events = [line for line in sidecar.lines if line["event"] == "breaker"]
            assert [(line["state"], line["why"]) for line in events] == [
                ("open", "consecutive"),
                ("half_open", "open_time_over"),
                ("closed", "trials_succeeded"),
            ]
            metrics = sidecar.get("/metrics")[1]
            assert state % (b"closed", 1) in metrics
            assert b'sidecar_breaker_transitions_total{provider="p",scope="provider",to="open"} 1' in metrics


def test_a_reload_leaves_an_open_breaker_open() -> None:
    def script(peer: Peer) -> None:
        while True:
            peer.read_request()
            peer.send(FAIL)

    with ScriptedProvider(script) as provider:
        providers = {"p": {"base_url": provider.url, "breaker": {"consecutive": 1, "open_for": "10m"}}}
        with SidecarProcess({"providers": providers}) as sidecar, sidecar.client() as app:
            assert [app.ask(GET).status for _ in range(2)] == [500, 503]
            text = sidecar.config_file.read_text()
            sidecar.config_file.write_text(text.replace("consecutive: 1", "consecutive: 1\n      window: 30s"))
            sidecar.send_signal(signal.SIGHUP)
            sidecar.wait_event("reloaded")
            assert app.ask(GET).status == 503
            assert len(provider.requests) == 1


# ---- trials ----


async def test_of_fifty_calls_at_once_only_the_trials_reach_the_provider(scene: Scene) -> None:
    patient = Patient()
    await serve(scene, patient, trials=3)
    assert await get(scene, 4) == [500, 500, 500, 503]
    end_open_time(scene)
    patient.answer, patient.held = OK, True
    apps = [await scene.app() for _ in range(50)]
    for app in apps:
        app.get("/p/x")
    # The trials' connections may be slower than the refusals of all others.
    await eventually(lambda: len(scene.requests()) == scene.calls + 47 and patient.hits >= 6)
    assert patient.hits == 6
    patient.go.set()
    answers = [await app.answer() for app in apps]
    scene.calls += 50
    assert sorted(one.status for one in answers) == [200] * 3 + [503] * 47
    assert {one.headers["retry-after"] for one in answers if one.status == 503} == {"1"}
    assert await get(scene, 20) == [200] * 20


async def test_a_provider_that_stays_down_gets_one_trial_at_a_time_and_less_and_less(scene: Scene) -> None:
    patient = Patient()
    await serve(scene, patient)
    await get(scene, 3)
    times = []
    for _ in range(3):
        times.append(circuit(scene).open_seconds)
        end_open_time(scene)
        assert await get(scene, 3) == [500, 503, 503]
    assert patient.hits == 6
    assert 600 <= times[0] <= 750
    assert 1200 <= times[1] <= 1500
    assert 2400 <= times[2] <= 3000


async def test_an_app_that_leaves_its_trial_gives_the_permit_back(scene: Scene) -> None:
    patient = Patient()
    await serve(scene, patient)
    await get(scene, 3)
    end_open_time(scene)
    patient.answer, patient.held = OK, True
    app = await scene.app()
    app.get("/p/x")
    await eventually(lambda: patient.hits == 4)
    assert await get(scene) == [503]
    app.close()
    assert (await scene.call())["outcome"] == "canceled"
    assert circuit(scene).state == "half_open"
    patient.held = False
    assert await get(scene, 2) == [200, 200]
    assert circuit(scene).state == "closed"


async def test_a_trial_that_breaks_off_in_its_body_is_a_failure(scene: Scene) -> None:
    patient = Patient()
    await serve(scene, patient)
    await get(scene, 3)
    end_open_time(scene)
    patient.answer = BROKEN
    assert not (await scene.get()).complete
    scene.calls += 1
    await eventually(lambda: changes(scene)[-1:] == [("open", "trial_failed")])


# ---- what opens it ----


async def test_answers_that_break_off_open_it(scene: Scene) -> None:
    patient = Patient(BROKEN)
    await serve(scene, patient)
    assert await get(scene, 4) == [200, 200, 200, 503]
    assert patient.hits == 3


async def test_a_provider_that_does_not_listen_opens_it(scene: Scene) -> None:
    provider = await serve(scene, Patient())
    await provider.stop()
    assert await get(scene, 4) == [502, 502, 502, 503]


async def test_the_apps_own_deadline_never_opens_it(scene: Scene) -> None:
    patient = Patient(OK)
    patient.held = True
    await serve(scene, patient)
    for _ in range(6):
        answer = await scene.get("/p/x", "Sidecar-Timeout: 20ms")
        assert answer.problem["code"] == "deadline_exceeded"
    scene.calls += 6
    assert patient.hits == 6
    patient.go.set()
    assert await get(scene) == [200]


async def test_told_to_wait_it_waits_that_long(scene: Scene) -> None:
    patient = Patient(b"HTTP/1.1 429 Slow down\r\nRetry-After: 600\r\nContent-Length: 0\r\n\r\n")
    await serve(scene, patient, on_throttle=True)
    assert await get(scene) == [429]
    refused = await scene.get()
    scene.calls += 1
    assert refused.status == 503
    assert refused.headers["retry-after"] in ("600", "601")
    assert patient.hits == 1


# ---- with its neighbours ----


async def test_a_refusal_does_not_hide_the_answer_of_the_attempt_before(scene: Scene) -> None:
    patient = Patient(b"HTTP/1.1 503 Down\r\nX-Reason: theirs\r\nContent-Length: 6\r\n\r\ntheirs")
    retry = {"attempts": 3, "backoff": {"base": "1ms", "cap": "1ms"}}
    breaker = {"consecutive": 2, "open_for": "10m"}
    await scene.serve(patient.play, breaker=breaker, retry=retry)
    answer = await scene.get()
    assert (answer.status, answer.body, answer.headers["x-reason"]) == (503, b"theirs", "theirs")
    assert answer.headers["sidecar-attempts"] == "2"
    assert patient.hits == 2
    line = await scene.call()
    assert line["retry_refused"] == "breaker"
    assert (await scene.get()).problem["code"] == "breaker_open"
    scene.calls += 1
    assert patient.hits == 2


async def test_observing_it_refuses_nobody(scene: Scene) -> None:
    patient = Patient()
    await serve(scene, patient, mode="observe")
    assert await get(scene, 10) == [500] * 10
    assert patient.hits == 10
    metrics = await scene.metrics()
    assert metrics['sidecar_observed_total{provider="p",policy="breaker",what="refused"}'] == 7
    assert metrics['sidecar_breaker_state{provider="p",scope="provider",state="open"}'] == 1
