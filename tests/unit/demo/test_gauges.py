from pathlib import Path

import pytest

from sidecar.demo.gauges import Gauges, read_log, read_metrics

METRICS = """\
# TYPE sidecar_pool_connections gauge
sidecar_pool_connections{provider="demo",state="active"} 2
sidecar_pool_connections{provider="demo",state="idle"} 3
sidecar_pool_connections{provider="other",state="idle"} 9
sidecar_connections_opened_total{provider="demo"} 12
sidecar_overhead_seconds_bucket{provider="demo",le="0.005"} 4
sidecar_overhead_seconds_sum{provider="demo"} 0.002
sidecar_overhead_seconds_count{provider="demo"} 4
process_cpu_seconds_total 1.5
"""


def test_the_provider_s_own_samples_are_read() -> None:
    expected = Gauges(pool={"active": 2, "idle": 3}, opened=12, overhead_ms=pytest.approx(0.5))
    assert read_metrics(METRICS, "demo") == expected


def test_retries_and_breaker_are_read_once_there_are_such_policies() -> None:
    text = METRICS + (
        'sidecar_retries_total{provider="demo",reason="reset"} 4\n'
        'sidecar_retries_total{provider="demo",reason="503"} 1\n'
        'sidecar_breaker_state{provider="demo",scope="provider",state="closed"} 0\n'
        'sidecar_breaker_state{provider="demo",scope="provider",state="open"} 1\n'
    )
    gauges = read_metrics(text, "demo")
    assert gauges.retries == {"reset": 4, "503": 1}
    assert gauges.breaker == "open"


def test_no_metrics_are_no_numbers() -> None:
    assert read_metrics("", "demo") == Gauges()


def test_the_log_tells_the_sidecar_s_own_time_of_each_call(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        '{"event":"started"}\n'
        '{"event":"request","duration_ms":12.5,"attempts":[{"ms":12.0,"wait_ms":0.5}]}\n'
        '{"event":"request","duration_ms":212.5,"attempts":[{"ms":10.0},{"ms":2.0}]}\n'
        '{"event":"request","duration_ms":0.25,"attempts":[]}\n'
    )
    assert read_log(log) == (3, [pytest.approx(1.0), 0.25])
    assert read_log(tmp_path / "none") == (0, [])
