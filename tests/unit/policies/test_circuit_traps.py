"""What pybreaker does when it is used as it comes: each trap has a test that ours does not fall into it."""

import asyncio
import subprocess
import sys
from abc import ABCMeta
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sidecar.core.errors import BreakerOpen, ConnectFailed, RateLimited
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies import breaker
from sidecar.policies.breaker_storage import pybreaker
from sidecar.rules.health import Verdict
from tests.unit.policies.circuits import circuit, play, refusal, tripped
from tests.unit.policies.stage import Stage, ask, respond


def settings(**given: object) -> breaker.Breaker:
    """A breaker that opens at five failures in a row, for five seconds."""
    return breaker.Breaker.model_validate({"consecutive": 5, "open_for": "5s", "mode": "enforce"} | given)


def build(stage: Stage, inner: Handler) -> Handler:
    return breaker.build(inner, stage.site)


async def trip(stage: Stage, call: Handler, failures: int = 5) -> None:
    stage.script += [ConnectFailed("nobody listens") for _ in range(failures)]
    for _ in range(failures):
        with pytest.raises(ConnectFailed):
            await call(ask())


async def test_a_coroutine_that_fails_is_no_success() -> None:
    stage = Stage(breaker=settings())
    call = stage.build(breaker.POLICY)
    await trip(stage, call)
    with pytest.raises(BreakerOpen):
        await call(ask())
    assert len(stage.seen) == 5


async def test_fifty_calls_at_once_make_three_trials_not_fifty() -> None:
    stage = Stage(breaker=settings(trials=3))
    await trip(stage, stage.build(breaker.POLICY))
    stage.now = 200.0
    gate, reached = asyncio.Event(), 0

    async def provider(exchange: Exchange) -> Response:
        nonlocal reached
        reached += 1
        await gate.wait()
        return respond()

    call = build(stage, provider)
    calls = [asyncio.ensure_future(call(ask())) for _ in range(50)]
    await asyncio.sleep(0)
    refused = [one for one in calls if one.done()]
    assert (reached, len(refused)) == (3, 47)
    assert all(isinstance(one.exception(), BreakerOpen) for one in refused)
    gate.set()
    await asyncio.wait(calls)
    assert stage.site.provider_stats.policies.breaker("provider").state == "closed"


async def hang(exchange: Exchange) -> Response:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_cancelled_call_is_no_failure_and_stays_a_cancellation() -> None:
    stage = Stage(breaker=settings())
    call = build(stage, hang)
    for _ in range(20):
        task = asyncio.ensure_future(call(ask()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    stage.script.append(respond())
    assert (await stage.build(breaker.POLICY)(ask())).status == 200


async def test_a_cancelled_trial_gives_its_permit_back() -> None:
    stage = Stage(breaker=settings(trials=1))
    await trip(stage, stage.build(breaker.POLICY))
    stage.now = 200.0
    call = build(stage, hang)
    for _ in range(5):
        task = asyncio.ensure_future(call(ask()))
        await asyncio.sleep(0)
        assert not task.done()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    stage.script.append(respond())
    assert (await stage.build(breaker.POLICY)(ask())).status == 200


def test_four_failures_in_five_calls_open_it_though_never_five_in_a_row() -> None:
    one = circuit(min_calls=20, error_rate=0.8, consecutive=5)
    play(one, 100.0, "FFFFS" * 4)
    assert one.state == "closed"  # it is a failure that opens
    play(one, 100.0, "F")
    assert (one.state, one.why) == ("open", "error_rate")


def test_results_that_come_late_change_nothing() -> None:
    one = circuit(trials=1)
    early = [one.admit(100.0) for _ in range(20)]
    play(one, 100.0, "FFFFF")
    until = one.wait(100.0)
    one.report(early.pop(), Verdict.SUCCESS, 0.1, 101.0)
    one.report(early.pop(), Verdict.FAILURE, 0.1, 101.0)
    one.hold(early.pop(), 600.0, 101.0)
    assert (one.state, one.wait(101.0)) == ("open", until - 1.0)  # neither closed nor opened for longer
    trial = one.admit(105.0)
    one.report(early.pop(), Verdict.SUCCESS, 0.1, 105.0)
    one.report(early.pop(), Verdict.FAILURE, 0.1, 105.0)
    assert one.state == "half_open"  # neither the trial's success nor its failure
    one.report(trial, Verdict.SUCCESS, 0.1, 106.0)
    for mark in early:
        one.report(mark, Verdict.FAILURE, 0.1, 107.0)
    assert (one.state, one.snapshot(107.0)["calls"]) == ("closed", 0)


def test_a_trial_of_an_earlier_half_open_period_is_late_too() -> None:
    one = tripped(trials=2)
    late = one.admit(105.0)
    play(one, 105.0, "F")
    trial = one.admit(115.0)
    one.report(late, Verdict.FAILURE, 8.0, 115.0)
    assert one.state == "half_open"
    one.report(trial, Verdict.SUCCESS, 0.1, 115.0)
    one.report(late, Verdict.SUCCESS, 8.0, 115.0)
    assert one.state == "half_open"


async def test_a_change_tells_the_new_state_not_the_old_one() -> None:
    stage = Stage(breaker=settings(trials=1))
    call = stage.build(breaker.POLICY)
    stats = stage.site.provider_stats.policies.breaker("provider")
    seen = [stats.state]
    await trip(stage, call)
    seen.append(stats.state)
    stage.now = 200.0
    seen_inside: list[str] = []

    async def provider(exchange: Exchange) -> Response:
        seen_inside.append(stats.state)
        return respond()

    await build(stage, provider)(ask())
    assert (seen, seen_inside, stats.state) == (["closed", "open"], ["half_open"], "closed")
    assert [line["state"] for line in stage.log.lines] == ["open", "half_open", "closed"]


class _Meta(ABCMeta):
    """pybreaker calls an excluded class whose type is not exactly ``type``, and takes the object for "excluded"."""


class _Ignored(RateLimited, metaclass=_Meta):
    pass


class _Counted(ConnectFailed, metaclass=_Meta):
    pass


async def test_an_ignored_class_with_a_metaclass_of_its_own_does_not_switch_the_breaker_off() -> None:
    stage = Stage(breaker=settings())
    call = stage.build(breaker.POLICY)
    for kind in (_Ignored, _Counted):
        stage.script += [kind("x") for _ in range(5)]
    for _ in range(10):
        with pytest.raises((_Ignored, _Counted)):
            await call(ask())
    with pytest.raises(BreakerOpen):
        await call(ask())


@pytest.mark.parametrize("jump", [timedelta(days=-365), timedelta(days=365)])
def test_a_wall_clock_that_is_set_changes_nothing(monkeypatch: pytest.MonkeyPatch, jump: timedelta) -> None:
    one = tripped()

    class Set(datetime):
        @classmethod
        def now(cls, tz: object = None) -> "Set":
            return cls.fromtimestamp((datetime.now(UTC) + jump).timestamp(), UTC)

    monkeypatch.setattr(pybreaker, "datetime", Set)
    refusal(one, 104.9)
    play(one, 105.0, "SSS")
    assert one.state == "closed"


async def test_a_wall_clock_that_is_set_does_not_move_retry_after() -> None:
    stage = Stage(breaker=settings(on_throttle=True))
    call = stage.build(breaker.POLICY)
    stage.script.append(respond(429, (b"Retry-After", b"60")))
    await call(ask())
    later = replace(stage.site.env, wall=lambda: 4e9)
    object.__setattr__(stage.site, "env", later)
    with pytest.raises(BreakerOpen) as caught:
        await stage.build(breaker.POLICY)(ask())
    assert caught.value.retry_after == 60.5


def run(program: str, folder: Path) -> tuple[int, str]:
    """Exit status and stderr of a Python that finds the packages of ``folder`` first."""
    path = f"{folder}:{Path(__file__).resolve().parents[3]}"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env={"PYTHONPATH": path}, capture_output=True, text=True, timeout=30, check=False)
    return done.returncode, done.stderr


def test_importing_it_imports_neither_redis_nor_tornado_and_leaves_both_importable(tmp_path: Path) -> None:
    for package in ("redis", "tornado"):
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("gen = Redis = None")
    (tmp_path / "redis" / "client.py").write_text("Pipeline = None")
    (tmp_path / "redis" / "exceptions.py").write_text("RedisError = None")
    program = (
        "import sys\n"
        "import sidecar.policies.breaker_storage as storage\n"
        "assert 'redis' not in sys.modules and 'tornado' not in sys.modules\n"
        "assert not storage.pybreaker.HAS_REDIS_SUPPORT and not storage.pybreaker.HAS_TORNADO_SUPPORT\n"
        "import redis, tornado\n"
    )
    assert run(program, tmp_path) == (0, "")


def test_a_redis_that_was_imported_before_is_the_same_afterwards(tmp_path: Path) -> None:
    (tmp_path / "redis.py").write_text("")
    program = (
        "import sys, redis\n"
        "before = redis\n"
        "import sidecar.policies.breaker_storage\n"
        "assert sys.modules['redis'] is before\n"
        "assert 'tornado' not in sys.modules\n"
    )
    assert run(program, tmp_path) == (0, "")
