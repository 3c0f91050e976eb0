"""Fixtures of the wire tests: one sidecar in this process per test, and what it must look like afterwards."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.support.scripted_provider import Script, ScriptedProvider
from tests.support.sidecar_thread import SidecarThread

Start = Callable[..., tuple[ScriptedProvider, SidecarThread]]


@pytest.fixture
def start() -> Iterator[Start]:
    """Give ``start(script, provider={...}, **top)``: a provider, and a sidecar that calls it ``p``.

    When the test has passed: no bug showed, every app connection ended, every provider connection is free or gone.
    """
    with ExitStack() as stack:

        def begin(script: Script, *, provider: dict[str, Any] | None = None, **top: Any) -> Any:
            scripted = stack.enter_context(ScriptedProvider(script))
            settings = {"base_url": scripted.url, **(provider or {})}
            sidecar = stack.enter_context(SidecarThread({"providers": {"p": settings}, **top}))
            return scripted, sidecar

        yield begin
