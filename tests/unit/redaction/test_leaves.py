from sidecar.redaction.leaves import Leaves, shown, shown_pair
from tests.unit.redaction.plain_scrub import plain_scrub


def test_values_are_redacted_together_and_found_again() -> None:
    leaves = Leaves(plain_scrub())
    group = leaves.group()
    found = [leaves.add(group, name, "x") for name in ("password", "a", "password", "dropped")]
    leaves.redact()
    assert [shown(leaf) for leaf in found] == ["[REDACTED:password]", "x", "[REDACTED:password]", None]


def test_siblings_are_redacted_beside_each_other() -> None:
    seen: list[object] = []

    class Watching:
        def tree(self, node: object) -> None:
            seen.append(node)

    leaves = Leaves(Watching())  # type: ignore[arg-type]
    group = leaves.group()
    for name, value in (("name", "Bob"), ("email", "b"), ("name", "Eve"), ("n" * 25, "x")):
        leaves.add(group, name, value)
    leaves.group()
    leaves.redact()
    assert seen == [[{"name": "Bob", "email": "b"}, {"name": "Eve"}, {"n" * 25: "x"}]]


def test_a_name_that_is_a_value_itself_may_change() -> None:
    leaves = Leaves(plain_scrub())
    group = leaves.group()
    found = [leaves.add(group, name, "x") for name in ("bob@x.com", "a", "dropped")]
    leaves.redact()
    assert [shown_pair(leaf) for leaf in found] == [("[REDACTED:email]", "x"), ("a", "x"), None]


def test_nothing_to_redact_asks_nothing() -> None:
    leaves = Leaves(None)  # type: ignore[arg-type]
    leaves.group()
    leaves.redact()
    assert leaves.group() == {}
