"""The account of a storm: each figure beside its limit, and the seconds one by one, in Markdown."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bench import report
from bench.outage import SIDECAR, Contender, Down, Scenario, figures
from bench.outage.figures import Figure, Storm

Storms = dict[Contender, Storm]

_TRIALS = 3
"""``breaker.trials`` of ``peers/storm.sidecar.yaml``."""

_OPEN_PERIOD = 5.0
"""Seconds: ``breaker.max_open`` of ``peers/storm.sidecar.yaml`` and the quarter that may be drawn on top of it."""


@dataclass(frozen=True, slots=True)
class Check:
    """A row of the table. ``limit`` is what the sidecar may reach at most; None: for comparison alone.

    ``shared``: the figure means something for the other lines too.
    """

    text: str
    figure: Figure
    limit: float | None = None
    unit: str = ""
    shared: bool = True

    def met(self, storms: Storms) -> bool:
        """Whether the sidecar keeps the limit, on each of its lines for which the figure means something."""
        return self.limit is None or all(
            self.figure(storm) <= self.limit for line, storm in storms.items() if self._judges(line)
        )

    def row(self, storms: Storms) -> report.Row:
        """Text, limit, the value of each line, and whether the limit is kept."""
        limit = "" if self.limit is None else f"<= {self.limit:g}{self.unit}"
        cells = [self._cell(storm) if self.shared or line is SIDECAR else "-" for line, storm in storms.items()]
        judged = self.limit is not None and any(map(self._judges, storms))
        return self.text, limit, *cells, ("met" if self.met(storms) else "NOT MET") if judged else ""

    def _judges(self, line: Contender) -> bool:
        return line is SIDECAR or (self.shared and line.proxy == SIDECAR.proxy)

    def _cell(self, storm: Storm) -> str:
        value = self.figure(storm)
        return f"{value:,.0f}{self.unit}" if float(value).is_integer() else f"{value:,.2f}{self.unit}"


CHECKS: tuple[Check, ...] = (
    Check("calls at the provider in its busiest second, to the offered load", figures.peak, 1.25),
    Check("most calls of one half-open", figures.largest_burst, _TRIALS, shared=False),
    Check("orders without a key that were carried out twice", figures.duplicates, 0),
    Check("orders carried out, and the app told sent=nothing", figures.carried_out_unawares, 0, shared=False),
    Check("from the provider's return to full throughput (99 %)", figures.recovery, _OPEN_PERIOD, " s"),
    Check("calls that succeeded before the outage, shaky second included", figures.served_while_up, unit=" %"),
    Check("calls that succeeded in the whole run", figures.served, unit=" %"),
    Check("calls that reached the provider while it was down", figures.reached_while_down),
    Check("p99 until the app knew, while the provider was down", figures.slowest_while_down, unit=" ms"),
)

_TITLES = {
    Down.ANSWERS_503: "The provider answers 503 at once while it is down",
    Down.REFUSES: "The provider refuses connections while it is down",
    Down.HANGS: "The provider takes calls and never answers while it is down",
}


def summary(down: Down, storms: Storms) -> str:
    """The figures of one kind of outage."""
    head = ("figure", "limit", *(line.name for line in storms), "")
    return f"## {_TITLES[down]}\n\n{report.table(head, [check.row(storms) for check in CHECKS])}\n"


def second_by_second(storms: Storms) -> str:
    """What each line's provider and app saw in each second."""
    columns = [figures.seconds(storm) for storm in storms.values()]
    rows = []
    for seconds in zip(*columns, strict=True):
        row = [str(seconds[0].at)]
        for second in seconds:
            row += [str(second.seen), str(second.succeeded), f"{second.p50 * 1e3:,.1f}", f"{second.p99 * 1e3:,.1f}"]
        rows.append(row)
    head = [
        "second",
        *(f"{line.name}: {what}" for line in storms for what in ("seen", "succeeded", "p50 ms", "p99 ms")),
    ]
    return f"<details><summary>second by second</summary>\n\n{report.table(head, rows)}\n\n</details>\n"


def introduction(scenario: Scenario, arguments: Sequence[str]) -> str:
    """What was run, where and when."""
    command = " ".join(("python -m bench.storm", *arguments))
    return f"""# Results of one run of `{command}`

- date: {dt.datetime.now(tz=dt.UTC):%Y-%m-%d %H:%M} UTC
- machine: {report.machine()}

{scenario.rate} calls per second are offered for {scenario.seconds:g} s, evenly spaced, whatever becomes of them:
70 % GET, 30 % POST, half of these with an idempotency key. A healthy answer takes {scenario.service_time * 1e3:g} ms.
For a second from {scenario.shaky_at:g} s on, every {scenario.break_every}th call ends in a broken connection, a POST's
after its order was carried out. From {scenario.down_at:g} s to {scenario.up_at:g} s the provider is down. Every line is
a run of its own with the same calls. `sidecar` and `envoy` have the settings of `bench/peers/storm.sidecar.yaml` and
`bench/peers/storm.envoy.yaml`; Envoy's retry policy knows no methods and no keys. `naive client` makes three more
tries: at once, after 0.2 s and 0.4 s, as `urllib3.Retry(total=3, backoff_factor=0.1, allowed_methods=None)` does.
The busiest second may begin anywhere, not only at a tick. Recovery: every second from then on has 99 % success.
"""
