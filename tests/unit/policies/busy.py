"""A provider that is busy, behind routes with ``concurrency``. Its clock is that of the running (leaping) loop."""

import asyncio
from dataclasses import replace
from typing import Any

from sidecar.core.body import Body
from sidecar.core.exchange import Exchange, Response
from sidecar.core.layer import Handler
from sidecar.policies import attempt, deadline
from sidecar.policies.concurrency import POLICY, Concurrency
from sidecar.policies.order import fold
from sidecar.policies.settings import Settings
from sidecar.policies.site import Site
from sidecar.policies.slots import Slots
from sidecar.policies.timeouts import Timeouts
from tests.unit.policies.stage import Stage, ask, respond


class Provider:
    """Answers after ``takes`` seconds, and knows how many calls it had at once.

    ``stage``: the routes built here share its site, its statistics and its kept state. The clock is the loop's.
    """

    def __init__(self) -> None:
        self.stage = Stage()
        self.takes = 1.0
        self.at_once = 0
        self.most = 0
        self.seen: list[bytes] = []
        self.answers: list[Response | BaseException] = []

    def site(self, route: str = "charge", **settings: Settings) -> Site:
        clock = asyncio.get_running_loop().time
        site = self.stage.site
        return replace(site, route=route, settings=settings, env=replace(site.env, clock=clock))

    def route(self, name: str = "charge", timeouts: Timeouts | None = None, **settings: Any) -> Handler:
        """A stack with a deadline, these settings of ``concurrency`` and attempts."""
        site = self.site(name, concurrency=Concurrency(**settings), timeouts=timeouts or Timeouts(total=0))
        return fold(self.answer, site, (deadline.POLICY, POLICY, attempt.POLICY))

    async def answer(self, exchange: Exchange) -> Response:
        self.seen.append(exchange.path)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await asyncio.sleep(self.takes)
        finally:
            self.at_once -= 1
        step = self.answers.pop(0) if self.answers else respond()
        if isinstance(step, BaseException):
            raise step
        return step

    @property
    def slots(self) -> Slots:
        (found,) = set(self.stage.site.switch.slots.values())
        assert isinstance(found, Slots)
        return found


def call(route: Handler, path: bytes = b"/", **marks: Any) -> "asyncio.Task[Response]":
    """A call of the app, that came now."""
    exchange = ask(path)
    exchange.started = asyncio.get_running_loop().time()
    for name, value in marks.items():
        setattr(exchange, name, value)

    async def run() -> Response:
        return await route(exchange)

    task = asyncio.create_task(run())
    task.exchange = exchange  # type: ignore[attr-defined]
    return task


def exchange_of(task: "asyncio.Task[Response]") -> Exchange:
    found: Exchange = task.exchange  # type: ignore[attr-defined]
    return found


def streamed() -> Response:
    """An answer whose body is still coming."""
    return respond(body=Body())
