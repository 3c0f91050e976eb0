"""Idempotency keys: one name for one intention, the same on every attempt."""

import hashlib

import pytest
from pydantic import ValidationError

from sidecar.core import errors
from sidecar.core.errors import Sent
from sidecar.policies import attempt, headers, idempotency, retry
from sidecar.policies.headers import HeaderRules
from sidecar.policies.idempotency import Idempotency, uuid_of
from tests.unit.policies.stage import Stage, ask
from tests.unit.policies.tries import Tries, fails

MINTED = b"00000000-0000-4000-8000-000000000001"
"""Of the first id of a stage."""


def stage_with(**settings: object) -> Stage:
    return Stage(idempotency=Idempotency.model_validate(settings))


async def test_the_apps_own_key_is_kept() -> None:
    stage, exchange = stage_with(), ask(b"/", (b"Idempotency-Key", b"order-7"), method=b"POST")
    await stage.build(idempotency.POLICY)(exchange)
    assert exchange.key == b"order-7"
    assert exchange.lines == b""
    assert exchange.headers.pairs() == [(b"Idempotency-Key", b"order-7")]
    assert stage.ids == 0


async def test_a_key_is_made_where_the_app_has_none() -> None:
    stage, exchange = stage_with(), ask(method=b"POST")
    await stage.build(idempotency.POLICY)(exchange)
    assert exchange.key == MINTED
    assert exchange.lines == b"Idempotency-Key: " + MINTED + b"\r\n"


async def test_an_empty_key_is_replaced() -> None:
    """The provider must not get two fields, of which one is empty."""
    stage, exchange = stage_with(), ask(b"/", (b"idempotency-key", b""), (b"A", b"1"), method=b"POST")
    await stage.build(idempotency.POLICY)(exchange)
    assert exchange.key == MINTED
    assert exchange.headers.pairs() == [(b"A", b"1")]
    assert exchange.lines.count(b"Idempotency-Key") == 1


async def test_an_empty_key_is_none_where_none_is_made() -> None:
    stage, exchange = stage_with(generate=False), ask(b"/", (b"Idempotency-Key", b""), method=b"POST")
    await stage.build(idempotency.POLICY)(exchange)
    assert exchange.key is None
    assert exchange.notes is None
    assert exchange.headers.pairs() == [(b"Idempotency-Key", b"")]


@pytest.mark.parametrize(
    ("methods", "method", "made"),
    [
        (["POST"], b"POST", True),
        (["POST"], b"PATCH", False),
        (["POST"], b"PUT", False),
        (["POST"], b"GET", False),
        (["POST", "PATCH"], b"PATCH", True),
    ],
)
async def test_only_these_methods_get_a_key_of_ours(methods: list[str], method: bytes, made: bool) -> None:
    stage, exchange = stage_with(methods=methods), ask(method=method)
    await stage.build(idempotency.POLICY)(exchange)
    assert (exchange.key is not None) is made
    assert (exchange.lines != b"") is made


async def test_the_apps_key_counts_with_any_method() -> None:
    stage, exchange = stage_with(), ask(b"/", (b"Idempotency-Key", b"k"), method=b"PATCH")
    await stage.build(idempotency.POLICY)(exchange)
    assert exchange.key == b"k"


async def test_the_providers_own_header() -> None:
    stage = stage_with(header="X-Request-Token")
    handler = stage.build(idempotency.POLICY)
    made = ask(b"/", (b"Idempotency-Key", b"not this one"), method=b"POST")
    await handler(made)
    assert made.lines == b"X-Request-Token: " + MINTED + b"\r\n"
    own = ask(b"/", (b"x-request-token", b"mine"), method=b"POST")
    await handler(own)
    assert (own.key, own.lines) == (b"mine", b"")


async def test_off_the_apps_header_means_nothing() -> None:
    stage, exchange = stage_with(mode="off"), ask(b"/", (b"Idempotency-Key", b"k"), method=b"POST")
    assert idempotency.POLICY.build(stage._innermost, stage.site) == stage._innermost
    await stage.build(idempotency.POLICY)(exchange)
    assert exchange.key is None


async def test_where_nobody_wrote_it_the_apps_key_is_seen_and_none_is_made() -> None:
    stage = Stage()
    handler = stage.build(idempotency.POLICY)
    own, none = ask(b"/", (b"Idempotency-Key", b"k"), method=b"POST"), ask(method=b"POST")
    await handler(own)
    await handler(none)
    assert (own.key, none.key, none.lines) == (b"k", None, b"")


async def test_observe_makes_none() -> None:
    stage, exchange = stage_with(mode="observe"), ask(method=b"POST")
    await stage.build(idempotency.POLICY)(exchange)
    assert (exchange.key, exchange.lines) == (None, b"")


async def test_every_call_has_a_key_of_its_own() -> None:
    stage = stage_with()
    handler = stage.build(idempotency.POLICY)
    keys = set()
    for _ in range(100):
        exchange = ask(method=b"POST")
        await handler(exchange)
        keys.add(exchange.key)
    assert len(keys) == 100


async def test_the_log_has_a_hash_and_never_the_key() -> None:
    stage, exchange = stage_with(), ask(b"/", (b"Idempotency-Key", b"secret-order"), method=b"POST")
    await stage.build(idempotency.POLICY)(exchange)
    assert exchange.notes == {"idempotency_key_hash": hashlib.sha256(b"secret-order").hexdigest()[:16]}


async def test_the_key_is_the_same_on_every_attempt() -> None:
    reset = errors.Reset("gone", sent=Sent.MAYBE)
    stage = Tries(
        fails(reset),
        fails(errors.HeadTimeout("late", sent=Sent.MAYBE)),
        policies=(idempotency.POLICY, retry.POLICY, attempt.POLICY),
        settings={"idempotency": Idempotency()},
        unsafe="with_key",
    )
    exchange = ask(method=b"POST")
    await stage.call(exchange)
    assert len(stage.sends) == 3
    assert [one.key for one in stage.seen] == [MINTED] * 3
    assert exchange.lines.count(b"Idempotency-Key") == 1


async def test_a_minted_key_does_not_unlock_retries_by_itself() -> None:
    stage = Tries(
        fails(errors.Reset("gone", sent=Sent.MAYBE)),
        policies=(idempotency.POLICY, retry.POLICY, attempt.POLICY),
        settings={"idempotency": Idempotency()},
    )
    with pytest.raises(errors.Reset):
        await stage.call(ask(method=b"POST"))
    assert len(stage.sends) == 1


@pytest.mark.parametrize(
    ("digits", "uuid"),
    [
        ("0" * 32, "00000000-0000-4000-8000-000000000000"),
        ("f" * 32, "ffffffff-ffff-4fff-bfff-ffffffffffff"),
        ("0123456789abcdef0123456789abcdef", "01234567-89ab-4def-8123-456789abcdef"),
        ("0" * 16 + "6" + "0" * 15, "00000000-0000-4000-a000-000000000000"),
    ],
)
def test_a_uuid_of_version_4(digits: str, uuid: str) -> None:
    assert uuid_of(digits) == uuid


@pytest.mark.parametrize("method", [b"POST", b"PATCH"])
@pytest.mark.parametrize("how", ["headers.remove", "headers.set", "Connection"])
async def test_a_key_that_does_not_reach_the_provider_is_none(how: str, method: bytes) -> None:
    """Else a POST would be sent twice in its name, and the provider see two orders."""
    rules = {"headers.remove": {"remove": ["idempotency-key"]}, "headers.set": {"set": {"Idempotency-Key": "x"}}}
    stage = Stage(
        idempotency=Idempotency(generate=False), headers=HeaderRules.model_validate(rules.get(how, {}))
    )  # fmt: skip
    exchange = ask(b"/", (b"Idempotency-Key", b"k"), method=method)
    if how == "Connection":
        exchange.headers.add(b"Connection", b"close, Idempotency-Key")
    await stage.build(headers.POLICY, idempotency.POLICY)(exchange)
    assert exchange.key is None
    assert exchange.notes is None


async def test_a_key_of_ours_takes_the_place_of_one_that_is_taken_out() -> None:
    stage = Stage(idempotency=Idempotency(), headers=HeaderRules(remove=("Idempotency-Key",)))
    exchange = ask(b"/", (b"Idempotency-Key", b"k"), method=b"POST")
    await stage.build(headers.POLICY, idempotency.POLICY)(exchange)
    assert exchange.key == MINTED
    assert exchange.lines == b"Idempotency-Key: " + MINTED + b"\r\n"


@pytest.mark.parametrize(
    "wrong", [{"methods": ["post"]}, {"methods": [""]}, {"header": "a b"}, {"header": ""}, {"key": "x"}]
)
def test_mistakes(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Idempotency.model_validate(wrong)
