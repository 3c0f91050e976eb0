import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.core.body import Body
from sidecar.core.errors import Outcome, ResponseIncomplete
from sidecar.core.exchange import Response
from sidecar.policies import attempt
from sidecar.policies.success import POLICY, Success
from tests.support.still import turn
from tests.unit.policies.stage import Stage, ask, respond

NO_ERRORS = {"json": {"pointer": "/errors", "is": "absent"}}
JSON = (b"Content-Type", b"application/json")


def success(**settings: Any) -> Stage:
    return Stage(success=Success.model_validate(settings))


def json(text: bytes, status: int = 200) -> Response:
    return respond(status, JSON, body=Body.of(text))


async def judged(stage: Stage, response: Response, method: bytes = b"GET") -> tuple[str, str | None]:
    """The verdict on an answer, and what is noted about it."""
    stage.script = [response]
    exchange = ask(method=method)
    answer = await stage.build(POLICY, attempt.POLICY)(exchange)
    assert answer is response
    assert answer.outcome is exchange.attempts[-1].outcome
    assert answer.outcome is not None
    return str(answer.outcome), (exchange.notes or {}).get("judged")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "nothing is said about a success"),
        ({"outcome": "throttled"}, "nothing is said about a success"),
        ({"status": [200, 404]}, "an answer of 400 or more is no success"),
        ({"status": ["4xx"]}, "an answer of 400 or more is no success"),
        ({"status": [600]}, "not a status: '600'"),
        ({"status": ["2x"]}, "not a status: '2x'"),
        ({"status": [True]}, "not a status"),
        ({"content_type": "json"}, "pattern"),
        ({"content_type": "application/json; charset=utf-8"}, "pattern"),
        ({"json": {"is": "absent"}}, "Field required"),
        ({"json": {"pointer": "/a"}}, "exactly one of is, equals and one_of"),
        ({"json": {"pointer": "/a", "is": "absent", "equals": None}}, "exactly one of is, equals and one_of"),
        ({"json": {"pointer": "/a", "is": None}}, "exactly one of is, equals and one_of"),
        ({"json": {"pointer": "/a", "one_of": None}}, "exactly one of is, equals and one_of"),
        ({"json": {"pointer": "/a", "is": "empty"}}, "'absent' or 'present'"),
        ({"json": {"pointer": "/a", "one_of": []}}, "at least 1 item"),
        ({"json": {"pointer": "/a", "equals": [1]}}, "valid"),
        ({"json": {"pointer": "a", "is": "absent"}}, "not a JSON pointer: 'a'"),
        ({**NO_ERRORS, "body_bytes": "2MiB"}, "less than or equal to 1048576"),
        ({**NO_ERRORS, "outcome": "success"}, "'client_error', 'throttled' or 'server_error'"),
        ({**NO_ERRORS, "mode": "observe"}, "'enforce' or 'off'"),
    ],
)
def test_settings_that_are_wrong(given: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        Success.model_validate(given)


@pytest.mark.parametrize("settings", [None, "off", {"mode": "off"}, {**NO_ERRORS, "mode": "off"}])
def test_without_rules_there_is_no_layer(settings: object) -> None:
    stage = Stage() if settings is None else Stage(success=Success.model_validate(settings))
    assert POLICY.build(stage._innermost, stage.site) == stage._innermost


@pytest.mark.parametrize(
    ("text", "verdict", "note"),
    [
        (b'{"data": {"a": 1}}', "success", None),
        (b'{"data": null, "errors": null}', "success", None),
        (b'{"data": null, "errors": [{"message": "s3cret"}]}', "server_error", "/errors is not absent"),
        (b'{"errors": []}', "server_error", "/errors is not absent"),
        (b"", "success", None),
        (b"<html>", "server_error", "the body is not JSON"),
        (b'{"data": {"a": ', "server_error", "the body is not JSON"),
    ],
)
async def test_graphql_errors(text: bytes, verdict: str, note: str | None) -> None:
    assert await judged(success(**NO_ERRORS), json(text)) == (verdict, note)


@pytest.mark.parametrize(
    ("rule", "text", "note"),
    [
        ({"pointer": "/ok", "equals": True}, b'{"ok": true}', None),
        (
            {"pointer": "/ok", "equals": True},
            b'{"ok": false, "error": "channel_not_found"}',
            "/ok is not as it must be",
        ),
        ({"pointer": "/ok", "equals": True}, b"", "/ok is not as it must be"),
        ({"pointer": "/error", "equals": None}, b'{"error": null}', None),
        ({"pointer": "/error", "equals": None}, b"{}", "/error is not as it must be"),
        ({"pointer": "/status", "one_of": ["paid", "open"]}, b'{"status": "open"}', None),
        ({"pointer": "/status", "one_of": ["paid", "open"]}, b'{"status": "void"}', "/status is not as it must be"),
        ({"pointer": "/data", "is": "present"}, b'{"data": []}', None),
        ({"pointer": "/data", "is": "present"}, b'{"data": null}', "/data is not present"),
    ],
)
async def test_other_rules(rule: dict[str, object], text: bytes, note: str | None) -> None:
    assert await judged(success(json=rule), json(text)) == ("server_error" if note else "success", note)


@pytest.mark.parametrize(
    ("statuses", "status", "good"),
    [
        ([200, 201], 201, True),
        ([200, 201], 202, False),
        (["2xx"], 299, True),
        (["2XX"], 200, True),
        (["2xx"], 302, False),
        (["2xx", 304], 304, True),
        ([200], 304, False),
    ],
)
async def test_statuses(statuses: list[object], status: int, good: bool) -> None:
    expected = ("success", None) if good else ("server_error", "status is none of success.status")
    assert await judged(success(status=statuses), respond(status)) == expected


@pytest.mark.parametrize(
    ("kind", "good"),
    [
        (b"application/json", True),
        (b"application/JSON; charset=utf-8", True),
        (b"text/html", False),
        (b"application/problem+json", False),
        (b"", False),
    ],
)
async def test_the_media_type(kind: bytes, good: bool) -> None:
    expected = ("success", None) if good else ("server_error", "content type is not success.content_type")
    response = respond(200, (b"Content-Type", kind), body=Body.of(b"{}"))
    assert await judged(success(content_type="application/JSON"), response) == expected


@pytest.mark.parametrize("rule", [{"pointer": "/ok", "equals": True}, {"pointer": "/errors", "is": "absent"}])
async def test_what_is_not_read_passes_whatever_the_rule(rule: dict[str, object]) -> None:
    stage = success(json=rule, body_bytes=4)
    assert await judged(stage, respond(200, (b"Content-Type", b"text/html"), body=Body.of(b"no"))) == ("success", None)
    assert await judged(stage, json(b'{"errors": [1]}')) == ("success", None)
    assert stage.site.provider_stats.policies.unread == 1


async def test_an_answer_without_content_has_no_media_type_to_be_wrong() -> None:
    assert await judged(success(content_type="application/json"), respond(200, body=Body.of(b""))) == ("success", None)


async def test_an_answer_of_another_type_passes_unless_its_type_is_asked_for() -> None:
    def page() -> Response:
        return respond(200, (b"Content-Type", b"text/html"), body=Body.of(b"<html>"))

    assert await judged(success(**NO_ERRORS), page()) == ("success", None)
    asked = success(**NO_ERRORS, content_type="application/json")
    assert await judged(asked, page()) == ("server_error", "content type is not success.content_type")


@pytest.mark.parametrize(("method", "status"), [(b"HEAD", 200), (b"GET", 204), (b"GET", 304), (b"GET", 101)])
async def test_answers_without_a_body_pass_by_their_status(method: bytes, status: int) -> None:
    stage = success(content_type="application/json", json={"pointer": "/ok", "equals": True})
    assert await judged(stage, respond(status), method) == ("success", None)


@pytest.mark.parametrize(("status", "verdict"), [(400, "client_error"), (429, "throttled"), (503, "server_error")])
async def test_failures_by_their_status_stay_what_they_are(status: int, verdict: str) -> None:
    stage = success(status=[200], **NO_ERRORS, outcome="client_error")
    assert await judged(stage, json(b'{"errors": [1]}', status)) == (verdict, None)


@pytest.mark.parametrize("outcome", ["client_error", "throttled", "server_error"])
async def test_what_a_failure_counts_as(outcome: str) -> None:
    verdict, _ = await judged(success(**NO_ERRORS, outcome=outcome), json(b'{"errors": [1]}'))
    assert verdict == outcome


async def test_an_answer_is_held_until_it_is_whole() -> None:
    stage, body = success(**NO_ERRORS), Body()
    stage.script = [respond(200, JSON, body=body)]
    task = asyncio.ensure_future(stage.build(POLICY, attempt.POLICY)(ask()))
    body.feed(b'{"errors": ')
    await turn()
    assert not task.done()
    body.feed(b"[1]}")
    body.finish()
    response = await task
    assert (response.outcome, response.body.content()) == (Outcome.SERVER_ERROR, b'{"errors": [1]}')


async def test_an_answer_that_breaks_off_while_it_is_held_is_an_error() -> None:
    stage, body = success(**NO_ERRORS), Body()
    stage.script = [respond(200, JSON, body=body)]
    exchange = ask()
    task = asyncio.ensure_future(stage.build(POLICY, attempt.POLICY)(exchange))
    await turn()
    body.fail(ResponseIncomplete("half"))
    with pytest.raises(ResponseIncomplete):
        await task
    assert exchange.notes is None
    assert exchange.attempts[-1].outcome is Outcome.NETWORK_ERROR
