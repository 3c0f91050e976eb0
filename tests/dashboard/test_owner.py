"""The first row, worked out by promtool on calls that are known: what stands there for each kind of provider."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.dashboard.grafana import expression, expressions, filled
from tests.support.prometheus import promtool

EVERY = 30
"""Seconds between two scrapes."""
NOW = "2h30s"
"""The end of the hour that is shown; it begins at the 121st scrape."""
COST = "What did it cost us in the time shown?"
AFFECTED = "Who is affected?"


class Scrapes:
    """The counters of sidecars, told as what each scrape adds to them."""

    def __init__(self) -> None:
        self.series: list[dict[str, str]] = []

    def add(self, values: str, metric: str, pod: str = "shop-1", **labels: str) -> None:
        """``values``: promtool's notation. ``0+10x250``: ten more in each scrape; ``_``: not there."""
        every = {"namespace": "shop", "pod": pod, "instance": f"{pod}:9090", **labels}
        text = ",".join(f'{name}="{value}"' for name, value in every.items())
        self.series.append({"series": f"{metric}{{{text}}}", "values": values})

    def provider(self, name: str, calls: str, *, route: str = "default", killed: str = "0x250", **more: str) -> None:
        """What is there of each provider from the start; ``more``: other labels."""
        self.add(calls, "sidecar_request_duration_seconds_count", provider=name, route=route, **more)
        self.add(killed, "sidecar_kill_switch", provider=name, **more)

    def ended(self, values: str, name: str, outcome: str, code: str, *, route: str = "default", **more: str) -> None:
        """Calls that ended so."""
        labels = {"provider": name, "route": route, "method": "GET", "outcome": outcome, "code": code, **more}
        self.add(values, "sidecar_requests_total", **labels)


def scrapes() -> Scrapes:
    """One provider of each kind, each with ten calls in every half minute where nothing else is said."""
    all_of = Scrapes()
    all_of.add("-86400+0x250", "process_start_time_seconds")
    steady, none = "0+10x250", "0+0x250"

    all_of.provider("fine", steady)
    all_of.ended(steady, "fine", "success", "200")
    all_of.add("0+0.003x250", "sidecar_overhead_seconds_sum", provider="fine")

    # One of ten fails for good, two of ten are rescued by a second try, all on one of two routes.
    all_of.provider("degraded", steady, route="charge")
    all_of.add(steady, "sidecar_request_duration_seconds_count", provider="degraded", route="list")
    all_of.ended("0+7x250", "degraded", "success", "200", route="charge")
    all_of.ended("0+2x250", "degraded", "client_error", "404", route="charge")
    all_of.ended("0+1x250", "degraded", "server_error", "500", route="charge")
    all_of.ended(steady, "degraded", "success", "200", route="list")
    all_of.add("0+2x250", "sidecar_retries_total", provider="degraded", reason="503")
    all_of.add("0+18x250", "sidecar_attempts_total", provider="degraded", route="charge", code="200")
    all_of.add("0+1x250", "sidecar_attempts_total", provider="degraded", route="charge", code="429")
    all_of.add("0+5x250", "sidecar_attempts_total", provider="degraded", route="charge", code="503")
    all_of.add("0+1.5x250", "sidecar_overhead_seconds_sum", provider="degraded")

    # Fine until 1:30:00; from then on four of ten are tried in vain, and the open breaker refuses the others, which
    # a fallback answers.
    all_of.provider("dead", steady)
    all_of.ended("0+10x179 1790+0x71", "dead", "success", "200")
    all_of.ended("_x180 4+4x70", "dead", "timeout", "504")
    all_of.ended("_x180 6+6x70", "dead", "refused", "503")
    all_of.add("_x180 6+6x70", "sidecar_fallbacks_total", provider="dead", reason="breaker_open")
    all_of.add("_x180 4+4x70", "sidecar_retries_total", provider="dead", reason="timeout")
    all_of.add("0+10x179 1790+0x71", "sidecar_attempts_total", provider="dead", route="default", code="200")
    all_of.add("_x180 8+8x70", "sidecar_attempts_total", provider="dead", route="default", code="head_timeout")

    all_of.provider("quiet", none)
    all_of.provider("killed", steady, killed="0x200 1+0x50")
    all_of.ended("0+10x200 2000+0x50", "killed", "success", "200")
    all_of.ended("_x200 0+10x50", "killed", "refused", "503")
    all_of.provider("denied", steady)
    all_of.ended(steady, "denied", "client_error", "401")

    # One failed call among good ones, a minute ago; and one that was the only call for long.
    all_of.provider("stumbled", steady)
    all_of.ended(steady, "stumbled", "success", "200")
    all_of.ended("3x238 4+0x12", "stumbled", "network_error", "502")
    all_of.provider("rare", "3x238 4+0x12")
    all_of.ended("3x238 4+0x12", "rare", "network_error", "502")

    # The first failures since the sidecar runs: what its series begins with was counted in this hour.
    all_of.provider("first", "7x200 10+0x50")
    all_of.ended("_x200 3+0x50", "first", "throttled", "429")
    # One of them was tried again, and succeeded.
    all_of.ended("_x200 1+0x50", "first", "success", "200")
    all_of.add("_x200 1+0x50", "sidecar_retries_total", provider="first", reason="429")
    all_of.add("_x200 4+0x50", "sidecar_attempts_total", provider="first", route="default", code="429")
    all_of.add("_x200 1+0x50", "sidecar_attempts_total", provider="first", route="default", code="200")

    # A pod that was started in this hour, and one that has run for a day, of which Prometheus has known nothing.
    all_of.add("_x200 6000+0x50", "process_start_time_seconds", pod="shop-2")
    all_of.provider("started", "_x200 8+0x50", pod="shop-2", killed="_x200 0x50")
    all_of.ended("_x200 8+0x50", "started", "success", "200", pod="shop-2")
    all_of.add("_x200 -86400+0x50", "process_start_time_seconds", pod="shop-3")
    all_of.provider("unseen", "_x200 5000+0x50", pod="shop-3", killed="_x200 0x50")
    all_of.ended("_x200 900+0x50", "unseen", "server_error", "500", pod="shop-3")
    return all_of


def worked_out(
    folder: Path, text: str, expected: Mapping[str, float], at: str = NOW, given: Scrapes | None = None
) -> None:
    """Promtool finds exactly these values. ``expected``: labels -> value, to two digits."""
    given = given or scrapes()
    samples = [{"labels": labels, "value": value} for labels, value in expected.items()]
    asked = {"expr": f"round({text}, 0.01)", "eval_time": at, "exp_samples": samples}
    test: dict[str, Any] = {"interval": f"{EVERY}s", "input_series": given.series, "promql_expr_test": [asked]}
    file = folder / "test.yaml"
    # Promtool has loaded what came until its last evaluation, by default a minute's.
    file.write_text(yaml.safe_dump({"rule_files": [], "evaluation_interval": f"{EVERY}s", "tests": [test]}))
    code, output = promtool("test", "rules", file)
    assert code == 0, output


def by_provider(**values: float) -> dict[str, float]:
    """Labels -> value; for providers that are not named, 0."""
    names = (
        "fine", "degraded", "dead", "quiet", "killed", "denied", "stumbled", "rare", "first", "started", "unseen",
    )  # fmt: skip
    assert set(values) <= set(names)
    return {f'{{provider="{name}"}}': values.get(name, 0) for name in names}


STATES = by_provider(
    fine=0, degraded=1, dead=2, quiet=-1, killed=4, denied=3, stumbled=0, rare=1, first=-1, started=-1, unseen=-1
)


def test_each_provider_is_called_what_it_is(tmp_path: Path) -> None:
    worked_out(tmp_path, filled(expression("Is it fine now?", "{{provider}}")), STATES)


def test_the_table_says_the_same_word(tmp_path: Path) -> None:
    worked_out(tmp_path, filled(expression(COST, "State")), STATES)


def test_the_timeline_says_the_same_word(tmp_path: Path) -> None:
    worked_out(tmp_path, filled(expression("When was it not fine?", "{{provider}}")), STATES)


COLUMNS = {
    "Calls": by_provider(
        fine=1200, degraded=2400, dead=1210, killed=1200, denied=1200, stumbled=1201, rare=1, first=4, started=8
    ),
    "Failed": by_provider(degraded=120, dead=630, killed=410, stumbled=1, rare=1, first=3),
    "Share failed": by_provider(degraded=0.05, dead=0.52, killed=0.34, rare=1, first=0.75),
    "Rescued by trying again": by_provider(degraded=180, dead=3.67, first=0.2),
    "Refused to protect": by_provider(dead=378, killed=410),
    "Stand-in answers": by_provider(dead=378),
    "Extra waiting": by_provider(fine=0.36, degraded=180),
    # Milliseconds since 1970: 1:30:00, 1:40:00 and 1:59:00; -1: it is fine; 0: it was not at the beginning either.
    "Not fine since": by_provider(
        dead=5_400_000, killed=6_000_000, rare=7_140_000,
        fine=-1, quiet=-1, stumbled=-1, first=-1, started=-1, unseen=-1,
    ),
}  # fmt: skip
"""The dead one's are those of one scrape too many (620 failed, 372 were refused): see ``queries.counted``."""


@pytest.mark.parametrize("column", COLUMNS)
def test_what_it_cost(column: str, tmp_path: Path) -> None:
    worked_out(tmp_path, filled(expression(COST, column)), COLUMNS[column])


def test_every_column_of_the_table_is_tried() -> None:
    columns = {one.legend for one in expressions() if one.place == COST}
    assert columns == {"State", *COLUMNS}


def test_only_the_routes_with_failed_calls_are_affected(tmp_path: Path) -> None:
    failed = {
        '{provider="degraded",route="charge"}': 120,
        '{provider="dead",route="default"}': 630,
        '{provider="killed",route="default"}': 410,
        '{provider="stumbled",route="default"}': 1,
        '{provider="rare",route="default"}': 1,
        '{provider="first",route="default"}': 3,
    }
    worked_out(tmp_path, filled(expression(AFFECTED, "Failed")), failed)


def test_the_share_of_a_route_is_of_its_own_calls(tmp_path: Path) -> None:
    share = {
        '{provider="degraded",route="charge"}': 0.1,
        '{provider="dead",route="default"}': 0.52,
        '{provider="killed",route="default"}': 0.34,
        '{provider="stumbled",route="default"}': 0,
        '{provider="rare",route="default"}': 1,
        '{provider="first",route="default"}': 0.75,
    }
    worked_out(tmp_path, filled(expression(AFFECTED, "Share failed")), share)


def test_a_chosen_provider_stands_alone(tmp_path: Path) -> None:
    asked = filled(expression(COST, "Failed"), provider="dead|fine")
    worked_out(tmp_path, asked, {'{provider="dead"}': 630, '{provider="fine"}': 0})


def test_before_the_outage_all_was_well(tmp_path: Path) -> None:
    expected = STATES | by_provider(dead=0, killed=0, degraded=1, denied=3, quiet=-1, rare=-1, first=-1)
    there = {labels: value for labels, value in expected.items() if "started" not in labels and "unseen" not in labels}
    worked_out(tmp_path, filled(expression("Is it fine now?", "{{provider}}")), there, at="1h29m")


@pytest.mark.parametrize(
    ("calls", "failed", "state"),
    [
        ("0+100x20", "0+1x20", 0),
        ("0+100x20", "0+2x20", 1),
        ("0+100x20", "0+49x20", 1),
        ("0+100x20", "0+50x20", 2),
        ("0x15 1+0x4", "0x15 1+0x4", 1),
        ("0x15 2+0x4", "0x15 2+0x4", 1),
        ("0x15 3+0x4", "0x15 3+0x4", 2),
        ("0x15 4+0x4", "0x15 1+0x4", 0),
        ("0x15 4+0x4", "0x15 2+0x4", 1),
    ],
)
def test_where_one_word_ends_and_the_next_begins(calls: str, failed: str, state: int, tmp_path: Path) -> None:
    few = Scrapes()
    few.provider("p", calls)
    few.ended(failed, "p", "server_error", "500")
    worked_out(tmp_path, filled(expression(COST, "State")), {'{provider="p"}': state}, "10m", few)


def test_what_the_app_did_wrong_or_cut_off_is_no_failure(tmp_path: Path) -> None:
    app = Scrapes()
    app.provider("p", "0+10x20")
    app.ended("0+5x20", "p", "client_error", "404")
    app.ended("0+5x20", "p", "canceled", "0")
    worked_out(tmp_path, filled(expression(COST, "State")), {'{provider="p"}': 0}, "10m", app)


def test_one_sidecar_of_three_that_is_switched_off_does_not_hide_the_others(tmp_path: Path) -> None:
    pods = Scrapes()
    for pod, killed in (("a", "1x20"), ("b", "0x20"), ("c", "0x20")):
        pods.provider("p", "0+10x20", killed=killed, pod=pod)
    worked_out(tmp_path, filled(expression(COST, "State")), {'{provider="p"}': 0}, "10m", pods)
