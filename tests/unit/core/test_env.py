import asyncio
import gc
import time
from dataclasses import FrozenInstanceError

import pytest

from sidecar.core import env as module
from sidecar.core.env import Env, HexIds, spawn


def test_the_defaults_are_the_real_clocks() -> None:
    env = Env()
    assert env.clock is time.monotonic
    assert env.wall is time.time
    assert env.sleep is asyncio.sleep


def test_bits_and_uniform_stay_in_range_and_vary() -> None:
    env = Env()
    drawn = [env.bits(64) for _ in range(50)]
    assert all(0 <= value < 2**64 for value in drawn)
    assert len(set(drawn)) == 50
    assert all(1.0 <= env.uniform(1.0, 2.0) <= 2.0 for _ in range(50))


def test_ids_have_the_digits_asked_for_and_do_not_repeat() -> None:
    new_id = Env().new_id
    ids = [new_id(digits) for _ in range(400) for digits in (32, 16, 64)]
    assert [len(one) for one in ids] == [32, 16, 64] * 400
    assert len(set(ids)) == 1200
    assert all(set(one) <= set("0123456789abcdef") for one in ids)


def test_leading_zeros_of_the_stock_are_kept() -> None:
    assert HexIds(lambda bits: 1)(4) == "0000"


def test_two_envs_draw_from_their_own_generators() -> None:
    first, second = Env(), Env()
    assert [first.bits(64) for _ in range(4)] != [second.bits(64) for _ in range(4)]


def test_everything_can_be_replaced_and_nothing_changed_later() -> None:
    env = Env(clock=lambda: 5.0, wall=lambda: 6.0, bits=lambda n: n, uniform=lambda low, high: low)
    assert (env.clock(), env.wall(), env.bits(3), env.uniform(1, 2)) == (5.0, 6.0, 3, 1)
    with pytest.raises(FrozenInstanceError):
        env.clock = time.monotonic  # type: ignore[misc]


async def test_a_spawned_task_is_named_kept_and_forgotten_at_its_end() -> None:
    gate = asyncio.Event()

    async def work() -> int:
        await gate.wait()
        return 7

    task = spawn(work(), "worker")
    gc.collect()
    assert task in module._running
    assert task.get_name() == "worker"
    gate.set()
    assert await task == 7
    await asyncio.sleep(0)
    assert task not in module._running


async def test_a_cancelled_task_is_forgotten_too() -> None:
    task = Env().spawn(asyncio.Event().wait(), "waits")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0)
    assert task not in module._running
