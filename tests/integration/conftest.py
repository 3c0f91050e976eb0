"""Fixtures of the tests of the whole program; in-process ones are those of the fault tests."""

from tests.chaos.conftest import pytest_asyncio_loop_factories, scene

__all__ = ["pytest_asyncio_loop_factories", "scene"]
