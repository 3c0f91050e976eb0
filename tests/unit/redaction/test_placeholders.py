import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction.placeholders import is_expression, is_masked, is_placeholder


@pytest.mark.parametrize(
    "value",
    [
        "<your-token>", "<redacted>", "${TOKEN}", "$TOKEN", "$env:TOKEN", "$db_password", "{{ token }}",
        "${{ secrets.X }}",
        "#{token}", "<%= token %>", "%(password)s", "%PASSWORD%", "@PASSWORD@", "__TOKEN__", "$(cat /run/x)",
        "YOUR_API_KEY", "your-api-key-here", "yourpassword", "Enter your password", "insert_token_here", "REPLACE_ME",
        "xxxx", "****", "......", "####", "xxxx-1234", "XXX-XX-1234", "***masked***", "\u2022\u2022\u2022\u2022",
        "null", "None", "nil", "undefined", "true", "example", "TODO", "string", "", "  ",
        "[REDACTED:token]", "[REDACTED:token] [REDACTED:jwt:k1-9f86d081884c7d65]", "[token]", "{token}",
        "!Ref Password", "!vault |", "vault:secret/data/x#y", "op://vault/item/field", "ENC(abc)",
        "arn:aws:secretsmanager:us-east-1:123456789012:secret:x", "projects/p/secrets/s/versions/1",
        "/run/secrets/x", "./key.pem", "~/.ssh/id_rsa", "server.key", "https://example.com/token",
        "Bearer ${token}", "{user}:{password}", "prefix-${NAME}",
    ],
)  # fmt: skip
def test_placeholders(value: str) -> None:
    assert is_placeholder(value)


@pytest.mark.parametrize(
    "value",
    [
        "changeme", "hunter2", "secret", "password", "letmein", "$ecret", "P@ssw0rd", "0000", "x1", "!abc", "-abc",
        "/hunter2", "/9jAAQ/KJ/abc+d=", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY" + "EXAMPLEKEY", "${DB_PASSWORD:-hunter2}",
        "use-9f8e7d6c5b4a", "my-secret-token", "the-quick-brown", "Ab{cd}ef", "pass:hunter2", "a%b", "50%off!",
        "m{{h}o)p${e]nob(ody[finds>-_$#thisone}}", "[REDACTED:token]hunter2", "https://user:pw@example.com",
        "x" * 401 + "1",
    ],
)  # fmt: skip
def test_values_are_no_placeholders(value: str) -> None:
    assert not is_placeholder(value)


@pytest.mark.parametrize(
    "code",
    [
        "get_token()", "await fetch(url)", "new Token(x)", "config.token", "self.password", "this->password",
        "Foo::BAR",
        'os.environ["X"]', "process.env.TOKEN", 'getenv("X")', "props?.token", "String", "str", "&'static str",
        "string | undefined", "Optional[str]", "String?", "SecretStr", "varchar(255)", 'request.headers.get("x")',
        "value", "args", "req",
    ],
)  # fmt: skip
def test_expressions(code: str) -> None:
    assert is_expression(code)


@pytest.mark.parametrize("value", ["hunter2", "letmein", "abc-def", "P@ss.w0rd!", "9f86d081", "x" * 500])
def test_bare_words_are_no_expressions(value: str) -> None:
    assert not is_expression(value)


@pytest.mark.parametrize(("value", "masked"), [("****1234", True), ("XXX-XX-1234", True), ("12341234", False)])
def test_masks_are_seen(value: str, masked: bool) -> None:
    assert is_masked(value) is masked


@given(st.text(max_size=120))
def test_no_text_raises(text: str) -> None:
    assert is_placeholder(text) in {True, False}
    assert is_expression(text) in {True, False}


@given(st.text("ghijkl0123456789", min_size=12, max_size=40).filter(lambda text: any(map(str.isdigit, text))))
def test_what_a_machine_made_is_never_a_placeholder(value: str) -> None:
    assert not is_placeholder(value)
