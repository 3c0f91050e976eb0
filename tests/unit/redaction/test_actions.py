"""What takes a value's place."""

import pytest

from sidecar.redaction.actions import Actions, partial
from sidecar.redaction.kinds import CLASS_OF, MARKER, Class
from sidecar.redaction.rules import Action, Rules

KEY = b"a key for the tests, 32 bytes...."


@pytest.mark.parametrize("kind", sorted(CLASS_OF))
def test_every_kind_is_masked_or_a_detail_that_is_kept(kind: str) -> None:
    shown = Actions(Rules()).replace(kind, "value")
    assert shown == ("value" if CLASS_OF[kind] is Class.DETAIL else f"[REDACTED:{kind}]")


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("email", "jenny@corp.example", "j***@corp.example"),
        ("card_number", "4242 4242 4242 4242", "****4242"),
        ("card_number", "378282246310005", "****0005"),
        ("phone", "+1 415 555 2671", "****2671"),
        ("iban", "DE89 3704 0044 0532 0130 00", "****3000"),
        ("ip", "203.0.113.9", "203.0.113.*"),
        ("name", "Jenny Rosen", "J***"),
        ("password", "hunter2secret", None),
        ("phone", "12", None),
        ("email", "@", None),
        ("ip", "2001:db8::1", None),
    ],
)
def test_a_part_says_enough_to_recognise_and_too_little_to_use(kind: str, value: str, shown: str | None) -> None:
    assert partial(kind, value) == shown


def test_what_has_no_harmless_part_is_masked_instead() -> None:
    actions = Actions(Rules(kinds={"password": Action.PARTIAL}))
    assert actions.replace("password", "hunter2secret") == "[REDACTED:password]"


def test_the_same_value_has_the_same_hash_and_only_with_the_same_key_and_kind() -> None:
    hashed = Actions(Rules(kinds={"email": Action.HASH, "phone": Action.HASH}, hash_key=KEY, hash_id="k1"))
    other = Actions(Rules(kinds={"email": Action.HASH}, hash_key=KEY + b"!", hash_id="k2"))
    first = hashed.replace("email", "jenny@corp.example")
    assert first is not None
    assert MARKER.fullmatch(first) is not None
    assert first.startswith("[REDACTED:email:k1-")
    assert hashed.replace("email", " Jenny@Corp.example") == first
    assert hashed.replace("phone", "jenny@corp.example") != first
    assert other.replace("email", "jenny@corp.example") != first
    assert hashed.replace("phone", "+1 415 555 2671") == hashed.replace("phone", "+14155552671")


def test_a_hash_without_a_key_is_a_mask() -> None:
    assert Actions(Rules(kinds={"email": Action.HASH})).replace("email", "a@b.example") == "[REDACTED:email]"


def test_dropped_is_nothing_and_kept_is_itself() -> None:
    actions = Actions(Rules(kinds={"email": Action.DROP, "phone": Action.KEEP}))
    assert actions.replace("email", "a@b.example") is None
    assert actions.replace("phone", "+14155552671") == "+14155552671"
    assert "phone" in actions.kept


def test_a_kind_of_the_configuration_is_personal_data() -> None:
    assert Actions(Rules()).replace("employee_id", "E-123456") == "[REDACTED:employee_id]"
    kept = Rules(classes={Class.SECRET: Action.MASK, Class.PERSONAL: Action.KEEP, Class.DETAIL: Action.KEEP})
    assert Actions(kept).replace("employee_id", "E-123456") == "E-123456"
