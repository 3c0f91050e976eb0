from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.core.body import Body
from sidecar.core.exchange import Response
from sidecar.policies import attempt, success
from sidecar.policies.success import Success
from sidecar.policies.throttled import POLICY, Throttled
from tests.unit.policies.stage import Stage, ask, respond

JSON = (b"Content-Type", b"application/json")


def throttled(**settings: Any) -> Stage:
    return Stage(throttled=Throttled.model_validate(settings))


def json(status: int, text: bytes, *headers: tuple[bytes, bytes]) -> Response:
    return respond(status, JSON, *headers, body=Body.of(text))


async def judged(stage: Stage, response: Response) -> tuple[str, str | None]:
    """The verdict on an answer, and what is noted about it."""
    stage.script = [response]
    exchange = ask()
    answer = await stage.build(success.POLICY, POLICY, attempt.POLICY)(exchange)
    assert answer is response
    assert answer.outcome is exchange.attempts[-1].outcome
    return str(answer.outcome), (exchange.notes or {}).get("judged")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "nothing is said about throttling"),
        ({"body_bytes": 10}, "nothing is said about throttling"),
        ({"status": []}, "at least 1 item"),
        ({"header": {"name": "no name"}}, "pattern"),
        ({"header": {}}, "Field required"),
        ({"json": {"pointer": "/a"}}, "exactly one of"),
        ({"status": [403], "mode": "observe"}, "'enforce' or 'off'"),
    ],
)
def test_settings_that_are_wrong(given: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Throttled.model_validate(given)


@pytest.mark.parametrize("settings", [None, "off", {"mode": "off"}, {"mode": "off", "status": [403]}])
def test_without_rules_there_is_no_layer(settings: object) -> None:
    stage = Stage() if settings is None else Stage(throttled=Throttled.model_validate(settings))
    assert POLICY.build(stage._innermost, stage.site) == stage._innermost


GOOGLE = {
    "status": [403],
    "json": {"pointer": "/error/errors/0/reason", "one_of": ["rateLimitExceeded", "userRateLimitExceeded"]},
}
"""developers.google.com/drive/api/guides/handle-errors"""
DYNAMO = {
    "status": [400],
    "json": {
        "pointer": "/__type",
        "one_of": ["com.amazonaws.dynamodb.v20120810#ThrottlingException"],
    },
}
"""docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html"""
SALESFORCE = {"status": [403], "json": {"pointer": "/0/errorCode", "equals": "REQUEST_LIMIT_EXCEEDED"}}
"""developer.salesforce.com: REST API, status codes and error responses"""
SHOPIFY = {"status": [200], "json": {"pointer": "/errors/0/extensions/code", "equals": "THROTTLED"}}
"""shopify.dev/docs/api/admin-graphql#status_and_error_codes"""


@pytest.mark.parametrize(
    ("rule", "status", "text", "verdict"),
    [
        (GOOGLE, 403, b'{"error": {"errors": [{"reason": "rateLimitExceeded"}]}}', "throttled"),
        (GOOGLE, 403, b'{"error": {"errors": [{"reason": "insufficientPermissions"}]}}', "client_error"),
        (DYNAMO, 400, b'{"__type": "com.amazonaws.dynamodb.v20120810#ThrottlingException"}', "throttled"),
        (DYNAMO, 400, b'{"__type": "com.amazon.coral.validate#ValidationException"}', "client_error"),
        (SALESFORCE, 403, b'[{"errorCode": "REQUEST_LIMIT_EXCEEDED", "message": "TotalRequests"}]', "throttled"),
        (SALESFORCE, 403, b'[{"errorCode": "INSUFFICIENT_ACCESS"}]', "client_error"),
        (SHOPIFY, 200, b'{"errors": [{"extensions": {"code": "THROTTLED"}}]}', "throttled"),
        (SHOPIFY, 200, b'{"data": {}}', "success"),
        (SHOPIFY, 200, b"", "success"),
        (SHOPIFY, 200, b"<html>", "success"),
        (SHOPIFY, 400, b'{"errors": [{"extensions": {"code": "THROTTLED"}}]}', "client_error"),
    ],
)  # fmt: skip
async def test_dialects(rule: dict[str, Any], status: int, text: bytes, verdict: str) -> None:
    note = f"throttled by status, json {rule['json']['pointer']}" if verdict == "throttled" else None
    assert await judged(throttled(**rule), json(status, text)) == (verdict, note)


@pytest.mark.parametrize(
    ("rule", "headers", "verdict"),
    [
        ({"name": "X-Reason", "contains": "rate"}, [(b"x-reason", b"Rate exceeded")], "throttled"),
        ({"name": "X-Reason", "contains": "RATE"}, [(b"X-REASON", b"the rate")], "throttled"),
        ({"name": "X-Reason", "contains": "rate"}, [(b"X-Reason", b"quota")], "client_error"),
        ({"name": "X-Reason", "contains": "rate"}, [], "client_error"),
        ({"name": "X-Throttled"}, [(b"X-Throttled", b"")], "throttled"),
        ({"name": "X-Throttled"}, [], "client_error"),
    ],
)
async def test_headers(rule: dict[str, str], headers: list[tuple[bytes, bytes]], verdict: str) -> None:
    note = f"throttled by status, header {rule['name']}" if verdict == "throttled" else None
    assert await judged(throttled(header=rule), respond(420, *headers)) == (verdict, note)


@pytest.mark.parametrize(
    ("status", "verdict"), [(420, "throttled"), (403, "client_error"), (503, "throttled"), (500, "server_error")]
)
async def test_a_status_alone(status: int, verdict: str) -> None:
    stage = throttled(status=[420, 503])
    assert await judged(stage, respond(status)) == (
        verdict,
        "throttled by status" if verdict == "throttled" else None,
    )


async def test_everything_that_is_written_must_hold() -> None:
    both = {"header": {"name": "X-R"}, "json": {"pointer": "/r", "equals": 1}}
    assert (await judged(throttled(**both), json(400, b'{"r": 1}', (b"X-R", b""))))[0] == "throttled"
    assert (await judged(throttled(**both), json(400, b'{"r": 1}')))[0] == "client_error"
    assert (await judged(throttled(**both), json(400, b'{"r": 2}', (b"X-R", b""))))[0] == "client_error"


async def test_a_body_is_read_only_where_the_rest_holds() -> None:
    stage = throttled(header={"name": "X-R"}, json={"pointer": "/r", "equals": 1}, body_bytes=1)
    await judged(stage, json(400, b'{"r": 1}'))
    await judged(stage, json(200, b'{"r": 1}', (b"X-R", b"")))
    await judged(stage, json(429, b'{"r": 1}', (b"X-R", b"")))  # that is known already
    assert stage.site.provider_stats.policies.unread == 0
    assert await judged(stage, json(400, b'{"r": 1}', (b"X-R", b""))) == ("client_error", None)
    assert stage.site.provider_stats.policies.unread == 1


async def test_throttling_goes_before_success() -> None:
    """Shopify: a throttled 200 has ``errors`` as well, and is retried as 429 is, not as a failure."""
    stage = Stage(
        throttled=Throttled.model_validate(SHOPIFY),
        success=Success.model_validate({"json": {"pointer": "/errors", "is": "absent"}}),
    )
    assert (await judged(stage, json(200, b'{"errors": [{"extensions": {"code": "THROTTLED"}}]}')))[0] == "throttled"
    assert (await judged(stage, json(200, b'{"errors": [{"extensions": {"code": "BAD"}}]}')))[0] == "server_error"
    assert (await judged(stage, json(200, b'{"data": 1}')))[0] == "success"
