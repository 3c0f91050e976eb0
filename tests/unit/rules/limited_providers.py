"""Providers with rate limits, and an app that keeps a ``Learned`` to them: all in simulated time."""

import heapq
import itertools
import math
import random
from collections import deque
from collections.abc import Callable, Iterable
from email.utils import formatdate
from typing import NamedTuple, Protocol

from sidecar.rules.hints import retry_hint
from sidecar.rules.learned import Learned

WALL = 1_700_000_000.0
"""Unix seconds when the simulation begins."""


class Counted(NamedTuple):
    """What a provider made of a call. ``reset``: seconds."""

    taken: bool
    limit: int
    remaining: int
    reset: float


class Provider(Protocol):
    """Counts calls. ``limit`` of them in ``window`` seconds."""

    limit: int
    window: float

    def call(self, now: float) -> Counted:
        """One call."""


class Fixed:
    """Windows one after the other. ``begins``: seconds before the simulation that the first began."""

    def __init__(self, limit: int, window: float, begins: float = 0.0) -> None:
        self.limit, self.window = limit, window
        self.ends, self.left = window - begins, limit

    def call(self, now: float) -> Counted:
        while now >= self.ends:
            self.ends += self.window
            self.left = self.limit
        taken = self.left > 0
        self.left -= taken
        return Counted(taken, self.limit, self.left, self.ends - now)


class FromFirstCall(Fixed):
    """A window begins with the first call after the last one."""

    def __init__(self, limit: int, window: float) -> None:
        super().__init__(limit, window)
        self.ends = 0.0

    def call(self, now: float) -> Counted:
        if now >= self.ends:
            self.ends, self.left = now + self.window, self.limit
        return super().call(now)


class Sliding:
    """The last ``window`` seconds count. ``newest``: the reset is that of the whole count, else of the oldest call."""

    def __init__(self, limit: int, window: float, *, newest: bool = False) -> None:
        self.limit, self.window, self.newest = limit, window, newest
        self.taken: deque[float] = deque()

    def call(self, now: float) -> Counted:
        while self.taken and self.taken[0] <= now - self.window:
            self.taken.popleft()
        taken = len(self.taken) < self.limit
        if taken:
            self.taken.append(now)
        since = self.taken[-1 if self.newest else 0]
        return Counted(taken, self.limit, self.limit - len(self.taken), since + self.window - now)


class Tokens:
    """A token bucket: calls come back one by one; the reset is when it is full."""

    def __init__(self, limit: int, window: float) -> None:
        self.limit, self.window = limit, window
        self.tokens, self.at = float(limit), 0.0

    def call(self, now: float) -> Counted:
        rate = self.limit / self.window
        self.tokens = min(self.limit, self.tokens + (now - self.at) * rate)
        self.at = now
        taken = self.tokens >= 1
        self.tokens -= taken
        return Counted(taken, self.limit, int(self.tokens), (self.limit - self.tokens) / rate)


Form = Callable[[float, float], bytes]
"""How a reset is told: seconds until it, and Unix seconds now."""

FORMS: dict[str, Form] = {
    "seconds, rounded up": lambda reset, wall: b"%d" % math.ceil(reset),
    "seconds, rounded down": lambda reset, wall: b"%d" % math.floor(reset),
    "seconds, rounded": lambda reset, wall: b"%d" % round(reset),
    "Unix seconds, rounded up": lambda reset, wall: b"%d" % math.ceil(wall + reset),
    "Unix seconds, rounded down": lambda reset, wall: b"%d" % math.floor(wall + reset),
    "Unix milliseconds": lambda reset, wall: b"%d" % math.ceil((wall + reset) * 1000),
    "a duration": lambda reset, wall: b"%.3fs" % reset,
}


class Run(NamedTuple):
    """What came of it. ``sent``: times of all calls; ``refused``: times of those that got a 429."""

    sent: list[float]
    refused: list[float]

    def refused_after(self, seconds: float) -> float:
        """Share of the calls sent later than that which were refused."""
        sent = sum(at > seconds for at in self.sent)
        return sum(at > seconds for at in self.refused) / max(1, sent)


class _App:
    """Sends what is offered as soon as ``learned`` allows; keeps to Retry-After."""

    def __init__(self, provider: Provider, form: Form, latency: Callable[[], float], draw: random.Random) -> None:
        self.learned = Learned()
        self.run = Run([], [])
        self._provider, self._form, self._latency, self._draw = provider, form, latency, draw
        self._waiting = 0
        self._held = 0.0
        self._numbers = itertools.count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []

    def at(self, when: float, event: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), event))

    def play(self, seconds: float) -> Run:
        now = 0.0
        while True:
            wait = max(self.learned.wait(now), self._held - now) if self._waiting else math.inf
            if wait <= 0.0:
                self._waiting -= 1
                self._send(now)
                continue
            due = self._events[0][0] if self._events else math.inf
            now = min(now + max(wait, 0.001), due)
            if now > seconds:
                return self.run
            if now == due:
                heapq.heappop(self._events)[2](now)

    def offer(self, now: float) -> None:
        del now
        self._waiting += 1

    def _send(self, now: float) -> None:
        self.learned.sent(now)
        self.run.sent.append(now)
        latency = self._latency()

        def arrive(at: float) -> None:
            counted = self._provider.call(at)
            headers = {
                b"date": formatdate(WALL + at, usegmt=True).encode(),
                b"x-ratelimit-limit": b"%d" % counted.limit,
                b"x-ratelimit-remaining": b"%d" % counted.remaining,
                b"x-ratelimit-reset": self._form(counted.reset, WALL + at),
            }
            self.at(now + latency, lambda back: self._answered(headers, now, back, taken=counted.taken))

        self.at(now + latency * self._draw.random(), arrive)

    def _answered(self, headers: dict[bytes, bytes], sent_at: float, now: float, *, taken: bool) -> None:
        self.learned.answered(headers, sent_at, now, WALL + now)
        if not taken:
            self.run.refused.append(sent_at)
            hint = retry_hint(headers, WALL + now)
            self.learned.refused(sent_at, now, hint)
            self._held = max(self._held, now + (hint or 0.0))


def play(
    provider: Provider,
    form: Form,
    offered: Iterable[float],
    *,
    seconds: float,
    latencies: tuple[float, ...] = (0.05, 0.1, 0.3),
    seed: int = 1,
) -> Run:
    """Offer calls at these times. ``latencies``: what an answer takes, drawn for each."""
    draw = random.Random(seed)
    app = _App(provider, form, lambda: draw.choice(latencies) * draw.uniform(0.8, 1.2), draw)
    for when in offered:
        app.at(when, app.offer)
    return app.play(seconds)


def steady(rate: float, seconds: float, seed: int = 1) -> list[float]:
    """Calls that come at random, so many a second."""
    draw, now, times = random.Random(seed), 0.0, []
    while (now := now + draw.expovariate(rate)) < seconds:
        times.append(now)
    return times
