"""The storm as a picture: three panels over one time axis, written as SVG by hand.

Lines differ by colour and by dashes, so that the picture also works in grey.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

from bench.outage import Contender, Scenario
from bench.outage.figures import Second

_WIDTH, _LEFT, _RIGHT, _TOP = 920, 78, 20, 92
_PANEL, _GAP = 190, 56
_INK, _GREY, _GRID, _BAND = "#1a1a1a", "#595959", "#dddddd", "#e9e9e9"


Lines = dict[Contender, list[Second]]

_OFFERED = Contender("offered load", None, "#000000", "2 3")


@dataclass(frozen=True, slots=True)
class _Panel:
    """One pair of axes. ``top``: its upper edge; ``low`` and ``high``: the values at its edges."""

    title: str
    top: float
    low: float
    high: float
    ticks: Sequence[float]
    log: bool = False

    def y(self, value: float) -> float:
        value = min(max(value, self.low), self.high)
        if self.log:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return self.top + _PANEL * (1 - share)


class _Picture:
    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self.parts: list[str] = []

    def x(self, second: float) -> float:
        return _LEFT + second / self._scenario.seconds * (_WIDTH - _LEFT - _RIGHT)

    def text(self, x: float, y: float, text: str, *, anchor: str = "start", colour: str = _INK, size: int = 12) -> None:
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}">'
            f"{escape(text)}</text>"
        )

    def stroke(self, x1: float, y1: float, x2: float, y2: float, colour: str) -> None:
        self.parts.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}" fill="none"/>')

    def axes(self, panel: _Panel) -> None:
        scenario, bottom = self._scenario, panel.top + _PANEL
        low, high = self.x(scenario.down_at), self.x(scenario.up_at)
        self.parts.append(
            f'<rect x="{low:.1f}" y="{panel.top}" width="{high - low:.1f}" height="{_PANEL}" fill="{_BAND}"/>'
        )
        for tick in panel.ticks:
            self.stroke(_LEFT, panel.y(tick), _WIDTH - _RIGHT, panel.y(tick), _GRID)
            self.text(_LEFT - 8, panel.y(tick) + 4, f"{tick:,g}", anchor="end", colour=_GREY)
        for second in range(0, int(scenario.seconds) + 1, 5):
            self.stroke(self.x(second), bottom, self.x(second), bottom + 5, _INK)
            self.text(self.x(second), bottom + 19, str(second), anchor="middle", colour=_GREY)
        self.stroke(_LEFT, bottom, _WIDTH - _RIGHT, bottom, _INK)
        self.text(_LEFT, panel.top - 9, panel.title, size=13)

    def line(self, panel: _Panel, line: Contender, values: Sequence[float]) -> None:
        """Second n is drawn as a step from n to n + 1: each value is of a whole second."""
        points = []
        for second, value in enumerate(values):
            points += [f"{self.x(second):.1f} {panel.y(value):.1f}", f"{self.x(second + 1):.1f} {panel.y(value):.1f}"]
        dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
        self.parts.append(f'<path d="M{"L".join(points)}" stroke="{line.colour}" stroke-width="2" fill="none"{dash}/>')

    def legend(self, lines: Iterable[Contender]) -> None:
        x = float(_LEFT)
        for line in lines:
            dash = f' stroke-dasharray="{line.dash}"' if line.dash else ""
            self.parts.append(f'<path d="M{x:.1f} 56h30" stroke="{line.colour}" stroke-width="3" fill="none"{dash}/>')
            self.text(x + 37, 60, line.name)
            x += 37 + 6.5 * len(line.name) + 20
        self.parts.append(f'<rect x="{x:.1f}" y="49" width="30" height="14" fill="{_BAND}" stroke="{_GRID}"/>')
        self.text(x + 37, 60, "provider down")


def _ceiling(value: float) -> tuple[float, list[float]]:
    """A round upper end of an axis above ``value``, and its ticks."""
    step = next(step for step in (100, 200, 250, 500, 1000, 2000, 5000, 10000) if value <= step * 5)
    count = math.ceil(value / step)
    return step * count, [float(step * n) for n in range(count + 1)]


def draw(lines: Lines, scenario: Scenario) -> str:
    """The picture as SVG text."""
    picture = _Picture(scenario)
    height = _TOP + 3 * (_PANEL + _GAP)
    length = scenario.up_at - scenario.down_at
    picture.text(_LEFT, 26, f"{scenario.rate} calls/s, provider down for {length:g} s", size=16)
    picture.legend([*lines, _OFFERED])
    most = max((second.seen for seconds in lines.values() for second in seconds), default=0)
    high, ticks = _ceiling(max(scenario.rate * 1.25, most))
    seen = _Panel("calls per second that the provider saw", _TOP, 0, high, ticks)
    high, ticks = _ceiling(scenario.rate * 1.1)
    succeeded = _Panel("calls per second that succeeded for the app", _TOP + _PANEL + _GAP, 0, high, ticks)
    latency = _Panel(
        "p99 latency of calls, answered or failed, in ms (logarithmic)",
        _TOP + 2 * (_PANEL + _GAP), 1, 10_000, (1, 10, 100, 1000, 10_000), log=True,
    )  # fmt: skip
    for panel in (seen, succeeded, latency):
        picture.axes(panel)
    for panel in (seen, succeeded):
        picture.line(panel, _OFFERED, [scenario.rate] * int(scenario.seconds))
    # The first line is drawn last: it lies on top.
    for line, seconds in reversed(lines.items()):
        picture.line(seen, line, [second.seen for second in seconds])
        picture.line(succeeded, line, [second.succeeded for second in seconds])
        picture.line(latency, line, [second.p99 * 1e3 for second in seconds])
    picture.text(_WIDTH - _RIGHT, height - 14, "seconds", anchor="end", colour=_GREY)
    body = "\n".join(picture.parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}" '
        'font-family="system-ui, sans-serif" role="img">\n'
        "<title>Calls during a provider's outage</title>\n"
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>\n{body}\n</svg>\n'
    )
