"""Fixtures of the fault tests."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tests.chaos.scene import Scene


def pytest_asyncio_loop_factories(config: pytest.Config, item: pytest.Item) -> dict[str, Any]:
    """The sidecar runs on uvloop, whose order of callbacks is not asyncio's."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A sidecar to be started; at the end nothing may be left of any request."""
    scene = Scene(tmp_path)
    yield scene
    await scene.close()
