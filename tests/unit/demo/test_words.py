import pytest

from sidecar.demo.client import CUT, Seen
from sidecar.demo.gauges import Gauges
from sidecar.demo.show import State
from sidecar.demo.words import app_time, call_line, code_parts, gauge_lines, log_line, milliseconds, own_time, share


@pytest.mark.parametrize(("value", "text"), [(0.214, "0.21 ms"), (12.34, "12.3 ms"), (512.4, "512 ms"), (0, "0.00 ms")])
def test_milliseconds_have_three_digits(value: float, text: str) -> None:
    assert milliseconds(value) == text


@pytest.mark.parametrize(
    ("count", "total", "text"), [(0, 0, "0 %"), (1, 1000, "<1 %"), (1, 3, "33 %"), (5, 5, "100 %")]
)
def test_share(count: int, total: int, text: str) -> None:
    assert share(count, total) == text


def test_a_failed_call_tells_code_and_sent() -> None:
    seen = Seen("GET", "/demo/orders/1", 504, "timeout", "head_timeout", "maybe", 1, 501.2, "abcdef0123456789")
    text = "GET /demo/orders/1 -> 504 timeout, head_timeout, sent=maybe, attempts=1, 501 ms, id=abcdef01"
    assert call_line(seen) == text


def test_a_good_call_is_short() -> None:
    seen = Seen("GET", "/demo/orders/1", 200, "success", "", "", 1, 1.0, "abcdef0123456789")
    assert call_line(seen) == "GET /demo/orders/1 -> 200 success, attempts=1, 1.00 ms, id=abcdef01"


def test_rows_of_policies_show_only_when_there_are_such() -> None:
    state = State(gauges=Gauges(pool={"idle": 1, "active": 2}, opened=3, overhead_ms=0.25))
    assert gauge_lines(state) == [
        ("connections", "2 active, 1 idle, 3 opened"),
        ("not the provider", "0.25 ms per call, with waits for another try"),
    ]
    state.gauges.retries = {"reset": 2, "503": 1}
    state.gauges.breaker = "open"
    assert gauge_lines(state)[2:] == [("retries", "3 (reset 2, 503 1)"), ("breaker", "open")]
    assert gauge_lines(State()) == []


def test_times_and_codes() -> None:
    state = State(own_ms=[0.1, 0.2, 0.3])
    assert own_time(state) == "p50 0.20 ms, p95 0.30 ms"
    state.tally.add(Seen("GET", "/", 200, "network_error", CUT, "maybe", 1, 20.0, ""))
    state.tally.add(Seen("GET", "/", 502, "network_error", "reset", "maybe", 1, 30.0, ""))
    assert app_time(state.tally) == "p50 20.0 ms, p95 30.0 ms, longest 30.0 ms"
    assert sorted(code_parts(state)) == [("502", "reset", "x1"), ("cut", CUT, "x1")]


def test_log_lines_of_the_visitor_s_calls_are_named() -> None:
    state = State(log_lines=2)
    assert "2 of them not the demo's own" in log_line(state)
    state.tally.calls = 2
    assert log_line(state) == "2 lines: one for each call"
