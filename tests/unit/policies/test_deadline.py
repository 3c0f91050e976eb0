import pytest

from sidecar.core.errors import BadRequest
from sidecar.core.exchange import NEVER
from sidecar.policies import deadline
from sidecar.policies.timeouts import Timeouts
from tests.unit.policies.stage import Stage, ask


async def deadline_of(total: float, *wish: tuple[bytes, bytes]) -> float:
    stage = Stage(timeouts=Timeouts.model_construct(total=total))
    exchange = ask(b"/", *wish)
    await stage.build(deadline.POLICY)(exchange)
    return exchange.deadline


async def test_total_counts_from_the_first_byte() -> None:
    assert await deadline_of(8.0) == 108.0


async def test_no_limit() -> None:
    assert await deadline_of(0.0) == NEVER


async def test_the_app_may_ask_for_less() -> None:
    assert await deadline_of(8.0, (b"Sidecar-Timeout", b"250ms")) == 100.25


async def test_the_app_may_not_ask_for_more() -> None:
    assert await deadline_of(8.0, (b"sidecar-timeout", b"1h")) == 108.0


async def test_a_deadline_of_the_app_is_marked_as_its_own() -> None:
    for wish, hurried in ((b"250ms", True), (b"8s", False), (b"1h", False)):
        stage = Stage(timeouts=Timeouts.model_construct(total=8.0))
        exchange = ask(b"/", (b"sidecar-timeout", wish))
        await stage.build(deadline.POLICY)(exchange)
        assert exchange.hurried is hurried


async def test_the_app_sets_one_where_there_is_none() -> None:
    assert await deadline_of(0.0, (b"sidecar-timeout", b"2s")) == 102.0


@pytest.mark.parametrize("wish", [b"", b"5", b"fast", b"\xff", b"1s, 2s"])
async def test_unreadable_wish(wish: bytes) -> None:
    with pytest.raises(BadRequest, match=r"^Sidecar-Timeout: "):
        await deadline_of(8.0, (b"sidecar-timeout", wish))
