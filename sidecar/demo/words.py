"""Texts that both views share."""

from sidecar.demo.client import Seen
from sidecar.demo.show import State
from sidecar.demo.tally import RECENT, Tally, percentile

TITLE = "sidecar demo"
ABOUT = "An app calls a flaky provider, through a sidecar."


POLICY_ROWS = ("retries", "breaker")
"""Rows that show news every second."""


BESIDE = "not the provider"
"""Name of the row for time that was not spent waiting for the provider."""


def milliseconds(value: float) -> str:
    """``0.21 ms``, ``12.3 ms``, ``512 ms``: three digits."""
    digits = 2 if value < 10 else 1 if value < 100 else 0
    return f"{value:.{digits}f} ms"


def share(count: int, total: int) -> str:
    """``79 %``; what is more than nothing is never shown as nothing."""
    if not total:
        return "0 %"
    percent = 100 * count / total
    return "<1 %" if 0 < percent < 1 else f"{percent:.0f} %"


def call_line(seen: Seen) -> str:
    """One call in one line, without colours."""
    parts = [f"{seen.method} {seen.path} -> {seen.status} {seen.outcome}"]
    if seen.code:
        parts.append(seen.code)
    if seen.outcome != "success" and seen.sent:
        parts.append(f"sent={seen.sent}")
    parts += [f"attempts={seen.attempts}", milliseconds(seen.ms), f"id={seen.request_id[:8]}"]
    return ", ".join(parts)


def code_parts(state: State) -> list[tuple[str, str, str]]:
    """Status, code and count of what the sidecar did itself, the most frequent first."""
    codes = state.tally.codes.most_common()
    return [(str(status) if status else "cut", code, f"x{count}") for (code, status), count in codes]


def gauge_lines(state: State) -> list[tuple[str, str]]:
    """Name and value of what the sidecar's metrics tell; rows of policies it does not have are left out."""
    gauges = state.gauges
    rows = []
    if gauges.pool or gauges.opened:
        parts = [f"{count} {name}" for name, count in sorted(gauges.pool.items())]
        rows.append(("connections", ", ".join([*parts, f"{gauges.opened} opened"])))
    if gauges.overhead_ms is not None:
        rows.append((BESIDE, f"{milliseconds(gauges.overhead_ms)} per call, with waits for another try"))
    if gauges.retries:
        reasons = ", ".join(f"{reason} {count}" for reason, count in gauges.retries.items())
        rows.append(("retries", f"{sum(gauges.retries.values())} ({reasons})"))
    if gauges.breaker:
        rows.append(("breaker", gauges.breaker))
    return rows


def own_time(state: State) -> str:
    """The sidecar's own time per call, from its log."""
    return f"p50 {milliseconds(percentile(state.own_ms, 0.5))}, p95 {milliseconds(percentile(state.own_ms, 0.95))}"


def app_time(tally: Tally, *, recent: bool = False) -> str:
    """How long the app waited: in all calls, or in the last ones."""
    times = tally.times[-RECENT:] if recent else tally.times
    p50, p95 = milliseconds(percentile(times, 0.5)), milliseconds(percentile(times, 0.95))
    return f"p50 {p50}, p95 {p95}, longest {milliseconds(tally.longest)}"


def log_line(state: State) -> str:
    """The proof that there is one log line per call; calls of the visitor are in it."""
    lines, calls = state.log_lines, state.tally.calls
    if lines > calls:
        return f"{lines} lines: one for each call, {lines - calls} of them not the demo's own"
    return f"{lines} lines: one for each call"


NEXT = (
    "echo '{version: 1, providers: {github: {base_url: https://api.github.com}}}' > sidecar.yaml",
    "sidecar run",
    "curl -i http://127.0.0.1:8080/github/zen",
    "sidecar explain GET /github/zen",
)
"""Commands for a real provider; this one needs no key."""
