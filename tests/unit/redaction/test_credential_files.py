import pytest

from tests.unit.redaction.credential_texts import AWS_KEY, HASHES, found


@pytest.mark.parametrize(
    ("text", "secret", "kind"),
    [
        ("//registry.npmjs.org/:_authToken=abc-123-def\n", "abc-123-def", "token"),
        ('_password="aGVsbG8="', "aGVsbG8=", "password"),
        ("_auth = dXNlcjpwYXNz", "dXNlcjpwYXNz", "credential"),
        ("machine api.x.com\n  login bob\n  password hunter2\n", "hunter2", "password"),
        ("machine h login b password p4ss", "p4ss", "password"),
        ("machine h\\nlogin b\\npassword p4ss\\n", "p4ss", "password"),
        ("default login a password b", "b", "password"),
        ("db.example.com:5432:prod:bob:s3cr3t", "s3cr3t", "password"),
        ("# x\n*:*:*:bob:pa$$word\n", "pa$$word", "password"),
        ("a\\nlocalhost:5432:db:bob:s3cr3t\\n", "s3cr3t", "password"),
    ],
)
def test_secrets_in_files_of_tools_go(text, secret, kind):
    assert found(text, "files") == [(secret, kind)]


@pytest.mark.parametrize(
    "text",
    [
        "_authToken=${NPM_TOKEN}",
        "self._auth = get_auth_from_url",
        "new_password = old_password",
        "_authToken=[REDACTED:token]",
        "the machine is slow and the password is long",
        "12:30:45 a:b:c",
        "arn:aws:iam::123456789012:user/x",
        "x y:5432:db:bob:s3cr3t",
        "2024-01-01T10:00:00+01:00",
        "default password policy",
    ],
)
def test_other_lines_stay(text):
    assert found(text, "files") == []


@pytest.mark.parametrize("value", HASHES)
def test_hashes_of_passwords_go(value):
    assert found(f"root:{value}:19000:0:99999:7:::", "hashes") == [(value, "password")]
    assert found(f'"{value}"', "hashes") == [(value, "password")]


@pytest.mark.parametrize(
    "text", ["it costs $6 or $5 a month", "$1$", "$2a$10$short", "**bold**", "{SHA}", "a*" + "B" * 40, "sha256$abc"]
)
def test_dollars_and_stars_stay(text):
    assert found(text, "hashes") == []


@pytest.mark.parametrize(
    "text",
    ["aws_secret_access_key = {}", '"SecretAccessKey": "{}"', "AWS: {} .", "secret {}", "aws configure set x {}\n"],
)
def test_a_secret_key_of_aws_goes_where_its_name_is_near(text):
    assert found(text.format(AWS_KEY), "aws secret keys") == [(AWS_KEY, "secret")]


@pytest.mark.parametrize(
    "text",
    [
        AWS_KEY,
        f"aws\n{AWS_KEY}",
        "aws secret da39a3ee5e6b4b0d3255bfef95601890afd80709",
        f"secret {AWS_KEY}A",
        f"secret +{AWS_KEY}",
        "http://docs.aws.amazon.com/AmazonS3/latest/API/RESTBucketPUTacl",
        "https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/domain",
        "aws " + "x" * 50 + " " + AWS_KEY,
    ],
)
def test_forty_characters_without_that_name_or_of_another_shape_stay(text):
    assert found(text, "aws secret keys") == []
