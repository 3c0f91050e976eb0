import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction import secret_names
from sidecar.redaction.secret_names import decoded, kind_of, kind_of_header, kind_of_query


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("password", "password"), ("userPassword", "password"), ("new_password", "password"), ("PASSWORD", "password"),
        ("passwordConfirmation", "password"), ("password2", "password"), ("password_field", "password"),
        ("access_token", "token"), ("accessToken", "token"), ("refreshtoken", "token"), ("X-Auth-Token", "token"),
        ("OAuthToken", "token"), ("tokens[0][token]", "token"), ("token[0]", "token"), ("csrf.token", "token"),
        ("client_secret", "secret"), ("clientSecret", "secret"), ("SECRET", "secret"),
        ("api_key", "api_key"), ("APIKey", "api_key"), ("apikey", "api_key"), ("x-api-key", "api_key"),
        ("stripe[api][key]", "api_key"), ("aws_secret_access_key", "api_key"), ("AWSAccessKeyId", "credential"),
        ("private_key", "private_key"), ("X-Amz-Signature", "signature"), ("X-Amz-Credential", "credential"),
        ("X-Amz-Security-Token", "token"), ("X-Goog-Signature", "signature"), ("cvv2", "cvv"), ("card[cvc]", "cvv"),
        ("card[number]", "card_number"), ("accountNumber", "account_number"), ("otp", "otp"), ("pin", "pin"),
        ("auth", "token"), ("session_id", "session"), ("JSESSIONID", "session"), ("user_email", "email"),
        ("customer[email]", "email"), ("phoneNumber", "phone"), ("date_of_birth", "date_of_birth"), ("ipAddress", "ip"),
        ("iban", "iban"), ("ssn", "ssn"), ("code_verifier", "otp"), ("social_security_number", "ssn"),
    ],
)  # fmt: skip
def test_secret_names(name: str, kind: str) -> None:
    assert kind_of(name) == kind
    assert kind_of(name) == kind


@pytest.mark.parametrize(
    "name",
    [
        "", "-", "0", "id", "limit", "token_type", "max_tokens", "total_tokens", "max_token", "next_page_token",
        "page_token", "nextToken", "sync_token", "public_key", "publishable_key", "primary_key",
        "sort_key", "lookup_key",
        "idempotency_key", "event_payload_key", "email_verified", "has_password", "is_secret", "num_token",
        "token_count",
        "password_check", "password_provided", "token_required", "author", "authorName", "secretary",
        "passenger", "monkey",
        "keyword", "key", "sig", "new", "user", "field", "pinned", "spin", "passing", "tokenizer",
        "compass", "shipping",
        "card_number_check", "[REDACTED:token]", "signature_version", "email_count", "new_user", "X-Amz-Date",
    ],
)  # fmt: skip
def test_harmless_names(name: str) -> None:
    assert kind_of(name) is None
    assert kind_of(name) is None


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("key", "api_key"), ("KEY", "api_key"), ("sig", "signature"), ("appid", "api_key"), ("hmac", "signature"),
        ("api%5Fkey", "api_key"), ("%61pi_key", "api_key"), ("%2561pi_key", "api_key"), ("access+token", "token"),
        ("user%5Bpassword%5D", "password"), ("page", None), ("code", None), ("%ff", None), ("%", None),
    ],
)  # fmt: skip
def test_query_keys(key: str, kind: str | None) -> None:
    assert kind_of_query(key) == kind
    assert kind_of_query(key) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("authorization", "authorization"), ("x-vendor-token", "token"), ("x-token-id", "token"),
        ("x-vendor-secret", "secret"),
        ("vendor-apikey", "api_key"), ("vendor-api-key", "api-key"), ("x-password", "password"),
        ("x-passwd", "password"),
        ("x-passphrase", "password"), ("x-session", "session"), ("x-session-id", "session"),
        ("x-credential", "credential"),
        ("x-webhook-signature", "signature"), ("location", "url"), ("x-original-authorization", "authorization"),
        ("x-auth-key", "api_key"), ("x-customer-email", "email"), ("x-forwarded-for", "ip"),
        ("idempotency-key", None), ("traceparent", None), ("x-request-id", None), ("etag", None), ("accept", None),
        ("x-ratelimit-remaining-tokens", None), ("x-tokenizer", None), ("sec-websocket-key", None), ("", None),
    ],
)  # fmt: skip
def test_headers(name: str, kind: str | None) -> None:
    assert kind_of_header(name) == ("api_key" if kind == "api-key" else kind)


def test_decoding_stops_after_three_rounds_or_when_nothing_changes() -> None:
    assert decoded("a%2525252562") == "a%2562"
    assert decoded("a%62+c") == "ab c"
    assert decoded("plain") == "plain"


def test_the_cache_is_bounded_in_entries_and_length() -> None:
    for number in range(5000):
        kind_of(f"bounded_{number}")
    assert len(secret_names._kinds) <= 4096
    long = "x" * 65 + "_token"
    assert kind_of(long) == "token"
    assert long not in secret_names._kinds


@given(st.text(max_size=80))
def test_no_name_raises_and_verdicts_are_stable(name: str) -> None:
    assert kind_of(name) == kind_of(name)
    assert kind_of_query(name) == kind_of_query(name)
    kind_of_header(name)


@given(st.text("abcdefg", min_size=1, max_size=8))
def test_a_secret_word_inside_another_word_never_counts(word: str) -> None:
    assert kind_of(f"{word}token{word}") is None
    assert kind_of(f"secret{word}") is None
