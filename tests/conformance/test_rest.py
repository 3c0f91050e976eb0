"""What a connection of the app holds between two calls: nothing."""

import asyncio
import gc

from sidecar.core.exchange import Exchange
from tests.conformance.conftest import Start
from tests.support.scripted_provider import OK, answer

HOST = b"Host: app.test\r\n"


def test_a_connection_at_rest_holds_nothing_of_its_last_call(start: Start) -> None:
    """What was kept of a request, to be sent again, is as much memory as the app sends."""
    _, sidecar = start(answer(OK))
    with sidecar.client() as client:
        for _ in range(2):
            head = b"POST /p/x HTTP/1.1\r\n" + HOST + b"Content-Length: 60000\r\n\r\n"
            assert client.ask(head + bytes(60_000)).status == 200
        sidecar.call(asyncio.sleep(0))  # the answer is out before the call's last step
        assert held_calls() == []


def held_calls() -> list[Exchange]:
    """Every call in memory whose request was this large."""
    gc.collect()
    return [
        one for one in gc.get_objects() if type(one) is Exchange and one.body is not None and one.body.length == 60_000
    ]
