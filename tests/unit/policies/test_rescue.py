import asyncio

import orjson
import pytest

from sidecar.core.errors import ERRORS, BadRequest, ConnectFailed, MethodRefused, PoolExhausted, Reset, Sent
from sidecar.core.exchange import Attempt, Response
from sidecar.policies import rescue
from tests.unit.policies.stage import Stage, ask


async def rescued(error: BaseException, *sent: Sent) -> tuple[Stage, Response]:
    stage = Stage()
    stage.script.append(error)
    exchange = ask()
    exchange.request_id = "abc"
    for number, reached in enumerate(sent):
        attempt = Attempt(number + 1, 100.0)
        attempt.sent = reached
        exchange.attempts.append(attempt)
    response = await stage.build(rescue.POLICY)(exchange)
    return stage, response


def document(response: Response) -> dict[str, object]:
    found: dict[str, object] = orjson.loads(response.body.content())
    return found


async def test_problem() -> None:
    stage, response = await rescued(PoolExhausted("all busy", retry_after=1.2))
    assert response.status == 503
    assert response.reason == b"Service Unavailable"
    assert document(response) == {
        "type": "https://sidecar.invalid/problems/pool_exhausted",
        "title": "No connection to the provider was free in time",
        "status": 503,
        "detail": "all busy",
        "code": "pool_exhausted",
        "provider": "payments",
        "route": "charge",
        "sent": "nothing",
        "attempts": 0,
        "retry_after": 2,
        "request_id": "abc",
    }
    headers = response.headers
    assert headers.get(b"content-type") == b"application/problem+json"
    assert headers.get(b"content-length") == str(len(response.body.content())).encode()
    assert headers.get(b"retry-after") == b"2"
    assert headers.get(b"cache-control") == b"no-store"
    assert headers.get(b"proxy-status") == b'sidecar; error=connection_limit_reached; details="all busy"'
    assert isinstance(stage.seen[0].error, PoolExhausted)
    assert stage.log.lines == []


@pytest.mark.parametrize("kind", ERRORS)
async def test_every_error(kind: type) -> None:
    _, response = await rescued(kind("why"))
    assert document(response)["code"] == kind.code
    assert response.status == kind.status


async def test_status_of_a_bad_request() -> None:
    _, response = await rescued(BadRequest("too long", status=414))
    assert response.status == document(response)["status"] == 414


async def test_refused_method_says_what_is_allowed() -> None:
    _, response = await rescued(MethodRefused("no"))
    assert response.headers.get(b"allow")


async def test_secrets_in_a_detail_are_masked() -> None:
    _, response = await rescued(ConnectFailed("GET https://user:hunter22@api.test/?api_key=k3y-abcdef failed"))
    whole = response.body.content() + (response.headers.get(b"proxy-status") or b"")
    assert b"hunter22" not in whole
    assert b"k3y-abcdef" not in whole


@pytest.mark.parametrize("error", [ConnectFailed, ZeroDivisionError])
async def test_secrets_of_the_call_are_masked_wherever_an_error_echoes_them(error: type[Exception]) -> None:
    stage = Stage()
    stage.script.append(error("neither zebra-Lantern-77 nor quiet-Harbour-88 will do"))
    secrets = (b"Authorization", b"Bearer zebra-Lantern-77")
    response = await stage.build(rescue.POLICY)(ask(b"/x?api_key=quiet-Harbour-88", secrets))
    shown = response.body.content() + (response.headers.get(b"proxy-status") or b"") + orjson.dumps(stage.log.lines)
    assert b"zebra" not in shown
    assert b"quiet" not in shown
    assert b"will do" in shown


async def test_bug_is_answered_and_logged_once_with_its_traceback() -> None:
    stage, response = await rescued(ZeroDivisionError("token=s3cr3t-value"), Sent.MAYBE)
    assert (response.status, document(response)["code"], document(response)["sent"]) == (500, "internal", "maybe")
    assert b"s3cr3t" not in response.body.content()
    (line,) = stage.log.lines
    assert (line["event"], line["level"], line["request_id"]) == ("internal_error", "error", "abc")
    assert "ZeroDivisionError" in line["traceback"]
    assert "s3cr3t" not in line["traceback"]


@pytest.mark.parametrize(
    ("last", "earlier", "expected"),
    [
        (Sent.NOTHING, (), "nothing"),
        (Sent.NOTHING, (Sent.NOTHING,), "nothing"),
        (Sent.NOTHING, (Sent.MAYBE, Sent.NOTHING), "maybe"),
        (Sent.NOTHING, (Sent.ALL, Sent.NOTHING), "maybe"),
        (Sent.MAYBE, (Sent.MAYBE,), "maybe"),
        (Sent.ALL, (Sent.ALL,), "all"),
    ],
)
async def test_what_an_earlier_attempt_sent_is_not_forgotten(
    last: Sent, earlier: tuple[Sent, ...], expected: str
) -> None:
    _, response = await rescued(Reset("gone", sent=last), *earlier)
    assert document(response)["sent"] == expected


async def test_cancellation_passes() -> None:
    with pytest.raises(asyncio.CancelledError):
        await rescued(asyncio.CancelledError())
