import socket
from dataclasses import replace

import pytest

from sidecar.core.env import Env
from sidecar.demo.stage import CannotStart, PortTaken, Stage, is_free


def test_a_port_in_use_is_not_free() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert not is_free(port)
    assert is_free(port)


async def test_a_taken_port_is_refused_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        stage = Stage(Env(), taken.getsockname()[1])
        with pytest.raises(PortTaken, match=str(taken.getsockname()[1])):
            await stage.open()
    stage.close()


async def test_without_a_port_for_the_provider_there_is_no_demo() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        stage = Stage(replace(Env(), uniform=lambda low, high: port))
        with pytest.raises(CannotStart, match="no port"):
            await stage.open()
    stage.close()
