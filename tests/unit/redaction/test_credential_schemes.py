from base64 import b64encode

import pytest

from tests.unit.redaction.credential_texts import AWS4, BASIC, DIGEST, found
from tests.unit.redaction.vendor_values import made


@pytest.mark.parametrize(
    ("before", "value", "after"),
    [
        ("Bearer ", "abc123def456", ""),
        ("bearer ", "AbCdEfGhIjKl", "."),
        ("BEARER ", made("{U40}", 1), ", next"),
        ("Basic ", BASIC, ""),
        ("got Basic ", BASIC, " back"),
        ("Basic ", b64encode(b"a:b").decode(), ""),
        ("Token ", made("{h40}", 1), ""),
        ("sent with ApiKey ", made("{B40}", 1), " yesterday"),
        ("SSWS ", made("{U42}", 2), ""),
        ("GenieKey ", "eb243592-faa2-4ba2-a551-1afdf565c889", ""),
        ("OAuth ", made("y0_{U58}", 1), ""),
        ("AWS4-HMAC-SHA256 ", AWS4, " then"),
        ("Digest ", DIGEST, ""),
        ("DPoP ", made("{U60}", 4), ""),
        ("\\nBearer ", "abc123def456", "\\n"),
        ("Authorization: Basic ", BASIC, ""),
        ("Authorization: Bearer ", "mysecret", "\nHost: x"),
        ("authorization: Foo ", "abc123", ""),
        ("-H 'Authorization: Bearer ", "s3cr3t", "' https://x"),
        ('{"Authorization": "Custom ', "abc-123", '"}'),
        ('{\\"authorization\\":\\"Bearer ', "abc123x", '\\"}'),
        ("Authorization: AWS4-HMAC-SHA256 ", AWS4, ""),
        ("Proxy-Authorization: Basic ", BASIC, ""),
        ("Authorization=Hawk ", 'id="d", ts="1", mac="6R4rV5iE+NPoym+WwjeHzjAGXUtLNIxmo1vpMofpLAE="', ""),
        ("Token ", 'token="abc123", nonce="x"', ""),
        ("Authorization: Signature ", 'keyId="k",algorithm="rsa",signature="abc="', ""),
    ],
)
def test_what_follows_a_scheme_is_found_and_the_scheme_stays(before, value, after):
    assert found(before + value + after, "schemes") == [(value, "authorization")]


@pytest.mark.parametrize(
    "text",
    [
        "Basic authentication failed",
        "bearer token is missing",
        "token expired",
        "Token expired at 2024-01-01T10:00:00Z",
        "Bearer authentication_scheme required",
        "use Bearer YOUR_ACCESS_TOKEN",
        "Bearer <token>",
        "Bearer ${TOKEN}",
        "Bearer xxxxxxxxxx",
        'WWW-Authenticate: Digest realm="x", nonce="abc123"',
        'Bearer realm="example", error="invalid_token"',
        "Authorization: required",
        "authorization: granted to user",
        "Authorization: Bearer token missing",
        "Authorization: Bearer [REDACTED:authorization]",
        "Basic understanding of the tokens",
        "the basic principles",
        "digest sha256:abc",
        "MAC address 00:1a:2b:3c:4d:5e",
        "signature verification failed",
        "oauth 2.0 client",
        "next_page_token abcdefghijklmnop1234",
        "access.token abcdefghijklmnop1234",
        "Basic QmFzaWNhbGx5",
        "token 12345",
        "--lock-token 7b3bcec2-0000-0000-0000-563bf47249f0",
        "Negotiate with care",
        "basic plan monthly",
    ],
)
def test_prose_challenges_and_placeholders_stay(text):
    assert found(text, "schemes") == []
