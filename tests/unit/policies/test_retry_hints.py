"""10,000 failed calls with random hints: none is sent again before its hint, and none much later."""

import random
from collections.abc import Callable
from email.utils import formatdate
from math import ceil, floor

import pytest

from tests.unit.policies.stage import ask
from tests.unit.policies.tries import Tries, answers, post

Hint = Callable[[random.Random, float], tuple[list[tuple[bytes, bytes]], float, float]]
"""Draws a hint that is given at ``wall`` (Unix seconds): headers, the earliest moment that they allow (Unix seconds),
and by how much the reader must round up for want of precision."""

LATE = 0.025
"""Jitter after a hint; the other half of 50 ms belongs to timers."""


def number(value: float) -> bytes:
    return f"{value:.3f}".rstrip("0").rstrip(".").encode()


def seconds(draw: random.Random, wall: float) -> tuple[list[tuple[bytes, bytes]], float, float]:
    wait = draw.randrange(1, 3600)
    return [(b"Retry-After", b"%d" % wait)], wall + wait, 0.0


def fractions(draw: random.Random, wall: float) -> tuple[list[tuple[bytes, bytes]], float, float]:
    wait = float(number(draw.uniform(0.001, 90)))
    return [(b"Retry-After", number(wait))], wall + wait, 0.0


def milliseconds(draw: random.Random, wall: float) -> tuple[list[tuple[bytes, bytes]], float, float]:
    wait = draw.randrange(1, 100_000)
    coarse = (b"Retry-After", b"%d" % ceil(wait / 1000))
    return [(b"retry-after-ms", b"%d" % wait), coarse], wall + wait / 1000, 0.0


def date(draw: random.Random, wall: float) -> tuple[list[tuple[bytes, bytes]], float, float]:
    moment = ceil(wall) + draw.randrange(1, 3600)
    return [(b"Retry-After", formatdate(moment, usegmt=True).encode())], float(moment), 0.0


def date_of_a_skewed_clock(draw: random.Random, wall: float) -> tuple[list[tuple[bytes, bytes]], float, float]:
    """The provider's clock is up to an hour away from ours; it tells its own time, cut to seconds."""
    skew = draw.uniform(-3600, 3600)
    theirs = wall + skew
    moment = floor(theirs) + draw.randrange(1, 3600)
    headers = [
        (b"Date", formatdate(floor(theirs), usegmt=True).encode()),
        (b"Retry-After", formatdate(moment, usegmt=True).encode()),
    ]
    return headers, moment - skew, 1.0


def reset_in_seconds(draw: random.Random, wall: float) -> tuple[list[tuple[bytes, bytes]], float, float]:
    wait = draw.randrange(1, 600)
    return [(b"X-RateLimit-Remaining", b"0"), (b"X-RateLimit-Reset", b"%d" % wait)], wall + wait, 0.0


def reset_epoch(draw: random.Random, wall: float) -> tuple[list[tuple[bytes, bytes]], float, float]:
    """GitHub."""
    moment = ceil(wall) + draw.randrange(1, 3600)
    return [(b"x-ratelimit-remaining", b"0"), (b"x-ratelimit-reset", b"%d" % moment)], float(moment), 0.0


def reset_epoch_ms(draw: random.Random, wall: float) -> tuple[list[tuple[bytes, bytes]], float, float]:
    moment = ceil(wall * 1000) + draw.randrange(1, 100_000)
    headers = [(b"x-ratelimit-requests-remaining", b"0"), (b"x-ratelimit-requests-reset", b"%d" % moment)]
    return headers, moment / 1000, 0.0


def reset_duration(draw: random.Random, wall: float) -> tuple[list[tuple[bytes, bytes]], float, float]:
    """OpenAI."""
    minutes, rest = draw.randrange(0, 9), draw.randrange(1, 60_000)
    value = f"{minutes}m{rest / 1000:g}s".encode()
    headers = [(b"x-ratelimit-remaining-requests", b"0"), (b"x-ratelimit-reset-requests", value)]
    return headers, wall + minutes * 60 + rest / 1000, 0.0


def structured(draw: random.Random, wall: float) -> tuple[list[tuple[bytes, bytes]], float, float]:
    wait = draw.randrange(1, 600)
    return [(b"RateLimit", b'"hour";r=0;t=%d' % wait)], wall + wait, 0.0


HINTS: list[Hint] = [
    seconds, fractions, milliseconds, date, date_of_a_skewed_clock, reset_in_seconds, reset_epoch, reset_epoch_ms,
    reset_duration, structured,
]  # fmt: skip
TRIALS = 1000
"""Of each form."""


class Restless(Tries):
    """Timers fire early now and then, as those of a loop may."""

    def __init__(self, draw: random.Random, *steps: object) -> None:
        super().__init__(*steps, attempts=2)  # type: ignore[arg-type]
        self.draw = draw

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds * (self.draw.choice((1.0, 1.0, 0.999, 0.5)) if len(self.slept) < 9 else 1.0)


@pytest.mark.parametrize("hint", HINTS, ids=lambda hint: hint.__name__)
async def test_never_a_send_before_the_hint(hint: Hint) -> None:
    draw = random.Random(hint.__name__)
    for _ in range(TRIALS):
        came = 100.0 + draw.uniform(0, 1e5)
        wall = 784111677.0 + came
        headers, earliest, rounding = hint(draw, wall)
        stage = Restless(draw, answers(draw.choice((429, 503)), *headers))
        stage.now = came
        stage.drawn = draw.choice((0.0, draw.random(), 1.0))
        response = await stage.call(ask(), left=1e9)
        assert response.status == 200
        first, second = stage.sends
        assert first == came
        early = earliest - (784111677.0 + second)
        assert early <= 1e-6, (headers, early)  # Unix seconds are kept to a tenth of a microsecond
        assert -early <= LATE + rounding + 1e-6, (headers, early)


async def test_of_a_wait_and_the_reset_of_a_quota_the_explicit_one_counts() -> None:
    told = answers(429, (b"Retry-After", b"2"), (b"x-ratelimit-remaining", b"0"), (b"x-ratelimit-reset", b"60"))
    stage = Tries(told)
    stage.drawn = 0.0
    await stage.call(ask(), left=100.0)
    assert stage.sends == [100.0, 102.0]


@pytest.mark.parametrize("value", [b"", b"soon", b"-5", b"NaN", b"\xff", b"Sun, 99 Nov 1994 08:49:37 GMT"])
async def test_a_hint_that_cannot_be_read_is_none(value: bytes) -> None:
    stage = Tries(answers(503, (b"Retry-After", value)))
    stage.drawn = 1.0
    await stage.call(ask(), left=1e12)
    assert stage.sends == [100.0, 100.1]


async def test_a_reset_told_while_calls_remain_is_no_hint() -> None:
    stage = Tries(answers(503, (b"x-ratelimit-remaining", b"7"), (b"x-ratelimit-reset", b"60")))
    stage.drawn = 1.0
    await stage.call(ask(), left=100.0)
    assert stage.sends == [100.0, 100.1]


@pytest.mark.parametrize(
    "headers", [[(b"Retry-After", b"0")], [(b"x-ratelimit-remaining", b"0"), (b"x-ratelimit-reset", b"0")]]
)
async def test_a_hint_of_0_does_not_replace_the_backoff(headers: list[tuple[bytes, bytes]]) -> None:
    """Eleven sends in an eighth of a second took the budget of all calls, and ended this one for want of it."""
    stage = Tries(*(answers(503, *headers) for _ in range(3)), attempts=4)
    stage.drawn = 1.0
    await stage.call(ask(), left=100.0)
    assert stage.sends == pytest.approx([100.0, 100.1, 100.3, 100.7])


async def test_a_hint_of_0_says_that_nothing_was_done() -> None:
    assert (await Tries(answers(503, (b"Retry-After", b"0"))).call(post())).status == 200
