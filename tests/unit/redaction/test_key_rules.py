import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.redaction import key_rules
from sidecar.redaction.key_phrases import PHRASES
from sidecar.redaction.key_rules import (
    decoded,
    kind_of,
    kind_of_header,
    kind_of_query,
    person_siblings,
    tells,
)
from sidecar.redaction.key_words import LAST, WHOLE
from sidecar.redaction.kinds import CLASS_OF

NAMES = {
    "password": """
        password passwd pwd PASSWORD userPassword new_password password_confirmation passwordConfirmation password2
        password_field db_pass DB_PASS dbpassword mysqlpwd user.password user[password] ns:password X3_PSWD ROOT_PW
        contraseña senha mot_de_passe motDePasse mdp passwort Kennwort hasło haslo wachtwoord пароль 密码 비밀번호
        password_hash encrypted_password MasterUserPassword
    """,
    "passphrase": "passphrase privateKeyPassphrase seed_phrase mnemonic",
    "secret": "secret client_secret clientSecret clientsecret SecretString webhook_secret SECRET",
    "token": """
        token access_token accessToken accesstoken X-Auth-Token tokens[0][token] token2 csrf.token OAuthToken id_token
        refreshToken bot_token device_tokens _authToken access_tokens BEARER_TOKEN
    """,
    "api_key": """
        api_key apiKey apikey APIKey APIkey x-api-key API_KEY_PROD stripe[api][key] aws_secret_access_key
        SecretAccessKey subscription_key openai_key AccountKey consumerKey
    """,
    "private_key": "private_key privateKey private-key signingKey encryption_key client_key_data",
    "credential": "AWSAccessKeyId credentials creds secret_id tokens secrets user_key",
    "otp": "otp mfa_code verificationCode one_time_password auth_code code_verifier backup_codes 2fa_code",
    "pin": "pin card_pin pinCode new_pin",
    "cvv": "cvv cvv2 cvc card[cvc] security_code cardVerificationValue",
    "card_number": "card_number cardNumber cardnumber card[number] pan creditCard PrimaryAccountNumber",
    "session": "session session_id sessionId JSESSIONID PHPSESSID sessid",
    "signature": "signature X-Amz-Signature hmac",
    "authorization": "authorization Authorization proxy_authorization",
    "cookie": "cookie cookies httpCookie",
    "jwt": "jwt signed_jwt",
    "email": "email e_mail eMail E-Mail emailaddress user_email customer[email] emails correo courriel billing_email",
    "phone": "phone phoneNumber phonenumber mobile_number mobile telefono téléphone telefon msisdn fax home_phone",
    "iban": "iban IBAN sender_iban",
    "account_number": "account_number accountNumber routing_number sort_code sortCode bank_account Kontonummer",
    "ssn": "ssn SSN social_security_number us_ssn",
    "national_id": """
        sin cpf dni nif nino bsn pesel aadhaar codice_fiscale codiceFiscale curp national_id id_number personnummer
    """,
    "tax_id": "tax_id taxId vat_number TaxPayerId",
    "passport": "passport passport_number passportNo",
    "licence": "driving_licence drivers_license_number driverLicenseNumber",
    "medical_id": "mrn patient_id nhs_number medicalRecordNumber",
    "date_of_birth": "dob birth_date birthDate dateOfBirth dateofbirth date_of_birth geburtsdatum birthday",
    "ip": "ip ip_address ipAddress remote_addr client_ip clientIp ipv4 sourceIPAddress",
    "name": """
        first_name firstName firstname lastName surname full_name fullName given_name family_name middle_name
        maiden_name cardholder_name card_holder name_on_card account_holder recipient_name vorname nachname apellidos
        prénom last_name_kana
    """,
    "street": "street street_address address_line1 addressLine2 address1 line1 straße strasse address",
    "city": "city billing_city",
    "country": "country countryCode",
    "postal_code": "postal_code zip zipCode postcode PLZ",
    "user_id": "user_id userId username uid",
    "device_id": "device_id deviceId imei mac_address",
    "location": "lat lng latitude longitude latLng",
    "user_agent": "user_agent userAgent",
    "gender": "gender sex",
}
HARMLESS = """
    - 0 id limit key token_type tokenType max_tokens maxTokens total_tokens prompt_tokens completion_tokens max_token
    next_page_token nextPageToken NextToken page_token sync_token nextSyncToken continuationToken public_key publicKey
    publishable_key primary_key foreign_key sort_key lookup_key partition_key idempotency_key cache_key object_key
    translation_key event_payload_key email_verified phone_verified has_password is_secret num_tokens can_use_token
    should_token allow_password require_password requires_token enable_token token_count password_check
    password_provided token_required token_enabled secret_type token_status token_expires token_expires_at expires_in
    token_url token_uri password_length password_policy password_strength card_last4 token_id key_id author authorName
    author_name secretary passenger monkey keyword tokenizer cookie_policy password_reset_url company_name display_name
    file_name host_name domain_name event_name name title compass shipping spin passing bypass passed boarding_pass hash
    etag checksum session_count card_brand account_id address_id country_count license taxonomy syntax pinned authority
    repository_full_name private_ip publicIp aws_account_number dkim_tokens secret_arn kmsKeyId new field user
    passwordless tokenized secretly street_view_url mapKeys
"""


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for kind, names in NAMES.items() for name in names.split()])
def test_names_announce_their_kind(name: str, kind: str) -> None:
    assert kind_of(name) == kind
    assert kind_of(name) == kind  # and once more, from memory


@pytest.mark.parametrize("name", ["", *HARMLESS.split(), "[REDACTED:token]"])
def test_harmless_names_announce_nothing(name: str) -> None:
    assert kind_of(name) is None
    assert kind_of(name) is None


def test_every_word_of_the_tables_leads_to_a_known_kind() -> None:
    for kind in {*LAST.values(), *WHOLE.values(), *PHRASES.values()}:
        assert kind is None or kind in CLASS_OF


def test_every_last_word_is_reached_by_its_name() -> None:
    for word in LAST:
        assert kind_of(word) is not None, word
        assert kind_of(f"some_{word}") is not None, word


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("key", "api_key"), ("KEY", "api_key"), ("sig", "signature"), ("appid", "api_key"), ("hmac", "signature"),
        ("code", "credential"), ("auth", "token"), ("api%5Fkey", "api_key"), ("%61pi_key", "api_key"),
        ("%2561pi_key", "api_key"), ("access+token", "token"), ("user%5Bpassword%5D", "password"),
        ("page", None), ("state", None), ("%ff", None), ("%", None),
    ],
)  # fmt: skip
def test_query_keys(key: str, kind: str | None) -> None:
    assert kind_of_query(key) == kind
    assert kind_of_query(key) == kind


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("authorization", "authorization"), ("x-original-authorization", "authorization"), ("set-cookie", "cookie"),
        ("x-vendor-token", "token"), ("x-vendor-secret", "secret"), ("vendor-api-key", "api_key"),
        ("vendor-apikey", "api_key"), ("x-password", "password"), ("x-passwd", "password"),
        ("x-passphrase", "passphrase"), ("x-session-id", "session"), ("x-webhook-signature", "signature"),
        ("x-auth-key", "api_key"), ("x-forwarded-for", "ip"), ("cf-connecting-ip", "ip"), ("from", "email"),
        ("x-customer-email", "email"), ("x-forwarded-client-cert", "certificate"), ("user-agent", "user_agent"),
        ("location", "url"), ("x-goog-iap-jwt-assertion", "jwt"),
        ("idempotency-key", None), ("traceparent", None), ("x-request-id", None), ("etag", None), ("accept", None),
        ("x-ratelimit-remaining-tokens", None), ("x-tokenizer", None), ("x-token-expires-at", None),
        ("token-type", None),
        ("access-control-allow-credentials", None), ("sec-websocket-key", None), ("www-authenticate", None), ("", None),
    ],
)  # fmt: skip
def test_headers(name: str, kind: str | None) -> None:
    assert kind_of_header(name) == kind


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("password", "hunter2"), ("password", "correct horse battery staple"), ("password", 123456),
        ("password", "changeme"), ("password", "P@ss w0rd"), ("token", "abcdef"), ("token", 123456),
        ("credential", "AKIA0123456789ABCDEF"), ("credential", "user:hunter2"),
        ("credential", "6f1d2c3b-1234-4bcd-9aef-1234567890ab"), ("session", "9f86d081884c7d65"),
        ("authorization", "Basic dXNlcjpwYXNz"), ("cookie", "sid=38afes7a8"), ("email", "a@b.c"),
        ("phone", "+1 415 555 2671"), ("phone", 4155552671), ("street", "12 Main St"), ("street", "Main Street"),
        ("street", "Hauptstraße"), ("ip", "203.0.113.4"), ("ip", "2001:db8::1"), ("ip", "for=192.0.2.60;proto=http"),
        ("name", "Jane"), ("secret", "aGVsbG8gd29ybGQ="), ("private_key", "-----BEGIN RSA PRIVATE KEY-----"),
        ("date_of_birth", "1990-02-03"), ("card_number", "4242 4242 4242 4242"), ("pin", "0000"), ("pin", 12),
        ("city", "Paris"), ("location", 48.85), ("order_note", "x"), ("order_note", 1), ("certificate", "By=spiffe"),
    ],
)  # fmt: skip
def test_values_under_sensitive_names_count(kind: str, value: object) -> None:
    assert tells(kind, value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("password", True), ("password", None), ("password", ""), ("password", "  "), ("password", 3),
        ("password", "****"), ("password", "must be at least 8 characters"), ("password", "Password is required"),
        ("password", "is too short (minimum is 8 characters)"), ("password", ["x"]), ("password", 1.5),
        ("token", "bearer"), ("token", "2024-01-01"), ("token", 512), ("token", "Invalid token"),
        ("token", "https://oauth2.googleapis.com/token"), ("credential", "include"), ("credential", "prod/db/main"),
        ("session", "Morning keynote"), ("authorization", "none"), ("email", "has already been taken"),
        ("phone", "is invalid"), ("street", "10.0.0.1"), ("street", "node-1.example.com"), ("street", "a@b.co"),
        ("street", "localhost"), ("street", "0xde0B295669a9FD93d5F28D9Ec85E40f4cb697BAe"), ("ip", "127.0.0.1"),
        ("ip", "Internet Protocol"), ("name", "octocat/Hello-World"), ("name", "can't be blank"),
        ("secret", "arn:aws:secretsmanager:us-east-1:123456789012:secret:x"), ("api_key", "ssh-rsa AAAAB3"),
        ("signature", "-----BEGIN PGP SIGNATURE-----\n"), ("date_of_birth", "can't be blank"),
        ("ssn", "XXX-XX-1234"), ("card_number", "************4242"), ("card_number", "4242"), ("passport", "required"),
    ],
)  # fmt: skip
def test_what_only_stands_there_does_not_count(kind: str, value: object) -> None:
    assert not tells(kind, value)


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ("IoWRZjOZH-vJRufb-eNKrQiQmvDLrlUM", True), ("-ATyRFv-nSkMzmjHlcQaJPOKSkAndfhf", True),
        ("qIBHqBdqdkrLLNklOMXsyyk_ZSQ=", True), ("pIkyZVFZUdfYmLCuRTWwRfUaRROVsJacuGMOJUXJDIs=", True),
        ("some-long-snake_case-text-here", False), ("SESSION_TOKEN_EXPIRED_NOW", False),
        ("sessionTokenExpiredAlready", False), ("--some-flag-of-a-command", False),
        ("AccessControlList/OfThings", False),
    ],
)  # fmt: skip
def test_many_letters_without_a_digit_count_unless_they_are_words(value: str, made: bool) -> None:
    assert tells("session", value) is made
    assert tells("signature", value) is made


@pytest.mark.parametrize(
    ("siblings", "person"),
    [
        (["id", "email"], True), (["phoneNumber"], True), (["first_name"], True), (["address"], True),
        (["id", "html_url", "full_name"], True), (["id", "version"], False), ([], False),
        (["created_at", "tags"], False),
    ],
)  # fmt: skip
def test_a_bare_name_is_a_persons_in_company(siblings: list[str], person: bool) -> None:
    assert bool(person_siblings(siblings)) is person


def test_decoding_stops_after_three_rounds_or_when_nothing_changes() -> None:
    assert decoded("a%2525252562") == "a%2562"
    assert decoded("a%62+c") == "ab c"
    assert decoded("plain") == "plain"


def test_the_memory_of_names_is_bounded_in_entries_and_length() -> None:
    for number in range(9000):
        kind_of(f"bounded{number}x")
    assert len(key_rules.KINDS) <= 8192
    long = "x" * 65 + "_token"
    assert kind_of(long) == "token"
    assert long not in key_rules.KINDS


def test_numbered_names_are_one_name() -> None:
    assert kind_of("token_1234567") == "token"
    assert kind_of("entry_1234567") is None
    assert "token_1234567" not in key_rules.KINDS


@given(st.text(max_size=80))
def test_no_name_raises_and_verdicts_are_stable(name: str) -> None:
    assert kind_of(name) == kind_of(name)
    assert kind_of_query(name) == kind_of_query(name)
    kind_of_header(name)


@given(st.sampled_from(sorted(CLASS_OF)), st.one_of(st.text(max_size=300), st.integers(), st.floats(), st.none()))
def test_no_value_raises(kind: str, value: object) -> None:
    assert tells(kind, value) in {True, False}


@given(st.text("abcdefg", min_size=1, max_size=8))
def test_a_secret_word_inside_another_word_never_counts(word: str) -> None:
    assert kind_of(f"{word}tokenx{word}") is None
    assert kind_of(f"secretx{word}") is None
