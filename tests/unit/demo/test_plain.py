import pytest

from sidecar.demo.client import Seen
from sidecar.demo.plain import PlainView
from sidecar.demo.show import State
from sidecar.demo.story import STORY


def failed(code: str = "reset") -> Seen:
    return Seen("GET", "/demo/orders/1", 502, "network_error", code, "maybe", 1, 3.0, "a" * 32)


def test_each_kind_of_failure_is_told_once_a_scene(capsys: pytest.CaptureFixture[str]) -> None:
    view, state = PlainView(), State()
    for code in ("reset", "reset", "connect_failed"):
        view.seen(state, failed(code))
    assert capsys.readouterr().out.count("\n") == 2
    view.scene(state)
    capsys.readouterr()
    view.seen(state, failed())
    assert capsys.readouterr().out.count("\n") == 1


def test_success_is_no_news(capsys: pytest.CaptureFixture[str]) -> None:
    view, state = PlainView(), State()
    view.seen(state, Seen("GET", "/", 200, "success", "", "", 1, 1.0, ""))
    view.draw(state)
    assert capsys.readouterr().out == ""


def test_a_scene_says_what_happens_and_what_the_sidecar_does(capsys: pytest.CaptureFixture[str]) -> None:
    PlainView().scene(State(scene=1))
    out = capsys.readouterr().out
    assert f"2/{len(STORY)} slow: {STORY[1].happens}\n" in out
    assert STORY[1].does in out


def test_news_of_the_policies_are_in_the_line_of_the_second(capsys: pytest.CaptureFixture[str]) -> None:
    state = State()
    state.tally.add(failed())
    state.gauges.overhead_ms = 0.2
    state.gauges.breaker = "open"
    PlainView().draw(state)
    out = capsys.readouterr().out
    assert "1 calls: success 0, network_error 1; p50 3.00 ms" in out
    assert out.endswith("; breaker: open\n")


def test_the_summary_has_every_number(capsys: pytest.CaptureFixture[str]) -> None:
    state = State(elapsed=3.0, own_ms=[0.2])
    state.tally.add(failed())
    state.gauges.opened = 4
    PlainView().closed(state)
    out = capsys.readouterr().out
    for text in ("1 calls in 3 s", "100 %", "502 reset x1", "p50 0.20 ms", "connections: 4 opened"):
        assert text in " ".join(out.split()), text
