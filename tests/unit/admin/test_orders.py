import json
from typing import Any

import pytest

from sidecar.admin.orders import BadOrder, BreakerOrder, KillOrder, breaker_order, kill_order

NOW = 784111777.0  # 1994-11-06T08:49:37Z
WHO = {"reason": "refunds run twice", "who": "ana"}


def encoded(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("expires", "until"),
    [
        (None, None),
        ("10m", NOW + 600),
        ("1h30m", NOW + 5400),
        ("250ms", NOW + 0.25),
        ("1994-11-06T08:50:37Z", NOW + 60),
        ("1994-11-06T09:50:37+01:00", NOW + 60),
        ("1994-11-06t08:50:37.500z", NOW + 60.5),
    ],
)
def test_a_kill_and_its_end(expires: str | None, until: float | None) -> None:
    assert kill_order(encoded(**WHO, expires=expires), NOW) == KillOrder("refunds run twice", "ana", until)


def test_texts_are_trimmed() -> None:
    order = kill_order(encoded(reason="  x ", who="\tana\n"), NOW)
    assert (order.reason, order.who, order.until) == ("x", "ana", None)


@pytest.mark.parametrize(
    ("fields", "mistakes"),
    [
        ({}, {"reason": "is missing", "who": "is missing"}),
        ({"reason": None, "who": "ana"}, {"reason": "is missing"}),
        (WHO | {"reason": ""}, {"reason": "must be one line of text of 1 to 500 characters"}),
        (WHO | {"reason": "x" * 501}, {"reason": "must be one line of text of 1 to 500 characters"}),
        (WHO | {"reason": ["x"]}, {"reason": "must be one line of text of 1 to 500 characters"}),
        (WHO | {"reason": "a\r\nb"}, {"reason": "must be one line of text of 1 to 500 characters"}),
        (WHO | {"who": "x" * 101}, {"who": "must be one line of text of 1 to 100 characters"}),
        (WHO | {"until": "1h"}, {"until": "is not known; possible are reason, who, expires"}),
        (WHO | {"expires": 600}, {"expires": "must be a duration like 10m, or a time like 2030-01-31T12:00:00Z"}),
        (WHO | {"expires": "soon"}, {"expires": "must be a duration like 10m, or a time like 2030-01-31T12:00:00Z"}),
        (WHO | {"expires": "600"}, {"expires": "must be a duration like 10m, or a time like 2030-01-31T12:00:00Z"}),
        (WHO | {"expires": "1994-11-06T08:50:37"},
         {"expires": "must say its time zone, such as Z for UTC: 2030-01-31T12:00:00Z"}),
        (WHO | {"expires": "1994-11-06T08:49:37Z"}, {"expires": "must lie in the future"}),
        (WHO | {"expires": "0s"}, {"expires": "must lie in the future"}),
        (WHO | {"expires": "3651d"}, {"expires": "lies more than ten years ahead; leave it out for no end"}),
        (WHO | {"expires": "9999-12-31T23:59:59Z"},
         {"expires": "lies more than ten years ahead; leave it out for no end"}),
        ({"who": "", "expires": "x"},
         {"reason": "is missing", "who": "must be one line of text of 1 to 100 characters",
          "expires": "must be a duration like 10m, or a time like 2030-01-31T12:00:00Z"}),
    ],
)  # fmt: skip
def test_every_mistake_is_named_with_its_field(fields: dict[str, Any], mistakes: dict[str, str]) -> None:
    with pytest.raises(BadOrder) as caught:
        kill_order(encoded(**fields), NOW)
    assert caught.value.mistakes == mistakes
    assert all(f"{name} {why}" in caught.value.detail for name, why in mistakes.items())


@pytest.mark.parametrize("content", [b"", b"{", b"reason=x", b"\xff", b"[]", b'"x"', b"null", b"7"])
def test_a_body_that_is_no_object(content: bytes) -> None:
    for read in (lambda: kill_order(content, NOW), lambda: breaker_order(content)):
        with pytest.raises(BadOrder) as caught:
            read()
        assert caught.value.mistakes == {}


def test_a_breaker_is_held() -> None:
    assert breaker_order(encoded(**WHO, state="open")) == BreakerOrder("open", "refunds run twice", "ana", None)
    assert breaker_order(encoded(**WHO, state="closed", scope="charge")).scope == "charge"


@pytest.mark.parametrize("state", ["half_open", "OPEN", True, 1, ""])
def test_a_state_is_open_or_closed(state: Any) -> None:
    with pytest.raises(BadOrder) as caught:
        breaker_order(encoded(**WHO, state=state))
    assert caught.value.mistakes == {"state": "must be open or closed"}
