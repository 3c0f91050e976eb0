"""Where people turn the switches: what they turned stays turned over a reload, and kills over a restart too.

A kill holds at once; writing it down comes after. When it cannot be written, it holds all the same, and that is said.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sidecar.admin import kill_file
from sidecar.admin.kill_file import SwitchesUnreadable
from sidecar.core.env import Env
from sidecar.policies.switches import ForcedBreaker, Kill, Switch, stamp
from sidecar.telemetry.access_log import AccessLog
from sidecar.telemetry.stats import Stats

_LOOK_EVERY = 60.0
"""Seconds at most between two looks for expired kills: expiry is by wall clock, which people may set."""


@dataclass(frozen=True, slots=True)
class Forced:
    """A breaker that people hold ``open`` or ``closed``. ``since``: Unix seconds."""

    state: str
    reason: str
    who: str
    since: float


class Switchboard:
    """The switches of the live table, and what people did to them.

    ``live``: provider -> its switch, replaced as a whole when a table goes live. ``kills``: provider -> its kill; also
    of providers that are not there at the moment. ``forced``: (provider, scope) -> breakers held by hand. ``folder``:
    where kills are written down, None for nowhere.
    """

    __slots__ = ("_env", "_log", "_loop", "_saving", "_stats", "_timer", "folder", "forced", "kills", "live")

    def __init__(
        self, env: Env, loop: asyncio.AbstractEventLoop, stats: Stats, log: AccessLog, folder: Path | None = None
    ) -> None:
        self._env = env
        self._loop = loop
        self._stats = stats
        self._log = log
        self._saving = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self.folder = folder
        self.live: dict[str, Switch] = {}
        self.kills: dict[str, Kill] = {}
        self.forced: dict[tuple[str, str], Forced] = {}

    # ---- start, reload, end ----

    def restore(self) -> None:
        """Take over what was written down; expired kills are dropped. Writes it again: so we know that we can.

        Raises:
            SwitchesUnreadable: nobody can tell which providers were switched off.
        """
        if self.folder is None:
            return
        now = self._env.wall()
        self.kills = {name: kill for name, kill in kill_file.load(self.folder).items() if not kill.over(now)}
        kill_file.save(self.folder, self.kills)

    def fresh(self, provider: str, *, enabled: bool) -> Switch:
        """The switch of a provider for a table that is being built. ``enabled``: what the file says."""
        return Switch(self.kills.get(provider), enabled=enabled)

    def go_live(self, switches: dict[str, Switch]) -> None:
        """The table with these switches is the one from now on; breakers made anew are held as the old ones were."""
        before, self.live = self.live, switches
        for provider, switch in switches.items():
            switch.kill = self.kills.get(provider)  # it may have been turned while the table was being built
        for (provider, scope), forced in list(self.forced.items()):
            breaker = self._breaker(switches, provider, scope)
            if breaker is None:
                del self.forced[provider, scope]
            elif breaker is not self._breaker(before, provider, scope):
                self._hold(breaker, forced)
        for provider in {*before, *switches}:
            self._show(provider)
        self._look_later()

    def announce(self) -> None:
        """Say at the start which providers are switched off by hand."""
        for provider, kill in self.kills.items():
            self._event("warning", "kill_switch_restored", provider, kill)

    def close(self) -> None:
        """Look for expired kills no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ---- kill ----

    async def kill(self, provider: str, kill: Kill, client: str) -> bool:
        """Switch a provider off; whether it could be written down. An earlier kill is replaced, its ``since`` stays."""
        self.kills[provider] = kill
        self._turn(provider, kill)
        self._event("warning", "kill_switch_on", provider, kill, client=client)
        return await self._save()

    async def revive(self, provider: str, client: str) -> bool:
        """Switch a provider on again; whether it could be written down. One that is on stays on."""
        kill = self.kills.pop(provider, None)
        if kill is None:
            return True
        self._turn(provider, None)
        self._event("info", "kill_switch_off", provider, kill, client=client)
        return await self._save()

    def _turn(self, provider: str, kill: Kill | None) -> None:
        switch = self.live.get(provider)
        if switch is not None:
            switch.kill = kill
            self._show(provider)
        self._look_later()

    def _show(self, provider: str) -> None:
        """The gauge: off by hand, or in the file with all its routes."""
        policies = self._stats.provider(provider).policies
        switch = self.live.get(provider)
        policies.killed = int(switch is not None and (switch.kill is not None or not switch.enabled))

    def _look_later(self) -> None:
        self.close()
        ends = [kill.until for kill in self.kills.values() if kill.until is not None]
        if ends:
            left = max(0.0, min(ends) - self._env.wall())
            self._timer = self._loop.call_later(min(left, _LOOK_EVERY), self._end_expired)

    def _end_expired(self) -> None:
        self._timer = None
        now = self._env.wall()
        over = {name: kill for name, kill in self.kills.items() if kill.over(now)}
        for provider, kill in over.items():
            del self.kills[provider]
            self._turn(provider, None)
            self._event("info", "kill_switch_expired", provider, kill)
        if over and self.folder is not None:
            self._env.spawn(self._write(self.folder), "write switches")
        self._look_later()

    def _event(self, level: str, event: str, provider: str, kill: Kill, **more: str) -> None:
        self._log.event(
            level,
            event,
            provider=provider,
            reason=kill.reason,
            who=kill.who,
            since=stamp(kill.since),
            until=None if kill.until is None else stamp(kill.until),
            **more,
        )

    async def _save(self) -> bool:
        """Write all kills down. The caller may leave meanwhile: it is written all the same."""
        if self.folder is None:
            return True
        task = self._env.spawn(self._write(self.folder), "write switches")
        return bool(await asyncio.shield(task))

    async def _write(self, folder: Path) -> bool:
        async with self._saving:
            try:
                await self._loop.run_in_executor(None, kill_file.save, folder, dict(self.kills))
            except SwitchesUnreadable as error:
                self._log.event("error", "kill_switch_not_saved", file=str(error.path), detail=str(error))
                return False
        return True

    # ---- breakers ----

    def force(self, provider: str, scopes: list[str], forced: Forced, client: str) -> None:
        """Hold these breakers open or closed, until told otherwise or until the sidecar ends."""
        for scope in scopes:
            self.forced[provider, scope] = forced
            breaker = self._breaker(self.live, provider, scope)
            if breaker is not None:
                self._hold(breaker, forced)
            self._log.event(
                "warning",
                "breaker_forced",
                provider=provider,
                scope=scope,
                state=forced.state,
                reason=forced.reason,
                who=forced.who,
                client=client,
            )

    def release(self, provider: str, client: str) -> None:
        """Let all breakers of a provider decide by themselves again; those that do are left alone."""
        for scope in [scope for name, scope in self.forced if name == provider]:
            forced = self.forced.pop((provider, scope))
            breaker = self._breaker(self.live, provider, scope)
            if breaker is not None:
                breaker.release()
            self._log.event(
                "info", "breaker_released", provider=provider, scope=scope, state=forced.state, client=client
            )

    @staticmethod
    def _hold(breaker: ForcedBreaker, forced: Forced) -> None:
        if forced.state == "open":
            breaker.force_open(f"{forced.who}: {forced.reason}")
        else:
            breaker.force_closed()

    @staticmethod
    def _breaker(switches: Mapping[str, Switch], provider: str, scope: str) -> ForcedBreaker | None:
        switch = switches.get(provider)
        return None if switch is None else switch.breakers.get(scope)
