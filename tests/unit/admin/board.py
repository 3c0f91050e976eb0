"""A switchboard on a clock that stands still, with a breaker that takes down what it is told."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from sidecar.admin.switchboard import Switchboard
from sidecar.core.env import Env
from sidecar.policies.switches import Switch
from sidecar.telemetry.stats import Stats
from tests.unit.policies.stage import KeptLog

NOW = 784111777.0  # 1994-11-06T08:49:37Z


class Breaker:
    """Takes down what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def force_open(self, detail: str) -> None:
        self.told.append(f"open: {detail}")

    def force_closed(self) -> None:
        self.told.append("closed")

    def release(self) -> None:
        self.told.append("released")

    def snapshot(self, now: float) -> dict[str, Any]:
        return {"state": "closed", "asked_at": now}


class Loop:
    """The running loop's threads; timers that the test lets fire."""

    def __init__(self) -> None:
        self.timers: list[Timer] = []

    def call_later(self, delay: float, call: Any) -> "Timer":
        self.timers.append(Timer(delay, call))
        return self.timers[-1]

    def run_in_executor(self, *args: Any) -> Any:
        return asyncio.get_running_loop().run_in_executor(*args)

    @property
    def set(self) -> list["Timer"]:
        """Timers that would fire."""
        return [timer for timer in self.timers if not timer.cancelled]


class Timer:
    """One timer."""

    def __init__(self, delay: float, call: Any) -> None:
        self.delay, self.call, self.cancelled = delay, call, False

    def cancel(self) -> None:
        self.cancelled = True

    def fire(self) -> None:
        self.cancelled = True
        self.call()


class Desk:
    """A switchboard with the providers ``pay`` and ``mail`` live. ``wall``: Unix seconds."""

    def __init__(self, folder: Path | None = None) -> None:
        self.wall = NOW
        self.loop = Loop()
        self.stats = Stats()
        self.log = KeptLog(self.stats)
        self.env = replace(Env(), wall=lambda: self.wall, clock=lambda: 100.0)
        loop: Any = self.loop
        self.board = Switchboard(self.env, loop, self.stats, self.log, folder)
        self.reload()

    def reload(self, *names: str, **breakers: Breaker) -> dict[str, Switch]:
        """Another table goes live. ``breakers``: of ``pay``, by scope."""
        switches = {name: self.board.fresh(name, enabled=True) for name in names or ("pay", "mail")}
        if "pay" in switches:
            switches["pay"].breakers.update(breakers)
        self.board.go_live(switches)
        return switches

    def killed(self, name: str) -> int:
        """The gauge."""
        return self.stats.provider(name).policies.killed

    @property
    def events(self) -> list[str]:
        """Names of the events so far."""
        return [line["event"] for line in self.log.lines]
