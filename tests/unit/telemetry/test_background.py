"""Work beside the event loop: in order, bounded, and nothing that was taken on is lost."""

import asyncio
import threading
from collections.abc import AsyncIterator

import pytest

from sidecar.telemetry.background import MOST_BYTES, MOST_JOBS, SMALL, Background

LARGE = SMALL + 1


class Job:
    """Takes down what happens to it, and in which thread."""

    def __init__(self, size: int = LARGE, gate: threading.Event | None = None, *, fails: bool = False) -> None:
        self.size = size
        self.gate = gate
        self.fails = fails
        self.began = threading.Event()
        self.worked_in = ""
        self.ended: list[str] = []
        self.ended_in = ""

    def work(self) -> None:
        self.began.set()
        if self.gate is not None:
            assert self.gate.wait(10)
        self.worked_in = threading.current_thread().name
        if self.fails:
            raise ValueError("broken")

    def done(self) -> None:
        self._end("done")

    def give_up(self) -> None:
        self._end("given up")

    def _end(self, how: str) -> None:
        self.ended.append(how)
        self.ended_in = threading.current_thread().name


@pytest.fixture
async def background() -> AsyncIterator[Background]:
    background = Background()
    background.start(asyncio.get_running_loop())
    yield background
    background.close()


async def all_ended(*jobs: Job) -> None:
    async with asyncio.timeout(10):
        while not all(job.ended for job in jobs):  # noqa: ASYNC110 - what it waits for sets no event
            await asyncio.sleep(0.001)


async def test_a_small_job_is_done_at_once(background: Background) -> None:
    job = Job(SMALL)
    background.submit(job)
    assert (job.ended, job.worked_in) == (["done"], "MainThread")
    assert "background" not in {thread.name for thread in threading.enumerate()}


async def test_a_large_job_works_in_the_thread_and_ends_on_the_loop(background: Background) -> None:
    job = Job()
    background.submit(job)
    assert job.ended == []
    await all_ended(job)
    assert (job.ended, job.worked_in, job.ended_in) == (["done"], "background", "MainThread")


async def test_the_loop_goes_on_while_a_job_works(background: Background) -> None:
    gate = threading.Event()
    job = Job(gate=gate)
    background.submit(job)
    await asyncio.to_thread(job.began.wait, 10)
    for _ in range(10):
        await asyncio.sleep(0)
    assert job.ended == []
    gate.set()
    await all_ended(job)


async def test_jobs_end_in_the_order_they_came(background: Background) -> None:
    order: list[int] = []
    jobs = [Job() for _ in range(10)]
    for number, job in enumerate(jobs):
        job.done = lambda number=number, job=job: (order.append(number), job.ended.append("done"))  # type: ignore[method-assign]
        background.submit(job)
    await all_ended(*jobs)
    assert order == list(range(10))


async def test_a_job_for_which_there_is_no_room_gives_up_at_once(background: Background) -> None:
    gate = threading.Event()
    jobs = [Job(gate=gate) for _ in range(MOST_JOBS)]
    for job in jobs:
        background.submit(job)
    late = Job()
    background.submit(late)
    assert (late.ended, late.worked_in) == (["given up"], "")
    gate.set()
    await all_ended(*jobs)
    again = Job()
    background.submit(again)
    await all_ended(again)
    assert {job.ended[0] for job in [*jobs, again]} == {"done"}


async def test_what_waits_is_bounded_by_bytes_too(background: Background) -> None:
    gate = threading.Event()
    first, second, third = Job(MOST_BYTES - LARGE, gate), Job(LARGE), Job(LARGE)
    for job in (first, second, third):
        background.submit(job)
    assert third.ended == ["given up"]
    gate.set()
    await all_ended(first, second)
    background.submit(fourth := Job(MOST_BYTES))
    await all_ended(fourth)
    assert [job.ended for job in (first, second, fourth)] == [["done"]] * 3


@pytest.mark.parametrize("size", [1, LARGE])
async def test_a_job_that_fails_gives_up_and_the_next_is_done(background: Background, size: int) -> None:
    broken, next_one = Job(size, fails=True), Job(size)
    background.submit(broken)
    background.submit(next_one)
    await all_ended(broken, next_one)
    assert (broken.ended, next_one.ended) == (["given up"], ["done"])


async def test_the_close_finishes_what_waits() -> None:
    background = Background()
    background.start(asyncio.get_running_loop())
    jobs = [Job() for _ in range(5)]
    for job in jobs:
        background.submit(job)
    background.close()
    assert [job.ended for job in jobs] == [["done"]] * 5


async def test_the_close_gives_up_what_takes_too_long() -> None:
    background, gate = Background(), threading.Event()
    background.start(asyncio.get_running_loop())
    jobs = [Job(), Job(gate=gate), Job()]
    for job in jobs:
        background.submit(job)
    await asyncio.to_thread(jobs[1].began.wait, 10)
    background.close(timeout=0.01)
    assert [job.ended for job in jobs] == [["done"], ["given up"], ["given up"]]
    gate.set()
    for _ in range(5):
        await asyncio.sleep(0.001)
    assert [job.ended for job in jobs] == [["done"], ["given up"], ["given up"]]


def test_without_a_loop_everything_is_done_at_once() -> None:
    job, broken = Job(), Job(fails=True)
    background = Background()
    background.submit(job)
    background.submit(broken)
    background.close()
    assert (job.ended, broken.ended) == (["done"], ["given up"])
