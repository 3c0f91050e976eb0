import pytest
from rich.console import Console, Group

from sidecar.demo.client import CUT, Seen
from sidecar.demo.gauges import Gauges
from sidecar.demo.live import LiveView
from sidecar.demo.panels import calls, own_answers
from sidecar.demo.show import State
from sidecar.demo.story import STORY


def busy_state(seconds: float | None = 20.0) -> State:
    """Everything at once: the most that can be on the screen."""
    state = State(base="http://127.0.0.1:65535/demo", provider_port=31999, seconds=seconds, elapsed=12.0, scene=4)
    failures = (
        (504, "timeout", "head_timeout"),
        (502, "network_error", "reset"),
        (502, "network_error", "connect_failed"),
        (200, "network_error", CUT),
        (429, "throttled", ""),
        (503, "server_error", ""),
    )
    for number in range(1, 41):
        state.tally.add(Seen("GET", f"/demo/orders/{number}", 200, "success", "", "all", 1, 12.3, "a" * 32))
        for status, outcome, code in failures:
            state.tally.add(Seen("POST", "/demo/orders", status, outcome, code, "nothing", 1, 503.2, "b" * 32))
    state.gauges = Gauges({"active": 10, "idle": 10}, 1234, 0.21)
    return state


def screen(state: State, width: int, height: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    view = LiveView()
    console = Console(width=width, height=height, force_terminal=True, color_system=None, highlight=False)
    monkeypatch.setattr(view, "_console", console)
    lines = console.render_lines(view._screen(state), console.options.update(width=width), pad=False)
    return ["".join(segment.text for segment in line).rstrip() for line in lines]


@pytest.mark.parametrize(("width", "height"), [(60, 24), (64, 26), (80, 24), (80, 30), (100, 24), (100, 34), (140, 45)])
@pytest.mark.parametrize("seconds", [20.0, None])
def test_the_whole_screen_fits(width: int, height: int, seconds: float | None, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = screen(busy_state(seconds), width, height, monkeypatch)
    assert len(lines) <= height
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    for command in (
        "curl -i http://127.0.0.1:65535/demo/orders/1",
        "curl -N",
        "curl -i http://127.0.0.1:65535/demo/reset",
    ):
        assert command in text
    assert STORY[4].happens in text
    assert STORY[4].does in text


def test_with_time_to_spare_the_screen_is_filled_to_its_last_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(screen(busy_state(), 100, 40, monkeypatch)) == 40


def test_an_empty_state_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "0 %" in "\n".join(screen(State(), 60, 24, monkeypatch))


@pytest.mark.parametrize("rows", [-3, 0, 1, 2, 3, 9])
def test_the_last_calls_take_the_rows_they_are_given(rows: int) -> None:
    console = Console(width=100)
    lines = console.render_lines(Group(*calls(busy_state(), 100, rows)), console.options) if rows > 0 else []
    assert len(lines) == max(0, rows)


def test_codes_break_between_codes_only() -> None:
    lines = own_answers(busy_state(), 58).plain.split("\n")
    assert all(len(line) <= 58 for line in lines)
    assert [part.split()[-1] for line in lines for part in line.strip(",").split(", ")] == ["x40"] * 4
    assert own_answers(busy_state(), 0).plain.count("\n") == 3
