import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction.graphql import inline
from tests.unit.redaction.plain_scrub import plain_scrub

HIDDEN = '"[REDACTED:password]"'


@pytest.mark.parametrize(
    "query",
    [
        "",
        "{ user(id: 1) { password email } }",
        "query Q($password: String!) { a(password: $password) }",
        "{ pw: password }",
        '{ a(name: "b", password: null, token: true, card: VISA) }',
        'query { a(b: "x \\" \\u0041", c: """y "z" """) }',
        "fragment F on User { email }",
        '{ a(b: ["", ""]) }',
        "{ a(password: [], b: {}) }",
    ],
)
def test_a_document_with_nothing_to_redact_stays_byte_for_byte(query: str) -> None:
    assert inline(query, plain_scrub()) == query


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('{ a(password: "x", b: "y") }', f'{{ a(password: {HIDDEN}, b: "y") }}'),
        ("{ a(pin: 1234) }", '{ a(pin: "[REDACTED:pin]") }'),
        ('{ a(password: "x\\"y", b: 1) }', f"{{ a(password: {HIDDEN}, b: 1) }}"),
        (
            '{ a(in: {password: "x", b: {token: "y"}}) }',
            f'{{ a(in: {{password: {HIDDEN}, b: {{token: "[REDACTED:token]"}}}}) }}',
        ),
        ('{ a(password: ["x", "y"], b: ["z"]) }', f'{{ a(password: [{HIDDEN}, {HIDDEN}], b: ["z"]) }}'),
        (
            'query ($password: String! = "x", $b: [Int] = [1]) { a }',
            f"query ($password: String! = {HIDDEN}, $b: [Int] = [1]) {{ a }}",
        ),
        ('{ a(in: {name: "password", value: "x"}) }', f'{{ a(in: {{name: "password", value: {HIDDEN}}}) }}'),
        ('{ a(b: "to bob@x.com") } # bob@x.com', '{ a(b: "to [REDACTED:email]") } # [REDACTED:email]'),
        ('{ a(b: "bob\\u0040x.com") }', '{ a(b: "[REDACTED:email]") }'),
        ('{ a(b: """to bob@x.com \\""" z""") }', '{ a(b: """to [REDACTED:email] \\""" z""") }'),
        ('{ a(password: """x""") }', '{ a(password: """[REDACTED:password]""") }'),
        ('{ a(dropped: "x") }', "{ a(dropped: null) }"),
        ('{ a(password: "x', f"{{ a(password: {HIDDEN}"),
        ('{ a(b: "x") password } "password"', None),
    ],
)
def test_literals_are_redacted_by_name_and_shape(query: str, expected: str | None) -> None:
    assert inline(query, plain_scrub()) == (query if expected is None else expected)


def test_tokens_beyond_the_limit_are_cut() -> None:
    shown = inline('{a(password:"x")}' * 3000, plain_scrub())
    assert shown.endswith("<truncated>")
    assert len(shown) < 20_000
    assert '"x"' not in shown


PARTS = st.sampled_from(
    ['"', '"""', "password", ":", "a", "(", ")", "{", "}", "[", "]", "1", "$b: T = ", "\\", "#", "\n", " ", "bob@x.com"]
)


@given(st.lists(PARTS, max_size=24).map("".join))
def test_redacting_twice_changes_nothing(query: str) -> None:
    once = inline(query, plain_scrub())
    assert inline(once, plain_scrub()) == once
