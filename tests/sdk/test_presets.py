"""Each preset with its provider's own words: how it throttles and fails, as its documentation says.

The library of the provider makes the calls where it is installed; else ``requests`` does, as the documentation writes
them. In each: throttling is seen as such, what the provider told to wait is waited, its ids are in the log, and its
errors reach the app byte for byte.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import openai
import pytest
import requests
import stripe
from botocore.exceptions import ClientError

from tests.sdk.test_sdk_retries import aws
from tests.sdk.told_provider import Front, ToldProvider, answer, front


@pytest.fixture
def provider() -> Iterator[ToldProvider]:
    """A provider of the test's own."""
    with ToldProvider() as running:
        yield running


def call(sidecar: Front, method: str, path: str, content: Any = None) -> tuple[int, bytes, str]:
    """One call without a library: status, body, and what the sidecar says of it."""
    with requests.Session() as session:
        got = session.request(method, sidecar.url + path, json=content, headers={"Authorization": "Bearer t0ken"})
        return got.status_code, got.content, got.headers["Sidecar-Outcome"]


# ---- stripe ----

RATE_LIMIT = {
    "error": {
        "code": "rate_limit",
        "doc_url": "https://stripe.com/docs/error-codes/rate-limit",
        "message": "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
        "type": "invalid_request_error",
    }
}
LOCK_TIMEOUT = {
    "error": {
        "code": "lock_timeout",
        "doc_url": "https://stripe.com/docs/error-codes/lock-timeout",
        "message": "This object cannot be accessed right now because another API request is currently accessing it.",
        "type": "invalid_request_error",
    }
}
KEY_IN_USE = {
    "error": {
        "code": "idempotency_key_in_use",
        "message": "There is currently another in-progress request using this Idempotent Key.",
        "type": "idempotency_error",
    }
}
DECLINED = {
    "error": {
        "charge": "ch_1",
        "code": "card_declined",
        "decline_code": "insufficient_funds",
        "doc_url": "https://stripe.com/docs/error-codes/card-declined",
        "message": "Your card has insufficient funds.",
        "type": "card_error",
    }
}
CUSTOMER = {"id": "cus_1", "object": "customer", "email": "a@example.com"}


def stripe_api(sidecar: Front) -> Any:
    """As an application makes it, without tries of its own."""
    bases: Any = {"api": sidecar.url}
    http = stripe.RequestsClient()
    return stripe.StripeClient("sk_test_1", base_addresses=bases, http_client=http, max_network_retries=0)


def of_stripe(number: int, **headers: str) -> dict[str, str]:
    """What every answer of Stripe has (docs.stripe.com/api/request_ids)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"Request-Id": f"req_{number}", "Stripe-Version": "2025-03-31.basil", **named}


def test_stripe_throttles_and_locks_and_then_creates_once(provider: ToldProvider) -> None:
    """docs.stripe.com/rate-limits (429 with a reason, lock time-outs), docs.stripe.com/error-low-level (409)."""
    provider.tell(
        answer(429, RATE_LIMIT, of_stripe(1, Stripe_Rate_Limited_Reason="endpoint-rate", Retry_After="1")),
        answer(409, KEY_IN_USE, of_stripe(2)),
        answer(200, CUSTOMER, of_stripe(3)),
    )
    with front("stripe", provider) as sidecar:
        api = stripe_api(sidecar)
        made = api.v1.customers.create({"email": "a@example.com"})
        line, sends = sidecar.line(), sidecar.sends()
    assert (made.id, made.last_response.request_id) == ("cus_1", "req_3")
    assert made.last_response.headers["Sidecar-Attempts"] == "3"
    assert sends == [(429, "req_1"), (409, "req_2"), (200, "req_3")]
    assert (line["outcome"], line["retry_reason"]) == ("success", "409")
    assert len({arrival.request.get("idempotency-key") for arrival in provider.arrivals}) == 1
    assert provider.waited[0] >= 1.0


def test_stripe_still_throttles_when_the_tries_are_over(provider: ToldProvider) -> None:
    headers = of_stripe(7, Stripe_Should_Retry="true")
    provider.tell(answer(429, LOCK_TIMEOUT, headers))
    with front("stripe", provider, rate="off") as sidecar:
        with pytest.raises(stripe.RateLimitError) as raised:
            stripe_api(sidecar).v1.customers.update("cus_1", {"name": "Jenny"})
        sends = sidecar.sends()
    error = raised.value
    assert (error.http_status, error.request_id) == (429, "req_7")
    assert json.loads(str(error.http_body)) == LOCK_TIMEOUT
    assert (error.headers or {})["Sidecar-Outcome"] == "throttled; sent=all"
    assert sends == [(429, "req_7")] * 3


@pytest.mark.parametrize(
    ("status", "content", "veto", "kind", "outcome"),
    [
        (402, DECLINED, "false", stripe.CardError, "client_error"),
        (
            500,
            {"error": {"type": "api_error", "message": "Unknown error"}},
            "false",
            stripe.APIError,
            "server_error",
        ),
        (401, {"error": {"type": "invalid_request_error"}}, None, stripe.AuthenticationError, "client_error"),
    ],
)
def test_stripes_final_errors_reach_the_app_at_once(
    provider: ToldProvider, status: int, content: Any, veto: str | None, kind: type[stripe.StripeError], outcome: str
) -> None:
    headers = of_stripe(1, **({"Stripe_Should_Retry": veto} if veto else {}))
    provider.tell(answer(status, content, headers))
    with front("stripe", provider) as sidecar, pytest.raises(kind) as raised:
        stripe_api(sidecar).v1.customers.create({"email": "a@example.com"})
    assert type(raised.value) is kind
    assert json.loads(str(raised.value.http_body)) == content
    assert (raised.value.headers or {})["Sidecar-Outcome"] == f"{outcome}; sent=all"
    assert len(provider.arrivals) == 1


# ---- github ----

GITHUB_PRIMARY = {
    "message": "API rate limit exceeded for user ID 1.",
    "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api",
    "status": "403",
}
GITHUB_SECONDARY = {
    "documentation_url": "https://docs.github.com/rest/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
    "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
}
GITHUB_INVALID = {
    "message": "Validation Failed",
    "errors": [{"resource": "Issue", "field": "title", "code": "missing_field"}],
    "documentation_url": "https://docs.github.com/rest/issues/issues#create-an-issue",
    "status": "422",
}
GITHUB_LIMITED_QUERY = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded for user ID 1."}]}


def of_github(number: int, remaining: int, reset: int, resource: str = "core") -> dict[str, str]:
    """What every answer of GitHub has (docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""
    return {
        "X-GitHub-Request-Id": f"C0DE:{number}",
        "x-ratelimit-limit": "5000",
        "x-ratelimit-remaining": str(remaining),
        "x-ratelimit-used": str(5000 - remaining),
        "x-ratelimit-reset": str(reset),
        "x-ratelimit-resource": resource,
    }


@pytest.mark.parametrize("status", [403, 429])
def test_githubs_primary_limit_is_waited_for(provider: ToldProvider, status: int) -> None:
    reset = int(time.time()) + 1
    provider.tell(
        answer(status, GITHUB_PRIMARY, of_github(1, 0, reset)),
        answer(201, {"number": 7}, of_github(2, 4999, reset + 3600)),
    )
    with front("github", provider) as sidecar:
        got = call(sidecar, "POST", "/repos/o/r/issues", {"title": "a"})
        sends = sidecar.sends()
    assert got == (201, b'{"number": 7}', "success")
    assert sends == [(status, "C0DE:1"), (201, "C0DE:2")]
    assert provider.arrivals[1].wall >= reset


def test_githubs_secondary_limit(provider: ToldProvider) -> None:
    reset = int(time.time()) + 3600
    provider.tell(answer(403, GITHUB_SECONDARY, {"Retry-After": "1", **of_github(1, 4000, reset)}))
    with front("github", provider, retry={"attempts": 2}) as sidecar:
        got = call(sidecar, "POST", "/repos/o/r/issues", {"title": "a"})
        line, sends = sidecar.line(), sidecar.sends()
    assert got == (403, json.dumps(GITHUB_SECONDARY).encode(), "throttled; sent=all")
    assert sends == [(403, "C0DE:1")] * 2
    assert (line["outcome"], line["retry_refused"]) == ("throttled", "attempts")
    assert provider.waited[0] >= 1.0


def test_githubs_graphql_throttles_with_200(provider: ToldProvider) -> None:
    reset = int(time.time()) + 1
    data = {"data": {"viewer": {"login": "o"}}}
    wrong = {"data": None, "errors": [{"type": "NOT_FOUND", "path": ["repository"], "message": "Could not resolve"}]}
    provider.tell(
        answer(200, GITHUB_LIMITED_QUERY, of_github(1, 0, reset, "graphql")),
        answer(200, data, of_github(2, 4999, reset + 3600, "graphql")),
        answer(200, wrong, of_github(3, 4998, reset + 3600, "graphql")),
    )
    with front("github", provider) as sidecar:
        query = {"query": "{ viewer { login } }"}
        got = call(sidecar, "POST", "/graphql", query)
        sends = sidecar.sends()
        mistaken = call(sidecar, "POST", "/graphql", query)
    assert got == (200, json.dumps(data).encode(), "success")
    assert sends == [(200, "C0DE:1"), (200, "C0DE:2")]
    assert provider.arrivals[1].wall >= reset
    assert mistaken == (200, json.dumps(wrong).encode(), "client_error; sent=all")
    assert len(provider.arrivals) == 3


def test_githubs_final_errors_reach_the_app_at_once(provider: ToldProvider) -> None:
    provider.tell(answer(422, GITHUB_INVALID, of_github(1, 4000, int(time.time()) + 3600)))
    with front("github", provider) as sidecar:
        got = call(sidecar, "POST", "/repos/o/r/issues", {})
    assert got == (422, json.dumps(GITHUB_INVALID).encode(), "client_error; sent=all")
    assert len(provider.arrivals) == 1


# ---- openai ----

TOO_MANY = {
    "error": {
        "message": "Rate limit reached for gpt-4o-mini in organization org-1 on requests per min (RPM): Limit 3, "
        "Used 3, Requested 1. Please try again in 50ms. Visit https://platform.openai.com/account/rate-limits.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
}
OVERLOADED = {
    "error": {
        "message": "The engine is currently overloaded, please try again later",
        "type": "server_error",
        "param": None,
        "code": None,
    }
}
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1700000000,
    "model": "gpt-4o-mini",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
}


def of_openai(number: int, **headers: str) -> dict[str, str]:
    """What every answer of OpenAI has (platform.openai.com/docs/guides/rate-limits, "Rate limits in headers")."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {
        "x-request-id": f"req_{number}",
        "openai-processing-ms": "7",
        "x-ratelimit-limit-requests": "3",
        "x-ratelimit-remaining-requests": "0" if "retry_after_ms" in headers else "2",
        "x-ratelimit-reset-requests": "50ms",
        **named,
    }


def ask(sidecar: Front) -> Any:
    """One completion, and the head of its answer."""
    with openai.OpenAI(base_url=f"{sidecar.url}/v1", api_key="sk-test", max_retries=0) as api:
        return api.chat.completions.with_raw_response.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}]
        )


@pytest.mark.parametrize("rate", ["off", {}])
def test_openais_hint_in_milliseconds_is_waited_for(provider: ToldProvider, rate: Any) -> None:
    """And not the ``retry-after`` beside it; with ``rate: {}`` the published limits are read as well."""
    limited = of_openai(1, retry_after_ms="50", retry_after="30")
    provider.tell(answer(429, TOO_MANY, limited), answer(200, COMPLETION, of_openai(2)))
    with front("openai", provider, rate=rate) as sidecar:
        got = ask(sidecar)
        sends = sidecar.sends()
    assert got.parse().choices[0].message.content == "Hello"
    assert (got.headers["sidecar-outcome"], got.headers["x-request-id"]) == ("success", "req_2")
    assert sends == [(429, "req_1"), (200, "req_2")]
    assert 0.05 <= provider.waited[0] < 30.0


@pytest.mark.parametrize(
    ("status", "content", "headers", "kind", "outcome", "sends"),
    [
        (429, TOO_MANY, {"retry_after_ms": "50"}, openai.RateLimitError, "throttled", 3),
        (503, OVERLOADED, {"retry_after": "0"}, openai.InternalServerError, "server_error", 3),
        (503, OVERLOADED, {}, openai.InternalServerError, "server_error", 1),  # it may have been answered, and paid for
        (500, OVERLOADED, {"x_should_retry": "false"}, openai.InternalServerError, "server_error", 1),
        (400, {"error": {"message": "no", "code": None}}, {}, openai.BadRequestError, "client_error", 1),
    ],
)
def test_openais_errors_reach_the_app(
    provider: ToldProvider,
    status: int,
    content: dict[str, Any],
    headers: dict[str, str],
    kind: type[openai.APIStatusError],
    outcome: str,
    sends: int,
) -> None:
    provider.tell(answer(status, content, of_openai(1, **headers)))
    with front("openai", provider) as sidecar:
        with pytest.raises(kind) as raised:
            ask(sidecar)
        made = sidecar.sends()
    assert raised.value.body == content["error"]
    assert raised.value.response.content == json.dumps(content).encode()
    assert raised.value.request_id == "req_1"
    assert raised.value.response.headers["sidecar-outcome"] == f"{outcome}; sent=all"
    assert made == [(status, "req_1")] * sends


# ---- slack ----


def of_slack(number: int, **headers: str) -> dict[str, str]:
    """What every answer of Slack has (api.slack.com/apis/rate-limits)."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return {"x-slack-req-id": f"slack-{number}", "Content-Type": "application/json; charset=utf-8", **named}


@pytest.mark.parametrize("status", [429, 200])
def test_slack_throttles_with_429_and_with_200(provider: ToldProvider, status: int) -> None:
    limited, posted = {"ok": False, "error": "ratelimited"}, {"ok": True, "ts": "1503435956.000247"}
    provider.tell(
        answer(status, limited, of_slack(1, Retry_After="1")),
        answer(200, posted, of_slack(2)),
        answer(status, limited, of_slack(3, Retry_After="0")),
    )
    with front("slack", provider) as sidecar:
        message = {"channel": "C1", "text": "Hello"}
        got = call(sidecar, "POST", "/api/chat.postMessage", message)
        sends = sidecar.sends()
        still = call(sidecar, "POST", "/api/chat.postMessage", message)
        line = sidecar.sidecar.requests(2)[-1]
    assert got == (200, json.dumps(posted).encode(), "success")
    assert sends == [(status, "slack-1"), (200, "slack-2")]
    assert provider.waited[0] >= 1.0
    assert still == (status, json.dumps(limited).encode(), "throttled; sent=all")
    assert [one["tracking_id"] for one in line["attempts"]] == ["slack-3"] * 3


@pytest.mark.parametrize(
    ("status", "content", "outcome"),
    [
        (200, {"ok": False, "error": "channel_not_found"}, "client_error"),
        (503, {"ok": False, "error": "service_unavailable"}, "server_error"),
    ],
)
def test_slacks_errors_reach_the_app_at_once(provider: ToldProvider, status: int, content: Any, outcome: str) -> None:
    """After 503 nobody knows whether the message was posted: once more would be twice."""
    provider.tell(answer(status, content, of_slack(1)))
    with front("slack", provider) as sidecar:
        got = call(sidecar, "POST", "/api/chat.postMessage", {"channel": "C1", "text": "Hello"})
        sends = sidecar.sends()
    assert got == (status, json.dumps(content).encode(), f"{outcome}; sent=all")
    assert sends == [(status, "slack-1")]


# ---- aws-like ----

PROVISIONED = {
    "__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    "message": "The level of configured provisioned throughput for the table was exceeded.",
}
CONDITION = {
    "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
    "message": "The conditional request failed",
}
SLOW_DOWN = b"""<?xml version="1.0" encoding="UTF-8"?>
<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message><RequestId>S3-1</RequestId></Error>"""


def of_dynamodb(number: int) -> dict[str, str]:
    """What every answer of DynamoDB has (docs.aws.amazon.com/amazondynamodb, "Error handling with DynamoDB")."""
    return {"x-amzn-RequestId": f"DYNAMO-{number}", "Content-Type": "application/x-amz-json-1.0"}


def test_dynamodb_throttles_with_400(provider: ToldProvider) -> None:
    provider.tell(answer(400, PROVISIONED, of_dynamodb(1)), answer(200, {}, of_dynamodb(2)))
    with front("aws-like", provider) as sidecar:
        api = aws("dynamodb", sidecar.url, total_max_attempts=1)
        done = api.put_item(TableName="t", Item={"id": {"S": "1"}})
        api.close()
        sends, line = sidecar.sends(), sidecar.line()
    assert done["ResponseMetadata"]["RequestId"] == "DYNAMO-2"
    assert sends == [(400, "DYNAMO-1"), (200, "DYNAMO-2")]
    assert (line["outcome"], line["retry_reason"]) == ("success", "429")


@pytest.mark.parametrize(
    ("content", "code", "outcome", "sends"),
    [
        (PROVISIONED, "ProvisionedThroughputExceededException", "throttled", 3),
        (CONDITION, "ConditionalCheckFailedException", "client_error", 1),
    ],
)
def test_dynamodbs_errors_reach_the_app(
    provider: ToldProvider, content: dict[str, str], code: str, outcome: str, sends: int
) -> None:
    provider.tell(answer(400, content, of_dynamodb(1)))
    with front("aws-like", provider) as sidecar:
        api = aws("dynamodb", sidecar.url, total_max_attempts=1)
        with pytest.raises(ClientError) as raised:
            api.put_item(TableName="t", Item={"id": {"S": "1"}})
        api.close()
        made = sidecar.sends()
    told = raised.value.response
    assert told["Error"] == {"Code": code, "Message": content["message"]}
    assert told["ResponseMetadata"]["RequestId"] == "DYNAMO-1"
    assert told["ResponseMetadata"]["HTTPHeaders"]["sidecar-outcome"] == f"{outcome}; sent=all"
    assert made == [(400, "DYNAMO-1")] * sends


def test_s3_asks_to_slow_down(provider: ToldProvider) -> None:
    """docs.aws.amazon.com/AmazonS3, "Error responses": 503 SlowDown."""
    headers = {"x-amz-request-id": "S3-1", "x-amz-id-2": "h", "Content-Type": "application/xml"}
    provider.tell(answer(503, SLOW_DOWN, headers))
    with front("aws-like", provider) as sidecar:
        api = aws("s3", sidecar.url, total_max_attempts=1)
        with pytest.raises(ClientError) as raised:
            api.put_object(Bucket="b", Key="k", Body=b"content")
        api.close()
        sends = sidecar.sends()
    assert raised.value.response["Error"]["Code"] == "SlowDown"
    assert raised.value.response["ResponseMetadata"]["RequestId"] == "S3-1"
    assert sends == [(503, "S3-1")] * 3
