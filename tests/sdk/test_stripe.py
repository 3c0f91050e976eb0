"""The ``stripe`` library against localstripe."""

import hashlib
import json
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
import stripe

from tests.sdk.conftest import Ends
from tests.sdk.emulators.stripe_edge import THROTTLED_KEY

KEY = "sk_test_12345"
CARD = {"number": "4242424242424242", "exp_month": "12", "exp_year": "2030", "cvc": "123"}
DECLINED = {**CARD, "number": "4000000000000002"}


def client(url: str, key: str = KEY) -> stripe.StripeClient:
    """As an application makes it: only the base address differs."""
    return stripe.StripeClient(
        key, base_addresses={"api": url, "files": url}, http_client=stripe.RequestsClient(), max_network_retries=0
    )


def headers_at_stripe(ends: Ends, request_id: str) -> list[list[str]]:
    """The header lines that the emulator received."""
    with urllib.request.urlopen(f"{ends.direct}/_edge/requests/{request_id}") as answer:
        found: list[list[str]] = json.load(answer)
    return found


def run(scenario: Callable[[stripe.StripeClient], Any], key: str = KEY) -> Callable[[str], Any]:
    """A scenario for one client, which is closed at its end."""

    def scene(url: str) -> Any:
        made = client(url, key)
        try:
            return scenario(made)
        finally:
            made._requestor._client.close()

    return scene


def paid(api: stripe.StripeClient) -> tuple[Any, ...]:
    """A customer with a card, charged once."""
    customer = api.v1.customers.create({"email": "jenny@example.com", "name": "Jenny Rosen", "metadata": {"n": "1"}})
    method = api.v1.payment_methods.create({"type": "card", "card": CARD})
    api.v1.payment_methods.attach(method.id, {"customer": customer.id})
    intent = api.v1.payment_intents.create(
        {"amount": 1099, "currency": "eur", "customer": customer.id, "payment_method": method.id, "confirm": True}
    )
    charges = api.v1.charges.list({"customer": customer.id}).data
    again = api.v1.customers.retrieve(customer.id)
    assert again.id == customer.id
    metadata = customer.to_dict()["metadata"]
    return customer.email, metadata, intent.amount, intent.status, again.name, [charge.amount for charge in charges]


def test_a_charge_and_its_refund(stripe_api: Ends) -> None:
    def charged(api: stripe.StripeClient) -> tuple[Any, ...]:
        customer = api.v1.customers.create({"email": "e@example.com"})
        token = api.v1.tokens.create({"card": CARD})
        source = api.v1.customers.payment_sources.create(customer.id, {"source": token.id})
        charge = api.v1.charges.create(
            {
                "amount": 700,
                "currency": "usd",
                "customer": customer.id,
                "source": source.id,
                "description": "tea & cake",
            }
        )
        refund = api.v1.refunds.create({"charge": charge.id, "amount": 200})
        return charge.status, charge.description, refund.amount, api.v1.charges.retrieve(charge.id).amount_refunded

    assert stripe_api.both(run(charged)) == ("succeeded", "tea & cake", 200, 200)


def test_a_payment(stripe_api: Ends) -> None:
    seen = stripe_api.both(run(paid))
    assert seen == ("jenny@example.com", {"n": "1"}, 1099, "succeeded", "Jenny Rosen", [1099])


def test_the_same_idempotency_key_pays_once(stripe_api: Ends) -> None:
    def twice(api: stripe.StripeClient) -> tuple[Any, ...]:
        method = api.v1.payment_methods.create({"type": "card", "card": CARD})
        params: Any = {"amount": 500, "currency": "usd", "payment_method": method.id, "confirm": True}
        options: Any = {"idempotency_key": f"order-{method.id}"}
        first = api.v1.payment_intents.create(params, options)
        second = api.v1.payment_intents.create(params, options)
        with pytest.raises(stripe.IdempotencyError) as refused:
            api.v1.payment_intents.create({**params, "amount": 501}, options)
        replayed = second.last_response.headers["Idempotent-Replayed"]
        return first.id == second.id, replayed, first.amount, refused.value.http_status

    assert stripe_api.both(run(twice)) == (True, "true", 500, 400)


def test_an_own_idempotency_key_is_minted_per_call_by_the_library(stripe_api: Ends) -> None:
    def create(api: stripe.StripeClient) -> str:
        request_id = api.v1.customers.create({"email": "a@example.com"}).last_response.request_id
        return str(dict(headers_at_stripe(stripe_api, request_id)).get("Idempotency-Key", ""))

    keys = {run(create)(stripe_api.direct), run(create)(stripe_api.through)}
    assert len(keys) == 2
    assert all(len(key) == 36 for key in keys)


def test_auto_pagination_reads_every_page(stripe_api: Ends) -> None:
    def pages(api: stripe.StripeClient) -> tuple[list[str], bool]:
        made = [api.v1.products.create({"name": f"p{n}", "type": "service"}).id for n in range(5)]
        listed = [product.id for product in api.v1.products.list({"limit": 2}).auto_paging_iter()]
        return [f"p{made.index(found)}" for found in listed if found in made], len(listed) >= 5

    names, all_read = stripe_api.both(run(pages))
    assert sorted(names) == ["p0", "p1", "p2", "p3", "p4"]
    assert all_read


def test_a_declined_card_is_a_card_error(stripe_api: Ends) -> None:
    def declined(api: stripe.StripeClient) -> tuple[Any, ...]:
        token = api.v1.tokens.create({"card": DECLINED})
        customer = api.v1.customers.create({"email": "b@example.com"})
        with pytest.raises(stripe.CardError) as error:
            api.v1.customers.payment_sources.create(customer.id, {"source": token.id})
        value = error.value
        return value.http_status, value.code, value.user_message, (value.request_id or "")[:4]

    assert stripe_api.both(run(declined)) == (402, "card_declined", "Your card was declined.", "req_")


def test_a_rate_limit_and_a_bad_key_map_to_their_errors(stripe_api: Ends) -> None:
    def throttled(api: stripe.StripeClient) -> tuple[Any, ...]:
        with pytest.raises(stripe.RateLimitError) as error:
            api.v1.customers.retrieve("cus_1")
        headers = error.value.headers or {}
        return error.value.http_status, str(error.value.user_message), headers["Stripe-Should-Retry"]

    def unauthorized(api: stripe.StripeClient) -> int | None:
        with pytest.raises(stripe.AuthenticationError) as error:
            api.v1.customers.retrieve("cus_1")
        return error.value.http_status

    assert stripe_api.both(run(throttled, THROTTLED_KEY)) == (429, "Request rate limit exceeded.", "false")
    assert stripe_api.both(run(unauthorized, "nonsense")) == 401


def test_a_missing_object_is_an_invalid_request(stripe_api: Ends) -> None:
    def missing(api: stripe.StripeClient) -> int | None:
        with pytest.raises(stripe.InvalidRequestError) as error:
            api.v1.customers.retrieve("cus_none?&=/")
        return error.value.http_status

    assert stripe_api.both(run(missing)) == 404


def test_a_file_upload_arrives_byte_for_byte(stripe_api: Ends, tmp_path: Any) -> None:
    content = bytes(range(256)) * 2000
    path = tmp_path / "evidence.bin"
    path.write_bytes(content)

    def send(api: stripe.StripeClient) -> tuple[Any, ...]:
        with path.open("rb") as file:
            sent = api.v1.files.create({"purpose": "dispute_evidence", "file": file})
        return sent.size, sent.title, sent.filename, sent.purpose

    digest = hashlib.sha256(content).hexdigest()
    assert stripe_api.both(run(send)) == (len(content), digest, "evidence.bin", "dispute_evidence")


# The library's own: it passes bytes to httpx as ``data``.
@pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")
async def test_the_async_client(stripe_api: Ends) -> None:
    async def create(url: str) -> tuple[Any, ...]:
        http = stripe.HTTPXClient()
        api = stripe.StripeClient(KEY, base_addresses={"api": url}, http_client=http)
        try:
            made = await api.v1.customers.create_async({"email": "c@example.com"})
            return made.email, made.last_response.code
        finally:
            await http.close_async()

    through = await create(stripe_api.through)
    assert through == await create(stripe_api.direct) == ("c@example.com", 200)


def test_ids_are_carried_and_shown(stripe_api: Ends) -> None:
    def create(api: stripe.StripeClient) -> Any:
        return api.v1.customers.create({"email": "d@example.com"}).last_response

    response = run(create)(stripe_api.through)
    assert response.request_id.startswith("req_")
    assert response.headers["Sidecar-Attempts"] == "1"
    assert response.headers["Sidecar-Outcome"] == "success"
    tracking = response.headers["Sidecar-Request-Id"]
    arrived = headers_at_stripe(stripe_api, response.request_id)
    names = [name.lower() for name, _ in arrived]
    assert dict(arrived)["Trackingid"] == tracking
    assert names.count("authorization") == names.count("host") == names.count("content-length") == 1
    assert not [name for name in names if name.startswith("sidecar-")]
    record = stripe_api.sidecar.record(tracking)
    assert record["tracking_id"] == tracking
    assert record["attempts"][0]["tracking_id"] == response.request_id
    assert KEY not in json.dumps(record)
