"""What may be written under ``retry``, and what is told when it is wrong."""

from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.core import errors
from sidecar.core.units import Rate
from sidecar.policies.retry_settings import Retry, reason_for_error


def test_written_in_full() -> None:
    settings = Retry.model_validate({
        "attempts": 5,
        "on": ["connect", 429, "503", "failure"],
        "backoff": {"base": "50ms", "cap": "2s"},
        "throttle_backoff": {"base": "2s", "cap": "1m"},
        "budget": {"ratio": "10%", "floor": "60/m"},
        "body_bytes": "64KiB",
        "hold_bytes": 0,
        "unsafe": "with_key",
        "hedge": {"after": "200ms"},
        "veto": ["X-Again"],
        "tell": "X-Again",
        "call_id": "Amz-Sdk-Invocation-Id",
    })  # fmt: skip
    assert settings.reasons == {"connect", "429", "503", "failure"}
    assert (settings.backoff.base, settings.backoff.cap) == (0.05, 2.0)
    assert (settings.throttle_backoff.base, settings.throttle_backoff.cap) == (2.0, 60.0)
    assert (settings.budget.ratio, settings.budget.floor) == (0.1, Rate(60, 60))
    assert (settings.body_bytes, settings.hold_bytes) == (65536, 0)
    assert settings.hedge is not None
    assert (settings.hedge.after, settings.hedge.max) == (0.2, 1)


def test_half_of_a_throttle_backoff_keeps_its_own_defaults() -> None:
    """The other half came from ``backoff``: 5 s instead of 20."""
    settings = Retry.model_validate({"throttle_backoff": {"base": "10s"}})
    assert (settings.throttle_backoff.base, settings.throttle_backoff.cap) == (10.0, 20.0)
    settings = Retry.model_validate({"throttle_backoff": {"cap": "40s"}})
    assert (settings.throttle_backoff.base, settings.throttle_backoff.cap) == (1.0, 40.0)


@pytest.mark.parametrize("short", ["off", False])
def test_off(short: object) -> None:
    assert Retry.model_validate(short).mode == "off"
    assert Retry.unset().mode == "off"


def test_p95_is_the_default_of_a_hedge() -> None:
    for written in ({}, {"after": "p95"}):
        hedge = Retry.model_validate({"hedge": written}).hedge
        assert hedge is not None
        assert hedge.after == "p95"


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"attempts": -1}, "greater than or equal to 0"),
        ({"attempts": 101}, "less than or equal to 100"),
        ({"on": ["conect"]}, "not a reason to retry: 'conect'"),
        ({"on": [200]}, "not a reason to retry: '200'"),
        ({"on": [399]}, "not a reason to retry"),
        ({"on": [600]}, "not a reason to retry"),
        ({"on": [True]}, "not a reason to retry"),
        ({"on": ["5xx"]}, "statuses from 400 to 599"),
        ({"on": [4290]}, "not a reason to retry"),
        ({"backoff": {"base": "0s"}}, "greater than 0"),
        ({"backoff": {"base": "2s", "cap": "1s"}}, "base is longer than cap"),
        ({"throttle_backoff": {"base": "30s"}}, "base is longer than cap"),
        ({"backoff": {"base": 1}}, "a duration needs a unit"),
        ({"budget": {"ratio": "120%"}}, "between 0% and 100%"),
        ({"budget": {"floor": "0/s"}}, "more than 0"),
        ({"budget": {"floor": "30/m"}}, "30/m is less than one a second"),
        ({"budget": {"floor": "0.9/s"}}, "none would be allowed"),
        ({"hedge": {"after": "p99"}}, "not a duration"),
        ({"hedge": {"after": 0.2}}, "a duration needs a unit"),
        ({"hedge": {"after": "0ms"}}, "greater than 0"),  # it stood for p95
        ({"hedge": {"after": 0}}, "greater than 0"),
        ({"hedge": {"after": True}}, "not a duration"),
        ({"hedge": {"after": None}}, "not a duration"),
        ({"hedge": {"max": 2}}, "Input should be 1"),
        ({"unsafe": "sometimes"}, "'never', 'with_key' or 'always'"),
        ({"tell": "X Y"}, "match pattern"),
        ({"veto": ["a:b"]}, "match pattern"),
        ({"call_id": ""}, "match pattern"),
        ({"hold_bytes": "17MiB"}, "less than or equal to"),
        ({"body_bytes": "65MiB"}, "less than or equal to"),
        ({"tries": 3}, "Extra inputs"),
    ],
)
def test_mistakes(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Retry.model_validate(wrong)
    assert told in str(raised.value)


def test_every_error_of_the_provider_has_a_word_and_no_other() -> None:
    words = {error.code: reason_for_error(error("x")) for error in errors.ERRORS}
    assert {code: word for code, word in words.items() if word is not None} == {
        "connect_failed": "connect",
        "dns_failed": "connect",
        "tls_failed": "connect",
        "connect_timeout": "connect",
        "head_timeout": "timeout",
        "attempt_timeout": "timeout",
        "idle_timeout": "timeout",
        "reset": "reset",
        "bad_response": "reset",
        "response_incomplete": "reset",
    }
    assert {error.code for error in errors.ERRORS if error.side == "provider"} == {
        code for code, word in words.items() if word is not None
    }
    assert reason_for_error(None) is None
