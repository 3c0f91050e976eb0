"""Libraries that try again by themselves, behind a sidecar that does too: their tries do not multiply.

The provider fails always. What counts is how often it was asked for one call of the app: ``attempts`` times (3, the
default) at most, and not three times three; and that the library raises what it raises without a sidecar.
"""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import botocore.retries.standard
import openai
import openai._base_client
import pytest
import stripe
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.sdk.told_provider import RESET, Answer, ToldProvider, answer, front

ATTEMPTS = 3


@pytest.fixture
def provider() -> Iterator[ToldProvider]:
    """A provider of the test's own."""
    with ToldProvider() as running:
        yield running


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The libraries' own waits, which change nothing of how often they try."""
    monkeypatch.setattr(stripe.HTTPClient, "INITIAL_DELAY", 0.001)
    monkeypatch.setattr(openai._base_client, "INITIAL_RETRY_DELAY", 0.001)
    monkeypatch.setattr(botocore.retries.standard.ExponentialBackoff, "delay_amount", lambda *_: 0.0)


# ---- stripe ----

STRIPE: dict[str, tuple[Answer, type[stripe.StripeError]]] = {
    "503": (answer(503, {"error": {"type": "api_error", "message": "down"}}), stripe.APIError),
    "429": (answer(429, {"error": {"code": "rate_limit", "type": "invalid_request_error"}}), stripe.RateLimitError),
    "lock": (
        answer(429, {"error": {"code": "lock_timeout"}}, {"Stripe-Should-Retry": "true"}),
        stripe.RateLimitError,
    ),
    "409": (answer(409, {"error": {"type": "idempotency_error"}}), stripe.APIError),
    "reset": (RESET, stripe.APIError),
}


STRIPE_CALLS: dict[str, Callable[[stripe.StripeClient], Any]] = {
    "GET": lambda api: api.v1.customers.retrieve("cus_1"),
    "POST": lambda api: api.v1.customers.create({"email": "a@example.com"}),
}


@pytest.mark.parametrize("method", STRIPE_CALLS)
@pytest.mark.parametrize("kind", STRIPE)
def test_stripe(provider: ToldProvider, kind: str, method: str) -> None:
    failure, error = STRIPE[kind]
    provider.tell(failure)
    # Without `rate`, which would answer a 429 with a slower pace, and so with fewer tries.
    with front("stripe", provider, rate="off") as sidecar:
        http = stripe.RequestsClient()
        bases: Any = {"api": sidecar.url}
        api = stripe.StripeClient("sk_test_1", base_addresses=bases, http_client=http, max_network_retries=2)
        with pytest.raises(error) as raised:
            STRIPE_CALLS[method](api)
        http.close()
        calls = len(sidecar.sidecar.requests(1))
    assert type(raised.value) is error
    assert len(provider.arrivals) == ATTEMPTS
    assert calls == 1  # the library did not even ask again
    keys = {arrival.request.get("idempotency-key") for arrival in provider.arrivals}
    assert len(keys) == 1
    assert (keys == {None}) is (method == "GET")


# ---- openai ----

OPENAI: dict[str, tuple[Answer, type[openai.APIStatusError]]] = {
    "503": (answer(503, {"error": {"message": "overloaded"}}), openai.InternalServerError),
    "503 with a hint": (
        answer(503, {"error": {"message": "overloaded"}}, {"retry-after-ms": "1"}),
        openai.InternalServerError,
    ),
    "500 that may be tried": (answer(500, {}, {"x-should-retry": "true"}), openai.InternalServerError),
    "429": (answer(429, {"error": {"code": "rate_limit_exceeded"}}, {"retry-after-ms": "1"}), openai.RateLimitError),
    "reset": (RESET, openai.InternalServerError),
}
UNKNOWN = ("503", "reset")
"""After these nobody knows whether a completion was made, and paid for: the sidecar leaves that to the app."""
OPENAI_CALLS: dict[str, Callable[[openai.OpenAI], Any]] = {
    "GET": lambda api: api.models.retrieve("gpt-4o-mini"),
    "POST": lambda api: api.chat.completions.create(
        model="gpt-4o-mini", messages=[{"role": "user", "content": "Hello"}]
    ),
}


@pytest.mark.parametrize("method", OPENAI_CALLS)
@pytest.mark.parametrize("kind", OPENAI)
def test_openai(provider: ToldProvider, kind: str, method: str) -> None:
    failure, error = OPENAI[kind]
    provider.tell(failure)
    left_to_the_app = method == "POST" and kind in UNKNOWN
    with front("openai", provider) as sidecar:
        with (
            openai.OpenAI(base_url=f"{sidecar.url}/v1", api_key="sk-test", max_retries=2) as api,
            pytest.raises(error) as raised,
        ):
            OPENAI_CALLS[method](api)
        calls = len(sidecar.sidecar.requests(3 if left_to_the_app else 1))
    assert type(raised.value) is error
    assert len(provider.arrivals) == ATTEMPTS
    assert calls == (3 if left_to_the_app else 1)
    assert ("x-should-retry" in raised.value.response.headers) is not left_to_the_app


# ---- boto3 ----

SLOW_DOWN = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.'
    b"</Message><RequestId>TX1</RequestId><HostId>h</HostId></Error>"
)
AWS: dict[str, tuple[Answer, str]] = {
    "503": (answer(503, SLOW_DOWN, {"Content-Type": "application/xml", "x-amz-request-id": "TX1"}), "SlowDown"),
    "429": (answer(429, SLOW_DOWN.replace(b"SlowDown", b"TooManyRequestsException")), "TooManyRequestsException"),
    "reset": (RESET, "502"),
}


S3_CALLS: dict[str, Callable[[Any], Any]] = {
    "GET": lambda api: api.get_object(Bucket="b", Key="k"),
    "PUT": lambda api: api.put_object(Bucket="b", Key="k", Body=b"content"),
}


@pytest.mark.parametrize("method", S3_CALLS)
@pytest.mark.parametrize("kind", AWS)
def test_boto3_on_s3(provider: ToldProvider, kind: str, method: str) -> None:
    failure, code = AWS[kind]
    provider.tell(failure)
    with front("aws-like", provider) as sidecar:
        api = aws("s3", sidecar.url, max_attempts=3)  # retries: four tries
        with pytest.raises(ClientError) as raised:
            S3_CALLS[method](api)
        api.close()
        calls = sidecar.sidecar.requests(4)
    assert raised.value.response["Error"]["Code"] == code
    assert raised.value.response["ResponseMetadata"]["RetryAttempts"] == 3
    assert len(provider.arrivals) == ATTEMPTS
    # It cannot be told to stop; so its further tries are answered, and nothing is sent for them.
    assert [len(line["attempts"]) for line in calls] == [ATTEMPTS, 0, 0, 0]


DYNAMO: dict[str, tuple[Answer, str]] = {
    "503": (answer(503, {"__type": "ServiceUnavailable", "message": "down"}), "ServiceUnavailable"),
    "400": (answer(400, {"__type": "ThrottlingException", "message": "slower"}), "ThrottlingException"),
    "429": (answer(429, {"__type": "TooManyRequestsException"}), "TooManyRequestsException"),
    "reset": (RESET, "502"),
}


@pytest.mark.parametrize("kind", DYNAMO)
def test_boto3_on_dynamodb_where_every_call_is_a_post(provider: ToldProvider, kind: str) -> None:
    failure, code = DYNAMO[kind]
    provider.tell(failure)
    with front("aws-like", provider) as sidecar:
        api = aws("dynamodb", sidecar.url, total_max_attempts=3)
        with pytest.raises(ClientError) as raised:
            api.put_item(TableName="t", Item={"id": {"S": "1"}})
        api.close()
        calls = sidecar.sidecar.requests(3)
    assert raised.value.response["Error"]["Code"] == code
    assert len(provider.arrivals) == ATTEMPTS
    # Throttled: nothing was done, the sidecar may try. Else only the app knows whether it may be done twice.
    throttled = kind in ("400", "429")
    assert [len(line["attempts"]) for line in calls] == ([ATTEMPTS, 0, 0] if throttled else [1, 1, 1])


def aws(service: str, url: str, **retries: Any) -> Any:
    """As an application makes it, with AWS's standard retries."""
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="AKIAIOSFODNN7EXAMPLE",
        aws_secret_access_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        config=Config(s3={"addressing_style": "path"}, retries={"mode": "standard", **retries}),
    )
