import importlib.util

import pytest

from sidecar.demo.live import LiveView
from sidecar.demo.perform import _view
from sidecar.demo.plain import PlainView


def test_colours_need_a_terminal_and_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(_view(colours=True), LiveView)
    assert isinstance(_view(colours=False), PlainView)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert isinstance(_view(colours=True), PlainView)
