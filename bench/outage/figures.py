"""From what app and provider saw to the lines of the plot and the figures of the table."""

import bisect
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from bench.measure import percentile
from bench.outage import Scenario
from bench.outage.app import Result

SERVED = 0.99
"""Share of the calls due in a second that must succeed for full throughput."""

_STEP = 0.1
"""Seconds by which the window of one second moves."""

_APART = 0.5
"""Seconds without a call between one half-open and the next. Open times are longer, trials come together."""


@dataclass(frozen=True, slots=True)
class Storm:
    """One line's run. ``calls``: seconds at which the provider saw one, sorted; ``orders``: id -> times carried out."""

    scenario: Scenario
    results: list[Result]
    calls: list[float]
    orders: Counter[str | None]


Figure = Callable[[Storm], float]


@dataclass(frozen=True, slots=True)
class Second:
    """One second of a run: calls at the provider, calls due in it that succeeded, their latency in seconds."""

    at: int
    seen: int
    succeeded: int
    p50: float
    p99: float


def seconds(storm: Storm) -> list[Second]:
    """Second by second. Latencies are of every call due in the second, also of those that failed."""
    made = []
    for at in range(math.ceil(storm.scenario.seconds)):
        due = [result for result in storm.results if at <= result.call.due < at + 1]
        latencies = sorted(round(result.latency * 1e9) for result in due)
        p50, p99 = (percentile(latencies, share) / 1e9 for share in (0.5, 0.99))
        made.append(Second(at, _within(storm.calls, at, at + 1), sum(r.succeeded for r in due), p50, p99))
    return made


def _within(times: list[float], low: float, high: float) -> int:
    return bisect.bisect_left(times, high) - bisect.bisect_left(times, low)


def peak(storm: Storm) -> float:
    """Calls at the provider in its busiest second, wherever that second begins, to the offered load."""
    return max(_within(storm.calls, at, at + 1.0) for at in storm.calls) / storm.scenario.rate


def reached_while_down(storm: Storm) -> float:
    """Calls that the provider got while it was down."""
    return _within(storm.calls, storm.scenario.down_at, storm.scenario.up_at)


def bursts(storm: Storm) -> list[int]:
    """Calls per half-open: what reached the provider together, after a pause, while it was down."""
    low, high = (bisect.bisect_left(storm.calls, at) for at in (storm.scenario.down_at, storm.scenario.up_at))
    sizes: list[int] = []
    for before, at in zip(storm.calls[low:high], storm.calls[low + 1 : high], strict=False):
        if at - before > _APART:
            sizes.append(0)
        if sizes:
            sizes[-1] += 1
    return sizes


def largest_burst(storm: Storm) -> float:
    """The most calls of one half-open."""
    return max(bursts(storm), default=0)


def duplicates(storm: Storm) -> float:
    """Orders without a key that were carried out more than once."""
    return sum(storm.orders[result.call.order] > 1 for result in storm.results if not result.call.keyed)


def carried_out_unawares(storm: Storm) -> float:
    """Orders carried out of which the app was told, in ``Sidecar-Outcome``, that nothing was sent."""
    return sum(
        "sent=nothing" in result.answer.outcome and storm.orders[result.call.order] > 0 for result in storm.results
    )


def recovery(storm: Storm) -> float:
    """Seconds from the provider's return until 99 % of the calls due in each following second succeed; inf: never."""
    scenario = storm.scenario
    due = sorted((result.call.due, result.succeeded) for result in storm.results)
    times = [at for at, _ in due]
    after = math.inf
    for steps in range(round((scenario.seconds - 1.0 - scenario.up_at) / _STEP), -1, -1):
        at = scenario.up_at + steps * _STEP - 1e-9
        low, high = bisect.bisect_left(times, at), bisect.bisect_left(times, at + 1.0)
        if sum(succeeded for _, succeeded in due[low:high]) < SERVED * (high - low):
            break
        after = steps * _STEP
    return after


def served(storm: Storm) -> float:
    """Percentage of all calls that succeeded."""
    return 100 * sum(result.succeeded for result in storm.results) / len(storm.results)


def served_while_up(storm: Storm) -> float:
    """The same, of the calls due before the outage, shaky time included."""
    before = [result for result in storm.results if result.call.due < storm.scenario.down_at]
    return 100 * sum(result.succeeded for result in before) / len(before)


def slowest_while_down(storm: Storm) -> float:
    """p99 latency, in milliseconds, of the calls due while the provider was down."""
    low, high = storm.scenario.down_at, storm.scenario.up_at
    waits = sorted(round(result.latency * 1e9) for result in storm.results if low <= result.call.due < high)
    return percentile(waits, 0.99) / 1e6
