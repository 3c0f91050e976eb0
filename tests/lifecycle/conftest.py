"""Fixtures of the tests of a sidecar's life in a pod: reloads, rotations, its end."""

import pytest

import sidecar.reloading
from tests.chaos.conftest import pytest_asyncio_loop_factories, scene

__all__ = ["pytest_asyncio_loop_factories", "scene"]


@pytest.fixture
def quick_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at the files every 5 ms."""
    monkeypatch.setattr(sidecar.reloading, "POLL_FILES", 0.005)


@pytest.fixture
def no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not look at the files by the clock."""
    monkeypatch.setattr(sidecar.reloading, "POLL_FILES", 3600.0)
