"""A real Prometheus scrapes a real sidecar: its figures are right, and an alert wakes up."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.prometheus import Prometheus, write_rules
from tests.support.raw_client import RawClient
from tests.support.scripted_provider import Peer, ScriptedProvider
from tests.support.sidecar_process import SidecarProcess

LABELS = {"namespace": "shop", "job": "checkout", "container": "sidecar"}
"""What a PodMonitor puts on a target."""
CONFIG: dict[str, Any] = {"breaker": {"consecutive": 10, "open_for": "10m", "max_open": "10m"}}


class Watched(NamedTuple):
    """An app's connection to a sidecar, and the Prometheus that scrapes it."""

    app: RawClient
    prometheus: Prometheus

    def calls(self, path: str, times: int) -> list[int]:
        """The statuses of so many calls."""
        request = f"GET /stripe/{path} HTTP/1.1\r\nHost: app\r\n\r\n".encode()
        return [self.app.ask(request).status for _ in range(times)]

    def wait(self, query: str, value: float) -> None:
        """Wait until the query has this answer."""
        self.prometheus.wait(lambda: self.prometheus.value(query) == value, f"{query} == {value}")

    def alert(self) -> dict[str, Any]:
        """What Prometheus says of the alert."""
        return next(one for one in self.prometheus.rules() if one["name"] == "SidecarBreakerOpen")


def provider(peer: Peer) -> None:
    """``/stripe/503`` answers so."""
    while True:
        status = peer.read_request().target.rpartition(b"/")[2]
        peer.send(b"HTTP/1.1 %b x\r\nContent-Length: 0\r\n\r\n" % status)


def hurry(rule: dict[str, Any]) -> None:
    """The one thing that is changed for this test: an alert fires after a second, whatever its ``for`` is."""
    if "for" in rule:
        rule["for"] = "1s"


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    """Everything runs, every rule has been worked out, and no call has been made."""
    rules = write_rules(tmp_path, hurry)
    with (
        ScriptedProvider(provider) as there,
        SidecarProcess({"providers": {"stripe": {"base_url": there.url, **CONFIG}}}) as sidecar,
        Prometheus(tmp_path, {sidecar.ops_port: LABELS}, rules) as prometheus,
        sidecar.client() as app,
    ):
        found = Watched(app, prometheus)
        found.wait('up{container="sidecar"}', 1)
        prometheus.wait(lambda: all(rule["health"] != "unknown" for rule in prometheus.rules()), "every rule")
        yield found


def test_a_known_load_gives_known_figures_and_an_open_breaker_an_alert(watched: Watched) -> None:
    value = watched.prometheus.value
    watched.wait('sidecar_rejected_total{code="breaker_open",provider="stripe"}', 0)
    assert watched.alert()["state"] == "inactive"

    assert watched.calls("200", 40) == [200] * 40
    watched.wait('sum(sidecar_requests_total{provider="stripe",code="200",outcome="success"})', 40)
    assert watched.calls("503", 10) == [503] * 10
    assert watched.calls("200", 5) == [503] * 5
    watched.wait('sum(sidecar_requests_total{provider="stripe"})', 55)
    assert value('sum(sidecar_requests_total{code="503",outcome="server_error"})') == 10
    assert value('sum(sidecar_requests_total{code="503",outcome="refused"})') == 5
    assert value('sidecar_rejected_total{provider="stripe",code="breaker_open"}') == 5
    assert value('sum(sidecar_attempts_total{provider="stripe"})') == 50
    assert value('sidecar_request_duration_seconds_count{provider="stripe"}') == 55
    assert value('sidecar_overhead_seconds_bucket{provider="stripe",le="+Inf"}') == 55
    assert value('sidecar_breaker_state{state="open",provider="stripe"}') == 1

    watched.prometheus.wait(lambda: bool(watched.alert()["state"] == "firing"), "the alert fires")
    (alert,) = watched.alert()["alerts"]
    assert alert["labels"] == {
        "alertname": "SidecarBreakerOpen", "severity": "page",
        "namespace": "shop", "job": "checkout", "provider": "stripe", "scope": "provider",
    }  # fmt: skip
    assert alert["annotations"]["summary"] == "stripe is cut off by the breaker"
    assert "the calls of checkout have been stopped" in alert["annotations"]["description"]
    pending = value('count_over_time(ALERTS{alertname="SidecarBreakerOpen",alertstate="pending"}[1m])')
    assert pending is not None
    assert pending >= 1

    failed = value("namespace_job_provider:sidecar_failed:rate5m")
    judged = value("namespace_job_provider:sidecar_judged:rate5m")
    assert failed is not None
    assert judged is not None
    assert 0 < failed <= judged
    # On real figures: a rule that joins what cannot be joined is found only here.
    bad = [(rule["name"], rule.get("lastError")) for rule in watched.prometheus.rules() if rule["health"] != "ok"]
    assert bad == []
