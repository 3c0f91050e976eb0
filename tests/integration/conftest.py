"""Fixtures of the tests of the whole program; in-process ones are those of the fault tests."""

import pytest

from tests.chaos.conftest import pytest_asyncio_loop_factories, scene

__all__ = ["pytest_asyncio_loop_factories", "scene"]


def pytest_configure(config: pytest.Config) -> None:
    """Leave them out by ``-m "not big"``."""
    config.addinivalue_line("markers", "big: carries a gigabyte; a few seconds")
